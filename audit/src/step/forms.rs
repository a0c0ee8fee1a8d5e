//! Forms of instructions, recognized by their operands and prefixes.

use iced_x86::{Code, Instruction, Mnemonic, OpKind};

/// Returns whether the first instruction has an operand-size prefix that takes effect. A REX prefix right before the operation, as
/// in the padded call of `__tls_get_addr`, overrides it.
pub(super) fn has_short_operands(bytes: &[u8]) -> bool {
    let prefixes = bytes.iter().take_while(|b| {
        matches!(
            b,
            0x66 | 0x67 | 0xf2 | 0xf3 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65
        )
    });
    let (count, is_short) = prefixes.fold((0, false), |(n, is), b| (n + 1, is || *b == 0x66));
    is_short && !matches!(bytes.get(count), Some(0x48..=0x4f))
}

/// Returns whether an operand is memory; a hint's operand does not count.
pub(super) fn has_memory(i: &Instruction) -> bool {
    i.mnemonic() != Mnemonic::Nop && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
}

/// Returns whether the instruction enters the kernel.
pub fn is_system_call(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Syscall | Code::Sysenter)
        || (instruction.code() == Code::Int_imm8 && instruction.immediate8() == 0x80)
}
