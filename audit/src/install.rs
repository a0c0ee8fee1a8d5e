//! Finds the functions that a program installs as handlers: the values that reach the argument of the installing call.

mod argument;
pub mod flags;
mod follow;
pub mod number;
mod sites;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions};

use crate::allow::Allow;
use crate::explore::{Explorer, Hit, Limits, Watch};
use crate::files::Files;
use crate::hash::Map;
use crate::index::Index;
use crate::mask::{Saved, Signals};
use crate::state::{Before, Errno, Stored};
use crate::sweep::is_linked_installer;
use crate::value::{Base, Value};
use flags::{ActionFlags, FlagsAt};

/// Is the number of a file, and an address in it.
pub type Place = (u16, u64);

/// Holds a handler, and the signals for which it is installed.
#[derive(Clone, Default)]
pub struct Handler {
    /// The signals of the handler; empty if they are not known.
    pub signals: BTreeSet<i64>,
    /// Whether the handler is also installed for signals that are not known.
    pub more: bool,
    /// The known facts about the flags of each call that installs the handler.
    pub flags: BTreeSet<ActionFlags>,
    /// The signals, each with the flags that the handler is installed with for it; `None`: a signal that is not known.
    pub runs: BTreeSet<(Option<i64>, ActionFlags)>,
    /// The functions that install the handler.
    pub by: BTreeSet<(u16, u64)>,
    /// The calls that install the handler, or have it installed.
    pub sites: BTreeSet<Place>,
    /// The stores to data of files that may have preceded each of these calls.
    pub before: Vec<Before>,
}

impl Handler {
    /// Returns the signals for which the handler is installed, or the empty set if they are not all known.
    pub fn mask(&self) -> Signals {
        let all = self.signals.iter().copied().map(crate::mask::only);
        if self.more {
            0
        } else {
            all.fold(0, |a, b| a | b)
        }
    }

    /// Returns whether a call is known to install the handler with the flag.
    pub fn is_flagged(&self, flag: u32) -> bool {
        self.flags.iter().any(|flags| flags.has(flag))
    }

    /// Returns whether a signal of this handler comes while `other` runs, or `None` if that is not known.
    ///
    /// A signal does not interrupt the handler that it runs itself, except with SA_NODEFER.
    pub fn interrupts(&self, other: &Self) -> Option<bool> {
        let runs = &other.runs;
        let comes = |signal: Option<i64>| {
            let runs = runs
                .iter()
                .filter(|(own, _)| own.is_none() || *own != signal);
            let masked: Vec<Option<bool>> = runs
                .map(|(own, flags)| flags.masks(signal).filter(|masks| *masks || own.is_some()))
                .collect();
            if masked.iter().all(|masked| *masked == Some(true)) {
                Some(false)
            } else {
                masked
                    .iter()
                    .all(|masked| *masked == Some(false))
                    .then_some(true)
            }
        };
        let signals = self.signals.iter().copied().map(Some);
        let all: Vec<Option<bool>> = signals
            .chain(self.more.then_some(None))
            .map(comes)
            .collect();
        if all.contains(&Some(true)) {
            Some(true)
        } else {
            all.iter()
                .all(|comes| *comes == Some(false))
                .then_some(false)
        }
    }
}

/// Holds the handlers that were found, and the calls that could not be resolved.
#[derive(Default)]
pub struct Found {
    pub handlers: BTreeMap<(u16, u64), Handler>,
    /// Functions of the C library that are handlers themselves.
    pub imported: BTreeMap<String, Handler>,
    /// Calls that install an unknown handler, by file and address, each with the reason.
    pub unresolved: BTreeMap<Place, String>,
    /// The number of calls that install no new handler: the default, ignoring, or the previously installed handler.
    pub others: usize,
    /// The signals that the program ignores; `None`: a signal that is not known.
    pub ignored: BTreeSet<Option<i64>>,
    /// The calls that remove a handler, for the default action or to ignore the signal, each with the signal.
    pub removed: BTreeSet<(Place, Option<i64>)>,
}

/// Describes a value that is wanted from the callers of a function.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Wanted {
    function: Place,
    argument: u8,
    /// The offset from the argument at which the value lies, if it is not an argument itself.
    offset: Option<i32>,
    how: Installation,
    of: What,
}

/// Describes the value that a function is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum What {
    Handler,
    /// The number of a system call.
    Call,
    /// The signal or the flags of the handler at that place.
    Rest(Place),
}

