//! Audits each handler of a file: what it can reach, what of it is wrong, and the chain of calls that leads there.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::allow::Allow;
use crate::explore::{Explorer, Limits};
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::index::Index;
use crate::install::Handler;
use crate::policy::Policy;
use crate::runtime::Runtime;
use crate::state::Errno;
use crate::value::{Base, Value};

/// What is said of one handler.
pub struct Verdict {
    pub address: u64,
    pub name: String,
    pub signals: Vec<String>,
    pub by: Vec<String>,
    pub findings: Vec<Located>,
    pub stack: u64,
}

/// A finding with the calls that lead to it.
pub struct Located {
    pub finding: Finding,
    /// Functions from the handler to where the finding is.
    pub chain: Vec<String>,
    /// The function and the offset of the instruction in it.
    pub function: String,
    pub offset: u64,
    /// How many more instructions have the same cause.
    pub more: usize,
}

impl Verdict {
    /// The heaviest of its findings.
    pub fn weight(&self) -> Weight {
        self.findings
            .iter()
            .map(|f| f.finding.weight)
            .max()
            .unwrap_or(Weight::Note)
    }
}

const LIMITS: Limits = Limits {
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
    let mut verdict = Verdict {
        address: 0,
        name: name.to_owned(),
        signals: signals(of),
        by: installers(files, of),
        findings: Vec::new(),
        stack: 0,
    };
    if allow.citation(crate::libc::plain(name)).is_none() {
        verdict.findings.push(Located {
            finding: Finding {
                kind: Kind::Call,
                weight: policy.weight(Kind::Call, Weight::Fault),
                at: 0,
                why: format!("is {name} itself, which is not async-signal-safe"),
                reaches: None,
                remedy: None,
            },
            chain: vec![name.to_owned()],
            function: name.to_owned(),
            offset: 0,
            more: 0,
        });
    }
    verdict
}

/// What is said of the handler that Rust's standard library brings along: it is not the program's, and is not followed.
fn runtime(
    files: &Files,
    policy: &Policy,
    (image, address): (u16, u64),
    of: &Handler,
    sure: Runtime,
) -> Verdict {
    let name = files.image(image).name(address);
    let (weight, remedy) = match sure {
        Runtime::Named => (Weight::Note, None),
        Runtime::Shaped => (
            Weight::Doubt,
            Some("symbols (--debug FILE), or --note runtime".to_owned()),
        ),
    };
    let finding = Finding {
        kind: Kind::Runtime,
        weight: policy.weight(Kind::Runtime, weight),
        at: address,
        why: "is what Rust's standard library installs for stack overflows: it ends the process with a message, or restores \
              the default action"
            .into(),
        reaches: None,
        remedy,
    };
    Verdict {
        address,
        name: name.clone(),
        signals: signals(of),
        by: installers(files, of),
        findings: vec![Located {
            finding,
            chain: vec![name.clone()],
            function: name,
            offset: 0,
            more: 0,
        }],
        stack: 0,
    }
}

/// Audits one handler: with all that may be, and if that is an open question, with what the program is seen to do.
pub fn handler(
    files: &mut Files,
    index: &mut Index,
    allow: &Allow,
    policy: &Policy,
    place: (u16, u64),
    of: &Handler,
) -> Verdict {
    let file = files.image(place.0);
    index.of(place.0, &file);
    if let Some(sure) = crate::runtime::rust(files, index, place, of) {
        return runtime(files, policy, place, of, sure);
    }
    let mut explorer = Explorer::new(files, index, allow, LIMITS);
    let mut verdict = explored(&mut explorer, policy, place, of);
    if verdict.weight() != Weight::Doubt {
        return verdict;
    }
    let mut explorer = Explorer::new(files, index, allow, LIMITS);
    explorer.supposes = true;
    explorer.before = of.before.clone();
    let supposed = explored(&mut explorer, policy, place, of);
    let is_fault = |found: &Located| found.finding.weight == Weight::Fault;
    verdict
        .findings
        .splice(..0, supposed.findings.into_iter().filter(is_fault));
    verdict
}

