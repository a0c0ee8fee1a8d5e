//! Prints each SIGRTMIN+8 with its number, value and sender, until SIGINT or SIGTERM.
//!
//! `cargo run --example inbox` in one terminal, `/usr/bin/kill -s RTMIN+8 -q 7 PID` in another.

use std::error::Error;

use minitalk::{Inbox, Origin, Pid, Signal, SignalSet};

fn main() -> Result<(), Box<dyn Error>> {
    let queued = Signal::realtime(8).ok_or("there is no SIGRTMIN+8")?;
    let signals = SignalSet::STOPS.union(queued.into());
    let mut inbox = Inbox::open_for(signals)?;
    println!("PID {}", Pid::current());
    let (mut count, mut stops) = (0, false);
    while !stops {
        inbox.wait(None, None)?;
        inbox.drain(|event| {
            if SignalSet::STOPS.contains(event.signal) {
                stops = true;
                return;
            }
            count += 1;
            let sender = match event.origin {
                Origin::Attested { pid, .. } => format!("from {pid}"),
                Origin::Claimed { pid, .. } => format!("from {pid}, as it claims"),
                Origin::Unknown { .. } => format!("with code {}", event.code),
            };
            println!("{} {count}: {} {sender}", event.signal, event.value());
        });
    }
    Ok(())
}
