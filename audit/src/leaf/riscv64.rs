//! riscv64 instructions and their effects. The effects of an instruction that is on no list here are not known.

use raki::{Decode, Isa};

use super::elf::Binary;
use super::instruction::{Access, AccessKind, Convention, Flow, Instruction, Raw, Run, State};
use super::listing::Names;
use super::place;
use super::rules::Rule;
use super::value::{LeafValue, Origin};

const LINK: usize = 1;
const STACK: usize = 2;
const THREAD: usize = 4;

pub const CONVENTION: Convention = Convention {
    name: "riscv64",
    stack: STACK,
    link: Some(LINK),
    global: Some((3, "__global_pointer$")),
    arguments: [10, 11, 12],
    scratch: &[
        LINK, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31,
    ],
    // The mask lies behind flags, link and stack.
    signal_mask: 8 + 8 + 24,
    relative: object::elf::R_RISCV_RELATIVE,
    budget: 40,
};

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// Holds an instruction; a compressed instruction is held in its full form.
pub struct Parts {
    name: String,
    kind: Operands,
    to: usize,
    from: usize,
    other: usize,
    constant: i64,
}

/// Describes the operands of an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    /// A register and the upper part of a constant.
    Upper,
    /// Two registers and a constant.
    Constant,
    /// Three registers.
    Registers,
    Load(u32),
    Store(u32),
    Atomic(u32),
    Branch,
    Jump,
    JumpRegister,
    Fence,
    /// Operands that the audit does not use.
    Other,
}

fn kind(name: &str) -> Operands {
    match name {
        "lui" | "auipc" => Operands::Upper,
        "addi" | "slti" | "sltiu" | "xori" | "ori" | "andi" | "slli" | "srli" | "srai"
        | "addiw" | "slliw" | "srliw" | "sraiw" => Operands::Constant,
        "add" | "sub" | "sll" | "slt" | "sltu" | "xor" | "srl" | "sra" | "or" | "and" | "addw"
        | "subw" | "sllw" | "srlw" | "sraw" | "mul" | "mulh" | "mulhsu" | "mulhu" | "div"
        | "divu" | "rem" | "remu" | "mulw" | "divw" | "divuw" | "remw" | "remuw" => {
            Operands::Registers
        }
        "lb" | "lbu" => Operands::Load(1),
        "lh" | "lhu" => Operands::Load(2),
        "lw" | "lwu" => Operands::Load(4),
        "ld" => Operands::Load(8),
        "sb" => Operands::Store(1),
        "sh" => Operands::Store(2),
        "sw" => Operands::Store(4),
        "sd" => Operands::Store(8),
        "beq" | "bne" | "blt" | "bge" | "bltu" | "bgeu" => Operands::Branch,
        "jal" => Operands::Jump,
        "jalr" => Operands::JumpRegister,
        "fence" => Operands::Fence,
        _ if ["amo", "lr.", "sc."]
            .iter()
            .any(|start| name.starts_with(start)) =>
        {
            Operands::Atomic(if name.ends_with(".w") { 4 } else { 8 })
        }
        _ => Operands::Other,
    }
}

