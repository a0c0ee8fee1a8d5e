//! Follows an address that an instruction takes: whether it stays within the function, and nothing is stored through it.

use std::collections::{BTreeSet, HashMap};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use crate::allow;
use crate::image::{Image, Slot};
use crate::libc;
use crate::summary::is_preserved;

/// A set of registers: one bit for each register number.
pub type Set = u16;

const ALL_PRESERVED: Set = {
    let mut set = 0;
    let mut register = 0;
    while register < 16 {
        if is_preserved(register) {
            set |= 1 << register;
        }
        register += 1;
    }
    set
};

/// The registers that may pass the address to `sigaction`: all registers that calls do not preserve, except rdi, which holds the
/// signal number.
pub const TO_SIGACTION: Set = !ALL_PRESERVED & !(1 << 7);

/// Functions of the C library that have three arguments, in rdi, rsi and rdx.
const OF_THREE: [&str; 6] = [
    "pthread_sigmask",
    "read",
    "sigaction",
    "sigprocmask",
    "waitpid",
    "write",
];

const ARGUMENTS_OF_THREE: Set = 1 << 7 | 1 << 6 | 1 << 2;

fn bit(register: Register) -> Set {
    if register.is_gpr() {
        1 << register.full_register().number()
    } else {
        0
    }
}

/// Returns whether the address that the instruction at `at` takes is only read through, compared, or passed to one of `calls`. Each
/// of `calls` installs the action at the address, which it may take in any of the given registers.
///
/// Such a call stores only the previously installed action through the address.
pub fn is_only_read(image: &Image, at: u64, calls: &HashMap<u64, Set>) -> bool {
    uses(image, at, calls, false).is_some()
}

/// Returns the instructions that read through the address that the instruction at `at` takes. Includes the instructions that store
/// through it if `may_store` is set. Returns `None` if the address may go elsewhere.
pub fn uses(
    image: &Image,
    at: u64,
    calls: &HashMap<u64, Set>,
    may_store: bool,
) -> Option<BTreeSet<u64>> {
    let mut walk = Walk {
        image,
        calls,
        may_store,
        is_void: false,
        kept_by: None,
        used: BTreeSet::new(),
        factory: InstructionInfoFactory::new(),
    };
    let first = walk.decode(at);
    let start = walk.takes(&first)?;
    if start == 0 {
        walk.used.insert(at);
    }
    follow(walk, first.next_ip(), start)
}

/// Returns the instructions that read or store through the result of the call that returns to `after`. Returns `None` if the result
/// goes elsewhere than to the word to which the instruction at `kept_by` stores it.
pub fn of_result(image: &Image, after: u64, kept_by: u64) -> Option<BTreeSet<u64>> {
    let walk = Walk {
        image,
        calls: &HashMap::new(),
        may_store: true,
        is_void: false,
        kept_by: Some(kept_by),
        used: BTreeSet::new(),
        factory: InstructionInfoFactory::new(),
    };
    follow(walk, after, bit(Register::RAX))
}

/// Returns the instructions that read or store through the pointer that the instruction at `at` loads, or `None` if the pointer
/// goes elsewhere. `is_void`: whether the function returns nothing.
pub fn of_load(image: &Image, at: u64, is_void: bool) -> Option<BTreeSet<u64>> {
    let walk = Walk {
        image,
        calls: &HashMap::new(),
        may_store: true,
        is_void,
        kept_by: None,
        used: BTreeSet::new(),
        factory: InstructionInfoFactory::new(),
    };
    let i = walk.decode(at);
    let is_load = i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Register
        && i.op0_register().is_gpr64();
    follow(walk, i.next_ip(), is_load.then(|| bit(i.op0_register()))?)
}

