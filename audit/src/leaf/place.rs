//! Names of places in memory, the same in every build: they contain no addresses.

use super::elf::{Binary, ElfSymbol, Target};
use super::value::{LeafValue, Origin};

/// Returns the name of the object or area in which a place lies.
pub fn origin(binary: &Binary, value: LeafValue) -> String {
    match value.origin {
        Origin::Nothing => "a pointer of unknown origin".into(),
        Origin::Argument(1) => "the signal number (argument 1)".into(),
        Origin::Argument(2) => "siginfo (argument 2)".into(),
        Origin::Argument(3) => "ucontext (argument 3)".into(),
        Origin::Argument(n) => format!("argument {n}"),
        Origin::Thread => "thread-local memory".into(),
        Origin::Stack => "stack".into(),
        Origin::Return => "the return address".into(),
        Origin::File | Origin::Page => object(binary, value).map_or_else(
            || {
                let section = binary.section_name(value.low.cast_unsigned());
                section.unwrap_or_else(|| "an object without a name".into())
            },
            |symbol| symbol.name.clone(),
        ),
    }
}

/// Returns a place with its origin: in a file with fixed addresses, a number can be the address of an object.
pub fn located(binary: &Binary, place: LeafValue) -> LeafValue {
    let is_object = || binary.object_at(place.low.cast_unsigned()).is_some();
    match place.origin {
        Origin::Nothing if binary.has_fixed_addresses() && is_object() => LeafValue {
            origin: Origin::File,
            ..place
        },
        _ => place,
    }
}

/// Returns the pointer that is loaded from a place, if the file determines it.
pub fn loaded(binary: &Binary, place: LeafValue) -> Option<LeafValue> {
    let is_known = place.origin == Origin::File && place.is_exact();
    match is_known.then(|| binary.settled_pointer(place.low.cast_unsigned()))? {
        Target::Here(address) => Some(LeafValue::pointer(address)),
        _ => None,
    }
}

/// Returns the object that a pointer into the file points into.
fn object<'b>(binary: &'b Binary, pointer: LeafValue) -> Option<&'b ElfSymbol> {
    binary.object_at(pointer.low.cast_unsigned())
}

/// Returns which bytes of its object a place may cover, if that does not depend on the linker.
pub fn range(binary: &Binary, value: LeafValue, width: u32) -> String {
    match value.origin {
        Origin::Nothing | Origin::Thread => String::new(),
        Origin::File | Origin::Page => object(binary, value).map_or_else(String::new, |symbol| {
            range(binary, inside(value, symbol), width)
        }),
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

/// Returns a pointer into an object, measured from where the object begins.
fn inside(pointer: LeafValue, symbol: &ElfSymbol) -> LeafValue {
    LeafValue {
        origin: Origin::Argument(0),
        low: pointer.low.wrapping_sub_unsigned(symbol.address),
        ..pointer
    }
}

/// Bytes of the kernel's signal mask.
const MASK: u64 = 8;

/// Returns whether an access of `width` bytes at a place is shown to stay inside the object or area there. Thread-locals and the
/// amount of stack have rules of their own.
pub fn stays_inside(binary: &Binary, value: LeafValue, width: u32) -> bool {
    let signal_mask = binary.machine.convention().signal_mask;
    let (from, size) = match value.origin {
        Origin::Thread => return true,
        Origin::Stack => return value.spread < u64::MAX,
        Origin::Argument(2) => (0, SIGINFO),
        Origin::Argument(3) => (signal_mask, MASK),
        Origin::Nothing | Origin::Return | Origin::Argument(_) => (0, 0),
        Origin::File | Origin::Page => object(binary, value)
            .map_or((0, 0), |symbol| (symbol.address.cast_signed(), symbol.size)),
    };
    let last = last(value, width).and_then(|last| last.checked_sub(from));
    let last = last.and_then(|last| u64::try_from(last).ok());
    value.low >= from && last.is_some_and(|last| last < size)
}

/// Returns the last byte that an access may touch.
fn last(value: LeafValue, width: u32) -> Option<i64> {
    value
        .low
        .checked_add_unsigned(value.spread)?
        .checked_add(i64::from(width) - 1)
}

/// Returns a signed offset in hexadecimal.
pub fn offset(offset: i64) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    format!("{sign}{:#x}", offset.unsigned_abs())
}
