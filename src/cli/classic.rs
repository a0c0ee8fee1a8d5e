//! The classic pair: `server` and `client PID MESSAGE`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use minitalk::client::Options;

use super::exit::{Exit, Failure};
use super::progress::ShowProgress;
use super::send;
use super::serve;
use super::source::Source;
use super::target;

/// Runs `server`.
pub fn server(args: Vec<OsString>) -> Result<(), Failure> {
    if !args.is_empty() {
        return Err(Failure::new(Exit::Usage, "server takes no arguments"));
    }
    serve::serve(serve::Options::default())
}

/// Runs `client PID MESSAGE`.
pub fn client(args: Vec<OsString>) -> Result<(), Failure> {
    let [pid, message] = <[OsString; 2]>::try_from(args).map_err(|args| {
        let count = args.len();
        let text = format!("client takes two arguments, PID and MESSAGE, but got {count}");
        Failure::new(Exit::Usage, text)
    })?;
    let pid = target::pid(&pid)?;
    let source = Source::Argument(message.into_vec());
    send::send(pid, source, Options::default(), ShowProgress::Never).map(drop)
}
