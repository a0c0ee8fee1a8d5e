//! Audits each handler of a file: what it can reach, what of it is wrong, and the chain of calls that leads there.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::allow::Allow;
use crate::arrays::BEHIND_ARRAY;
use crate::assume::Assumptions;
use crate::explore::{Explorer, Limits};
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::image::Image;
use crate::index::Index;
use crate::install::Handler;
use crate::install::flags::{SA_NODEFER, SA_RESETHAND};
use crate::installed::{ends_by_default, has_info, stack_of, weigh_errno_down};
use crate::lines::{Line, Lines};
use crate::nested::Nested;
use crate::policy::Policy;
use crate::races::Nesting;
use crate::runtime::Runtime;
use crate::state::Errno;
use crate::value::{Base, Value};

/// Holds the verdict on one handler.
pub struct Verdict {
    pub address: u64,
    pub name: String,
    pub signals: Vec<String>,
    /// The flags of the calls that install it, as far as they are known.
    pub flags: Vec<String>,
    pub by: Vec<String>,
    pub findings: Vec<Located>,
    pub stack: u64,
    /// The numbers of the statements that it relies on.
    pub relied: BTreeSet<usize>,
}

/// Holds a finding with the calls that lead to it.
#[derive(Clone)]
pub struct Located {
    pub finding: Finding,
    /// Functions from the handler to where the finding is.
    pub chain: Vec<String>,
    /// The function and the offset of the instruction in it.
    pub function: String,
    pub offset: u64,
    /// The file and the address of the instruction, and of each other that has the same cause.
    pub places: Vec<(u16, u64)>,
    /// Which of the signals that the handler is installed for lead there; `None`: not told apart.
    pub by_signals: Option<Vec<String>>,
    /// Conditions on the way there, those of the handler first.
    pub conditions: Vec<String>,
    pub line: Option<Line>,
}

impl Located {
    /// Returns how many more instructions have the same cause.
    pub fn more(&self) -> usize {
        self.places.len().saturating_sub(1)
    }
}

impl Verdict {
    /// Returns that of a handler of which nothing is found yet.
    fn new(files: &Files, address: u64, name: String, of: &Handler) -> Self {
        Self {
            address,
            name,
            signals: signals(of),
            flags: flags(of),
            by: installers(files, of),
            findings: Vec::new(),
            stack: 0,
            relied: BTreeSet::new(),
        }
    }

    /// Returns the heaviest of its findings.
    pub fn weight(&self) -> Weight {
        self.findings
            .iter()
            .map(|f| f.finding.weight)
            .max()
            .unwrap_or(Weight::Note)
    }
}

const LIMITS: Limits = Limits {
    wide: 12_000,
    apart: 80,
    exact: 6_000,
    total: 120_000,
    depth: 120,
};

fn signals(of: &Handler) -> Vec<String> {
    let mut signals: Vec<String> = of
        .signals
        .iter()
        .map(|n| crate::names::signal(*n))
        .collect();
    if of.more {
        signals.push("signals that are not known".into());
    }
    signals
}

fn flags(of: &Handler) -> Vec<String> {
    of.flags.iter().map(|flags| flags.to_string()).collect()
}

fn installers(files: &Files, of: &Handler) -> Vec<String> {
    let names = of
        .by
        .iter()
        .map(|(image, at)| files.image(*image).name(*at));
    names.collect()
}

/// Judges a function of the C library that is installed as a handler, by its name.
pub fn imported(
    files: &Files,
    allow: &Allow,
    policy: &Policy,
    name: &str,
    of: &Handler,
) -> Verdict {
    let mut verdict = Verdict::new(files, 0, name.to_owned(), of);
    if allow.citation(crate::libc::plain(name)).is_none() {
        let weight = policy.weight(Kind::Call, Weight::Fault);
        let why = format!("is {name} itself, which is not async-signal-safe");
        verdict.findings.push(Located {
            places: Vec::new(),
            ..whole(
                (0, 0),
                name.to_owned(),
                Finding::new(Kind::Call, weight, 0, why),
            )
        });
    }
    verdict
}

/// Returns a finding about a handler as a whole.
pub fn whole(place: (u16, u64), name: String, finding: Finding) -> Located {
    Located {
        finding,
        chain: vec![name.clone()],
        function: name,
        offset: 0,
        places: vec![place],
        by_signals: None,
        conditions: Vec::new(),
        line: None,
    }
}

