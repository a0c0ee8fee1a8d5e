//! Decides whether a loop ends if the exploration did not see its end.
//!
//! Removes each edge within the loop that can be taken only a limited number of times. The condition of such an edge compares a
//! value that only moves one way with a bound, or asks for something that ends by itself. The rest of the loop is judged in the
//! same way, until nothing is left.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::access::ABOVE_FRAME;
use crate::finding::{Finding, Kind, Weight};
use crate::flow::OWN_RETURN;
use crate::frame::Frame;
use crate::graph::{Graph, Taken};
use crate::hash::{Map, Set};
use crate::line::{Line, Variable, lines, whole};
use crate::rings::rings;

/// Adds the findings about the loops of a function.
pub fn judge(frame: &mut Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) {
    if frame.closed.is_empty() {
        return;
    }
    let code = lines(frame, decoded);
    let mut is_counted = false;
    for ring in rings(&frame.edges) {
        let is_open = |(a, b): &(u64, u64)| ring.contains(a) && ring.contains(b);
        if !frame.closed.iter().any(is_open) {
            continue;
        }
        let mut said = Vec::new();
        prove(frame, &code, &ring, &Set::default(), &mut said);
        // If a number gives the count of rounds, it may be so small that no round leaves the frame.
        if said.iter().any(|(_, _, why)| *why == AS_OFTEN) || counts(frame, &code, &ring) {
            // Behind the loop, the number may choose a place, such as the end of the copied data.
            let behind = behind(frame, &ring);
            let is_chosen = |at: &u64| code.get(at).is_none_or(|i| !is_named(i));
            let is_left = |f: &Finding| {
                f.why == ABOVE_FRAME
                    && (ring.contains(&f.at) || behind.contains(&f.at) && is_chosen(&f.at))
            };
            is_counted |= weigh_down(frame, is_left);
        }
        for (kind, at, why) in said {
            let weight = match kind {
                Said::Note => Weight::Note,
                Said::Doubt => {
                    frame.doubt(
                        Kind::Loop,
                        at,
                        why,
                        "a counter with a bound that can be seen",
                    );
                    continue;
                }
                Said::Fault => Weight::Fault,
            };
            frame.find(Kind::Loop, weight, at, why);
        }
    }
    let is_fault = |f: &Finding| f.why == ABOVE_FRAME && f.weight == Weight::Fault;
    if is_counted && !frame.findings.iter().any(is_fault) {
        weigh_down(frame, |f| f.why == OWN_RETURN);
    }
}

/// Turns the chosen findings into open questions; returns whether there are any.
fn weigh_down(frame: &mut Frame, which: impl Fn(&Finding) -> bool) -> bool {
    let mut is_any = false;
    for finding in frame.findings.iter_mut().filter(|f| which(f)) {
        finding.weight = Weight::Doubt;
        finding.remedy = Some("a counter with a bound that can be seen".into());
        is_any = true;
    }
    is_any
}

/// Returns the instructions to which a loop may lead.
fn behind(frame: &Frame, ring: &Set<u64>) -> Set<u64> {
    let mut behind = Set::default();
    let mut todo: Vec<u64> = ring.iter().copied().collect();
    while let Some(at) = todo.pop() {
        let next = frame.edges.get(&at).into_iter().flatten();
        todo.extend(next.filter(|to| behind.insert(**to)));
    }
    behind
}

/// Returns whether the operand in memory is a place of the frame that does not vary.
fn is_named(i: &Instruction) -> bool {
    matches!(i.memory_base(), Register::RSP | Register::RBP) && i.memory_index() == Register::None
}

/// Returns whether the loop ends when a counter equals another register, and neither of the two is a known number.
fn counts(frame: &Frame, code: &Map<u64, Line>, ring: &Set<u64>) -> bool {
    let removed = Set::default();
    let graph = Graph::new(frame, code, ring, &removed);
    ring.iter().any(|branch| {
        let is_equality = code.get(branch).is_some_and(|i| {
            use iced_x86::ConditionCode as C;
            i.flow_control() == FlowControl::ConditionalBranch
                && matches!(i.condition_code(), C::e | C::ne)
        });
        let leaves = |branch: &u64| frame.edges[branch].iter().any(|to| !ring.contains(to));
        let compares = |branch: &u64| {
            let setter = graph.flags(*branch).and_then(|setter| code.get(&setter));
            setter.is_some_and(|i| {
                i.mnemonic() == Mnemonic::Cmp
                    && i.op0_kind() == OpKind::Register
                    && i.op1_kind() == OpKind::Register
                    && whole(i, 0).is_some()
            })
        };
        let is_open = |branch: &u64| {
            frame
                .tests
                .get(branch)
                .is_some_and(|test| test.left.exact().is_none() && test.right.exact().is_none())
        };
        is_equality && leaves(branch) && compares(branch) && is_open(branch)
    })
}

