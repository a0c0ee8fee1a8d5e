//! The ways in which a handler may be interrupted by itself.

/// Describes the ways in which a handler may be interrupted by itself. A way is `None` if its possibility is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nesting {
    /// Whether the handler's own signal may interrupt it because of `SA_NODEFER`.
    pub flag: Option<bool>,
    /// Whether the handler's own signal may interrupt it because the handler unblocks the signal.
    pub unblocks: Option<bool>,
    /// Whether another of the handler's signals may interrupt it because the handler's mask does not block that signal.
    pub other: Option<bool>,
    /// Whether another thread may run the handler at the same time.
    pub threads: Option<bool>,
}

impl Default for Nesting {
    fn default() -> Self {
        Self {
            flag: Some(false),
            unblocks: Some(false),
            other: Some(false),
            threads: Some(false),
        }
    }
}

impl Nesting {
    const fn all(self) -> [(Option<bool>, &'static str, &'static str); 4] {
        [
            (
                self.flag,
                "by SA_NODEFER",
                "if SA_NODEFER is set, which is not known,",
            ),
            (
                self.unblocks,
                "for it unblocks its signal,",
                "if what it does to the mask unblocks its signal, which is not known,",
            ),
            (
                self.other,
                "for another of its signals, which is not blocked,",
                "if another of its signals is not blocked, which is not known,",
            ),
            (
                self.threads,
                "for another thread may run it at the same time,",
                "if another thread may run it at the same time, which is not known,",
            ),
        ]
    }

    /// Returns whether the handler may be interrupted by itself, or `None` if that is unknown.
    pub fn is_certain(self) -> Option<bool> {
        let all = self.all().map(|(way, ..)| way);
        if all.contains(&Some(true)) {
            Some(true)
        } else {
            (all == [Some(false); 4]).then_some(false)
        }
    }

    /// Returns why the handler may be interrupted by itself.
    pub fn why(self) -> &'static str {
        let all = self.all();
        let certain = all.iter().find(|(way, ..)| *way == Some(true));
        let open = || all.iter().find(|(way, ..)| way.is_none());
        match (certain, open()) {
            (Some((_, why, _)), _) | (None, Some((_, _, why))) => why,
            (None, None) => "",
        }
    }
}
