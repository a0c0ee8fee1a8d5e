//! aarch64 instructions and their effects. The effects of an instruction that is on no list here are not known.

use fARM64::format::FmtFormatter;
use fARM64::{
    Decoder, DecoderOptions, ExtendType, FlowControl, MemIndexMode, OpAccess, Operand, RegClass,
    Register, ShiftType, format_to_string, instruction_info,
};

use super::elf::Binary;
use super::instruction::{Access, AccessKind, Convention, Flow, Instruction, Raw, Run, State};
use super::listing::Names;
use super::place;
use super::rules::Rule;
use super::value::{LeafValue, Origin};

const LINK: usize = 30;

pub const CONVENTION: Convention = Convention {
    name: "aarch64",
    stack: 31,
    link: Some(LINK),
    global: None,
    arguments: [0, 1, 2],
    scratch: &[
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, LINK,
    ],
    // The mask lies behind flags, link and stack.
    signal_mask: 8 + 8 + 24,
    relative: object::elf::R_AARCH64_RELATIVE,
    budget: 40,
};

/// The instructions that compute, wait for memory or do nothing.
const PLAIN: &[&str] = &[
    "add", "adds", "adr", "adrp", "and", "ands", "asr", "bfi", "bfxil", "bic", "bics", "bti",
    "ccmn", "ccmp", "cinc", "cinv", "clz", "cmn", "cmp", "cneg", "csel", "cset", "csetm", "csinc",
    "csinv", "csneg", "dmb", "dsb", "eon", "eor", "extr", "isb", "lsl", "lsr", "madd", "mneg",
    "mov", "movk", "movn", "movz", "msub", "mul", "mvn", "neg", "negs", "nop", "orn", "orr",
    "rbit", "rev", "rev16", "rev32", "ror", "sbfiz", "sbfx", "sdiv", "smulh", "smull", "sub",
    "subs", "sxtb", "sxth", "sxtw", "tst", "ubfiz", "ubfx", "udiv", "umulh", "umull", "uxtb",
    "uxth",
];

const LOADS: &[&str] = &["ldr", "ldur", "ldp", "ldnp", "ldar", "ldapr", "ldapur"];

const STORES: &[&str] = &["str", "stur", "stp", "stnp", "stlr", "stlur"];

const ATOMICS: &[&str] = &[
    "cas", "ldadd", "ldclr", "ldeor", "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin", "stadd",
    "stclr", "steor", "stset", "stsmax", "stsmin", "stumax", "stumin", "swp",
];

/// Decodes the instruction at the start of `bytes`.
pub fn decode(bytes: &[u8], at: u64) -> Option<Instruction> {
    let raw = Decoder::new(bytes.get(..4)?, at, DecoderOptions::new()).decode();
    if raw.is_invalid() {
        return None;
    }
    let name = raw.mnemonic().name();
    let target = raw.near_branch_target();
    let mut breaks = Vec::new();
    let flow = match raw.flow_control() {
        FlowControl::Next if name == "udf" => Flow::Stop,
        FlowControl::Next => Flow::Next,
        FlowControl::UnconditionalBranch => Flow::Jump(target),
        FlowControl::ConditionalBranch => Flow::Branch(target),
        FlowControl::IndirectBranch => Flow::JumpThrough(None),
        FlowControl::Call => Flow::Call(target),
        FlowControl::IndirectCall => Flow::CallThrough(None),
        FlowControl::Return if name == "ret" => {
            let to = register(&raw.op(0)).and_then(general);
            Flow::Return(to.map_or(Some(LINK), |(number, _)| Some(number)))
        }
        FlowControl::Exception if name == "svc" => Flow::Next,
        FlowControl::Return | FlowControl::Exception => Flow::Stop,
    };
    let is_plain = PLAIN.contains(&name) || access(name).is_some();
    match name {
        "udf" | "brk" | "hlt" => breaks.push(Rule::TRAP),
        "svc" => breaks.push(Rule::SYSTEM_CALL),
        "hvc" | "smc" | "eret" => breaks.push(Rule::PRIVILEGED),
        "mrs" | "msr" if plain_text(&raw).contains("tpidr") => breaks.push(Rule::THREAD_LOCAL),
        _ if ["ldx", "ldax", "stx", "stlx"]
            .iter()
            .any(|start| name.starts_with(start)) =>
        {
            breaks.push(Rule::EXCLUSIVE);
        }
        _ if matches!(flow, Flow::Next | Flow::Stop) && !is_plain => breaks.push(Rule::UNKNOWN),
        _ => {}
    }
    let operands = (0..raw.op_count()).filter_map(|n| register(&raw.op(n)));
    let is_vector = operands
        .into_iter()
        .any(|r| !matches!(r.class(), RegClass::None | RegClass::Gp));
    Some(Instruction {
        at,
        end: at + 4,
        flow,
        breaks,
        is_vector,
        raw: Raw::Aarch64(raw),
    })
}

