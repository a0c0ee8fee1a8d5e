//! Texts and blocks that a handler gives to functions of the C library to read: the program may be changing them, or has freed
//! them.

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::state::State;
use crate::value::{Base, Value};

/// Returns the arguments that are texts or paths, other than those of functions on memory and text.
fn texts(name: &str) -> &'static [usize] {
    match name {
        "access" | "chdir" | "chmod" | "chown" | "creat" | "execle" | "execv" | "execve"
        | "lstat" | "mkdir" | "mkfifo" | "mknod" | "open" | "readlink" | "rmdir" | "stat"
        | "truncate" | "unlink" | "utime" | "utimes" => &[0],
        "execl" | "link" | "rename" | "symlink" => &[0, 1],
        "faccessat" | "fchmodat" | "fchownat" | "fstatat" | "mkdirat" | "mkfifoat" | "mknodat"
        | "openat" | "readlinkat" | "unlinkat" | "utimensat" => &[1],
        "linkat" | "renameat" => &[1, 3],
        "symlinkat" => &[0, 2],
        _ => &[],
    }
}

/// Returns the arguments that are structures which the kernel reads, each with its bytes; `None`: up to the object's end.
fn structures(name: &str) -> &'static [(usize, Option<i64>)] {
    match name {
        "bind" | "connect" | "execv" | "execve" | "sendmsg" | "writev" => &[(1, None)],
        "sendto" => &[(4, None)],
        "tcsetattr" => &[(2, Some(60))],
        "timer_settime" => &[(2, Some(32))],
        _ => &[],
    }
}

/// Returns the function of a system call that reads a text or a block.
pub fn of_system_call(number: i64) -> &'static str {
    const CALLS: [(i64, &str); 18] = [
        (1, "write"),
        (2, "open"),
        (4, "stat"),
        (6, "lstat"),
        (21, "access"),
        (44, "sendto"),
        (59, "execve"),
        (76, "truncate"),
        (80, "chdir"),
        (82, "rename"),
        (83, "mkdir"),
        (84, "rmdir"),
        (86, "link"),
        (87, "unlink"),
        (88, "symlink"),
        (90, "chmod"),
        (257, "openat"),
        (263, "unlinkat"),
    ];
    let known = CALLS.iter().find(|(of, _)| *of == number);
    known.map_or("", |(_, name)| name)
}

impl Explorer<'_> {
    /// Checks the texts and blocks that a function is given to read.
    pub fn gives(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        arguments: &[Value],
        state: &State,
    ) {
        const MOST: i64 = 16;
        self.passes_pointers(frame, at, name, arguments, state);
        if let ("write" | "send" | "sendto" | "pwrite", [_, block, length, ..]) = (name, arguments)
        {
            self.note_block(frame, at, block, length.number());
            self.sent(frame, at, name, block);
        }
        for (structure, length) in structures(name) {
            if let Some(structure) = arguments.get(*structure) {
                self.note_block(frame, at, structure, *length);
            }
        }
        for text in texts(name).iter().filter_map(|n| arguments.get(*n)) {
            self.note_block(frame, at, text, None);
            self.sent(frame, at, name, text);
            self.reads_text(frame, at, name, text, state);
        }
        if let ("pthread_kill", [thread, ..]) = (name, arguments) {
            self.sent(frame, at, name, thread);
        }
        if let ("execv" | "execve", [_, words, ..]) = (name, arguments)
            && let (Base::Stack, Some(first)) = (words.base, words.exact())
        {
            let words = (0..MOST)
                .map(|n| state.load_slot(&Value::at(Base::Stack, first.saturating_add(8 * n)), 8));
            for text in words.take_while(|word| word.number() != Some(0)) {
                self.sent(frame, at, name, &text);
            }
        }
    }

    /// Reports a pointer to the handler's frame, the siginfo or the ucontext that is written to a descriptor or sent with a signal.
    /// The receiver may follow the pointer after the handler has returned.
    fn passes_pointers(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        arguments: &[Value],
        state: &State,
    ) {
        const POINTER: u8 = 8;
        let of = |value: &Value| match value.base {
            Base::Stack => Some("a frame of the handler"),
            Base::Siginfo => Some("the siginfo"),
            Base::Context => Some("the ucontext"),
            _ => None,
        };
        let found = match (name, arguments) {
            ("write" | "send" | "sendto" | "pwrite", [_, block, length, ..]) => {
                let bounds = block.exact().filter(|_| block.base == Base::Stack);
                let bounds = bounds.zip(length.number().filter(|length| *length > 0));
                bounds.and_then(|(from, length)| {
                    let slots = state.slots.range(from..from.saturating_add(length));
                    let mut pointers = slots.filter(|(_, (width, _))| *width == POINTER);
                    pointers.find_map(|(_, (_, value))| of(value))
                })
            }
            ("sigqueue", [_, _, value, ..]) => of(value),
            _ => None,
        };
        if let Some(of) = found {
            let why = format!(
                "calls {name} with a pointer into {of}: it is not valid after the handler has returned"
            );
            frame.doubt(Kind::Escape, at, why, "a copy of what it points to");
        }
    }

    /// Checks a text or block that a function is given to read, which the program may have freed.
    pub fn sent(&mut self, frame: &mut Frame, at: u64, name: &str, from: &Value) {
        let (Base::Static(image, word) | Base::NotNull(image, word)) = from.base else {
            return;
        };
        if self.watch.is_some() {
            return;
        }
        if let Some((site, is_certain)) = self.frees((image, word)) {
            let is_thread = name == "pthread_kill";
            let weight = if is_certain && !is_thread {
                Weight::Fault
            } else {
                Weight::Doubt
            };
            let place = self.files.image(image).place(word);
            let why = match is_thread {
                true => format!(
                    "calls {name} with the thread in {place}, which may have ended: the program waits for its end, at {site:#x}"
                ),
                false => format!(
                    "calls {name} with what {place} points to, while the program may have freed it, at {site:#x}"
                ),
            };
            let finding = Finding::new(Kind::Read, weight, at, why);
            frame.add(finding.or("signals that are blocked while it is freed and replaced"));
        }
    }
}
