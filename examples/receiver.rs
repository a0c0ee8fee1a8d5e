//! Prints its PID, then every message, until SIGINT or SIGTERM.
//!
//! `cargo run --example receiver` in one terminal, `cargo run --example sender PID MESSAGE` in another.

use std::error::Error;

use minitalk::Receiver;

fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder()
        .stop_on_signals()
        .notes(|note| eprintln!("{note}"))
        .bind()?;
    println!("PID {}", std::process::id());
    for message in receiver {
        let message = message?;
        println!("{}", String::from_utf8_lossy(&message.payload));
    }
    Ok(())
}
