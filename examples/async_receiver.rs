//! Receives messages in an async runtime beside other work: `cargo run --example async_receiver`.

use std::error::Error;
use std::time::Duration;

use minitalk::{Endpoint, Message, ReceiveError};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time;

fn main() -> Result<(), Box<dyn Error>> {
    // Bound before the runtime starts, so that the runtime's threads inherit a mask with the signals blocked.
    let endpoint = Endpoint::builder().stop_on_signals().bind()?;
    println!("PID {}", std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(endpoint))
}

async fn serve(endpoint: Endpoint) -> Result<(), Box<dyn Error>> {
    // SAFETY: the AsyncFd owns the endpoint, whose descriptor stays open and the same while the endpoint lives.
    let endpoint = unsafe { AsyncFd::register_with_interest(endpoint, Interest::READABLE) };
    let mut endpoint = endpoint?;
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = ticks.tick() => eprint!("."),
            message = next(&mut endpoint) => match message {
                Ok(message) => println!("{}", String::from_utf8_lossy(&message.payload)),
                Err(ReceiveError::Stopped) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// Returns the next message. A future that is dropped early loses no message: it stays in the endpoint.
async fn next(endpoint: &mut AsyncFd<Endpoint>) -> Result<Message, ReceiveError> {
    loop {
        match endpoint.get_mut().try_recv() {
            Err(ReceiveError::Empty) => {}
            other => return other,
        }
        // The descriptor stays readable while a message waits, so a message that comes in between is not missed.
        let ready = endpoint.readable_mut().await;
        ready.expect("the runtime is running").clear_ready();
    }
}
