//! The words of the file from which values were computed: in registers of all kinds, in the condition flags, in the frame.

use crate::hash::Map;

use iced_x86::{
    ConditionCode, CpuidFeature, FlowControl, Instruction, InstructionInfoFactory, Mnemonic,
    OpAccess, OpKind, Register,
};

use super::known::{Local, is_frame};
use super::registers::{Contents, Registers};
use super::words::Words;
use crate::state::ARGUMENTS;

/// The register of a result.
const RESULT: usize = 0;

/// Is the number, above all addresses of a file, that stands for a function's first argument among the words.
const ARGUMENT: u64 = 1 << 61;

/// Holds the effects of a call on words of the file: the words and the arguments from which its result was computed, and its stores
/// of arguments.
#[derive(Clone, Default)]
pub struct Crossing {
    pub result: Vec<u64>,
    pub arguments: Vec<usize>,
    /// The stores: the number of the argument, the word to which it is stored, and the number of bytes.
    pub stores: Vec<(usize, u64, u64)>,
}

/// Holds the words from which register values on branches were computed, by the target of the branch.
type Arriving = Map<u64, Vec<(usize, Words)>>;

/// Holds the words from which the values at an instruction were computed, also on branches to it from earlier instructions.
pub struct Derived {
    registers: Contents,
    /// The registers of the floating-point unit, its top last.
    floats: Vec<Words>,
    flags: Words,
    frame: Map<Local, Words>,
    /// The register contents on branches to instructions not read yet: integer registers first, then vector registers.
    arriving: Arriving,
    /// The register contents on branches to instructions that were already read, such as the head of a loop.
    returning: Arriving,
    /// The frame contents on backward branches, for a second look at the function.
    arriving_frames: Map<u64, Map<Local, Words>>,
    /// The frame contents on the last backward branch to each target.
    returning_frames: Map<u64, Map<Local, Words>>,
    factory: InstructionInfoFactory,
}

impl Derived {
    /// Returns the state at the start of a function: each argument was computed from itself.
    pub fn of_arguments() -> Self {
        let mut derived = Self::new();
        for (n, register) in ARGUMENTS.into_iter().enumerate() {
            let argument = [ARGUMENT + n as u64].into_iter().collect();
            derived.registers.set_number(register, &argument);
        }
        derived
    }

    /// Returns whether a scratch register was computed from any of the words.
    pub fn uses_scratch(&self) -> bool {
        self.registers
            .has_any_of(Registers::lost(Registers::default()))
    }

    pub fn new() -> Self {
        Self {
            registers: Contents::new(),
            floats: Vec::new(),
            flags: Words::default(),
            frame: Map::default(),
            arriving: Arriving::default(),
            returning: Arriving::default(),
            arriving_frames: Map::default(),
            returning_frames: Map::default(),
            factory: InstructionInfoFactory::new(),
        }
    }

    /// Returns the state at the start of the same function for a second look, if a loop may carry a word to its next round.
    pub fn again(self, start: u64) -> Option<Self> {
        if self.returning.is_empty() && self.returning_frames.is_empty() {
            return None;
        }
        let mut again = Self {
            arriving: self.returning,
            arriving_frames: self.returning_frames,
            ..Self::of_arguments()
        };
        again.arrives(start);
        Some(again)
    }

    /// Returns whether the register holds a value computed from the word.
    pub fn holds(&self, register: Register, word: u64) -> bool {
        self.of(register).is_some_and(|words| words.contains(&word))
    }

    /// Returns whether a register, or the condition flags, were computed from both words.
    pub fn has_made_one_of(&self, words: [u64; 2]) -> bool {
        let held = self.registers.held().map(|(_, words)| words);
        let mut held = held.chain(&self.floats).chain([&self.flags]);
        held.any(|held| words.iter().all(|word| held.contains(word)))
    }

    /// Returns whether the instruction stores one word's value to an address computed from the other.
    pub fn brings_together(&mut self, i: &Instruction, words: [u64; 2]) -> bool {
        let address = [i.memory_base(), i.memory_index()];
        let is_at = |word: &u64| address.iter().any(|register| self.holds(*register, *word));
        let at = words.map(|word| is_at(&word));
        i.op0_kind() == OpKind::Memory
            && (at[0] && self.stores(i, words[1]) || at[1] && self.stores(i, words[0]))
    }

