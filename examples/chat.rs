//! Two people chat: run `cargo run --example chat` in two terminals, and tell each the PID that the other prints.
//!
//! A process has one inbox (AS-28), which either serves or sends. To do both at once each end is two processes: a child
//! listens, the parent reads lines and sends them.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::{Child, Command};

use minitalk::client::{self, Options};
use minitalk::event::Signal;
use minitalk::inbox::Inbox;
use minitalk::peer::Peer;
use minitalk::pid::Pid;
use minitalk::server::{Config, Message, serve};

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("listen") {
        return listen();
    }
    // Before the inbox is open: what is started while its signals are blocked begins with SIGTERM blocked (AS-25).
    let child = Command::new(env::current_exe()?).arg("listen").spawn()?;
    let mut listener = Listener(child);
    let result = talk();
    listener.stop()?;
    result
}

fn talk() -> Result<(), Box<dyn Error>> {
    let mut lines = io::stdin().lock().lines();
    let Some(pid) = lines.next().transpose()? else {
        return Ok(());
    };
    let other = client::find(Pid::parse(pid.trim())?, false)?;
    let mut inbox = Inbox::open()?;
    let mut say = |line: io::Result<String>| -> Result<(), Box<dyn Error>> {
        client::send(&mut inbox, &other, line?.as_bytes(), Options::default())?;
        Ok(())
    };
    let result = lines.try_for_each(&mut say);
    inbox.retire();
    result
}

fn listen() -> Result<(), Box<dyn Error>> {
    let mut inbox = Inbox::open()?;
    println!("I am PID {}; which is yours?", std::process::id());
    let show = |message: &Message| {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        let mut stdout = io::stdout().lock();
        // Escaped: what somebody else wrote must not steer this terminal.
        writeln!(stdout, "> {}", text.escape_debug())?;
        stdout.flush()
    };
    let result = serve(&mut inbox, Config::default(), Box::new(show), &mut |_| {});
    inbox.retire();
    Ok(result?)
}

/// The child, which does not outlive us.
struct Listener(Child);

impl Listener {
    fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::new);
        Peer::open(pid.ok_or("no PID")?)?.send(Signal::Term, None)?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
