//! Sends one message: `cargo run --example sender PID MESSAGE` returns once the receiver has taken it.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pid, message] = &arguments[..] else {
        return Err("usage: sender PID MESSAGE".into());
    };
    let report = minitalk::send(pid.parse()?, message.as_bytes())?;
    eprintln!("{} signals", report.signals);
    Ok(())
}
