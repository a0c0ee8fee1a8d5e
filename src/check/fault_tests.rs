//! The tests in which a client or a server is killed, or stray signals arrive.

use std::thread;
use std::time::Duration;

use minitalk::Signal;
use minitalk::dialect::Dialect;
use minitalk::dialect::encoder::TextEncoder;
use minitalk::internals::process::peer::Peer;
use minitalk::internals::process::proc::{self, StatusLines};

use super::delivery::{Arrival, describe};
use super::fixture::{Fixture, NEXT, NOTICE, SHORT, text};
use super::isolation::Subject;
use super::not_passed::NotPassed;
use super::report::Section;
use super::server::Server;
use crate::cli::child::wait_until;

/// Tests that the message after that of a killed client is exact.
pub fn client_killed(fixture: &mut Fixture<'_>, section: &mut Section) {
    let result = server_with_half_a_message(fixture).and_then(|mut server| {
        // No event shows that the server has noticed the end of its client, so it is given a fixed time.
        thread::sleep(NOTICE);
        if let Some(status) = server.ended() {
            return Err(format!("the server {}", describe(status)).into());
        }
        server.skip();
        let (client, format) = (fixture.client, &fixture.format);
        let delivery = Arrival::run(&mut server, client, NEXT, format, SHORT)?;
        let error = delivery.error(NEXT);
        // The server may print the half message first, on a line of its own.
        let printed = &delivery.printed;
        let mut line_starts = (1..=printed.len()).filter(|at| printed[at - 1] == b'\n');
        let is_on_a_line = line_starts.any(|at| format.fits(NEXT.as_bytes(), &printed[at..]));
        match error {
            None => {
                fixture.server = Some(server);
                Ok("the next message is exact".into())
            }
            Some(_) if is_on_a_line && delivery.server.is_none() => {
                Ok("the next message is exact, on a line of its own".into())
            }
            Some(error) => Err(error.map(|why| format!("the next message: {why}"))),
        }
    });
    section.advise("client killed", result);
}

/// Returns a server that has half a message of a client that has ended.
fn server_with_half_a_message(fixture: &mut Fixture<'_>) -> Result<Server, NotPassed> {
    match fixture.client {
        Subject::Own(_, Some(dialect)) => end_in_mid_byte(fixture, &dialect),
        // The drop kills the client.
        _ => fixture.start_message().map(|(server, ..)| server),
    }
}

/// Ends the client in mid-byte, so that the next message is exact only if the server starts each client with a whole byte.
fn end_in_mid_byte(fixture: &mut Fixture<'_>, dialect: &Dialect) -> Result<Server, NotPassed> {
    let text = text(20);
    let server = fixture.take()?;
    let encoder = TextEncoder::new(dialect, text.as_bytes(), server.pid());
    let signals = encoder.map_err(|why| why.to_string())?.len();
    let first = (signals / 16 * 8 + 3).to_string();
    let options = ["--first", &first];
    let mut client = fixture.client.start_client(server.pid(), &text, &options)?;
    match client.wait(SHORT) {
        Some(status) if status.success() => Ok(server),
        Some(status) => Err(format!("half a message: the client {}", describe(status)).into()),
        None => Err("half a message: the client hangs".into()),
    }
}

/// Tests that the message after stray signals to the server is exact.
pub fn strays_to_server(fixture: &mut Fixture<'_>, section: &mut Section) {
    let result = fixture.take().and_then(|server| {
        let peer = server.peer()?;
        send_strays(&peer)?;
        fixture.server = Some(server);
        let delivery = fixture.deliver_exactly(NEXT, SHORT);
        delivery
            .map(|_| "the next message is exact".into())
            .map_err(|error| error.map(|why| format!("after three of SIGUSR1: {why}")))
    });
    section.advise("stray signals", result);
}

/// Sends SIGUSR1 three times, each once the one before has been taken: a pending one would swallow it.
fn send_strays(peer: &Peer) -> Result<(), String> {
    let is_pending = |status: StatusLines| status.pending & Signal::USR1.mask() != 0;
    for _ in 0..3 {
        peer.send(Signal::USR1, None)
            .map_err(|error| format!("one ended the process: {error}"))?;
        wait_until(NOTICE, || !proc::status(peer.pid()).is_ok_and(is_pending));
    }
    Ok(())
}

/// Tests that a client ends when its server is killed during a message.
pub fn server_killed(fixture: &mut Fixture<'_>, section: &mut Section) {
    let result = fixture.start_message().and_then(|(server, mut client, _)| {
        drop(server);
        let before = client.stdout.len() + client.stderr.len();
        let status = client.wait(Duration::from_secs(3));
        let status = status.ok_or("the client hangs")?;
        client.drain();
        let has_printed = client.stdout.len() + client.stderr.len() > before;
        match (status.code(), has_printed) {
            (None, _) => Err(format!("the client {}", describe(status)).into()),
            (Some(0), false) => Err("the client reports no error".into()),
            _ => Ok(format!("the client {}", describe(status))),
        }
    });
    section.advise("server killed", result);
}

/// Tests that a message is exact if its client gets stray signals.
pub fn strays_to_client(fixture: &mut Fixture<'_>, section: &mut Section) {
    let started = fixture.start_message();
    let result = started.and_then(|(server, mut client, text)| {
        let peer = Peer::open(client.pid()).map_err(|error| error.to_string())?;
        // An interpreter takes its time to reach the handler.
        let handles = || peer.inspect().is_ok_and(|s| s.handles(Signal::USR1));
        if !wait_until(NOTICE, handles) {
            let why = "the client does not handle SIGUSR1";
            return Err(NotPassed::NotTried(why.into()));
        }
        send_strays(&peer)?;
        let fits = |printed: &[u8]| fixture.format.fits(text.as_bytes(), printed);
        let is_exact = fixture.settles(&server, core::slice::from_mut(&mut client), fits)?;
        match (is_exact, client.wait(NOTICE)) {
            (true, Some(_)) => Ok("during a message: exact".into()),
            (true, None) => Err("exact, but the client hangs".into()),
            (false, _) => Err("three of SIGUSR1 during a message: not exact".into()),
        }
    });
    section.advise("stray signals", result);
}
