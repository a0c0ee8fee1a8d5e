//! How a message is written.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use minitalk::ffi;
use minitalk::pid::Pid;
use minitalk::server::{Message, Output};

use super::json;
use super::units::{SECOND, decimal};

/// The output format of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Each message and a newline; escaped on a terminal.
    Text,
    /// The messages' bytes.
    Raw,
    /// One object a line.
    Json,
    /// Each message in a line that says whose it is, escaped: the end of a trace of it.
    Quoted,
}

impl Format {
    /// Announces that the server `pid` is ready.
    pub fn announce(self, pid: Pid) -> io::Result<()> {
        match self {
            Self::Text | Self::Quoted => write_stdout(format!("PID {pid}\n").as_bytes()),
            Self::Raw => {
                refuse_closed(2, "error")?;
                io::stderr().write_all(format!("PID {pid}\n").as_bytes())
            }
            Self::Json => write_stdout(format!("{{\"PID\": {pid} }}\n").as_bytes()),
        }
    }

    /// Where the messages go. The descriptor is taken once, so that none is needed later, when there may be no more to have.
    pub fn output(self) -> io::Result<Output> {
        let mut stdout = stdout()?;
        let is_terminal = stdout.is_terminal();
        Ok(Box::new(move |message| match self {
            Self::Text if is_terminal => {
                let line = format!("{}\n", for_terminal(&message.payload));
                write_all(&mut stdout, line.as_bytes())
            }
            Self::Text => write_all(&mut stdout, &[&message.payload[..], b"\n"].concat()),
            Self::Raw if is_terminal => {
                write_all(&mut stdout, for_terminal(&message.payload).as_bytes())
            }
            Self::Raw => write_all(&mut stdout, &message.payload),
            Self::Json => write_all(&mut stdout, object(message).as_bytes()),
            Self::Quoted => {
                let text = for_terminal(&message.payload);
                let line = format!("client {}: \"{text}\"\n", message.pid);
                write_all(&mut stdout, line.as_bytes())
            }
        }))
    }
}

/// Writes all of `bytes` to the standard output.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    write_all(&mut stdout()?, bytes)
}

/// The standard output, unbuffered.
fn stdout() -> io::Result<File> {
    refuse_closed(1, "output")?;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Rust's runtime opens `/dev/null` in the place of a standard descriptor that was closed when the program started.
pub fn refuse_closed(fd: usize, name: &str) -> io::Result<()> {
    if ffi::was_closed(fd) {
        return Err(io::Error::other(format!("standard {name} is closed")));
    }
    Ok(())
}

fn write_all(stdout: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stdout.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ffi::wait_for_stdout()?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// `bytes` as text that a terminal does not obey, and that can be read back: control characters, invisible characters,
/// backslashes and whatever is not UTF-8 are escaped.
pub fn for_terminal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || c.is_control() || is_invisible(c) {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Whether `c` changes the text around it unseen: directions (UAX #9, section 2), separators, and the Unicode tags. The
/// joiners are left alone, which many scripts and emoji need.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

fn object(message: &Message) -> String {
    let uid = message.uid.map_or("null".into(), |uid| uid.to_string());
    let (key, value) = match std::str::from_utf8(&message.payload) {
        Ok(text) => ("text", json::string(text)),
        Err(_) => ("base64", format!("\"{}\"", json::base64(&message.payload))),
    };
    format!(
        "{{\"pid\":{},\"uid\":{uid},\"bytes\":{},\"{key}\":{value},\"retransmissions\":{},\"duration\":{}}}\n",
        message.pid,
        message.payload.len(),
        message.resent,
        decimal(message.duration.as_nanos(), SECOND, 6),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        assert_eq!(
            for_terminal("é 🦀 👩\u{200D}🚀 a\\b".as_bytes()),
            "é 🦀 👩\u{200D}🚀 a\\\\b"
        );
        assert_eq!(
            for_terminal(b"\x1b]0;x\x07\n\x7f\xc2\x9b\xff\xe2\x82"),
            "\\u{1b}]0;x\\u{7}\\n\\u{7f}\\u{9b}\\xff\\xe2\\x82"
        );
        assert_eq!(for_terminal("\u{202E}x".as_bytes()), "\\u{202e}x");
    }
}
