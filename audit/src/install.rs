//! Which functions a program installs as handlers: what reaches the argument of the call that installs them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::allow::Allow;
use crate::explore::{Callee, Explorer, Hit, Limits, Watch};
use crate::files::Files;
use crate::image::Slot;
use crate::index::Index;
use crate::libc;
use crate::state::{ARGUMENTS, Errno};
use crate::value::{Base, Value};

/// A handler, and for which signals it is installed.
#[derive(Default)]
pub struct Handler {
    /// Empty if it is for signals that are not known.
    pub signals: BTreeSet<i64>,
    /// Whether it is also installed for signals that are not known.
    pub more: bool,
    /// The functions that install it.
    pub by: BTreeSet<u64>,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub handlers: BTreeMap<(u16, u64), Handler>,
    /// Calls that install what is not known, and why.
    pub unresolved: BTreeMap<u64, String>,
    /// Calls that install nothing that is new: the default, ignoring, or the handler that was there before.
    pub others: usize,
}

/// What is wanted of a function's caller.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Wanted {
    function: u64,
    argument: u8,
    /// At which offset from the argument it lies, if it is no argument itself.
    offset: Option<i32>,
    signal: Signal,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Signal {
    Known(i64),
    Argument(u8),
    Unknown,
}

const LIMITS: Limits = Limits {
    apart: 6,
    exact: 4_000,
    total: 30_000,
    depth: 3,
};

/// Instructions explored to find handlers, in all.
const MOST_STEPS: usize = 1_500_000;

/// How far wrappers of wrappers are followed.
const MOST_WRAPPERS: usize = 200;

struct Finder<'a> {
    files: &'a mut Files,
    index: &'a mut Index,
    allow: &'a Allow,
    found: Found,
    wanted: Vec<Wanted>,
    seen: HashSet<Wanted>,
    /// Words of the file that a handler is loaded from, with the call and the signal.
    words: Vec<(u64, u64, Signal, u64)>,
    explored_words: HashSet<u64>,
    /// Calls that were reached.
    reached: HashSet<u64>,
    steps: usize,
    /// Addresses that are given to a call which installs what lies there: the calls and the addresses.
    passed: HashSet<(u64, u64)>,
}

/// Finds the handlers that the program installs.
pub fn find(files: &mut Files, index: &mut Index, allow: &Allow) -> Found {
    let file = files.image(0);
    let sites = index.of(0, &file).installs.clone();
    let mut finder = Finder {
        files,
        index,
        allow,
        found: Found::default(),
        wanted: Vec::new(),
        seen: HashSet::new(),
        words: Vec::new(),
        explored_words: HashSet::new(),
        reached: HashSet::new(),
        steps: 0,
        passed: HashSet::new(),
    };
    let functions: BTreeSet<u64> = sites.iter().map(|at| finder.start_of(*at)).collect();
    for &function in &functions {
        if finder.files.linked_libc(0, function).is_some() {
            continue;
        }
        let watch = finder.explore(function, Watch::default());
        for hit in &watch.hits {
            finder.direct(function, hit);
        }
        // Instructions that wait for memory's addresses are noted too.
        for hit in &watch.hits {
            finder.reached.insert(hit.at);
        }
    }
    finder.follow();
    for at in sites {
        let function = finder.start_of(at);
        let is_call = file.is_code(at) && !finder.reached.contains(&at);
        let is_libcs = finder.files.linked_libc(0, function).is_some();
        let some_reached = finder
            .reached
            .iter()
            .any(|r| finder.start_of(*r) == function);
        if is_call && !is_libcs && !finder.found.unresolved.contains_key(&at) && !some_reached {
            finder
                .found
                .unresolved
                .insert(at, "control could not be followed to it".into());
        } else if is_call && !is_libcs && is_direct(&file, at) {
            finder
                .found
                .unresolved
                .entry(at)
                .or_insert_with(|| "control could not be followed to it".into());
        }
    }
    finder.found
}

/// Whether the instruction is itself a call, and does not only load where to call.
fn is_direct(file: &crate::image::Image, at: u64) -> bool {
    let bytes = file.bytes(at);
    let i = iced_x86::Decoder::with_ip(
        64,
        &bytes[..bytes.len().min(16)],
        at,
        iced_x86::DecoderOptions::NONE,
    )
    .decode();
    i.flow_control() != iced_x86::FlowControl::Next
}

