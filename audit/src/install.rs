//! Which functions a program installs as handlers: what reaches the argument of the call that installs them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use iced_x86::{FlowControl, Mnemonic, OpAccess, OpKind};

use crate::allow::Allow;
use crate::explore::{Callee, Explorer, Hit, Limits, Watch};
use crate::files::Files;
use crate::image::{Image, Slot};
use crate::index::Index;
use crate::libc;
use crate::state::{ARGUMENTS, Before, Errno, Stored};
use crate::value::{Base, Value};

/// The number of a file, and an address in it.
pub type Place = (u16, u64);

/// A handler, and for which signals it is installed.
#[derive(Default)]
pub struct Handler {
    /// Empty if it is for signals that are not known.
    pub signals: BTreeSet<i64>,
    /// Whether it is also installed for signals that are not known.
    pub more: bool,
    /// The functions that install it.
    pub by: BTreeSet<(u16, u64)>,
    /// What each of them may have stored to data of files before.
    pub before: Vec<Before>,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub handlers: BTreeMap<(u16, u64), Handler>,
    /// Functions of the C library that are handlers themselves.
    pub imported: BTreeMap<String, Handler>,
    /// Calls that install what is not known, by file and address, and why.
    pub unresolved: BTreeMap<Place, String>,
    /// Calls that install nothing that is new: the default, ignoring, or the handler that was there before.
    pub others: usize,
}

/// What is wanted of a function's caller.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Wanted {
    function: Place,
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

/// For functions that are too large for that: no callee is read, and what ways know is joined where they meet.
const LARGE: Limits = Limits {
    apart: 0,
    exact: 0,
    total: 60_000,
    depth: 1,
};

/// Instructions explored to find handlers, in all.
const MOST_STEPS: usize = 1_000_000;

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
    words: Vec<(Place, Place, Signal)>,
    explored_words: HashSet<Place>,
    /// Calls that were reached.
    reached: HashSet<Place>,
    /// What may be stored, on each way to a call, by the function that makes it.
    before: HashMap<Place, Vec<Rc<Vec<Stored>>>>,
    steps: usize,
    /// Addresses that are given to a call which installs what lies there: the calls and the addresses.
    passed: HashSet<(Place, Place)>,
    /// The files whose code has been swept: the program, and libraries that install handlers.
    swept: Vec<u16>,
}

/// Finds the handlers that the program installs, and those that its libraries install when it calls them.
pub fn find(files: &mut Files, index: &mut Index, allow: &Allow) -> Found {
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
        before: HashMap::new(),
        steps: 0,
        passed: HashSet::new(),
        swept: vec![0],
    };
    let file = finder.files.image(0);
    let mut sites: Vec<Place> = finder
        .index
        .of(0, &file)
        .installs
        .iter()
        .map(|at| (0, *at))
        .collect();
    sites.extend(finder.sites_of_libraries());
    let mut functions: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    for &(image, at) in &sites {
        let function = finder.start_of((image, at));
        if finder.files.linked_libc(image, function.1).is_none() {
            functions.entry(function).or_default().push((image, at));
        }
    }
    for (function, sites) in functions {
        let (first, is_whole) = finder.explore(function, Watch::default(), LIMITS);
        finder.calls(function, &first);
        let file = finder.files.image(function.0);
        let calls: Vec<Place> = sites
            .into_iter()
            .filter(|(_, at)| file.is_code(*at) && is_direct(&file, *at))
            .collect();
        let is_open = |finder: &Finder, site: &Place| {
            !finder.reached.contains(site) || finder.found.unresolved.contains_key(site)
        };
        if is_whole && !calls.iter().any(|site| is_open(&finder, site)) {
            continue;
        }
        let before = std::mem::take(&mut finder.found.unresolved);
        let (second, is_second_whole) = finder.explore(function, Watch::default(), LARGE);
        finder.calls(function, &second);
        let hit: HashSet<Place> = second.hits.iter().map(|h| (function.0, h.at)).collect();
        for (site, why) in before {
            // What the second reading knows of all ways holds, whatever the first did not know.
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
                finder.unresolved(site, "control could not be followed to it");
            }
        }
    }
    finder.follow();
    finder.addresses_taken();
    finder.found
}

