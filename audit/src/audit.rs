//! Audits each handler of a file: the code that it can reach, the findings in that code, and the chain of calls to each.

mod collect;
mod verdict;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

pub use self::collect::UNBOUNDED;
use self::collect::explored;
pub use self::verdict::{Located, Verdict, imported, part_of, whole};
use crate::allow::Allow;
use crate::arrays::BEHIND_ARRAY;
use crate::assume::Assumptions;
use crate::explore::{Explorer, Limits};
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::index::Index;
use crate::install::Handler;
use crate::install::flags::{SA_NODEFER, SA_RESETHAND};
use crate::installed::{ends_by_default, has_info, weigh_errno_down};
use crate::lines::Lines;
use crate::nested::Nested;
use crate::nesting::Nesting;
use crate::policy::Policy;
use crate::runtime::Runtime;
use crate::value::Value;

const LIMITS: Limits = Limits {
    wide: 12_000,
    apart: 80,
    exact: 6_000,
    total: 120_000,
    depth: 120,
};

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
    place: (u16, u64),
    of: &Handler,
) -> Verdict {
    let file = files.image(place.0);
    index.of(place.0, &file);
    let mut verdict = match crate::runtime::rust(files, index, place, of) {
        Some(sure) => runtime(files, policy, place, of, sure),
        None => judged(files, index, allow, (policy, assumptions), place, of),
    };
    for found in &mut verdict.findings {
        if let Some(&(number, at)) = found.places.first() {
            found.line = lines.of(number, &files.image(number), at);
        }
    }
    verdict
}