/// Explores the handler and collects what was found.
fn explored(
    explorer: &mut Explorer,
    policy: &Policy,
    (image, address): (u16, u64),
    of: &Handler,
) -> Verdict {
    let arguments = [
        Value::range(1, 64),
        Value::at(Base::Siginfo, 0),
        Value::at(Base::Context, 0),
        Value::UNKNOWN,
        Value::UNKNOWN,
        Value::UNKNOWN,
    ];
    explorer.is_shared = of.more || of.signals.len() != 1;
    let root = explorer.function(image, address, &arguments, Errno::Original, true);
    let nodes = std::mem::take(&mut explorer.nodes);
    let files = &*explorer.files;
    let file = files.image(image);
    let name = file.name(address);
    let mut verdict = Verdict {
        address,
        name: name.clone(),
        signals: signals(of),
        by: installers(files, of),
        findings: Vec::new(),
        stack: nodes[root].summary.lowest.min(0).unsigned_abs(),
    };
    // The shortest chain to each function.
    let mut chains: HashMap<usize, Vec<String>> = HashMap::from([(root, vec![name])]);
    let mut todo = VecDeque::from([root]);
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    while let Some(node) = todo.pop_front() {
        order.push(node);
        let chain = chains[&node].clone();
        for (_, callee) in &nodes[node].calls {
            if *callee < nodes.len() && !chains.contains_key(callee) {
                let of = &nodes[*callee];
                let mut longer = chain.clone();
                longer.push(files.image(of.image).name(of.start));
                chains.insert(*callee, longer);
                todo.push_back(*callee);
            }
        }
    }
    let mut causes: BTreeMap<(Kind, String, String), usize> = BTreeMap::new();
    for node in order {
        let of = &nodes[node];
        let file = files.image(of.image);
        for finding in &of.findings {
            if !seen.insert((of.image, finding.at, finding.why.clone())) {
                continue;
            }
            let mut finding = finding.clone();
            finding.weight = policy.weight(finding.kind, finding.weight);
            let function = file.name(of.start);
            // One entry for each cause.
            let key = match &finding.reaches {
                Some(reaches) => (finding.kind, reaches.clone(), String::new()),
                None => (finding.kind, function.clone(), finding.why.clone()),
            };
            if let Some(&at) = causes.get(&key) {
                let known: &mut Located = &mut verdict.findings[at];
                known.more += 1;
                continue;
            }
            causes.insert(key, verdict.findings.len());
            let mut chain = chains[&node].clone();
            chain.extend(finding.reaches.clone());
            verdict.findings.push(Located {
                offset: finding.at.wrapping_sub(of.start),
                finding,
                chain,
                function,
                more: 0,
            });
        }
    }
    let of = &nodes[root];
    let cause = of
        .errno_cause
        .as_ref()
        .map(|(_, cause)| cause.clone())
        .unwrap_or_default();
    // A call that is not safe anyway is one cause, not two.
    let is_known = verdict
        .findings
        .iter()
        .any(|f| f.finding.reaches.as_deref() == Some(&*cause));
    if of.summary.returns && of.summary.errno == Errno::Changed && !is_known {
        // What is not known may leave errno alone.
        let weight = if of.errno_cause.is_some() {
            Weight::Fault
        } else {
            Weight::Doubt
        };
        let (at, cause) = of
            .errno_cause
            .clone()
            .unwrap_or((address, "what it calls".into()));
        let finding = Finding {
            kind: Kind::Errno,
            weight: policy.weight(Kind::Errno, weight),
            at,
            why: format!(
                "changes errno ({cause}) and does not put it back on every way to the end"
            ),
            reaches: None,
            remedy: Some(
                "save errno when the handler begins and restore it before it returns".into(),
            ),
        };
        verdict.findings.push(Located {
            offset: at.wrapping_sub(address),
            finding,
            chain: vec![file.name(address), cause],
            function: file.name(address),
            more: 0,
        });
    }
    if verdict.stack > policy.max_stack {
        let finding = Finding {
            kind: Kind::Stack,
            weight: policy.weight(
                Kind::Stack,
                if verdict.stack < 1 << 30 {
                    Weight::Fault
                } else {
                    Weight::Doubt
                },
            ),
            at: address,
            why: format!(
                "uses stack: {} bytes, {} allowed",
                verdict.stack, policy.max_stack
            ),
            reaches: None,
            remedy: Some("--max-stack, if the stack that it runs on is large enough".into()),
        };
        verdict.findings.push(Located {
            offset: 0,
            finding,
            chain: vec![file.name(address)],
            function: file.name(address),
            more: 0,
        });
    }
    verdict
        .findings
        .sort_by_key(|f| std::cmp::Reverse(f.finding.weight));
    verdict
}
