//! A receiver: prints its PID, then every message, until SIGINT or SIGTERM.
//!
//! `cargo run --example receiver` in one terminal, `cargo run --example sender PID MESSAGE` in another.

use std::error::Error;
use std::io::{self, Write};

use minitalk::inbox::Inbox;
use minitalk::server::{Config, Message, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let mut inbox = Inbox::open()?;
    println!("PID {}", std::process::id());
    // Its client is told of a delivery once this has returned: so it must not return before the bytes are out.
    let print = |message: &Message| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&message.payload)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    };
    let mut note = |note: &_| eprintln!("{note}");
    let result = serve(&mut inbox, Config::default(), Box::new(print), &mut note);
    // Not dropped: a late signal would kill a process that has no handler any more.
    inbox.retire();
    Ok(result?)
}