    /// Returns whether the argument registers of a call hold values computed from the two words.
    pub fn passes_both(&self, words: [u64; 2]) -> bool {
        let of = |word: &u64| {
            let own = ARGUMENTS.iter().map(|n| self.registers.integer(*n));
            let mut held = own.chain(self.registers.passed_vectors());
            held.any(|held| held.contains(word))
        };
        words.iter().all(of)
    }

    /// Returns whether the instruction is a plain store of a value computed from the word, or from an element of the same table.
    ///
    /// A register that goes from element to element points to the first one when it is loaded.
    pub fn stores(&mut self, i: &Instruction, word: u64) -> bool {
        let first = super::parameter::first(word);
        let mut all = self.values(i);
        let is_from = all.any(|words| words.contains(&word) || words.contains(&first));
        drop(all);
        is_from && self.is_plain(i)
    }

    fn is_plain(&mut self, i: &Instruction) -> bool {
        i.op0_kind() == OpKind::Memory
            && (i.mnemonic() == Mnemonic::Xchg
                || self.factory.info(i).op0_access() == OpAccess::Write && !i.has_lock_prefix())
    }

    /// Returns the words from which the value of a plain store was computed.
    pub fn stored(&mut self, i: &Instruction) -> Words {
        let mut all = Words::default();
        for words in self.values(i) {
            all.join(words);
        }
        if !all.is_empty() && !self.is_plain(i) {
            all.clear();
        }
        all
    }

    /// Returns the words from which the instruction's flags and registers, other than those of its first operand, were computed.
    fn values<'a>(&'a self, i: &'a Instruction) -> impl Iterator<Item = &'a Words> {
        let flags = (i.condition_code() != ConditionCode::None).then_some(&self.flags);
        let float = is_float_store(i).then(|| self.float(0)).flatten();
        let registers = (1..i.op_count()).filter(|n| i.op_kind(*n) == OpKind::Register);
        let registers = registers.filter_map(|n| self.of(i.op_register(n)));
        flags.into_iter().chain(float).chain(registers)
    }

    /// Returns the words from which the last comparison was computed.
    pub fn asked(&self) -> impl Iterator<Item = u64> {
        let all = self.flags.iter().copied();
        all.filter(|word| !is_argument(*word))
    }

    /// Returns the words from which the target of an indirect jump or call was computed.
    pub fn targets(&self, i: &Instruction) -> impl Iterator<Item = u64> {
        let of = [i.op0_register(), i.memory_base(), i.memory_index()];
        let all = of.into_iter().filter_map(|register| self.of(register));
        let all = all.flat_map(|words| &**words).copied();
        all.filter(|word| !is_argument(*word))
    }

