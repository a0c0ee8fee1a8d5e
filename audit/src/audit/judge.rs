//! Judges one handler, from explorations under several suppositions.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::collect::explored;
use super::verdict::{Located, Verdict};
use crate::allow::Allow;
use crate::arrays::BEHIND_ARRAY;
use crate::assume::Assumptions;
use crate::explore::{Explorer, Limits};
use crate::files::Files;
use crate::finding::{Kind, Weight};
use crate::index::Index;
use crate::install::flags::{SA_NODEFER, SA_RESETHAND};
use crate::install::{Handler, Place};
use crate::installed::{ends_by_default, has_info, weigh_errno_down};
use crate::nested::Nested;
use crate::nesting::Nesting;
use crate::policy::Policy;
use crate::value::Value;

const LIMITS: Limits = Limits {
    wide: 12_000,
    apart: 80,
    exact: 6_000,
    total: 120_000,
    depth: 120,
};

/// The number of any signal.
const ANY: Value = Value::range(1, 64);

/// Explores one handler under several suppositions.
pub struct Judge<'a> {
    files: &'a mut Files,
    index: &'a mut Index,
    allow: &'a Allow,
    policy: &'a Policy,
    assumptions: &'a Assumptions,
    place: Place,
    of: &'a Handler,
    nesting: Nesting,
    follows_texts: bool,
    tells_errors: bool,
    /// Whether the handler was last seen to put errno back, and not to end by an error.
    puts_back: bool,
    /// The objects that accesses are not shown to stay inside, where nothing is supposed.
    objects: HashMap<Place, (u64, u64)>,
    nested: Nested,
    not_counters: BTreeSet<Place>,
}

/// Holds the result of an exploration.
struct Explored {
    verdict: Verdict,
    steps: usize,
    is_ended: bool,
    /// Whether the handler unblocks its own signal; `None` if it may.
    unblocks: Option<bool>,
}

