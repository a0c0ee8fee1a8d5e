//! A receiver in an async runtime: `cargo run --example async_receiver` takes messages while it does other things.

use std::error::Error;
use std::time::Duration;

use minitalk::{Message, ReceiveError, Receiver};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time;

fn main() -> Result<(), Box<dyn Error>> {
    // Before the runtime, whose threads inherit that the signals of messages are none of theirs.
    let receiver = Receiver::builder().stop_on_signals().bind()?;
    println!("PID {}", std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(receiver))
}

async fn serve(receiver: Receiver) -> Result<(), Box<dyn Error>> {
    // SAFETY: the receiver's descriptor stays open, and the same, for as long as the receiver lives, which the AsyncFd owns.
    let receiver = unsafe { AsyncFd::register_with_interest(receiver, Interest::READABLE) };
    let mut receiver = receiver?;
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = ticks.tick() => eprint!("."),
            message = next(&mut receiver) => match message {
                Ok(message) => println!("{}", String::from_utf8_lossy(&message.payload)),
                Err(ReceiveError::Stopped) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// The next message. Dropping the future before it is ready loses nothing: what is not taken stays.
async fn next(receiver: &mut AsyncFd<Receiver>) -> Result<Message, ReceiveError> {
    loop {
        match receiver.get_mut().try_recv() {
            Err(ReceiveError::Empty) => {}
            other => return other,
        }
        // The descriptor is readable as long as there is something to take, so nothing is missed in between.
        let ready = receiver.readable_mut().await;
        ready.expect("the runtime is running").clear_ready();
    }
}
