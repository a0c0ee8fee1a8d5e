//! One instruction of any machine, described by its effects: all facts that the rules use.

use super::elf::Binary;
use super::listing::Names;
use super::rules::Rule;
use super::value::{LeafValue, Origin};
use super::{aarch64, riscv64, x86_64};

/// Holds a decoded instruction.
pub struct Instruction {
    /// The address of the instruction.
    pub at: u64,
    /// The address of the next instruction.
    pub end: u64,
    /// Where control goes next.
    pub flow: Flow,
    /// The rules that the instruction breaks wherever it is, each with the reason.
    pub breaks: Vec<(Rule, &'static str)>,
    /// Whether the instruction uses floating-point or vector registers.
    pub is_vector: bool,
    /// The instruction as the machine's decoder returns it.
    pub raw: Raw,
}

/// Describes an instruction of one machine.
pub enum Raw {
    X86_64(iced_x86::Instruction),
    Aarch64(fARM64::Instruction),
    Riscv64(riscv64::Parts),
}

/// Says where control goes after an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    Next,
    /// To the next instruction or to that address.
    Branch(u64),
    /// To that address.
    Jump(u64),
    /// To that address, and back to the next instruction.
    Call(u64),
    /// To the target of the pointer at that address; `None`: to a computed address.
    JumpThrough(Option<u64>),
    /// As `JumpThrough`, and back to the next instruction.
    CallThrough(Option<u64>),
    /// To the address in that register; `None`: to the return address on the stack.
    Return(Option<usize>),
    /// Nowhere: the instruction raises a signal.
    Stop,
}

/// Holds the values of the general registers by number; a machine with fewer registers uses the first elements.
pub type State = [LeafValue; 32];

/// Describes how an instruction accesses memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessKind {
    /// Loaded.
    Read,
    /// Stored.
    Write,
    /// Loaded and stored not atomically: another thread can come between.
    Update,
    /// Loaded and stored atomically.
    Atomic,
}

/// Holds one access to memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The address that is accessed.
    pub place: LeafValue,
    /// The number of bytes.
    pub width: u32,
    /// The kind of access.
    pub how: AccessKind,
}

/// Holds the effects of an instruction, computed from the known register values before it.
pub struct Run {
    /// The registers after the instruction.
    pub after: State,
    /// The accesses to memory, except those of a call or a return to the return address.
    pub accesses: Vec<Access>,
    /// The address in the file that a constant of the instruction forms.
    pub refers: Option<u64>,
}

impl Run {
    /// Returns a run that changes nothing.
    pub const fn new(before: &State) -> Self {
        Self {
            after: *before,
            accesses: Vec::new(),
            refers: None,
        }
    }

    /// Returns the address `offset` bytes from `base`.
    pub fn address(&mut self, base: LeafValue, offset: i64) -> LeafValue {
        let address = base.moved(offset);
        if base.origin == Origin::Page {
            self.refers = Some(address.low.cast_unsigned());
        }
        address
    }
}

/// Names a machine whose instructions the audit reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    X86_64,
    Aarch64,
    Riscv64,
}

/// Holds the facts about a machine and its calling convention that the rules need.
pub struct Convention {
    /// The machine's name.
    pub name: &'static str,
    /// The number of the stack pointer's register.
    pub stack: usize,
    /// The register that holds the return address; `None` on x86-64, where it is on the stack.
    pub link: Option<usize>,
    /// The register that holds the address of a symbol in every function, with that symbol.
    pub global: Option<(usize, &'static str)>,
    /// The registers of a handler's arguments.
    pub arguments: [usize; 3],
    /// The registers that a called function may change.
    pub scratch: &'static [usize],
    /// The offset of the signal mask in the kernel's `struct ucontext`.
    pub signal_mask: i64,
    /// The relocation that adds the file's load address.
    pub relative: object::elf::RelocationType,
    /// The most instructions that a leaf handler may have.
    pub budget: usize,
}

impl Machine {
    /// Returns the machine of an architecture, if the audit reads its instructions.
    pub const fn of(architecture: object::Architecture) -> Option<Self> {
        match architecture {
            object::Architecture::X86_64 => Some(Self::X86_64),
            object::Architecture::Aarch64 => Some(Self::Aarch64),
            object::Architecture::Riscv64 => Some(Self::Riscv64),
            _ => None,
        }
    }

    /// Returns the calling convention of the machine.
    pub const fn convention(self) -> &'static Convention {
        match self {
            Self::X86_64 => &x86_64::CONVENTION,
            Self::Aarch64 => &aarch64::CONVENTION,
            Self::Riscv64 => &riscv64::CONVENTION,
        }
    }

    /// Decodes the instruction at the start of `bytes`, which lie at address `at`.
    pub fn decode(self, bytes: &[u8], at: u64) -> Option<Instruction> {
        match self {
            Self::X86_64 => x86_64::decode(bytes, at),
            Self::Aarch64 => aarch64::decode(bytes, at),
            Self::Riscv64 => riscv64::decode(bytes, at),
        }
    }
}

impl Instruction {
    /// Sets where control goes by the preceding instruction: on riscv64, two instructions form a far jump or call.
    pub fn follow(&mut self, before: &Self) {
        if let (Raw::Riscv64(first), Raw::Riscv64(second)) = (&before.raw, &self.raw)
            && let Some(flow) = riscv64::far(first, before.at, second)
        {
            self.flow = flow;
        }
    }

    /// Returns the instruction's effects on registers and memory.
    pub fn run(&self, binary: &Binary, before: &State) -> Run {
        match &self.raw {
            Raw::X86_64(raw) => x86_64::run(raw, binary, before),
            Raw::Aarch64(raw) => aarch64::run(raw, binary, before),
            Raw::Riscv64(raw) => riscv64::run(raw, self.at, binary, before),
        }
    }

    /// Returns the instruction as text, with `names` for addresses.
    pub fn text(&self, names: &Names) -> String {
        match &self.raw {
            Raw::X86_64(raw) => x86_64::text(raw, names),
            Raw::Aarch64(raw) => aarch64::text(raw, names),
            Raw::Riscv64(raw) => riscv64::text(raw, self.flow, names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_crash_a_decoder() {
        let mut decoded = 0;
        for half in 0..=u16::MAX {
            // As a whole short instruction, and as either end of a long instruction.
            let [low, high] = half.to_le_bytes();
            for bytes in [[low, high, 0x5a, 0xa5], [0x73, 0x35, low, high]] {
                for machine in [Machine::Aarch64, Machine::Riscv64] {
                    let instruction = machine.decode(&bytes, 0x10000);
                    let text = instruction.map(|i| i.text(&Names::default()));
                    decoded += usize::from(text.is_some());
                }
            }
        }
        assert!(decoded > 80_000, "{decoded}");
    }

    #[test]
    fn an_instruction_that_is_cut_off_is_none() {
        for (machine, bytes) in [
            (Machine::X86_64, &[0x48, 0x8b][..]),
            (Machine::Aarch64, &[0xc0, 0x03, 0x5f]),
            (Machine::Riscv64, &[0x73, 0x00, 0x00]),
            (Machine::Riscv64, &[0x82]),
        ] {
            assert!(machine.decode(bytes, 0).is_none());
        }
    }
}