/// Decodes the instruction at the start of `bytes`.
pub fn decode(bytes: &[u8], at: u64) -> Option<Instruction> {
    let half = u16::from_le_bytes(*bytes.first_chunk()?);
    let (raw, length) = if half & 3 == 3 {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        (word.decode(Isa::Rv64).ok().filter(|_| is_base(word))?, 4)
    } else {
        (half.decode(Isa::Rv64).ok()?, 2)
    };
    let parts = parts(&raw);
    let there = at.wrapping_add_signed(parts.constant);
    let flow = match (parts.kind, &*parts.name) {
        (Operands::Branch, _) => Flow::Branch(there),
        (Operands::Jump, _) if parts.to == 0 => Flow::Jump(there),
        (Operands::Jump, _) => Flow::Call(there),
        (Operands::JumpRegister, _) if (parts.to, parts.from, parts.constant) == (0, LINK, 0) => {
            Flow::Return(Some(LINK))
        }
        (Operands::JumpRegister, _) if parts.to == 0 => Flow::JumpThrough(None),
        (Operands::JumpRegister, _) => Flow::CallThrough(None),
        (_, "ebreak") => Flow::Stop,
        _ => Flow::Next,
    };
    let mut breaks = Vec::new();
    if [parts.to, parts.from, parts.other].contains(&THREAD) {
        breaks.push(Rule::THREAD_LOCAL);
    }
    match &*parts.name {
        "ecall" => breaks.push(Rule::SYSTEM_CALL),
        "ebreak" => breaks.push(Rule::TRAP),
        name if name.starts_with("lr.") || name.starts_with("sc.") => {
            breaks.push(Rule::EXCLUSIVE);
        }
        _ if parts.kind == Operands::Other => breaks.push(Rule::UNKNOWN),
        _ => {}
    }
    Some(Instruction {
        at,
        end: at + length,
        flow,
        breaks,
        is_vector: false,
        raw: Raw::Riscv64(parts),
    })
}

/// Returns the target of a jump through a register, if the instruction before it, at `at`, sets that register to a page.
pub fn far(before: &Parts, at: u64, jump: &Parts) -> Option<Flow> {
    let is_pair = before.name == "auipc" && before.to == jump.from;
    if !is_pair || jump.kind != Operands::JumpRegister {
        return None;
    }
    let target = at.wrapping_add_signed(before.constant + jump.constant);
    Some(if jump.to == 0 {
        Flow::Jump(target)
    } else {
        Flow::Call(target)
    })
}

/// Returns whether the bits that raki ignores fit the instruction that it decodes. Instructions of the extensions Zba and Zbb have
/// other bits there.
fn is_base(word: u32) -> bool {
    let (function, upper) = (word >> 12 & 7, word >> 25);
    match word & 0x7f {
        0x33 | 0x3b => match upper {
            0 | 1 => true,
            0x20 => matches!(function, 0 | 5),
            _ => false,
        },
        0x67 => function == 0,
        _ => true,
    }
}

fn parts(raw: &raki::Instruction) -> Parts {
    let name = raw.opc.to_string().to_lowercase();
    let short = name.strip_prefix("c.");
    let from = match short {
        Some("addi4spn" | "lwsp" | "ldsp" | "swsp" | "sdsp") => STACK,
        _ => 0,
    };
    let to = if short == Some("jalr") { LINK } else { 0 };
    let constant = raw.imm.unwrap_or(0);
    let (name, constant) = match short.unwrap_or(&name) {
        "addi16sp" | "addi4spn" | "li" | "nop" => ("addi", constant),
        "mv" => ("add", constant),
        "lwsp" => ("lw", constant),
        "ldsp" => ("ld", constant),
        "swsp" => ("sw", constant),
        "sdsp" => ("sd", constant),
        "j" => ("jal", constant),
        "jr" => ("jalr", constant),
        "beqz" => ("beq", constant),
        "bnez" => ("bne", constant),
        "fence.i" => ("fence", constant),
        // Only in a compressed instruction is the constant already shifted into place.
        upper @ ("lui" | "auipc") if short.is_none() => (upper, constant << 12),
        name => (name, constant),
    };
    let kind = kind(name);
    let order = match (kind, constant) {
        (Operands::Atomic(_), 1) => ".rl",
        (Operands::Atomic(_), 2) => ".aq",
        (Operands::Atomic(_), 3) => ".aqrl",
        _ => "",
    };
    Parts {
        name: format!("{name}{order}"),
        kind,
        to: raw.rd.unwrap_or(to),
        from: raw.rs1.unwrap_or(from),
        // In an instruction for control registers, `rs2` is the number of a control register.
        other: raw.rs2.filter(|_| kind != Operands::Other).unwrap_or(0),
        constant: constant.into(),
    }
}

