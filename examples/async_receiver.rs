//! Receives messages in an async runtime beside other work: `cargo run --example async_receiver`.
//!
//! A thread takes the messages, as `AsyncFd` can take the endpoint's descriptor only by `unsafe` code (tokio 1.54).

use std::error::Error;
use std::thread;
use std::time::Duration;

use minitalk::Endpoint;
use tokio::{sync, time};

fn main() -> Result<(), Box<dyn Error>> {
    // Before the runtime starts its threads, which inherit the mask. Without this, `bind` fails and names one of them.
    minitalk::block_signals_and_stops();
    serve()
}

#[tokio::main]
async fn serve() -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::builder().stop_on_signals().bind()?;
    println!("PID {}", std::process::id());
    let (sender, mut messages) = sync::mpsc::channel(1);
    let taker = thread::spawn(move || {
        // A message counts as delivered here.
        for message in &endpoint {
            if sender.blocking_send(message).is_err() {
                return;
            }
        }
    });
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = ticks.tick() => eprint!("."),
            message = messages.recv() => match message {
                Some(message) => println!("{}", String::from_utf8_lossy(&message?.payload)),
                None => break,
            },
        }
    }
    taker.join().map_err(|_| "the thread panicked".into())
}
