//! Calls of the C library and of the kernel: whether a handler may make them, and their effects.

mod blocks;
mod kernel;
mod raising;
mod texts;

use self::texts::copies_text;
use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::libc;
use crate::state::{ARGUMENTS, Errno, State, stack_top};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Applies the effects of a function of the C library to `state`; returns whether control comes back from the function.
    pub fn libc(&mut self, frame: &mut Frame, at: u64, name: &str, state: &mut State) -> bool {
        let plain = libc::plain(name).to_owned();
        let is_allowed =
            self.allow.citation(&plain).is_some() || self.allow.citation(name).is_some();
        let first = state.registers[ARGUMENTS[0]].clone();
        let mut value = Value::UNKNOWN;
        if self.watch.is_none() {
            for touched in libc::touches(&plain) {
                self.touched(frame, at, &plain, *touched, state);
            }
            self.raised(frame, at, &plain, state);
        }
        let arguments = ARGUMENTS.map(|n| state.registers[n].clone());
        if plain == "sigaltstack" && self.watch.is_some() {
            self.note_alternate_stack(frame, at, &arguments[0], state);
        }
        if plain == "recvmsg" {
            self.received(frame, at, &arguments[1], state);
        }
        self.note_mask(frame, at, &plain, &arguments, state);
        let copies = matches!(&*plain, "write" | "send" | "memcpy" | "memmove");
        let length = arguments[2].number().filter(|_| copies);
        for argument in &arguments {
            self.note_given(state, argument, length);
            if !libc::keeps_no_pointer(&plain) {
                self.note_published(argument);
            }
        }
        let built = crate::mask::built(&plain, state);
        if self.watch.is_none() {
            self.gives(frame, at, &plain, &arguments, state);
            self.waits(frame, at, &plain, &arguments);
            if matches!(&*plain, "write" | "send") {
                self.note_pass(frame, at, &arguments[1], &arguments[2], None);
            }
        }
        match &*plain {
            "__errno_location" => value = Value::at(Base::Errno, 0),
            "getpid" | "pthread_self" => value = Value::at(Base::Own, 0),
            "__stack_chk_fail" | "__fortify_fail" | "__chk_fail" => {}
            "syscall" => {
                // The last argument of the system call is on the stack.
                let shifted = [1, 2, 3, 4, 5].map(|n| arguments[n].clone());
                let [a, b, c, d, e] = shifted;
                let arguments = [a, b, c, d, e, Value::UNKNOWN];
                self.system_call(frame, at, &first, &arguments, state);
                value = Value::range(-1, i64::MAX);
            }
            // The C library keeps the first two real-time signals for itself. A loop down from the last real-time signal is walked
            // as a loop of unknown length, because it has many rounds.
            "__libc_current_sigrtmin" if self.watch.is_some() => value = Value::num(34),
            "__libc_current_sigrtmax" if self.watch.is_some() => {}
            "__tls_get_addr" => frame.doubt(
                Kind::ThreadLocal,
                at,
                "calls __tls_get_addr, which may allocate",
                "-ftls-model=initial-exec",
            ),
            _ if libc::installs(name) => value = Value::at(Base::Before, 0),
            "fork" if registers_atfork(&frame.image) => {
                let why = "calls fork, which runs what the program gave to pthread_atfork";
                frame.add(Finding::new(Kind::Call, Weight::Fault, at, why).to(&*plain));
            }
            _ if is_allowed => self.memory_of(frame, at, &plain, state),
            _ => add_unlisted(frame, at, name, &plain, state),
        }
        self.ends_by_error |= libc::never_returns(name) && state.errno == Errno::Changed;
        if libc::changes_errno(&plain) && !libc::never_returns(name) {
            state.errno = Errno::Changed;
            frame.errno_cause.get_or_insert_with(|| (at, plain.clone()));
        }
        self.defaults(frame, &plain, state);
        let copied = if matches!(&*plain, "memcpy" | "memmove") {
            let [to, from, length] = [0, 1, 2].map(|n| state.registers[ARGUMENTS[n]].clone());
            self.note_pass(frame, at, &from, &length, Some(&to));
            self.copied_words(frame, &to, &from, &length, state)
        } else {
            Vec::new()
        };
        let made = self.made_text(frame, &plain, state);
        let text = self.text_bounds(frame, &state.registers[ARGUMENTS[0]], state);
        if !libc::never_returns(name) {
            self.write_through(frame, at, name, made, state);
        }
        for (at, value) in copied {
            state.put_slot(at, 8, value);
        }
        if let Some((first, last)) = made {
            state.note_zero(first, last);
            if matches!(&*plain, "stpcpy") {
                value = Value {
                    base: Base::Stack,
                    ..Value::range(first, last)
                };
            }
        }
        if let Some((at, set)) = built {
            state.put_slot(at, 8, set);
        }
        if let (Some((least, most)), "strlen") = (text, &*plain) {
            value = Value::range(least, most);
        }
        if plain == "strnlen"
            && let most = &arguments[1]
            && most.base == Base::Num
            && most.lo >= 0
        {
            // Few lengths are told apart, so that a loop is followed for each.
            const FEW: i64 = 64;
            value = match most.hi <= FEW {
                true => Value::one_of(Base::Num, (0..=most.hi).collect()),
                false => Value::range(0, most.hi),
            };
        }
        if plain == "memset"
            && let (Some(to), Some(0), Some(n)) = (
                (first.base == Base::Stack).then(|| first.exact()).flatten(),
                state.registers[ARGUMENTS[1]].number(),
                state.registers[ARGUMENTS[2]].number(),
            )
        {
            state.clear(to, n);
        }
        if matches!(
            &*plain,
            "memcpy" | "memset" | "memmove" | "strcpy" | "strncpy" | "strcat" | "strncat"
        ) {
            value = first;
        }
        for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
            state.registers[scratch] = Value::UNKNOWN;
        }
        state.vectors.clear();
        state.lows.clear();
        if let Some(top) = stack_top(state) {
            state.forget(i64::MIN + 16, top);
        }
        state.registers[0] = value;
        !libc::never_returns(name)
    }
}