/// Returns the effects of the instruction on registers and memory.
pub fn run(raw: &Parts, at: u64, binary: &Binary, before: &State) -> Run {
    let mut run = Run::new(before);
    let read = |number: usize| match number {
        0 => LeafValue::at(Origin::Nothing, 0),
        _ => before[number],
    };
    let (from, other) = (read(raw.from), read(raw.other));
    let constant = raw.constant;
    let width = match raw.kind {
        Operands::Load(width) | Operands::Store(width) | Operands::Atomic(width) => width,
        _ => 0,
    };
    let access = match raw.kind {
        Operands::Load(_) => Some((AccessKind::Read, run.address(from, constant))),
        Operands::Store(_) => Some((AccessKind::Write, run.address(from, constant))),
        Operands::Atomic(_) => Some((AccessKind::Atomic, from)),
        _ => None,
    };
    run.accesses
        .extend(access.map(|(how, place)| Access { place, width, how }));
    let shifted = u32::try_from(constant).unwrap_or(0);
    let result = match &*raw.name {
        "lui" => LeafValue::at(Origin::Nothing, constant),
        "auipc" => LeafValue::at(Origin::Page, at.wrapping_add_signed(constant).cast_signed()),
        "addi" => run.address(from, constant),
        "addiw" => match from.moved(constant) {
            sum if sum.most().is_some_and(|most| most <= i32::MAX as u64) => sum,
            _ => LeafValue::ANY,
        },
        "add" => from.plus(other),
        "and" => from.and(other),
        "andi" => from.and(LeafValue::at(Origin::Nothing, constant)),
        "slli" => from.times(1 << shifted),
        "srli" => LeafValue::up_to(u64::MAX >> shifted),
        "lbu" => LeafValue::up_to(u8::MAX.into()),
        "lhu" => LeafValue::up_to(u16::MAX.into()),
        "lwu" => LeafValue::up_to(u32::MAX.into()),
        "ld" => access
            .and_then(|(_, place)| place::loaded(binary, place))
            .unwrap_or(LeafValue::ANY),
        _ => LeafValue::ANY,
    };
    if raw.to != 0 {
        run.after[raw.to] = result;
    }
    run
}

/// Returns the instruction as text; a page's address, which the linker chooses, is shown as `page`.
pub fn text(raw: &Parts, flow: Flow, names: &Names) -> String {
    let [to, from, other] = [raw.to, raw.from, raw.other].map(|number| NAMES[number]);
    let target = match flow {
        Flow::Branch(to) | Flow::Jump(to) | Flow::Call(to) => names.or_address(to),
        _ => String::new(),
    };
    let constant = match names.refers {
        Some(address) => names.or_address(address),
        None => raw.constant.to_string(),
    };
    let operands = match raw.kind {
        Operands::Upper if raw.name == "auipc" => format!("{to},page"),
        Operands::Upper => format!("{to},{:#x}", raw.constant >> 12 & 0xf_ffff),
        Operands::Constant => format!("{to},{from},{constant}"),
        Operands::Registers => format!("{to},{from},{other}"),
        Operands::Load(_) => format!("{to},{constant}({from})"),
        Operands::Store(_) => format!("{other},{constant}({from})"),
        Operands::Atomic(_) => format!("{to},{other},({from})"),
        Operands::Branch => format!("{from},{other},{target}"),
        Operands::Jump => format!("{to},{target}"),
        Operands::JumpRegister if matches!(flow, Flow::Return(_)) => return "ret".into(),
        Operands::JumpRegister if target.is_empty() => format!("{to},{constant}({from})"),
        Operands::JumpRegister => format!("{to},{target}"),
        Operands::Fence => {
            let set = |bits: i64| {
                let letters = "iorw".chars().zip([8, 4, 2, 1]);
                letters
                    .filter(|(_, bit)| bits & bit != 0)
                    .map(|(letter, _)| letter)
                    .collect::<String>()
            };
            format!("{},{}", set(raw.constant >> 4), set(raw.constant))
        }
        Operands::Other => String::new(),
    };
    format!("{:<8}{operands}", format!("{} ", raw.name))
        .trim_end()
        .to_owned()
}
