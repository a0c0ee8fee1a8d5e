//! `serve --pid-file`: a file with the server's PID while the server runs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use minitalk::Pid;
use minitalk::client;
use minitalk::internals::ffi::{self, Errno};
use minitalk::internals::process::peer::Peer;
use minitalk::internals::process::proc;

use super::exit::Failure;

/// Holds a PID file, which is locked (`flock(2)`) until this is dropped, and removed then.
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Writes the file, atomically because another program may wait for it. Replaces only the PID file of a server that has
    /// ended.
    pub fn write(path: PathBuf) -> Result<Self, Failure> {
        let part = Self::create(&path).map_err(|error| refused(&path, error))?;
        loop {
            // Unlike rename, link replaces nothing, and of several processes only one succeeds.
            match fs::hard_link(&part.path, &path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&path, error)),
            }
            let Some(stale) = stale(&path)? else {
                continue;
            };
            // The lock on the stale file excludes other processes that found it stale too.
            if is_at(&stale, &path) {
                fs::rename(&part.path, &path).map_err(|error| refused(&path, error))?;
                break;
            }
        }
        let file = part.file.try_clone();
        let file = file.map_err(|error| refused(&path, error))?;
        Ok(Self { path, file })
    }

    /// Writes the file under another name in the directory of `path`.
    fn create(path: &Path) -> io::Result<Self> {
        let mut suffix = 0;
        loop {
            let mut part = path.as_os_str().to_owned();
            part.push(format!(".{}.{suffix}", ffi::getpid()));
            // O_EXCL refuses an existing file or link.
            match File::options().write(true).create_new(true).open(&part) {
                Ok(file) => {
                    let mut part = Self {
                        path: part.into(),
                        file,
                    };
                    writeln!(part.file, "{}", ffi::getpid())?;
                    ffi::try_lock(&part.file)?;
                    return Ok(part);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && suffix < 100 => {
                    suffix += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens and locks the PID file of a server that has ended. Returns `None` if the file no longer exists.
fn stale(path: &Path) -> Result<Option<File>, Failure> {
    let refuse = |why: &str| Err(refused(path, why));
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => return refuse("it is not a regular file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(path, error)),
    };
    let mut text = Vec::new();
    let read = Read::by_ref(&mut file).take(64).read_to_end(&mut text);
    let Some(pid) = read
        .ok()
        .and_then(|_| Pid::parse(std::str::from_utf8(text.trim_ascii()).ok()?).ok())
    else {
        return refuse("the file exists and contains no PID");
    };
    let is_locked = match ffi::try_lock(&file) {
        Ok(()) => false,
        Err(Errno::AGAIN) => true,
        Err(error) => return Err(refused(path, io::Error::from(error))),
    };
    let is_server = || Peer::open(pid).is_ok_and(|peer| client::check(&peer).is_ok());
    if is_locked || (is_server() && is_as_old(pid, &file)) {
        return refuse(&format!("its server, PID {pid}, is still running"));
    }
    Ok(Some(file))
}

/// Returns whether the process may be older than `file`. If it is not, its PID was recycled after `file` was written.
fn is_as_old(pid: Pid, file: &File) -> bool {
    /// Limits the difference between the clock of processes and that of files, unless a clock is set.
    const SLACK: Duration = Duration::from_secs(1);
    let written = file.metadata().and_then(|metadata| metadata.modified());
    let age = written.ok().and_then(|time| time.elapsed().ok());
    match (proc::uptime(pid), age) {
        (Ok(uptime), Some(age)) => uptime + SLACK >= age,
        _ => true,
    }
}

/// Returns whether `path` is `file` itself and not a link to it.
fn is_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = fs::symlink_metadata(path).map(id).ok();
    there.is_some() && there == file.metadata().map(id).ok()
}

fn refused(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::io(format!("cannot write the PID file {path:?}"), why)
}
