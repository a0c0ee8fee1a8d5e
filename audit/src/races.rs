//! Finds the instructions at which a signal may come, and the updates that it interrupts there.

use std::cell::RefCell;
use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

use crate::hash::{Map, Set};
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::mask::Signals;
use crate::sweep::{Blocks, Tables, WordChanges, element};
use crate::value::Value;

/// Libraries whose functions are known by their names.
const C_LIBRARIES: [&str; 8] = [
    "ld-linux",
    "libc.so",
    "libdl.so",
    "libgcc_s.so",
    "libm.so",
    "libpthread.so",
    "librt.so",
    "libstdc++.so",
];

/// The functions in which a program waits for events, among them signals.
const WAITS: [&str; 17] = [
    "accept",
    "clock_nanosleep",
    "epoll_wait",
    "fgets",
    "getc",
    "getchar",
    "getline",
    "nanosleep",
    "pause",
    "poll",
    // A program that raises a signal is ready for its handler.
    "raise",
    "read",
    "select",
    "sleep",
    "usleep",
    "wait",
    "waitpid",
];

/// Says which code a signal interrupts at an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Program,
    /// Another handler: `true` if it is known that the signal may interrupt it, `false` if that is an open question.
    Handler(bool),
}

/// Holds a handler whose signals may come, with its signals and the functions that it reaches.
pub struct Coming<'a> {
    pub handler: Place,
    pub signals: Signals,
    /// The functions that the handler reaches.
    pub own: &'a Map<Place, usize>,
    /// The words that the program sets while no access of the handler may come. The handler looks at them before the access.
    pub marks: Vec<u64>,
    /// The places that were asked about: `true` if the program is interrupted there, `false` if no code is.
    pub known: RefCell<Map<Place, bool>>,
}

impl<'a> Coming<'a> {
    /// Returns the description of a handler with these signals and functions; no place was asked about.
    pub fn new(handler: Place, signals: Signals, own: &'a Map<Place, usize>) -> Self {
        Self {
            handler,
            signals,
            own,
            marks: Vec::new(),
            known: RefCell::default(),
        }
    }
}

impl Index {
    /// Returns a call that frees an object while the word still points to it, and whether a signal is shown to be possible there.
    ///
    /// Leaves out calls in functions that have removed the handler before, and calls while signals are blocked.
    pub fn frees(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        installers: &BTreeSet<(u16, u64)>,
        coming: &Coming,
    ) -> Option<(u64, bool)> {
        let tables = self.of(number, image);
        let direct = tables.freed.get(&word).cloned().unwrap_or_default();
        let within = tables.freed_within.get(&word).cloned();
        let sites = [direct.clone(), within.unwrap_or_default()].concat();
        let sites = sites
            .into_iter()
            .filter(|at| !self.is_removed_at(number, image, *at, installers, coming.handler));
        let sites: Vec<u64> = sites.collect();
        let open: Vec<u64> = sites
            .into_iter()
            .filter(|at| !self.is_blocked(number, image, *at, coming.signals))
            .collect();
        let certain = self.interrupted(number, image, open.clone(), coming);
        // A function may free its argument on some paths only.
        let mut certain = certain
            .into_iter()
            .filter(|(at, who)| *who == Who::Program && direct.contains(at));
        match certain.next() {
            Some((first, _)) => Some((first, true)),
            None => Some((*open.first()?, false)),
        }
    }

