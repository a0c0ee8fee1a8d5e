//! `minitalk chat`: a conversation in two terminals, or a stream in both directions in pipes.

use std::fmt::{Display, Write};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use minitalk::client::{self, Options, SendError};
use minitalk::internals::ffi::{self, EventFd, Fd, Wanted};
use minitalk::internals::process::proc;
use minitalk::{Endpoint, Message, Peer, Pid, ReceiveError, Signal};

use super::command::Command;
use super::exit::{Exit, Failure, chain};
use super::flags::{Args, Flag, flags};
use super::list;
use super::stdio::{print_stderr, refuse_closed, stdin, write_stdout};
use super::target;
use super::text::{for_terminal, in_line};

/// Limits the bytes of standard input that are one message.
const PIECE: usize = 64 << 10;

/// Separates two looks for the end of the other process without a pidfd.
const POLL: Duration = Duration::from_millis(100);

pub const CHAT: Command = Command {
    name: "chat",
    synopsis: "[PID|NAME] [options]",
    summary: "talk with another chat, line by line, or send and receive a stream",
    about: "\
Sends each line of standard input to the process with that PID or name, and prints what comes from it. Without PID it
waits to be spoken to, and then talks with the first process that has spoken.
On a terminal each line is shown as serve does, after its time and the name or the PID of its sender. Ctrl-D ends the
chat once everything has been delivered.
In pipes it is nc over signals: the exact bytes of standard input go out as they are read, and those that come go to
standard output. The end of standard input is sent as an empty message; the chat then goes on until the other has
ended its input too.
What a third process sends is marked (not in this chat) after its PID, in pipes on standard error.
The end of the other process ends the chat. So do SIGINT and SIGTERM, with exit code 0 unless a message is under way.
",
    flags: &[FLAGS],
    notes: || "exit codes: see minitalk --help\n".into(),
    run,
};

const FLAGS: &[Flag] = flags! {
    "--name NAME" => list::NAME;
};

fn run(mut args: Args) -> Result<(), Failure> {
    let name = args.value("--name").map(list::valid_name).transpose()?;
    let other = args.positional();
    args.finish()?;
    let other = other.map(|text| target::pid_or_name(&text)).transpose()?;
    // Before the endpoint is bound, so that a wrong PID is reported at once.
    let partner = other.map(|pid| Partner::find(pid).map_err(|error| unfound(pid, &error)));
    let partner = partner.transpose()?;
    let input = stdin().map_err(unreadable)?;
    // Refused before anything is received: the first message would be lost in a closed output.
    refuse_closed(1).map_err(Failure::stdout)?;
    // At the limit on file sizes a write then fails with an error, instead of ending the chat.
    ffi::ignore(Signal::XFSZ);
    let builder = Endpoint::builder().stop_on_signals().messages_only();
    let endpoint = builder.bind();
    let endpoint = endpoint.map_err(|error| Failure::new(Exit::Io, chain(&error)))?;
    let event =
        || EventFd::new().map_err(|error| Failure::io("cannot wait", io::Error::from(error)));
    let line = Arc::new(Handover {
        endpoint,
        partner: OnceLock::new(),
        met: event()?,
        halt: event()?,
        over: event()?,
    });
    if let Some(name) = &name {
        list::take_name(name)?;
    }
    let own = ffi::getpid();
    note(match &partner {
        Some(partner) => format!("PID {own} talks with {partner}"),
        None => {
            let target = name.unwrap_or_else(|| own.to_string());
            format!("PID {own} waits to be spoken to: minitalk chat {target}")
        }
    });
    if let Some(partner) = partner {
        line.meet(partner);
    }
    converse(&line, input)
}

fn unreadable(error: io::Error) -> Failure {
    Failure::io("cannot read standard input", error)
}

fn unfound(pid: Pid, error: &SendError) -> Failure {
    Failure::find(pid, error).without_hint()
}

fn note(text: impl Display) {
    print_stderr(format_args!("minitalk: {text}"));
}

/// Connects the sending and the receiving thread. With a single thread, two chats that send at once would wait for each other.
struct Handover {
    endpoint: Endpoint,
    /// The process to talk to, once it is known.
    partner: OnceLock<Partner>,
    /// Rings when `partner` is known.
    met: EventFd,
    /// Ends the sending thread while it waits for input or a partner.
    halt: EventFd,
    /// Rings when the sending thread has ended.
    over: EventFd,
}

impl Handover {
    /// Makes `partner` the process to talk to.
    fn meet(&self, partner: Partner) {
        let _ = self.partner.set(partner);
        self.met.ring();
    }
}

