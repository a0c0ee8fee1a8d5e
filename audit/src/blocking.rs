//! Calls that may wait without a time limit for an action of the interrupted program.

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::Image;
use crate::races::{Coming, Who, needs_only_libc};
use crate::value::Value;

/// Functions after which a pipe may have another writer: a child, a thread, or a process that is sent its descriptor.
const SHARE: [&str; 12] = [
    "__clone",
    "clone",
    "dlopen",
    "fork",
    "forkpty",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "pthread_create",
    "sendmsg",
    "syscall",
    "vfork",
];

/// The number of bytes of a descriptor.
const DESCRIPTOR: u64 = 4;

/// Names the event that a function may wait for without a time limit.
enum For {
    Data,
    Child,
}

/// Returns the event that a call waits for, unless its arguments keep it from waiting.
fn waits_for(name: &str, arguments: &[Value; 6]) -> Option<For> {
    const MSG_DONTWAIT: i64 = 0x40;
    const WNOHANG: i64 = 1;
    let lacks = |n: usize, flag: i64| arguments[n].number().is_some_and(|all| all & flag == 0);
    let is_for_ever = match name {
        "accept" | "read" => true,
        "recv" | "recvfrom" => lacks(3, MSG_DONTWAIT),
        "recvmsg" => lacks(2, MSG_DONTWAIT),
        // The limit is an int: the upper half of the register is not part of it.
        "poll" => arguments[2]
            .number()
            .is_some_and(|limit| (limit as i32) < 0),
        "pselect" | "select" => arguments[4].number() == Some(0),
        "wait" => return Some(For::Child),
        "waitpid" => return lacks(2, WNOHANG).then_some(For::Child),
        _ => false,
    };
    is_for_ever.then_some(For::Data)
}

