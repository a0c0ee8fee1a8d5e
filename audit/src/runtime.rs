//! Recognises the handler that Rust's standard library installs for stack overflows in each program, and Rust's panics.

use iced_x86::{Decoder, DecoderOptions, OpKind};

use crate::files::Files;
use crate::image::{Image, Slot};
use crate::index::Index;
use crate::install::Handler;
use crate::install::flags::{SA_ONSTACK, SA_SIGINFO};

/// Says how certain it is that a handler is the standard library's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// The shape of the handler shows it, and also its symbols or, without symbols, its flags and the file's texts.
    Known,
    /// Only the shape of the handler shows it.
    Shaped,
}

/// The message that the handler prints before it ends the process.
const MESSAGE: &[u8] = b"has overflowed its stack";

/// The common part of the paths of the standard library's sources, which panic messages in each program name.
const SOURCES: &[u8] = b"library/std/src/";

/// Returns how certain it is that the handler is the standard library's, or `None`. That handler is installed for faults alone, and
/// its code has its message and a call of `sigaction`.
///
/// A name alone is not enough: any language can have a function of that name. Without names, the flags of the installation and the
/// library's own texts in the file are compared.
pub fn rust(
    files: &Files,
    index: &mut Index,
    (image, address): (u16, u64),
    of: &Handler,
) -> Option<Runtime> {
    const SIGBUS: i64 = 7;
    const SIGSEGV: i64 = 11;
    let is_for_faults = !of.more
        && !of.signals.is_empty()
        && of.signals.iter().all(|n| matches!(*n, SIGBUS | SIGSEGV));
    let file = files.image(image);
    let (start, end) = file.function_at(address)?;
    let installs = &index.of(image, &file).installs;
    let restores = installs.iter().any(|at| (start..end).contains(at));
    if !is_for_faults || !restores || !says(&file, start, end) {
        return None;
    }
    let is_std = |at: u64| {
        let name = file.raw_name(at).map(crate::names::pretty);
        name.map(|name| name.starts_with("std::"))
    };
    let all = |test: &dyn Fn(u64) -> bool| of.by.iter().all(|(of, at)| *of == image && test(*at));
    match is_std(address) {
        // Whole-program optimisation makes the installing function a part of `main`.
        Some(true) if all(&|at| is_std(at) == Some(true) || file.raw_name(at) == Some("main")) => {
            Some(Runtime::Known)
        }
        None if all(&|at| is_std(at).is_none()) => {
            let own = SA_SIGINFO | SA_ONSTACK;
            let as_it_does = of.flags.iter().all(|flags| flags.has(own)) && of.signals.len() == 2;
            let is_rust = as_it_does && !of.flags.is_empty() && has_sources(&file);
            Some(if is_rust {
                Runtime::Known
            } else {
                Runtime::Shaped
            })
        }
        _ => None,
    }
}

/// Returns whether a call by the function at `start` begins a panic that only a check of a debug build leads to. Such a check tests
/// arithmetic, a pointer, or the precondition of an unsafe function.
pub fn is_debug_check(caller: &Image, start: u64, file: &Image, target: u64) -> bool {
    let Some(callee) = file.raw_name(target) else {
        return false;
    };
    let Some((_, panic)) = callee.split_once("4core9panicking") else {
        return false;
    };
    let by_precondition = || {
        caller
            .raw_name(start)
            .is_some_and(|name| name.contains("18precondition_check"))
    };
    [
        "11panic_const",
        "36panic_misaligned_pointer",
        "30panic_null_pointer",
    ]
    .iter()
    .any(|check| panic.starts_with(check))
        || panic.starts_with("18panic_nounwind") && by_precondition()
}

/// Returns the source file and line of a panic that a call of the function at `target` begins: such a function never returns, and
/// `argument`, a constant of the file, is its `core::panic::Location`.
pub fn panic_place(file: &Image, target: u64, argument: u64) -> Option<String> {
    const MOST: u64 = 4096;
    let Some(Slot::Here(text)) = file.pointer(argument) else {
        return None;
    };
    let len = file.number(argument.checked_add(8)?, 8)?;
    let line = file.number(argument.checked_add(16)?, 4)?;
    let text = file
        .bytes(text)
        .get(..usize::try_from(len.min(MOST)).ok()?)?;
    // The compiler may end the path with a NUL.
    let path = std::str::from_utf8(text).ok()?.trim_end_matches('\0');
    let is_path = path.ends_with(".rs") && !path.contains(char::is_control);
    let (start, end) = file.function_at(target)?;
    let panics = is_path && start == target && crate::reach::never_returns(file, start, end);
    panics.then(|| format!("{path}:{line}"))
}

/// Returns whether read-only data of the file names a source of the standard library.
pub fn has_sources(file: &Image) -> bool {
    let mut data = file.regions.iter().filter(|region| !region.write);
    data.any(|region| {
        region
            .data
            .windows(SOURCES.len())
            .any(|text| text == SOURCES)
    })
}

/// Returns whether the function's code names the message, or a table of texts that includes the message.
fn says(file: &Image, start: u64, end: u64) -> bool {
    let bytes = file.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let has = |at: u64| {
        let text = file.bytes(at);
        let text = &text[..text.len().min(96)];
        !file.is_writable(at) && text.windows(MESSAGE.len()).any(|w| w == MESSAGE)
    };
    let mut decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
    decoder.iter().any(|i| {
        let to = if i.is_ip_rel_memory_operand() {
            i.ip_rel_memory_address()
        } else if file.is_fixed && i.op_count() > 1 && i.op1_kind() == OpKind::Immediate32 {
            i.immediate(1)
        } else {
            return false;
        };
        let table = (0..8).filter_map(|n| match file.slots.get(&(to.saturating_add(8 * n))) {
            Some(Slot::Here(text)) => Some(*text),
            _ => None,
        });
        has(to) || table.into_iter().any(has)
    })
}