/// Holds the process at the other end.
struct Partner {
    peer: Arc<Peer>,
    /// Holds the name that it has given itself, safe to print.
    name: Option<String>,
}

impl Partner {
    fn find(pid: Pid) -> Result<Self, SendError> {
        let peer = client::find(pid, false)?;
        let name = proc::status(pid).ok().map(|status| status.name);
        let name = name.filter(|name| list::is_name(name) && name != "minitalk");
        let name = name.map(|name| in_line(name.as_bytes()));
        Ok(Self { peer, name })
    }
}

impl Display for Partner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pid = self.peer.pid();
        match &self.name {
            Some(name) => write!(f, "PID {pid} ({name})"),
            None => write!(f, "PID {pid}"),
        }
    }
}

/// Returns whether the process has ended, so that its PID may be another's.
fn has_ended(peer: &Peer) -> bool {
    peer.fd()
        .map_or_else(|| peer.inspect().is_err(), ffi::is_readable)
}

/// Says why the chat ends.
enum ChatEnd {
    /// The input has ended, and nothing more is expected.
    Said,
    PartnerEnded,
    /// SIGINT or SIGTERM came.
    Stopped,
}

fn converse(line: &Arc<Handover>, input: File) -> Result<(), Failure> {
    let is_input_terminal = input.is_terminal();
    let talking = Arc::clone(line);
    let talk = thread::Builder::new().spawn(move || {
        let said = talk_to(&talking, input);
        talking.over.ring();
        said
    });
    let mut talk = Some(talk.map_err(|error| Failure::io("cannot start a thread", error))?);
    let mut join = || {
        let panicked = |_| Err(Failure::new(Exit::Io, "the thread that sends panicked"));
        talk.take()
            .map_or(Ok(true), |talk| talk.join().unwrap_or_else(panicked))
    };
    let mut listener = Listener {
        line,
        is_partner_done: false,
        is_terminal: io::stdout().is_terminal(),
    };
    let mut said = None;
    let end = loop {
        let over = said.is_none().then(|| line.over.fd());
        // If this fails, the other thread may wait for ever to be taken, and is left to the end of the process.
        if let Some(end) = listener.listen(over)? {
            break end;
        }
        if said.is_none() && ffi::is_readable(line.over.fd()) {
            said = Some(join());
        }
        match &said {
            Some(Err(_)) => break ChatEnd::Said,
            Some(Ok(true)) if is_input_terminal || listener.is_partner_done => break ChatEnd::Said,
            _ => {}
        }
    };
    line.halt.ring();
    let is_all_said = said.unwrap_or_else(join)?;
    match (end, line.partner.get()) {
        (ChatEnd::PartnerEnded, Some(partner)) if !is_all_said && !is_input_terminal => {
            let text = format!("{partner} has ended before the end of standard input");
            Err(Failure::new(Exit::ServerEnded, text))
        }
        _ => Ok(()),
    }
}

/// Sends standard input to the partner once that is known. Returns whether the input has ended.
fn talk_to(line: &Handover, mut input: File) -> Result<bool, Failure> {
    let is_terminal = input.is_terminal();
    let mut piece = vec![0; PIECE];
    let mut options = Options::default();
    // Returns whether the thread goes on.
    let wait = |fd: BorrowedFd| {
        let wanted = [fd, line.halt.fd().as_fd()].map(|fd| Some(Wanted::Readable(fd)));
        let waited = ffi::wait_any(wanted, None).map_err(|error| unreadable(error.into()));
        waited.map(|[_, is_halted]| !is_halted)
    };
    loop {
        if !wait(input.as_fd())? {
            return Ok(false);
        }
        let count = match input.read(&mut piece) {
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) =>
            {
                continue;
            }
            result => result.map_err(unreadable)?,
        };
        let is_over = count == 0;
        if is_over && is_terminal {
            return Ok(true);
        }
        if line.partner.get().is_none() && !wait(line.met.fd().as_fd())? {
            return Ok(false);
        }
        let Some(Partner { peer, .. }) = line.partner.get() else {
            return Ok(false);
        };
        let sent = match has_ended(peer) {
            true => Err(SendError::NoSuchProcess),
            false => {
                let to = peer.pid();
                let endpoint = &line.endpoint;
                endpoint.send_with(to, &piece[..count], options, &mut |_| {})
            }
        };
        if sent.is_ok() && !is_terminal {
            // The partner is a chat: it may be stopped for a while, and its end is noticed.
            options.timeout = Duration::MAX;
        }
        if let Err(error) = sent {
            use SendError::{Interrupted, NoSuchProcess, ServerEnded, Stopped};
            if matches!(error, NoSuchProcess) && has_ended(peer) {
                // The listening thread prints the partner's earlier messages, and reports its end.
                return Ok(is_over);
            }
            let has_gone = matches!(error, NoSuchProcess | ServerEnded { .. });
            let is_final = has_gone || matches!(error, Interrupted(_) | Stopped);
            let failure = Failure::send_to(peer, &error).without_hint();
            // A partner that has gone does not miss the end of the input.
            if !(is_over && has_gone) {
                if is_final || !is_terminal {
                    return Err(failure);
                }
                note(failure.text());
            }
        }
        if is_over {
            return Ok(true);
        }
    }
}

