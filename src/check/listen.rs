//! Which dialect a client speaks: a server of ours watches it, and if the client is not content with what that does, others are
//! told how to answer.

use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::dialect::Dialect;
use minitalk::dialect::candidates::{BITS, from_parts, to_try};

use super::server::{Origin, Sender, Server};
use super::shape::Shape;

/// Plain, and long enough to show its bits.
const PROBE: &str = "Hello from the other side, number 42!";

/// How long a client may take for it before something is wrong: at 5 ms a bit it takes 1.5 s.
const WATCH: Duration = Duration::from_millis(2500);

/// The same where many dialects are tried.
const TRY: Duration = Duration::from_millis(800);

/// How long after the end of the client its text may come, and the server's note about it.
const ARRIVE: Duration = Duration::from_millis(100);
const NOTE: Duration = Duration::from_millis(200);

/// How a client may be answered that waits for every bit, or for every eighth.
const PER_BIT: [&str; 4] = ["", "ack-signal=echo", "ack-signal=usr2", "ack=byte"];

/// What a server must know beforehand, for watching does not show it before it is too late.
const MANNERS: &[&str] = &[
    "",
    "final=other",
    "final=both",
    "final=twice",
    "ack-signal=echo",
    "ack-signal=usr2",
    "ack=message",
    "ack=message,ack-signal=usr2",
    "ack=byte",
    "hello=yes",
    "ack=none",
];

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// `None`: our own protocol, of which a server says nothing.
    pub dialect: Option<Dialect>,
    /// Whether the client is content: it ended, and well.
    pub is_content: bool,
}

/// Searches; the error is what stands in the report.
pub fn dialect(client: &Path, ours: &Path) -> Result<Found, String> {
    let until = Instant::now() + LIMIT;
    let watched = attempt(client, ours, None, WATCH)?;
    if watched.end == End::Content && watched.note.is_none() {
        return Ok(Found {
            dialect: None,
            is_content: true,
        });
    }
    let mut search = Search {
        attempt: |dialect: &Dialect, limit| {
            if Instant::now() >= until {
                return Ok(None);
            }
            attempt(client, ours, Some(dialect), limit).map(|attempt| Some(attempt.end))
        },
        tried: Vec::new(),
    };
    search.run(watched.note)
}

/// The dialects that were tried, and how it ended; `attempt` tries one, as long as there is time.
struct Search<A> {
    attempt: A,
    tried: Vec<(Dialect, End)>,
}

impl<A: FnMut(&Dialect, Duration) -> Result<Option<End>, String>> Search<A> {
    /// Tries what is worth it: first what a server that watched the client took it for.
    fn run(&mut self, watched: Option<Dialect>) -> Result<Found, String> {
        self.try_all(watched)?;
        let ended = |wanted| {
            let mut tried = self.tried.iter();
            tried.find_map(|(dialect, end)| (*end == wanted).then_some(*dialect))
        };
        let content = ended(End::Content);
        match content.or_else(|| ended(End::Stays)) {
            Some(dialect) => Ok(Found {
                dialect: Some(dialect),
                is_content: content.is_some(),
            }),
            None => Err(format!(
                "in none of {} known ones does it deliver a short text",
                self.tried.len()
            )),
        }
    }