    /// Returns the words from which the instruction computes an address or, as a call, its arguments.
    pub fn used(&self, i: &Instruction) -> impl Iterator<Item = u64> {
        let is_call = matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::IndirectCall
        );
        let passed = ARGUMENTS.iter().filter(move |_| is_call);
        let passed = passed.flat_map(|n| &**self.registers.integer(*n));
        let address = [i.memory_base(), i.memory_index()];
        let address = address.into_iter().filter_map(|register| self.of(register));
        let all = passed.chain(address.flat_map(|words| &**words));
        all.copied().filter(|word| !is_argument(*word))
    }

    /// Returns the words to which the call stores, with their bytes, each after a word from which the stored value was computed.
    pub fn stored_by(&self, crossing: &Crossing) -> Vec<(u64, u64, u64)> {
        let all = crossing.stores.iter().flat_map(|(n, word, width)| {
            let from = self.registers.integer(ARGUMENTS[*n]).iter();
            from.map(|from| (*from, *word, *width))
        });
        all.collect()
    }

    /// Returns the words from which the first argument of a call was computed.
    pub fn first_passed(&self) -> impl Iterator<Item = u64> {
        let all = self.registers.integer(ARGUMENTS[0]).iter().copied();
        all.filter(|word| !is_argument(*word))
    }

    /// Returns the words from which the arguments of a call were computed.
    pub fn passed(&self) -> impl Iterator<Item = u64> {
        let all = ARGUMENTS.iter().flat_map(|n| &**self.registers.integer(*n));
        all.copied().filter(|word| !is_argument(*word))
    }

    /// Returns the words from which the result of the function was computed.
    pub fn result(&self) -> impl Iterator<Item = u64> {
        let all = self.registers.integer(RESULT).iter().copied();
        all.filter(|word| !is_argument(*word))
    }

    /// Returns the arguments of the function from which its result was computed.
    pub fn result_arguments(&self) -> impl Iterator<Item = usize> {
        let all = self.registers.integer(RESULT).iter();
        all.filter_map(|word| argument(*word))
    }

    fn of(&self, register: Register) -> Option<&Words> {
        held_in(&self.registers, &self.floats, register)
    }

    fn float(&self, depth: usize) -> Option<&Words> {
        float_at(&self.floats, depth)
    }

    /// Follows an instruction; `touched`: the word of the file and the place of the frame that it touches. For a call, `kept` are the
    /// scratch registers that the called function leaves alone, and `crossing` has its effects.
    pub fn follows(
        &mut self,
        i: &Instruction,
        touched: (Option<u64>, Option<Local>),
        kept: Registers,
        crossing: Option<&Crossing>,
    ) {
        let is_branch = matches!(
            i.flow_control(),
            FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
        );
        if is_branch {
            let target = i.near_branch_target();
            let branches = match target > i.ip() {
                true => &mut self.arriving,
                false => &mut self.returning,
            };
            if target <= i.ip() && !self.frame.is_empty() {
                self.returning_frames.insert(target, self.frame.clone());
            }
            if !self.registers.is_empty() {
                let arriving = branches
                    .entry(target)
                    .or_insert_with(|| Vec::with_capacity(self.registers.held().count()));
                for (n, words) in self.registers.held() {
                    match arriving.iter_mut().find(|(of, _)| *of == n) {
                        Some((_, known)) => known.join(words),
                        None => arriving.push((n, words.clone())),
                    }
                }
            }
        }
        let result = crossing
            .filter(|crossing| !crossing.result.is_empty() || !crossing.arguments.is_empty());
        let result = result.map(|crossing| {
            let passed = crossing.arguments.iter();
            let passed = passed.flat_map(|n| &**self.registers.integer(ARGUMENTS[*n]));
            passed.chain(&crossing.result).copied().collect()
        });
        self.computes(i, touched, kept);
        if let Some(result) = result {
            self.registers.set_number(RESULT, &result);
        }
        self.arrives(i.next_ip());
    }

    /// Adds the register and frame contents that branches bring to the instruction.
    fn arrives(&mut self, at: u64) {
        for (n, words) in self.arriving.remove(&at).unwrap_or_default() {
            self.registers.join(n, &words);
        }
        for (local, words) in self.arriving_frames.remove(&at).into_iter().flatten() {
            self.frame.entry(local).or_default().join(&words);
        }
    }

    fn computes(
        &mut self,
        i: &Instruction,
        (word, local): (Option<u64>, Option<Local>),
        kept: Registers,
    ) {
        match i.flow_control() {
            FlowControl::Next => {}
            FlowControl::Call | FlowControl::IndirectCall => {
                // A call overwrites the other scratch registers: they no longer hold values from before the call.
                self.registers.clear(Registers::lost(kept));
                self.floats.clear();
                self.flags.clear();
                return;
            }
            _ => return,
        }
        // Without known words, an instruction that loads no word changes nothing.
        if word.is_none() && self.is_empty() {
            return;
        }
        let info = self.factory.info(i);
        let reads = |access| {
            use OpAccess as A;
            matches!(
                access,
                A::Read | A::CondRead | A::ReadWrite | A::ReadCondWrite
            )
        };
        let is_read = |n: u32| i.op_kind(n) == OpKind::Memory && reads(info.op_access(n));
        let mut memory = Words::default();
        if (0..i.op_count()).any(is_read) {
            memory = word.into_iter().collect();
            if let Some(held) = local.and_then(|local| self.frame.get(&local)) {
                memory.join(held);
            }
        }
        let is_exchange = matches!(i.mnemonic(), Mnemonic::Xchg | Mnemonic::Xadd);
        let mut all = memory.clone();
        if !is_exchange || i.op0_kind() != OpKind::Memory {
            let read = info.used_registers().iter();
            for used in read.filter(|used| reads(used.access())) {
                let held = held_in(&self.registers, &self.floats, used.register());
                if let Some(words) = held {
                    all.join(words);
                }
            }
        }
        let is_chosen = i.condition_code() != ConditionCode::None
            || matches!(i.mnemonic(), Mnemonic::Adc | Mnemonic::Sbb);
        if is_chosen {
            all.join(&self.flags);
        }
        if i.rflags_modified() != 0 {
            self.flags.clone_from(&all);
        }
        if i.cpuid_features().contains(&CpuidFeature::FPU) {
            if let Some(local) = local.filter(|_| is_float_store(i)) {
                let words = self.float(0).cloned().unwrap_or_default();
                keep(&mut self.frame, local, words);
            }
            self.floats(i, memory, all);
            return;
        }
        if i.op0_kind() == OpKind::Memory
            && !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test)
            && let Some(local) = local
        {
            keep(&mut self.frame, local, all.clone());
        }
        for used in info.used_registers() {
            let register = used.register();
            if matches!(used.access(), OpAccess::Read | OpAccess::CondRead) {
                continue;
            }
            let full = register.full_register();
            if register.is_gpr() && is_frame(full) {
                self.frame.retain(|(base, _), _| *base != full);
            }
            self.registers.set(register, &all);
        }
    }

    fn is_empty(&self) -> bool {
        self.registers.is_empty()
            && self.floats.is_empty()
            && self.flags.is_empty()
            && self.frame.is_empty()
    }

    /// Follows an instruction of the floating-point unit.
    fn floats(&mut self, i: &Instruction, memory: Words, mut all: Words) {
        let moved = i.fpu_stack_increment_info().increment();
        if moved < 0 {
            let copied = match i.op0_kind() {
                OpKind::Register => self.float(i.op0_register().number()).cloned(),
                _ => Some(memory),
            };
            self.floats.push(copied.unwrap_or_default());
            return;
        }
        let depth = match i.op0_kind() {
            OpKind::Register if i.op0_register().is_st() => i.op0_register().number(),
            _ => 0,
        };
        let top = self.floats.len();
        if i.mnemonic() == Mnemonic::Fxch && i.op1_register().number() < top {
            self.floats
                .swap(top - 1, top - 1 - i.op1_register().number());
        } else if !is_float_store(i)
            && let Some(place) = top.checked_sub(depth + 1)
        {
            if let Some(top) = self.floats.last() {
                all.join(top);
            }
            self.floats[place] = all;
        }
        self.floats.truncate(top.saturating_sub(moved as usize));
    }
}

