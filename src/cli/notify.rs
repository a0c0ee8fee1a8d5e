//! Notifies a supervisor that the server is ready (`sd_notify(3)`).

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends READY=1 to the socket NOTIFY_SOCKET, if it is set and not empty.
pub fn ready() -> io::Result<()> {
    // A script that wants no notification often sets the variable to nothing instead of removing it.
    match std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty()) {
        Some(address) => send(&address, b"READY=1\n"),
        None => Ok(()),
    }
}

fn send(address: &OsStr, text: &[u8]) -> io::Result<()> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(address)?,
    };
    UnixDatagram::unbound()?
        .send_to_addr(text, &address)
        .map(drop)
}
