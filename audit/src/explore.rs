//! Walks a function along each way that can be taken, with what is known of registers and stack, and the functions that
//! it calls.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory};

use crate::allow::Allow;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::hash::{Map, Set};
use crate::image::Image;
use crate::index::Index;
use crate::loops;
use crate::state::{Before, Errno, Flags, RSP, State, Stored};
use crate::value::{Base, Value};

/// Where a call or a jump goes.
#[derive(Clone, Debug)]
pub enum Callee {
    Code(u16, u64),
    Libc(String),
    Missing(String, String),
    /// The word at that address of that file may change; what it is known to hold at times.
    Changing(u16, u64),
    /// A fixed address that no file has.
    Nowhere,
    Unknown(&'static str),
}

/// What a function does to its caller.
#[derive(Clone, Debug)]
pub struct Summary {
    pub returns: bool,
    pub errno: Errno,
    pub value: Value,
    /// What it may write above its own frame, as seen from its return address.
    pub clobbers: Option<(i64, i64)>,
    /// What it is known to have stored there.
    pub stored: BTreeMap<i64, (u8, Value)>,
    /// The lowest place of the stack that it uses.
    pub lowest: i64,
    /// The registers that its caller finds as it left them.
    pub keeps: [bool; 16],
    /// A register that it is to keep, and in which it leaves something of its own.
    pub lost: Option<&'static str>,
    /// What it stores to data of files.
    pub stores: Rc<Vec<Stored>>,
}

/// A function with what was found in it, called in one way.
pub struct Node {
    pub image: u16,
    pub start: u64,
    pub findings: Vec<Finding>,
    pub calls: Vec<(u64, usize)>,
    pub summary: Summary,
    pub errno_cause: Option<(u64, String)>,
    /// Control flow; empty of a function that is too large to say why it goes somewhere.
    pub edges: Map<u64, Vec<u64>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    image: u16,
    start: u64,
    arguments: [Value; 6],
    errno: Errno,
    given: Vec<Given>,
    is_handler: bool,
}

/// A word of the caller's stack: where, how wide, and what.
pub type Given = (i64, u8, Value);

/// A call that has not come back yet.
pub struct Active {
    pub function: (u16, u64),
    pub arguments: [Value; 6],
}

/// A call or a store that somebody asked for.
pub struct Hit {
    pub at: u64,
    pub callee: Callee,
    pub state: State,
}

/// What to record of the function that is explored first.
#[derive(Default)]
pub struct Watch {
    /// Calls of functions of the C library that install handlers, and of these functions.
    pub functions: HashSet<(u16, u64)>,
    /// Stores to these addresses.
    pub stores: HashSet<u64>,
    pub hits: Vec<Hit>,
    pub stored: Vec<(u64, u64, Value)>,
}

/// How far the exploration goes.
#[derive(Clone, Copy)]
pub struct Limits {
    /// States kept apart at one instruction.
    pub apart: usize,
    /// Instructions of one function explored with states kept apart.
    pub exact: usize,
    /// Instructions in all.
    pub total: usize,
    /// Calls within calls.
    pub depth: usize,
}

pub struct Explorer<'a> {
    pub files: &'a mut Files,
    pub index: &'a mut Index,
    pub allow: &'a Allow,
    pub limits: Limits,
    pub nodes: Vec<Node>,
    pub watch: Option<Watch>,
    /// Whether a word of the file is taken to hold what the file and its instructions are seen to put there.
    ///
    /// What is wrong then is wrong in a run of the program; what is not wrong then says nothing.
    pub supposes: bool,
    /// Whether several signals have the handler, so that one may interrupt it for another.
    pub is_shared: bool,
    /// The functions that install the handler, with what each may have stored before.
    pub before: Vec<Before>,
    /// Whether the handler is given a siginfo and a ucontext: if `SA_SIGINFO` is set. `None`: not known.
    pub has_info: Option<bool>,
    /// Whether the signal may interrupt its own handler (`SA_NODEFER`).
    pub is_nested: bool,
    /// The signals that would run the handler again if it raised them; empty: none, or not known.
    pub own_signals: BTreeSet<i64>,
    /// Whether the handler calls what installs handlers.
    pub installs: bool,
    /// The stores of pointers into what is gone when the handler has returned, each with the word that keeps it.
    pub kept: Map<(u16, u64), (u16, u64)>,
    /// The words of files to which anything else is stored.
    pub stored_else: Set<(u16, u64)>,
    /// The instructions that load a word of a file, by the word, of a handler that may interrupt itself.
    pub loaded: Map<(u16, u64), Set<u64>>,
    /// The functions that are called through words which the dynamic loader may fill as late as at the first call.
    pub bound_late: BTreeSet<String>,
    memo: Map<Key, usize>,
    pub contexts: Map<(u16, u64), usize>,
    pub active: Vec<Active>,
    pub steps: usize,
    decoded: Map<(u16, u64), Instruction>,
    pub factory: InstructionInfoFactory,
}