/// The function that a part which lies elsewhere belongs to.
fn main_part(file: &Image, start: u64) -> u64 {
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

/// Whether the register that the instruction loads is used otherwise than to be called.
fn is_passed_on(file: &Image, at: u64) -> bool {
    let bytes = file.bytes(at);
    let end = file.function_at(at).map_or(at + 4096, |(_, end)| end);
    let bytes = &bytes[..bytes.len().min(end.saturating_sub(at) as usize)];
    let mut decoder = iced_x86::Decoder::with_ip(64, bytes, at, iced_x86::DecoderOptions::NONE);
    let first = decoder.decode();
    if !matches!(first.mnemonic(), Mnemonic::Mov | Mnemonic::Lea) || !first.op0_register().is_gpr()
    {
        return true;
    }
    let register = first.op0_register().full_register();
    let mut factory = iced_x86::InstructionInfoFactory::new();
    for i in &mut decoder {
        let is_call = matches!(
            i.flow_control(),
            FlowControl::IndirectCall | FlowControl::IndirectBranch
        ) && i.op0_kind() == OpKind::Register;
        let is_test = matches!(i.mnemonic(), Mnemonic::Test | Mnemonic::Cmp);
        let mut is_used = false;
        for used in factory.info(&i).used_registers() {
            if used.register().full_register() != register {
                continue;
            }
            is_used = true;
            match used.access() {
                OpAccess::Write => return false,
                _ if is_call || is_test => {}
                // It is kept for the caller.
                _ if matches!(i.mnemonic(), Mnemonic::Push | Mnemonic::Pop) => {}
                _ => return true,
            }
        }
        // A call takes its arguments in these registers, and leaves nothing in them.
        let calls = matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::IndirectCall
        );
        if calls && ARGUMENTS.contains(&register.number()) {
            return !is_used;
        }
    }
    false
}

/// Whether the instruction is itself a call, and does not only load where to call.
fn is_direct(file: &Image, at: u64) -> bool {
    let bytes = file.bytes(at);
    let i = iced_x86::Decoder::with_ip(
        64,
        &bytes[..bytes.len().min(16)],
        at,
        iced_x86::DecoderOptions::NONE,
    )
    .decode();
    i.flow_control() != FlowControl::Next
}