    /// Returns the instructions in a table that change the memory of a store, where one of the signals may come between.
    /// `place` holds the lowest and the highest address of the store, and its number of bytes.
    pub fn changes(
        &mut self,
        number: u16,
        image: &Image,
        table: fn(&Tables) -> &WordChanges,
        place: (u64, u64, u64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let all = touching(table(self.of(number, image)), place);
        self.interrupted(number, image, all, coming)
    }

    /// Returns the instructions that store a value computed from an earlier load of the memory at `place`, which may have lain in
    /// another word meanwhile. A signal may come at the store or, where load and store are in two critical sections, between these.
    pub fn changes_of_loads(
        &mut self,
        number: u16,
        image: &Image,
        place: (u64, u64, u64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let (lo, hi, _) = place;
        let mut all = touching(&self.of(number, image).updates, place);
        let copied = self.copied_back(number, image, lo, coming).into_iter();
        let leads =
            |(first, last): &(u64, u64)| crate::reach::surely_leads(image, *first, *last, &[]);
        all.extend(copied.filter(leads).map(|(_, last)| last));
        let who = |at| {
            let own = self.who(number, image, at, coming);
            let who = own.or_else(|| self.carried(number, image, (lo, hi), at, coming));
            Some((at, who?))
        };
        all.into_iter().filter_map(who).collect()
    }

    /// Returns the program's copies of the word to other words, each with the store that takes the value back.
    pub fn copied_back(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        coming: &Coming,
    ) -> Vec<(u64, u64)> {
        let is_handlers = |at| {
            let function = image.function_at(at);
            function.is_some_and(|(start, _)| coming.own.contains_key(&(number, start)))
        };
        self.of(number, image).copied_back(word, &is_handlers)
    }

    /// Returns the instructions that change the word in place without a lock prefix, if the handler may run on another thread
    /// meanwhile.
    pub fn changes_beside_threads(
        &mut self,
        number: u16,
        image: &Image,
        place: (u64, u64, u64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let (lo, hi, width) = place;
        if image.is_thread_local(lo) || !self.may_run_on_threads(number, image, coming.signals) {
            return Vec::new();
        }
        let writes = &self.of(number, image).writes;
        let words = (lo..=hi).take(if lo == hi { 1 } else { width as usize });
        let all = words.filter_map(|word| writes.get(&word)).flatten();
        let is_open =
            |at: &&u64| !decoded(image, **at).has_lock_prefix() && changes_in_place(image, **at);
        let all = all.filter(is_open).copied().collect();
        self.interrupted(number, image, all, coming)
    }

    /// Returns the instructions that change a table element in several steps, where one of the signals may come between. Only
    /// tables that may include `lo`, the address of a store, count.
    pub fn updates_of_elements(
        &mut self,
        number: u16,
        image: &Image,
        lo: u64,
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        // Without symbols, a table is assumed to have at most this length, and to end at the next address that instructions name.
        const LONGEST: u64 = 4096;
        let object = image.object_at(lo).map(|o| (o.address, o.address + o.size));
        let (from, to) = object.unwrap_or((lo.saturating_sub(LONGEST), lo));
        let to = to.max(from.saturating_add(1)).max(lo.saturating_add(1));
        let updates = &self.of(number, image).updates;
        let tables = updates.range(element(to - 1)..=element(from));
        let tables: Vec<(u64, Vec<(u64, u64)>)> = tables
            .map(|(table, all)| (element(*table), all.clone()))
            .collect();
        let own = tables
            .into_iter()
            .filter(|(table, _)| object.is_some() || !self.is_divided(number, image, *table, lo));
        let all = own.flat_map(|(_, all)| all).map(|(at, _)| at).collect();
        self.interrupted(number, image, all, coming)
    }

    /// Returns two stores of a function to different words in `loads`, where one of the signals may come between. A call that
    /// stores both words is returned twice.
    ///
    /// Leaves out stores that only set or clear a flag.
    pub fn pair(
        &mut self,
        number: u16,
        image: &Image,
        loads: &BTreeSet<(u64, u64)>,
        coming: &Coming,
    ) -> Option<[(u64, u64); 2]> {
        const WORD: usize = 8;
        // A wider load is that of a text or of a block.
        const WIDEST: u64 = 8;
        let stores = &self.of(number, image).writes;
        let bytes = loads.iter().flat_map(|(word, width)| *word..word + width);
        let stored = bytes.flat_map(|word| {
            let all = stores.get(&word).into_iter().flatten();
            all.map(move |at| (word, *at))
        });
        let mut stored: Vec<(u64, u64)> = stored.collect();
        let parts = |(word, width): &(u64, u64)| {
            let bytes = (*width).min(WORD as u64);
            (*word..word + width)
                .step_by(WORD)
                .map(move |word| (word, bytes))
        };
        for (word, bytes) in loads.iter().flat_map(parts) {
            let calls = self.filled(number, image, word);
            stored.extend(calls.into_iter().map(|at| (word, at)));
            let handlers = self.handlers_of(number);
            let tables = self.of(number, image);
            let through = tables.stores_by_pointer(image, word, bytes, &handlers);
            stored.extend(through.into_iter().map(|at| (word, at)));
        }
        for (start, width) in loads.iter().filter(|(_, width)| *width > WIDEST) {
            let stores = &self.of(number, image).writes;
            let bytes = *start..start + width;
            let all = bytes.flat_map(|at| [stores.get(&at), stores.get(&element(at))]);
            let loops = all.flatten().flatten().filter(|at| is_copying(image, **at));
            // A round of the loop stores one element, and the next round another.
            stored.extend(loops.flat_map(|at| [(*start, *at), (start + 1, *at)]));
        }
        let within = stored.into_iter().filter_map(|(word, at)| {
            let (function, _) = image.function_at(at)?;
            Some((function, word, at))
        });
        let mut within: Vec<(u64, u64, u64)> = within.collect();
        within.sort_by_key(|(function, word, _)| (*function, *word));
        let mut functions = within.chunk_by(|a, b| a.0 == b.0);
        functions.find_map(|all| {
            let words = all.chunk_by(|a, b| a.1 == b.1);
            words.clone().nth(1)?;
            let mut is_open =
                |at: u64| !is_flag(image, at) && self.who(number, image, at, coming).is_some();
            let mut open = words.filter_map(|all| {
                let (_, word, at) = all.iter().find(|(.., at)| is_open(*at))?;
                Some((*word, *at))
            });
            Some([open.next()?, open.next()?])
        })
    }

    /// Returns the instructions that update memory behind a pointer, where one of the signals may come between. `place` holds the
    /// pointer's word and the offset from the pointer.
    pub fn updates_through(
        &mut self,
        number: u16,
        image: &Image,
        place: (u64, i64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let all = self.of(number, image).updates_through.get(&place);
        let all = all.cloned().unwrap_or_default();
        self.interrupted(number, image, all, coming)
    }

    /// Returns the calls of C library functions that store to an object of several words which includes the byte at `at`.
    pub fn filled(&mut self, number: u16, image: &Image, at: u64) -> Vec<u64> {
        self.covering(number, image, |tables| &tables.fills, (at, at))
    }

    /// Returns the calls of C library functions that store to an object which includes the byte at `at` what was loaded from the
    /// object before, where one of the signals may come.
    pub fn rewritten(
        &mut self,
        number: u16,
        image: &Image,
        at: u64,
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        // Without symbols, a word that instructions name counts as an object.
        let place = (at, at.saturating_add(1));
        let all = self.covering(number, image, |tables| &tables.rewritten, place);
        self.interrupted(number, image, all, coming)
    }

    /// Returns the calls in a table that store to an object which includes the byte at `at`. An object of unknown size ends at the
    /// first address before `end` that instructions name.
    fn covering(
        &mut self,
        number: u16,
        image: &Image,
        table: fn(&Tables) -> &Blocks,
        (at, end): (u64, u64),
    ) -> Vec<u64> {
        // Without symbols, an object is assumed to have at most this length, and to end at the next address that instructions name.
        const LONGEST: u64 = 4096;
        let all = table(self.of(number, image));
        let near: Vec<(u64, Option<u64>, u64)> = all
            .range(at.saturating_sub(LONGEST)..=at)
            .flat_map(|(start, all)| all.iter().map(|(by, size)| (*start, *size, *by)))
            .collect();
        let holds = |(start, size, _): &(u64, Option<u64>, u64)| {
            let object = image.object_at(*start).map(|o| o.address + o.size - start);
            match size.or(object) {
                Some(size) => at - start < size,
                None => !self.is_divided(number, image, *start, end),
            }
        };
        let all = near.into_iter().filter(holds);
        all.map(|(_, _, by)| by).collect()
    }

    /// Returns the given instructions at which a signal may come, as far as the file shows, each with the interrupted code.
    fn interrupted(
        &mut self,
        number: u16,
        image: &Image,
        all: Vec<u64>,
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let who = |at| Some((at, self.who(number, image, at, coming)?));
        all.into_iter().filter_map(who).collect()
    }

    /// Returns which code is interrupted at an instruction by one of the signals.
    ///
    /// Leaves out code for which signals are blocked, there or at the calls of its function. Leaves out code before the
    /// installation of a handler. A function whose address is taken may run at any time: calls through its pointer are not
    /// followed.
    pub fn who(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> Option<Who> {
        let mut known = coming.known.borrow_mut();
        let mut seen = Set::default();
        // Each place, with the index of the place whose function it calls.
        let mut places = vec![(at, 0)];
        let mut todo = vec![0];
        let mut who = None;
        while let Some(mut n) = todo.pop() {
            let place = places[n].0;
            let before = known.get(&(number, place)).copied();
            let mut is_program = before == Some(true);
            if before.is_none()
                && let Some(start) = self.interruptible(number, image, place, coming)
            {
                let function = (number, start);
                let other = self.handlers.get(&function);
                let comes = match self.handlers.get(&coming.handler) {
                    Some(own) if function != coming.handler => other.map(|o| own.interrupts(o)),
                    _ => other.map(|_| Some(false)),
                };
                if let Some(comes @ (None | Some(true))) = comes
                    && who != Some(Who::Handler(true))
                {
                    who = Some(Who::Handler(comes.is_some()));
                }
                let is_own = comes.is_some() || coming.own.contains_key(&function);
                let tables = self.of(number, image);
                let callers = tables.callers.get(&start);
                let callers = callers.map(Vec::as_slice).unwrap_or_default();
                let is_begin = callers.is_empty() || tables.taken.contains_key(&start);
                is_program = !is_own && (is_begin || tables.is_main(image, start));
                if seen.insert(start) {
                    todo.extend(places.len()..places.len() + callers.len());
                    places.extend(callers.iter().map(|at| (*at, n)));
                }
            }
            if is_program {
                loop {
                    known.insert((number, places[n].0), true);
                    if n == 0 {
                        return Some(Who::Program);
                    }
                    n = places[n].1;
                }
            }
        }
        if who.is_none() {
            known.extend(places.into_iter().map(|(at, _)| ((number, at), false)));
        }
        who
    }

    /// Returns the function that holds an instruction, unless signals are blocked for it, or it precedes an installation.
    fn interruptible(
        &mut self,
        number: u16,
        image: &Image,
        place: u64,
        coming: &Coming,
    ) -> Option<u64> {
        let (start, end) = image.function_at(place)?;
        let tables = self.of(number, image);
        let installs = tables.installs.iter();
        let mut own = installs
            .filter(|site| (start..end).contains(site))
            .peekable();
        let installs = own.peek().is_some();
        // Code before the installation is not interrupted. Before `main`, no handler is installed yet.
        if installs && !own.any(|site| crate::reach::leads(image, *site, place))
            || !installs
                && image.constructors.contains(&start)
                && tables.callers.get(&start).is_none_or(Vec::is_empty)
        {
            return None;
        }
        let is_kept = self.precedes_installation(number, image, coming.handler, place)
            || (self.is_blocked(number, image, place, coming.signals)
                || coming
                    .marks
                    .iter()
                    .any(|mark| self.is_marked(number, image, place, *mark)))
                && !self.may_run_on_threads(number, image, coming.signals);
        (!is_kept).then_some(start)
    }

    /// Returns whether a signal is shown to come in an update at `at`, so that the stores of its handler are lost.
    /// [`changes`](Self::changes) finds such updates.
    ///
    /// The program reaches the update after it has waited for or raised a signal, or again and again if any process may send the
    /// signal. No function that it is seen to call blocks signals. `again`: the program is known to make the same store again
    /// elsewhere.
    pub fn loses(
        &mut self,
        number: u16,
        image: &Image,
        at: u64,
        signals: Signals,
        again: bool,
    ) -> bool {
        let Some((start, _)) = image.function_at(at) else {
            return false;
        };
        if self.may_block(number, image, signals) || !needs_only_libc(image) {
            return false;
        }
        let tables = self.of(number, image);
        let calls = |function: u64| tables.callers.get(&function).into_iter().flatten().copied();
        let wrapped = tables
            .installs
            .iter()
            .filter_map(|site| image.function_at(*site));
        let wrapped = wrapped.flat_map(|(start, _)| calls(start));
        let installs: Vec<u64> = tables.installs.iter().copied().chain(wrapped).collect();
        let waits = tables.calls_of(image, &WAITS);
        let places: Vec<u64> = calls(start).chain([at]).collect();
        // After another installation, such as of SIG_IGN, the handler may not run.
        let mut waits = waits.into_iter().filter(|wait| {
            let may_install = |site: &u64| crate::reach::leads(image, *wait, *site);
            !installs.iter().any(may_install)
        });
        let may_come_at_once = signals & crate::groups::of_anyone() != 0;
        waits.any(|wait| {
            let follows = |place: &u64| crate::reach::surely_leads(image, wait, *place, &[]);
            places.iter().any(follows)
        }) || may_come_at_once && (again || self.repeats(number, image, at, &installs))
    }
}

/// Returns the instructions in `changes` that change memory which a store of `width` bytes at `lo` to `hi` may touch.
fn touching(changes: &WordChanges, (lo, hi, width): (u64, u64, u64)) -> Vec<u64> {
    const WIDEST: u64 = 16;
    let words = changes.range(lo.saturating_sub(WIDEST)..hi.saturating_add(width));
    let mut all: Vec<u64> = words
        .flat_map(|(word, all)| all.iter().map(move |(at, width)| (at, word + width)))
        .filter(|(_, end)| *end > lo)
        .map(|(at, _)| *at)
        .collect();
    all.sort_unstable();
    all
}

/// Returns whether all libraries that the file needs are known by the names of their functions.
pub fn needs_only_libc(image: &Image) -> bool {
    let is_of_libc = |name: &String| C_LIBRARIES.iter().any(|of| name.starts_with(of));
    image.needed.iter().all(is_of_libc)
}

/// Returns whether the store is in a loop that calls nothing, and its address in a register, as in a copy of a text byte by byte.
fn is_copying(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    i.memory_base().is_gpr64()
        && crate::reach::surely_leads(image, i.next_ip(), at, &crate::reach::calls(image, at))
}

/// Returns whether the instruction stores a constant that a flag may have, or raises an atomic counter by one.
pub fn is_flag(image: &Image, at: u64) -> bool {
    let (width, value) = constant(image, at);
    let i = decoded(image, at);
    // An atomic counter that is raised by one is as complete as a flag.
    let is_counted = i.has_lock_prefix() && matches!(i.try_immediate(1), Ok(1));
    is_counted || crate::torn::is_flag(width, &value)
}

/// Returns whether the instruction sets a flag.
pub fn sets_flag(image: &Image, at: u64) -> bool {
    let (_, value) = constant(image, at);
    is_flag(image, at) && value.number() != Some(0)
}

/// Returns the number of bytes that the instruction stores, and the stored constant, or an unknown value.
pub fn constant(image: &Image, at: u64) -> (u32, Value) {
    let i = decoded(image, at);
    let constant = i.try_immediate(1).map(u64::cast_signed).ok();
    let constant = constant.filter(|constant| match i.mnemonic() {
        // Code that is optimised for size stores zero by `and`, and all bits by `or`.
        Mnemonic::And => *constant == 0,
        Mnemonic::Or => *constant == -1,
        of => of == Mnemonic::Mov,
    });
    let value = constant.map_or(Value::UNKNOWN, Value::num);
    (i.memory_size().size() as u32, value)
}

/// Returns whether the instruction adds to a word of memory or sets bits of it, whatever the word holds.
pub fn adds_in_place(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    let is_lowered = i.try_immediate(1).is_ok_and(|by| by.cast_signed() < 0);
    let adds = match i.mnemonic() {
        Mnemonic::Add => !is_lowered,
        of => matches!(of, Mnemonic::Inc | Mnemonic::Or),
    };
    adds && i.op0_kind() == OpKind::Memory
}

/// Returns whether the instruction changes a word of memory depending on the word's old value.
pub fn changes_in_place(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    let (_, stored) = constant(image, at);
    let is_added = i.mnemonic() == Mnemonic::Xadd && i.op0_kind() == OpKind::Memory;
    is_added || stored.number().is_none() && crate::sweep::changes_in_place(&i)
}

/// Returns the instruction at that address.
pub fn decoded(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}