/// The function that is being walked.
pub struct Frame {
    pub image: Rc<Image>,
    pub number: u16,
    pub start: u64,
    pub bounds: (u64, u64),
    pub is_handler: bool,
    pub findings: Vec<Finding>,
    pub calls: Vec<(u64, usize)>,
    pub lowest: i64,
    pub clobbers: Option<(i64, i64)>,
    pub exits: Option<State>,
    pub errno_cause: Option<(u64, String)>,
    /// Control flow, for loops.
    pub edges: Map<u64, Vec<u64>>,
    /// Ways that end where something equal was seen before.
    pub closed: Set<(u64, u64)>,
    steps: usize,
    /// Compare-and-swaps: whether each time the same constant is expected.
    pub expects: Map<u64, bool>,
    /// What is compared before each branch.
    pub tests: Map<u64, loops::Test>,
    /// The constant by which an instruction multiplies, if it is always the same.
    pub factors: Map<u64, Option<i64>>,
    /// Multiplications whose constant is in rax.
    pub factors_in_rax: Set<u64>,
    /// The lowest address that an instruction loads from, and the step between the addresses.
    pub steps_of_loads: Map<u64, (i64, u64)>,
    /// Instructions that read `errno`.
    pub errno_reads: Set<u64>,
    /// The functions of the C library that a call reaches; an empty name for any other.
    pub called: Map<u64, HashSet<String>>,
}

impl Frame {
    pub fn find(&mut self, kind: Kind, weight: Weight, at: u64, why: impl Into<String>) {
        self.add(Finding {
            kind,
            weight,
            at,
            why: why.into(),
            reaches: None,
            remedy: None,
        });
    }

    pub fn doubt(
        &mut self,
        kind: Kind,
        at: u64,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Finding {
            kind,
            weight: Weight::Doubt,
            at,
            why: why.into(),
            reaches: None,
            remedy: Some(remedy.into()),
        });
    }

    pub fn add(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Notes what is compared before the branch at `at`.
    pub fn compares(&mut self, at: u64, flags: &Flags) {
        let Flags { left, right, .. } = flags;
        self.tests
            .entry(at)
            .and_modify(|test| {
                test.left = test.left.or(left);
                test.right = test.right.or(right);
            })
            .or_insert_with(|| loops::Test {
                first: left.clone(),
                left: left.clone(),
                right: right.clone(),
            });
    }

    /// Notes the constant by which the instruction at `at` multiplies.
    pub fn multiplies(&mut self, at: u64, by: Option<i64>) {
        let known = self.factors.entry(at).or_insert(by);
        if *known != by {
            *known = None;
        }
    }

    pub fn uses_stack(&mut self, offset: i64) {
        self.lowest = self.lowest.min(offset);
    }

    pub fn clobber(&mut self, lo: i64, hi: i64) {
        if hi > 8 {
            let lo = lo.max(8);
            let (a, b) = self.clobbers.unwrap_or((lo, hi));
            self.clobbers = Some((a.min(lo), b.max(hi)));
        }
    }
}

/// The numbers of two states of which the second was known before, and the addresses between which it was met.
type Meeting = ((u64, u64), (u64, u64));

#[derive(Default)]
struct Seen {
    /// The states that were met, each with its fingerprint and its number.
    states: Vec<(u64, State, u64)>,
    joined: Option<(State, u64)>,
    joins: usize,
}

/// Whether the calling convention has a function keep the register of that number.
pub const fn is_preserved(register: usize) -> bool {
    matches!(register, 3..=5 | 12..=15)
}

/// What nothing is known of does to its caller.
pub fn unknown_call() -> Summary {
    Summary {
        returns: true,
        errno: Errno::Changed,
        value: Value::UNKNOWN,
        clobbers: None,
        stored: BTreeMap::new(),
        lowest: 0,
        keeps: std::array::from_fn(is_preserved),
        lost: None,
        stores: Rc::default(),
    }
}

