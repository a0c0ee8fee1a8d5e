//! Audits each handler of a file: the code that it can reach, the findings in that code, and the chain of calls to each.

mod collect;
mod judge;
mod verdict;

pub use self::collect::UNBOUNDED;
use self::judge::Judge;
pub use self::verdict::{Located, Verdict, imported, part_of, whole};
use crate::allow::Allow;
use crate::assume::Assumptions;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::index::Index;
use crate::install::{Handler, Place};
use crate::lines::Lines;
use crate::policy::Policy;
use crate::runtime::Runtime;

/// Returns whether the handler may be the C library's own: the handler of `profil`, or a handler of the library's internal signals.
fn may_be_of_libc(of: &Handler) -> bool {
    const OWN: [i64; 3] = [27, 32, 33];
    !of.more && of.signals.iter().all(|signal| OWN.contains(signal))
}

/// Returns the verdict on the handler of Rust's standard library, which is not the program's and is not followed.
fn runtime(
    files: &Files,
    policy: &Policy,
    (image, address): (u16, u64),
    of: &Handler,
    sure: Runtime,
) -> Verdict {
    let name = files.image(image).name(address);
    let (weight, remedy) = match sure {
        Runtime::Known => (Weight::Note, None),
        Runtime::Shaped => (
            Weight::Doubt,
            Some("symbols (--debug FILE), or --note runtime".to_owned()),
        ),
    };
    let why = "is what Rust's standard library installs for stack overflows: it ends the process with a message, or restores \
               the default action";
    let weight = policy.weight(Kind::Runtime, weight);
    let finding = Finding {
        remedy,
        ..Finding::new(Kind::Runtime, weight, address, why)
    };
    let mut verdict = Verdict::new(files, address, name.clone(), of);
    verdict
        .findings
        .push(whole((image, address), name, finding));
    verdict
}

/// Audits one handler under all possible conditions, and if a question stays open, under the conditions seen in the program.
pub fn handler(
    files: &mut Files,
    index: &mut Index,
    allow: &Allow,
    (policy, assumptions): (&Policy, &Assumptions),
    lines: &mut Lines,
    place: Place,
    of: &Handler,
) -> Verdict {
    let file = files.image(place.0);
    index.of(place.0, &file);
    let mut verdict = match crate::runtime::rust(files, index, place, of) {
        Some(sure) => runtime(files, policy, place, of, sure),
        None => Judge::new(files, index, allow, (policy, assumptions), place, of).verdict(),
    };
    for found in &mut verdict.findings {
        if let Some(&(number, at)) = found.places.first() {
            found.line = lines.of(number, &files.image(number), at);
        }
    }
    verdict
}