/// Holds the other known facts about the installation of a handler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Installation {
    signal: Signal,
    flags: FlagsAt,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Signal {
    Known(i64),
    Argument(u8),
    Unknown,
}

const LIMITS: Limits = Limits {
    wide: 0,
    apart: 6,
    exact: 4_000,
    total: 30_000,
    depth: 3,
};

/// Limits for functions that are too large for `LIMITS`: no callee is read, and the states of paths are joined where they meet.
const LARGE: Limits = Limits {
    wide: 0,
    apart: 0,
    exact: 0,
    total: 60_000,
    depth: 1,
};

/// The number of instructions explored to find handlers, in all.
const MOST_STEPS: usize = 1_000_000;

/// The number of wrappers, and wrappers of wrappers, that are followed.
const MOST_WRAPPERS: usize = 200;

/// The reason for a call whose action lies at an unknown address.
const PLACE_NOT_KNOWN: &str = "installs what lies at an address that is not known";

struct Finder<'a> {
    files: &'a mut Files,
    index: &'a mut Index,
    allow: &'a Allow,
    found: Found,
    wanted: Vec<Wanted>,
    seen: HashSet<Wanted>,
    /// Words of the file that a handler is loaded from, with the call and how it is installed.
    words: Vec<(Place, Place, Installation)>,
    /// Ranges of words of a file from which an index chooses: the first and the last word, with the call and how it is installed.
    ranges: Vec<((u16, u64, u64), Place, Installation)>,
    explored_words: HashSet<Place>,
    /// Calls that were reached.
    reached: HashSet<Place>,
    /// The reached calls that take the address of a `struct sigaction`, each with the registers that take it.
    actions: HashMap<Place, crate::escape::Set>,
    /// The stores that the calling function may make on each path to a call, by the call.
    before: HashMap<Place, Vec<Rc<Vec<Stored>>>>,
    steps: usize,
    /// The files whose code has been swept: the program, and libraries that install handlers.
    swept: Vec<u16>,
}

/// Finds the handlers that the program installs, and the handlers that its libraries install when the program calls them.
pub fn find(files: &mut Files, index: &mut Index, allow: &Allow) -> Found {
    let mut finder = Finder {
        files,
        index,
        allow,
        found: Found::default(),
        wanted: Vec::new(),
        seen: HashSet::new(),
        words: Vec::new(),
        ranges: Vec::new(),
        explored_words: HashSet::new(),
        reached: HashSet::new(),
        actions: HashMap::new(),
        before: HashMap::new(),
        steps: 0,
        swept: vec![0],
    };
    let file = finder.files.image(0);
    let installs = finder.index.of(0, &file).installs.iter();
    let mut sites: Vec<Place> = installs.map(|at| (0, *at)).collect();
    sites.extend(finder.sites_of_libraries());
    let mut functions: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    for &(image, at) in &sites {
        let function = finder.start_of((image, at));
        if finder.files.linked_libc(image, function.1).is_none() {
            functions.entry(function).or_default().push((image, at));
        }
    }
    // A function of the file that only shares the name of an installing function is read itself, and its callers are read as
    // callers.
    let named = file.names.keys().map(|at| (0, *at)).filter(|(_, at)| {
        is_linked_installer(&file, *at) && finder.files.linked_libc(0, *at).is_none()
    });
    let named: HashSet<Place> = named.collect();
    let watch = || Watch {
        functions: named.clone(),
        ..Watch::default()
    };
    // A part of a function that lies elsewhere is reached from the beginning of the function, which may be read later.
    let (mut known, mut lost) = (HashSet::new(), Vec::new());
    for (function, sites) in functions {
        let (first, is_whole) = finder.explore(function, watch(), LIMITS);
        finder.calls(function, &first);
        let places = |watch: &Watch| watch.hits.iter().map(|h| (function.0, h.at)).collect();
        if is_whole {
            let places: Vec<Place> = places(&first);
            known.extend(places);
        }
        let file = finder.files.image(function.0);
        let (calls, loads): (Vec<Place>, Vec<Place>) = sites
            .into_iter()
            .partition(|(_, at)| file.is_code(*at) && sites::is_direct(&file, *at));
        let is_open = |finder: &Finder, site: &Place| {
            !finder.reached.contains(site) || finder.found.unresolved.contains_key(site)
        };
        if is_whole && !calls.iter().any(|site| is_open(&finder, site)) {
            continue;
        }
        let before = std::mem::take(&mut finder.found.unresolved);
        let (second, is_second_whole) = finder.explore(function, watch(), LARGE);
        finder.calls(function, &second);
        let hit: HashSet<Place> = places(&second).into_iter().collect();
        if is_second_whole {
            known.extend(hit.iter().copied());
        }
        for (site, why) in before {
            // A fact that the second reading knows for all paths holds, even if the first reading did not know it.
            let is_settled = is_second_whole
                && hit.contains(&site)
                && !finder.found.unresolved.contains_key(&site);
            if !is_settled {
                finder.found.unresolved.insert(site, why);
            } else if is_whole {
                finder.found.unresolved.remove(&site);
            }
        }
        for site in calls {
            let is_known = finder.reached.contains(&site)
                && (is_whole || is_second_whole && hit.contains(&site));
            if !is_known {
                lost.push(site);
            }
        }
        // The code that calls the loaded address may not have been read.
        if !is_whole && !is_second_whole {
            for site in loads {
                finder.unresolved(site, "control could not be followed from it");
            }
        }
    }
    for site in lost {
        if !known.contains(&site) {
            finder.unresolved(site, "control could not be followed to it");
        }
    }
    finder.follow();
    finder.within_handlers();
    finder.addresses_taken();
    finder.masks();
    finder.index.handlers = finder.found.handlers.clone();
    finder.index.ignored = finder.found.ignored.clone();
    finder.index.removed = finder.found.removed.clone();
    finder.found
}

