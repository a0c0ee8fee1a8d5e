//! Why an endpoint returns no message.

use core::error::Error as _;
use core::fmt;

use crate::server::ServeError;
use crate::signal::threads::Unavailable;

/// Says why there is no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No message has come yet.
    Empty,
    /// No message will come: the endpoint was stopped, or has taken as many as its configuration allows.
    Stopped,
    /// This process was forked from the process that bound the endpoint.
    Forked,
    /// The service failed. The next call returns `Stopped`.
    Failed(ServeError),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no message has come"),
            Self::Stopped => f.write_str("the endpoint has been stopped"),
            Self::Forked => Unavailable::Forked.fmt(f),
            Self::Failed(error) => {
                write!(f, "the endpoint failed: {error}")?;
                error.source().map_or(Ok(()), |why| write!(f, ": {why}"))
            }
        }
    }
}

/// Names no sources, since the text contains theirs.
impl core::error::Error for ReceiveError {}
