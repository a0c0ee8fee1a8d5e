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

/// The register of a call's result, RAX.
const RESULT: usize = 0;

/// Holds what is known of one call besides its callee.
struct Call {
    at: u64,
    /// Whether the call is a jump, so that its callee returns to the caller's caller.
    is_jump: bool,
    /// Whether the callee is one of several.
    is_chosen: bool,
}

/// Says how a call of the C library or of other code comes back.
#[derive(Default)]
struct Return {
    comes_back: bool,
    /// The value of errno if the call succeeds, where the result says so.
    errno_of_success: Option<Errno>,
    /// Whether a positive result is an event.
    gives_event: bool,
}

impl Return {
    /// Returns the way in which a call comes back, if it does, where no more is known of it.
    fn plain(comes_back: bool) -> Self {
        Self {
            comes_back,
            ..Self::default()
        }
    }
}

/// Forgets the numbers of files to which a function of the C library may store, through the addresses that it is given.
fn forget_numbers_given(frame: &Frame, name: &str, state: &mut State) {
    let plain = crate::libc::plain(name);
    if plain == "syscall" {
        state.forget_all_numbers();
    }
    for (argument, _) in crate::libc::writes_through(plain) {
        let to = state.registers[ARGUMENTS[*argument]].clone();
        let to = crate::address::in_image(frame, to);
        match to.base {
            Base::Image(image) => {
                let from = to.lo.max(0).cast_unsigned();
                state.forget_numbers(image, from, u64::MAX);
            }
            Base::Stack | Base::Errno => {}
            _ => state.forget_all_numbers(),
        }
    }
}

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
        let call = Call {
            at,
            is_jump: after.is_none(),
            is_chosen: callees.len() > 1,
        };
        let mut todo = callees;
        while let Some(callee) = todo.pop() {
            self.record(at, &callee, &state);
            note_callee(frame, at, &callee, &state);
            let mut state = state.clone();
            match &callee {
                Callee::Libc(name) => forget_numbers_given(frame, name, &mut state),
                _ => state.forget_all_numbers(),
            }
            let kept = self.kept_in_search(&callee, &state);
            let returned = self.call_one(frame, &call, callee, &mut state, &mut todo);
            for (at, value) in kept {
                state.put_slot(at, 8, value);
            }
            if let Some(after) = after {
                self.may_throw(frame, after, &state);
            }
            if !returned.comes_back {
                continue;
            }
            // Compilers end a function with a call only if the callee does not return.
            if after == Some(frame.bounds.1) && frame.has(at) {
                frame.runs_off(at);
                continue;
            }
            for state in returned.states(state, &frame.image, at) {
                match after {
                    Some(after) => next.push((after, state)),
                    None => next.extend(self.leave(frame, at, state)),
                }
            }
        }
        next
    }

    /// Returns the stack's slots that a call keeps while handlers are searched for. The search does not read the callees, so it
    /// would forget all of the stack above a pointer.
    fn kept_in_search(&self, callee: &Callee, state: &State) -> Vec<(i64, Value)> {
        if self.watch.is_none() {
            return Vec::new();
        }
        let mut kept = state.saved_handlers();
        if let Callee::Code(image, target) = callee {
            let file = self.files.image(*image);
            let names = file.names.get(target).filter(|_| file.is_static);
            let names = names.into_iter().flatten();
            kept.extend(names.filter_map(|name| crate::mask::built(name, state)));
        }
        kept
    }

    /// Calls one callee. Adds to `todo` what else the call may reach.
    fn call_one(
        &mut self,
        frame: &mut Frame,
        call: &Call,
        callee: Callee,
        state: &mut State,
        todo: &mut Vec<Callee>,
    ) -> Return {
        let at = call.at;
        match callee {
            Callee::Code(image, target) => {
                return Return::plain(self.call_code(frame, call, (image, target), state));
            }
            Callee::Libc(name) => return self.call_libc(frame, at, &name, state),
            Callee::Missing(name, why) => {
                let weight = match libc::is_known_unsafe(&name) {
                    true => Weight::Fault,
                    false => Weight::Doubt,
                };
                let name = crate::names::pretty(&name);
                frame.add(
                    Finding::new(Kind::Call, weight, at, format!("calls {name}: {why}"))
                        .to(name)
                        .or("--sysroot DIR, under which its library lies"),
                );
            }
            Callee::Changing(image, word) => self.call_word(frame, at, (image, word), todo),
            Callee::Wrong(what) => {
                frame.find(Kind::Call, Weight::Fault, at, format!("calls {what}"));
            }
            Callee::Unknown(why) => {
                frame.doubt(
                    Kind::Indirect,
                    at,
                    format!("calls {why}: the file does not say where that is"),
                    "a direct call",
                );
                apply(&unknown_call(), state);
                // A switch whose places are not known: its target is not known either.
                return Return::plain(!call.is_jump || state.registers[RSP].exact() == Some(0));
            }
        }
        apply(&unknown_call(), state);
        Return::plain(true)
    }

    /// Calls a function of a file; returns whether it comes back.
    fn call_code(
        &mut self,
        frame: &mut Frame,
        call: &Call,
        (image, target): Place,
        state: &mut State,
    ) -> bool {
        let at = call.at;
        if self.is_debug_check(frame, image, target) {
            frame.doubt(
                Kind::Trap,
                at,
                "panics if a check of a debug build fails, and is not shown never to",
                "an operation that cannot fail, such as wrapping_add, or a build without these checks",
            );
            return false;
        }
        if let Some(place) = self.panic_place(image, target, state) {
            let why = format!(
                "panics ({place}): a panic prints a message and unwinds, which may allocate"
            );
            let name = self.files.image(image).name(target);
            frame.add(Finding::new(Kind::Panic, Weight::Fault, at, why).to(name));
            return false;
        }
        if self.begins_before(frame, (image, target), state) {
            frame.doubt(
                Kind::Call,
                at,
                "initialises a static variable, unless the program has already done so",
                "a variable that needs no initialisation while the program runs",
            );
            apply(&unknown_call(), state);
            state.registers[RESULT] = Value::num(0);
            return true;
        }
        let mut summary = self.call(frame, at, image, target, state, call.is_jump);
        // A function and its data that one index chooses belong together: a fault in another combination is not shown to occur.
        if call.is_chosen
            && self.last_is_wrong(frame, at)
            && let Some(any) = without_choices(state)
        {
            frame.calls.pop();
            summary = self.call(frame, at, image, target, &any, call.is_jump);
        }
        frame.gives(at, summary.result.as_deref().unwrap_or_default());
        self.also_stored(frame, at, &summary.stores, None, state);
        if let Some((lo, hi)) = summary.clobbers {
            frame.touches_stack(at, lo, hi, true);
        }
        for (lo, hi) in &summary.spread {
            frame.spreads(at, *lo, *hi);
        }
        for stored in summary.stores.iter() {
            state.unlook(stored.image, stored.lo, stored.hi.saturating_add(8));
        }
        apply(&summary, state);
        summary.returns
    }

    /// Calls a function of the C library.
    fn call_libc(&mut self, frame: &mut Frame, at: u64, name: &str, state: &mut State) -> Return {
        self.pointers_to_structs(frame, name, state);
        let plain = libc::plain(name);
        let is_told = self.tells_errors && libc::returns_errors(plain);
        let before = Some(state.errno).filter(|errno| is_told && *errno != Errno::Changed);
        Return {
            comes_back: self.libc(frame, at, name, state),
            errno_of_success: before,
            gives_event: self.watch.is_none() && libc::gives_event(plain),
        }
    }

    /// Calls the function whose address a changing word holds. Adds the functions that it may hold to `todo`.
    fn call_word(
        &mut self,
        frame: &mut Frame,
        at: u64,
        (image, word): Place,
        todo: &mut Vec<Callee>,
    ) {
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

impl Return {
    /// Returns the states behind a call that left `state`.
    fn states(&self, mut state: State, image: &Image, at: u64) -> Vec<State> {
        let mut states = Vec::new();
        if let Some(errno) = self.errno_of_success {
            let mut succeeds = state.clone();
            succeeds.errno = errno;
            succeeds.registers[RESULT] = Value::range(0, i32::MAX.into());
            state.registers[RESULT] = Value::num(-1);
            states.push(succeeds);
        }
        states.insert(0, state);
        if !self.gives_event {
            return states;
        }
        let split = states
            .into_iter()
            .flat_map(|state| by_event(state, image, at));
        split.collect()
    }
}

/// Records which callee an instruction has.
fn note_callee(frame: &mut Frame, at: u64, callee: &Callee, state: &State) {
    *frame.called.entry(at).or_default() |= !matches!(callee, Callee::Libc(_));
    match callee {
        Callee::Libc(name) if libc::plain(name) == "syscall" => {
            let number = state.registers[ARGUMENTS[0]].number();
            frame.gives(at, number.and_then(libc::result_of).unwrap_or_default());
        }
        Callee::Libc(name) => frame.gives(at, libc::plain(name)),
        Callee::Code(..) => {}
        _ => frame.gives(at, ""),
    }
}

/// Returns the states after a call that gives an event if its result is positive: for an error, for no event, and for an event.
fn by_event(state: State, image: &Image, at: u64) -> Vec<State> {
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