fn follow(mut walk: Walk, first: u64, start: Set) -> Option<BTreeSet<u64>> {
    const MOST: usize = 50_000;
    let (image, calls) = (walk.image, walk.calls);
    let bounds = image.function_at(first)?;
    let mut known: HashMap<u64, Set> = HashMap::new();
    let mut todo = vec![(first, start)];
    let mut steps = 0;
    while let Some((at, holds)) = todo.pop() {
        let before = known.entry(at).or_insert(0);
        let holds = *before | holds;
        // If no further register holds the address, there is nothing to follow.
        if holds == *before {
            continue;
        }
        *before = holds;
        steps += 1;
        if steps > MOST || !(bounds.0..bounds.1).contains(&at) {
            return None;
        }
        let i = walk.decode(at);
        let holds = walk.step(&i, holds)?;
        let is_inside = |to: u64| (bounds.0..bounds.1).contains(&to);
        match i.flow_control() {
            FlowControl::UnconditionalBranch => {
                let to = i.near_branch_target();
                if is_inside(to) {
                    todo.push((to, holds));
                } else if walk.gives(&i, holds) || holds & ALL_PRESERVED != 0 {
                    return None;
                }
            }
            FlowControl::ConditionalBranch => {
                let to = i.near_branch_target();
                if is_inside(to) || !crate::reach::ends_at_once(image, to) {
                    todo.push((to, holds));
                }
                todo.push((i.next_ip(), holds));
            }
            FlowControl::Return => {}
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                todo.push((i.next_ip(), holds));
            }
            // A jump to a function of another file through a table, as the last call of a function.
            FlowControl::IndirectBranch if calls.contains_key(&at) => {
                if walk.gives(&i, holds) || holds & ALL_PRESERVED != 0 {
                    return None;
                }
            }
            _ if holds == 0 => {}
            _ => return None,
        }
    }
    Some(walk.used)
}

struct Walk<'a> {
    image: &'a Image,
    calls: &'a HashMap<u64, Set>,
    may_store: bool,
    /// Whether the function returns nothing.
    is_void: bool,
    /// An instruction that may store the address.
    kept_by: Option<u64>,
    /// The instructions that read or store through the address.
    used: BTreeSet<u64>,
    factory: InstructionInfoFactory,
}

