//! Collects the findings of a handler's exploration: one entry for each cause, with the chain of calls that leads to it.

use std::collections::BTreeMap;

use super::may_be_of_libc;
use super::verdict::Located;
use super::verdict::Verdict;
use super::verdict::part_of;
use super::verdict::whole;
use crate::explore::{Explorer, Node};
use crate::finding::{Finding, Kind, Weight};
use crate::hash::{Map, Set};
use crate::install::flags::{SA_NODEFER, SA_RESETHAND};
use crate::install::{Handler, Place};
use crate::installed::{stack_left, stack_of};
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
    (image, address): Place,
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
    let walked = &nodes[root];
    let private = explorer.private_stores();
    let file = explorer.files.image(image);
    let is_libcs = file.hides_libc() && may_be_of_libc(of);
    let (findings, hidden) =
        Calls::new(explorer, &nodes, root).findings(policy, &private, is_libcs);
    let name = file.name(address);
    let mut verdict = Verdict {
        stack: walked.summary.lowest.min(0).unsigned_abs(),
        findings,
        ..Verdict::new(explorer.files, address, name.clone(), of)
    };
    let own = match hidden {
        Some(at) => Some(hidden_libc(at, is_libcs)),
        None => lost_errno(explorer, walked, address, &verdict.findings),
    };
    if let Some((mut finding, cause)) = own {
        finding.weight = policy.weight(finding.kind, finding.weight);
        let mut located = whole((image, finding.at), name.clone(), finding);
        located.offset = located.finding.at.wrapping_sub(address);
        located.chain.extend(cause);
        verdict.findings.push(located);
    }
    let is_left = (is_libcs, walked.summary.returns);
    crate::conflict::find(explorer, policy, address, is_left, &mut verdict);
    let most = policy
        .max_stack
        .unwrap_or_else(|| stack_of(of, explorer.index.alternate));
    let large = Some(verdict.stack).filter(|stack| *stack > most && hidden.is_none());
    let large = large.map(|stack| large_stack(address, stack, most));
    let left = stack_left(address, of, explorer.index.left_stack);
    let of_stack = large.into_iter().chain(left).map(|finding| {
        let weight = policy.weight(finding.kind, finding.weight);
        Finding { weight, ..finding }
    });
    verdict.relied = explorer.relied.keys().copied().collect();
    let about = of_stack.chain(notes(explorer, of, address));
    let about = about.map(|finding| whole((image, address), name.clone(), finding));
    verdict.findings.extend(about);
    verdict
        .findings
        .sort_by_key(|f| std::cmp::Reverse(f.finding.weight));
    verdict
}

/// Holds the calls of an exploration.
struct Calls<'a, 'e> {
    explorer: &'a Explorer<'e>,
    nodes: &'a [Node],
    root: usize,
    /// The caller and the call by which the shortest chain reaches each function.
    called_from: Map<usize, (usize, u64)>,
    /// The functions, the nearest first.
    order: Vec<usize>,
}

impl<'a, 'e> Calls<'a, 'e> {
    fn new(explorer: &'a Explorer<'e>, nodes: &'a [Node], root: usize) -> Self {
        let mut called_from = Map::default();
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
        Self {
            explorer,
            nodes,
            root,
            called_from,
            order,
        }
    }

