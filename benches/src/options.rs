//! The command line of the benchmark.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::{Result, number};

/// The text of `--help`.
pub const HELP: &str = "\
usage: cargo bench -p bench -- [options]

Measures minitalk beside what signals cost without it, all series round-robin, and prints tables (Markdown) to standard
output. Exit code 0 if all was measured and every message arrived intact, 1 if not, 2 for a usage error. With the defaults it
takes some five minutes on two cores. Series of which one round takes a minute are measured in the first alone.

options:
  --quick              a smoke run of everything: tiny sizes, one round, two clients
  --full               messages of 1 MB in bits too, and of 100 MB through everything faster
  --rounds N           rounds (default 5)
  --only PARTS         some of: floors, lanes, streams, latency, clients, both, storms,
                        pair, instructions
  --busy N             run so many busy loops beside it
  --sizes LIST         messages for the bit lane (default 100,1K,10K,100K)
  --word-sizes LIST    messages for the word lane, and for the comparison (default 10K,100K,1M,10M)
  --window N           the floor of words: signals in flight (default 32)
  --clients LIST       clients at once (default 1,2,10,100)
  --clients-bytes N    the message of each (default 1K)
  --server PATH --client PATH
                       another pair to put beside ours: `server` prints its PID, `client PID MESSAGE` sends
  --pair-sizes LIST    messages for the pairs, of letters and digits (default 10,100,1000,10000)
  --pair-timeout SECONDS
                       how long one of them may take (default 20)
  --svg DIR            draw plots into this directory
  -h, --help

Sizes are in bytes; K, M and G are thousands.
";

/// The task that the command line asks for.
pub enum Command {
    /// Print the help.
    Help,
    /// Do nothing: a test runner looks for tests in a benchmark.
    Nothing,
    /// Measure.
    Run(Box<Options>),
}

/// The parts of the benchmark that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`crate::floors`].
    Floors,
    /// [`crate::lane`].
    Lanes,
    /// [`crate::streams`].
    Streams,
    /// [`crate::latency`].
    Latency,
    /// [`crate::both`].
    Both,
    /// [`crate::clients`].
    Clients,
    /// [`crate::storms`].
    Storms,
    /// [`crate::pair`].
    Pair,
    /// [`crate::instructions`].
    Instructions,
}

const PARTS: [(&str, Part); 9] = [
    ("floors", Part::Floors),
    ("lanes", Part::Lanes),
    ("streams", Part::Streams),
    ("latency", Part::Latency),
    ("both", Part::Both),
    ("clients", Part::Clients),
    ("storms", Part::Storms),
    ("pair", Part::Pair),
    ("instructions", Part::Instructions),
];

/// The options of a measurement.
pub struct Options {
    /// Whether this is a smoke run.
    pub quick: bool,
    /// The number of rounds.
    pub rounds: u32,
    /// The number of busy loops beside the measurement.
    pub busy: u32,
    /// The selected parts.
    pub parts: Vec<Part>,
    /// Sizes of the messages for the bit lane, in bytes.
    pub sizes: Vec<usize>,
    /// Sizes of the messages for the word lane, in bytes.
    pub word_sizes: Vec<usize>,
    /// The number of words in flight in the floor of words.
    pub window: u32,
    /// The numbers of concurrent clients.
    pub clients: Vec<u32>,
    /// The size of each client's message, in bytes.
    pub clients_bytes: usize,
    /// The server and the client of another program.
    pub pair: Option<(PathBuf, PathBuf)>,
    /// Sizes of the messages of pairs, in bytes.
    pub pair_sizes: Vec<usize>,
    /// The time limit of each message of a pair.
    pub pair_timeout: Duration,
    /// The directory for plots.
    pub svg: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quick: false,
            rounds: 5,
            busy: 0,
            parts: PARTS.iter().map(|part| part.1).collect(),
            sizes: vec![100, 1_000, 10_000, 100_000],
            word_sizes: vec![10_000, 100_000, 1_000_000, 10_000_000],
            window: 32,
            clients: vec![1, 2, 10, 100],
            clients_bytes: 1_000,
            pair: None,
            pair_sizes: vec![10, 100, 1_000, 10_000],
            pair_timeout: Duration::from_secs(20),
            svg: None,
        }
    }
}

impl Options {
    fn make_quick(&mut self) {
        self.quick = true;
        self.rounds = 1;
        self.sizes = vec![10, 100];
        self.word_sizes = vec![10_000, 100_000];
        self.clients = vec![1, 2];
        self.clients_bytes = 100;
        self.pair_sizes = vec![10, 100];
    }