/// Instructions of the largest function of which the control flow is kept.
const MOST_EDGES: usize = 3_000;

impl<'a> Explorer<'a> {
    pub fn new(
        files: &'a mut Files,
        index: &'a mut Index,
        allow: &'a Allow,
        limits: Limits,
    ) -> Self {
        Self {
            files,
            index,
            allow,
            limits,
            nodes: Vec::new(),
            watch: None,
            supposes: false,
            is_shared: false,
            before: Vec::new(),
            has_info: Some(true),
            is_nested: false,
            own_signals: BTreeSet::new(),
            installs: false,
            kept: Map::default(),
            stored_else: Set::default(),
            loaded: Map::default(),
            bound_late: BTreeSet::new(),
            memo: Map::default(),
            contexts: Map::default(),
            active: Vec::new(),
            steps: 0,
            decoded: Map::default(),
            factory: InstructionInfoFactory::new(),
        }
    }

    /// How many functions are being walked, each called by the one before.
    pub fn depth(&self) -> usize {
        self.active.len()
    }

    /// Explores the function and returns its node.
    pub fn function(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        errno: Errno,
        is_handler: bool,
    ) -> usize {
        self.called(image, start, arguments, (errno, &[]), is_handler)
    }

    /// Explores a function that is called with this `errno` and with words of its caller's stack, by their offsets from the return address.
    pub fn called(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        (errno, given): (Errno, &[Given]),
        is_handler: bool,
    ) -> usize {
        let mut key = Key {
            image,
            start,
            arguments: arguments.clone(),
            errno,
            given: given.to_vec(),
            is_handler,
        };
        if let Some(&known) = self.memo.get(&key) {
            return known;
        }
        let contexts = self.contexts.entry((image, start)).or_default();
        *contexts += 1;
        if *contexts > 10 {
            key.arguments = std::array::from_fn(|_| Value::UNKNOWN);
            if let Some(&known) = self.memo.get(&key) {
                return known;
            }
        }
        let file = self.files.image(image);
        let mut frame = Frame {
            bounds: file.function_at(start).unwrap_or((start, start)),
            image: file,
            number: image,
            start,
            is_handler,
            findings: Vec::new(),
            calls: Vec::new(),
            lowest: 0,
            clobbers: None,
            exits: None,
            errno_cause: None,
            edges: Map::default(),
            closed: Set::default(),
            steps: 0,
            expects: Map::default(),
            tests: Map::default(),
            factors: Map::default(),
            factors_in_rax: Set::default(),
            steps_of_loads: Map::default(),
            errno_reads: Set::default(),
            called: Map::default(),
        };
        self.active.push(Active {
            function: (image, start),
            arguments: key.arguments.clone(),
        });
        let mut state = State::new(&key.arguments, errno);
        for (at, width, value) in given {
            state.put_slot(*at, *width, value.clone());
        }
        let entered = state.registers.clone();
        self.walk(&mut frame, state);
        self.active.pop();
        loops::judge(&mut frame, &|at| self.decoded.get(&(image, at)).copied());
        let summary = match &frame.exits {
            None => Summary {
                returns: false,
                errno,
                lowest: frame.lowest,
                ..unknown_call()
            },
            Some(exit) => Summary {
                returns: true,
                errno: exit.errno,
                value: exit.registers[0].clone(),
                clobbers: frame.clobbers,
                stored: exit
                    .slots
                    .iter()
                    .filter(|(at, _)| **at >= 8)
                    .map(|(a, v)| (*a, v.clone()))
                    .collect(),
                lowest: frame.lowest,
                keeps: std::array::from_fn(|n| {
                    let exit = &exit.registers[n];
                    *exit == Value::at(Base::Kept(n as u8), 0)
                        || exit.exact().is_some() && *exit == entered[n]
                }),
                lost: lost(exit),
                stores: exit.stores.clone(),
            },
        };
        let id = self.nodes.len();
        self.nodes.push(Node {
            image,
            start,
            findings: frame.findings,
            calls: frame.calls,
            summary,
            errno_cause: frame.errno_cause,
            edges: if frame.edges.len() <= MOST_EDGES && self.watch.is_none() {
                frame.edges
            } else {
                Map::default()
            },
        });
        self.memo.insert(key, id);
        id
    }