    /// Returns the findings, one entry for each cause, and the handler's first call that leads to code that may be the C
    /// library's, if any does.
    fn findings(
        &self,
        policy: &Policy,
        private: &Set<Place>,
        is_libcs: bool,
    ) -> (Vec<Located>, Option<u64>) {
        let mut all: Vec<Located> = Vec::new();
        let mut hidden = None;
        let mut seen = Set::default();
        let mut causes: BTreeMap<(Kind, String, String), usize> = BTreeMap::new();
        let found = self.order.iter().flat_map(|node| {
            let findings = self.nodes[*node].findings.iter();
            findings.map(|finding| (*node, finding))
        });
        for (node, finding) in found {
            let of = &self.nodes[node];
            let file = self.explorer.files.image(of.image);
            let is_heavy = policy.weight(finding.kind, finding.weight) != Weight::Note;
            if file.hides_libc()
                && is_heavy
                && (is_libcs || node != self.root || is_at_call(of, finding))
            {
                hidden = hidden.or_else(|| self.way(node, finding.at).last().map(|(_, at)| at));
                continue;
            }
            let place = (of.image, finding.at);
            if !seen.insert((place, &*finding.why)) {
                continue;
            }
            let Some(weight) = self.weight(place, finding, private) else {
                continue;
            };
            let finding = Finding {
                weight: policy.weight(finding.kind, weight),
                ..finding.clone()
            };
            let start = part_of(&file, of.start, finding.at);
            let function = self.name(of.image, start);
            let key = match &finding.reaches {
                Some(reaches) => (finding.kind, reaches.clone(), String::new()),
                None => (finding.kind, function.clone(), finding.why.clone()),
            };
            if let Some(&known) = causes.get(&key) {
                all[known].places.push(place);
                continue;
            }
            causes.insert(key, all.len());
            let conditions = match finding.weight {
                Weight::Note => Vec::new(),
                _ => self.conditions(node, finding.at),
            };
            all.push(Located {
                offset: finding.at.wrapping_sub(start),
                places: vec![place],
                chain: self.chain(node, &finding),
                finding,
                function,
                by_signals: None,
                conditions,
                line: None,
            });
        }
        (all, hidden)
    }

    /// Returns the weight of a finding, given the whole exploration, or `None` if that shows that it is no finding.
    fn weight(&self, place: Place, finding: &Finding, private: &Set<Place>) -> Option<Weight> {
        let explorer = self.explorer;
        match finding.kind {
            Kind::Torn if private.contains(&place) => None,
            // A handler that ends the process keeps its frame; another store may take the pointer back.
            Kind::Escape if !self.nodes[self.root].summary.returns => None,
            Kind::Escape => {
                let word = explorer.kept.get(&place);
                let is_left = word.is_some_and(|word| !explorer.stored_else.contains_key(word));
                Some(if is_left {
                    Weight::Fault
                } else {
                    finding.weight
                })
            }
            Kind::Read | Kind::Write if explorer.stays_at_times(place) => {
                Some(finding.weight.min(Weight::Doubt))
            }
            _ => Some(finding.weight),
        }
    }

    /// Returns the instruction and the calls that lead to it, from the last to the handler's own, each with its function.
    fn way(&self, node: usize, at: u64) -> impl Iterator<Item = (usize, u64)> {
        std::iter::successors(Some((node, at)), |(node, _)| {
            self.called_from.get(node).copied()
        })
    }

    /// Returns the functions from the handler to the finding, and what it reaches.
    fn chain(&self, node: usize, finding: &Finding) -> Vec<String> {
        let way = self.way(node, finding.at).map(|(node, _)| {
            let of = &self.nodes[node];
            self.name(of.image, of.start)
        });
        let mut chain: Vec<String> = way.collect();
        chain.reverse();
        chain.extend(finding.reaches.clone());
        chain
    }

    /// Returns the conditions on the path to the instruction, the handler's own conditions first.
    fn conditions(&self, node: usize, at: u64) -> Vec<String> {
        let way = self.way(node, at);
        let conditions =
            way.filter_map(|(node, at)| crate::condition::of(self.explorer, &self.nodes[node], at));
        let mut conditions: Vec<String> = conditions.collect();
        conditions.reverse();
        let mut said = Set::default();
        conditions.retain(|condition| said.insert(condition.clone()));
        conditions
    }

