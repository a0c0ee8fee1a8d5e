//! Walks the paths through a function: follows new states, recognises states that were met before, and finds endless loops.

use std::collections::HashSet;
use std::rc::Rc;

use iced_x86::FlowControl;

use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::hash::Map;
use crate::state::State;
use crate::value::Value;

/// Holds the numbers of two states, of which the second was known before, and the addresses between which it was met.
type Meeting = ((u64, u64), (u64, u64));

#[derive(Default)]
struct Visited {
    /// The states that were met, each with its fingerprint and its number.
    states: Vec<(u64, Rc<State>, u64)>,
    joined: Option<(Rc<State>, u64)>,
    joins: usize,
}

impl Explorer<'_> {
    pub fn walk(&mut self, frame: &mut Frame, state: State) {
        let mut seen: Map<u64, Visited> = Map::default();
        let mut todo = vec![(frame.start, Rc::new(state), 0)];
        // The states that follow each state, by their numbers: where they form a ring, a loop is not seen to end.
        let mut follows: Map<u64, Vec<u64>> = Map::default();
        let mut met: Vec<Meeting> = Vec::new();
        let mut count = 0;
        loop {
            if todo.is_empty() {
                for (pad, state) in self.caught(frame) {
                    count += 1;
                    todo.push((pad, Rc::new(state), count));
                }
            }
            let Some((mut at, state, number)) = todo.pop() else {
                break;
            };
            let mut state = Rc::unwrap_or_clone(state);
            // Goes straight on until control may go elsewhere.
            loop {
                if self.steps >= self.limits.total {
                    frame.doubt(
                        Kind::Limit,
                        at,
                        "too much code can be reached from here to read it all",
                        "audit the handler by itself with --handler, or give it less to do",
                    );
                    return;
                }
                self.steps += 1;
                frame.steps += 1;
                let Some(instruction) = self.decode(frame, at) else {
                    break;
                };
                let after = instruction.next_ip();
                let next = if instruction.flow_control() != FlowControl::Next {
                    self.step(frame, &instruction, state)
                } else {
                    let cases = self.ahead(frame, &instruction, &mut state);
                    if !cases.is_empty() {
                        cases.into_iter().map(|one| (after, one)).collect()
                    } else if seen.contains_key(&after) {
                        vec![(after, state)]
                    } else {
                        frame.leads(at, after);
                        if after == frame.bounds.1
                            && frame.bounds.0 <= at
                            && frame.image.functions.contains_key(&after)
                        {
                            frame.runs_off(at);
                            break;
                        }
                        at = after;
                        continue;
                    }
                };
                for (to, _) in &next {
                    frame.leads(at, *to);
                }
                for (to, state) in next {
                    let apart = self.limits.apart(self.steps, frame.steps);
                    count += 1;
                    match meet(seen.entry(to).or_default(), state, apart, count) {
                        Ok(state) => {
                            follows.entry(number).or_default().push(count);
                            todo.push((to, state, count));
                        }
                        Err(known) => {
                            follows.entry(number).or_default().push(known);
                            met.push(((number, known), (at, to)));
                        }
                    }
                }
                break;
            }
        }
        if !met.is_empty() {
            let ring_of: Map<u64, usize> = crate::rings::rings(&follows)
                .into_iter()
                .enumerate()
                .flat_map(|(ring, states)| states.into_iter().map(move |state| (state, ring)))
                .collect();
            self.rounds(frame, &follows, &met, &ring_of);
            let is_ring = |(a, b): &(u64, u64)| {
                ring_of
                    .get(a)
                    .is_some_and(|ring| ring_of.get(b) == Some(ring))
            };
            let closed = met.into_iter().filter(|(states, _)| is_ring(states));
            frame.closed.extend(closed.map(|(_, edge)| edge));
        }
    }

    /// Returns the addresses where exceptions continue, with the known facts there. They are walked last, because they only run the
    /// destructors of a function's objects.
    fn caught(&mut self, frame: &mut Frame) -> Vec<(u64, State)> {
        let caught = frame.caught.iter_mut();
        let caught: Vec<(u64, State)> = caught
            .filter_map(|(pad, state)| Some((*pad, state.take()?)))
            .collect();
        if let Some(watch) = self.watch.as_mut().filter(|_| !caught.is_empty()) {
            watch.steps_before.get_or_insert(self.steps);
        }
        caught
    }

    /// Notes that an exception may leave a call of the function in which handlers are searched for; `after` is the call's return
    /// address.
    pub fn may_throw(&self, frame: &mut Frame, after: u64, state: &State) {
        const RESULTS: [usize; 2] = [0, crate::summary::RDX];
        if self.watch.is_none() || !self.is_outermost() {
            return;
        }
        let Some(pad) = frame.image.pad(after) else {
            return;
        };
        let mut thrown = state.clone();
        for register in RESULTS {
            thrown.registers[register] = Value::UNKNOWN;
        }
        // Code that was walked after an exception is not walked again.
        match frame.caught.get_mut(&pad) {
            None => {
                frame.caught.insert(pad, Some(thrown));
            }
            Some(Some(known)) => *known = known.joined(&thrown, false),
            Some(None) => {}
        }
    }

    /// Reports loops that no path leaves, whatever their conditions compare.
    fn rounds(
        &self,
        frame: &mut Frame,
        follows: &Map<u64, Vec<u64>>,
        met: &[Meeting],
        ring_of: &Map<u64, usize>,
    ) {
        // A function that is called may end the process.
        let mut open: HashSet<usize> = HashSet::new();
        for (state, next) in follows {
            if let Some(ring) = ring_of.get(state)
                && next.iter().any(|next| ring_of.get(next) != Some(ring))
            {
                open.insert(*ring);
            }
        }
        for ((state, next), (_, at)) in met {
            if let Some(ring) = ring_of.get(state)
                && ring_of.get(next) == Some(ring)
                && !open.contains(ring)
                && frame.called.is_empty()
            {
                frame.find(Kind::Loop, Weight::Fault, *at, "loops for ever: it comes back to where it was, and nothing it looks at has changed");
            }
        }
    }
}

/// Adds a state to the states seen at an instruction, under a number. If it adds nothing new, returns the number of the state that
/// includes it.
fn meet(seen: &mut Visited, state: State, apart: usize, number: u64) -> Result<Rc<State>, u64> {
    const WIDEN_AFTER: usize = 3;
    let print = crate::hash::fingerprint(&state);
    let is_met = |(known, of, _): &&(u64, Rc<State>, u64)| *known == print && **of == state;
    if let Some((_, _, known)) = seen.states.iter().find(is_met) {
        return Err(*known);
    }
    if seen.joined.is_none() && seen.states.len() < apart {
        let state = Rc::new(state);
        seen.states.push((print, state.clone(), number));
        return Ok(state);
    }
    let joined = match &seen.joined {
        None => (seen.states.iter()).fold(state, |a, (_, b, _)| b.joined(&a, false)),
        Some((old, known)) => {
            seen.joins += 1;
            let new = old.joined(&state, seen.joins > WIDEN_AFTER);
            if new == **old {
                return Err(*known);
            }
            new
        }
    };
    let joined = Rc::new(joined);
    seen.joined = Some((joined.clone(), number));
    Ok(joined)
}
