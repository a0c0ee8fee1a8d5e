//! Where a signal may come, and what the program is in the middle of there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

use crate::hash::{Map, Set};
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::mask::Signals;
use crate::sweep::{Tables, WordChanges, element};
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

/// Functions in which a program waits for what comes, signals among it.
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
    // What raises a signal is ready for its handler.
    "raise",
    "read",
    "select",
    "sleep",
    "usleep",
    "wait",
    "waitpid",
];

/// Says who is interrupted at an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Program,
    /// Another handler, of which it is known that it is not kept from being interrupted, or not.
    Handler(bool),
}

/// Says whose signals may come, and what it runs.
pub struct Coming<'a> {
    pub handler: Place,
    pub signals: Signals,
    /// The functions that the handler reaches.
    pub own: &'a Map<Place, usize>,
    /// The places where the program is interrupted, and those where nobody is, of those that were asked about.
    pub known: RefCell<Map<Place, bool>>,
}

impl<'a> Coming<'a> {
    /// Returns the signals of a handler that reaches these functions; no place was asked about.
    pub fn new(handler: Place, signals: Signals, own: &'a Map<Place, usize>) -> Self {
        Self {
            handler,
            signals,
            own,
            known: RefCell::default(),
        }
    }
}

impl Index {
    /// Returns a call that frees what the word points to while the word still does, and whether a signal is shown to be possible
    /// there.
    ///
    /// Left out are functions that have taken the handler back before, and calls while signals are blocked.
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
        let takes_back = |at: &u64| {
            image.function_at(*at).is_some_and(|(start, _)| {
                let precedes = |site: &u64| (start..*at).contains(site);
                !installers.contains(&(number, start)) && tables.installs.iter().any(precedes)
            })
        };
        let sites: Vec<u64> = sites.into_iter().filter(|at| !takes_back(at)).collect();
        let open: Vec<u64> = sites
            .into_iter()
            .filter(|at| !self.is_blocked(number, image, *at, coming.signals))
            .collect();
        let certain = self.interrupted(number, image, open.clone(), coming);
        // A function may free what it is given on some ways only.
        let mut certain = certain
            .into_iter()
            .filter(|(at, who)| *who == Who::Program && direct.contains(at));
        match certain.next() {
            Some((first, _)) => Some((first, true)),
            None => Some((*open.first()?, false)),
        }
    }

    /// Returns the instructions of one of the tables that change what a store touches, where one of the signals may come between; the
    /// store goes to one of the places from the first to the second, and has so many bytes.
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

    /// Returns the same for instructions that store what was made of an earlier load, of which a signal may come at the store or,
    /// where both are in critical sections, between these.
    pub fn changes_of_loads(
        &mut self,
        number: u16,
        image: &Image,
        place: (u64, u64, u64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        let (lo, hi, _) = place;
        let all = touching(&self.of(number, image).updates, place);
        let who = |at| {
            let own = self.who(number, image, at, coming);
            let who = own.or_else(|| self.carried(number, image, (lo, hi), at, coming));
            Some((at, who?))
        };
        all.into_iter().filter_map(who).collect()
    }

    /// Returns the instructions that change the word in place, which no other thread keeps out.
    pub fn changes_beside_threads(
        &mut self,
        number: u16,
        image: &Image,
        place: (u64, u64, u64),
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        if !self.may_run_on_threads(number, image, coming.signals) {
            return Vec::new();
        }
        let (lo, hi, width) = place;
        let writes = &self.of(number, image).writes;
        let words = (lo..=hi).take(if lo == hi { 1 } else { width as usize });
        let all = words.filter_map(|word| writes.get(&word)).flatten();
        let is_open =
            |at: &&u64| !decoded(image, **at).has_lock_prefix() && changes_in_place(image, **at);
        let all = all.filter(is_open).copied().collect();
        self.interrupted(number, image, all, coming)
    }

    /// Returns the instructions that change an element of a table, which may be what a store touches, in more than one step where one
    /// of the signals may come between.
    pub fn updates_of_elements(
        &mut self,
        number: u16,
        image: &Image,
        lo: u64,
        coming: &Coming,
    ) -> Vec<(u64, Who)> {
        // Without symbols a table is taken to be as long as that at most, and to end where instructions name something.
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

    /// Returns two instructions, or twice a call, that store one after the other what loads touch, where one of the signals may come between.
    ///
    /// Left out are stores that only set or clear a flag.
    pub fn pair(
        &mut self,
        number: u16,
        image: &Image,
        loads: &BTreeSet<(u64, u64)>,
        coming: &Coming,
    ) -> Option<[(u64, u64); 2]> {
        const WORD: usize = 8;
        let stores = &self.of(number, image).writes;
        let bytes = loads.iter().flat_map(|(word, width)| *word..word + width);
        let stored = bytes.flat_map(|word| {
            let all = stores.get(&word).into_iter().flatten();
            all.map(move |at| (word, *at))
        });
        let mut stored: Vec<(u64, u64)> = stored.filter(|(_, at)| !is_flag(image, *at)).collect();
        let parts = |(word, width): &(u64, u64)| {
            let bytes = (*width).min(WORD as u64);
            (*word..word + width)
                .step_by(WORD)
                .map(move |word| (word, bytes))
        };
        for (word, bytes) in loads.iter().flat_map(parts) {
            let calls = self.filled(number, image, word);
            stored.extend(calls.into_iter().map(|at| (word, at)));
            let through = self.of(number, image).stores_by_pointer(image, word, bytes);
            let through = through.into_iter().filter(|at| !is_flag(image, *at));
            stored.extend(through.map(|at| (word, at)));
        }
        let mut functions: BTreeMap<u64, BTreeMap<u64, Vec<u64>>> = BTreeMap::new();
        for (word, at) in stored {
            if let Some((start, _)) = image.function_at(at) {
                let words = functions.entry(start).or_default();
                words.entry(word).or_default().push(at);
            }
        }
        functions.into_values().find_map(|words| {
            let mut open = words.into_iter().filter_map(|(word, all)| {
                let is_open = |at: &u64| self.who(number, image, *at, coming).is_some();
                Some((word, all.into_iter().find(is_open)?))
            });
            Some([open.next()?, open.next()?])
        })
    }

    /// Returns what [`changes`](Self::changes) does for a store at an offset of what a word points to.
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

    /// Returns the calls that have a function of the C library store to an object of several words, the byte at `at` among it.
    pub fn filled(&mut self, number: u16, image: &Image, at: u64) -> Vec<u64> {
        // Without symbols an object is taken to be as long as that at most, and to end where instructions name something.
        const LONGEST: u64 = 4096;
        let fills = &self.of(number, image).fills;
        let near: Vec<(u64, Option<u64>, u64)> = fills
            .range(at.saturating_sub(LONGEST)..=at)
            .flat_map(|(start, all)| all.iter().map(|(by, size)| (*start, *size, *by)))
            .collect();
        let holds = |(start, size, _): &(u64, Option<u64>, u64)| {
            let object = image.object_at(*start).map(|o| o.address + o.size - start);
            match size.or(object) {
                Some(size) => at - start < size,
                None => !self.is_divided(number, image, *start, at),
            }
        };
        let all = near.into_iter().filter(holds);
        all.map(|(_, _, by)| by).collect()
    }

    /// Returns those of the instructions where a signal may come, as far as the file shows, and whom it interrupts.
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

    /// Returns who is interrupted at an instruction by one of the signals.
    ///
    /// Left out are code that signals are blocked for, there or where its function is called, and what precedes the installation of a
    /// handler. A function whose address is taken runs at any time: where its pointer is called is not followed.
    pub fn who(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> Option<Who> {
        let mut known = coming.known.borrow_mut();
        let mut seen = Set::default();
        // Each place with the number of the one whose function it calls.
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
        // What comes before the installation is not interrupted. Before `main` there is no handler yet.
        if installs && !own.any(|site| crate::reach::leads(image, *site, place))
            || !installs
                && image.constructors.contains(&start)
                && tables.callers.get(&start).is_none_or(Vec::is_empty)
        {
            return None;
        }
        let is_kept = self.precedes_installation(number, image, coming.handler, place)
            || self.is_blocked(number, image, place, coming.signals)
                && !self.may_run_on_threads(number, image, coming.signals);
        (!is_kept).then_some(start)
    }

    /// Returns whether a signal is shown to come in an update at `at`, as [`changes`](Self::changes) finds them, so that what its
    /// handler stores is lost: the program goes on there after it has waited or raised a signal, or again and again if anyone may
    /// send one, and nothing that it is seen to call keeps signals out. `again`: it is known to store the same again elsewhere.
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

/// Returns the instructions that change what a store from `lo` to `hi` of `width` bytes touches, by the words that they change.
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

/// Returns whether the instruction stores a constant that is that of a flag.
pub fn is_flag(image: &Image, at: u64) -> bool {
    let (width, value) = constant(image, at);
    let i = decoded(image, at);
    // One more of an atomic counter is as whole as a flag.
    let is_counted = i.has_lock_prefix() && matches!(i.try_immediate(1), Ok(1));
    is_counted || crate::torn::is_flag(width, &value)
}

/// Returns whether the instruction sets a flag.
pub fn sets_flag(image: &Image, at: u64) -> bool {
    let (_, value) = constant(image, at);
    is_flag(image, at) && value.number() != Some(0)
}

/// Returns the bytes that the instruction stores, and the constant, if it is one.
pub fn constant(image: &Image, at: u64) -> (u32, Value) {
    let i = decoded(image, at);
    let constant = i.try_immediate(1).map(u64::cast_signed).ok();
    let constant = constant.filter(|constant| match i.mnemonic() {
        // As small code stores zero, and all bits.
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

/// Returns whether the instruction changes a word of memory by what the word holds.
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
