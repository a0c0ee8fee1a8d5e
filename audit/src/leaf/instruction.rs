//! One instruction of any machine, by what it does: all that the rules know of it.

use super::elf::Binary;
use super::listing::Names;
use super::rules::Rule;
use super::value::{Origin, Value};
use super::{aarch64, riscv64, x86_64};

/// Holds a decoded instruction.
pub struct Instruction {
    /// Where it begins.
    pub at: u64,
    /// Where the next one begins.
    pub end: u64,
    /// Where control goes next.
    pub flow: Flow,
    /// The rules that it breaks wherever it is, each with why.
    pub breaks: Vec<(Rule, &'static str)>,
    /// Whether it uses floating-point or vector registers.
    pub is_vector: bool,
    /// The instruction as its decoder has it.
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
    /// To the next one.
    Next,
    /// To the next one or there.
    Branch(u64),
    /// There.
    Jump(u64),
    /// There, and back to the next one.
    Call(u64),
    /// To where the pointer at that address points; `None`: to a computed address.
    JumpThrough(Option<u64>),
    /// As `JumpThrough`, and back to the next one.
    CallThrough(Option<u64>),
    /// To the address in that register; `None`: to the one on the stack.
    Return(Option<usize>),
    /// Nowhere: it raises a signal.
    Stop,
}

/// Is the general registers by number; those of a machine that has fewer are the first.
pub type State = [Value; 32];

/// Says how memory is touched.
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

/// Holds one access to memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Where.
    pub place: Value,
    /// How many bytes.
    pub width: u32,
    /// What for.
    pub how: How,
}

/// Says what an instruction changes, from what is known of the registers before it.
pub struct Run {
    /// The registers after it.
    pub after: State,
    /// Its accesses to memory, the return address of a call and of a return left out.
    pub accesses: Vec<Access>,
    /// The address of the file that a constant of the instruction makes.
    pub refers: Option<u64>,
}

impl Run {
    /// Begins with nothing changed.
    pub const fn new(before: &State) -> Self {
        Self {
            after: *before,
            accesses: Vec::new(),
            refers: None,
        }
    }

    /// Returns the address that many bytes from `base`.
    pub fn address(&mut self, base: Value, offset: i64) -> Value {
        let address = base.moved(offset);
        if base.origin == Origin::Page {
            self.refers = Some(address.low.cast_unsigned());
        }
        address
    }
}

/// Describes the machines whose instructions are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    X86_64,
    Aarch64,
    Riscv64,
}

/// Says what the rules need to know of a machine and of its calling convention.
pub struct Convention {
    /// How the machine is called.
    pub name: &'static str,
    /// The number of the stack pointer.
    pub stack: usize,
    /// The register with the return address, which on x86-64 is on the stack.
    pub link: Option<usize>,
    /// The register that holds the address of a symbol in every function, with that symbol.
    pub global: Option<(usize, &'static str)>,
    /// The registers of a handler's arguments.
    pub arguments: [usize; 3],
    /// The registers that a called function may change.
    pub scratch: &'static [usize],
    /// Where the signal mask lies in the kernel's `struct ucontext`.
    pub signal_mask: i64,
    /// The relocation that adds where the file was loaded.
    pub relative: object::elf::RelocationType,
    /// The instructions that a leaf may have.
    pub budget: usize,
}

impl Machine {
    /// Returns the machine of that name.
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

    /// Returns the instruction that `bytes`, which lie at `at`, begin with.
    pub fn decode(self, bytes: &[u8], at: u64) -> Option<Instruction> {
        match self {
            Self::X86_64 => x86_64::decode(bytes, at),
            Self::Aarch64 => aarch64::decode(bytes, at),
            Self::Riscv64 => riscv64::decode(bytes, at),
        }
    }
}

impl Instruction {
    /// Decides where control goes by the instruction before it: on riscv64 two make a far jump or call.
    pub fn follow(&mut self, before: &Self) {
        if let (Raw::Riscv64(first), Raw::Riscv64(second)) = (&before.raw, &self.raw)
            && let Some(flow) = riscv64::far(first, before.at, second)
        {
            self.flow = flow;
        }
    }

    /// Returns what it does to registers and memory.
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
            // As a whole short instruction, and as one end of a long one or the other.
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
