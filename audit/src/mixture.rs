//! A handler's use of words that the program stores together: whether it combines two of them, and whether it tests them.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
    RflagsBits,
};

use crate::explore::Explorer;
use crate::frame::Frame;
use crate::groups::Group;
use crate::install::Place;
use crate::value::{Base, Value};

/// Represents the sources of a value: a bit for each word of a group, and for each other relevant source.
type Words = u32;

/// The source bit of data that the program changes and that is not in the group.
const OTHER: Words = 1 << 15;

/// The source bit of the signal number.
const SIGNAL: Words = 1 << 14;

/// The source bit of a number in the siginfo, which the sender of the signal may choose.
const SENT: Words = 1 << 13;

/// The source bit of a register of the interrupted code, other than its stack pointer and the instruction's address.
const INTERRUPTED: Words = 1 << 12;

/// The source bit of a word that each signal increases and no code resets.
const RAISED: Words = 1 << 16;

const OF_GROUP: Words = (1 << crate::groups::MOST) - 1;

/// The minimum size of the range from which an unknown index chooses a place.
const ANYWHERE: i64 = 1 << 31;

/// Holds a call that reads a block.
pub struct Pass {
    from: Value,
    length: Option<i64>,
    /// The place to which the call copies the block; `None`: out of the process.
    to: Option<Value>,
}

/// Holds the words that went into the values of the registers, the frame and the flags.
#[derive(Clone, Default, PartialEq)]
struct Sources {
    registers: BTreeMap<Register, Words>,
    frame: BTreeMap<i64, Words>,
    flags: Words,
}

/// Holds the observed facts about a function.
#[derive(Default)]
struct Seen {
    tested: Words,
    /// The instructions that store or pass on a value made of two words.
    uses: BTreeSet<u64>,
    /// The instructions whose address is made of a [`SENT`], [`INTERRUPTED`] or [`RAISED`] value.
    strays: BTreeMap<u64, Words>,
    /// The instructions that store a value that depends on the signal to a byte of a file.
    marks: BTreeSet<(u64, u16, i64)>,
}

impl Explorer<'_> {
    /// Notes the place that an instruction loads from or stores to.
    pub fn note_place(&mut self, frame: &Frame, i: &Instruction, place: &Value) {
        const HALF: i64 = 8;
        let new = (place.base, place.lo, place.hi);
        let known = self.places.entry((frame.number, i.ip())).or_insert(new);
        // For an access to the upper half of a vector: the place of the lower half.
        let lower = place.moved(-HALF);
        if i.memory_size().size() > HALF as usize && *known == (lower.base, lower.lo, lower.hi) {
            return;
        }
        *known = match known.0 == place.base {
            true => (place.base, known.1.min(place.lo), known.2.max(place.hi)),
            false => (Base::Unknown, i64::MIN, i64::MAX),
        };
    }

    /// Notes a call that reads a block.
    pub fn note_pass(
        &mut self,
        frame: &Frame,
        at: u64,
        from: &Value,
        length: &Value,
        to: Option<&Value>,
    ) {
        let place = |value: &Value| crate::address::in_image(frame, value.clone());
        self.passes
            .entry((frame.number, at))
            .or_insert_with(|| Pass {
                from: place(from),
                length: length.number(),
                to: to.map(place),
            });
    }

    /// Returns an instruction that stores or passes on a value made of two words of the group. Returns `None` if the handler tests
    /// data that tells whether the words are whole. `guards`: the other words that the handler loads and the program changes.
    pub fn mixes(&self, number: u16, group: &Group, guards: &BTreeSet<u64>) -> Option<Place> {
        let reader = Reader {
            explorer: self,
            number,
            words: group.words.iter().copied().collect(),
            raised: &BTreeSet::new(),
            guards,
        };
        let mut uses = BTreeSet::new();
        for &(of, start) in self.contexts.keys() {
            let seen = reader.function(of, start);
            if seen.tested & (OTHER | OF_GROUP) != 0 {
                return None;
            }
            uses.extend(seen.uses.first().map(|at| (of, *at)));
        }
        uses.pop_first()
    }

    /// Returns the instructions in `doubts` whose address is made of an untested siginfo number, register of the interrupted code,
    /// or word that each signal increases. The map value tells whether only such an increased word went into the address.
    pub fn strays(
        &self,
        doubts: &BTreeSet<Place>,
        raised: &BTreeSet<Place>,
    ) -> BTreeMap<Place, bool> {
        let none = BTreeSet::new();
        let reader = Reader {
            explorer: self,
            number: 0,
            words: Vec::new(),
            raised,
            guards: &none,
        };
        let start = |&(of, at): &Place| {
            let function = self.files.image(of).function_at(at);
            function.map(|(start, _)| (of, start))
        };
        let functions: BTreeSet<Place> = doubts.iter().filter_map(start).collect();
        let is_far = |place: &Place| match self.places.get(place) {
            Some((Base::Image(_), lo, hi)) => hi.saturating_sub(*lo) >= ANYWHERE,
            place => place.is_some(),
        };
        let mut strays = BTreeMap::new();
        for (of, start) in functions {
            let seen = reader.function(of, start);
            strays.extend(seen.strays.iter().map(|(at, words)| ((of, *at), *words)));
        }
        strays
            .retain(|place, words| doubts.contains(place) && (*words & SENT == 0 || is_far(place)));
        if strays.is_empty() {
            return BTreeMap::new();
        }
        let all = self.contexts.keys();
        let tested = all.map(|&(of, start)| reader.function(of, start).tested);
        let tested = tested.fold(0, |all, tested| all | tested);
        strays.retain(|_, words| *words & tested == 0);
        let is_raised = |words: Words| words & (SENT | INTERRUPTED) == 0;
        let strays = strays.into_iter();
        strays
            .map(|(place, words)| (place, is_raised(words)))
            .collect()
    }

    /// Returns a store of a signal-dependent value to data of a file, if the handler later passes it on and tests no file data.
    /// Another of the handler's signals may come between the store and its use.
    pub fn overwrites(&self) -> Option<Place> {
        if !self.passes.values().any(|pass| pass.to.is_none()) {
            return None;
        }
        let guards = self.loads.keys().map(|(_, word, _)| *word).collect();
        let reader = Reader {
            explorer: self,
            number: 0,
            words: Vec::new(),
            raised: &BTreeSet::new(),
            guards: &guards,
        };
        let all = self.contexts.keys();
        let all = all.map(|&(of, start)| ((of, start), reader.function(of, start)));
        let all: BTreeMap<Place, Seen> = all.collect();
        if all.values().any(|seen| seen.tested & OTHER != 0) {
            return None;
        }
        let (of, _) = self.handler;
        let code = self.files.image(of);
        let passes = self.passes.iter().filter(|((file, _), _)| *file == of);
        let passed = |at: u64, number: u16, byte: i64| {
            passes.clone().any(|((_, by), pass)| {
                let end = |from: i64| from.saturating_add(pass.length.unwrap_or(1));
                let has = |from: i64| (from..end(from)).contains(&byte);
                pass.to.is_none()
                    && pass.from.base == Base::Image(number)
                    && pass.from.exact().is_some_and(has)
                    && crate::reach::surely_leads(&code, at, *by, &[])
            })
        };
        let marks = all.get(&self.handler)?.marks.iter();
        marks
            .copied()
            .find(|(at, number, byte)| passed(*at, *number, *byte))
            .map(|(at, ..)| (of, at))
    }
}

