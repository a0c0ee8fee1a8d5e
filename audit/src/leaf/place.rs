//! Places in memory by name, the same in every build: no addresses.

use super::elf::Binary;
use super::value::{Origin, Value};

/// What a place lies in, as its author named it.
pub fn origin(binary: &Binary, value: Value) -> String {
    match value.origin {
        Origin::Nothing => "a pointer of unknown origin".into(),
        Origin::Argument(1) => "the signal number (argument 1)".into(),
        Origin::Argument(2) => "siginfo (argument 2)".into(),
        Origin::Argument(3) => "ucontext (argument 3)".into(),
        Origin::Argument(n) => format!("argument {n}"),
        Origin::Thread => "thread-local memory".into(),
        Origin::Stack => "stack".into(),
        Origin::Object(address) => binary.object_at(address).map_or_else(
            || {
                let section = binary.section_name(address);
                section.unwrap_or_else(|| "an object without a name".into())
            },
            |symbol| symbol.name.clone(),
        ),
    }
}

/// Which bytes of it, if that does not depend on where the linker put it.
pub fn range(binary: &Binary, value: Value, width: u32) -> String {
    match value.origin {
        Origin::Nothing | Origin::Thread => String::new(),
        Origin::Object(address) if binary.object_at(address).is_none() => String::new(),
        _ if value.is_exact() => offset(value.low),
        _ if value.spread == u64::MAX => "anywhere".into(),
        _ => format!(
            "{} to {}",
            offset(value.low),
            offset(last(value, width).unwrap_or(i64::MAX))
        ),
    }
}

/// Bytes of the kernel's `siginfo_t`.
const SIGINFO: u64 = 128;

/// Bytes of the kernel's `struct ucontext` on x86-64: flags, link, stack, registers and the signal mask. (The C library's
/// is larger, and the kernel fills no more than this.)
const UCONTEXT: u64 = 8 + 8 + 24 + 256 + 8;

/// Where the signal mask lies in the ucontext, behind the saved registers.
pub const SIGNAL_MASK: i64 = 8 + 8 + 24 + 256;

/// Whether an access of `width` bytes at that place is shown to stay inside what it points into (thread-locals and the
/// amount of stack have rules of their own).
pub fn stays_inside(binary: &Binary, value: Value, width: u32) -> bool {
    let size = match value.origin {
        Origin::Thread => return true,
        Origin::Stack => return value.spread < u64::MAX,
        Origin::Argument(2) => SIGINFO,
        Origin::Argument(3) => UCONTEXT,
        Origin::Nothing | Origin::Argument(_) => 0,
        Origin::Object(address) => binary.object_at(address).map_or(0, |symbol| symbol.size),
    };
    let last = last(value, width).and_then(|last| u64::try_from(last).ok());
    value.low >= 0 && last.is_some_and(|last| last < size)
}

/// The last byte that an access may touch.
fn last(value: Value, width: u32) -> Option<i64> {
    value
        .low
        .checked_add_unsigned(value.spread)?
        .checked_add(i64::from(width) - 1)
}

/// A signed offset in hexadecimal.
pub fn offset(offset: i64) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    format!("{sign}{:#x}", offset.unsigned_abs())
}
