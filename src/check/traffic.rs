//! The signals of a client as they arrive: a traced server of minitalk reports each.

use minitalk::Pid;
use minitalk::dialect::Dialect;
use minitalk::dialect::encoder::TextEncoder;

use super::delivery::describe;
use super::fixture::{Fixture, NEXT, NOTICE, SHORT};
use super::not_passed::NotPassed;
use super::report::{Section, Verdict};
use super::server::Server;

/// Holds the traffic of one client that a trace shows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Traffic {
    /// The signals other than SIGUSR1 and SIGUSR2, once for each row of the same.
    others: Vec<String>,
    /// How many bare bits came.
    bits: usize,
    /// How many acknowledgements had to be sent again before the client sent its next bit.
    repeated: usize,
}

/// Adds a row on the signals that the client sends and, if other servers may not bear with it, one on that. The server of the
/// fixture, minitalk's own, is given `dialect`, or detects it.
pub fn add(fixture: &Fixture<'_>, dialect: Option<Dialect>, section: &mut Section) {
    let (traffic, sent, pid) = match observe(fixture) {
        Ok(observed) => observed,
        Err(why) => return section.demand("signals", Err(why)),
    };
    let alone = match &traffic.others[..] {
        [] => Ok("SIGUSR1 and SIGUSR2 alone".into()),
        others => {
            let others = others.join(", ");
            Err(format!("sends others than SIGUSR1 and SIGUSR2: {others}").into())
        }
    };
    section.demand("signals", alone);
    if let Some(why) = dialect.and_then(|dialect| traffic.needs_tolerance(&dialect, &sent, pid)) {
        section.add(Verdict::Warn, "other servers", &why);
    }
}

/// Has the client send a text to a traced server. Returns its traffic, the bytes that arrived, and its PID.
fn observe(fixture: &Fixture<'_>) -> Result<(Traffic, Vec<u8>, Pid), NotPassed> {
    let mut server = Server::start(fixture.server_program, &["--trace", "-v"])?;
    let mut client = fixture.start_client(&server, NEXT)?;
    let fits = |printed: &[u8]| fixture.format.fits(NEXT.as_bytes(), printed);
    let is_exact = server.wait(fixture.left().min(SHORT), &fits);
    client.wait(NOTICE);
    if let Some(status) = server.ended() {
        return Err(format!("minitalk's server {}", describe(status)).into());
    }
    if !is_exact {
        let why = "the text did not arrive in this attempt";
        return Err(NotPassed::NotTried(why.into()));
    }
    let traffic = Traffic::of(&String::from_utf8_lossy(&server.notes()));
    Ok((traffic, server.skip(), client.pid()))
}

impl Traffic {
    /// Reads a trace that has a line for each signal.
    fn of(trace: &str) -> Self {
        let mut traffic = Self::default();
        let (mut answers, mut extra) = (0, 0);
        for line in trace.lines() {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| word.starts_with('+'));
            // The pause, its unit and the client.
            let name = words.nth(3).unwrap_or_default();
            match words.next() {
                Some("SI_USER" | "SI_QUEUE") if !matches!(name, "USR1" | "USR2") => {
                    traffic.others.push(name.into());
                }
                Some("SI_USER") => {
                    traffic.bits += 1;
                    traffic.repeated += extra;
                    (answers, extra) = (0, 0);
                }
                _ => {}
            }
            if line.contains("-> ok") {
                extra += usize::from(answers > 0);
                answers += 1;
            }
        }
        traffic.others.dedup();
        traffic
    }

    /// Returns why a client of this dialect may not work with other servers, if it may not.
    fn needs_tolerance(&self, dialect: &Dialect, sent: &[u8], client: Pid) -> Option<String> {
        let encoder = TextEncoder::new(dialect, sent, client).ok()?;
        let expected = encoder.len() + usize::from(dialect.hello);
        if self.repeated > 0 {
            return Some(format!(
                "works with minitalk's server, which sent {} of {} acknowledgements again: the client seems to lose one that comes \
                 before it waits, and others may not send it again",
                self.repeated, self.bits
            ));
        }
        (self.bits > expected).then(|| {
            format!(
                "works with minitalk's server, but sends {} bits where its dialect has {expected}: others may take the rest for the \
                 next text",
                self.bits
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
PID 7
+    12.3 us     42  USR1  SI_USER   0                                  -> ok
+ 1234.5 us     42  USR2  SI_USER   01                                 -> ok
+    12.3 us     42                  (unasked)                          -> ok on USR1
  0.001234 s  client 42 speaks classic
+    12.3 us     42  USR2  SI_USER   011                                -> ok
+    12.3 us     42                  (unasked)                          -> ok on USR2
";

    #[test]
    fn bits_other_signals_and_repeated_acknowledgements_are_counted() {
        let traffic = Traffic::of(TRACE);
        let expected = Traffic {
            others: Vec::new(),
            bits: 3,
            // The last one follows the last bit.
            repeated: 1,
        };
        assert_eq!(traffic, expected);
        let other = "+     0.5 us     42  RT44  SI_QUEUE  hello, version 2   -> greeted\n";
        assert_eq!(Traffic::of(&other.repeat(2)).others, ["RT44"]);
    }

    #[test]
    fn a_client_that_another_server_may_not_bear_with_is_named() {
        let why = |bits, repeated| {
            let traffic = Traffic {
                others: Vec::new(),
                bits,
                repeated,
            };
            let pid = minitalk::internals::ffi::getpid();
            traffic
                .needs_tolerance(&Dialect::CLASSIC, NEXT.as_bytes(), pid)
                .unwrap_or_default()
        };
        let bits = 8 * (NEXT.len() + 1);
        assert_eq!(why(bits, 0), "");
        assert!(why(bits, 2).contains("sent 2 of"));
        assert!(why(bits + 1, 0).contains("where its dialect has"));
    }
}
