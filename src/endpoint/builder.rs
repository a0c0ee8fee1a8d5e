//! How an endpoint is configured, and bound.

use core::fmt;
use std::boxed::Box;
use std::sync::Arc;

use super::service::{Notes, Shared};
use super::{Endpoint, SERVICE_THREAD};
use crate::background;
use crate::server::{Config, Dialects, Note};
use crate::signal::set::SignalSet;
use crate::signal::threads::{Blocked, Unavailable};

/// Configures an [`Endpoint`] before it is bound.
///
/// ```
/// use minitalk::{Endpoint, server::Config};
///
/// let mut config = Config::default();
/// config.max_message = 1 << 20;
/// let endpoint = Endpoint::builder()
///     .config(config)
///     .notes(|note| eprintln!("{note}"))
///     .bind()?;
/// # Ok::<(), minitalk::Unavailable>(())
/// ```
pub struct Builder {
    config: Config,
    pub(super) signals: SignalSet,
    pub(super) receives: bool,
    replies: bool,
    pub(super) is_eco: bool,
    pub(super) notes: Option<Notes>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            config: Config::default(),
            signals: SignalSet::LANES,
            receives: true,
            replies: true,
            is_eco: false,
            notes: None,
        }
    }

    /// Sets limits, timeouts and dialects.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Receives no messages but replies to requests. Messages are rejected, and other protocols get no answer.
    #[must_use]
    pub fn send_only(mut self) -> Self {
        self.receives = false;
        self
    }

    /// Rejects requests, for a program that replies to none.
    #[must_use]
    pub fn messages_only(mut self) -> Self {
        self.replies = false;
        self
    }

    /// Sleeps for each signal instead of polling, to spare the CPU.
    ///
    /// [`Options::eco`](crate::client::Options::eco) does so for a single message.
    #[must_use]
    pub fn eco(mut self) -> Self {
        self.is_eco = true;
        self
    }

    /// Stops the endpoint on SIGINT and SIGTERM, as [`Stopper::stop`](super::Stopper::stop) does.
    ///
    /// A second signal drops complete messages that the program has not taken. Programs that are started meanwhile inherit that the
    /// two signals are blocked.
    #[must_use]
    pub fn stop_on_signals(mut self) -> Self {
        self.signals = self.signals.union(SignalSet::STOPS);
        self
    }

    /// Calls `notes`, on a thread of its own, with each event that is worth a line in a log.
    ///
    /// If it is slow, notes are left out, and [`Note::Missing`] counts them. If it panics, the endpoint ends with
    /// [`ServeError::Panicked`](crate::server::ServeError::Panicked).
    #[must_use]
    pub fn notes(mut self, notes: impl FnMut(&Note) + Send + 'static) -> Self {
        self.notes = Some(Box::new(notes));
        self
    }

    /// Installs the handler and starts the service thread.
    ///
    /// # Errors
    /// Returns an [`Unavailable`] if this process cannot receive the signals.
    pub fn bind(self) -> Result<Endpoint, Unavailable> {
        let shared = Arc::new(Shared::new()?);
        let mut endpoint = Endpoint {
            shared: Arc::clone(&shared),
            service: None,
            blocked: Blocked::everywhere(self.signals)?,
        };
        let program = endpoint.blocked.before();
        let name = match self.receives {
            true => SERVICE_THREAD,
            false => "minitalk-send",
        };
        let service = move || shared.run(self, program);
        endpoint.service = Some(background::spawn(name, None, Box::new(service))?);
        endpoint.shared.wait_until_open()?;
        Ok(endpoint)
    }

    /// Returns the configuration of the engine, of which the builder's other methods decide a part.
    pub(super) fn server_config(&self) -> Config {
        let config = self.config.clone();
        if self.receives {
            let replies = self.replies;
            return Config { replies, ..config };
        }
        Config {
            replies: false,
            count: None,
            dialects: Dialects::None,
            ..config
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Builder");
        out.field("config", &self.config).finish_non_exhaustive()
    }
}
