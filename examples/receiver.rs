//! Prints its PID, then every message, until SIGINT or SIGTERM.
//!
//! `cargo run --example receiver` in one terminal, `cargo run --example sender PID MESSAGE` in another.

use std::error::Error;

use minitalk::Endpoint;

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::builder()
        .stop_on_signals()
        .notes(|note| eprintln!("{note}"))
        .bind()?;
    println!("PID {}", std::process::id());
    for message in &endpoint {
        let message = message?;
        println!("{}", String::from_utf8_lossy(&message.payload));
    }
    Ok(())
}
