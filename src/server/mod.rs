//! Receives messages: the decisions (`machine.rs`), and the host (`host.rs`) that carries them out with signals, processes and
//! threads.

mod action;
mod answer;
mod backlog;
mod config;
mod foreign;
mod foreign_client;
mod host;
mod machine;
mod memory;
mod notes;
mod pace;
mod received;
mod report;
mod scheduler;
mod session;
mod shutdown;
mod silence;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

pub use config::{Config, Dialects};
pub(crate) use host::Host;
pub use received::Received;
pub use report::{DropReason, Note, ServeError};
pub use shutdown::Stop;
pub(crate) use shutdown::Urgency;
pub use writer::OutputError;
pub(crate) use writer::Sink;