    /// Returns the name of a function, with its file where the address alone does not identify that.
    fn name(&self, image: u16, at: u64) -> String {
        let file = self.explorer.files.image(image);
        let name = file.name(at);
        match file.path.file_name() {
            Some(path) if image != self.nodes[self.root].image && file.raw_name(at).is_none() => {
                format!("{name} of {}", path.display())
            }
            _ => name,
        }
    }
}

/// Returns whether the finding is about a call, or about how far calls were followed.
fn is_at_call(of: &Node, finding: &Finding) -> bool {
    of.calls.iter().any(|(at, _)| *at == finding.at)
        || finding.kind == Kind::Limit && !of.calls.is_empty()
}

/// Returns the finding that a part of the handler is not judged, because it may be code of the C library.
fn hidden_libc(at: u64, is_libcs: bool) -> (Finding, Option<String>) {
    let why = match is_libcs {
        true => {
            "may be a handler of the C library: the file is static and has no symbols that tell"
        }
        false => {
            "calls what may be a part of the C library: the file is static and has no symbols that tell"
        }
    };
    let finding = Finding::new(Kind::Call, Weight::Doubt, at, why)
        .or("a file with symbols, --debug FILE, or a file that is linked dynamically");
    (finding, None)
}

/// Returns the finding that the handler changes errno, if it does, and what changes it.
fn lost_errno(
    explorer: &Explorer,
    walked: &Node,
    address: u64,
    known: &[Located],
) -> Option<(Finding, Option<String>)> {
    let summary = &walked.summary;
    if !summary.returns || summary.errno == Errno::Original {
        return None;
    }
    let (at, cause) = match &walked.errno_cause {
        Some((at, cause)) => (*at, &**cause),
        None => (address, "what it calls"),
    };
    // A call that is unsafe anyway is reported as one cause, not two.
    let is_known = |found: &Located| {
        let reaches = found.finding.reaches.as_deref();
        found.finding.weight == Weight::Fault && reaches == Some(cause)
    };
    if walked.errno_cause.is_some() && known.iter().any(is_known) {
        return None;
    }
    // Unknown code may leave errno alone. A write that is not shown to leave the frame may leave the saved errno alone, if any code
    // saves and assigns it.
    let is_lost = |f: &Finding| f.kind == Kind::Write && f.weight == Weight::Doubt;
    let is_kept = !explorer.assigns_errno || !walked.findings.iter().any(is_lost);
    let is_certain = walked.errno_cause.is_some() && summary.errno == Errno::Changed && is_kept;
    let weight = if is_certain {
        Weight::Fault
    } else {
        Weight::Doubt
    };
    let why = format!("changes errno ({cause}) and does not put it back on every way to the end");
    let finding = Finding::new(Kind::Errno, weight, at, why)
        .or("save errno when the handler begins and restore it before it returns");
    Some((finding, Some(cause.to_owned())))
}

/// Returns the finding that the handler uses more than `most` bytes of stack.
fn large_stack(address: u64, stack: u64, most: u64) -> Finding {
    let weight = if stack < 1 << 30 {
        Weight::Fault
    } else {
        Weight::Doubt
    };
    let uses = if stack < UNBOUNDED {
        format!("{stack} bytes")
    } else {
        "unbounded".into()
    };
    let why = format!("uses stack: {uses}, {most} bytes allowed");
    Finding::new(Kind::Stack, weight, address, why)
        .or("--max-stack, if the stack that it runs on is large enough")
}

/// Returns notes for the reader of a verdict, on what is no fault of the handler.
fn notes(explorer: &Explorer, of: &Handler, address: u64) -> Vec<Finding> {
    let mut notes: Vec<(Kind, String)> = MEANINGS
        .iter()
        .filter(|(flag, _)| of.is_flagged(*flag))
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
    let stated = explorer.notes_of_assumptions();
    notes.extend(stated.into_iter().map(|why| (Kind::Assumption, why)));
    let notes = notes.into_iter();
    notes
        .map(|(kind, why)| Finding::new(kind, Weight::Note, address, why))
        .collect()
}
