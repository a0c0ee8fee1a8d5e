//! Collects the findings of a handler's exploration: one entry for each cause, with the chain of calls that leads to it.

use std::collections::BTreeMap;

use super::may_be_of_libc;
use super::verdict::Located;
use super::verdict::Verdict;
use super::verdict::part_of;
use super::verdict::whole;
use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::hash::{Map, Set};
use crate::install::Handler;
use crate::install::flags::{SA_NODEFER, SA_RESETHAND};
use crate::installed::stack_of;
use crate::policy::Policy;
use crate::state::Errno;
use crate::value::{Base, Value};

/// The number of bytes of stack that stands for an unknown number.
pub const UNBOUNDED: u64 = 1 << 62;

/// The meaning of flags for the program, whatever the handler does.
pub(super) const MEANINGS: [(u32, &str); 2] = [
    (
        SA_NODEFER,
        "is installed with SA_NODEFER: its own signal may interrupt it",
    ),
    (
        SA_RESETHAND,
        "is installed with SA_RESETHAND: the next such signal has the default action, unless it is installed again",
    ),
];

/// Explores the handler and collects the findings.
pub(super) fn explored(
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
    // The caller and the call by which the shortest chain reaches each function.
    let mut called_from: Map<usize, (usize, u64)> = Map::default();
    let mut order = vec![root];
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &(at, callee) in &nodes[node].calls {
            if callee < nodes.len() && callee != root && !called_from.contains_key(&callee) {
                called_from.insert(callee, (node, at));
                order.push(callee);
            }
        }
    }
    // An address alone does not identify its file.
    let named = |of: u16, at: u64| {
        let file = files.image(of);
        let name = file.name(at);
        match file.path.file_name() {
            Some(path) if of != image && file.raw_name(at).is_none() => {
                format!("{name} of {}", path.display())
            }
            _ => name,
        }
    };
    let chain_of = |mut node: usize| {
        let mut chain = Vec::new();
        loop {
            let of = &nodes[node];
            chain.insert(0, named(of.image, of.start));
            match called_from.get(&node) {
                Some((from, _)) => node = *from,
                None => return chain,
            }
        }
    };
    let mut seen = Set::default();
    let mut causes: BTreeMap<(Kind, String, String), usize> = BTreeMap::new();
    let is_libcs = file.hides_libc() && may_be_of_libc(of);
    // The first call that leads to code that may be the C library's.
    let mut hidden = None;
    for node in order {
        let of = &nodes[node];
        let file = files.image(of.image);
        for finding in &of.findings {
            let weight = policy.weight(finding.kind, finding.weight);
            let is_call = || {
                of.calls.iter().any(|(at, _)| *at == finding.at)
                    || finding.kind == Kind::Limit && !of.calls.is_empty()
            };
            if file.hides_libc()
                && weight != Weight::Note
                && (is_libcs || node != root || is_call())
            {
                let mut way = Some((node, finding.at));
                while let Some((node, at)) = way {
                    hidden = hidden.or(Some(at).filter(|_| node == root));
                    way = called_from.get(&node).copied();
                }
                continue;
            }
            if !seen.insert((of.image, finding.at, &*finding.why)) {
                continue;
            }
            if finding.kind == Kind::Torn && private.contains(&(of.image, finding.at)) {
                continue;
            }
            let mut finding = finding.clone();
            if finding.kind == Kind::Escape {
                // A handler that ends the process keeps its frame; another store may take the pointer back.
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
            let function = named(of.image, start);
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
            let mut said = Set::default();
            conditions.retain(|condition| said.insert(condition.clone()));
            let mut chain = chain_of(node);
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
    // A call that is unsafe anyway is reported as one cause, not two.
    let is_known = verdict.findings.iter().any(|f| {
        f.finding.weight == Weight::Fault && f.finding.reaches.as_deref() == Some(&*cause)
    });
    if walked.summary.returns
        && walked.summary.errno != Errno::Original
        && !is_known
        && hidden.is_none()
    {
        // Unknown code may leave errno alone. A write that is not shown to leave the frame may leave the saved errno alone, if
        // any code saves and assigns it.
        let is_lost = |f: &Finding| f.kind == Kind::Write && f.weight == Weight::Doubt;
        let is_kept = !explorer.assigns_errno || !walked.findings.iter().any(is_lost);
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
    let most = policy
        .max_stack
        .unwrap_or_else(|| stack_of(of, explorer.index.alternate));
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
