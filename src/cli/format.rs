//! How a message is written.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use minitalk::Pid;
use minitalk::internals::ffi;
use minitalk::server::{Message, Output};

use super::json;
use super::lines::Lines;
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
    /// Announces that the server `pid` is ready. A standard error that takes nothing now gets it with the notes, in `lines`.
    pub fn announce(self, pid: Pid, lines: &Lines) -> io::Result<()> {
        match self {
            Self::Text | Self::Quoted => write_stdout(format!("PID {pid}\n").as_bytes()),
            Self::Raw => {
                refuse_closed(2, "error")?;
                let text = format!("PID {pid}");
                if ffi::wait_writable(io::stderr().as_fd(), Some(Duration::ZERO))? {
                    return write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
                }
                lines.line(text);
                Ok(())
            }
            Self::Json => write_stdout(format!("{{\"PID\": {pid} }}\n").as_bytes()),
        }
    }

    /// Where the messages go. The descriptor and the buffer are taken once, so that neither is needed later, when there may be
    /// no more to have. What was said in `lines` before a message is written before it.
    pub fn output(self, lines: Option<Lines>) -> io::Result<Output> {
        let stdout = stdout()?;
        let is_terminal = stdout.is_terminal();
        let mut out = Buffered::new(stdout);
        Ok(Box::new(move |message| {
            if let Some(lines) = &lines {
                lines.wait();
            }
            out.begin();
            let written = self.write(&mut out, message, is_terminal);
            written
                .and_then(|()| out.flush())
                .map_err(|error| out.explain(error, message))
        }))
    }

    /// Writes one message as a stream: nothing of its size is allocated.
    fn write(self, out: &mut impl Write, message: &Message, is_terminal: bool) -> io::Result<()> {
        let payload = &message.payload[..];
        match self {
            Self::Text | Self::Raw if is_terminal => write_for_terminal(out, payload)?,
            Self::Text | Self::Raw => out.write_all(payload)?,
            Self::Json => return write_object(out, message),
            Self::Quoted => {
                write!(out, "client {}: \"", message.pid)?;
                write_for_terminal(out, payload)?;
                out.write_all(b"\"")?;
            }
        }
        match self {
            Self::Raw => Ok(()),
            _ => out.write_all(b"\n"),
        }
    }
}

/// The standard output behind a small buffer, so that a short message is one `write(2)` and a long one costs no memory.
/// Unlike a [`BufWriter`](io::BufWriter), it drops the rest of a message that could not be written.
struct Buffered {
    file: File,
    buffer: Vec<u8>,
    /// Bytes of the present message that the output took.
    taken: u64,
}

impl Buffered {
    const SIZE: usize = 64 << 10;

    fn new(file: File) -> Self {
        Self {
            file,
            buffer: Vec::with_capacity(Self::SIZE),
            taken: 0,
        }
    }

    fn begin(&mut self) {
        self.buffer.clear();
        self.taken = 0;
    }

    /// Returns `error` with the number of bytes of the message that the output already has.
    fn explain(&self, error: io::Error, message: &Message) -> io::Error {
        if self.taken == 0 {
            return error;
        }
        io::Error::other(format!(
            "{error}; the last {} bytes that it took are the beginning of a message of client {}, which was rejected",
            self.taken, message.pid
        ))
    }
}

impl Write for Buffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > Self::SIZE {
            self.flush()?;
        }
        if bytes.len() >= Self::SIZE {
            return write_some(&mut self.file, bytes).inspect(|n| self.taken += *n as u64);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            let n = write_some(&mut self.file, rest)?;
            self.taken += n as u64;
            rest = &rest[n..];
        }
        self.buffer.clear();
        Ok(())
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

/// Writes all of `bytes`, also to what somebody made non-blocking.
pub fn write_all(out: &mut (impl Write + AsFd), mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        bytes = &bytes[write_some(out, bytes)?..];
    }
    Ok(())
}

/// Writes at least one of `bytes`, and returns how many it was.
fn write_some(out: &mut (impl Write + AsFd), bytes: &[u8]) -> io::Result<usize> {
    loop {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => return Ok(n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ffi::wait_writable(out.as_fd(), None)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// `bytes` as text that a terminal does not obey; see [`write_for_terminal`].
pub fn for_terminal(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    // Writing into memory cannot fail.
    let _ = write_for_terminal(&mut out, bytes);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes `bytes` as text that a terminal does not obey, and that can be read back: control characters, invisible
/// characters, backslashes and whatever is not UTF-8 are escaped.
fn write_for_terminal(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    for chunk in bytes.utf8_chunks() {
        write_escaped(out, chunk.valid(), |out, c| {
            let is_escaped = c == '\\' || c.is_control() || is_invisible(c);
            if is_escaped {
                write!(out, "{}", c.escape_default())?;
            }
            Ok(is_escaped)
        })?;
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Writes `text`. `escape` writes those characters that do not stand for themselves, and returns whether it did.
pub fn write_escaped<W: Write>(
    out: &mut W,
    text: &str,
    escape: impl Fn(&mut W, char) -> io::Result<bool>,
) -> io::Result<()> {
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        // What stands before it goes out first, in one piece.
        if !needs_no_escape(c) {
            out.write_all(&bytes[plain..at])?;
            plain = at;
            if escape(out, c)? {
                plain = at + c.len_utf8();
            }
        }
    }
    out.write_all(&bytes[plain..])
}

/// Whether no format escapes `c`.
const fn needs_no_escape(c: char) -> bool {
    matches!(c, ' '..='!' | '#'..='[' | ']'..='~')
}

/// Whether `c` changes the text around it unseen: directions (UAX #9, section 2), separators, and the Unicode tags. The
/// joiners are left alone, which many scripts and emoji need.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

fn write_object(out: &mut impl Write, message: &Message) -> io::Result<()> {
    let (pid, bytes) = (message.pid, message.payload.len());
    write!(out, "{{\"pid\":{pid},\"uid\":")?;
    match message.uid {
        Some(uid) => write!(out, "{uid}")?,
        None => out.write_all(b"null")?,
    }
    write!(out, ",\"bytes\":{bytes},")?;
    match std::str::from_utf8(&message.payload) {
        Ok(text) => {
            out.write_all(b"\"text\":")?;
            json::write_string(out, text)?;
        }
        Err(_) => {
            out.write_all(b"\"base64\":\"")?;
            json::write_base64(out, &message.payload)?;
            out.write_all(b"\"")?;
        }
    }
    let duration = decimal(message.duration.as_nanos(), SECOND, 6);
    let resent = message.resent;
    writeln!(
        out,
        ",\"retransmissions\":{resent},\"duration\":{duration}}}"
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
