//! Follows calls, by what is called.

use std::collections::HashSet;

use crate::callee::Callee;
use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::install::Place;
use crate::libc;
use crate::races::Coming;
use crate::state::{ARGUMENTS, Errno, RSP, State, stack_top};
use crate::step::Next;
use crate::summary::{RDX, Summary, unknown_call};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Calls each of `callees`; `after`: the address to which control returns, `None` for a jump.
    pub fn calls(
        &mut self,
        frame: &mut Frame,
        at: u64,
        after: Option<u64>,
        callees: Vec<Callee>,
        state: State,
    ) -> Next {
        let mut next = Vec::new();
        frame.passes(at, &state);
        let is_chosen = callees.len() > 1;
        let mut todo = callees;
        while let Some(callee) = todo.pop() {
            self.record(at, &callee, &state);
            *frame.called.entry(at).or_default() |= !matches!(callee, Callee::Libc(_));
            match &callee {
                Callee::Libc(name) if libc::plain(name) == "syscall" => {
                    let number = state.registers[ARGUMENTS[0]].number();
                    frame.gives(at, number.and_then(libc::result_of).unwrap_or_default());
                }
                Callee::Libc(name) => frame.gives(at, libc::plain(name)),
                Callee::Code(..) => {}
                _ => frame.gives(at, ""),
            }
            let mut state = state.clone();
            state.forget_all_numbers();
            // The search for handlers does not read the callees, so it would forget all of the stack above a pointer.
            let saved = match (&self.watch, &callee) {
                (Some(_), Callee::Code(image, target)) => {
                    let file = self.files.image(*image);
                    let names = file.names.get(target).filter(|_| file.is_static);
                    let names = names.into_iter().flatten();
                    let built = names.filter_map(|name| crate::mask::built(name, &state));
                    state.saved_handlers().into_iter().chain(built).collect()
                }
                (Some(_), _) => state.saved_handlers(),
                (None, _) => Vec::new(),
            };
            // The value of errno if the call succeeds.
            let mut success = None;
            let mut gives_event = false;
            let panic = match callee {
                Callee::Code(image, target) => self.panic_place(image, target, &state),
                _ => None,
            };
            let comes_back = match callee {
                Callee::Code(image, target) if self.is_debug_check(frame, image, target) => {
                    frame.doubt(
                        Kind::Trap,
                        at,
                        "panics if a check of a debug build fails, and is not shown never to",
                        "an operation that cannot fail, such as wrapping_add, or a build without these checks",
                    );
                    false
                }
                Callee::Code(image, target) if let Some(place) = panic => {
                    let name = self.files.image(image).name(target);
                    frame.add(
                        Finding::new(
                            Kind::Panic,
                            Weight::Fault,
                            at,
                            format!("panics ({place}): a panic prints a message and unwinds, which may allocate"),
                        )
                        .to(name),
                    );
                    false
                }
                Callee::Code(image, target)
                    if self.begins_before(frame, (image, target), &state) =>
                {
                    frame.doubt(
                        Kind::Call,
                        at,
                        "initialises a static variable, unless the program has already done so",
                        "a variable that needs no initialisation while the program runs",
                    );
                    apply(&unknown_call(), &mut state);
                    state.registers[0] = Value::num(0);
                    true
                }
                Callee::Code(image, target) => {
                    let is_jump = after.is_none();
                    let mut summary = self.call(frame, at, image, target, &state, is_jump);
                    // A function and its data that one index chooses belong together: a fault in another combination is not shown
                    // to occur.
                    if is_chosen
                        && self.last_is_wrong(frame, at)
                        && let Some(any) = without_choices(&state)
                    {
                        frame.calls.pop();
                        summary = self.call(frame, at, image, target, &any, is_jump);
                    }
                    frame.gives(at, summary.result.as_deref().unwrap_or_default());
                    self.also_stored(frame, at, &summary.stores, None, &mut state);
                    if let Some((lo, hi)) = summary.clobbers {
                        frame.touches_stack(at, lo, hi, true);
                    }
                    for (lo, hi) in &summary.spread {
                        frame.spreads(at, *lo, *hi);
                    }
                    for stored in summary.stores.iter() {
                        state.unlook(stored.image, stored.lo, stored.hi.saturating_add(8));
                    }
                    apply(&summary, &mut state);
                    summary.returns
                }
                Callee::Libc(name) => {
                    self.pointers_to_structs(frame, &name, &state);
                    let before = Some(state.errno).filter(|errno| {
                        let is_told = self.tells_errors && libc::returns_errors(libc::plain(&name));
                        is_told && *errno != Errno::Changed
                    });
                    let comes_back = self.libc(frame, at, &name, &mut state);
                    success = before;
                    gives_event = self.watch.is_none() && libc::gives_event(libc::plain(&name));
                    comes_back
                }
                Callee::Missing(name, why) => {
                    let weight = if libc::is_known_unsafe(&name) {
                        Weight::Fault
                    } else {
                        Weight::Doubt
                    };
                    let name = crate::names::pretty(&name);
                    frame.add(
                        Finding::new(Kind::Call, weight, at, format!("calls {name}: {why}"))
                            .to(name)
                            .or("--sysroot DIR, under which its library lies"),
                    );
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Changing(image, word) => {
                    let file = self.files.image(image);
                    let place = file.place(word);
                    let (weight, why) = match self.may_be_ignored(image, &file, word) {
                        true => (Weight::Fault, "is SIG_IGN if the signal was ignored before"),
                        false => (Weight::Doubt, "may change while the program runs"),
                    };
                    let why = format!("calls through {place}, which {why}");
                    let finding = Finding::new(Kind::Indirect, weight, at, why);
                    frame.add(finding.or("a pointer in read-only data, or a direct call"));
                    match file.pointer(word) {
                        Some(Slot::Here(target)) if file.is_code(target) => {
                            todo.extend(self.code(image, target));
                        }
                        Some(Slot::Extern(name)) => todo.extend(self.outside(image, &name)),
                        _ => {}
                    }
                    for target in self.index.stored_functions(image, &file, word) {
                        todo.extend(self.code(image, target));
                    }
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Wrong(what) => {
                    frame.find(Kind::Call, Weight::Fault, at, format!("calls {what}"));
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Unknown(why) => {
                    frame.doubt(
                        Kind::Indirect,
                        at,
                        format!("calls {why}: the file does not say where that is"),
                        "a direct call",
                    );
                    apply(&unknown_call(), &mut state);
                    // A switch whose places are not known: its target is not known either.
                    after.is_some() || state.registers[RSP].exact() == Some(0)
                }
            };
            for (at, value) in saved {
                state.put_slot(at, 8, value);
            }
            if let Some(after) = after {
                self.may_throw(frame, after, &state);
            }
            if !comes_back {
                continue;
            }
            // Compilers end a function with a call only if the callee does not return.
            if after == Some(frame.bounds.1) && frame.has(at) {
                frame.runs_off(at);
                continue;
            }
            let mut states = vec![state];
            if let Some(errno) = success {
                const RESULT: usize = 0;
                let mut succeeds = states[0].clone();
                succeeds.errno = errno;
                succeeds.registers[RESULT] = Value::range(0, i32::MAX.into());
                states[0].registers[RESULT] = Value::num(-1);
                states.push(succeeds);
            }
            if gives_event {
                states = states
                    .into_iter()
                    .flat_map(|state| by_event(state, &frame.image, at))
                    .collect();
            }
            for state in states {
                match after {
                    Some(after) => next.push((after, state)),
                    None => next.extend(self.leave(frame, at, state)),
                }
            }
        }
        next
    }

    fn is_debug_check(&self, frame: &Frame, image: u16, target: u64) -> bool {
        let file = self.files.image(image);
        crate::runtime::is_debug_check(&frame.image, frame.start, &file, target)
    }

    /// Returns the source file and line of the panic that a call of the function at `target` begins, if it does.
    fn panic_place(&self, image: u16, target: u64, state: &State) -> Option<String> {
        let file = self.files.image(image);
        ARGUMENTS.into_iter().find_map(|register| {
            let value = &state.registers[register];
            let is_address = match value.base {
                Base::Image(of) => of == image,
                Base::Num => file.is_fixed,
                _ => false,
            };
            let at = is_address.then(|| value.exact()).flatten()?;
            crate::runtime::panic_place(&file, target, at.cast_unsigned())
        })
    }

    /// Returns whether the call asks for the initialisation of a static variable that other code initialises, only where the
    /// handler does not run yet.
    fn begins_before(&mut self, frame: &Frame, callee: Place, state: &State) -> bool {
        let file = self.files.image(callee.0);
        if self.watch.is_some() || file.raw_name(callee.1) != Some("__cxa_guard_acquire") {
            return false;
        }
        let given = &state.registers[ARGUMENTS[0]];
        let (Base::Image(image), Some(guard)) = (given.base, given.exact()) else {
            return false;
        };
        let file = self.files.image(image);
        let by = &self.index.of(image, &file).taken;
        let by = by.get(&guard.cast_unsigned()).cloned().unwrap_or_default();
        let is_own = |at: &u64| image == frame.number && frame.has(*at);
        let mut others = by.into_iter().filter(|at| !is_own(at)).peekable();
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        let index = &mut self.index;
        others.peek().is_some() && others.all(|at| index.who(image, &file, at, &coming).is_none())
    }

    /// Returns whether a fault was found in the function that was called last from the instruction at `at`, or in its callees.
    fn last_is_wrong(&self, frame: &Frame, at: u64) -> bool {
        let last = frame.calls.last().filter(|(from, _)| *from == at);
        let mut todo: Vec<usize> = last.iter().map(|(_, node)| *node).collect();
        let mut seen = HashSet::new();
        while let Some(node) = todo.pop().filter(|_| self.watch.is_none()) {
            if seen.insert(node) {
                let of = &self.nodes[node];
                if of.findings.iter().any(|f| f.weight == Weight::Fault) {
                    return true;
                }
                todo.extend(of.calls.iter().map(|(_, callee)| *callee));
            }
        }
        false
    }
}

/// Returns the states after a call that gives an event if its result is positive: for an error, for no event, and for an event.
fn by_event(state: State, image: &Image, at: u64) -> Vec<State> {
    const RESULT: usize = 0;
    let result = &state.registers[RESULT];
    let results = match result.number() {
        Some(_) => vec![result.clone()],
        None if result.base == Base::Num && result.lo == 0 => {
            vec![Value::num(0), Value::range(1, result.hi)]
        }
        None => vec![
            Value::num(-1),
            Value::num(0),
            Value::range(1, i32::MAX.into()),
        ],
    };
    let with = |result: Value| {
        let mut one = state.clone();
        if result.lo > 0 {
            one.begin_round(at, |by| {
                crate::reach::surely_leads(image, by, at, &[])
                    && crate::reach::surely_leads(image, at, by, &[])
            });
        }
        one.registers[RESULT] = result;
        one
    };
    results.into_iter().map(with).collect()
}

/// Returns the state with unknown values for the arguments that may have one of several values, or `None` without such arguments.
fn without_choices(state: &State) -> Option<State> {
    let mut any = state.clone();
    for n in ARGUMENTS {
        if any.registers[n].set.is_some() {
            any.registers[n] = Value::UNKNOWN;
        }
    }
    (any.registers != state.registers).then_some(any)
}

fn apply(summary: &Summary, state: &mut State) {
    // A compiler that has seen the callee may rely on its actual effects on registers instead of the calling convention.
    for n in (0..16).filter(|n| *n != RSP) {
        if !summary.keeps[n] {
            state.registers[n] = Value::UNKNOWN;
        }
    }
    state.vectors.clear();
    state.lows.clear();
    // The memory below the stack pointer belongs to the callee.
    if let Some(top) = stack_top(state) {
        state.forget(i64::MIN + 16, top);
    }
    state.registers[0] = summary.value.clone();
    if !summary.keeps[RDX] {
        state.registers[RDX] = summary.second.clone();
    }
    if let Some((lo, hi)) = summary.clobbers {
        state.forget_some(lo, hi);
        for (at, (width, value)) in &summary.stored {
            state.put_slot(*at, *width, value.clone());
        }
    }
    state.errno = summary.errno;
    state.flags = None;
    state.defaulted = None;
    state.is_ending = summary.is_ending;
}