/// Returns how the instruction `name` accesses memory, if it is a known load or store.
fn access(name: &str) -> Option<AccessKind> {
    let (stem, _) = sized(name);
    let unordered = ["al", "a", "l"]
        .iter()
        .find_map(|order| stem.strip_suffix(order))
        .unwrap_or(stem);
    if LOADS.contains(&stem) {
        Some(AccessKind::Read)
    } else if STORES.contains(&stem) {
        Some(AccessKind::Write)
    } else if ATOMICS.contains(&stem) || ATOMICS.contains(&unordered) {
        Some(AccessKind::Atomic)
    } else {
        None
    }
}

/// Returns a mnemonic without the letters for the width of an access, and that width; `None`: the width of the register.
fn sized(name: &str) -> (&str, Option<u32>) {
    [("sb", 1), ("sh", 2), ("sw", 4), ("b", 1), ("h", 2)]
        .iter()
        .find_map(|(letters, width)| Some((name.strip_suffix(letters)?, Some(*width))))
        .unwrap_or((name, None))
}

/// Returns the effects of the instruction on registers and memory.
pub fn run(raw: &fARM64::Instruction, binary: &Binary, before: &State) -> Run {
    let mut run = Run::new(before);
    for used in instruction_info(raw).used_registers() {
        let writes = !matches!(
            used.access,
            OpAccess::None | OpAccess::Read | OpAccess::CondRead
        );
        if let Some((number, bits)) = general(used.register).filter(|_| writes) {
            run.after[number] = unknown(bits);
        }
    }
    let name = raw.mnemonic().name();
    let destination = register(&raw.op(0)).and_then(general);
    let result = match access(name) {
        Some(how) => touch(raw, binary, before, how, &mut run),
        None => compute(raw, before, &mut run),
    };
    if let Some(((number, bits), value)) = destination.zip(result) {
        run.after[number] = if bits == 32 {
            value.in_32_bits()
        } else {
            value
        };
    }
    run
}

/// Notes the access of a load or store; returns the known bounds of the loaded value.
fn touch(
    raw: &fARM64::Instruction,
    binary: &Binary,
    before: &State,
    how: AccessKind,
    run: &mut Run,
) -> Option<LeafValue> {
    let data: Vec<Register> = (0..raw.op_count())
        .map_while(|n| register(&raw.op(n)))
        .collect();
    let place = match raw.op(data.len()) {
        Operand::Label(address) => {
            run.refers = Some(address);
            LeafValue::pointer(address)
        }
        Operand::MemExt {
            base,
            index,
            extend,
            ..
        } => {
            let by = raw.memory_index_scale();
            read(base, before).plus(extended(read(index, before), Some(extend), by))
        }
        Operand::MemImm { base, imm, mode } => {
            let start = read(base, before);
            let moved = run.address(start, imm);
            let writes_back = general(base).filter(|_| mode != MemIndexMode::Offset);
            if let Some((number, _)) = writes_back {
                run.after[number] = moved;
            }
            let is_after = matches!(mode, MemIndexMode::PostImm | MemIndexMode::PostReg);
            if is_after { start } else { moved }
        }
        _ => LeafValue::ANY,
    };
    let name = raw.mnemonic().name();
    let (stem, width) = sized(name);
    let count = if matches!(stem, "ldp" | "ldnp" | "stp" | "stnp") {
        2
    } else {
        1
    };
    let of_register = data.first().map_or(0, |r| u32::from(r.width_bits()) / 8);
    let width = width.unwrap_or(of_register);
    run.accesses.push(Access {
        place,
        width: width * count,
        how,
    });
    if how != AccessKind::Read || count > 1 {
        return None;
    }
    match name {
        "ldrb" | "ldurb" | "ldarb" | "ldaprb" => Some(LeafValue::up_to(u8::MAX.into())),
        "ldrh" | "ldurh" | "ldarh" | "ldaprh" => Some(LeafValue::up_to(u16::MAX.into())),
        "ldr" if width == 8 => place::loaded(binary, place),
        _ => None,
    }
}

