//! The output formats of a server.

use std::io::{self, IsTerminal, Write};

use minitalk::Pid;
use minitalk::engine::Output;
use minitalk::{Message, Received};

use super::lines::Lines;
use super::stdio::{Stdout, is_writable, refuse_closed, write_all, write_stdout};
use super::text::{write_base64, write_for_terminal, write_in_line, write_json_string};
use super::units::{SECOND, count, decimal};

/// Lists the output formats of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prints each message and a newline.
    #[default]
    Text,
    /// Prints the messages' bytes alone.
    Raw,
    /// Prints one object a line.
    Json,
    /// Prints each message escaped in a line of a trace, after the client's PID.
    Quoted,
}

impl Format {
    /// Prints the PID of a server that is ready. Uses `lines` if standard error is full.
    pub fn announce(self, pid: Pid, lines: &Lines) -> io::Result<()> {
        let text = format!("PID {pid}");
        match self {
            Self::Text | Self::Quoted => write_stdout(format!("{text}\n").as_bytes()),
            Self::Json => {
                let object = format!("{{\"event\":\"ready\",\"pid\":{pid}}}\n");
                write_stdout(object.as_bytes())
            }
            Self::Raw => {
                refuse_closed(2)?;
                if is_writable(false)? {
                    return write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
                }
                lines.line(text);
                Ok(())
            }
        }
    }

    /// Returns the function that writes messages to standard output. It writes the pending `lines` before each message.
    pub fn output(self, lines: Option<Lines>) -> io::Result<Output> {
        let is_terminal = io::stdout().is_terminal();
        let mut out = Stdout::open()?;
        Ok(Box::new(move |message: &Message| {
            if let Some(lines) = &lines {
                lines.wait();
            }
            out.begin();
            let written = self.write(&mut out, message, is_terminal);
            let written = written.and_then(|()| out.flush());
            Ok(written.map_err(|error| match out.written {
                0 => error,
                written => io::Error::other(format!(
                    "{error}; the last {} written: the beginning of a message of client {}, which was rejected",
                    count(written, "byte"),
                    message.pid
                )),
            })?)
        }))
    }

    /// Writes one message as a stream, without allocating memory of its size.
    fn write(self, out: &mut dyn Write, message: &Received, is_terminal: bool) -> io::Result<()> {
        let payload = &message.payload[..];
        match self {
            Self::Text | Self::Raw if is_terminal => write_for_terminal(out, payload)?,
            Self::Text | Self::Raw => out.write_all(payload)?,
            Self::Json => write_object(out, message)?,
            Self::Quoted => {
                write!(out, "client {}: \"", message.pid)?;
                write_in_line(out, payload)?;
                out.write_all(b"\"")?;
            }
        }
        match self {
            Self::Raw => Ok(()),
            _ => out.write_all(b"\n"),
        }
    }
}

fn write_object(out: &mut dyn Write, message: &Received) -> io::Result<()> {
    let (pid, bytes) = (message.pid, message.payload.len());
    write!(out, "{{\"event\":\"message\",\"pid\":{pid},\"uid\":")?;
    match message.uid {
        Some(uid) => write!(out, "{uid}")?,
        None => out.write_all(b"null")?,
    }
    write!(out, ",\"bytes\":{bytes},")?;
    match std::str::from_utf8(&message.payload) {
        Ok(text) => {
            out.write_all(b"\"text\":")?;
            write_json_string(out, text)?;
        }
        Err(_) => {
            out.write_all(b"\"base64\":\"")?;
            write_base64(out, &message.payload)?;
            out.write_all(b"\"")?;
        }
    }
    let seconds = decimal(message.duration.as_nanos(), SECOND, 6);
    let resent = message.resent;
    write!(out, ",\"retransmissions\":{resent},\"seconds\":{seconds}}}")
}
