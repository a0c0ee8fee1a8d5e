//! The programs of a section under test: a server for each test, or one for several, and a client to send to it.

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use super::delivery::Arrival;
use super::isolation::Subject;
use super::not_passed::NotPassed;
use super::output_format::OutputFormat;
use super::server::Server;
use crate::cli::child::{Child, Patience};
use crate::cli::units::SECOND;

/// Bytes per second of a server that has not been measured.
const RATE: u64 = 500;

/// How long most texts may take.
pub const SHORT: Duration = Duration::from_secs(5);

/// How long a server may take to notice the end of a client.
pub const NOTICE: Duration = Duration::from_secs(1);

/// The text of the message after the one under test.
pub const NEXT: &str = "the next message, 123";

/// Holds the programs under test.
pub struct Fixture<'a> {
    pub server_program: Subject<'a>,
    pub client: Subject<'a>,
    pub format: OutputFormat,
    /// A server that is fit for the next test.
    pub server: Option<Server>,
    /// Bytes per second of a text of 1,000 bytes.
    pub rate: Option<u64>,
    /// When the time of the section is up.
    until: Instant,
}

impl<'a> Fixture<'a> {
    pub const fn new(
        server_program: Subject<'a>,
        client: Subject<'a>,
        format: OutputFormat,
        until: Instant,
    ) -> Self {
        Self {
            server_program,
            client,
            format,
            server: None,
            rate: None,
            until,
        }
    }

    /// Takes the server, or starts one. The caller puts it back if it is still fit.
    pub fn take(&mut self) -> Result<Server, NotPassed> {
        if self.left().is_zero() {
            return Err(NotPassed::no_time());
        }
        let mut server = match self.server.take() {
            Some(server) => server,
            None => Server::start(self.server_program, &[])?,
        };
        server.skip();
        Ok(server)
    }

    /// Starts a client that sends `text` to `server`.
    pub fn start_client(&self, server: &Server, text: &str) -> Result<Child, String> {
        self.client.start_client(server.pid(), text, &[])
    }

    /// Returns how much is left of the time of the section.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Delivers `text`. A server that fails is not used again.
    pub fn deliver(&mut self, text: &str, limit: Duration) -> Result<Arrival, NotPassed> {
        let mut server = self.take()?;
        let left = self.left();
        let least = limit.min(left);
        let delivery = Arrival::run(&mut server, self.client, text, &self.format, least)?;
        if delivery.is_late && !delivery.is_stuck && left < limit {
            return Err(NotPassed::no_time());
        }
        if delivery.error(text).is_none() {
            self.server = Some(server);
        }
        Ok(delivery)
    }

    /// Delivers `text`; the error describes the fault.
    pub fn deliver_exactly(&mut self, text: &str, limit: Duration) -> Result<Arrival, NotPassed> {
        self.deliver(text, limit)?.verdict(text)
    }

    /// Waits until the output of a server of these clients fits, or can no longer fit; returns whether it does.
    ///
    /// # Errors
    /// Returns the detail of a test whose result is not certain, because the time of the check is up before.
    pub fn settles(
        &self,
        server: &Server,
        clients: &mut [Child],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<bool, NotPassed> {
        let mut patience = Patience::new(self.left().min(2 * SHORT));
        let mut silence = Patience::new(SHORT / 2);
        let mut last = (0, false);
        while let Some(nap) = patience.next() {
            if server.wait(nap, &fits) {
                return Ok(true);
            }
            let are_over = clients.iter_mut().all(|client| client.ended().is_some());
            let now = (server.stdout().len(), are_over);
            if mem::replace(&mut last, now) != now {
                silence = Patience::new(if are_over { NOTICE } else { SHORT / 2 });
            }
            if silence.next().is_none() {
                return Ok(false);
            }
        }
        match self.left().is_zero() {
            true => Err(NotPassed::unfinished("")),
            false => Ok(false),
        }
    }

    /// Returns a server and a client during a message, and the message.
    pub fn start_message(&mut self) -> Result<(Server, Child, String), NotPassed> {
        let rate = self.rate.unwrap_or(RATE);
        let bytes = (rate.saturating_mul(4) / 5).clamp(50, 9000) as usize;
        let text = text(bytes);
        for part in [4, 10] {
            let server = self.take()?;
            let mut client = self.start_client(&server, &text)?;
            // Programs show nothing of a message under way, so that only the measured rate says how far it is.
            thread::sleep(time_of(bytes, rate) / part);
            if client.ended().is_none() {
                return Ok((server, client, text));
            }
        }
        let why = "the message was complete too soon";
        Err(NotPassed::NotTried(why.into()))
    }
}

/// Returns how long `bytes` bytes take at `rate` bytes per second.
pub fn time_of(bytes: usize, rate: u64) -> Duration {
    let nanos = bytes as u128 * SECOND / u128::from(rate.max(1));
    Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX))
}

/// Returns pseudorandom printable ASCII, without backslashes, which a server may escape on a terminal.
pub fn text(bytes: usize) -> String {
    if bytes == 1 {
        return "x".into();
    }
    let mut state = 0x9E37_79B9u32;
    let characters = (0..bytes).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match b' ' + ((state >> 16) % 95) as u8 {
            b'\\' => '/',
            byte => char::from(byte),
        }
    });
    characters.collect()
}

#[cfg(test)]
mod tests {
    use super::super::isolation::Script;
    use super::*;

    #[test]
    fn a_silence_is_no_verdict_once_the_time_is_up() {
        let silent = "trap : USR1 USR2\necho $$\nwhile :; do sleep 0.1; done";
        let silent = Script::new("silent", silent);
        let at = |until| {
            let program = silent.program();
            Fixture::new(program, program, OutputFormat::Plain, until)
        };
        let server = at(Instant::now() + SHORT).take().unwrap();
        let settled = |until| at(until).settles(&server, &mut [], |_| false);
        assert!(settled(Instant::now()).is_err());
        assert_eq!(settled(Instant::now() + 100 * SHORT), Ok(false));
    }

    #[test]
    fn a_text_is_printable_and_has_its_length() {
        let text = text(10_000);
        assert_eq!(text.len(), 10_000);
        assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
    }
}
