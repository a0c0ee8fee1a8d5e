//! The classic pair: `server` and `client PID MESSAGE`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use minitalk::client::Options;

use super::exit::{Exit, Failure};
use super::progress::When;
use super::send::{self, Source};
use super::serve;
use super::target;

pub fn server(args: Vec<OsString>) -> Result<(), Failure> {
    if !args.is_empty() {
        return Err(Failure::new(Exit::Usage, "server takes no arguments"));
    }
    serve::serve(serve::Options::default())
}

pub fn client(args: Vec<OsString>) -> Result<(), Failure> {
    let [pid, message] = <[OsString; 2]>::try_from(args).map_err(|args| {
        let count = args.len();
        Failure::new(
            Exit::Usage,
            format!("client takes two arguments, PID and MESSAGE, and was given {count}"),
        )
    })?;
    let pid = target::pid(&pid)?;
    send::send(
        pid,
        Source::Argument(message.into_vec()),
        Options::default(),
        When::Never,
    )
    .map(drop)
}