/// Returns the value that the instruction puts into its first operand, if the audit follows that computation.
fn compute(raw: &fARM64::Instruction, before: &State, run: &mut Run) -> Option<LeafValue> {
    let bits = general(register(&raw.op(0))?)?.1;
    let first = || value(&raw.op(1), before);
    let second = || value(&raw.op(2), before);
    let constant = |n| {
        value(&raw.op(n), before)
            .filter(|_| register(&raw.op(n)).is_none())
            .map(|constant| constant.low)
    };
    let ones = |count: i64| {
        let unused = u32::try_from(64_i64.checked_sub(count)?).ok()?;
        u64::MAX.checked_shr(unused)
    };
    match (raw.mnemonic().name(), raw.op(1)) {
        ("adr", Operand::Label(address)) => {
            run.refers = Some(address);
            Some(LeafValue::pointer(address))
        }
        ("adrp", Operand::Label(page)) => Some(LeafValue::at(Origin::Page, page.cast_signed())),
        ("mov" | "movz", _) => first(),
        ("add", _) => match constant(2) {
            Some(by) => Some(run.address(first()?, by)),
            None => Some(first()?.plus(second()?)),
        },
        ("sub", _) => Some(first()?.moved(constant(2)?.wrapping_neg())),
        ("and", _) => Some(first()?.and(second()?)),
        ("uxtb", _) => Some(first()?.and(LeafValue::up_to(u8::MAX.into()))),
        ("uxth", _) => Some(first()?.and(LeafValue::up_to(u16::MAX.into()))),
        ("lsl", _) => Some(first()?.times(1_u64.checked_shl(u32::try_from(constant(2)?).ok()?)?)),
        ("lsr", _) => Some(LeafValue::up_to(ones(i64::from(bits) - constant(2)?)?)),
        ("ubfx", _) => Some(LeafValue::up_to(ones(constant(3)?)?)),
        ("ubfiz", _) => {
            let by = u32::try_from(constant(2)?).ok()?;
            Some(LeafValue::up_to(ones(constant(3)?)?).times(1_u64.checked_shl(by)?))
        }
        ("csel", _) => Some(first()?.or(second()?)),
        _ => None,
    }
}

/// Returns the register of an operand that is a register.
fn register(operand: &Operand) -> Option<Register> {
    match operand {
        Operand::Reg { reg, .. } => Some(*reg),
        _ => None,
    }
}

/// Returns the number of a general register, with its width in bits; `None`: another register, or the zero register.
fn general(register: Register) -> Option<(usize, u16)> {
    let is_zero = matches!(register, Register::Xzr | Register::Wzr);
    (register.class() == RegClass::Gp && !is_zero)
        .then(|| (register.number().into(), register.width_bits()))
}

fn read(register: Register, state: &State) -> LeafValue {
    match general(register) {
        Some((number, 64)) => state[number],
        Some((number, _)) => state[number].in_32_bits(),
        None if register.class() == RegClass::Gp => LeafValue::at(Origin::Nothing, 0),
        None => LeafValue::ANY,
    }
}

fn value(operand: &Operand, state: &State) -> Option<LeafValue> {
    let number = match *operand {
        Operand::Reg {
            reg, shift, extend, ..
        } => {
            let by = match shift {
                None => 0,
                Some((ShiftType::Lsl, by)) => by,
                Some(_) => return Some(LeafValue::ANY),
            };
            return Some(extended(read(reg, state), extend, by.into()));
        }
        Operand::ImmShiftedMove { imm, lsl } => i64::from(imm) << lsl,
        Operand::ImmUnsigned(number) | Operand::ImmLogical(number) => number.cast_signed(),
        Operand::ImmSigned(number) => number,
        _ => return None,
    };
    Some(LeafValue::at(Origin::Nothing, number))
}

/// Returns a value that is extended from fewer bits and shifted.
fn extended(value: LeafValue, extend: Option<ExtendType>, shift: u32) -> LeafValue {
    let value = match extend {
        None | Some(ExtendType::Uxtx | ExtendType::Sxtx) => value,
        Some(ExtendType::Uxtw) => value.in_32_bits(),
        Some(_) => LeafValue::ANY,
    };
    value.times(1_u64.checked_shl(shift).unwrap_or(0))
}

fn unknown(bits: u16) -> LeafValue {
    if bits == 32 {
        LeafValue::up_to(u32::MAX.into())
    } else {
        LeafValue::ANY
    }
}

fn plain_text(raw: &fARM64::Instruction) -> String {
    format_to_string(&FmtFormatter::new(), raw)
}

/// Returns the instruction as text; a page's address, which the linker chooses, is shown as `page`.
pub fn text(raw: &fARM64::Instruction, names: &Names) -> String {
    let text = plain_text(raw);
    let is_page = raw.mnemonic().name() == "adrp";
    let label = (0..raw.op_count()).find_map(|n| match raw.op(n) {
        Operand::Label(address) => Some(address),
        _ => None,
    });
    if let Some(address) = label {
        let name = if is_page {
            "page".into()
        } else {
            names.or_address(address)
        };
        return text.replace(&format!("{address:#x}"), &name);
    }
    let name = names.refers.and_then(|address| names.of(address));
    match (name, text.rfind('#')) {
        (Some(name), Some(at)) => {
            let rest = text[at..].find(']').map_or("", |end| &text[at + end..]);
            format!("{}{name}{rest}", &text[..at])
        }
        _ => text,
    }
}