    fn walk(&mut self, frame: &mut Frame, state: State) {
        let mut seen: Map<u64, Seen> = Map::default();
        let mut todo = vec![(frame.start, state, 0)];
        // What is known at a place, by number, and what follows from it: where that is a ring, a loop is not seen to end.
        let mut follows: Map<u64, Vec<u64>> = Map::default();
        let mut met: Vec<Meeting> = Vec::new();
        let mut count = 0;
        while let Some((mut at, mut state, number)) = todo.pop() {
            // Straight on until control may go elsewhere.
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
                let next = self.step(frame, &instruction, state);
                let ends_block = instruction.flow_control() != FlowControl::Next;
                let mut next = next.into_iter();
                let (Some((to, only)), rest) = (next.next(), next) else {
                    break;
                };
                let rest: Vec<_> = rest.collect();
                let edges = frame.edges.entry(at).or_default();
                for to in std::iter::once(to).chain(rest.iter().map(|(to, _)| *to)) {
                    if !edges.contains(&to) {
                        edges.push(to);
                    }
                }
                if !ends_block && rest.is_empty() && to == after && !seen.contains_key(&to) {
                    if to == frame.bounds.1
                        && frame.bounds.0 <= at
                        && frame.image.functions.contains_key(&to)
                    {
                        frame.doubt(Kind::RunsOff, at, "goes on past the end of the function", "give the function its size, or see that the call before does not return");
                        break;
                    }
                    (at, state) = (to, only);
                    continue;
                }
                for (to, state) in std::iter::once((to, only)).chain(rest) {
                    let exact = frame.steps < self.limits.exact;
                    let apart = if exact { self.limits.apart } else { 0 };
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

    /// Reports loops that nothing leads out of, whatever their conditions compare.
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

    /// Returns an instruction that was walked.
    pub fn instruction_at(&self, image: u16, at: u64) -> Option<Instruction> {
        self.decoded.get(&(image, at)).copied()
    }

    fn decode(&mut self, frame: &mut Frame, at: u64) -> Option<Instruction> {
        if let Some(known) = self.decoded.get(&(frame.number, at)) {
            return Some(*known);
        }
        if !frame.image.is_code(at) {
            frame.doubt(
                Kind::Undecodable,
                at,
                "control goes where the file has no code",
                "audit the file that has it",
            );
            return None;
        }
        let bytes = frame.image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        if frame.image.region(at).is_some_and(|r| r.write) {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is code in memory that can be written while it runs",
            );
        } else if frame.image.has_text_relocations {
            frame.doubt(
                Kind::Undecodable,
                at,
                "is code that may be changed before it runs",
                "code in read-only memory",
            );
        }
        if instruction.is_invalid() {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is no instruction of x86-64",
            );
            return None;
        }
        self.decoded.insert((frame.number, at), instruction);
        Some(instruction)
    }
}

/// A register that is to be kept and holds something that is known to be something else.
fn lost(exit: &State) -> Option<&'static str> {
    [
        (3, "rbx"),
        (5, "rbp"),
        (12, "r12"),
        (13, "r13"),
        (14, "r14"),
        (15, "r15"),
    ]
    .into_iter()
    .find(|(n, _)| {
        let value = &exit.registers[*n];
        !matches!(value.base, Base::Unknown | Base::Kept(_)) && value.is_bounded()
    })
    .map(|(_, name)| name)
}

/// Where the stack pointer is, if that is known.
pub fn stack_top(state: &State) -> Option<i64> {
    let top = &state.registers[RSP];
    (top.base == Base::Stack && top.is_bounded()).then_some(top.lo)
}

/// Adds a state to those seen at an instruction, under a number. If nothing is new: the number of the one that has it.
fn meet(seen: &mut Seen, state: State, apart: usize, number: u64) -> Result<State, u64> {
    const WIDEN_AFTER: usize = 3;
    let print = crate::hash::fingerprint(&state);
    let is_met = |(known, of, _): &&(u64, State, u64)| *known == print && *of == state;
    if let Some((_, _, known)) = seen.states.iter().find(is_met) {
        return Err(*known);
    }
    if seen.joined.is_none() && seen.states.len() < apart {
        seen.states.push((print, state.clone(), number));
        return Ok(state);
    }
    let joined = match &seen.joined {
        None => seen
            .states
            .iter()
            .fold(state, |a, (_, b, _)| b.joined(&a, false)),
        Some((old, known)) => {
            seen.joins += 1;
            let new = old.joined(&state, seen.joins > WIDEN_AFTER);
            if new == *old {
                return Err(*known);
            }
            new
        }
    };
    seen.joined = Some((joined.clone(), number));
    Ok(joined)
}
