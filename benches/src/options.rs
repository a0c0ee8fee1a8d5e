//! The command line.

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
  --only PARTS         some of: floors, lanes, streams, latency, clients, pair, instructions
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

/// What is to be done.
pub enum Command {
    /// Print the help.
    Help,
    /// A test runner looks for tests in a benchmark.
    Nothing,
    /// Measure.
    Run(Box<Options>),
}

/// What can be left out.
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
    /// [`crate::clients`].
    Clients,
    /// [`crate::pair`].
    Pair,
    /// [`crate::instructions`].
    Instructions,
}

const PARTS: [(&str, Part); 7] = [
    ("floors", Part::Floors),
    ("lanes", Part::Lanes),
    ("streams", Part::Streams),
    ("latency", Part::Latency),
    ("clients", Part::Clients),
    ("pair", Part::Pair),
    ("instructions", Part::Instructions),
];

/// What to measure.
pub struct Options {
    /// Whether it is a smoke run.
    pub quick: bool,
    /// Rounds.
    pub rounds: u32,
    /// The parts.
    pub parts: Vec<Part>,
    /// Bytes of messages for the bit lane.
    pub sizes: Vec<usize>,
    /// Bytes of messages for the word lane.
    pub word_sizes: Vec<usize>,
    /// Words in flight on the floor.
    pub window: u32,
    /// Clients at once.
    pub clients: Vec<u32>,
    /// Bytes of each client's message.
    pub clients_bytes: usize,
    /// Somebody else's server and client.
    pub pair: Option<(PathBuf, PathBuf)>,
    /// Bytes of the messages of pairs.
    pub pair_sizes: Vec<usize>,
    /// How long each may take.
    pub pair_timeout: Duration,
    /// Where to draw.
    pub svg: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quick: false,
            rounds: 5,
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

/// Reads the arguments.
///
/// # Errors
/// When they make no sense.
pub fn parse(arguments: Vec<OsString>) -> Result<Command> {
    // What cargo bench adds. Without it and without anything else, it is a test runner that started us.
    let count = arguments.len();
    let arguments: Vec<OsString> = arguments
        .into_iter()
        .filter(|word| word != "--bench")
        .collect();
    if count == 0 || arguments.iter().any(|word| word == "--list") {
        return Ok(Command::Nothing);
    }
    let mut options = Options::default();
    // They are about defaults, wherever they stand.
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
        _ => return Err("--server and --client come together".into()),
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
    read(&text).ok_or_else(|| format!("{option} {text:?}: not a value for it").into())
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