impl Walk<'_> {
    fn decode(&self, at: u64) -> Instruction {
        let bytes = self.image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
    }

    /// Returns the register into which the instruction loads the address, or the empty set if it only accesses an element.
    fn takes(&mut self, i: &Instruction) -> Option<Set> {
        let is_load = matches!(i.mnemonic(), Mnemonic::Lea)
            || i.mnemonic() == Mnemonic::Mov && i.op1_kind() != OpKind::Memory;
        if is_load && i.op0_kind() == OpKind::Register {
            return Some(bit(i.op0_register()));
        }
        let has_index = i.memory_base() != Register::None || i.memory_index() != Register::None;
        let is_element = has_index && (self.may_store || !self.stores(i));
        let has_address = (0..i.op_count()).any(|n| {
            matches!(
                i.op_kind(n),
                OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
            )
        });
        (is_element && !has_address && i.flow_control() == FlowControl::Next).then_some(0)
    }

    fn stores(&mut self, i: &Instruction) -> bool {
        let writes = |access| !matches!(access, OpAccess::Read | OpAccess::CondRead);
        let used = self.factory.info(i).used_memory();
        i.mnemonic() != Mnemonic::Lea && used.iter().any(|memory| writes(memory.access()))
    }

    /// Returns whether the call goes to a function of another file. Such a function does not look at the registers that it must
    /// preserve.
    ///
    /// A function of this file may take arguments in any register.
    fn is_outside(&self, i: &Instruction) -> bool {
        let image = self.image;
        let target = i.near_branch_target();
        let is_of_libc = || {
            let names = image.names.get(&target).into_iter().flatten();
            image.is_static && names.into_iter().any(|name| allow::is_listed(name))
        };
        match self.slot(i) {
            Some(slot) => matches!(image.slots.get(&slot), Some(Slot::Extern(_))),
            None => image.externs.contains_key(&target) || is_of_libc(),
        }
    }

    /// Returns the word from which the call takes its function.
    fn slot(&self, i: &Instruction) -> Option<u64> {
        match i.flow_control() {
            FlowControl::IndirectCall | FlowControl::IndirectBranch => i
                .is_ip_rel_memory_operand()
                .then(|| i.ip_rel_memory_address()),
            _ => self.image.stub(i.near_branch_target()),
        }
    }

    /// Returns the name of the function of another file that is called.
    fn name(&self, i: &Instruction) -> Option<&str> {
        match self.image.slots.get(&self.slot(i)?)? {
            Slot::Extern(name) => Some(&name.name),
            _ => None,
        }
    }

    /// Returns whether the call goes to a function of another file that does not return.
    fn ends(&self, i: &Instruction) -> bool {
        self.name(i).is_some_and(libc::never_returns)
    }

    /// Returns whether the call passes the address to a function that does not install the handler at that address.
    fn gives(&self, i: &Instruction, holds: Set) -> bool {
        let may = self.calls.get(&i.ip()).copied().unwrap_or_default();
        let is_of_three = self.name(i).is_some_and(|name| OF_THREE.contains(&name));
        let looked_at = if is_of_three {
            ARGUMENTS_OF_THREE
        } else if self.is_outside(i) {
            // rax, r10 and r11 have no arguments.
            !ALL_PRESERVED & !(1 | 1 << 10 | 1 << 11)
        } else {
            !ALL_PRESERVED
        };
        holds & looked_at & !may != 0
    }

    /// Returns the registers that hold the address after the instruction, or `None` if the address may go elsewhere or be stored
    /// through.
    fn step(&mut self, i: &Instruction, holds: Set) -> Option<Set> {
        use Mnemonic as M;
        let address = bit(i.memory_base()) | bit(i.memory_index());
        match i.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall => {
                let kept = holds & ALL_PRESERVED;
                let is_known = self.calls.contains_key(&i.ip()) || self.is_outside(i);
                return if self.gives(i, holds) || kept != 0 && !is_known {
                    None
                } else if self.ends(i) {
                    Some(0)
                } else {
                    Some(kept)
                };
            }
            FlowControl::Return => {
                return (self.is_void || holds & !ALL_PRESERVED == 0).then_some(0);
            }
            FlowControl::Next => {}
            _ => return Some(holds),
        }
        let is_lea = i.mnemonic() == M::Lea;
        if address & holds != 0 && !is_lea {
            if self.stores(i) && !self.may_store {
                return None;
            }
            self.used.insert(i.ip());
        }
        let mut read = 0;
        let mut written = 0;
        for used in self.factory.info(i).used_registers() {
            let of = bit(used.register());
            let access = used.access();
            if !matches!(access, OpAccess::Write | OpAccess::CondWrite) {
                read |= of;
            }
            if matches!(access, OpAccess::Write) && used.register().size() >= 4 {
                written |= of;
            }
        }
        // A register may be read as a value and as a part of the address.
        let is_only_written = self.factory.info(i).op0_access() == OpAccess::Write;
        let values = (u32::from(is_only_written)..i.op_count())
            .filter(|n| i.op_kind(*n) == OpKind::Register)
            .fold(0, |all, n| all | bit(i.op_register(n)));
        if !is_lea {
            read &= !address | values;
        }
        let is_zero = matches!(i.mnemonic(), M::Xor | M::Sub)
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == i.op1_register();
        if read & holds == 0 || is_zero {
            return Some(holds & !written & !if is_zero { bit(i.op0_register()) } else { 0 });
        }
        if self.kept_by == Some(i.ip()) {
            return Some(holds);
        }
        match i.mnemonic() {
            M::Cmp | M::Test => Some(holds),
            M::Mov | M::Lea | M::Add | M::Sub | M::Inc | M::Dec | M::Cmove | M::Cmovne
                if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() =>
            {
                Some(holds & !written | bit(i.op0_register()))
            }
            _ => None,
        }
    }
}