impl Finder<'_> {
    fn start_of(&self, at: u64) -> u64 {
        let file = self.files.image(0);
        file.function_at(at)
            .map_or(at, |(start, _)| self.main_part(start))
    }

    /// The function that a part which lies elsewhere belongs to.
    fn main_part(&self, start: u64) -> u64 {
        let file = self.files.image(0);
        let whole = file
            .raw_name(start)
            .and_then(|name| name.split_once(".cold"));
        let Some((whole, _)) = whole else {
            return start;
        };
        let of = file
            .names
            .iter()
            .find(|(_, names)| names.iter().any(|n| &**n == whole));
        of.map_or(start, |(at, _)| *at)
    }

    fn explore(&mut self, function: u64, watch: Watch) -> Watch {
        let file = self.files.image(0);
        self.index.of(0, &file);
        // What is not explored is unresolved, for control was not followed there.
        if self.steps > MOST_STEPS {
            return Watch::default();
        }
        let mut explorer = Explorer::new(self.files, self.index, self.allow, LIMITS);
        explorer.watch = Some(watch);
        let arguments = std::array::from_fn(|n| Value::at(Base::Arg(n as u8), 0));
        explorer.function(0, function, &arguments, Errno::Original, false);
        let steps = explorer.steps;
        let watch = explorer.watch.take().unwrap_or_default();
        self.steps += steps;
        watch
    }

    fn direct(&mut self, function: u64, hit: &Hit) {
        let name = match &hit.callee {
            Callee::Libc(name) | Callee::Missing(name, _) => name.clone(),
            _ => return,
        };
        let argument = |n: usize| hit.state.registers[ARGUMENTS[n]].clone();
        if libc::plain(&name) == "syscall" {
            match argument(0).number() {
                Some(13) => {
                    let signal = signal(&argument(1));
                    let pointer = argument(2);
                    self.through(function, hit, &pointer, 0, signal);
                }
                Some(_) => {}
                None => self.unresolved(
                    hit.at,
                    "makes a system call whose number is not known; it may install a handler",
                ),
            }
            return;
        }
        let signal = signal(&argument(0));
        if libc::takes_struct(&name) {
            self.through(function, hit, &argument(1), 0, signal);
        } else {
            self.value(function, hit.at, &argument(1), signal);
        }
    }

    fn unresolved(&mut self, at: u64, why: impl Into<String>) {
        self.found
            .unresolved
            .entry(at)
            .or_insert_with(|| why.into());
    }

    /// The handler lies at `offset` from a pointer.
    fn through(&mut self, function: u64, hit: &Hit, pointer: &Value, offset: i64, signal: Signal) {
        match pointer.base {
            Base::Num if pointer.number() == Some(0) => self.found.others += 1,
            Base::Stack => {
                let value = hit.state.load_slot(&pointer.moved(offset), 8);
                self.value(function, hit.at, &value, signal);
            }
            Base::Image(0) | Base::Num => match pointer.all() {
                Some(all) if all.len() <= 64 => {
                    for at in all {
                        self.passed.insert((hit.at, at.cast_unsigned()));
                        self.word(function, hit.at, (at + offset).cast_unsigned(), signal);
                    }
                }
                _ => self.unresolved(hit.at, "installs what lies at an address that is not known"),
            },
            Base::Arg(n) => match pointer
                .exact()
                .and_then(|at| i32::try_from(at + offset).ok())
            {
                Some(offset) => self.want(
                    hit.at,
                    Wanted {
                        function,
                        argument: n,
                        offset: Some(offset),
                        signal,
                    },
                ),
                None => {
                    self.unresolved(hit.at, "installs what lies at an address that is not known")
                }
            },
            _ => self.unresolved(hit.at, "installs what lies at an address that is not known"),
        }
    }

    fn value(&mut self, function: u64, at: u64, value: &Value, signal: Signal) {
        match value.base {
            Base::Num => match value.all() {
                Some(all) => {
                    for one in all {
                        self.address(function, at, one.cast_unsigned(), signal);
                    }
                }
                None => self.unresolved(at, "installs what is not known"),
            },
            Base::Image(0) => match value.all() {
                Some(all) => {
                    for one in all {
                        self.address(function, at, one.cast_unsigned(), signal);
                    }
                }
                None => self.unresolved(at, "installs one of a table whose end is not known"),
            },
            Base::Static(0, word) | Base::NotNull(0, word) if value.exact() == Some(0) => {
                self.word(function, at, word, signal)
            }
            Base::Before => self.found.others += 1,
            Base::Arg(n) if value.exact() == Some(0) => self.want(
                at,
                Wanted {
                    function,
                    argument: n,
                    offset: None,
                    signal,
                },
            ),
            Base::Field(n, offset) if value.exact() == Some(0) => self.want(
                at,
                Wanted {
                    function,
                    argument: n,
                    offset: Some(offset),
                    signal,
                },
            ),
            _ => self.unresolved(at, "installs what is not known"),
        }
    }

    fn address(&mut self, function: u64, at: u64, address: u64, signal: Signal) {
        // SIG_DFL, SIG_IGN, SIG_ERR, SIG_HOLD, and numbers that mean something to the program alone.
        if !(4096..=u64::MAX - 4096).contains(&address) || address == u64::from(u32::MAX) {
            self.found.others += 1;
            return;
        }
        let file = self.files.image(0);
        if !file.is_code(address) {
            match file.externs.get(&address) {
                Some(name) => {
                    let name = name.name.clone();
                    self.unresolved(at, format!("installs {name}, which another file defines"));
                }
                None => {
                    self.unresolved(at, format!("installs {address:#x}, where there is no code"))
                }
            }
            return;
        }
        let target = match file.stub(address) {
            None => address,
            Some(slot) => match file.slots.get(&slot) {
                Some(Slot::Here(target)) => *target,
                Some(Slot::Extern(name)) => match file.exports.get(&name.name) {
                    Some(target) => *target,
                    // They end the process at once, as handlers may.
                    None if matches!(&*name.name, "_exit" | "_Exit" | "abort") => {
                        self.found.others += 1;
                        return;
                    }
                    None => {
                        let name = name.name.clone();
                        return self.unresolved(
                            at,
                            format!("installs {name}, which another file defines"),
                        );
                    }
                },
                _ => return self.unresolved(at, "installs what is chosen when the program starts"),
            },
        };
        let handler = self.found.handlers.entry((0, target)).or_default();
        handler.by.insert(function);
        match signal {
            Signal::Known(number) => {
                handler.signals.insert(number);
            }
            _ => handler.more = true,
        }
    }

    /// The handler is what a word of the file holds.
    fn word(&mut self, function: u64, at: u64, word: u64, signal: Signal) {
        let file = self.files.image(0);
        let settled = file.is_settled(word);
        match file.pointer(word) {
            Some(Slot::Here(target)) => self.address(function, at, target, signal),
            Some(Slot::Extern(name)) => match file.exports.get(&name.name) {
                Some(&target) => self.address(function, at, target, signal),
                None => self.unresolved(
                    at,
                    format!("installs {}, which another file defines", name.name),
                ),
            },
            Some(_) => self.unresolved(at, "installs what is chosen when the program starts"),
            None if settled => match file.number(word, 8) {
                Some(number) => self.address(function, at, number, signal),
                None => self.unresolved(at, "installs what the file does not say"),
            },
            None => {}
        }
        if !settled {
            self.words.push((word, at, signal, function));
        }
    }

    fn want(&mut self, at: u64, wanted: Wanted) {
        self.reached.insert(at);
        if self.seen.insert(wanted.clone()) {
            self.wanted.push(wanted);
        }
    }

    fn follow(&mut self) {
        let mut count = 0;
        loop {
            while let Some(wanted) = self.wanted.pop() {
                count += 1;
                if count > MOST_WRAPPERS {
                    self.unresolved(wanted.function, "is a wrapper of too many wrappers");
                    return;
                }
                self.wrapper(&wanted);
            }
            let Some((word, at, signal, function)) = self.words.pop() else {
                return;
            };
            self.stores(word, at, signal, function);
        }
    }

    /// Looks at the callers of a function that is given its handler.
    fn wrapper(&mut self, wanted: &Wanted) {
        let file = self.files.image(0);
        let tables = self.index.of(0, &file);
        let sites = tables
            .callers
            .get(&wanted.function)
            .cloned()
            .unwrap_or_default();
        let is_taken = tables.taken.contains_key(&wanted.function);
        let is_exported = file.is_library && file.exports.values().any(|at| *at == wanted.function);
        if is_exported || (is_taken && sites.is_empty()) {
            let name = file.name(wanted.function);
            let why = if is_exported {
                "other files call with a handler"
            } else {
                "is called through a pointer with a handler"
            };
            self.unresolved(wanted.function, format!("{name} {why}"));
        }
        let functions: BTreeSet<u64> = sites.iter().map(|at| self.start_of(*at)).collect();
        for function in functions {
            let watch = Watch {
                functions: HashSet::from([(0, wanted.function)]),
                ..Watch::default()
            };
            let watch = self.explore(function, watch);
            let mut any = false;
            for hit in &watch.hits {
                if !matches!(hit.callee, Callee::Code(0, at) if at == wanted.function) {
                    continue;
                }
                any = true;
                let signal = match wanted.signal {
                    Signal::Argument(n) => signal(&hit.state.registers[ARGUMENTS[usize::from(n)]]),
                    known => known,
                };
                let value = hit.state.registers[ARGUMENTS[usize::from(wanted.argument)]].clone();
                match wanted.offset {
                    None => self.value(function, hit.at, &value, signal),
                    Some(offset) => self.through(function, hit, &value, offset.into(), signal),
                }
            }
            if !any {
                let name = file.name(wanted.function);
                let site = sites
                    .iter()
                    .find(|at| self.start_of(**at) == function)
                    .copied()
                    .unwrap_or(function);
                self.unresolved(site, format!("calls {name}, which installs a handler, and control could not be followed to it"));
            }
        }
    }

    /// Looks at what is stored to the word that a handler is loaded from.
    fn stores(&mut self, word: u64, at: u64, signal: Signal, _function: u64) {
        if !self.explored_words.insert(word) {
            return;
        }
        let file = self.files.image(0);
        let tables = self.index.of(0, &file);
        let sites = tables.stores.get(&word).cloned().unwrap_or_default();
        let object = file
            .object_at(word)
            .map_or((word.saturating_sub(152), word + 1), |o| {
                (o.address, o.address + o.size)
            });
        let takes: usize = tables
            .taken
            .iter()
            .filter(|(at, _)| (object.0..object.1).contains(at))
            .map(|(_, n)| n)
            .sum();
        let is_taken = takes
            > self
                .passed
                .iter()
                .filter(|(_, at)| (object.0..object.1).contains(at))
                .count();
        let is_old = self.index.is_old(0, word);
        if is_old {
            self.found.others += 1;
        }
        if sites.is_empty()
            && file.number(word, 8) == Some(0)
            && !file.slots.contains_key(&word)
            && !is_old
        {
            self.unresolved(at, format!("installs what {} holds, to which no instruction of the file stores by its address", file.place(word)));
        }
        // The structure may have been filled through a pointer to it.
        if is_taken && !is_old {
            self.unresolved(
                at,
                format!(
                    "installs what {} holds, whose address is taken",
                    file.place(word)
                ),
            );
        }
        let functions: BTreeSet<u64> = sites.iter().map(|(at, _)| self.start_of(*at)).collect();
        for function in functions {
            let watch = Watch {
                stores: HashSet::from([word]),
                ..Watch::default()
            };
            let watch = self.explore(function, watch);
            if watch.stored.is_empty() {
                self.unresolved(
                    at,
                    format!(
                        "installs what {} holds, and a store to it could not be reached",
                        file.place(word)
                    ),
                );
            }
            for (site, _, value) in &watch.stored {
                let before = self.found.unresolved.len();
                self.value(function, *site, value, signal);
                if self.found.unresolved.len() > before {
                    self.unresolved(
                        at,
                        format!(
                            "installs what {} holds, which is not known",
                            file.place(word)
                        ),
                    );
                }
            }
        }
    }
}

fn signal(value: &Value) -> Signal {
    match (value.base, value.exact()) {
        (Base::Num, Some(number)) => Signal::Known(number),
        (Base::Arg(n), Some(0)) => Signal::Argument(n),
        _ => Signal::Unknown,
    }
}
