//! Why a test did not pass: a verdict on somebody's program must be right, or say that it is not sure.

use std::fmt;
use std::time::Duration;

/// The remedy for a test that there was no time for.
const TIME_IS_UP: &str = "the time of the check is up (--time-limit)";

/// A search may have failed for lack of CPU if the programs waited for a CPU for more than this fraction (1/n) of its time.
const STARVED: u32 = 10;

/// Says why a test did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPassed {
    /// The program does not work as it should.
    Failed(String),
    /// The program may be right or wrong.
    NotSure(String),
    /// The test was not made.
    NotTried(String),
}

impl NotPassed {
    /// Returns the reason for a test that there was no time for.
    pub fn no_time() -> Self {
        Self::NotTried(TIME_IS_UP.into())
    }

    /// Returns the reason for a test that there was no time to finish; `progress` says how far it came.
    pub fn unfinished(progress: &str) -> Self {
        Self::NotSure(format!("{TIME_IS_UP}{progress}"))
    }

    /// Returns the reason for a search in vain, in which the programs have waited for a CPU for the time `withheld`.
    pub fn in_vain(why: String, withheld: Duration, elapsed: Duration) -> Self {
        match withheld * STARVED > elapsed {
            true => Self::NotSure(format!("the machine is slow: {why}")),
            false => Self::Failed(why),
        }
    }

    /// Returns whether the program may be right or wrong.
    pub const fn is_undecided(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }

    /// Returns the same with the reason in other words.
    pub fn map(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Failed(why) => Self::Failed(words(why)),
            Self::NotSure(why) => Self::NotSure(words(why)),
            Self::NotTried(why) => Self::NotTried(words(why)),
        }
    }
}

impl fmt::Display for NotPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => f.write_str(why),
            Self::NotSure(why) => write!(f, "not sure: {why}"),
            Self::NotTried(why) => write!(f, "not tried: {why}"),
        }
    }
}

impl From<String> for NotPassed {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for NotPassed {
    fn from(why: &str) -> Self {
        Self::Failed(why.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_in_vain_is_unsure_if_the_programs_have_waited_for_a_cpu() {
        let search = |withheld| {
            let [withheld, elapsed] = [withheld, 1000].map(Duration::from_millis);
            NotPassed::in_vain("none".into(), withheld, elapsed).to_string()
        };
        assert_eq!(search(100), "none");
        assert_eq!(search(101), "not sure: the machine is slow: none");
    }
}
