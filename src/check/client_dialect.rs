//! Finds the dialect of a client: a server of minitalk detects it, and if the client is not satisfied with its
//! acknowledgements, servers with other dialects are tried.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::dialect::candidates::{BITS, from_parts, to_try};
use minitalk::dialect::{Dialect, FinalAck};

use super::delivery::run_delay;
use super::isolation::Subject;
use super::not_passed::NotPassed;
use super::output_format::OutputFormat;
use super::server::Server;

/// Long enough to show the bits of a client.
const PROBE: &str = "Hello from the other side, number 42!";

/// How long a client may take for the probe: 1.5 s at 5 ms a bit.
const DETECT: Duration = Duration::from_millis(2500);

/// How long a client may take for the probe if many dialects are tried.
const TRY: Duration = Duration::from_millis(800);

/// How many processes of a client a server that detects dialects gets, if the first ones are lost.
const PROCESSES: u32 = 3;

/// How long after the end of the client its text may take, and the server's note about it.
const ARRIVE: Duration = Duration::from_millis(100);
const NOTE: Duration = Duration::from_millis(200);

/// The acknowledgements that a client may expect for every bit, or for every byte.
const ACKS_PER_BIT: [&str; 5] = [
    "",
    "hello=yes,hello-signal=usr2",
    "ack-signal=echo",
    "ack-signal=usr2",
    "ack=byte",
];

/// The keys that a server must know before the first bit, because detection finds them too late.
const ACKS: &[&str] = &[
    "",
    "final=other",
    "final=both",
    "final=twice",
    "final=none",
    "ack-signal=echo",
    "ack-signal=usr2",
    "ack=message",
    "ack=message,ack-signal=usr2",
    "ack=byte",
    "hello=yes",
    "ack=none",
];

/// How often detection is tried again before a client is said to have no known dialect.
const AGAIN: u32 = 2;

/// How long a client may take that seems to hang: a busy machine is no reason to call it faulty.
const PATIENCE: Duration = Duration::from_secs(6);

/// Holds the dialect of a client.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientDialect {
    /// The dialect; `None` for minitalk's own protocol.
    pub dialect: Option<Dialect>,
    /// The format in which the client sends a text: alone, with a newline, or with text around it.
    pub format: OutputFormat,
    /// Whether the client ends successfully.
    pub ends_well: bool,
    /// Whether it does so only with a server that detects the dialect.
    pub is_detected: bool,
}

/// Searches for the dialect until `until`; the error is the detail of the report.
pub fn find(client: &Path, own_program: &Path, until: Instant) -> Result<ClientDialect, NotPassed> {
    let (start, withheld) = (Instant::now(), Cell::new(Duration::ZERO));
    let attempt = |dialect, limit| attempt(client, own_program, dialect, limit, &withheld);
    let (outcome, detected) = attempt(None, DETECT)?;
    if let (TryOutcome::Delivered(format), None) = (&outcome, detected) {
        return Ok(ClientDialect {
            dialect: None,
            format: format.clone(),
            ends_well: true,
            is_detected: false,
        });
    }
    let mut search = ClientSearch {
        attempt: |dialect: &Dialect, limit| {
            if Instant::now() >= until {
                return Ok(None);
            }
            let (outcome, _) = attempt(Some(*dialect), limit)?;
            Ok(Some(outcome))
        },
        tried: Vec::new(),
        is_over: false,
    };
    let mut found = search.run(detected);
    for _ in 0..AGAIN {
        if !matches!(found, Err(NotPassed::Failed(_))) {
            break;
        }
        // What only detection finds can have been missed on a busy machine.
        let (_, detected) = attempt(None, DETECT)?;
        found = search.run(detected);
    }
    let mut found = found.map_err(|why| match why {
        NotPassed::Failed(why) => NotPassed::in_vain(why, withheld.get(), start.elapsed()),
        other => other,
    })?;
    // Two last acknowledgements include the right one, which can have been missed at first when it came alone.
    if let Some(both) = found
        .dialect
        .filter(|dialect| dialect.final_ack == FinalAck::Both)
    {
        let other = Dialect {
            final_ack: FinalAck::Other,
            ..both
        };
        if let (TryOutcome::Delivered(_), _) = attempt(Some(other), PATIENCE)? {
            found.dialect = Some(other);
        }
    }
    if !found.ends_well {
        // Tries a server with the dialect that was found, and then one that detects which answer the client ends on.
        for dialect in [found.dialect, None] {
            let (outcome, _) = attempt(dialect, PATIENCE)?;
            if let TryOutcome::Delivered(_) = outcome {
                found.ends_well = true;
                found.is_detected = dialect.is_none();
                break;
            }
        }
    }
    Ok(found)
}

/// Holds the dialects that were tried, with their outcomes; `attempt` tries one, or returns `None` after the time limit.
struct ClientSearch<A> {
    attempt: A,
    tried: Vec<(Dialect, TryOutcome)>,
    /// Whether a dialect was not tried for lack of time.
    is_over: bool,
}

