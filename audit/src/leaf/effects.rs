//! What each instruction does to memory and to the stack, from what is known of the registers before it.

use std::collections::BTreeMap;

use iced_x86::{
    Instruction, InstructionInfo, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
    UsedMemory,
};

use super::elf::{Binary, Target};
use super::value::{Origin, Value};
use super::walk::{Function, Leaving, Step};

/// How memory is touched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Loaded.
    Read,
    /// Stored.
    Write,
    /// Loaded and stored by an instruction that another thread can come between.
    Update,
    /// Loaded and stored as one.
    Atomic,
}

/// One access to memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Where.
    pub place: Value,
    /// How many bytes.
    pub width: u32,
    /// What for.
    pub how: How,
}

/// What one instruction does.
#[derive(Default)]
pub struct Effects {
    /// Its accesses to memory, the return address of a call and of a return left out.
    pub accesses: Vec<Access>,
    /// Bytes below the function's return address that are in use or written; `None`: not known.
    pub stack: Option<u64>,
    /// Whether it writes the stack, makes it longer, or loses track of it.
    pub takes_stack: bool,
    /// Whether it returns to somewhere else than where the function was called from.
    pub returns_astray: bool,
}

/// The effects of every instruction of `function`; `is_handler`: its arguments are the kernel's.
pub fn of(binary: &Binary, function: &Function, is_handler: bool) -> BTreeMap<u64, Effects> {
    let before = states(binary, function, is_handler);
    let mut factory = InstructionInfoFactory::new();
    function
        .steps
        .iter()
        .map(|(&at, step)| {
            let info = factory.info(&step.instruction).clone();
            (at, effects(binary, step, &info, &before[&at]))
        })
        .collect()
}

/// The general registers, by number.
type State = [Value; 16];

/// How often ways may meet at one instruction before what still changes is given up, so that loops come to an end.
const MEETINGS: u32 = 16;

const RSP: usize = 4;

fn states(binary: &Binary, function: &Function, is_handler: bool) -> BTreeMap<u64, State> {
    let mut entry = [Value::ANY; 16];
    entry[RSP] = Value::at(Origin::Stack, 0);
    if is_handler {
        for (number, register) in (1..).zip([Register::RDI, Register::RSI, Register::RDX]) {
            entry[register.number()] = Value::at(Origin::Argument(number), 0);
        }
    }
    let start = function.symbol.address;
    let mut known: BTreeMap<u64, (State, u32)> = BTreeMap::from([(start, (entry, 0))]);
    let mut todo = vec![start];
    let mut factory = InstructionInfoFactory::new();
    while let Some(at) = todo.pop() {
        let Some(step) = function.steps.get(&at) else {
            continue;
        };
        let mut state = known[&at].0;
        apply(binary, step, factory.info(&step.instruction), &mut state);
        for &next in &step.next {
            let (merged, meetings) = match known.get(&next) {
                None => (state, 0),
                Some((old, meetings)) => {
                    let meet = |i| meet(old[i], state[i], *meetings);
                    (std::array::from_fn(meet), meetings + 1)
                }
            };
            if known.get(&next).is_none_or(|(old, _)| *old != merged) {
                known.insert(next, (merged, meetings));
                todo.push(next);
            }
        }
    }
    known
        .into_iter()
        .map(|(at, (state, _))| (at, state))
        .collect()
}

/// What is known of a register where ways meet for the `meetings`th time.
fn meet(old: Value, new: Value, meetings: u32) -> Value {
    let merged = old.or(new);
    if merged != old && meetings >= MEETINGS {
        return Value::ANY;
    }
    merged
}

fn effects(binary: &Binary, step: &Step, info: &InstructionInfo, before: &State) -> Effects {
    let instruction = &step.instruction;
    let mut after = *before;
    apply(binary, step, info, &mut after);
    let mut effects = Effects::default();
    let returns = instruction.mnemonic() == Mnemonic::Ret;
    let calls = matches!(step.leaves, Some((Leaving::Call, _)));
    effects.returns_astray = returns && before[RSP] != Value::at(Origin::Stack, 0);
    effects.stack = depth(after[RSP]);
    effects.takes_stack = !returns
        && match (depth(before[RSP]), depth(after[RSP])) {
            (Some(before), Some(after)) => before < after,
            (Some(_), None) => true,
            (None, _) => false,
        };
    let is_atomic = instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg;
    for memory in info.used_memory() {
        let Some(how) = how(memory.access(), is_atomic) else {
            continue;
        };
        let place = address(binary, instruction, memory, before);
        if returns || (calls && how == How::Write) {
            continue;
        }
        if place.origin == Origin::Stack && how != How::Read {
            effects.takes_stack = true;
            effects.stack = effects.stack.zip(depth(place)).map(|(a, b)| a.max(b));
        }
        effects.accesses.push(Access {
            place,
            width: u32::try_from(memory.memory_size().size()).unwrap_or(u32::MAX),
            how,
        });
    }
    effects
}

