//! Offers a service under nothing but its PID: replies to each request with its text in capitals, until SIGINT or SIGTERM.
//!
//! `cargo run --example echo` in one terminal, `cargo run --example request PID MESSAGE` in another.

use std::error::Error;

use minitalk::Endpoint;

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::builder().stop_on_signals().bind()?;
    println!("PID {}", std::process::id());
    for message in &endpoint {
        let message = message?;
        if !message.is_request() {
            println!("{}: {}", message.pid, message.payload.escape_ascii());
            continue;
        }
        // A client that has ended meanwhile does not end the service.
        if let Err(error) = message.reply(&message.payload.to_ascii_uppercase()) {
            eprintln!("{}: {error}", message.pid);
        }
    }
    Ok(())
}
