//! Lets two people chat: run `cargo run --example chat` in one terminal, and `cargo run --example chat PID` in another, with the PID
//! that the first prints.

use std::error::Error;
use std::io::{self, BufRead};
use std::sync::{Mutex, PoisonError};
use std::thread;

use minitalk::{Endpoint, Pid};

fn main() -> Result<(), Box<dyn Error>> {
    let other: Option<Pid> = std::env::args().nth(1).map(|pid| pid.parse()).transpose()?;
    let endpoint = Endpoint::bind()?;
    println!("I am PID {}", std::process::id());
    let other = Mutex::new(other);
    thread::scope(|scope| {
        let stopper = endpoint.stopper();
        let (endpoint, other) = (&endpoint, &other);
        scope.spawn(move || listen(endpoint, other));
        let result = talk(endpoint, other);
        stopper.stop();
        result
    })
}

/// Sends each line to who was named, or else has spoken last.
fn talk(endpoint: &Endpoint, other: &Mutex<Option<Pid>>) -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let to = *other.lock().unwrap_or_else(PoisonError::into_inner);
        match to {
            Some(pid) => drop(endpoint.send(pid, line.as_bytes())?),
            None => println!("nobody has spoken yet"),
        }
    }
    Ok(())
}

fn listen(endpoint: &Endpoint, other: &Mutex<Option<Pid>>) {
    for message in endpoint.iter().map_while(Result::ok) {
        *other.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.pid);
        // Escaped, because text from another user must not control this terminal.
        let text = String::from_utf8_lossy(&message.payload);
        println!("{}: {}", message.pid, text.escape_debug());
    }
}