impl<A: FnMut(&Dialect, Duration) -> Result<Option<TryOutcome>, String>> ClientSearch<A> {
    /// Tries dialects, those like the detected one first.
    fn run(&mut self, detected: Option<Dialect>) -> Result<ClientDialect, NotPassed> {
        self.try_all(detected)?;
        let find = |is_wanted: fn(&TryOutcome) -> Option<&OutputFormat>| {
            let mut tried = self.tried.iter();
            tried.find_map(|(dialect, outcome)| Some((*dialect, is_wanted(outcome)?.clone())))
        };
        let delivered = find(TryOutcome::delivered);
        let ends_well = delivered.is_some();
        match delivered.or_else(|| find(TryOutcome::hangs)) {
            Some((dialect, format)) => Ok(ClientDialect {
                dialect: Some(dialect),
                format,
                ends_well,
                is_detected: false,
            }),
            None if self.is_over => Err(NotPassed::unfinished(&format!(
                " after {} of the known dialects",
                self.tried.len()
            ))),
            None => Err(format!(
                "the client delivers a short text in none of {} known dialects",
                self.tried.len()
            )
            .into()),
        }
    }

    fn try_all(&mut self, detected: Option<Dialect>) -> Result<(), String> {
        if let Some(dialect) = detected {
            // A server detects the end of a message after it has reported the dialect.
            let base = dialect.to_string();
            for acks in ACKS {
                let dialect = from_parts(&[&base, acks]);
                let outcome = self.outcome(dialect, DETECT, |_| true)?;
                if let Some(TryOutcome::Delivered(_)) = outcome {
                    return Ok(());
                }
            }
            let mut tried = self.tried.iter();
            if tried.any(|(_, outcome)| outcome.hangs().is_some()) {
                return Ok(());
            }
        }
        // A client that waits for every bit continues whatever the bits mean, and so shows how it must be acknowledged.
        for acks in ACKS_PER_BIT {
            match self.outcome(from_parts(&[BITS[0], acks]), TRY, is_plain)? {
                Some(TryOutcome::Delivered(_)) => return Ok(()),
                Some(TryOutcome::Garbled | TryOutcome::Hangs(_)) => {}
                Some(TryOutcome::Waits) | None => continue,
            }
            for dialect in to_try(acks, 0) {
                if self.is_delivered(Some(dialect), TRY)? {
                    return Ok(());
                }
            }
        }
        for (acks, bits) in ACKS.iter().flat_map(|acks| BITS.map(|bits| (acks, bits))) {
            if self.is_delivered(from_parts(&[bits, acks]), TRY)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_delivered(&mut self, dialect: Option<Dialect>, limit: Duration) -> Result<bool, String> {
        let outcome = self.outcome(dialect, limit, is_plain)?;
        Ok(outcome.is_some_and(|outcome| outcome.delivered().is_some()))
    }

    /// Returns the outcome with a dialect, which is tried once; `None` for an invalid dialect or after the time limit. A text in
    /// another format than the allowed ones counts as garbled.
    fn outcome(
        &mut self,
        dialect: Option<Dialect>,
        limit: Duration,
        is_allowed: fn(&OutputFormat) -> bool,
    ) -> Result<Option<TryOutcome>, String> {
        let Some(dialect) = dialect else {
            return Ok(None);
        };
        let known = self.tried.iter().find(|(tried, _)| *tried == dialect);
        if let Some((_, outcome)) = known {
            return Ok(Some(outcome.clone()));
        }
        let outcome = match (self.attempt)(&dialect, limit)? {
            Some(TryOutcome::Delivered(format) | TryOutcome::Hangs(format))
                if !is_allowed(&format) =>
            {
                Some(TryOutcome::Garbled)
            }
            outcome => outcome,
        };
        self.is_over |= outcome.is_none();
        let tried = outcome.clone().map(|outcome| (dialect, outcome));
        self.tried.extend(tried);
        Ok(outcome)
    }
}

/// Returns whether the client sent the text alone. Text around it can be a header of another dialect, if none was detected.
fn is_plain(format: &OutputFormat) -> bool {
    *format == OutputFormat::Plain
}

/// Describes the outcome of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TryOutcome {
    /// The text arrived in this format, and the client has ended successfully.
    Delivered(OutputFormat),
    /// The text arrived in this format, but the client hangs or has failed.
    Hangs(OutputFormat),
    /// Another text arrived, and the client has ended.
    Garbled,
    /// The text did not arrive, and the client waits.
    Waits,
}

impl TryOutcome {
    fn delivered(&self) -> Option<&OutputFormat> {
        match self {
            Self::Delivered(format) => Some(format),
            _ => None,
        }
    }

