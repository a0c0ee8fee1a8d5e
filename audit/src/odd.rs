//! Instructions that a handler should not execute, whatever they compute.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// Returns why the instruction raises a signal or breaks state that the rest of the program relies on.
pub fn fault(i: &Instruction) -> Option<&'static str> {
    use Mnemonic as M;
    Some(match i.mnemonic() {
        M::Std => {
            "sets the direction flag, in which string instructions of what was interrupted run"
        }
        M::Wrfsbase | M::Wrgsbase | M::Lfs | M::Lgs | M::Lss => {
            "changes a segment register or its base"
        }
        M::Mwaitx | M::Monitorx | M::Mwait | M::Monitor => "waits for memory to change, or traps",
        M::Mov | M::Pop
            if i.op0_kind() == OpKind::Register && i.op0_register().is_segment_register() =>
        {
            "changes a segment register"
        }
        M::Xend => "traps unless a transaction runs, which may abort at any time",
        M::In
        | M::Out
        | M::Insb
        | M::Insw
        | M::Insd
        | M::Outsb
        | M::Outsw
        | M::Outsd
        | M::Cli
        | M::Sti => "is privileged: it raises a signal outside the kernel",
        M::Ud0
        | M::Ud1
        | M::Ud2
        | M::Int3
        | M::Int1
        | M::Into
        | M::Bound
        | M::Hlt
        | M::Clac
        | M::Stac => "raises a signal",
        _ if i.is_privileged() => "is privileged: it raises a signal outside the kernel",
        _ => return None,
    })
}

/// Returns why the audit cannot show that the instruction is harmless.
pub fn doubt(i: &Instruction) -> Option<&'static str> {
    use Mnemonic as M;
    Some(match i.mnemonic() {
        M::Umwait | M::Tpause | M::Umonitor => "waits",
        M::Xsave
        | M::Xsave64
        | M::Xsavec
        | M::Xsavec64
        | M::Xsaveopt
        | M::Xsaveopt64
        | M::Xsaves
        | M::Xsaves64 => "stores an amount of state that the CPU chooses",
        M::Xrstor
        | M::Xrstor64
        | M::Xrstors
        | M::Xrstors64
        | M::Fxrstor
        | M::Fxrstor64
        | M::Frstor
        | M::Fldenv => "loads state of the CPU as a whole",
        M::Wrpkru
        | M::Rdpmc
        | M::Enqcmd
        | M::Enqcmds
        | M::Senduipi
        | M::Uiret
        | M::Clui
        | M::Stui
        | M::Xtest
        | M::Xabort
        | M::Popfq
        | M::Popf => "changes or reads state of the CPU that the audit does not follow",
        M::Ldtilecfg
        | M::Sttilecfg
        | M::Tileloadd
        | M::Tileloaddt1
        | M::Tilestored
        | M::Tilerelease => "works on tiles, whose size it does not say",
        M::Enter => "makes a frame in an odd way",
        M::Maskmovdqu | M::Maskmovq | M::Vmaskmovdqu => "stores where a register says",
        _ => return None,
    })
}

/// Returns the size in bytes of a memory operand, if the decoder does not give it.
pub fn area(i: &Instruction) -> Option<u32> {
    use Mnemonic as M;
    Some(match i.mnemonic() {
        M::Fxsave | M::Fxsave64 | M::Fxrstor | M::Fxrstor64 => 512,
        M::Fnsave => 108,
        M::Prefetcht0
        | M::Prefetcht1
        | M::Prefetcht2
        | M::Prefetchnta
        | M::Prefetchw
        | M::Clflush
        | M::Clflushopt
        | M::Clwb => 1,
        _ => return None,
    })
}

/// Returns whether the selected bit may lie outside the word that the address names.
pub fn has_bit_offset(i: &Instruction) -> bool {
    use Mnemonic as M;
    matches!(i.mnemonic(), M::Bt | M::Bts | M::Btr | M::Btc)
        && i.op0_kind() == OpKind::Memory
        && i.op1_kind() == OpKind::Register
        && i.op1_register() != Register::None
}