/// Returns the function whose result a short function gives at its only end: each path through it calls that function.
pub fn result(frame: &Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) -> Option<String> {
    const SHORT: usize = 40;
    let mut asked = frame.results.iter();
    let (Some((&call, names)), None) = (asked.next(), asked.next()) else {
        return None;
    };
    let name = names.iter().next().filter(|name| !name.is_empty())?;
    if names.len() != 1 || frame.edges.len() > SHORT {
        return None;
    }
    let code = lines(frame, decoded);
    let ends = frame.edges.values().flatten();
    let ends: Set<u64> = ends
        .copied()
        .filter(|at| !frame.edges.contains_key(at))
        .collect();
    let end = ends.iter().copied().next().filter(|_| ends.len() == 1)?;
    let nodes = code.keys().copied().chain([end]).collect();
    let removed = Set::default();
    let graph = Graph::new(frame, &code, &nodes, &removed);
    let is_same = graph.cause(end, Variable::Register(Register::RAX)) == Some(call);
    (is_same && graph.passes_between(frame.start, end, &[call])).then(|| name.clone())
}

#[derive(Clone, Copy)]
enum Said {
    Note,
    Doubt,
    Fault,
}

const AS_OFTEN: &str = "loops as often as a number says, which is not known";

/// Removes the edges that can be taken only a limited number of times, and judges the loops that are left.
fn prove(
    frame: &Frame,
    code: &Map<u64, Line>,
    nodes: &Set<u64>,
    removed: &Set<(u64, u64)>,
    said: &mut Vec<(Said, u64, &'static str)>,
) {
    let graph = Graph::new(frame, code, nodes, removed);
    let at = nodes.iter().copied().min().unwrap_or_default();
    let mut gone = removed.clone();
    let mut waits = None;
    let mut is_long = false;
    let mut branches: Vec<u64> = nodes.iter().copied().collect();
    branches.sort_unstable();
    for branch in branches {
        let Some(i) = code.get(&branch) else { continue };
        if i.flow_control() != FlowControl::ConditionalBranch {
            continue;
        }
        for to in graph.after(branch) {
            let condition = if to == i.near_branch_target() {
                i.condition_code()
            } else {
                crate::comparison::opposite(i.condition_code())
            };
            match graph.taken(branch, condition) {
                Taken::Bounded => {}
                Taken::Note(why) => said.push((Said::Note, branch, why)),
                Taken::Long => is_long = true,
                Taken::Waits(why) => {
                    waits.get_or_insert(why);
                    continue;
                }
                Taken::Unknown => continue,
            }
            gone.insert((branch, to));
        }
    }
    if is_long {
        said.push((Said::Doubt, at, AS_OFTEN));
    }
    if gone.len() == removed.len() {
        let has_exit = nodes.iter().any(|at| {
            let to = frame.edges.get(at).map(Vec::as_slice).unwrap_or_default();
            to.iter().any(|to| !nodes.contains(to))
                || (to.len() < 2
                    && code
                        .get(at)
                        .is_some_and(|i| i.flow_control() == FlowControl::ConditionalBranch))
        });
        said.push(match waits {
            _ if !has_exit && graph.sleeps() => (Said::Doubt, at, "sleeps for ever"),
            _ if !has_exit => (Said::Fault, at, "loops for ever"),
            Some(why) => (Said::Fault, at, why),
            None => (Said::Doubt, at, "loops, and no bound can be seen"),
        });
        return;
    }
    let mut rest: Map<u64, Vec<u64>> = Map::default();
    for &at in nodes {
        for &to in frame.edges.get(&at).into_iter().flatten() {
            if nodes.contains(&to) && !gone.contains(&(at, to)) {
                rest.entry(at).or_default().push(to);
            }
        }
    }
    for ring in rings(&rest) {
        prove(frame, code, &ring, &gone, said);
    }
}
