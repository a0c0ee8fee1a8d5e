//! Calls of the C library and of the kernel: whether a handler may make them, and what they leave.

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::libc;
use crate::state::{ARGUMENTS, Errno, State, stack_top};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Returns whether control comes back from a function of the C library, and what it leaves.
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
            self.raised(frame, at, &plain, &first);
        }
        let arguments = ARGUMENTS.map(|n| state.registers[n].clone());
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
            "__stack_chk_fail" | "__fortify_fail" | "__chk_fail" => {}
            "syscall" => {
                let [second, third] = [2, 3].map(|n| state.registers[ARGUMENTS[n]].clone());
                let arguments = [arguments[1].clone(), second.clone(), third];
                self.system_call(frame, at, &first, &arguments, state);
                value = Value::range(-1, i64::MAX);
            }
            // The C library keeps the first two real-time signals for itself. A loop down from the last one is walked as one of
            // unknown length, for its rounds are many.
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
            _ => {
                let is_thin = libc::is_thin(&plain) && !crate::timer::makes_thread(&plain, state);
                let why = if is_thin {
                    format!(
                        "calls {name}, which no list has, although it does little more than enter the kernel"
                    )
                } else if matches!(
                    &*plain,
                    "longjmp" | "siglongjmp" | "_longjmp" | "____longjmp_chk"
                ) {
                    format!("calls {name}: it leaves the interrupted code half done")
                } else {
                    format!("calls {name}, which is not async-signal-safe")
                };
                let weight = if is_thin {
                    Weight::Doubt
                } else {
                    Weight::Fault
                };
                let finding = Finding::new(Kind::Call, weight, at, why);
                let finding = finding.to(crate::names::pretty(name));
                frame.add(if is_thin {
                    finding.or(format!(
                        "a line for {plain} in a list given by --allow, with who says that it is safe"
                    ))
                } else {
                    finding
                });
            }
        }
        if libc::changes_errno(&plain) && !libc::never_returns(name) {
            state.errno = Errno::Changed;
            frame.errno_cause.get_or_insert_with(|| (at, plain.clone()));
        }
        self.defaults(&plain, state);
        let copied = if matches!(&*plain, "memcpy" | "memmove") {
            let [to, from, length] = [0, 1, 2].map(|n| state.registers[ARGUMENTS[n]].clone());
            self.note_pass(frame, at, &from, &length, Some(&to));
            self.copied_words(frame, &to, &from, &length, state)
        } else {
            Vec::new()
        };
        let made = self.made_text(frame, &plain, state);
        let text = self.text_bounds(frame, &state.registers[ARGUMENTS[0]], state);
        let written = if libc::never_returns(name) {
            &[]
        } else {
            libc::writes_through(&plain)
        };
        for &(argument, size) in written {
            let pointer = &state.registers[ARGUMENTS[argument]];
            if pointer.base == Base::Stack {
                let is_fixed = size.is_some();
                let size = size
                    .or_else(|| match made {
                        Some((_, end)) => Some(end - pointer.lo + 1),
                        None if copies_text(&plain) => None,
                        // It appends behind the text that is there.
                        None if plain == "strncat" => pointer
                            .exact()
                            .and_then(|to| state.text_length(to))
                            .zip(self.length(&plain, state))
                            .map(|((_, before), added)| before + added + 1),
                        None => self.length(&plain, state),
                    })
                    .unwrap_or(i64::MAX / 4);
                let (lo, hi) = (pointer.lo, pointer.hi.saturating_add(size));
                let count = &state.registers[ARGUMENTS[libc::counted(&plain).0]];
                let is_whole = pointer.exact().is_some()
                    && (is_fixed || made.is_none() && count.number() == Some(hi - lo));
                match is_whole {
                    true => state.forget(lo, hi),
                    false => state.forget_some(lo, hi),
                }
                frame.clobber(lo, hi);
                frame.touches_stack(at, lo, hi, true);
                if libc::installs(name)
                    && let Some(at) = state.registers[ARGUMENTS[2]].exact()
                {
                    state.put_slot(at, 8, Value::at(Base::Before, 0));
                }
            }
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
        state.bytes.clear();
        if let Some(top) = stack_top(state) {
            state.forget(i64::MIN + 16, top);
        }
        state.registers[0] = value;
        !libc::never_returns(name)
    }

    /// Returns the most bytes that a function touches by its argument that counts them.
    fn length(&self, name: &str, state: &State) -> Option<i64> {
        let (argument, width) = libc::counted(name);
        let value = &state.registers[ARGUMENTS[argument]];
        let is_known = value.base == Base::Num && value.lo >= 0 && value.hi < 1 << 32;
        is_known.then(|| value.hi * width)
    }

    /// Checks memory of a known size that a function touches through a pointer.
    fn touched(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        touched: libc::Touched,
        state: &State,
    ) {
        let place = state.registers[ARGUMENTS[touched.argument]].clone();
        let place = crate::address::in_image(frame, place);
        if touched.writes && !matches!(touched.size, libc::Size::Bytes(..=8)) {
            self.doubt_stated(frame, at, name, &place);
        }
        let is_own = matches!(place.base, Base::Stack | Base::Image(_));
        let may_be_none = place.base == Base::Num && place.lo <= 0 && place.hi >= 0;
        if may_be_none || touched.is_kernel && !is_own {
            return;
        }
        let length = match touched.size {
            libc::Size::Bytes(bytes) => Value::num(bytes),
            libc::Size::Argument(n) => state.registers[ARGUMENTS[n]].clone(),
        };
        self.check_length(frame, at, name, &place, &length, touched.writes);
        // A semaphore is made for that.
        let is_plain = touched.writes && name != "sem_post";
        if let (libc::Size::Bytes(9..), Base::Image(_), true) = (touched.size, place.base, is_plain)
        {
            // A reader may know that the handler ran, so it stays an open question.
            self.stores_block(frame, at, &place, &length, true);
        }
    }

    /// Checks an access of a function to as many bytes as `length` says.
    fn check_length(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        place: &Value,
        length: &Value,
        writes: bool,
    ) {
        if let Some(length) = length.number().filter(|length| *length >= 0)
            && (place.exact().is_some() || !matches!(place.base, Base::Stack | Base::Image(_)))
        {
            if let (Base::Image(image), Some(low)) = (place.base, place.exact())
                && let file = self.files.image(image)
                && let Some(object) = file.object_at(low.cast_unsigned())
                && low.saturating_add(length).cast_unsigned() > object.address + object.size
            {
                let verb = if writes { "writes" } else { "reads" };
                let kind = if writes { Kind::Write } else { Kind::Read };
                let place = file.place(low.cast_unsigned());
                let why = format!(
                    "calls {name}, which {verb} up to {length} bytes at {place}, past its end"
                );
                frame.find(kind, Weight::Fault, at, why);
            } else if length > 0 {
                self.check(frame, at, place, length, writes);
            }
            return;
        }
        let is_known = length.base == Base::Num && length.lo >= 0 && place.is_bounded();
        let end = place.hi.saturating_add(length.hi);
        let is_inside = is_known
            && match place.base {
                Base::Stack => !frame.is_handler || end <= 0,
                Base::Image(image) => {
                    let file = self.files.image(image);
                    let low = place.lo.cast_unsigned();
                    let object = file.object_at(low).map(|o| o.address + o.size);
                    let end_of = object.or(file.region(low).map(|region| region.end));
                    end_of.is_some_and(|last| end.cast_unsigned() <= last)
                }
                _ => false,
            };
        if !is_inside {
            let verb = if writes { "writes" } else { "reads" };
            frame.doubt(
                if writes { Kind::Write } else { Kind::Read },
                at,
                format!("calls {name}, which {verb} as many bytes as a register says, and is not shown to stay inside its object"),
                "a length with a bound that can be seen",
            );
        }
    }

    /// Returns between which bounds the length of a text is, without its end.
    fn text_bounds(&self, frame: &Frame, of: &Value, state: &State) -> Option<(i64, i64)> {
        let of = crate::address::in_image(frame, of.clone());
        match of.base {
            Base::Stack => state.text_length(of.exact()?),
            _ => self
                .text_lengths(&of)
                .map(|(least, most)| (least - 1, most - 1)),
        }
    }

    /// Returns between which places of the stack the text ends that a function makes there.
    fn made_text(&self, frame: &Frame, name: &str, state: &State) -> Option<(i64, i64)> {
        let [to, from] = [0, 1].map(|n| state.registers[ARGUMENTS[n]].clone());
        if !matches!(name, "strcpy" | "stpcpy" | "strcat")
            || to.base != Base::Stack
            || !to.is_bounded()
        {
            return None;
        }
        let (least, most) = self.text_bounds(frame, &from, state)?;
        let before = match name {
            "strcat" => state.text_length(to.exact()?)?,
            _ => (0, 0),
        };
        let last = to.hi.checked_add(before.1)?.checked_add(most)?;
        Some((to.lo + before.0 + least, last))
    }

    /// Checks a text that is copied without a length: it fits if it is constant and short enough.
    fn copied_text(&mut self, frame: &mut Frame, at: u64, name: &str, state: &State) {
        let [to, from] = [0, 1].map(|n| {
            let pointer = state.registers[ARGUMENTS[n]].clone();
            crate::address::in_image(frame, pointer)
        });
        let appends = matches!(name, "strcat" | "strncat" | "wcscat" | "wcsncat");
        let copies = appends || matches!(name, "strcpy" | "stpcpy" | "wcscpy" | "wcpcpy");
        if !copies || !matches!(to.base, Base::Stack | Base::Image(_)) {
            return;
        }
        if let Base::Image(image) = to.base
            && appends
        {
            let word = (image, to.lo.cast_unsigned());
            let weight = if to.exact().is_none() || self.stored_else.contains_key(&word) {
                Weight::Doubt
            } else {
                Weight::Fault
            };
            let why = format!(
                "calls {name} on data of the file: each signal makes the text longer, until it leaves its object"
            );
            frame.find(Kind::Write, weight, at, why);
            return;
        }
        if let (Base::Image(image), Some(word)) = (to.base, to.exact()) {
            let word = (image, word.cast_unsigned());
            self.stored_else.entry(word).or_insert((frame.number, at));
            let stored = (word.0, word.1, word.1, 1);
            self.stored.entry(stored).or_insert((frame.number, at));
        }
        let length = match name {
            "strncat" => self.length(name, state),
            // The ends of texts are known byte by byte.
            "wcscpy" | "wcpcpy" | "wcscat" | "wcsncat" => None,
            _ => self
                .text_bounds(frame, &from, state)
                .map(|(_, most)| most + 1),
        };
        // What is appended to begins where the text ends that is there.
        let length = match (length, to.base) {
            (Some(length), Base::Stack) if appends => {
                let before = to.exact().and_then(|to| state.text_length(to));
                before.map(|(_, most)| most.saturating_add(length))
            }
            (length, _) => length,
        };
        match length {
            Some(length) => {
                self.check_length(frame, at, name, &to, &Value::num(length), true);
            }
            None if self.is_larger(&from, &to) => frame.find(
                Kind::Write,
                Weight::Fault,
                at,
                format!("calls {name} with a text that may be longer than where it goes"),
            ),
            None => frame.doubt(
                Kind::Write,
                at,
                format!("calls {name} with a text whose length is not known"),
                "a constant text, or a function that is given a length",
            ),
        }
    }

    /// Returns whether both are objects of files, of which the first has more bytes.
    fn is_larger(&self, from: &Value, to: &Value) -> bool {
        let [from, to] = [from, to].map(|value| match (value.base, value.exact()) {
            (Base::Image(image), Some(at)) => {
                let file = self.files.image(image);
                file.object_at(at.cast_unsigned()).map(|o| o.size)
            }
            _ => None,
        });
        from.zip(to).is_some_and(|(from, to)| from > to)
    }

    /// Returns the bytes of a constant text with its end, at least and at most where it is one of several.
    fn text_lengths(&self, from: &Value) -> Option<(i64, i64)> {
        let Base::Image(image) = from.base else {
            return None;
        };
        let file = self.files.image(image);
        let lengths = from.all()?.into_iter().map(|text| {
            let text = text.cast_unsigned();
            let end = file.bytes(text).iter().position(|byte| *byte == 0)?;
            (!file.is_writable(text)).then_some(end as i64 + 1)
        });
        let lengths: Option<Vec<i64>> = lengths.collect();
        let lengths = lengths?;
        Some((*lengths.iter().min()?, *lengths.iter().max()?))
    }

    /// Checks a signal that the handler sends to its own process, which may run it again before it goes on.
    fn raised(&mut self, frame: &mut Frame, at: u64, name: &str, signal: &Value) {
        self.installs |= libc::installs(name);
        let is_own = match signal.number() {
            Some(number) => self.own_signals.contains(&number),
            None => !self.own_signals.is_empty(),
        };
        if name == "raise" && is_own && !self.installs {
            frame.find(
                Kind::Recursion,
                Weight::Fault,
                at,
                "raises a signal whose handler this is: by SA_NODEFER it runs again before it goes on, without an end",
            );
        }
    }

    /// Follows whether the signal that is explored has its default action, and then is raised: the process ends before what was
    /// interrupted goes on, whatever errno is. The raised signal is blocked until the handler returns, so another action counts.
    fn defaults(&mut self, name: &str, state: &mut State) {
        let [first, second] = [0, 1].map(|n| &state.registers[ARGUMENTS[n]]);
        let signal = first.number().filter(|_| self.deadly.is_some());
        if name == "raise" {
            if signal.is_some() && signal == self.deadly && signal == state.defaulted {
                state.is_ending = true;
                self.is_ended = true;
            }
        } else if libc::installs(name) {
            let action = match (name, second.base, second.exact()) {
                ("sigaction", Base::Stack, Some(_)) => state.load_slot(second, 8).number(),
                ("sigaction", ..) => None,
                _ => second.number(),
            };
            let is_default = action == Some(0);
            state.defaulted = signal.filter(|_| is_default);
            let may_be_raised = first.number().is_none() || first.number() == self.deadly;
            state.is_ending &= is_default || !may_be_raised;
        }
    }

    /// Checks the pointers that functions on memory and text go through.
    fn memory_of(&mut self, frame: &mut Frame, at: u64, name: &str, state: &State) {
        let is_memory = ["mem", "str", "stp", "wcs", "wmem", "wcp"]
            .iter()
            .any(|start| name.starts_with(start));
        if !is_memory {
            return;
        }
        let writes = !libc::writes_through(name).is_empty();
        let both = !matches!(
            name,
            "strlen"
                | "memset"
                | "memchr"
                | "strchr"
                | "strrchr"
                | "strnlen"
                | "wcslen"
                | "wcsnlen"
                | "wcschr"
                | "wcsrchr"
                | "wmemchr"
                | "wmemset"
        );
        let is_block = name.contains("mem");
        let length = self.length(name, state);
        let size = if is_block { length } else { Some(1) };
        let to = state.registers[ARGUMENTS[0]].clone();
        let (counting, width) = libc::counted(name);
        let count = state.registers[ARGUMENTS[counting]].clone();
        let bytes = count.times(width);
        let is_counted = matches!(
            name,
            "memcpy" | "memmove" | "memset" | "mempcpy" | "wmemcpy" | "wmemmove" | "wmemset"
        );
        if is_counted {
            // A call copies texts as well as structures, so it stays an open question.
            self.stores_block(frame, at, &to, &bytes, true);
        }
        if matches!(name, "wcsncpy" | "wcpncpy") {
            self.check_length(frame, at, name, &to, &bytes, true);
        }
        if is_counted && count.number().is_some_and(|count| count < 0) {
            let why =
                format!("calls {name} with a length below zero, which is taken for a huge one");
            frame.find(Kind::Write, Weight::Fault, at, why);
            return;
        }
        self.copied_text(frame, at, name, state);
        for (argument, writes) in [(0, writes), (1, false)] {
            if argument == 1 && !both {
                continue;
            }
            let pointer = state.registers[ARGUMENTS[argument]].clone();
            if !writes {
                self.note_block(frame, at, &pointer, length.filter(|_| is_block));
                self.sent(frame, at, name, &pointer);
            }
            let size = match length {
                _ if is_block && name != "memccpy" || self.stated(&pointer).is_none() => size,
                _ if writes => {
                    self.doubt_stated(frame, at, name, &pointer);
                    size
                }
                // What ends at a byte that it looks for reads no more than its length says.
                Some(length) if libc::counts_texts(name) => Some(length),
                _ => {
                    self.doubt_text(frame, at, name, &pointer);
                    size
                }
            };
            match size {
                Some(0) => {}
                Some(size) => self.check(frame, at, &pointer, size, writes),
                None => frame.doubt(
                    Kind::Write,
                    at,
                    format!("calls {name} with a length that is not known"),
                    "a length with a bound that can be seen",
                ),
            }
        }
    }

    /// Applies the effects of a system call by number; `second` is its second argument.
    pub fn system_call(
        &mut self,
        frame: &mut Frame,
        at: u64,
        number: &Value,
        arguments: &[Value; 3],
        state: &mut State,
    ) {
        const PRIVATE_OR_CLOCK: i64 = 128 | 256;
        const RT_SIGACTION: i64 = 13;
        const RT_SIGPROCMASK: i64 = 14;
        const WRITE: i64 = 1;
        const PWRITE: i64 = 18;
        const WRITEV: i64 = 20;
        const FUTEX: i64 = 202;
        const RT_SIGSUSPEND: i64 = 130;
        match number.number() {
            Some(RT_SIGPROCMASK) => self.note_mask(frame, at, "sigprocmask", arguments, state),
            Some(RT_SIGSUSPEND) => self.note_mask(frame, at, "sigsuspend", arguments, state),
            Some(number) => {
                if number == WRITE {
                    self.note_pass(frame, at, &arguments[1], &arguments[2], None);
                }
                let name = crate::given::of_system_call(number);
                self.gives(frame, at, name, arguments, state);
            }
            None => {}
        }
        if matches!(number.number(), None | Some(RT_SIGACTION)) {
            state.defaulted = None;
            state.is_ending = false;
        }
        let is_wake = arguments[1]
            .number()
            .is_some_and(|op| op & !PRIVATE_OR_CLOCK == 1);
        match number.number() {
            Some(15) => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "returns from a signal (rt_sigreturn) by itself",
            ),
            // Waiting is what a lock does; waking is not.
            Some(FUTEX) if !is_wake => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "makes system call 202 (futex) and is not shown only to wake others: what it waits for may be what it interrupted",
            ),
            Some(10 | 11 | 12 | 25) => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "changes the memory that what was interrupted works on (mprotect, munmap, brk, mremap)",
            ),
            // No list has them, but they lock nothing and change nothing that is the program's.
            Some(FUTEX | WRITEV | PWRITE) => {}
            Some(number) if libc::is_permitted_call(number) => {}
            Some(number) => frame.doubt(
                Kind::SystemCall,
                at,
                format!("makes system call {number}, whose function no list has"),
                "the number in a policy",
            ),
            None => frame.doubt(
                Kind::SystemCall,
                at,
                "makes a system call whose number is not known",
                "a number that can be seen",
            ),
        }
    }
}

/// Returns whether the function copies a text up to its end, so that no argument says how many bytes it writes.
fn copies_text(name: &str) -> bool {
    matches!(
        name,
        "strcpy" | "stpcpy" | "strcat" | "wcscpy" | "wcpcpy" | "wcscat" | "wcsncat"
    )
}

/// Returns whether the file gives functions to be run by `fork`.
fn registers_atfork(image: &Image) -> bool {
    image.slots.values().any(|slot| {
        matches!(slot, Slot::Extern(name) if matches!(&*name.name, "__register_atfork" | "pthread_atfork"))
    })
}