/// Prints what comes.
struct Listener<'l> {
    line: &'l Handover,
    /// Says whether the partner has ended its input.
    is_partner_done: bool,
    is_terminal: bool,
}

impl Listener<'_> {
    /// Waits for messages until `over` is readable, and prints them.
    fn listen(&mut self, over: Option<&Fd>) -> Result<Option<ChatEnd>, Failure> {
        let line = self.line;
        let peer = line.partner.get().map(|partner| &partner.peer);
        let pidfd = peer.and_then(|peer| peer.fd());
        let wanted = [
            Some(Wanted::Readable(line.endpoint.as_fd())),
            over.map(|fd| Wanted::Readable(fd.as_fd())),
            pidfd.map(|fd| Wanted::Readable(fd.as_fd())),
        ];
        let poll = (peer.is_some() && pidfd.is_none()).then_some(POLL);
        let waited = ffi::wait_any(wanted, poll);
        waited.map_err(|error| Failure::io("cannot wait", io::Error::from(error)))?;
        // Looked at first: the partner's messages before its end have come by then.
        let has_ended = peer.is_some_and(|peer| has_ended(peer));
        loop {
            match line.endpoint.try_recv() {
                Ok(message) => {
                    if let Some(end) = self.take(&message)? {
                        return Ok(Some(end));
                    }
                }
                Err(ReceiveError::Empty) => break,
                Err(ReceiveError::Stopped) => return Ok(Some(ChatEnd::Stopped)),
                Err(error) => return Err(Failure::new(Exit::Io, chain(&error))),
            }
        }
        match line.partner.get() {
            Some(partner) if has_ended => {
                note(format_args!("{partner} has ended"));
                Ok(Some(ChatEnd::PartnerEnded))
            }
            _ => Ok(None),
        }
    }

    /// Prints a message.
    fn take(&mut self, message: &Message) -> Result<Option<ChatEnd>, Failure> {
        let (pid, mut end) = (message.pid, None);
        // Text of another dialect cannot be answered.
        let is_first = self.line.partner.get().is_none() && message.framed;
        if is_first {
            match Partner::find(pid) {
                Ok(partner) => {
                    note(format_args!("{partner} has begun to speak"));
                    self.line.meet(partner);
                }
                Err(error) => {
                    note(unfound(pid, &error).text());
                    let has_ended = matches!(error, SendError::NoSuchProcess);
                    end = has_ended.then_some(ChatEnd::PartnerEnded);
                }
            }
        }
        let partner = self.line.partner.get();
        let partner = partner.filter(|partner| partner.peer.pid() == pid);
        let is_stream = is_first || partner.is_some();
        if is_stream && message.payload.is_empty() {
            self.is_partner_done = true;
            if self.is_terminal {
                note(format_args!("PID {pid} has ended its input"));
            }
            return Ok(end);
        }
        let shown = || {
            let name = partner.and_then(|partner| partner.name.clone());
            let label = match is_stream {
                true => name.unwrap_or_else(|| pid.to_string()),
                false => format!("{pid} (not in this chat)"),
            };
            shown(&label, &message.payload)
        };
        let written = match (self.is_terminal, is_stream) {
            (true, _) => write_stdout(shown().as_bytes()),
            (false, true) => write_stdout(&message.payload),
            // Printed too, because its sender gets the answer that it is delivered.
            (false, false) => {
                print_stderr(shown().trim_end_matches('\n'));
                Ok(())
            }
        };
        written.map(|()| end).map_err(Failure::stdout)
    }
}

/// Returns the lines of a message, each with the time and the sender, so that no line can pretend to be another's.
fn shown(label: &str, payload: &[u8]) -> String {
    let [hour, minute, second] = ffi::local_time();
    let text = payload.strip_suffix(b"\n").unwrap_or(payload);
    text.split(|byte| *byte == b'\n')
        .fold(String::new(), |mut lines, line| {
            let line = for_terminal(line.strip_suffix(b"\r").unwrap_or(line));
            let _ = writeln!(lines, "{hour:02}:{minute:02}:{second:02} {label}: {line}");
            lines
        })
}
