//! Lets two people chat: run `cargo run --example chat` in two terminals, and type in each the PID that the other prints.
//!
//! A process has one receiver or one sender, so each end is two processes: a child receives, the parent reads lines and sends
//! them.

use std::env;
use std::error::Error;
use std::io::{self, BufRead};
use std::process::{Child, Command};

use minitalk::{Receiver, Sender};

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("listen") {
        return listen();
    }
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
    let mut other = Sender::open(pid.trim().parse()?)?;
    for line in lines {
        other.send(line?.as_bytes())?;
    }
    Ok(())
}

fn listen() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder().stop_on_signals().bind()?;
    println!("I am PID {}; which is yours?", std::process::id());
    for message in receiver {
        // Escaped, because text from another user must not control this terminal.
        let text = String::from_utf8_lossy(&message?.payload).into_owned();
        println!("> {}", text.escape_debug());
    }
    Ok(())
}

/// Owns the child process and ends it when dropped.
struct Listener(Child);

impl Listener {
    fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
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