/// Returns the words of a register: of the integer registers, the vector registers, or the floating-point unit.
fn held_in<'a>(all: &'a Contents, floats: &'a [Words], register: Register) -> Option<&'a Words> {
    match register.is_st() {
        true => float_at(floats, register.number()),
        false => all.of(register),
    }
}

/// Returns the words of the floating-point unit's register at this depth below the top.
fn float_at(floats: &[Words], depth: usize) -> Option<&Words> {
    floats.len().checked_sub(depth + 1).map(|n| &floats[n])
}

fn keep(frame: &mut Map<Local, Words>, local: Local, words: Words) {
    match words.is_empty() {
        true => frame.remove(&local),
        false => frame.insert(local, words),
    };
}

/// Returns whether the instruction stores the top of the floating-point unit to memory.
fn is_float_store(i: &Instruction) -> bool {
    use Mnemonic as M;
    let stores = matches!(
        i.mnemonic(),
        M::Fst | M::Fstp | M::Fist | M::Fistp | M::Fisttp
    );
    stores && i.op0_kind() == OpKind::Memory
}

fn is_argument(word: u64) -> bool {
    argument(word).is_some()
}

/// Returns the number of the argument that stands among the words.
pub fn argument(word: u64) -> Option<usize> {
    let n = word.checked_sub(ARGUMENT)? as usize;
    (n < ARGUMENTS.len()).then_some(n)
}
