//! Why an endpoint returns no message, and the one error of a function that binds, sends and receives.

use core::error::Error as _;
use core::fmt;

use crate::client::SendError;
use crate::process::pid::InvalidPid;
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
    /// This process was forked from the one that bound the endpoint.
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

/// Is any error of an endpoint: the one that a function returns which binds, sends and receives.
///
/// ```no_run
/// fn forward() -> Result<(), minitalk::Error> {
///     let endpoint = minitalk::Endpoint::bind()?;
///     let message = endpoint.recv()?;
///     let reply = endpoint.request("4242".parse()?, &message.payload)?;
///     message.reply(&reply)?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint could not be bound.
    Unavailable(Unavailable),
    /// A message or request was not delivered, or is not known to be.
    Send(SendError),
    /// There was no message.
    Receive(ReceiveError),
    /// A text or number is not a PID.
    InvalidPid(InvalidPid),
}

impl Error {
    fn inner(&self) -> &(dyn core::error::Error + 'static) {
        match self {
            Self::Unavailable(error) => error,
            Self::Send(error) => error,
            Self::Receive(error) => error,
            Self::InvalidPid(error) => error,
        }
    }
}

/// Writes the text of the error in it.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

/// Names the source of the error in it.
impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.inner().source()
    }
}

convert_errors!(Error: Unavailable(Unavailable), Send(SendError), Receive(ReceiveError), InvalidPid(InvalidPid));
