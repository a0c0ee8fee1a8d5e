//! Calls of the C library and of the kernel: whether a handler may make them, and what they leave.

use crate::explore::{Explorer, Frame, stack_top};
use crate::finding::{Finding, Kind, Weight};
use crate::image::{Image, Slot};
use crate::libc;
use crate::state::{ARGUMENTS, Errno, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Whether control comes back from a function of the C library, and what it leaves.
    pub fn libc(&mut self, frame: &mut Frame, at: u64, name: &str, state: &mut State) -> bool {
        let plain = libc::plain(name).to_owned();
        let is_allowed =
            self.allow.citation(&plain).is_some() || self.allow.citation(name).is_some();
        let first = state.registers[ARGUMENTS[0]].clone();
        let mut value = Value::UNKNOWN;
        match &*plain {
            "__errno_location" => value = Value::at(Base::Errno, 0),
            "__stack_chk_fail" | "__fortify_fail" | "__chk_fail" => {}
            "syscall" => {
                let operation = state.registers[ARGUMENTS[2]].clone();
                self.system_call(frame, at, &first, &operation);
                value = Value::range(-1, i64::MAX);
            }
            "__tls_get_addr" => frame.doubt(
                Kind::ThreadLocal,
                at,
                "calls __tls_get_addr, which may allocate",
                "-ftls-model=initial-exec",
            ),
            _ if libc::installs(name) => value = Value::at(Base::Before, 0),
            "fork" if registers_atfork(&frame.image) => frame.add(Finding {
                kind: Kind::Call,
                weight: Weight::Fault,
                at,
                why: "calls fork, which runs what the program gave to pthread_atfork".into(),
                reaches: Some(plain.clone()),
                remedy: None,
            }),
            _ if is_allowed => self.memory_of(frame, at, &plain, state),
            _ => {
                let is_thin = libc::is_thin(&plain);
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
                frame.add(Finding {
                    kind: Kind::Call,
                    weight: if is_thin { Weight::Doubt } else { Weight::Fault },
                    at,
                    why,
                    reaches: Some(crate::names::pretty(name)),
                    remedy: is_thin.then(|| format!("a line for {plain} in a list given by --allow, with who says that it is safe")),
                });
            }
        }
        if libc::changes_errno(&plain) && !libc::never_returns(name) {
            state.errno = Errno::Changed;
            frame.errno_cause.get_or_insert_with(|| (at, plain.clone()));
        }
        let copied = if matches!(&*plain, "memcpy" | "memmove") {
            let [to, from, length] = [0, 1, 2].map(|n| state.registers[ARGUMENTS[n]].clone());
            self.copied_words(frame, &to, &from, &length, state)
        } else {
            Vec::new()
        };
        for &(argument, size) in libc::writes_through(&plain) {
            let pointer = &state.registers[ARGUMENTS[argument]];
            if pointer.base == Base::Stack {
                let size = size
                    .or_else(|| self.length(&plain, state))
                    .unwrap_or(i64::MAX / 4);
                let (lo, hi) = (pointer.lo, pointer.hi.saturating_add(size));
                state.forget(lo, hi);
                frame.clobber(lo, hi);
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
        if plain == "memset"
            && let (Some(to), Some(0), Some(n)) = (
                (first.base == Base::Stack).then(|| first.exact()).flatten(),
                state.registers[ARGUMENTS[1]].number(),
                state.registers[ARGUMENTS[2]].number(),
            )
            && n <= 4096
        {
            for offset in (0..n).step_by(8) {
                state.put_slot(to + offset, 8, Value::num(0));
            }
        }
        if matches!(
            &*plain,
            "memcpy" | "memset" | "memmove" | "strcpy" | "strncpy"
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

    fn length(&self, name: &str, state: &State) -> Option<i64> {
        let argument = if matches!(name, "snprintf" | "poll") {
            1
        } else {
            2
        };
        let value = &state.registers[ARGUMENTS[argument]];
        (value.base == Base::Num && value.lo >= 0 && value.hi < 1 << 32).then_some(value.hi)
    }

    /// The pointers that functions on memory and text go through.
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
                | "wmemset"
        );
        let size = if name.starts_with("mem") {
            self.length(name, state)
        } else {
            Some(1)
        };
        if matches!(name, "memcpy" | "memmove" | "memset" | "mempcpy") {
            let to = state.registers[ARGUMENTS[0]].clone();
            // A call copies texts as well as structures, so it stays an open question.
            self.stores_block(frame, at, &to, &state.registers[ARGUMENTS[2]], true);
        }
        for (argument, writes) in [(0, writes), (1, false)] {
            if argument == 1 && !both {
                continue;
            }
            let pointer = state.registers[ARGUMENTS[argument]].clone();
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

    /// A system call by number. `second`: its second argument.
    pub fn system_call(&mut self, frame: &mut Frame, at: u64, number: &Value, second: &Value) {
        const PRIVATE_OR_CLOCK: i64 = 128 | 256;
        let is_wake = second
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
            Some(202) if !is_wake => frame.find(
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

/// Whether the file gives functions to be run by `fork`.
fn registers_atfork(image: &Image) -> bool {
    image.slots.values().any(|slot| {
        matches!(slot, Slot::Extern(name) if matches!(&*name.name, "__register_atfork" | "pthread_atfork"))
    })
}
