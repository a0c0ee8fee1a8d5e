//! Which dialect a client speaks: a server of ours watches it, and if the client is not content with what that does, others are
//! told how to answer.

use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::dialect::Dialect;

use super::candidates::{self, BITS};
use super::server::{Origin, Sender, Server};
use super::shape::Shape;

/// Plain, and long enough to show its bits.
const PROBE: &str = "Hello from the other side, number 42!";

/// How long a client may take for it before something is wrong: at 5 ms a bit it takes 1.5 s.
const WATCH: Duration = Duration::from_millis(2500);
const TRY: Duration = Duration::from_millis(800);

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

/// Framings that pass for another one.
const FORMS: &[&str] = &[
    "",
    "head=digits,end=none",
    "head=digits",
    "head=len32,end=none",
    "head=len16,end=none",
    "head=len32",
    "end=eot",
    "end=etx",
    "head=pid",
];

/// What was found out.
pub struct Found {
    /// `None`: our own protocol, of which a server says nothing.
    pub dialect: Option<Dialect>,
    /// Whether the client is content: it ended, and well.
    pub is_content: bool,
}

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Searches; the error is what stands in the report.
pub fn dialect(client: &Path, ours: &Path) -> Result<Found, String> {
    let mut search = Search {
        client,
        ours,
        until: Instant::now() + LIMIT,
        tried: Vec::new(),
        second: None,
    };
    let watched = attempt(client, ours, None, WATCH)?;
    if watched.end == End::Content && watched.note.is_none() {
        return Ok(Found {
            dialect: None,
            is_content: true,
        });
    }
    if let Some(dialect) = search.run(&watched)? {
        return Ok(Found {
            dialect: Some(dialect),
            is_content: true,
        });
    }
    match search.second {
        Some(dialect) => Ok(Found {
            dialect: Some(dialect),
            is_content: false,
        }),
        None => Err(format!(
            "in none of {} known ones does it deliver a short text",
            search.tried.len()
        )),
    }
}

struct Search<'a> {
    client: &'a Path,
    ours: &'a Path,
    until: Instant,
    tried: Vec<Dialect>,
    /// One in which the text arrives and the client does not end well.
    second: Option<Dialect>,
}

impl Search<'_> {
    fn run(&mut self, watched: &Attempt) -> Result<Option<Dialect>, String> {
        if let Some(named) = watched.note {
            // What it does at the end, a server finds out after it has said what the client speaks.
            let base = named.to_string();
            for manners in MANNERS {
                if self.end(&[&base, manners], WATCH)? == Some(End::Content) {
                    return Ok(self.tried.last().copied());
                }
            }
            if self.second.is_some() {
                return Ok(None);
            }
        }
        // Whoever waits for an answer to every bit goes on whatever the bits mean.
        for manners in ["", "ack-signal=echo", "ack-signal=usr2", "ack=byte"] {
            let end = self.end(&[BITS[0], manners], TRY)?;
            if end == Some(End::Content) {
                return Ok(self.tried.last().copied());
            }
            if end.is_none_or(|end| end == End::Stuck) && !manners.is_empty() {
                continue;
            }
            for (form, bits) in FORMS.iter().flat_map(|form| BITS.map(|bits| (form, bits))) {
                if self.end(&[bits, form, manners], TRY)? == Some(End::Content) {
                    return Ok(self.tried.last().copied());
                }
                if end == Some(End::Stuck) && form.is_empty() && bits == BITS[3] {
                    break;
                }
            }
        }
        for (manners, bits) in MANNERS.iter().flat_map(|m| BITS.map(|bits| (m, bits))) {
            if self.end(&[bits, manners], TRY)? == Some(End::Content) {
                return Ok(self.tried.last().copied());
            }
        }
        Ok(None)
    }

    /// Tries the dialect of these parts, if that is one and was not tried.
    fn end(&mut self, parts: &[&str], limit: Duration) -> Result<Option<End>, String> {
        let dialect = match candidates::parse(parts) {
            Some(dialect) if !self.tried.contains(&dialect) => dialect,
            _ => return Ok(None),
        };
        if Instant::now() >= self.until {
            return Ok(None);
        }
        let end = attempt(self.client, self.ours, Some(&dialect), limit)?.end;
        self.tried.push(dialect);
        if end == End::Stays {
            self.second.get_or_insert(dialect);
        }
        Ok(Some(end))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The text is there and the client has ended well.
    Content,
    /// The text is there and the client is too, or has ended badly.
    Stays,
    /// The client has ended and the text is another one.
    Misread,
    Stuck,
}

struct Attempt {
    end: End,
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
    server.wait(Duration::from_millis(100), |printed| {
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
    server.wait_notes(Duration::from_millis(200), " speaks ");
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
    spec.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_a_dialect() {
        let notes = "PID 7\nminitalk: client 9 speaks order=lsb,ack=none, or else one=usr1, in which it said \"x\"\n";
        assert_eq!(named(notes).unwrap().to_string(), "order=lsb,ack=none");
        assert_eq!(named("PID 7\n"), None);
    }
}
