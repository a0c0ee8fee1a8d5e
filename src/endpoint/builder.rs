//! How an endpoint is configured, and bound.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::sync::{Arc, Condvar, Mutex, mpsc};

use super::Endpoint;
use super::service::{End, Notes, Shared, State};
use crate::background::{self, Background};
use crate::engine::{self, Outbox};
use crate::ffi::{self, EventFd};
use crate::server::{Config, Dialects, Note, Sink, Stop};
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
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
    signals: SignalSet,
    receives: bool,
    replies: bool,
    is_eco: bool,
    notes: Option<Notes>,
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

    /// Sleeps for each signal instead of polling, to spare the CPU. [`Options::eco`] does so for a single message.
    #[must_use]
    pub fn eco(mut self) -> Self {
        self.is_eco = true;
        self
    }

    /// Stops the endpoint on SIGINT and SIGTERM, as [`Stopper::stop`] does. A second signal drops complete messages that the
    /// program has not taken. Programs that are started meanwhile inherit that the two signals are blocked.
    #[must_use]
    pub fn stop_on_signals(mut self) -> Self {
        self.signals = self.signals.union(SignalSet::STOPS);
        self
    }

    /// Calls `notes`, on a thread of its own, with what is worth a line in a log. If it is slow, notes are left out, and
    /// [`Note::Missing`] counts them. If it panics, the endpoint ends with [`ServeError::Panicked`].
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
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            ready: EventFd::new()?,
            stop: Stop::new()?,
            outbox: Outbox::new()?,
        });
        let signals = self.signals;
        let mut endpoint = Endpoint {
            shared: Arc::clone(&shared),
            service: None,
            blocked: Blocked::everywhere(signals)?,
        };
        let (report, reported) = mpsc::channel();
        let program = *endpoint.blocked.before();
        let service = move || {
            let _end = End(&shared);
            // The program's own handlers are for its own threads.
            ffi::block_everything();
            let start = |notes| {
                Background::start(
                    "minitalk-notes",
                    background::LIMIT,
                    shared.note_function(notes),
                )
            };
            let opened = self.notes.map(start).transpose().map_err(Unavailable::from);
            let opened =
                opened.and_then(|notes| Ok((notes, Inbox::open_in(signals, Some(&program), |_| Ok(()))?)));
            match opened {
                Ok((notes, inbox)) => {
                    let _ = report.send(Ok(()));
                    let to = Arc::clone(&shared);
                    let (config, output): (_, Sink) = match self.receives {
                        true => (
                            Config {
                                replies: self.replies,
                                ..self.config
                            },
                            Box::new(move |message| to.hand_over(message)),
                        ),
                        false => (
                            Config {
                                replies: false,
                                count: None,
                                dialects: Dialects::None,
                                ..self.config
                            },
                            engine::refusing(),
                        ),
                    };
                    shared.serve(inbox, config, output, self.is_eco, notes);
                }
                Err(error) => drop(report.send(Err(error))),
            }
        };
        endpoint.service = Some(background::spawn("minitalk", None, Box::new(service))?);
        // An error on the channel is a panic of the thread, which the panic hook has reported.
        reported
            .recv()
            .map_err(|_| io::Error::other("the thread ended"))??;
        Ok(endpoint)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Builder");
        out.field("config", &self.config).finish_non_exhaustive()
    }
}