fn judged(
    files: &mut Files,
    index: &mut Index,
    allow: &Allow,
    (policy, assumptions): (&Policy, &Assumptions),
    place: (u16, u64),
    of: &Handler,
) -> Verdict {
    let any = Value::range(1, 64);
    let mut objects = HashMap::new();
    let is_flagged = of.flags.iter().any(|flags| flags.has(SA_NODEFER));
    let nesting = Nesting {
        flag: match is_flagged {
            true => Some(true),
            false if of.flags.iter().any(|flags| flags.may_have(SA_NODEFER)) => None,
            false => Some(false),
        },
        other: of.interrupts(of),
        // It is not known whether the other threads block the signal themselves.
        threads: match index.may_run_on_threads(place.0, &files.image(place.0), of.mask()) {
            true => None,
            false => Some(false),
        },
        ..Nesting::default()
    };
    let follows_texts = Cell::new(true);
    let tells_errors = Cell::new(false);
    let puts_back = Cell::new(false);
    let nested = RefCell::new(Nested::default());
    let not_counters = RefCell::new(BTreeSet::new());
    let mut explore_once = |supposes: bool, signal: Value, unblocks: Option<bool>| {
        let mut explorer = Explorer::new(files, index, allow, LIMITS);
        explorer.nesting = Nesting {
            unblocks,
            ..nesting
        };
        let own = signal.number().map_or(of.mask(), crate::mask::only);
        explorer.asked = Some(own).filter(|_| unblocks == Some(false));
        explorer.handler = place;
        explorer.signals = of.mask();
        explorer.has_info = has_info(of);
        explorer.deadly = signal.number().filter(|n| ends_by_default(*n));
        explorer.is_reset =
            !of.flags.is_empty() && of.flags.iter().all(|flags| flags.has(SA_RESETHAND));
        explorer.installers = of.by.clone();
        if is_flagged && !of.flags.iter().any(|flags| flags.has(SA_RESETHAND)) {
            explorer.own_signals = of.signals.clone();
        }
        explorer.supposes = supposes;
        explorer.follows_texts = follows_texts.get();
        explorer.tells_errors = tells_errors.get();
        // If so many rounds were told apart, the end of an array would not be checked.
        if !explorer.follows_texts {
            explorer.limits.wide = 0;
        }
        explorer.assumptions = Some(assumptions);
        explorer.not_counters = not_counters.borrow().clone();
        let is_alone = signal.number().is_some();
        if is_alone {
            explorer.objects = objects.clone();
        }
        if supposes {
            explorer.before = of.before.clone();
        }
        let verdict = explored(&mut explorer, policy, place, of, signal.clone());
        let broken = explorer.broken_counters();
        if !broken.is_empty() {
            return (verdict, explorer.steps, explorer.is_ended, unblocks, broken);
        }
        if !is_alone && !supposes {
            objects = std::mem::take(&mut explorer.objects);
        }
        nested.borrow_mut().note(signal.number(), &explorer);
        puts_back.set(explorer.puts_back && !explorer.ends_by_error);
        let saved = &explorer.saved;
        let mut unblocks = explorer
            .masks
            .values()
            .map(|call| call.unblocks(own, saved));
        let unblocks = match unblocks.clone().any(|one| one == Some(true)) {
            true => Some(true),
            false => unblocks.all(|one| one == Some(false)).then_some(false),
        };
        (verdict, explorer.steps, explorer.is_ended, unblocks, broken)
    };
    // A handler that unblocks its signal may interrupt itself from there on, so it is read again to find the effects.
    let mut explore = |supposes: bool, signal: Value| {
        let mut unblocks = Some(false);
        loop {
            let (verdict, steps, is_ended, now, broken) =
                explore_once(supposes, signal.clone(), unblocks);
            if !broken.is_empty() {
                not_counters.borrow_mut().extend(broken);
                continue;
            }
            // The first reading may not have seen all calls that change the mask.
            if [Some(false), unblocks].contains(&now) || unblocks == Some(true) {
                return (verdict, steps, is_ended);
            }
            unblocks = now;
        }
    };
    let (mut verdict, mut steps, _) = explore(false, any.clone());
    // If the only open question is the array of stored digits or texts, a counter may answer it where their end does not.
    let is_array = |found: &Located| {
        found.finding.weight < Weight::Doubt || found.finding.why.starts_with(BEHIND_ARRAY)
    };
    if verdict.weight() == Weight::Doubt && verdict.findings.iter().all(is_array) {
        follows_texts.set(false);
        let (counted, more, _) = explore(false, any.clone());
        follows_texts.set(counted.weight() >= Weight::Doubt);
        if !follows_texts.get() {
            (verdict, steps) = (counted, more);
        }
    }
    // If errno is the only problem, the handler may restore it after each error, and only then.
    let is_errno =
        |found: &Located| found.finding.kind == Kind::Errno && found.finding.weight != Weight::Note;
    let is_wrong = |found: &&Located| found.finding.weight != Weight::Note;
    if verdict.findings.iter().any(is_errno)
        && verdict.findings.iter().filter(is_wrong).all(is_errno)
    {
        tells_errors.set(true);
        let (told, more, _) = explore(false, any.clone());
        tells_errors.set(told.weight() == Weight::Note && puts_back.get());
        if tells_errors.get() {
            (verdict, steps) = (told, more);
        }
    }
    // A stated assumption does not decide whether there is a fault.
    let is_open = verdict.weight() == Weight::Doubt || !verdict.relied.is_empty();
    if is_open {
        let (supposed, ..) = explore(true, any);
        let is_fault = |found: &Located| found.finding.weight == Weight::Fault;
        verdict
            .findings
            .splice(..0, supposed.findings.into_iter().filter(is_fault));
    }
    // The findings that each signal reaches are named if that costs little.
    const MOST_STEPS: usize = 12_000;
    const MOST_SIGNALS: usize = 8;
    // SIGTERM stands for unknown signals.
    const SIGTERM: i64 = 15;
    let is_cheap = steps <= MOST_STEPS && of.signals.len() <= MOST_SIGNALS;
    if verdict.weight() == Weight::Note && !is_open || of.signals.is_empty() || !is_cheap {
        let signals = of.signals.iter().copied();
        let loses_errno = |signal| {
            let (alone, _, is_ended) = explore(false, Value::num(signal));
            !is_ended || alone.findings.iter().any(is_errno)
        };
        let mut signals = signals.chain(of.signals.is_empty().then_some(SIGTERM));
        if verdict.findings.iter().any(is_errno) && !signals.any(loses_errno) {
            weigh_errno_down(&mut verdict, of);
        }
        return verdict;
    }
    for found in &mut verdict.findings {
        found.by_signals = Some(Vec::new()).filter(|_| !of.more);
    }
    let mut loses_errno = false;
    for &signal in &of.signals {
        let mut reached: HashSet<(u16, u64)> = HashSet::new();
        for supposes in [false, true] {
            if is_open || !supposes {
                let (alone, _, is_ended) = explore(supposes, Value::num(signal));
                let faults = alone.findings.iter().filter(|found| {
                    let is_known = |known: &Located| {
                        known.finding.kind == found.finding.kind
                            && known.finding.weight == Weight::Fault
                            && known.places.iter().any(|at| found.places.contains(at))
                    };
                    found.finding.weight == Weight::Fault && !verdict.findings.iter().any(is_known)
                });
                // A question that is open for all signals together may be a fault for one signal.
                let faults: Vec<Located> = faults.cloned().collect();
                for fault in faults {
                    verdict.findings.retain(|known| {
                        known.finding.kind != fault.finding.kind || known.places != fault.places
                    });
                    verdict.findings.insert(
                        0,
                        Located {
                            by_signals: Some(Vec::new()),
                            ..fault
                        },
                    );
                }
                loses_errno |= !is_ended || alone.findings.iter().any(is_errno);
                reached.extend(alone.findings.into_iter().flat_map(|found| found.places));
            }
        }
        for found in &mut verdict.findings {
            let Some(names) = &mut found.by_signals else {
                continue;
            };
            if found.places.iter().any(|place| reached.contains(place)) {
                names.push(crate::names::signal(signal));
            }
        }
    }
    if !of.more {
        nested.borrow().acquit(&mut verdict, &of.signals);
    }
    if !loses_errno {
        weigh_errno_down(&mut verdict, of);
    }
    verdict
}