    fn make_full(&mut self) {
        self.sizes.push(1_000_000);
        self.word_sizes.push(100_000_000);
    }
}

/// Parses the arguments.
///
/// # Errors
/// When an argument is unknown or its value is invalid.
pub fn parse(arguments: Vec<OsString>) -> Result<Command> {
    // The argument that cargo bench adds. Without it and without other arguments, a test runner has started this program.
    let count = arguments.len();
    let arguments: Vec<OsString> = arguments
        .into_iter()
        .filter(|word| word != "--bench")
        .collect();
    if count == 0 || arguments.iter().any(|word| word == "--list") {
        return Ok(Command::Nothing);
    }
    let mut options = Options::default();
    // These options change defaults, wherever they occur.
    if arguments.iter().any(|word| word == "--quick") {
        options.make_quick();
    }
    if arguments.iter().any(|word| word == "--full") {
        options.make_full();
    }
    let (mut server, mut client) = (None, None);
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("quick" | "full") => {}
            Arg::Long("rounds") => options.rounds = count_of(&mut parser, "--rounds")?,
            Arg::Long("busy") => {
                options.busy = value(&mut parser, "--busy", |text| text.parse().ok())?;
            }
            Arg::Long("only") => options.parts = list_of(&mut parser, "--only", part)?,
            Arg::Long("sizes") => options.sizes = list_of(&mut parser, "--sizes", number::size)?,
            Arg::Long("word-sizes") => {
                options.word_sizes = list_of(&mut parser, "--word-sizes", number::size)?;
            }
            Arg::Long("window") => options.window = count_of(&mut parser, "--window")?,
            Arg::Long("clients") => {
                let one = |text: &str| text.parse().ok().filter(|n| (1..=1_000).contains(n));
                options.clients = list_of(&mut parser, "--clients", one)?;
            }
            Arg::Long("clients-bytes") => {
                options.clients_bytes = value(&mut parser, "--clients-bytes", number::size)?;
            }
            Arg::Long("server") => server = Some(parser.value()?.into()),
            Arg::Long("client") => client = Some(parser.value()?.into()),
            Arg::Long("pair-sizes") => {
                options.pair_sizes = list_of(&mut parser, "--pair-sizes", number::size)?;
            }
            Arg::Long("pair-timeout") => {
                let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
                options.pair_timeout = value(&mut parser, "--pair-timeout", seconds)?;
            }
            Arg::Long("svg") => options.svg = Some(parser.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    options.pair = match (server, client) {
        (Some(server), Some(client)) => Some((server, client)),
        (None, None) => None,
        _ => return Err("--server and --client must be given together".into()),
    };
    Ok(Command::Run(Box::new(options)))
}

fn part(name: &str) -> Option<Part> {
    PARTS.iter().find(|part| part.0 == name).map(|part| part.1)
}

fn count_of(parser: &mut Parser, option: &str) -> Result<u32> {
    value(parser, option, |text| text.parse().ok().filter(|n| *n > 0))
}

fn list_of<T>(
    parser: &mut Parser,
    option: &str,
    one: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>> {
    value(parser, option, |text| number::list(text, one))
}

fn value<T>(parser: &mut Parser, option: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let text = parser.value()?.string()?;
    read(&text).ok_or_else(|| format!("invalid value of {option}: {text:?}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Result<Box<Options>> {
        let words = ["--bench"].iter().chain(words).map(|word| word.into());
        match parse(words.collect())? {
            Command::Run(options) => Ok(options),
            _ => Err("not a run".into()),
        }
    }

    #[test]
    fn explicit_options_override_quick_and_full() {
        let given =
            options(&["--sizes", "5,1K", "--quick", "--only=lanes,pair", "--full"]).unwrap();
        assert_eq!((given.rounds, &given.sizes[..]), (1, &[5, 1_000][..]));
        assert_eq!(given.parts, [Part::Lanes, Part::Pair]);
        assert_eq!(given.word_sizes.last(), Some(&100_000_000));
    }

    #[test]
    fn invalid_options_are_rejected() {
        for words in [
            &["--server", "x"][..],
            &["--rounds", "0"],
            &["--clients", "1,x"],
            &["--only", "nothing"],
            &["--what"],
            &["what"],
        ] {
            assert!(options(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn test_runners_find_no_tests() {
        assert!(matches!(parse(vec![]), Ok(Command::Nothing)));
        let list = ["--list", "--format", "terse"].map(OsString::from);
        assert!(matches!(parse(list.into()), Ok(Command::Nothing)));
        assert!(matches!(parse(vec!["--bench".into()]), Ok(Command::Run(_))));
    }
}
