//! The classic pair: `server` and `client PID MESSAGE`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use minitalk::client::Options;
use minitalk::wire::sender::Lane;

use super::exit::{Exit, Failure};
use super::help;
use super::progress::ShowProgress;
use super::send;
use super::serve;
use super::source::Source;
use super::target;

const HELP: &str = "\
usage: server
       client PID MESSAGE

The pair of the minitalk exercise. It does what the exercise's evaluators expect:
  server prints its PID, then each message as soon as it is complete, from one client after another
  client returns once the message is written, prints nothing then, and otherwise Error: and the reason
  100 characters take less than a second; empty texts and Unicode arrive unchanged; each message is acknowledged
  each message travels by SIGUSR1 and SIGUSR2 alone
The client speaks to minitalk's servers only; minitalk send --dialect speaks to others, and minitalk check tests them.
";

/// Runs `server`.
pub fn server(args: Vec<OsString>) -> Result<(), Failure> {
    if is_help(&args) {
        return help::print(HELP);
    }
    if !args.is_empty() {
        return Err(Failure::new(Exit::Usage, "server takes no arguments"));
    }
    let mut options = serve::ServeOptions::default();
    options.bits_only = true;
    serve::serve(options)
}

fn is_help(args: &[OsString]) -> bool {
    matches!(args, [arg] if arg == "-h" || arg == "--help")
}

/// Runs `client PID MESSAGE`.
pub fn client(args: Vec<OsString>) -> Result<(), Failure> {
    if is_help(&args) {
        return help::print(HELP);
    }
    let [pid, message] = <[OsString; 2]>::try_from(args).map_err(|args| {
        let count = args.len();
        let text = format!("client takes two arguments, PID and MESSAGE, but got {count}");
        Failure::new(Exit::Usage, text)
    })?;
    let pid = target::pid(&pid)?;
    let source = Source::Argument(message.into_vec());
    let mut options = Options::default();
    options.lane = Lane::Bit;
    send::send(pid, source, options, ShowProgress::Never, false).map(drop)
}