impl Explorer<'_> {
    /// Reports a call that may wait for ever. The finding is a doubt or a fault if the handler uses a pipe that the program itself
    /// made, otherwise a note.
    pub fn waits(&mut self, frame: &mut Frame, at: u64, name: &str, arguments: &[Value; 6]) {
        if name == "write" {
            self.fills_pipe(frame, at, &arguments[2]);
        }
        if matches!(name, "write" | "writev" | "send" | "sendto") {
            self.uses_closed(frame, at, name);
        }
        let waited = match waits_for(name, arguments) {
            Some(For::Child) => "a child",
            Some(For::Data) => "data",
            None => return,
        };
        let why = format!("calls {name}, which may wait for {waited} without a time limit");
        let note = Finding::new(Kind::Wait, Weight::Note, at, &*why);
        let loads: Vec<(u16, u64)> = self
            .loads
            .keys()
            .map(|(of, word, _)| (*of, *word))
            .collect();
        let own = loads.into_iter().find(|(of, word)| {
            let file = self.files.image(*of);
            waited == "data" && self.index.of(*of, &file).is_own_channel(*word)
        });
        let Some((of, word)) = own else {
            frame.add(note);
            return;
        };
        let file = self.files.image(of);
        let place = file.place(word);
        let is_certain = match name {
            "poll" => arguments[1].number() == Some(1),
            "pselect" | "select" => false,
            _ => arguments[0].number().is_none(),
        } && self.is_alone(of, &file, at);
        let (weight, whose) = match is_certain {
            true => (Weight::Fault, "only what it interrupted writes there"),
            false => (
                Weight::Doubt,
                "what it interrupted may be the only one to write there",
            ),
        };
        let why = format!("{why}; the program made {place}, and {whose}");
        let finding = Finding::new(Kind::Wait, weight, at, why);
        frame.add(finding.or("a descriptor that does not block (O_NONBLOCK), or a time limit"));
    }

    /// Reports a call that may use a descriptor which the program has closed, and whose word it has not yet given another value: the
    /// number may belong to another file meanwhile.
    fn uses_closed(&mut self, frame: &mut Frame, at: u64, name: &str) {
        let loads = self.loads.keys();
        let words: Vec<(u16, u64)> = loads
            .filter(|(.., width)| *width == DESCRIPTOR)
            .map(|(of, word, _)| (*of, *word))
            .collect();
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        let found = words.into_iter().find_map(|(of, word)| {
            let file = self.files.image(of);
            let tables = self.index.of(of, &file);
            let closed = tables.closed.get(&word)?.clone();
            let stores = tables.writes.get(&word)?.clone();
            let loads: Vec<u64> = tables.touching(word, word).map(|(_, by)| by).collect();
            let loads: Vec<u64> = loads
                .into_iter()
                .filter(|by| !stores.contains(by))
                .collect();
            let mut closed = closed.into_iter().filter(|close| {
                let after = crate::races::decoded(&file, *close).next_ip();
                let mut stores = stores.iter();
                stores.any(|store| crate::reach::surely_leads(&file, after, *store, &loads))
            });
            let close = closed.find(|close| {
                let who = self.index.who(of, &file, *close, &coming);
                who == Some(Who::Program)
            })?;
            Some((file.place(word), close))
        });
        if let Some((place, close)) = found {
            let why = format!(
                "calls {name} with the descriptor in {place}, which the program closes at {close:#x} before it stores another there"
            );
            let remedy = "signals that are blocked meanwhile, or dup2 onto the same descriptor";
            frame.doubt(Kind::Call, at, why, remedy);
        }
    }

    /// Reports a block that the handler writes to a pipe, if only the interrupted code can read from it: once the pipe is full, the
    /// handler waits for ever. A pipe takes thousands of short records, such as the signal's number, so they are not reported.
    fn fills_pipe(&mut self, frame: &mut Frame, at: u64, length: &Value) {
        const SHORT: i64 = 16;
        if length.number().is_some_and(|length| length <= SHORT) {
            return;
        }
        let loads = self.loads.keys().map(|(of, word, _)| (*of, *word));
        let loads: Vec<(u16, u64)> = loads.collect();
        let own = loads.into_iter().find(|(of, word)| {
            let file = self.files.image(*of);
            let tables = self.index.of(*of, &file);
            tables.is_own_channel(word.wrapping_sub(DESCRIPTOR))
                && needs_only_libc(&file)
                && !tables.calls_of(&file, &["read"]).is_empty()
                && tables.calls_of(&file, &SHARE).is_empty()
        });
        if let Some((of, word)) = own {
            let why = format!(
                "calls write, which waits when the pipe is full; the program made {}, and only what is interrupted reads there",
                self.files.image(of).place(word)
            );
            frame.doubt(
                Kind::Wait,
                at,
                why,
                "a descriptor that does not block (O_NONBLOCK)",
            );
        }
    }

    /// Returns whether only the interrupted code writes to the program's own pipes. The handler is the only one, has loaded no
    /// other descriptors and has written nothing yet; no other thread or process writes there.
    fn is_alone(&mut self, number: u16, file: &Image, at: u64) -> bool {
        const WRITE: [&str; 4] = ["send", "sendto", "write", "writev"];
        let is_single = self.index.handlers.len() == 1;
        let tables = self.index.of(number, file);
        let is_channel = |(of, word, width): &(u16, u64, u64)| {
            *width != DESCRIPTOR || *of == number && tables.is_own_channel(*word)
        };
        let writes = tables.calls_of(file, &WRITE);
        let precedes = |write: &u64| match file.function_at(*write) {
            Some((start, end)) if (start..end).contains(&at) => {
                crate::reach::leads(file, *write, at)
            }
            Some((start, _)) => self.contexts.contains_key(&(number, start)),
            None => true,
        };
        is_single
            && self.loads.keys().all(is_channel)
            && !writes.iter().any(precedes)
            && needs_only_libc(file)
            && tables.calls_of(file, &SHARE).is_empty()
    }
}
