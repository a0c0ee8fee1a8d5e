//! The help texts.

use std::io;

use minitalk::dialect::spec::{self, Key, Preset};

use super::exit::Failure;
use super::format::write_stdout;

pub fn print(text: &str) -> Result<(), Failure> {
    match write_stdout(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output", error))
        }
        _ => Ok(()),
    }
}

pub const MAIN: &str = "\
minitalk: messages between processes over nothing but SIGUSR1 and SIGUSR2, or a real-time signal

usage:
  minitalk serve [options]                 print this process's PID, then the messages that come
  minitalk send PID|NAME [MESSAGE]         send a message (or standard input) to a server
  minitalk trace [options]                 as serve, and shows every byte that comes and what is answered
  minitalk demo [MESSAGE]                  do both, and show it
  minitalk check --client|--server PATH    what another client or server does well, and what not
  minitalk list                            the servers on this machine that may be signalled
  minitalk dialects                        the wire habits of other programs that serve and send understand
  minitalk completions bash|zsh|fish       completions of the command line, for a shell
  minitalk man                             the manual page: minitalk man | man -l -
  minitalk help [COMMAND]                  the options of a command
  minitalk --version

Called by the name of server or client, through a link, it is the classic pair:
  server                                   as minitalk serve
  client PID MESSAGE                       as minitalk send

exit codes:
  0  delivered, or served to the end       5  refused: the target does not handle the signals,
  1  input or output error                    which would kill it
  2  usage                                 6  no progress before the timeout
  3  no such process                       7  the server rejected the message
  4  not permitted                         8  the server ended on the way
                                           9  check found failures
A command that SIGINT or SIGTERM ends in mid-message dies of that signal.
";

pub const SERVE: &str = "\
usage: minitalk serve [options]

Prints \"PID 4242\" on the first line of standard output, then each message and a newline when it is complete. A message
is written before its client is told that it is delivered. On a terminal, control characters (line ends too), invisible
characters and backslashes are shown escaped, whatever the format.
SIGINT and SIGTERM end it: finished messages are written first, clients in mid-message are told; a second one ends it at
once. SIGHUP does not, but the end of a terminal that is its standard output does. It is ready when it has printed its
PID, written the PID file, and told NOTIFY_SOCKET, if that is set (sd_notify(3)).

options:
  --format text|raw|json   text: as above. raw: nothing but the messages' bytes, the PID on standard error.
                           json: one object a line, first {\"PID\": 4242 }, then for each message pid, uid (if the
                           kernel attested it), bytes, text (or base64), retransmissions, duration (in seconds)
  --count N                end after N messages
  --max-message BYTES      reject longer messages (default 16777216)
  --max-memory BYTES       what all clients' messages may take at once; clients wait, then are rejected (default
                           134217728, or twice --max-message)
  --lane auto|bit          bit: take messages in bits only, and do not catch the signal of words (default auto)
  --dialect SPEC           how clients of other makes talk: a preset or key=value,... as listed by
                           minitalk dialects; auto (default): find it out, and say so on standard error
  --first N                with --dialect: send no more than N signals and end, as a client does that is killed
  --eco                    burn no CPU to be fast: sleep for every signal, on one CPU, where clients with --eco follow
  --idle-timeout SECONDS   drop the half message of a client silent for so long (default 60; 0: never)
  --trace                  show every byte that comes, and what is answered, on standard error; -v: every signal
  --color auto|always|never
                           colours in the trace (auto: on a terminal, unless NO_COLOR is set)
  --timestamps             begin each line on standard error with the time
  --name NAME              be found by this name: minitalk send NAME (at most 15 bytes)
  --pid-file PATH          write the PID there once ready; removed at the end. It is an error if something is there that
                           is not the PID file of a server that has ended
  -h, --help
";

pub const SEND: &str = "\
usage: minitalk send PID|NAME [MESSAGE] [options]

Sends MESSAGE, or standard input if there is none or it is -, to the server with that PID or name (see minitalk list),
and returns once the server has written it to its output. Silent on success. Before the first signal it makes sure that
the target handles SIGUSR1 and SIGUSR2, which kill a process that does not.

options:
  --file PATH              send the contents of a file
  --timeout SECONDS        give up when the server is silent for so long (default 5)
  --lane auto|bit|word     how the message travels. bit: by SIGUSR1 and SIGUSR2. word: 24 bytes a signal, by real-time
                           signal 44, or not at all. auto (default): in words where the server takes them
  --dialect SPEC           talk to a server of another kind: a preset or key=value,... as listed by minitalk dialects
  --eco                    burn no CPU to be fast: sleep for every answer, on the CPU where the server runs
  --progress auto|always|never
                           show how far it is, on standard error (auto: on a terminal, if it takes over a second)
  --force                  skip the check that the target handles the signals
  -v, --verbose            say on standard error what it took: bytes, signals, retransmissions, time, rate
  -h, --help
  --                       end of options: what follows is PID and MESSAGE, whatever it looks like