/// Returns the start of the function that holds the instruction: of `start`, unless it lies in a part of it elsewhere.
pub fn part_of(file: &Image, start: u64, at: u64) -> u64 {
    let (begin, end) = file.function_at(start).unwrap_or((start, u64::MAX));
    if (begin..end).contains(&at) {
        return start;
    }
    file.function_at(at).map_or(start.min(at), |(part, _)| part)
}

/// Returns whether the handler may be the C library's own: that of `profil`, or one for the signals that it keeps for itself.
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

/// Audits one handler: with all that may be, and if that is an open question, with what the program is seen to do.
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
        ..Nesting::default()
    };
    let follows_texts = Cell::new(true);
    let nested = RefCell::new(Nested::default());
    let mut explore_once = |supposes: bool, signal: Value, unblocks: Option<bool>| {
        let mut explorer = Explorer::new(files, index, allow, LIMITS);
        explorer.nesting = Nesting {
            unblocks,
            ..nesting
        };
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
        // With so many rounds told apart, an array's end would not be asked for.
        if !explorer.follows_texts {
            explorer.limits.wide = 0;
        }
        explorer.assumptions = Some(assumptions);
        let is_alone = signal.number().is_some();
        if is_alone {
            explorer.objects = objects.clone();
        }
        if supposes {
            explorer.before = of.before.clone();
        }
        let verdict = explored(&mut explorer, policy, place, of, signal.clone());
        if !is_alone && !supposes {
            objects = std::mem::take(&mut explorer.objects);
        }
        nested.borrow_mut().note(signal.number(), &explorer);
        let own = signal.number().map_or(of.mask(), crate::mask::only);
        let saved = &explorer.saved;
        let mut unblocks = explorer
            .masks
            .values()
            .map(|call| call.unblocks(own, saved));
        let unblocks = match unblocks.clone().any(|one| one == Some(true)) {
            true => Some(true),
            false => unblocks.all(|one| one == Some(false)).then_some(false),
        };
        (verdict, explorer.steps, explorer.is_ended, unblocks)
    };
    // A handler that unblocks its signal somewhere may interrupt itself from there on, and is read again for what that means.
    let mut explore = |supposes: bool, signal: Value| {
        let (verdict, steps, is_ended, unblocks) =
            explore_once(supposes, signal.clone(), Some(false));
        if unblocks == Some(false) {
            return (verdict, steps, is_ended);
        }
        let (verdict, steps, is_ended, _) = explore_once(supposes, signal, unblocks);
        (verdict, steps, is_ended)
    };
    let (mut verdict, mut steps, _) = explore(false, any.clone());
    // Where only the array is not known that they go to, a counter may show what the end of digits or of a text does not.
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
    // What is stated decides no fault.
    let is_open = verdict.weight() == Weight::Doubt || !verdict.relied.is_empty();
    if is_open {
        let (supposed, ..) = explore(true, any);
        let is_fault = |found: &Located| found.finding.weight == Weight::Fault;
        verdict
            .findings
            .splice(..0, supposed.findings.into_iter().filter(is_fault));
    }
    // What each signal reaches is told where it costs little.
    const MOST_STEPS: usize = 12_000;
    const MOST_SIGNALS: usize = 8;
    // Stands for those that are not known.
    const SIGTERM: i64 = 15;
    let is_cheap = steps <= MOST_STEPS && of.signals.len() <= MOST_SIGNALS;
    let is_errno =
        |found: &Located| found.finding.kind == Kind::Errno && found.finding.weight != Weight::Note;
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
                // What is open for all signals together may be a fault for one.
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

/// As many bytes of stack stand for a number that is not known.
pub const UNBOUNDED: u64 = 1 << 62;

/// What the flags mean for the program, whatever the handler does.
const MEANINGS: [(u32, &str); 2] = [
    (
        SA_NODEFER,
        "is installed with SA_NODEFER: its own signal may interrupt it",
    ),
    (
        SA_RESETHAND,
        "is installed with SA_RESETHAND: the next such signal has the default action, unless it is installed again",
    ),
];