/// How far below the return address a pointer into the stack may point; `None`: not known.
fn depth(pointer: Value) -> Option<u64> {
    (pointer.origin == Origin::Stack && pointer.spread < u64::MAX)
        .then(|| pointer.low.min(0).unsigned_abs())
}

fn how(access: OpAccess, is_atomic: bool) -> Option<How> {
    match access {
        OpAccess::None | OpAccess::NoMemAccess => None,
        OpAccess::Read | OpAccess::CondRead => Some(How::Read),
        OpAccess::Write | OpAccess::CondWrite => Some(How::Write),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite if is_atomic => Some(How::Atomic),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Some(How::Update),
    }
}

/// The address of one access.
fn address(
    binary: &Binary,
    instruction: &Instruction,
    memory: &UsedMemory,
    before: &State,
) -> Value {
    if matches!(memory.segment(), Register::FS | Register::GS) {
        return Value {
            origin: Origin::Thread,
            ..Value::ANY
        };
    }
    if instruction.is_ip_rel_memory_operand()
        && memory.index() == Register::None
        && matches!(memory.base(), Register::None | Register::RIP)
    {
        return pointer(binary, instruction.ip_rel_memory_address());
    }
    sum(
        binary,
        memory.base(),
        memory.index(),
        memory.scale(),
        memory.displacement().cast_signed(),
        before,
    )
}

fn sum(
    binary: &Binary,
    base: Register,
    index: Register,
    scale: u32,
    displacement: i64,
    before: &State,
) -> Value {
    let constant = displacement.cast_unsigned();
    let start = if is_fixed_pointer(binary, constant) {
        pointer(binary, constant)
    } else {
        Value::at(Origin::Nothing, displacement)
    };
    start
        .plus(read(base, before))
        .plus(read(index, before).times(scale.into()))
}

/// A pointer to that address of the file.
fn pointer(binary: &Binary, address: u64) -> Value {
    let origin = binary
        .object_at(address)
        .map(|symbol| symbol.address)
        .or_else(|| binary.section_start(address));
    match origin {
        Some(origin) => Value::at(Origin::Object(origin), (address - origin).cast_signed()),
        None => Value::ANY,
    }
}

fn read(register: Register, state: &State) -> Value {
    match register.size() {
        _ if register == Register::None => Value::at(Origin::Nothing, 0),
        8 if register.is_gpr() => state[register.number()],
        4 if register.is_gpr() => state[register.number()].in_32_bits(),
        2 if register.is_gpr() => Value::up_to(u16::MAX.into()),
        1 if register.is_gpr() => Value::up_to(u8::MAX.into()),
        _ => Value::ANY,
    }
}

/// Changes `state` as the instruction changes the registers.
fn apply(binary: &Binary, step: &Step, info: &InstructionInfo, state: &mut State) {
    let instruction = &step.instruction;
    let before = *state;
    for used in info.used_registers() {
        let writes = !matches!(
            used.access(),
            OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
        );
        if writes && used.register().is_gpr() {
            let register = used.register();
            let whole = register.is_gpr32() && used.access() == OpAccess::Write;
            state[register.full_register().number()] = if whole {
                Value::up_to(u32::MAX.into())
            } else {
                Value::ANY
            };
        }
    }
    if matches!(step.leaves, Some((Leaving::Call, _))) {
        for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
            state[scratch] = Value::ANY;
        }
        state[RSP] = before[RSP];
        return;
    }
    if instruction.mnemonic() == Mnemonic::Leave {
        state[RSP] = before[Register::RBP.number()].moved(8);
    } else if instruction.is_stack_instruction() {
        state[RSP] = before[RSP].moved(instruction.stack_pointer_increment().into());
    }
    let destination = instruction.op0_register();
    if instruction.op0_kind() == OpKind::Register
        && (destination.is_gpr32() || destination.is_gpr64())
        && let Some(value) = result(binary, instruction, &before)
    {
        state[destination.number()] = if destination.is_gpr32() {
            in_32_bits(binary, value)
        } else {
            value
        };
    }
}