impl Explorer<'_> {
    /// Forgets what the function writes through its pointers; `made`: the end of the text that it is known to make.
    fn write_through(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        made: Option<(i64, i64)>,
        state: &mut State,
    ) {
        let plain = libc::plain(name);
        for &(argument, size) in libc::writes_through(plain) {
            let pointer = &state.registers[ARGUMENTS[argument]];
            if pointer.base == Base::Errno {
                state.errno = Errno::Changed;
                frame
                    .errno_cause
                    .get_or_insert_with(|| (at, plain.to_owned()));
                continue;
            }
            if pointer.base == Base::Stack {
                let is_fixed = size.is_some();
                let size = size
                    .or_else(|| match made {
                        Some((_, end)) => Some(end - pointer.lo + 1),
                        None if copies_text(plain) => None,
                        // The function appends behind the text that is already there.
                        None if plain == "strncat" => pointer
                            .exact()
                            .and_then(|to| state.text_length(to))
                            .zip(self.length(plain, state))
                            .map(|((_, before), added)| before + added + 1),
                        None => self.length(plain, state),
                    })
                    .unwrap_or(i64::MAX / 4);
                let (lo, hi) = (pointer.lo, pointer.hi.saturating_add(size));
                let count = &state.registers[ARGUMENTS[libc::counted(plain).0]];
                let is_whole = pointer.exact().is_some()
                    && (is_fixed || made.is_none() && count.number() == Some(hi - lo));
                match is_whole {
                    true => state.forget(lo, hi),
                    false => state.forget_some(lo, hi),
                }
                frame.clobber(lo, hi);
                frame.touches_stack(at, lo, hi, true);
                if !is_whole {
                    frame.spreads(at, lo, hi);
                }
                if libc::installs(name)
                    && let Some(at) = state.registers[ARGUMENTS[2]].exact()
                {
                    state.put_slot(at, 8, Value::at(Base::Before, 0));
                }
            }
        }
    }

    /// Notes the size of an alternate stack, if a structure of the frame gives it, and whether the stack is in a frame that is left.
    fn note_alternate_stack(&mut self, frame: &Frame, at: u64, stack: &Value, state: &State) {
        const SIZE: i64 = 16;
        // The kernel refuses a smaller stack (MINSIGSTKSZ).
        const LEAST: i64 = 2048;
        if stack.base == Base::Stack
            && let Some(size) = state.load_slot(&stack.moved(SIZE), 8).number()
            && size >= LEAST
        {
            let size = size.cast_unsigned();
            let known = self.index.alternate.unwrap_or(size);
            self.index.alternate = Some(known.min(size));
            let begin = state.load_slot(stack, 8);
            let (image, tables) = (&frame.image, self.index.of(frame.number, &frame.image));
            if begin.base == Base::Stack
                && begin.hi < 0
                && !tables.is_main(image, frame.start)
                && crate::reach::returns(image, at, &[])
            {
                self.index.left_stack = Some((frame.number, at));
            }
        }
    }
}

/// Adds the finding that no list has the function.
fn add_unlisted(frame: &mut Frame, at: u64, name: &str, plain: &str, state: &State) {
    let in_favour = libc::may_be_safe(plain).filter(|_| !crate::timer::makes_thread(plain, state));
    let why = if let Some(reason) = in_favour {
        format!("calls {name}, which no list has, although {reason}")
    } else if matches!(
        plain,
        "longjmp" | "siglongjmp" | "_longjmp" | "____longjmp_chk"
    ) {
        format!("calls {name}: it leaves the interrupted code half done")
    } else {
        format!("calls {name}, which is not async-signal-safe")
    };
    let weight = match in_favour {
        Some(_) => Weight::Doubt,
        None => Weight::Fault,
    };
    let finding = Finding::new(Kind::Call, weight, at, why);
    let finding = finding.to(crate::names::pretty(name));
    frame.add(if in_favour.is_some() {
        finding.or(format!(
            "a line for {plain} in a list given by --allow, with who says that it is safe"
        ))
    } else {
        finding
    });
}

/// Returns whether the file registers functions for `fork` to run.
fn registers_atfork(image: &Image) -> bool {
    image.slots.values().any(|slot| {
        matches!(slot, Slot::Extern(name) if matches!(&*name.name, "__register_atfork" | "pthread_atfork"))
    })
}
