//! The standard streams, written without gaps even if another process has made them non-blocking.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use minitalk::internals::ffi::{self, Errno, Wanted};

/// Buffers standard output: a short message is one `write(2)`, and a long one costs no memory.
///
/// Unlike [`BufWriter`](io::BufWriter), it drops the rest of a message that could not be written.
pub struct Stdout {
    file: File,
    buffer: Vec<u8>,
    /// Counts the bytes of the current message that are written.
    pub written: u64,
}

impl Stdout {
    const SIZE: usize = 64 << 10;

    /// Allocates descriptor and buffer, which could be unobtainable later.
    pub fn open() -> io::Result<Self> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(Self::SIZE)?;
        Ok(Self {
            file: stdout()?,
            buffer,
            written: 0,
        })
    }

    /// Begins a message.
    pub fn begin(&mut self) {
        self.buffer.clear();
        self.written = 0;
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > Self::SIZE {
            self.flush()?;
        }
        if bytes.len() >= Self::SIZE {
            return write_some(&mut self.file, bytes).inspect(|n| self.written += *n as u64);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            let n = write_some(&mut self.file, rest)?;
            self.written += n as u64;
            rest = &rest[n..];
        }
        self.buffer.clear();
        Ok(())
    }
}

/// Returns whether to print colours on `stream`: on a terminal that is not dumb, unless NO_COLOR or CLICOLOR_FORCE is set.
pub fn has_colors(stream: &impl IsTerminal) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_colored =
        || stream.is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
    !is_set("NO_COLOR") && (is_colored() || is_set("CLICOLOR_FORCE"))
}

/// Returns whether standard output, or else standard error, takes bytes without blocking.
pub fn is_writable(is_stdout: bool) -> Result<bool, Errno> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let stream = match is_stdout {
        true => stdout.as_fd(),
        false => stderr.as_fd(),
    };
    ffi::wait_for(Wanted::Writable(stream), Some(Duration::ZERO))
}

/// Writes all of `bytes` to standard output.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    write_all(&mut stdout()?, bytes)
}

/// Prints a line on standard error in one piece, so that it does not mix with another process's. Ignores errors, which could
/// be reported nowhere.
pub fn print_stderr(text: impl std::fmt::Display) {
    let _ = write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
}

/// Returns standard output, unbuffered.
fn stdout() -> io::Result<File> {
    refuse_closed(1)?;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Returns standard input, unbuffered. A descriptor that cannot be read is an error, and not an empty input as for [`io::Stdin`].
pub fn stdin() -> io::Result<File> {
    refuse_closed(0)?;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Returns an error if the descriptor was closed when the program started: Rust's runtime has opened `/dev/null` in its place.
pub fn refuse_closed(fd: usize) -> io::Result<()> {
    match ffi::was_closed(fd) {
        true => Err(io::Error::other("it is closed")),
        false => Ok(()),
    }
}

/// Writes all of `bytes`; waits if `out` is non-blocking.
pub fn write_all(out: &mut (impl Write + AsFd), mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        bytes = &bytes[write_some(out, bytes)?..];
    }
    Ok(())
}

/// Writes at least one of `bytes`; returns how many were written.
fn write_some(out: &mut (impl Write + AsFd), bytes: &[u8]) -> io::Result<usize> {
    loop {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => return Ok(n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ffi::wait_for(Wanted::Writable(out.as_fd()), None)?;
            }
            Err(error) => return Err(error),
        }
    }
}