/// What the instruction puts into its first operand, a register, where that is worth knowing.
fn result(binary: &Binary, instruction: &Instruction, before: &State) -> Option<Value> {
    let own = read(instruction.op0_register(), before);
    let constant = (instruction.op_count() == 2)
        .then(|| instruction.try_immediate(1).ok())
        .flatten();
    let other = match instruction.try_op_kind(1) {
        Ok(OpKind::Register) => Some(read(instruction.op1_register(), before)),
        _ => constant.map(|c| Value::at(Origin::Nothing, c.cast_signed())),
    };
    match instruction.mnemonic() {
        Mnemonic::Mov if constant.is_some_and(|c| is_fixed_pointer(binary, c)) => {
            constant.map(|c| pointer(binary, c))
        }
        Mnemonic::Mov if instruction.is_ip_rel_memory_operand() => {
            match binary.settled_pointer(instruction.ip_rel_memory_address()) {
                Target::Here(address) => Some(pointer(binary, address)),
                _ => None,
            }
        }
        Mnemonic::Mov => other,
        Mnemonic::Movzx => match instruction.op1_kind() {
            OpKind::Register => other,
            _ => Some(Value::up_to(
                u64::MAX >> (64 - 8 * instruction.memory_size().size().clamp(1, 7)),
            )),
        },
        Mnemonic::Lea if instruction.is_ip_rel_memory_operand() => {
            Some(pointer(binary, instruction.ip_rel_memory_address()))
        }
        Mnemonic::Lea => Some(sum(
            binary,
            instruction.memory_base(),
            instruction.memory_index(),
            instruction.memory_index_scale(),
            instruction.memory_displacement64().cast_signed(),
            before,
        )),
        Mnemonic::Add => Some(own.plus(other?)),
        Mnemonic::Sub => constant.map(|c| own.moved(c.cast_signed().wrapping_neg())),
        Mnemonic::Xor if instruction.op1_kind() == OpKind::Register => (instruction.op0_register()
            == instruction.op1_register())
        .then_some(Value::at(Origin::Nothing, 0)),
        Mnemonic::And => Some(masked(own, constant?)),
        Mnemonic::Shl => own.most().and_then(|_| {
            let factor = 1u64.checked_shl(u32::try_from(constant?).ok()?)?;
            Some(own.times(factor))
        }),
        Mnemonic::Shr => {
            let by = u32::try_from(constant?).ok()?;
            let width = if instruction.op0_register().is_gpr32() {
                32
            } else {
                64
            };
            (by < width).then(|| Value::up_to((u64::MAX >> (64 - width)) >> by))
        }
        _ if is_conditional_move(instruction) => Some(own.or(other?)),
        _ => None,
    }
}

fn masked(value: Value, mask: u64) -> Value {
    if value.origin == Origin::Stack && mask.cast_signed() < 0 {
        return Value {
            low: value.low.saturating_add(mask.cast_signed() + 1),
            ..value
        };
    }
    if mask.cast_signed() < 0 {
        return Value::ANY;
    }
    Value::up_to(value.most().map_or(mask, |most| most.min(mask)))
}

/// Whether a constant is the address of an object: only where the loader moves nothing can it be one.
fn is_fixed_pointer(binary: &Binary, constant: u64) -> bool {
    binary.has_fixed_addresses() && binary.object_at(constant).is_some()
}

fn in_32_bits(binary: &Binary, value: Value) -> Value {
    match value.origin {
        Origin::Object(_) if binary.has_fixed_addresses() => value,
        _ => value.in_32_bits(),
    }
}

fn is_conditional_move(instruction: &Instruction) -> bool {
    use Mnemonic::{
        Cmova, Cmovae, Cmovb, Cmovbe, Cmove, Cmovg, Cmovge, Cmovl, Cmovle, Cmovne, Cmovno, Cmovnp,
        Cmovns, Cmovo, Cmovp, Cmovs,
    };
    matches!(
        instruction.mnemonic(),
        Cmova
            | Cmovae
            | Cmovb
            | Cmovbe
            | Cmove
            | Cmovg
            | Cmovge
            | Cmovl
            | Cmovle
            | Cmovne
            | Cmovno
            | Cmovnp
            | Cmovns
            | Cmovo
            | Cmovp
            | Cmovs
    )
}