exit codes: see minitalk --help
";

pub const TRACE: &str = "\
usage: minitalk trace [options]

A server that shows on standard output how it is spoken to: a line for each byte with the time since the line before,
the sender's PID, the signal that completed it and its si_code, the bits in the order in which they came, the byte, and
what was answered. Messages follow in quotes. SIGINT and SIGTERM end it. Where it is read too slowly, lines are left out
and counted; no client waits for them, except for its message to be printed.

options:
  -v, --verbose            a line for each signal
  --color auto|always|never
                           colours (auto: on a terminal, unless NO_COLOR is set)
  and those of minitalk serve, but for --format
  -h, --help
";

pub const LIST: &str = "\
usage: minitalk list

Lists the servers of this program that this user may signal: PID, name (serve --name), user, lanes, dialect, and for how
long they have been running. There is no registry: all of it stands in /proc.
";

pub const DEMO: &str = "\
usage: minitalk demo [MESSAGE] [options]

Starts a server as a second process, sends it MESSAGE (or standard input, if that is a pipe or a file, or a short text
of its own), shows what the server printed, and stops the server. The server's output goes to standard output, what it
took to standard error. Exit code 0 only if the bytes were identical.

options:
  --lane auto|bit|word     how the message travels (default bit); see minitalk help send
  --eco                    both ends burn no CPU to be fast
  --trace                  show every byte on its way; -v: every signal
  -h, --help
";

pub const CHECK: &str = "\
usage: minitalk check --client PATH [options]
       minitalk check --server PATH [options]
       minitalk check --client PATH --server PATH [options]

Runs another minitalk program against our half, and with both also the two against each other. Reports its dialect, and
whether texts of 1 to 10,000 bytes, the empty one and UTF-8 arrive as they were sent, how fast, and what happens when
things go wrong. What is run is \"server\", without arguments, and \"client PID MESSAGE\". It takes from ten seconds to two
minutes; what hangs is killed. Nothing but what it started itself is signalled.

  ok    as it should be                    warn  could be better, and need not be
  FAIL  the exercise demands otherwise     info  neither

Demanded: that the server prints its PID; that 1, 100 and 1,000 bytes, the empty text and UTF-8 arrive exactly, 100
bytes in less than a second, and 10,000 if they take no more than 30 s; that a client refuses a PID that nobody has;
that a server takes no more than 5 % of a CPU while it has nothing to do. Good to have: two clients at once, stray
signals, a server that prints the next message exactly when a client was killed in mid-message, a client that notices
the end of its server, a handler that calls only what it may.

options:
  --client PATH            the client to check
  --server PATH            the server to check
  --audit PATH             the program that audits signal handlers, run as PATH --binary PROGRAM --follow; exit code 0
                           if they pass, 1 if not. Without it, minitalk-audit beside this program or in PATH, which
                           cargo build -p xtask makes, for programs for x86-64
  --json                   one object: passed, and for client, server and pair program, dialect, passed and rows with
                           verdict, what, detail, seconds and bytes_per_second
  -h, --help

exit codes: 0 all that is demanded holds; 9 not all does; 1 a program cannot be run; 2 usage
";

/// The presets and the keys of dialects.
pub fn dialects() -> String {
    let mut text = String::from(
        "\
A dialect is how a minitalk program talks: which signal is a 1, in which order the bits come, what frames the text, what
is acknowledged. --dialect of serve and send takes a preset, or key=value,..., or a preset and changes to it:
  minitalk serve --dialect lsb
  minitalk send --dialect lsb,ack=none,pace=500 4242 \"Hello\"
What is not said is as in classic.

presets:
",
    );
    for Preset {
        name,
        spec,
        meaning,
    } in spec::PRESETS
    {
        text.push_str(&format!("  {name:<14} {meaning}\n"));
        if !spec.is_empty() {
            text.push_str(&format!("  {:<14}   {spec}\n", ""));
        }
    }
    text.push_str("\nkeys (the first value is that of classic):\n");
    for Key {
        name,
        values,
        meaning,
    } in spec::KEYS
    {
        text.push_str(&format!("  {:<42} {meaning}\n", format!("{name}={values}")));
    }
    text.push_str("\nserve --dialect auto (the default) finds out what a client speaks; see docs/dialects.md.\n");
    text
}