    fn try_all(&mut self, watched: Option<Dialect>) -> Result<(), String> {
        if let Some(dialect) = watched {
            // What it does at the end, a server finds out after it has said what the client speaks.
            let base = dialect.to_string();
            for manners in MANNERS {
                if self.end(from_parts(&[&base, manners]), WATCH)? == Some(End::Content) {
                    return Ok(());
                }
            }
            if self.tried.iter().any(|(_, end)| *end == End::Stays) {
                return Ok(());
            }
        }
        // Whoever waits for an answer to every bit goes on whatever the bits mean, and shows by that how it is answered.
        for manners in PER_BIT {
            match self.end(from_parts(&[BITS[0], manners]), TRY)? {
                Some(End::Content) => return Ok(()),
                Some(End::Misread | End::Stays) => {}
                Some(End::Stuck) | None => continue,
            }
            for dialect in to_try(manners, 0) {
                if self.end(Some(dialect), TRY)? == Some(End::Content) {
                    return Ok(());
                }
            }
        }
        for (manners, bits) in MANNERS.iter().flat_map(|m| BITS.map(|bits| (m, bits))) {
            if self.end(from_parts(&[bits, manners]), TRY)? == Some(End::Content) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns how it ends in `dialect`, which is tried once; `None` if there is no time or no dialect.
    fn end(&mut self, dialect: Option<Dialect>, limit: Duration) -> Result<Option<End>, String> {
        let Some(dialect) = dialect else {
            return Ok(None);
        };
        let known = self.tried.iter().find(|(tried, _)| *tried == dialect);
        if let Some((_, end)) = known {
            return Ok(Some(*end));
        }
        let end = (self.attempt)(&dialect, limit)?;
        self.tried.extend(end.map(|end| (dialect, end)));
        Ok(end)
    }
}

/// What became of the probe and of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The text is there and the client has ended well.
    Content,
    /// The text is there and the client is too, or has ended badly.
    Stays,
    /// The client has ended and the text is another one.
    Misread,
    /// The client waits, and the text is not there.
    Stuck,
}

struct Attempt {
    end: End,
    /// What the server said that the client speaks.
    note: Option<Dialect>,
}

fn attempt(
    client: &Path,
    ours: &Path,
    dialect: Option<&Dialect>,
    limit: Duration,
) -> Result<Attempt, String> {
    let mut server = Server::start(&Origin::Ours(ours, dialect))
        .map_err(|why| format!("our own server {why}"))?;
    let mut process = Sender::Theirs(client).start(server.pid(), PROBE)?;
    let status = process.wait(limit);
    server.wait(ARRIVE, |printed| {
        Shape::Bare.fits(PROBE.as_bytes(), printed)
    });
    let is_exact = server.skip() == PROBE.as_bytes();
    // Killed, it shows what it had waited for.
    process.kill();
    let end = match (is_exact, status) {
        (true, Some(status)) if status.success() => End::Content,
        (true, _) => End::Stays,
        (false, Some(_)) => End::Misread,
        (false, None) => End::Stuck,
    };
    server.wait_notes(NOTE, " speaks ");
    let note = named(&server.notes());
    Ok(Attempt { end, note })
}

/// The dialect in what a server of ours says about a client.
fn named(notes: &str) -> Option<Dialect> {
    let (_, rest) = notes
        .lines()
        .rev()
        .find_map(|line| line.split_once(" speaks "))?;
    let spec = rest.split(", or else ").next()?;
    spec.trim_ascii().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a client of which a server that watches it says this, and after how many tries.
    fn found(
        watched: Option<&str>,
        end: impl Fn(&Dialect) -> End,
    ) -> (Result<Found, String>, usize) {
        let mut search = Search {
            attempt: |dialect: &Dialect, _| Ok(Some(end(dialect))),
            tried: Vec::new(),
        };
        let watched = watched.map(|spec| spec.parse().unwrap());
        (search.run(watched), search.tried.len())
    }

    /// One that is content with this alone, and waits if it is not answered so, or never hears the end that it waits for.
    fn one_that_speaks(spec: &str) -> impl Fn(&Dialect) -> End {
        let wanted: Dialect = spec.parse().unwrap();
        move |dialect| {
            let answered = |d: &Dialect| (d.ack, d.ack_signal, d.final_ack, d.hello);
            match (*dialect == wanted, answered(dialect) == answered(&wanted)) {
                (true, _) => End::Content,
                (_, true) => End::Misread,
                _ => End::Stuck,
            }
        }
    }

    #[test]
    fn a_client_is_found_from_what_watching_shows_and_without() {
        for (watched, spec, most) in [
            (Some("classic"), "final=other", 2),
            (Some("order=lsb"), "order=lsb,final=twice", 4),
            (None, "order=lsb,one=usr1", 4),
            (None, "head=len16,end=none", 20),
            (None, "ack-signal=echo,end=eot", 30),
            (Some("classic"), "order=lsb,ack=byte,head=len32", 50),
            (None, "one=usr1,ack=message,ack-signal=usr2", 40),
        ] {
            let (result, tries) = found(watched, one_that_speaks(spec));
            let wanted = Found {
                dialect: spec.parse().ok(),
                is_content: true,
            };
            assert_eq!(result, Ok(wanted), "{spec}");
            assert!(tries <= most, "{spec}: {tries}");
        }
    }

    #[test]
    fn one_that_never_ends_well_is_found_all_the_same_and_one_that_is_none_is_not() {
        let stays = |dialect: &Dialect| match *dialect == Dialect::CLASSIC {
            true => End::Stays,
            false => End::Misread,
        };
        let (result, _) = found(Some("classic"), stays);
        let wanted = Found {
            dialect: Some(Dialect::CLASSIC),
            is_content: false,
        };
        assert_eq!(result, Ok(wanted));
        assert!(found(None, |_| End::Stuck).0.is_err());
    }

    #[test]
    fn a_note_names_a_dialect() {
        let notes = "PID 7\nminitalk: client 9 speaks order=lsb,ack=none, or else one=usr1, in which it said \"x\"\n";
        assert_eq!(named(notes).unwrap().to_string(), "order=lsb,ack=none");
        assert_eq!(named("PID 7\n"), None);
    }
}