impl Finder<'_> {
    fn start_of(&self, (image, at): Place) -> Place {
        let file = self.files.image(image);
        let start = file
            .function_at(at)
            .map_or(at, |(start, _)| main_part(&file, start));
        (image, start)
    }

    /// Calls in libraries that install a handler, in functions that the program calls or that run when it starts.
    fn sites_of_libraries(&mut self) -> Vec<Place> {
        let mut sites = Vec::new();
        let mut entries: HashSet<String> = self.files.image(0).imports().collect();
        for number in self.files.libraries() {
            entries.extend(self.files.image(number).imports());
        }
        for number in self.files.libraries() {
            let file = self.files.image(number);
            if !file.imports().any(|name| libc::installs(&name)) {
                continue;
            }
            let tables = self.index.of(number, &file);
            let installs = tables.installs.clone();
            let callers = tables.callers.clone();
            self.swept.push(number);
            let entered: HashSet<u64> = file
                .exports
                .iter()
                .filter(|(name, _)| entries.contains(*name))
                .map(|(_, at)| *at)
                .chain(file.constructors.iter().copied())
                .collect();
            for at in installs {
                let mut todo = vec![self.start_of((number, at)).1];
                let mut seen: HashSet<u64> = todo.iter().copied().collect();
                let mut is_reached = false;
                while let Some(function) = todo.pop() {
                    is_reached |= entered.contains(&function);
                    for at in callers.get(&function).into_iter().flatten() {
                        let caller = self.start_of((number, *at)).1;
                        if seen.insert(caller) {
                            todo.push(caller);
                        }
                    }
                }
                if is_reached {
                    sites.push((number, at));
                }
            }
        }
        sites
    }

    /// Reports where the address of a function that installs handlers is kept or passed on: who calls it is not known.
    fn addresses_taken(&mut self) {
        let file = self.files.image(0);
        let tables = self.index.of(0, &file);
        let mut places: Vec<(u64, String)> = Vec::new();
        for (at, slot) in &file.slots {
            if let Slot::Extern(name) = slot
                && libc::installs(&name.name)
                && !file.settled.contains(at)
            {
                places.push((*at, name.name.clone()));
            }
        }
        for (at, times) in &tables.taken {
            let name = match file.stub(*at).and_then(|slot| file.slots.get(&slot)) {
                Some(Slot::Extern(name)) => Some(name),
                _ => file.externs.get(at),
            };
            // Instructions that load it are looked at one by one.
            let loads = tables.loads.iter().filter(|(_, to)| to == at).count();
            if let Some(name) = name.filter(|name| libc::installs(&name.name))
                && *times > loads
            {
                places.push((*at, name.name.clone()));
            }
        }
        let loads: HashSet<u64> = tables.loads.iter().map(|(at, _)| *at).collect();
        for &at in &tables.installs {
            if (loads.contains(&at) || !is_direct(&file, at)) && is_passed_on(&file, at) {
                places.push((at, "a function that installs handlers".into()));
            }
        }
        for (at, name) in places {
            self.unresolved(
                (0, at),
                format!("has the address of {name}: what calls it may install a handler"),
            );
        }
        let looks_up = |name: &str| matches!(name, "dlsym" | "dlvsym");
        let has_own = file.is_static
            && file
                .names
                .values()
                .any(|names| names.iter().any(|name| looks_up(name)));
        if (has_own || file.imports().any(|name| looks_up(&name)))
            && let Some((at, name)) = file.text_of(libc::INSTALLS)
        {
            self.unresolved(
                (0, at),
                format!("is the text {name:?}, by which dlsym may find a function that installs a handler"),
            );
        }
    }

    /// Explores the function; also whether all of it was read.
    fn explore(&mut self, function: Place, watch: Watch, limits: Limits) -> (Watch, bool) {
        let file = self.files.image(function.0);
        self.index.of(function.0, &file);
        // What is not explored is unresolved, for control was not followed there.
        if self.steps > MOST_STEPS {
            return (Watch::default(), false);
        }
        let mut explorer = Explorer::new(self.files, self.index, self.allow, limits);
        explorer.watch = Some(watch);
        let arguments = std::array::from_fn(|n| Value::at(Base::Arg(n as u8), 0));
        explorer.function(function.0, function.1, &arguments, Errno::Original, false);
        let steps = explorer.steps;
        let watch = explorer.watch.take().unwrap_or_default();
        self.steps += steps;
        (watch, steps < limits.total)
    }

    /// Explores the function, again with less detail if it is too large; also whether all of it was read.
    fn explore_whole(&mut self, function: Place, watch: impl Fn() -> Watch) -> (Watch, bool) {
        let (first, is_whole) = self.explore(function, watch(), LIMITS);
        if is_whole && !(first.hits.is_empty() && first.stored.is_empty()) {
            return (first, true);
        }
        self.explore(function, watch(), LARGE)
    }

    /// Takes note of the calls that were reached, and of what they install.
    fn calls(&mut self, function: Place, watch: &Watch) {
        for hit in &watch.hits {
            self.note_before(function, hit);
            self.direct(function, hit);
            self.reached.insert((function.0, hit.at));
        }
    }

    fn note_before(&mut self, function: Place, hit: &Hit) {
        let all = self.before.entry((function.0, hit.at)).or_default();
        if !all.contains(&hit.state.stores) {
            all.push(hit.state.stores.clone());
        }
    }

    fn direct(&mut self, function: Place, hit: &Hit) {
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
                    self.restorer(function, hit, &pointer);
                    self.through(function, hit, &pointer, 0, signal);
                }
                Some(_) => {}
                None => self.unresolved(
                    (function.0, hit.at),
                    "makes a system call whose number is not known; it may install a handler",
                ),
            }
            return;
        }
        let signal = signal(&argument(0));
        if libc::takes_struct(&name) {
            self.through(function, hit, &argument(1), 0, signal);
        } else {
            self.value(function, (function.0, hit.at), &argument(1), signal);
        }
    }

    fn unresolved(&mut self, at: Place, why: impl Into<String>) {
        self.found
            .unresolved
            .entry(at)
            .or_insert_with(|| why.into());
    }

    /// The kernel's structure names where control goes after the handler: a function of the program, or the C library's.
    fn restorer(&mut self, function: Place, hit: &Hit, pointer: &Value) {
        const SA_RESTORER: i64 = 0x0400_0000;
        let (image, at) = (function.0, (function.0, hit.at));
        let file = self.files.image(image);
        let word = |offset: i64| match pointer.base {
            Base::Stack => hit.state.load_slot(&pointer.moved(offset), 8),
            Base::Image(_) | Base::Num => {
                let place = pointer.exact().map(|at| (at + offset).cast_unsigned());
                match place.and_then(|place| file.pointer(place)) {
                    Some(Slot::Here(target)) => Value::image(image, target),
                    Some(_) => Value::UNKNOWN,
                    None => place
                        .and_then(|place| file.number(place, 8))
                        .map_or(Value::UNKNOWN, |n| Value::num(n.cast_signed())),
                }
            }
            _ => Value::UNKNOWN,
        };
        if word(8)
            .number()
            .is_some_and(|flags| flags & SA_RESTORER == 0)
        {
            return;
        }
        let is_plain = |at: u64| {
            let bytes = file.bytes(at);
            let bytes = bytes
                .strip_prefix(&[0xf3, 0x0f, 0x1e, 0xfa])
                .unwrap_or(bytes);
            // mov $15, %eax (or %rax); syscall: rt_sigreturn.
            bytes.starts_with(&[0xb8, 15, 0, 0, 0, 0x0f, 5])
                || bytes.starts_with(&[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5])
        };
        let restorer = word(16).exact().map(i64::cast_unsigned);
        if pointer.number() != Some(0) && !restorer.is_some_and(is_plain) {
            self.unresolved(
                at,
                "may name a restorer, which runs after the handler, and is not shown to do nothing but return",
            );
        }
    }

    /// The handler lies at `offset` from a pointer.
    fn through(
        &mut self,
        function: Place,
        hit: &Hit,
        pointer: &Value,
        offset: i64,
        signal: Signal,
    ) {
        let at = (function.0, hit.at);
        match pointer.base {
            Base::Num if pointer.number() == Some(0) => self.found.others += 1,
            Base::Stack => {
                let value = hit.state.load_slot(&pointer.moved(offset), 8);
                self.value(function, at, &value, signal);
            }
            Base::Image(_) | Base::Num => match pointer.all() {
                Some(all) if all.len() <= 64 => {
                    let image = match pointer.base {
                        Base::Image(image) => image,
                        _ => function.0,
                    };
                    for place in all {
                        self.passed.insert((at, (image, place.cast_unsigned())));
                        self.word(at, (image, (place + offset).cast_unsigned()), signal);
                    }
                }
                _ => self.unresolved(at, "installs what lies at an address that is not known"),
            },
            Base::Arg(n) => match pointer
                .exact()
                .and_then(|at| i32::try_from(at + offset).ok())
            {
                Some(offset) => self.want(
                    at,
                    Wanted {
                        function,
                        argument: n,
                        offset: Some(offset),
                        signal,
                    },
                ),
                None => self.unresolved(at, "installs what lies at an address that is not known"),
            },
            _ => self.unresolved(at, "installs what lies at an address that is not known"),
        }
    }

    fn value(&mut self, function: Place, at: Place, value: &Value, signal: Signal) {
        match value.base {
            Base::Num | Base::Image(_) => match value.all() {
                Some(all) => {
                    let image = match value.base {
                        Base::Image(image) => image,
                        _ => function.0,
                    };
                    for one in all {
                        self.address(at, (image, one.cast_unsigned()), signal);
                    }
                }
                None => self.unresolved(at, "installs one of a table whose end is not known"),
            },
            Base::Static(image, word) | Base::NotNull(image, word) if value.exact() == Some(0) => {
                self.word(at, (image, word), signal)
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

    /// The function at that address is a handler, which the call at `at` installs.
    fn address(&mut self, at: Place, (image, address): Place, signal: Signal) {
        // SIG_DFL, SIG_IGN, SIG_ERR, SIG_HOLD, and numbers that mean something to the program alone.
        if !(4096..=u64::MAX - 4096).contains(&address) || address == u64::from(u32::MAX) {
            self.found.others += 1;
            return;
        }
        let file = self.files.image(image);
        if let Some(name) = file.externs.get(&address) {
            return self.outside(at, image, &name.clone(), signal);
        }
        if !file.is_code(address) {
            return self.unresolved(at, format!("installs {address:#x}, where there is no code"));
        }
        let target = match file.stub(address) {
            None => address,
            Some(slot) => match file.slots.get(&slot) {
                Some(Slot::Here(target)) => *target,
                Some(Slot::Extern(name)) => {
                    return self.outside(at, image, &name.clone(), signal);
                }
                _ => return self.unresolved(at, "installs what is chosen when the program starts"),
            },
        };
        if file.choosers.contains(&target) {
            return self.unresolved(at, "installs what is chosen when the program starts");
        }
        let by = self.start_of(at);
        let handler = self.found.handlers.entry((image, target)).or_default();
        note(handler, by, signal);
        let before = self.before.get(&at).into_iter().flatten();
        handler
            .before
            .extend(before.map(|stores| (by, stores.clone())));
    }

    /// What another file may define is a handler.
    fn outside(&mut self, at: Place, image: u16, name: &crate::image::Extern, signal: Signal) {
        match self.files.lookup(image, name) {
            crate::files::Found::Code(image, target) => self.address(at, (image, target), signal),
            crate::files::Found::Libc(name) => {
                let by = self.start_of(at);
                note(self.found.imported.entry(name).or_default(), by, signal);
            }
            crate::files::Found::Missing(_) => self.unresolved(
                at,
                format!("installs {}, which another file defines", name.name),
            ),
        }
    }

    /// The handler is what a word of the file holds.
    fn word(&mut self, at: Place, (image, word): Place, signal: Signal) {
        let file = self.files.image(image);
        let settled = file.is_settled(word);
        match file.pointer(word) {
            Some(Slot::Here(target)) => self.address(at, (image, target), signal),
            Some(Slot::Extern(name)) => self.outside(at, image, &name, signal),
            Some(_) => self.unresolved(at, "installs what is chosen when the program starts"),
            None if settled => match file.number(word, 8) {
                Some(number) => self.address(at, (image, number), signal),
                None => self.unresolved(at, "installs what the file does not say"),
            },
            None => {}
        }
        if !settled {
            self.words.push(((image, word), at, signal));
        }
    }

    fn want(&mut self, at: Place, wanted: Wanted) {
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
            let Some((word, at, signal)) = self.words.pop() else {
                return;
            };
            self.stores(word, at, signal);
        }
    }

    /// The places that call the function, in its own file and in others.
    fn callers(&mut self, (image, function): Place) -> Vec<Place> {
        let file = self.files.image(image);
        let own = self.index.of(image, &file).callers.get(&function);
        let mut places: Vec<Place> = own.into_iter().flatten().map(|at| (image, *at)).collect();
        let names: Vec<&String> = file
            .exports
            .iter()
            .filter(|(_, at)| **at == function)
            .map(|(name, _)| name)
            .collect();
        for other in self.swept.clone() {
            if other == image {
                continue;
            }
            let of = self.files.image(other);
            let outside = &self.index.of(other, &of).outside;
            let calls = names.iter().filter_map(|name| outside.get(*name));
            places.extend(calls.flatten().map(|at| (other, *at)));
        }
        places
    }

    /// Looks at the callers of a function that is given its handler.
    fn wrapper(&mut self, wanted: &Wanted) {
        let (image, function) = wanted.function;
        let file = self.files.image(image);
        let sites = self.callers(wanted.function);
        let is_taken = self.index.of(image, &file).taken.contains_key(&function);
        let is_exported =
            image == 0 && file.is_library && file.exports.values().any(|at| *at == function);
        if is_exported || (is_taken && sites.is_empty()) {
            let name = file.name(function);
            let why = if is_exported {
                "other files call with a handler"
            } else {
                "is called through a pointer with a handler"
            };
            self.unresolved(wanted.function, format!("{name} {why}"));
        }
        let functions: BTreeSet<Place> = sites.iter().map(|at| self.start_of(*at)).collect();
        for caller in functions {
            let (watch, is_whole) = self.explore_whole(caller, || Watch {
                functions: HashSet::from([wanted.function]),
                ..Watch::default()
            });
            let mut reached = HashSet::new();
            for hit in &watch.hits {
                if !matches!(hit.callee, Callee::Code(i, at) if (i, at) == wanted.function) {
                    continue;
                }
                reached.insert((caller.0, hit.at));
                self.note_before(caller, hit);
                let signal = match wanted.signal {
                    Signal::Argument(n) => signal(&hit.state.registers[ARGUMENTS[usize::from(n)]]),
                    known => known,
                };
                let value = hit.state.registers[ARGUMENTS[usize::from(wanted.argument)]].clone();
                match wanted.offset {
                    None => self.value(caller, (caller.0, hit.at), &value, signal),
                    Some(offset) => self.through(caller, hit, &value, offset.into(), signal),
                }
            }
            let of = self.files.image(caller.0);
            for site in &sites {
                if self.start_of(*site) == caller
                    && is_direct(&of, site.1)
                    && (!is_whole || !reached.contains(site))
                {
                    let name = file.name(function);
                    self.unresolved(*site, format!("calls {name}, which installs a handler, and control could not be followed to it"));
                }
            }
        }
    }

    /// Looks at what is stored to the word that a handler is loaded from.
    fn stores(&mut self, (image, word): Place, at: Place, signal: Signal) {
        if !self.explored_words.insert((image, word)) {
            return;
        }
        let file = self.files.image(image);
        let tables = self.index.of(image, &file);
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
        let passed = self
            .passed
            .iter()
            .filter(|(_, (of, at))| *of == image && (object.0..object.1).contains(at));
        let is_taken = takes > passed.count();
        let is_old = self.index.is_old(image, word);
        if is_old {
            self.found.others += 1;
        }
        let place = file.place(word);
        if sites.is_empty()
            && file.number(word, 8) == Some(0)
            && !file.slots.contains_key(&word)
            && !is_old
        {
            self.unresolved(
                at,
                format!("installs what {place} holds, to which no instruction of the file stores by its address"),
            );
        }
        // The structure may have been filled through a pointer to it.
        if is_taken && !is_old {
            self.unresolved(
                at,
                format!("installs what {place} holds, whose address is taken"),
            );
        }
        let functions: BTreeSet<Place> = sites
            .iter()
            .map(|(at, _)| self.start_of((image, *at)))
            .collect();
        for function in functions {
            let (watch, is_whole) = self.explore_whole(function, || Watch {
                stores: HashSet::from([word]),
                ..Watch::default()
            });
            if watch.stored.is_empty() || !is_whole {
                self.unresolved(
                    at,
                    format!("installs what {place} holds, and a store to it could not be reached"),
                );
            }
            for (site, _, value) in &watch.stored {
                let before = self.found.unresolved.len();
                self.value(function, (image, *site), value, signal);
                if self.found.unresolved.len() > before {
                    self.unresolved(
                        at,
                        format!("installs what {place} holds, which is not known"),
                    );
                }
            }
        }
    }
}

/// Notes who installs the handler, and for which signal.
fn note(handler: &mut Handler, by: Place, signal: Signal) {
    handler.by.insert(by);
    match signal {
        Signal::Known(number) => {
            handler.signals.insert(number);
        }
        _ => handler.more = true,
    }
}

fn signal(value: &Value) -> Signal {
    match (value.base, value.exact()) {
        (Base::Num, Some(number)) => Signal::Known(number),
        (Base::Arg(n), Some(0)) => Signal::Argument(n),
        _ => Signal::Unknown,
    }
}