/// Explores the handler and collects what was found.
fn explored(
    explorer: &mut Explorer,
    policy: &Policy,
    (image, address): (u16, u64),
    of: &Handler,
    signal: Value,
) -> Verdict {
    let arguments = [
        signal,
        Value::at(Base::Siginfo, 0),
        Value::at(Base::Context, 0),
        Value::UNKNOWN,
        Value::UNKNOWN,
        Value::UNKNOWN,
    ];
    let root = explorer.function(image, address, &arguments, Errno::Original, true);
    let nodes = std::mem::take(&mut explorer.nodes);
    let private = explorer.private_stores();
    let files = &*explorer.files;
    let file = files.image(image);
    let name = file.name(address);
    let mut verdict = Verdict::new(files, address, name.clone(), of);
    verdict.stack = nodes[root].summary.lowest.min(0).unsigned_abs();
    // The shortest chain to each function.
    let mut chains: HashMap<usize, Vec<String>> = HashMap::from([(root, vec![name.clone()])]);
    let mut todo = VecDeque::from([root]);
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut called_from: HashMap<usize, (usize, u64)> = HashMap::new();
    while let Some(node) = todo.pop_front() {
        order.push(node);
        let chain = chains[&node].clone();
        for (at, callee) in &nodes[node].calls {
            if *callee < nodes.len() && !chains.contains_key(callee) {
                let of = &nodes[*callee];
                let mut longer = chain.clone();
                longer.push(files.image(of.image).name(of.start));
                chains.insert(*callee, longer);
                called_from.insert(*callee, (node, *at));
                todo.push_back(*callee);
            }
        }
    }
    let mut causes: BTreeMap<(Kind, String, String), usize> = BTreeMap::new();
    let is_libcs = file.hides_libc() && may_be_of_libc(of);
    // The first call that leads to what may be the C library's.
    let mut hidden = None;
    for node in order {
        let of = &nodes[node];
        let file = files.image(of.image);
        for finding in &of.findings {
            let weight = policy.weight(finding.kind, finding.weight);
            let is_call = of.calls.iter().any(|(at, _)| *at == finding.at)
                || finding.kind == Kind::Limit && !of.calls.is_empty();
            if file.hides_libc() && weight != Weight::Note && (is_libcs || node != root || is_call)
            {
                let mut way = Some((node, finding.at));
                while let Some((node, at)) = way {
                    hidden = hidden.or(Some(at).filter(|_| node == root));
                    way = called_from.get(&node).copied();
                }
                continue;
            }
            if !seen.insert((of.image, finding.at, finding.why.clone())) {
                continue;
            }
            if finding.kind == Kind::Torn && private.contains(&(of.image, finding.at)) {
                continue;
            }
            let mut finding = finding.clone();
            if finding.kind == Kind::Escape {
                // A handler that ends the process keeps what it has; another store may take the pointer back.
                if !nodes[root].summary.returns {
                    continue;
                }
                let word = explorer.kept.get(&(of.image, finding.at));
                if word.is_some_and(|word| !explorer.stored_else.contains_key(word)) {
                    finding.weight = Weight::Fault;
                }
            }
            let is_access = matches!(finding.kind, Kind::Read | Kind::Write);
            if is_access && explorer.stays_at_times((of.image, finding.at)) {
                finding.weight = finding.weight.min(Weight::Doubt);
            }
            finding.weight = policy.weight(finding.kind, finding.weight);
            let start = part_of(&file, of.start, finding.at);
            let function = file.name(start);
            // One entry for each cause.
            let key = match &finding.reaches {
                Some(reaches) => (finding.kind, reaches.clone(), String::new()),
                None => (finding.kind, function.clone(), finding.why.clone()),
            };
            if let Some(&at) = causes.get(&key) {
                let known: &mut Located = &mut verdict.findings[at];
                known.places.push((of.image, finding.at));
                continue;
            }
            causes.insert(key, verdict.findings.len());
            let mut conditions = Vec::new();
            let mut way = Some((node, finding.at));
            while let Some((node, at)) = way.filter(|_| finding.weight != Weight::Note) {
                conditions.extend(crate::condition::of(explorer, &nodes[node], at));
                way = called_from.get(&node).copied();
            }
            conditions.reverse();
            let mut chain = chains[&node].clone();
            chain.extend(finding.reaches.clone());
            verdict.findings.push(Located {
                offset: finding.at.wrapping_sub(start),
                places: vec![(of.image, finding.at)],
                finding,
                chain,
                function,
                by_signals: None,
                conditions,
                line: None,
            });
        }
    }
    if let Some(at) = hidden {
        let why = if is_libcs {
            "may be a handler of the C library: the file is static and has no symbols that tell"
        } else {
            "calls what may be a part of the C library: the file is static and has no symbols that tell"
        };
        let weight = policy.weight(Kind::Call, Weight::Doubt);
        let finding = Finding::new(Kind::Call, weight, at, why)
            .or("a file with symbols, --debug FILE, or a file that is linked dynamically");
        verdict.findings.push(Located {
            offset: at.wrapping_sub(address),
            ..whole((image, at), name.clone(), finding)
        });
    }
    let walked = &nodes[root];
    let cause = walked
        .errno_cause
        .as_ref()
        .map(|(_, cause)| cause.clone())
        .unwrap_or_default();
    // A call that is not safe anyway is one cause, not two.
    let is_known = verdict
        .findings
        .iter()
        .any(|f| f.finding.reaches.as_deref() == Some(&*cause));
    if walked.summary.returns
        && walked.summary.errno != Errno::Original
        && !is_known
        && hidden.is_none()
    {
        // What is not known may leave errno alone, and a write that is not shown to leave the frame may leave alone what was saved.
        let is_lost = |f: &Finding| f.kind == Kind::Write && f.weight == Weight::Doubt;
        let is_kept = !walked.findings.iter().any(is_lost);
        let is_changed = walked.summary.errno == Errno::Changed;
        let weight = if walked.errno_cause.is_some() && is_changed && is_kept {
            Weight::Fault
        } else {
            Weight::Doubt
        };
        let (at, cause) = walked
            .errno_cause
            .clone()
            .unwrap_or((address, "what it calls".into()));
        let why =
            format!("changes errno ({cause}) and does not put it back on every way to the end");
        let weight = policy.weight(Kind::Errno, weight);
        let finding = Finding::new(Kind::Errno, weight, at, why)
            .or("save errno when the handler begins and restore it before it returns");
        verdict.findings.push(Located {
            offset: at.wrapping_sub(address),
            chain: vec![name.clone(), cause],
            ..whole((image, at), name.clone(), finding)
        });
    }
    let is_left = (is_libcs, walked.summary.returns);
    crate::conflict::find(explorer, policy, address, is_left, &mut verdict);
    let most = policy.max_stack.unwrap_or_else(|| stack_of(of));
    if verdict.stack > most && hidden.is_none() {
        let weight = if verdict.stack < 1 << 30 {
            Weight::Fault
        } else {
            Weight::Doubt
        };
        let uses = if verdict.stack < UNBOUNDED {
            format!("{} bytes", verdict.stack)
        } else {
            "unbounded".into()
        };
        let why = format!("uses stack: {uses}, {most} bytes allowed");
        let weight = policy.weight(Kind::Stack, weight);
        let finding = Finding::new(Kind::Stack, weight, address, why)
            .or("--max-stack, if the stack that it runs on is large enough");
        let located = whole((image, address), name.clone(), finding);
        verdict.findings.push(located);
    }
    let mut notes: Vec<(Kind, String)> = MEANINGS
        .iter()
        .filter(|(flag, _)| of.flags.iter().any(|flags| flags.has(*flag)))
        .map(|(_, why)| (Kind::Flags, (*why).to_owned()))
        .collect();
    if !explorer.bound_late.is_empty() {
        let names: Vec<&str> = explorer.bound_late.iter().map(|name| &**name).collect();
        let why = format!(
            "calls {} by lazy binding: a first call that is made in the handler runs the dynamic loader there; link with -z now",
            names.join(", ")
        );
        notes.push((Kind::LazyBinding, why));
    }
    verdict.relied = explorer.relied.keys().copied().collect();
    let stated = explorer.notes_of_assumptions();
    notes.extend(stated.into_iter().map(|why| (Kind::Assumption, why)));
    for (kind, why) in notes {
        let finding = Finding::new(kind, Weight::Note, address, why);
        let located = whole((image, address), name.clone(), finding);
        verdict.findings.push(located);
    }
    verdict
        .findings
        .sort_by_key(|f| std::cmp::Reverse(f.finding.weight));
    verdict
}
