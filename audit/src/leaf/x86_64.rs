//! x86-64 instructions and their effects, from iced's tables.

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Formatter, InstructionInfoFactory, IntelFormatter,
    Mnemonic, OpAccess, OpKind, Register, SymbolResolver, SymbolResult, UsedMemory,
};

use super::elf::Binary;
use super::instruction::{Access, AccessKind, Convention, Flow, Instruction, Raw, Run, State};
use super::listing::Names;
use super::place;
use super::rules::Rule;
use super::value::{LeafValue, Origin};
use crate::step::is_system_call;

const RSP: usize = 4;

pub const CONVENTION: Convention = Convention {
    name: "x86-64",
    stack: RSP,
    link: None,
    global: None,
    arguments: [7, 6, 2],
    scratch: &[0, 1, 2, 6, 7, 8, 9, 10, 11],
    // The mask lies behind flags, link, stack and registers.
    signal_mask: 8 + 8 + 24 + 256,
    relative: object::elf::R_X86_64_RELATIVE,
    budget: 32,
};

/// Decodes the instruction at the start of `bytes`.
pub fn decode(bytes: &[u8], at: u64) -> Option<Instruction> {
    let raw = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
    if raw.is_invalid() {
        return None;
    }
    let mut factory = InstructionInfoFactory::new();
    let is_vector = factory
        .info(&raw)
        .used_registers()
        .iter()
        .map(|used| used.register())
        .any(|r| r.is_vector_register() || r.is_st() || r.is_mm() || r.is_k());
    Some(Instruction {
        at,
        end: raw.next_ip(),
        flow: flow(&raw),
        breaks: breaks(&raw),
        is_vector,
        raw: Raw::X86_64(raw),
    })
}

fn flow(raw: &iced_x86::Instruction) -> Flow {
    let slot = raw
        .is_ip_rel_memory_operand()
        .then(|| raw.ip_rel_memory_address());
    match raw.flow_control() {
        FlowControl::Next | FlowControl::XbeginXabortXend => Flow::Next,
        FlowControl::UnconditionalBranch => Flow::Jump(raw.near_branch_target()),
        FlowControl::ConditionalBranch => Flow::Branch(raw.near_branch_target()),
        FlowControl::IndirectBranch => Flow::JumpThrough(slot),
        FlowControl::Call if is_system_call(raw) => Flow::Next,
        FlowControl::Call => Flow::Call(raw.near_branch_target()),
        FlowControl::IndirectCall => Flow::CallThrough(slot),
        FlowControl::Interrupt if raw.code() == Code::Int_imm8 => Flow::Next,
        FlowControl::Return => Flow::Return(None),
        FlowControl::Interrupt | FlowControl::Exception => Flow::Stop,
    }
}

fn breaks(raw: &iced_x86::Instruction) -> Vec<(Rule, &'static str)> {
    let mut breaks = Vec::new();
    let repeated = raw.has_rep_prefix() || raw.has_repne_prefix();
    if repeated && raw.is_string_instruction() {
        breaks.push((Rule::Loop, "repeats itself, as often as a register says"));
    }
    let segments = [raw.segment_prefix(), raw.memory_segment()];
    let reads_base = matches!(
        raw.mnemonic(),
        Mnemonic::Rdfsbase | Mnemonic::Rdgsbase | Mnemonic::Wrfsbase | Mnemonic::Wrgsbase
    );
    if reads_base
        || segments
            .iter()
            .any(|s| matches!(s, Register::FS | Register::GS))
    {
        breaks.push(Rule::THREAD_LOCAL);
    }
    if is_system_call(raw) {
        breaks.push(Rule::SYSTEM_CALL);
    } else if matches!(
        raw.flow_control(),
        FlowControl::Exception | FlowControl::Interrupt
    ) {
        breaks.push(Rule::TRAP);
    } else if raw.is_privileged() {
        breaks.push(Rule::PRIVILEGED);
    }
    if matches!(raw.mnemonic(), Mnemonic::Div | Mnemonic::Idiv) {
        breaks.push((
            Rule::Trap,
            "raises SIGFPE when it divides by zero or overflows",
        ));
    }
    breaks
}

/// Returns the effects of the instruction on registers and memory.
pub fn run(raw: &iced_x86::Instruction, binary: &Binary, before: &State) -> Run {
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(raw);
    let mut run = Run::new(before);
    run.refers = raw
        .is_ip_rel_memory_operand()
        .then(|| raw.ip_rel_memory_address());
    for used in info.used_registers() {
        let writes = !matches!(
            used.access(),
            OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
        );
        if writes && used.register().is_gpr() {
            let register = used.register();
            let whole = register.is_gpr32() && used.access() == OpAccess::Write;
            run.after[register.full_register().number()] = if whole {
                LeafValue::up_to(u32::MAX.into())
            } else {
                LeafValue::ANY
            };
        }
    }
    if raw.mnemonic() == Mnemonic::Leave {
        run.after[RSP] = before[Register::RBP.number()].moved(8);
    } else if raw.is_stack_instruction() {
        run.after[RSP] = before[RSP].moved(raw.stack_pointer_increment().into());
    }
    let destination = raw.op0_register();
    if raw.op0_kind() == OpKind::Register
        && (destination.is_gpr32() || destination.is_gpr64())
        && let Some(value) = result(binary, raw, before)
    {
        run.after[destination.number()] = if destination.is_gpr32() {
            value.in_32_bits()
        } else {
            value
        };
    }
    let is_atomic = raw.has_lock_prefix() || raw.mnemonic() == Mnemonic::Xchg;
    let calls = matches!(flow(raw), Flow::Call(_) | Flow::CallThrough(_));
    for memory in info.used_memory() {
        let Some(how) = how(memory.access(), is_atomic) else {
            continue;
        };
        if raw.mnemonic() == Mnemonic::Ret || (calls && how == AccessKind::Write) {
            continue;
        }
        run.accesses.push(Access {
            place: address(raw, memory, before),
            width: u32::try_from(memory.memory_size().size()).unwrap_or(u32::MAX),
            how,
        });
    }
    run
}

