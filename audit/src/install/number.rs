//! System calls whose number the instructions before them show.

use std::collections::BTreeSet;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    Register, UsedRegister,
};

use crate::image::{Image, Slot};
use crate::libc;
use crate::sweep::Tables;

/// The number of the system call that installs a handler.
pub const RT_SIGACTION: i64 = 13;

/// Returns whether the system call of this number installs no handler. The kernel reads the lower half of the number; in the x32
/// ABI, which sets a high bit, the call that installs a handler has another number.
pub fn is_other(number: i64) -> bool {
    const X32: i64 = 1 << 30;
    let number = i64::from(number as u32);
    number != RT_SIGACTION && number < X32
}

/// Returns whether a call may install a handler; false for a system call whose number shows that it does not. The calls are to be
/// asked about in their order.
pub fn may_install(image: &Image, tables: &Tables) -> impl FnMut(&u64) -> bool {
    let mut last: Option<Numbers> = None;
    move |at| {
        if number_register(image, &decode(image, *at)).is_none() {
            return true;
        }
        let numbers = match last.take() {
            Some(numbers) if numbers.includes(*at) => numbers,
            _ => Numbers::of(image, tables, *at),
        };
        let is_other = numbers.is_other_call(image, *at);
        last = Some(numbers);
        !is_other && !returns_from_handler(image, *at)
    }
}

/// Returns whether the system call is that of the code to which a handler returns, which is often part of no function.
fn returns_from_handler(image: &Image, at: u64) -> bool {
    const LONG: &[u8] = &[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5];
    const SHORT: &[u8] = &[0xb8, 15, 0, 0, 0, 0x0f, 5];
    [LONG, SHORT].iter().any(|code| {
        let before = at.saturating_sub(code.len() as u64 - 2);
        image.bytes(before).starts_with(code)
    })
}

/// Decides which system calls of one function do not install a handler.
struct Numbers {
    bounds: (u64, u64),
    code: Vec<Instruction>,
    /// The instructions to which control may come from elsewhere than the instruction before.
    targets: BTreeSet<u64>,
}

impl Numbers {
    /// Reads the function that contains the instruction at `at`.
    fn of(image: &Image, sweep: &Tables, at: u64) -> Self {
        let bounds = image.function_at(at).unwrap_or((at, at));
        let (start, end) = bounds;
        let bytes = image.bytes(start);
        let bytes = &bytes[..bytes.len().min((end - start) as usize)];
        let code: Vec<Instruction> = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
            .into_iter()
            .collect();
        let branches = code.iter().filter(|i| {
            matches!(
                i.flow_control(),
                FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
            )
        });
        let pointers = image.slots.values().filter_map(|slot| match slot {
            Slot::Here(to) => Some(*to),
            _ => None,
        });
        let pads = image.pads.values().map(|(_, pad)| *pad);
        let jumps = crate::reach::table_targets(image, bounds);
        let targets = branches
            .map(Instruction::near_branch_target)
            .chain(pointers)
            .chain(pads)
            .chain(sweep.taken.keys().copied())
            .chain(sweep.entered.iter().copied())
            .chain(jumps.iter().copied())
            .filter(|at| (start..end).contains(at))
            .collect();
        Self {
            bounds,
            code,
            targets,
        }
    }

    fn includes(&self, at: u64) -> bool {
        (self.bounds.0..self.bounds.1).contains(&at)
    }

    /// Returns whether the instruction at `at` makes a system call whose number is the same on each path and installs no handler.
    fn is_other_call(&self, image: &Image, at: u64) -> bool {
        let Ok(place) = self.code.binary_search_by_key(&at, Instruction::ip) else {
            return false;
        };
        let Some(register) = number_register(image, &self.code[place]) else {
            return false;
        };
        let mut factory = InstructionInfoFactory::new();
        for i in self.code[..place].iter().rev() {
            let next = i.next_ip();
            if i.flow_control() != FlowControl::Next
                && i.flow_control() != FlowControl::ConditionalBranch
                || self.targets.range(next..=at).next().is_some()
            {
                return false;
            }
            let mut used = factory.info(i).used_registers().iter();
            if used.any(|used| used.register().full_register() == register && is_write(used)) {
                let number = i.try_immediate(1).ok();
                return i.mnemonic() == Mnemonic::Mov
                    && number.is_some_and(|number| is_other(number.cast_signed()));
            }
        }
        false
    }
}

fn is_write(used: &UsedRegister) -> bool {
    !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
}

/// Returns the register that holds the number, if the instruction is a system call or calls the C library's `syscall`.
fn number_register(image: &Image, call: &Instruction) -> Option<Register> {
    if call.mnemonic() == Mnemonic::Syscall {
        return Some(Register::RAX);
    }
    let slot = match call.flow_control() {
        FlowControl::Call => image.stub(call.near_branch_target()),
        FlowControl::IndirectCall if call.is_ip_rel_memory_operand() => {
            Some(call.ip_rel_memory_address())
        }
        _ => None,
    };
    let calls = match slot.and_then(|slot| image.slots.get(&slot)) {
        Some(Slot::Extern(name)) => libc::plain(&name.name) == "syscall",
        _ => {
            let names = image.names.get(&call.near_branch_target());
            image.is_static && names.is_some_and(|names| names.iter().any(|n| &**n == "syscall"))
        }
    };
    calls.then_some(Register::RDI)
}

fn decode(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}
