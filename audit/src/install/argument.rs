//! Resolves which handler the argument of an installing call names.

use super::flags::FlagsAt;
use super::number::{RT_SIGACTION, is_other};
use super::{Finder, Handler, Installation, PLACE_NOT_KNOWN, Place, Signal, Wanted, What};
use crate::callee::Callee;
use crate::explore::Hit;
use crate::image::Slot;
use crate::libc;
use crate::state::ARGUMENTS;
use crate::value::{Base, Value};

impl Finder<'_> {
    pub(super) fn direct(&mut self, function: Place, hit: &Hit) {
        let name = match &hit.callee {
            Callee::Libc(name) | Callee::Missing(name, _) => name.clone(),
            _ => return,
        };
        let argument = |n: usize| hit.state.registers[ARGUMENTS[n]].clone();
        if libc::plain(&name) == "syscall" {
            match argument(0).number() {
                Some(RT_SIGACTION) => {
                    let how = Installation {
                        signal: signal(&argument(1)),
                        flags: FlagsAt::in_kernel(),
                    };
                    let pointer = argument(2);
                    self.restorer(function, hit, &pointer);
                    self.through(function, hit, &pointer, 0, how);
                }
                _ => self.number(function, hit.at, &argument(0)),
            }
            return;
        }
        let how = Installation {
            signal: signal(&argument(0)),
            flags: FlagsAt::of_function(&name),
        };
        if libc::takes_struct(&name) {
            let at = (function.0, hit.at);
            self.actions.insert(at, crate::escape::TO_SIGACTION);
            self.through(function, hit, &argument(1), 0, how);
        } else {
            self.value(function, (function.0, hit.at), &argument(1), how);
        }
    }

    /// Checks the number of a system call: it may be `rt_sigaction`, which installs a handler.
    pub(super) fn number(&mut self, function: Place, at: u64, number: &Value) {
        match number.base {
            Base::Num if number.number().is_some_and(is_other) => {}
            _ if self.files.image(function.0).is_reserved_to_libc(at) => {}
            Base::Arg(n) if number.exact() == Some(0) => self.want(
                (function.0, at),
                Wanted {
                    function,
                    argument: n,
                    offset: None,
                    how: Installation {
                        signal: Signal::Unknown,
                        flags: FlagsAt::in_kernel(),
                    },
                    of: What::Call,
                },
            ),
            _ => self.unresolved(
                (function.0, at),
                "makes a system call whose number is not known; it may install a handler",
            ),
        }
    }

    /// Reports a restorer in the kernel's structure unless it is shown to call only `rt_sigreturn`. The restorer is the code, of
    /// the program or of the C library, that runs after the handler.
    fn restorer(&mut self, function: Place, hit: &Hit, pointer: &Value) {
        const SA_RESTORER: i64 = 0x0400_0000;
        let (image, at) = (function.0, (function.0, hit.at));
        let file = self.files.image(image);
        let word = |offset: i64| match pointer.base {
            Base::Stack => hit.state.load_slot(&pointer.moved(offset), 8),
            Base::Image(_) | Base::Num => {
                let place = pointer.exact().map(|at| (at + offset).cast_unsigned());
                match place.and_then(|place| file.pointer(place)) {
                    Some(Slot::Here(target)) => Value::image(image, target),
                    Some(_) => Value::UNKNOWN,
                    None => place
                        .and_then(|place| file.number(place, 8))
                        .map_or(Value::UNKNOWN, |n| Value::num(n.cast_signed())),
                }
            }
            _ => Value::UNKNOWN,
        };
        if word(8)
            .number()
            .is_some_and(|flags| flags & SA_RESTORER == 0)
        {
            return;
        }
        let is_plain = |at: u64| {
            let bytes = file.bytes(at);
            let bytes = bytes
                .strip_prefix(&[0xf3, 0x0f, 0x1e, 0xfa])
                .unwrap_or(bytes);
            // mov $15, %eax (or %rax); syscall: rt_sigreturn.
            bytes.starts_with(&[0xb8, 15, 0, 0, 0, 0x0f, 5])
                || bytes.starts_with(&[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5])
        };
        let restorer = word(16).exact().map(i64::cast_unsigned);
        if pointer.number() != Some(0) && !restorer.is_some_and(is_plain) {
            self.unresolved(
                at,
                "may name a restorer, which runs after the handler, and is not shown to do nothing but return",
            );
        }
    }

    /// Resolves the handler that lies at `offset` from a pointer.
    pub(super) fn through(
        &mut self,
        function: Place,
        hit: &Hit,
        pointer: &Value,
        offset: i64,
        how: Installation,
    ) {
        let at = (function.0, hit.at);
        let pointer = &pointer.not_null();
        match pointer.base {
            Base::Num if pointer.number() == Some(0) => self.found.others += 1,
            Base::Stack => {
                let place = pointer.moved(offset);
                let how = Installation {
                    flags: how.flags.on_stack(&hit.state, &place),
                    ..how
                };
                let value = hit.state.load_slot(&place, 8);
                self.value(function, at, &value, how);
            }
            Base::Image(_) | Base::Num => match pointer.all() {
                Some(all) if all.len() <= 64 => {
                    let image = match pointer.base {
                        Base::Image(image) => image,
                        _ => function.0,
                    };
                    for place in all {
                        self.word(at, (image, (place + offset).cast_unsigned()), how);
                    }
                }
                _ if pointer.is_bounded() && pointer.lo >= 0 => {
                    let word = |at: i64| (at + offset).cast_unsigned();
                    let image = match pointer.base {
                        Base::Image(image) => image,
                        _ => function.0,
                    };
                    let range = (image, word(pointer.lo), word(pointer.hi));
                    self.ranges.push((range, at, how));
                }
                _ => self.unresolved(at, PLACE_NOT_KNOWN),
            },
            Base::Arg(n) => match pointer
                .exact()
                .and_then(|at| i32::try_from(at + offset).ok())
            {
                Some(offset) => self.want(
                    at,
                    Wanted {
                        function,
                        argument: n,
                        offset: Some(offset),
                        how,
                        of: What::Handler,
                    },
                ),
                None => self.unresolved(at, PLACE_NOT_KNOWN),
            },
            _ => self.unresolved(at, PLACE_NOT_KNOWN),
        }
    }

    pub(super) fn value(&mut self, function: Place, at: Place, value: &Value, how: Installation) {
        // Zero is SIG_DFL.
        let value = &value.not_null();
        match value.base {
            Base::Num | Base::Image(_) => match value.all() {
                Some(all) => {
                    let image = match value.base {
                        Base::Image(image) => image,
                        _ => function.0,
                    };
                    for one in all {
                        self.address(at, (image, one.cast_unsigned()), how);
                    }
                }
                None => self.unresolved(at, "installs one of a table whose end is not known"),
            },
            Base::Static(image, word) | Base::NotNull(image, word) if value.exact() == Some(0) => {
                self.word(at, (image, word), how)
            }
            Base::Element(image, first, step) if value.exact() == Some(0) => {
                self.table(at, (image, first), step, how)
            }
            Base::Before => self.found.others += 1,
            Base::Arg(n) if value.exact() == Some(0) => self.want(
                at,
                Wanted {
                    function,
                    argument: n,
                    offset: None,
                    how,
                    of: What::Handler,
                },
            ),
            Base::Field(n, offset) if value.exact() == Some(0) => self.want(
                at,
                Wanted {
                    function,
                    argument: n,
                    offset: Some(offset),
                    how,
                    of: What::Handler,
                },
            ),
            _ => self.unresolved(at, "installs what is not known"),
        }
    }

    /// Records the function at `address` as a handler that the call at `at` installs.
    pub(super) fn address(&mut self, at: Place, (image, address): Place, how: Installation) {
        // SIG_DFL, SIG_IGN, SIG_ERR, SIG_HOLD, and numbers that have a meaning only for the program.
        if !(4096..=u64::MAX - 4096).contains(&address) || address == u64::from(u32::MAX) {
            const SIG_IGN: u64 = 1;
            self.found.others += 1;
            if address <= SIG_IGN {
                self.found.removed.insert((at, known(how.signal)));
            }
            if address == SIG_IGN {
                self.found.ignored.insert(known(how.signal));
            }
            return;
        }
        let file = self.files.image(image);
        if let Some(name) = file.externs.get(&address) {
            return self.outside(at, image, &name.clone(), how);
        }
        if !file.is_code(address) {
            return self.unresolved(at, format!("installs {address:#x}, where there is no code"));
        }
        let target = match file.stub(address) {
            None => address,
            Some(slot) => match file.slots.get(&slot) {
                Some(Slot::Here(target)) => *target,
                Some(Slot::Extern(name)) => {
                    return self.outside(at, image, &name.clone(), how);
                }
                _ => return self.unresolved(at, "installs what is chosen when the program starts"),
            },
        };
        if file.choosers.contains(&target) {
            return self.unresolved(at, "installs what is chosen when the program starts");
        }
        let by = self.start_of(at);
        let is_given =
            matches!(how.signal, Signal::Argument(_)) || matches!(how.flags, FlagsAt::Argument(..));
        if is_given && self.is_only_called(by) {
            let of = What::Rest((image, target));
            return self.want(
                at,
                Wanted {
                    function: by,
                    argument: 0,
                    offset: None,
                    how,
                    of,
                },
            );
        }
        let handler = self.found.handlers.entry((image, target)).or_default();
        note(handler, by, how);
        handler.sites.insert(at);
        let before = self.before.get(&at).into_iter().flatten();
        handler
            .before
            .extend(before.map(|stores| (by, stores.clone())));
    }

    /// Records a handler that another file may define.
    fn outside(&mut self, at: Place, image: u16, name: &crate::image::Extern, how: Installation) {
        match self.files.lookup(image, name) {
            crate::files::Definition::Code(image, target) => self.address(at, (image, target), how),
            crate::files::Definition::Libc(name) => {
                let by = self.start_of(at);
                note(self.found.imported.entry(name).or_default(), by, how);
            }
            crate::files::Definition::Missing(_) => self.unresolved(
                at,
                format!("installs {}, which another file defines", name.name),
            ),
        }
    }

    /// Resolves the handlers of a table that a loop walks; only a symbol shows where the table ends.
    fn table(&mut self, at: Place, (image, first): Place, step: u32, how: Installation) {
        if step == 0 {
            return self.word(at, (image, first), how);
        }
        const MOST: usize = 256;
        let file = self.files.image(image);
        let is_function = |word: &u64| matches!(file.pointer(*word), Some(Slot::Here(target)) if file.is_code(target));
        let object = file.object_at(first);
        let region = file.region(first).map(|region| (region.start, region.end));
        let is_fixed = object.is_none()
            && region.is_some_and(|(start, end)| {
                (end - first) / u64::from(step) < MOST as u64
                    && self.is_only_read((image, (start, end)))
            });
        let end = match object {
            Some(object) => object.address + object.size,
            None => region.map_or(first, |(_, end)| end),
        };
        let found: Vec<u64> = (first..end)
            .step_by(step as usize)
            .take(MOST)
            // Without symbols, a table that may change ends at the first word that is neither a function nor a small number.
            .take_while(|word| {
                object.is_some()
                    || is_fixed
                    || is_function(word)
                    || file.number(*word, 8).is_some_and(|number| number < 4096)
            })
            .collect();
        let tables = self.index.of(image, &file);
        let is_set = |word: &u64| is_function(word) || tables.stores.contains_key(word);
        let is_whole = object.is_some_and(|object| {
            (object.address..end)
                .step_by(8)
                .all(|word| !is_set(&word) || found.contains(&word))
                && found.iter().any(is_set)
        });
        let set: Vec<u64> = found.into_iter().filter(is_set).collect();
        for word in set {
            self.word(at, (image, word), how);
        }
        if !is_whole && !is_fixed {
            self.unresolved(at, "installs one of a table whose end is not known");
        }
    }

    /// Resolves the handler that a word of the file holds.
    pub(super) fn word(&mut self, at: Place, (image, word): Place, how: Installation) {
        let how = Installation {
            flags: self.flags_of_word((image, word), how.flags),
            ..how
        };
        let file = self.files.image(image);
        let settled = file.is_settled(word);
        match file.pointer(word) {
            Some(Slot::Here(target)) => self.address(at, (image, target), how),
            Some(Slot::Extern(name)) => self.outside(at, image, &name, how),
            Some(_) => self.unresolved(at, "installs what is chosen when the program starts"),
            None if settled => match file.number(word, 8) {
                Some(number) => self.address(at, (image, number), how),
                None => self.unresolved(at, "installs what the file does not say"),
            },
            None => {}
        }
        if !settled {
            self.words.push(((image, word), at, how));
        }
    }
}

/// Notes which function installs the handler, for which signal, and with which flags.
fn note(handler: &mut Handler, by: Place, how: Installation) {
    let flags = how.flags.known();
    handler.by.insert(by);
    handler.flags.insert(flags);
    let signal = known(how.signal);
    handler.more |= signal.is_none();
    handler.signals.extend(signal);
    handler.runs.insert((signal, flags));
}

fn known(signal: Signal) -> Option<i64> {
    match signal {
        Signal::Known(number) => Some(number),
        _ => None,
    }
}

pub(super) fn signal(value: &Value) -> Signal {
    match (value.base, value.exact()) {
        (Base::Num, Some(number)) => Signal::Known(number),
        (Base::Arg(n), Some(0)) => Signal::Argument(n),
        _ => Signal::Unknown,
    }
}