impl Finder<'_> {
    /// Explores the function; also returns whether all of it was read.
    fn explore(&mut self, function: Place, watch: Watch, limits: Limits) -> (Watch, bool) {
        let arguments = std::array::from_fn(|n| Value::at(Base::Arg(n as u8), 0));
        self.explore_given(function, watch, limits, &arguments)
    }

    fn explore_given(
        &mut self,
        function: Place,
        watch: Watch,
        limits: Limits,
        arguments: &[Value; 6],
    ) -> (Watch, bool) {
        let file = self.files.image(function.0);
        self.index.of(function.0, &file);
        // Calls in functions that are not explored are unresolved, because control was not followed there.
        if self.steps > MOST_STEPS {
            return (Watch::default(), false);
        }
        let mut explorer = Explorer::new(self.files, self.index, self.allow, limits);
        explorer.watch = Some(watch);
        explorer.function(function.0, function.1, arguments, Errno::Original, false);
        let watch = explorer.watch.take().unwrap_or_default();
        let steps = watch.steps_before.unwrap_or(explorer.steps);
        let (masks, saved) = (explorer.masks, explorer.saved);
        self.steps += steps;
        let is_whole = steps < limits.total;
        if is_whole {
            self.index.note_masks(function, masks, saved);
        }
        (watch, is_whole)
    }

    /// Explores a second time the handlers with an unresolved call, now with the arguments of a handler. The signal may choose an
    /// element of a table of old actions.
    fn within_handlers(&mut self) {
        let unresolved = self.found.unresolved.iter();
        let unresolved: Vec<Place> = unresolved
            .filter(|(_, why)| *why == PLACE_NOT_KNOWN)
            .map(|(at, _)| *at)
            .collect();
        let mut functions: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
        for site in unresolved {
            let function = self.start_of(site);
            let is_handler = self.found.handlers.contains_key(&function);
            let file = self.files.image(function.0);
            let is_called =
                |tables: &crate::sweep::Tables| tables.callers.contains_key(&function.1);
            if is_handler && !is_called(self.index.of(function.0, &file)) {
                functions.entry(function).or_default().push(site);
            }
        }
        for (function, sites) in functions {
            let of = &self.found.handlers[&function];
            const MOST: usize = 16;
            let signals = match of.more || of.signals.is_empty() || of.signals.len() > MOST {
                true => vec![Value::range(1, 64)],
                false => of.signals.iter().copied().map(Value::num).collect(),
            };
            let mut watches = Vec::new();
            for signal in signals {
                let mut arguments = [const { Value::UNKNOWN }; 6];
                arguments[0] = signal;
                arguments[1] = Value::at(Base::Siginfo, 0);
                arguments[2] = Value::at(Base::Context, 0);
                watches.push([LIMITS, LARGE].into_iter().find_map(|limits| {
                    let (watch, is_whole) =
                        self.explore_given(function, Watch::default(), limits, &arguments);
                    is_whole.then_some(watch)
                }));
            }
            let Some(watches) = watches.into_iter().collect::<Option<Vec<Watch>>>() else {
                continue;
            };
            let hits = watches.iter().flat_map(|watch| &watch.hits);
            let hit: HashSet<Place> = hits.map(|hit| (function.0, hit.at)).collect();
            if !sites.iter().all(|site| hit.contains(site)) {
                continue;
            }
            for site in &sites {
                self.found.unresolved.remove(site);
            }
            for watch in &watches {
                self.calls(function, watch);
            }
            self.follow();
        }
    }

    /// Explores the function, again with less detail if it is too large; also returns whether all of it was read.
    fn explore_whole(&mut self, function: Place, watch: impl Fn() -> Watch) -> (Watch, bool) {
        let (first, is_whole) = self.explore_apart(function, watch());
        if is_whole && !(first.hits.is_empty() && first.stored.is_empty()) {
            return (first, true);
        }
        self.explore(function, watch(), LARGE)
    }

    /// Explores the function with states kept apart, unless it is seen to be too large; also returns whether all of it was read.
    fn explore_apart(&mut self, function: Place, watch: Watch) -> (Watch, bool) {
        if !self.is_readable(function) {
            return (Watch::default(), false);
        }
        self.explore(function, watch, LIMITS)
    }

    /// Returns whether the function and its callees in its file are short enough to be read whole with states kept apart. In
    /// programs of Debian, no function of more than 5,000 instructions was read to its end.
    fn is_readable(&self, (image, start): Place) -> bool {
        const MOST: usize = 6_000;
        let file = self.files.image(image);
        let mut seen = HashSet::from([start]);
        let mut callers = vec![start];
        let mut count = 0;
        for _ in 0..LIMITS.depth {
            let mut callees = Vec::new();
            for (start, end) in callers.into_iter().filter_map(|at| file.function_at(at)) {
                let bytes = file.bytes(start);
                let bytes = &bytes[..bytes.len().min((end - start) as usize)];
                for i in Decoder::with_ip(64, bytes, start, DecoderOptions::NONE).iter() {
                    count += 1;
                    let to = i.near_branch_target();
                    if !(start..end).contains(&to) && file.functions.contains_key(&to) {
                        callees.extend(Some(to).filter(|to| seen.insert(*to)));
                    }
                }
                if count > MOST {
                    return false;
                }
            }
            callers = callees;
        }
        true
    }

    /// Explores the functions that change the set of blocked signals, to find the signals that they block. Also explores the
    /// functions that install alternate stacks.
    fn masks(&mut self) {
        for number in self.swept.clone() {
            let file = self.files.image(number);
            let tables = self.index.of(number, &file);
            let mut calls = tables.blocking(&file);
            calls.extend(tables.calls_of(&file, &["sigaltstack"]));
            let functions: BTreeSet<Place> = calls
                .into_iter()
                .map(|at| self.start_of((number, at)))
                .collect();
            for function in functions {
                if self.files.linked_libc(number, function.1).is_some() {
                    // A function of the C library unblocks the signals that it has blocked.
                    let none = (Map::default(), Saved::default());
                    self.index.note_masks(function, none.0, none.1);
                } else if !self.index.has_masks(function) {
                    let (_, is_whole) = self.explore_apart(function, Watch::default());
                    if !is_whole {
                        self.explore(function, Watch::default(), LARGE);
                    }
                }
            }
        }
    }

    /// Notes the calls that were reached, and the handlers that they install.
    fn calls(&mut self, function: Place, watch: &Watch) {
        for hit in &watch.hits {
            self.note_before(function, hit);
            self.direct(function, hit);
            self.reached.insert((function.0, hit.at));
        }
    }

    /// Notes the words that were stored to before the call. A word that is not null there was stored to before as well.
    fn note_before(&mut self, function: Place, hit: &Hit) {
        let all = self.before.entry((function.0, hit.at)).or_default();
        let mut stores = hit.state.stores.clone();
        let looked = hit.state.looked.iter();
        Rc::make_mut(&mut stores).extend(looked.map(|&(image, word)| Stored {
            image,
            lo: word,
            hi: word,
            is_flag: false,
            by: None,
            through: None,
        }));
        if !all.contains(&stores) {
            all.push(stores);
        }
    }

    fn unresolved(&mut self, at: Place, why: impl Into<String>) {
        self.found
            .unresolved
            .entry(at)
            .or_insert_with(|| why.into());
    }
}
