//! Where a message to send comes from.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;

use minitalk::internals::ffi::{self, Wanted};
use minitalk::wire::frame::MAX_LEN;

use super::exit::Failure;
use super::stdio::stdin;

/// Limits the bytes of a message: a frame holds no more.
const LONGEST: usize = MAX_LEN as usize;

/// Says where a message comes from.
pub enum Source {
    Argument(Vec<u8>),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// Reads the whole message.
    pub fn read(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Argument(bytes) => Ok(bytes),
            Self::File(path) => {
                let read = File::open(&path).and_then(|mut file| {
                    if file.metadata()?.len() > LONGEST as u64 {
                        return Err(too_long(LONGEST));
                    }
                    read_whole(&mut file, LONGEST)
                });
                read.map_err(|error| Failure::io(format!("cannot read {path:?}"), error))
            }
            Self::Stdin => {
                let read = stdin().and_then(|file| read_whole(&mut Blocking(file), LONGEST));
                read.map_err(|error| Failure::io("cannot read standard input", error))
            }
        }
    }
}

/// Reads to the end.
///
/// # Errors
/// Returns an error of the reader, FileTooLarge beyond `limit` bytes, or OutOfMemory without memory for them.
fn read_whole(from: &mut dyn Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if count > limit - bytes.len() {
            return Err(too_long(limit));
        }
        bytes.try_reserve(count)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

fn too_long(limit: usize) -> io::Error {
    let text = format!("more than {limit} bytes, the longest message");
    io::Error::new(ErrorKind::FileTooLarge, text)
}

/// Wraps a reader, and waits for input even if another process has made its descriptor non-blocking.
struct Blocking<R>(R);

impl<R: Read + AsFd> Read for Blocking<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ffi::wait_for(Wanted::Readable(self.0.as_fd()), None)?;
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_limit() {
        let mut input = io::repeat(7).take(200_000);
        assert_eq!(read_whole(&mut input, 200_000).unwrap(), [7; 200_000]);
        let mut endless = io::repeat(7).take(1 << 20);
        let error = read_whole(&mut endless, 200_000).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(endless.limit() > (1 << 20) - 400_000, "it read on");
    }
}
