//! A sender: `cargo run --example sender PID MESSAGE` returns once the receiver has written the message.

use std::error::Error;

use minitalk::client::{self, Options};
use minitalk::inbox::Inbox;
use minitalk::pid::Pid;
use minitalk::wire::sender::Lane;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pid, message] = &arguments[..] else {
        return Err("usage: sender PID MESSAGE".into());
    };
    let server = client::find(Pid::parse(pid)?, false)?;
    // Words are sent by a real-time signal, which kills a process that does not handle it.
    let handles_words = client::check(&server)?;
    let options = Options {
        lane: if handles_words { Lane::Auto } else { Lane::Bit },
        ..Options::default()
    };
    let mut inbox = Inbox::open()?;
    let result = client::send(&mut inbox, &server, message.as_bytes(), options);
    inbox.retire();
    eprintln!("{} signals", result?.signals);
    Ok(())
}