fn how(access: OpAccess, is_atomic: bool) -> Option<AccessKind> {
    match access {
        OpAccess::None | OpAccess::NoMemAccess => None,
        OpAccess::Read | OpAccess::CondRead => Some(AccessKind::Read),
        OpAccess::Write | OpAccess::CondWrite => Some(AccessKind::Write),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite if is_atomic => Some(AccessKind::Atomic),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Some(AccessKind::Update),
    }
}

/// Returns the address of one access to memory.
fn address(raw: &iced_x86::Instruction, memory: &UsedMemory, before: &State) -> LeafValue {
    if matches!(memory.segment(), Register::FS | Register::GS) {
        return LeafValue {
            origin: Origin::Thread,
            ..LeafValue::ANY
        };
    }
    if raw.is_ip_rel_memory_operand()
        && memory.index() == Register::None
        && matches!(memory.base(), Register::None | Register::RIP)
    {
        return LeafValue::pointer(raw.ip_rel_memory_address());
    }
    sum(
        memory.base(),
        memory.index(),
        memory.scale(),
        memory.displacement().cast_signed(),
        before,
    )
}

fn sum(
    base: Register,
    index: Register,
    scale: u32,
    displacement: i64,
    before: &State,
) -> LeafValue {
    LeafValue::at(Origin::Nothing, displacement)
        .plus(read(base, before))
        .plus(read(index, before).times(scale.into()))
}

fn read(register: Register, state: &State) -> LeafValue {
    match register.size() {
        _ if register == Register::None => LeafValue::at(Origin::Nothing, 0),
        8 if register.is_gpr() => state[register.number()],
        4 if register.is_gpr() => state[register.number()].in_32_bits(),
        2 if register.is_gpr() => LeafValue::up_to(u16::MAX.into()),
        1 if register.is_gpr() => LeafValue::up_to(u8::MAX.into()),
        _ => LeafValue::ANY,
    }
}

/// Returns the value that the instruction puts into its first operand, a register, if the audit follows that computation.
fn result(binary: &Binary, raw: &iced_x86::Instruction, before: &State) -> Option<LeafValue> {
    let own = read(raw.op0_register(), before);
    let constant = (raw.op_count() == 2)
        .then(|| raw.try_immediate(1).ok())
        .flatten();
    let other = match raw.try_op_kind(1) {
        Ok(OpKind::Register) => Some(read(raw.op1_register(), before)),
        _ => constant.map(|c| LeafValue::at(Origin::Nothing, c.cast_signed())),
    };
    match raw.mnemonic() {
        Mnemonic::Mov if raw.is_ip_rel_memory_operand() => {
            place::loaded(binary, LeafValue::pointer(raw.ip_rel_memory_address()))
        }
        Mnemonic::Mov => other,
        Mnemonic::Movzx => match raw.op1_kind() {
            OpKind::Register => other,
            _ => Some(LeafValue::up_to(
                u64::MAX >> (64 - 8 * raw.memory_size().size().clamp(1, 7)),
            )),
        },
        Mnemonic::Lea if raw.is_ip_rel_memory_operand() => {
            Some(LeafValue::pointer(raw.ip_rel_memory_address()))
        }
        Mnemonic::Lea => Some(sum(
            raw.memory_base(),
            raw.memory_index(),
            raw.memory_index_scale(),
            raw.memory_displacement64().cast_signed(),
            before,
        )),
        Mnemonic::Add => Some(own.plus(other?)),
        Mnemonic::Sub => constant.map(|c| own.moved(c.cast_signed().wrapping_neg())),
        Mnemonic::Xor if raw.op1_kind() == OpKind::Register => {
            (raw.op0_register() == raw.op1_register()).then_some(LeafValue::at(Origin::Nothing, 0))
        }
        Mnemonic::And => Some(own.and(other?)),
        Mnemonic::Shl => own.most().and_then(|_| {
            let factor = 1u64.checked_shl(u32::try_from(constant?).ok()?)?;
            Some(own.times(factor))
        }),
        Mnemonic::Shr => {
            let by = u32::try_from(constant?).ok()?;
            let width = if raw.op0_register().is_gpr32() {
                32
            } else {
                64
            };
            (by < width).then(|| LeafValue::up_to((u64::MAX >> (64 - width)) >> by))
        }
        _ if is_conditional_move(raw) => Some(own.or(other?)),
        _ => None,
    }
}

/// Returns the instruction as text.
pub fn text(raw: &iced_x86::Instruction, names: &Names) -> String {
    let mut formatter = IntelFormatter::with_options(Some(Box::new(names.clone())), None);
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_show_branch_size(false);
    options.set_first_operand_char_index(8);
    let mut text = String::new();
    formatter.format(raw, &mut text);
    text
}

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        _raw: &iced_x86::Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        if address_size < 8 {
            return None;
        }
        let name = self.of(address)?;
        Some(SymbolResult::with_str(address, name))
    }
}

fn is_conditional_move(raw: &iced_x86::Instruction) -> bool {
    use Mnemonic::{
        Cmova, Cmovae, Cmovb, Cmovbe, Cmove, Cmovg, Cmovge, Cmovl, Cmovle, Cmovne, Cmovno, Cmovnp,
        Cmovns, Cmovo, Cmovp, Cmovs,
    };
    matches!(
        raw.mnemonic(),
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
