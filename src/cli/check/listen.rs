//! Which dialect a client speaks: a server of ours watches it, and if the client is not content with what that does, others are
//! told how to answer.

use std::path::Path;
use std::time::Duration;

use minitalk::dialect::Dialect;

use super::candidates::{self, BITS};
use super::server::{Origin, Sender, Server};
use super::shape::Shape;

/// Plain, and long enough to show its bits.
const PROBE: &str = "Hello from the other side, number 42!";

/// How long a client may take for it before something is wrong: at 5 ms a bit it takes 1.5 s.
const WATCH: Duration = Duration::from_millis(2500);
const TRY: Duration = Duration::from_millis(1200);

/// What a server must know beforehand, for watching does not show it before it is too late.
const MANNERS: &[&str] = &[
    "",
    "final=both",
    "final=other",
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
    pub dialect: Dialect,
    /// Whether the client is content: it ended, and well.
    pub is_content: bool,
}

/// Searches; the error is what stands in the report.
pub fn dialect(client: &Path, ours: &Path) -> Result<Found, String> {
    let watched = attempt(client, ours, None, WATCH)?;
    let named = watched.note;
    if let (End::Content, Some(dialect)) = (watched.end, named) {
        return Ok(Found {
            dialect,
            is_content: true,
        });
    }
    let base = named.map_or_else(String::new, |dialect| dialect.to_string());
    let mut specs: Vec<Dialect> = Vec::new();
    let mut add = |parts: &[&str]| {
        if let Some(dialect) = candidates::parse(parts)
            && !specs.contains(&dialect)
        {
            specs.push(dialect);
        }
    };
    let forms_first = watched.end == End::Misread;
    if forms_first {
        for (form, bits) in FORMS.iter().flat_map(|form| BITS.map(|bits| (form, bits))) {
            add(&[bits, form]);
        }
    }
    if named.is_some() {
        MANNERS.iter().for_each(|manners| add(&[&base, manners]));
    }
    for (manners, bits) in MANNERS.iter().flat_map(|m| BITS.map(|bits| (m, bits))) {
        add(&[bits, manners]);
    }
    if !forms_first {
        for (form, bits) in FORMS.iter().flat_map(|form| BITS.map(|bits| (form, bits))) {
            add(&[bits, form]);
        }
    }
    let mut second = named.filter(|_| watched.end == End::Stays);
    for dialect in specs {
        match attempt(client, ours, Some(&dialect), TRY)?.end {
            End::Content => {
                return Ok(Found {
                    dialect,
                    is_content: true,
                });
            }
            End::Stays => second = second.or(Some(dialect)),
            End::Misread | End::Stuck => {}
        }
    }
    match second {
        Some(dialect) => Ok(Found {
            dialect,
            is_content: false,
        }),
        None => Err("in none of the known ones does it deliver a short text".into()),
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
