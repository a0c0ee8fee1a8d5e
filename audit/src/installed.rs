//! The consequences of the installation for a handler: its signals, its arguments, its stack.

use crate::audit::Verdict;
use crate::finding::{Finding, Kind, Weight};
use crate::install::flags::{SA_ONSTACK, SA_SIGINFO};
use crate::install::{Handler, Place};

/// Returns whether the default action of the signal ends the process.
pub fn ends_by_default(signal: i64) -> bool {
    const HARMLESS: [i64; 8] = [17, 18, 19, 20, 21, 22, 23, 28];
    !HARMLESS.contains(&signal)
}

/// Returns whether each call that installs the handler requests a siginfo and a ucontext for it, or `None` if that is not known.
pub fn has_info(of: &Handler) -> Option<bool> {
    if of.flags.iter().any(|flags| !flags.may_have(SA_SIGINFO)) {
        return Some(false);
    }
    let is_known = !of.flags.is_empty() && of.flags.iter().all(|flags| flags.has(SA_SIGINFO));
    is_known.then_some(true)
}

/// Returns whether the handler may run on an alternate stack.
fn may_use_alternate(of: &Handler) -> bool {
    of.flags.is_empty() || of.flags.iter().any(|flags| flags.may_have(SA_ONSTACK))
}

/// Returns the finding for an alternate stack in the frame of a function that returns, if the handler may run on it.
pub fn stack_left(address: u64, of: &Handler, call: Option<Place>) -> Option<Finding> {
    let (_, at) = call.filter(|_| may_use_alternate(of))?;
    let why = format!(
        "may run on an alternate stack in the frame of a function that returns, which calls sigaltstack at {at:#x}"
    );
    let finding = Finding::new(Kind::Stack, Weight::Doubt, address, why);
    Some(finding.or("a stack in data of the file or on the heap"))
}

/// Returns the bytes of stack that the handler may use; `alternate`: the size of the smallest alternate stack that is known.
pub fn stack_of(of: &Handler, alternate: Option<u64>) -> u64 {
    // The least number of bytes that the kernel puts on the stack before the handler runs.
    const KERNEL: u64 = 1024;
    // Half the usual size of an alternate stack (SIGSTKSZ), for the kernel's frame takes its part.
    const ALTERNATE: u64 = 4096;
    // The smallest stack of a thread (PTHREAD_STACK_MIN).
    const ORDINARY: u64 = 16384;
    match may_use_alternate(of) {
        true => alternate.map_or(ALTERNATE, |size| ALTERNATE.min(size.saturating_sub(KERNEL))),
        false => ORDINARY,
    }
}

/// Lowers the weight of errno findings for a handler that ends the process, by the default action, with each signal that is known.
pub fn weigh_errno_down(verdict: &mut Verdict, of: &Handler) {
    for found in &mut verdict.findings {
        let finding = &mut found.finding;
        if finding.kind != Kind::Errno || finding.weight == Weight::Note {
            continue;
        }
        if of.more || of.signals.is_empty() {
            finding.weight = Weight::Doubt;
            finding.remedy = Some("signals that can be seen where it is installed".into());
        } else {
            finding.weight = Weight::Note;
            finding.why += ", but with each signal that it is installed for it ends the process by the default action";
        }
    }
}
