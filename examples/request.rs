//! Asks a service and prints its reply: `cargo run --example request PID MESSAGE`. See `echo.rs`.

use std::error::Error;

use minitalk::Endpoint;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pid, message] = &arguments[..] else {
        return Err("usage: request PID MESSAGE".into());
    };
    let reply = Endpoint::bind()?.request(pid.parse()?, message.as_bytes())?;
    println!("{}", String::from_utf8_lossy(&reply));
    Ok(())
}