impl<'a> Judge<'a> {
    pub fn new(
        files: &'a mut Files,
        index: &'a mut Index,
        allow: &'a Allow,
        (policy, assumptions): (&'a Policy, &'a Assumptions),
        place: Place,
        of: &'a Handler,
    ) -> Self {
        let nesting = Nesting {
            flag: match of.is_flagged(SA_NODEFER) {
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
        Self {
            files,
            index,
            allow,
            policy,
            assumptions,
            place,
            of,
            nesting,
            follows_texts: true,
            tells_errors: false,
            puts_back: false,
            objects: HashMap::new(),
            nested: Nested::default(),
            not_counters: BTreeSet::new(),
        }
    }

    /// Returns the verdict.
    pub fn verdict(mut self) -> Verdict {
        let of = self.of;
        let mut explored = self.explore(false, ANY);
        self.try_without_texts(&mut explored);
        self.try_with_errors_told(&mut explored);
        let Explored {
            mut verdict, steps, ..
        } = explored;
        // A stated assumption does not decide whether there is a fault.
        let is_open = verdict.weight() == Weight::Doubt || !verdict.relied.is_empty();
        if is_open {
            let supposed = self.explore(true, ANY).verdict.findings;
            let faults = supposed.into_iter().filter(is_fault);
            verdict.findings.splice(..0, faults);
        }
        // The findings that each signal reaches are named if that costs little.
        const MOST_STEPS: usize = 12_000;
        const MOST_SIGNALS: usize = 8;
        let is_cheap = steps <= MOST_STEPS && of.signals.len() <= MOST_SIGNALS;
        let is_safe = verdict.weight() == Weight::Note && !is_open;
        let loses_errno = if is_safe || of.signals.is_empty() || !is_cheap {
            !verdict.findings.iter().any(is_errno) || self.may_lose_errno()
        } else {
            let loses_errno = self.name_signals(&mut verdict, is_open);
            if !of.more {
                self.nested.acquit(&mut verdict, &of.signals);
            }
            loses_errno
        };
        if !loses_errno {
            weigh_errno_down(&mut verdict, of);
        }
        verdict
    }

    /// Explores again without the ends of stored digits and texts, if these alone leave a question open: a counter may answer it.
    fn try_without_texts(&mut self, explored: &mut Explored) {
        let is_array = |found: &Located| {
            found.finding.weight < Weight::Doubt || found.finding.why.starts_with(BEHIND_ARRAY)
        };
        let verdict = &explored.verdict;
        if verdict.weight() != Weight::Doubt || !verdict.findings.iter().all(is_array) {
            return;
        }
        self.follows_texts = false;
        let counted = self.explore(false, ANY);
        self.follows_texts = counted.verdict.weight() >= Weight::Doubt;
        if !self.follows_texts {
            *explored = counted;
        }
    }

    /// Explores again and tells errors from success, if errno is the only problem: the handler may restore it after each error, and
    /// only then.
    fn try_with_errors_told(&mut self, explored: &mut Explored) {
        let findings = explored.verdict.findings.iter();
        let mut wrong = findings
            .filter(|found| found.finding.weight != Weight::Note)
            .peekable();
        if wrong.peek().is_none() || !wrong.all(is_errno) {
            return;
        }
        self.tells_errors = true;
        let told = self.explore(false, ANY);
        self.tells_errors = told.verdict.weight() == Weight::Note && self.puts_back;
        if self.tells_errors {
            *explored = told;
        }
    }

    /// Returns whether errno is lost for one of the handler's signals.
    fn may_lose_errno(&mut self) -> bool {
        // SIGTERM stands for unknown signals.
        const SIGTERM: i64 = 15;
        let of = self.of;
        let mut signals = of
            .signals
            .iter()
            .copied()
            .chain(of.signals.is_empty().then_some(SIGTERM));
        signals.any(|signal| self.explore(false, Value::num(signal)).loses_errno())
    }

    /// Names the signals that reach each finding, and adds the faults of one signal alone; returns whether errno is lost for one.
    fn name_signals(&mut self, verdict: &mut Verdict, is_open: bool) -> bool {
        let of = self.of;
        for found in &mut verdict.findings {
            found.by_signals = Some(Vec::new()).filter(|_| !of.more);
        }
        let mut loses_errno = false;
        for &signal in &of.signals {
            let mut reached: HashSet<Place> = HashSet::new();
            for supposes in [false, true] {
                if is_open || !supposes {
                    let alone = self.explore(supposes, Value::num(signal));
                    add_faults(verdict, &alone.verdict);
                    loses_errno |= alone.loses_errno();
                    let findings = alone.verdict.findings.into_iter();
                    reached.extend(findings.flat_map(|found| found.places));
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
        loses_errno
    }

    /// Explores the handler. One that unblocks its signal may interrupt itself from there on, so it is read again to find the
    /// effects.
    fn explore(&mut self, supposes: bool, signal: Value) -> Explored {
        let mut unblocks = Some(false);
        loop {
            match self.explore_once(supposes, signal.clone(), unblocks) {
                Err(broken) => self.not_counters.extend(broken),
                // The first reading may not have seen all calls that change the mask.
                Ok(explored)
                    if [Some(false), unblocks].contains(&explored.unblocks)
                        || unblocks == Some(true) =>
                {
                    return explored;
                }
                Ok(explored) => unblocks = explored.unblocks,
            }
        }
    }

    /// Explores the handler once. Returns as an error the words that were wrongly taken for counters.
    fn explore_once(
        &mut self,
        supposes: bool,
        signal: Value,
        unblocks: Option<bool>,
    ) -> Result<Explored, Vec<Place>> {
        let of = self.of;
        let number = signal.number();
        let mut explorer = Explorer::new(self.files, self.index, self.allow, LIMITS);
        explorer.nesting = Nesting {
            unblocks,
            ..self.nesting
        };
        let own = number.map_or(of.mask(), crate::mask::only);
        explorer.asked = Some(own).filter(|_| unblocks == Some(false));
        explorer.handler = self.place;
        explorer.signals = of.mask();
        explorer.has_info = has_info(of);
        explorer.deadly = number.filter(|n| ends_by_default(*n));
        explorer.is_reset =
            !of.flags.is_empty() && of.flags.iter().all(|flags| flags.has(SA_RESETHAND));
        explorer.installers = of.by.clone();
        if of.is_flagged(SA_NODEFER) && !of.is_flagged(SA_RESETHAND) {
            explorer.own_signals = of.signals.clone();
        }
        explorer.supposes = supposes;
        explorer.follows_texts = self.follows_texts;
        explorer.tells_errors = self.tells_errors;
        // If so many rounds were told apart, the end of an array would not be checked.
        if !explorer.follows_texts {
            explorer.limits.wide = 0;
        }
        explorer.assumptions = Some(self.assumptions);
        explorer.not_counters = self.not_counters.clone();
        if number.is_some() {
            explorer.objects = self.objects.clone();
        }
        if supposes {
            explorer.before = of.before.clone();
        }
        let verdict = explored(&mut explorer, self.policy, self.place, of, signal);
        let broken = explorer.broken_counters();
        if !broken.is_empty() {
            return Err(broken);
        }
        if number.is_none() && !supposes {
            self.objects = std::mem::take(&mut explorer.objects);
        }
        self.nested.note(number, &explorer);
        self.puts_back = explorer.puts_back && !explorer.ends_by_error;
        let saved = &explorer.saved;
        let mut all = explorer
            .masks
            .values()
            .map(|call| call.unblocks(own, saved));
        let unblocks = match all.clone().any(|one| one == Some(true)) {
            true => Some(true),
            false => all.all(|one| one == Some(false)).then_some(false),
        };
        Ok(Explored {
            verdict,
            steps: explorer.steps,
            is_ended: explorer.is_ended,
            unblocks,
        })
    }
}

impl Explored {
    fn loses_errno(&self) -> bool {
        !self.is_ended || self.verdict.findings.iter().any(is_errno)
    }
}

/// Adds the faults of an exploration for one signal that are not known. A question that is open for all signals together may be a
/// fault for one signal.
fn add_faults(verdict: &mut Verdict, alone: &Verdict) {
    let is_known = |fault: &Located, known: &Located| {
        known.finding.kind == fault.finding.kind
            && is_fault(known)
            && known.places.iter().any(|at| fault.places.contains(at))
    };
    let faults = alone.findings.iter().filter(|found| {
        is_fault(found) && !verdict.findings.iter().any(|known| is_known(found, known))
    });
    let faults: Vec<Located> = faults.cloned().collect();
    for fault in faults {
        verdict.findings.retain(|known| {
            known.finding.kind != fault.finding.kind || known.places != fault.places
        });
        let by_signals = Some(Vec::new());
        verdict.findings.insert(
            0,
            Located {
                by_signals,
                ..fault
            },
        );
    }
}

fn is_fault(found: &Located) -> bool {
    found.finding.weight == Weight::Fault
}

fn is_errno(found: &Located) -> bool {
    found.finding.kind == Kind::Errno && found.finding.weight != Weight::Note
}