    fn hangs(&self) -> Option<&OutputFormat> {
        match self {
            Self::Hangs(format) => Some(format),
            _ => None,
        }
    }
}

/// Has the client send the probe to a server of minitalk; returns the outcome and the dialect that the server reports. Adds to
/// `withheld` for how long the two have waited for a CPU.
fn attempt(
    client: &Path,
    own_program: &Path,
    dialect: Option<Dialect>,
    limit: Duration,
    withheld: &Cell<Duration>,
) -> Result<(TryOutcome, Option<Dialect>), String> {
    let mut server = Server::start(Subject::Own(own_program, dialect), &[])
        .map_err(|why| format!("minitalk's server {why}"))?;
    // The end of a lost process can show the server how to acknowledge the next one of its program.
    let mut left = if dialect.is_none() { PROCESSES } else { 1 };
    let add_delay = |pid| withheld.set(withheld.get() + run_delay(pid));
    loop {
        let mut client = Subject::Foreign(client).start_client(server.pid(), PROBE, &[])?;
        let status = client.wait(limit);
        server.wait(ARRIVE, &|printed| {
            OutputFormat::Plain.fits(PROBE.as_bytes(), printed)
        });
        // Minitalk's server prints no other lines.
        let format = OutputFormat::of(PROBE.as_bytes(), &server.skip())
            .filter(|format| !matches!(format, OutputFormat::Among(..)));
        add_delay(client.pid());
        // The server then reports its findings about the client.
        client.kill();
        let outcome = match (format, status) {
            (Some(format), Some(status)) if status.success() => TryOutcome::Delivered(format),
            (Some(format), _) => TryOutcome::Hangs(format),
            (None, Some(_)) => TryOutcome::Garbled,
            (None, None) => TryOutcome::Waits,
        };
        let reported = server.reported_dialect(NOTE);
        left -= 1;
        if outcome != TryOutcome::Garbled || reported.is_some() || left == 0 {
            add_delay(server.pid());
            return Ok((outcome, reported));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the result of a search after this detection and with these outcomes, and the number of attempts.
    fn found(
        detected: Option<&str>,
        outcome: impl Fn(&Dialect) -> TryOutcome,
    ) -> (Result<ClientDialect, NotPassed>, usize) {
        let mut search = ClientSearch {
            attempt: |dialect: &Dialect, _| Ok(Some(outcome(dialect))),
            tried: Vec::new(),
            is_over: false,
        };
        let detected = detected.map(|spec| spec.parse().unwrap());
        (search.run(detected), search.tried.len())
    }

    /// Returns the outcomes of a client that is satisfied with one dialect, and waits without the right acknowledgements.
    fn client(spec: &str) -> impl Fn(&Dialect) -> TryOutcome {
        let wanted: Dialect = spec.parse().unwrap();
        move |dialect| {
            let acks = |d: &Dialect| (d.ack, d.ack_signal, d.final_ack, d.hello);
            match (*dialect == wanted, acks(dialect) == acks(&wanted)) {
                (true, _) => TryOutcome::Delivered(OutputFormat::Plain),
                (_, true) => TryOutcome::Garbled,
                _ => TryOutcome::Waits,
            }
        }
    }

    #[test]
    fn a_dialect_is_found_with_and_without_detection() {
        for (detected, spec, most) in [
            (Some("classic"), "final=other", 2),
            (Some("order=lsb"), "order=lsb,final=twice", 4),
            (None, "order=lsb,one=usr1", 4),
            (None, "head=len16,end=none", 21),
            (None, "ack-signal=echo,end=eot", 30),
            (Some("classic"), "order=lsb,ack=byte,head=len32", 50),
            (None, "one=usr1,ack=message,ack-signal=usr2", 41),
            (None, "order=lsb,hello=yes,hello-signal=usr2", 10),
        ] {
            let (result, tries) = found(detected, client(spec));
            let wanted = ClientDialect {
                dialect: spec.parse().ok(),
                format: OutputFormat::Plain,
                ends_well: true,
                is_detected: false,
            };
            assert_eq!(result, Ok(wanted), "{spec}");
            assert!(tries <= most, "{spec}: {tries}");
        }
    }

    #[test]
    fn a_client_that_hangs_is_found_and_one_that_delivers_nothing_is_not() {
        let hangs = |dialect: &Dialect| match *dialect == Dialect::CLASSIC {
            true => TryOutcome::Hangs(OutputFormat::Plain),
            false => TryOutcome::Garbled,
        };
        let (result, _) = found(Some("classic"), hangs);
        let wanted = ClientDialect {
            dialect: Some(Dialect::CLASSIC),
            format: OutputFormat::Plain,
            ends_well: false,
            is_detected: false,
        };
        assert_eq!(result, Ok(wanted));
        assert!(found(None, |_| TryOutcome::Waits).0.is_err());
    }

    #[test]
    fn text_around_the_probe_is_accepted_in_the_detected_dialect_alone() {
        let line = || OutputFormat::Line;
        let (result, _) = found(Some("classic"), |_| TryOutcome::Delivered(line()));
        assert_eq!(result.map(|found| found.format), Ok(line()));
        let (result, _) = found(None, |_| TryOutcome::Delivered(line()));
        assert!(matches!(result, Err(NotPassed::Failed(_))));
    }
}