/// The offset in the siginfo of the data behind the signal number, from `si_code` on.
const CODE: i64 = 8;

/// The offsets of the registers in the ucontext; the stack pointer and the instruction's address are the last.
const REGISTERS: std::ops::Range<i64> = 40..176;
const STACK_POINTER: i64 = 160;

fn full(register: Register) -> Register {
    register.full_register()
}

struct Reader<'a> {
    explorer: &'a Explorer<'a>,
    number: u16,
    words: Vec<(u64, u64)>,
    raised: &'a BTreeSet<Place>,
    guards: &'a BTreeSet<u64>,
}

impl Reader<'_> {
    fn function(&self, of: u16, start: u64) -> Seen {
        const MOST: usize = 20_000;
        let mut seen = Seen::default();
        let mut factory = InstructionInfoFactory::new();
        let image = self.explorer.files.image(of);
        let (from, to) = image.function_at(start).unwrap_or((start, start));
        let mut before: BTreeMap<u64, Sources> = BTreeMap::new();
        let mut first = Sources::default();
        if (of, start) == self.explorer.handler {
            first.registers.insert(full(Register::RDI), SIGNAL);
        }
        let mut todo = vec![(start, first)];
        let mut steps = 0;
        while let Some((at, known)) = todo.pop() {
            // An instruction that was not walked is not reached.
            let Some(i) = self.explorer.instruction_at(of, at) else {
                continue;
            };
            steps += 1;
            if steps > MOST || !(from..to).contains(&at) {
                // The function is too long to be followed, or continues elsewhere, where tests are not seen.
                seen.tested = Words::MAX;
                return seen;
            }
            let mut after = match before.get_mut(&at) {
                Some(old) => {
                    let joined = old.or(&known);
                    if joined == *old {
                        continue;
                    }
                    *old = joined.clone();
                    joined
                }
                None => before.entry(at).or_insert(known).clone(),
            };
            self.step(of, &i, &mut factory, &mut after, &mut seen);
            match i.flow_control() {
                FlowControl::UnconditionalBranch => todo.push((i.near_branch_target(), after)),
                FlowControl::ConditionalBranch => {
                    todo.push((i.near_branch_target(), after.clone()));
                    todo.push((i.next_ip(), after));
                }
                FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                    todo.push((i.next_ip(), after));
                }
                // A caller may test the returned value.
                FlowControl::Return if (of, start) != self.explorer.handler => {
                    seen.tested |= after.register(Register::RAX);
                }
                FlowControl::Return => {}
                _ => seen.tested = Words::MAX,
            }
        }
        seen
    }

    fn step(
        &self,
        of: u16,
        i: &Instruction,
        factory: &mut InstructionInfoFactory,
        known: &mut Sources,
        seen: &mut Seen,
    ) {
        use Mnemonic as M;
        if matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::IndirectCall
        ) {
            self.call(of, i, known, seen);
            return;
        }
        let is_decided = i.rflags_read() & !RflagsBits::DF != 0;
        if is_decided && !matches!(i.mnemonic(), M::Adc | M::Sbb) {
            seen.tested |= known.flags;
        }
        let place = self.explorer.places.get(&(of, i.ip()));
        let info = factory.info(i);
        let is_lea = i.mnemonic() == M::Lea;
        let is_operand = |register: Register| {
            (0..i.op_count()).any(|n| {
                i.op_kind(n) == OpKind::Register
                    && i.op_register(n).full_register() == register.full_register()
            })
        };
        let is_address = |register: Register| {
            [i.memory_base(), i.memory_index()]
                .iter()
                .any(|r| r.full_register() == register.full_register())
        };
        let is_zero = matches!(i.mnemonic(), M::Xor | M::Sub | M::Pxor | M::Xorps)
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == i.op1_register();
        let reads = |access: OpAccess| !matches!(access, OpAccess::Write | OpAccess::CondWrite);
        let writes = |access: OpAccess| !matches!(access, OpAccess::Read | OpAccess::CondRead);
        let mut words = 0;
        let width = i.memory_size().size() as i64;
        for used in info.used_registers().iter().filter(|_| !is_zero) {
            let register = full(used.register());
            if reads(used.access()) && (is_lea || is_operand(register) || !is_address(register)) {
                words |= known.register(register);
            }
        }
        let address = [i.memory_base(), i.memory_index()].map(|n| known.register(full(n)));
        let address = (address[0] | address[1]) & (SENT | INTERRUPTED | RAISED);
        if address != 0 && !is_lea {
            *seen.strays.entry(i.ip()).or_default() |= address;
        }
        let memory = info.used_memory().iter().filter(|_| !is_lea);
        let (mut is_read, mut is_written) = (false, false);
        for used in memory {
            is_read |= reads(used.access());
            is_written |= writes(used.access());
        }
        if let Some(&place) = place.filter(|_| is_read) {
            words |= self.loads(place, width, known);
        }
        if matches!(
            i.mnemonic(),
            M::Cmp | M::Test | M::Ucomisd | M::Ucomiss | M::Comisd | M::Comiss
        ) {
            // A null check does not make a pointer valid.
            let is_null = i.mnemonic() == M::Test && i.op0_register() == i.op1_register()
                || i.mnemonic() == M::Cmp && matches!(i.try_immediate(1), Ok(0));
            known.flags = words & !if is_null { INTERRUPTED } else { 0 };
            return;
        }
        // The result of a mask or a division has a bound.
        let keeps_size = matches!(
            i.mnemonic(),
            M::Add
                | M::Cdqe
                | M::Inc
                | M::Lea
                | M::Mov
                | M::Movsx
                | M::Movsxd
                | M::Movzx
                | M::Shl
                | M::Xadd
        );
        if !keeps_size {
            words &= !RAISED;
        }
        if i.rflags_modified() != 0 {
            known.flags = words;
        }
        for used in info
            .used_registers()
            .iter()
            .filter(|used| writes(used.access()))
        {
            let register = full(used.register());
            let kept = match used.access() {
                OpAccess::CondWrite => known.register(register),
                _ => 0,
            };
            if register != Register::RSP {
                known.registers.insert(register, words | kept);
            }
        }
        if let Some(&(base, lo, hi)) = place.filter(|_| is_written) {
            match base {
                Base::Stack if lo == hi => known.put(lo, width, words),
                Base::Stack => {}
                Base::Image(number) if words & SIGNAL != 0 && lo == hi => {
                    seen.marks.insert((i.ip(), number, lo));
                    self.uses(i.ip(), words, seen);
                }
                _ => self.uses(i.ip(), words, seen),
            }
        }
        known.registers.retain(|_, words| *words != 0);
    }

    /// Returns the sources of a loaded value: the words that the load touches, other relevant data, or the earlier sources of the
    /// value.
    fn loads(&self, (base, lo, hi): (Base, i64, i64), width: i64, known: &Sources) -> Words {
        match base {
            Base::Stack if lo == hi => known.block(lo, width),
            Base::Stack => known.frame.values().fold(0, |all, words| all | words),
            Base::Siginfo if lo >= CODE => SENT,
            Base::Context if lo >= REGISTERS.start && hi < REGISTERS.end => match lo {
                STACK_POINTER.. => OTHER,
                _ => INTERRUPTED,
            },
            Base::Siginfo | Base::Context | Base::Errno | Base::Thread => 0,
            Base::Image(of) => {
                let file = self.explorer.files.image(of);
                let (from, to) = (lo.cast_unsigned(), hi.saturating_add(width).cast_unsigned());
                if !file.is_writable(from) {
                    return 0;
                }
                let own = match of == self.number {
                    true => self.group(from, to),
                    false => 0,
                };
                let is_raised = lo == hi && self.raised.contains(&(of, from));
                let own = own | if is_raised { RAISED } else { 0 };
                let is_guard = lo != hi || of != self.number || self.guards.contains(&from);
                own | if is_guard && own == 0 { OTHER } else { 0 }
            }
            _ => OTHER,
        }
    }

    /// Returns the words of the group that overlap the range from `from` to below `to`.
    fn group(&self, from: u64, to: u64) -> Words {
        let touched = self.words.iter().enumerate();
        let touched = touched.filter(|(_, (word, n))| *word < to && from < word + n);
        touched.fold(0, |all, (n, _)| all | 1 << n)
    }

    /// Follows a call. The called function may test its arguments, unless it is known to only read a block.
    fn call(&self, of: u16, i: &Instruction, known: &mut Sources, seen: &mut Seen) {
        let passed = self.explorer.passes.get(&(of, i.ip()));
        if let Some(Pass { from, length, to }) = passed {
            // At least this many bytes of a text of unknown length are read.
            const TEXT: i64 = 16;
            const LONGEST: i64 = 4096;
            let [pointer, counted] = [Register::RSI, Register::RDX].map(|n| known.register(n));
            // The kernel checks whether a pointer is valid.
            seen.tested |= pointer & INTERRUPTED;
            let block = |at: i64, length: i64| match from.base {
                Base::Stack => known.block(at, length),
                Base::Image(of) if of == self.number => {
                    let end = at.saturating_add(length);
                    self.group(at.cast_unsigned(), end.cast_unsigned())
                }
                _ => 0,
            };
            let length = length.unwrap_or(TEXT).clamp(0, LONGEST);
            let from = from.exact();
            match (to, to.as_ref().and_then(Value::exact), from) {
                (Some(to), Some(at), Some(from)) if to.base == Base::Stack => {
                    let bytes: Vec<Words> = (from..from + length).map(|n| block(n, 1)).collect();
                    for (n, words) in (at..).zip(bytes) {
                        known.put(n, 1, words);
                    }
                }
                (Some(to), ..) if to.base == Base::Stack => {}
                _ if pointer & OF_GROUP != 0 => self.uses(i.ip(), pointer | counted, seen),
                (_, _, Some(from)) => self.uses(i.ip(), block(from, length), seen),
                _ => {}
            }
        } else {
            let target = (of, i.near_branch_target());
            if self.explorer.contexts.contains_key(&target) {
                seen.tested |= known.frame.values().fold(0, |all, words| all | words);
            }
            let arguments = SCRATCH.iter().filter(|n| !matches!(**n, Register::RAX));
            seen.tested |= arguments.fold(0, |all, n| all | known.register(*n));
        }
        known
            .registers
            .retain(|register, _| register.is_gpr() && !SCRATCH.contains(register));
        known.flags = 0;
    }

    fn uses(&self, at: u64, words: Words, seen: &mut Seen) {
        if (words & OF_GROUP).count_ones() > 1 {
            seen.uses.insert(at);
        }
    }
}

/// The registers that a call need not preserve.
const SCRATCH: [Register; 9] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

impl Sources {
    fn register(&self, register: Register) -> Words {
        self.registers.get(&register).copied().unwrap_or_default()
    }

    fn put(&mut self, at: i64, width: i64, words: Words) {
        for byte in at..at.saturating_add(width) {
            match words {
                0 => self.frame.remove(&byte),
                _ => self.frame.insert(byte, words),
            };
        }
    }

    fn block(&self, at: i64, length: i64) -> Words {
        let end = at.saturating_add(length.max(0));
        let bytes = self.frame.range(at..end);
        bytes.fold(0, |all, (_, words)| all | words)
    }

    fn or(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (register, words) in &other.registers {
            *all.registers.entry(*register).or_default() |= words;
        }
        for (byte, words) in &other.frame {
            *all.frame.entry(*byte).or_default() |= words;
        }
        all.flags |= other.flags;
        all
    }
}
