//! Calls that may wait without a time limit for an action of the interrupted program.

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::Image;
use crate::races::needs_only_libc;
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

    /// Returns whether only the interrupted code writes to the program's own pipes. The handler is the only one, has loaded no
    /// other descriptors and has written nothing yet; no other thread or process writes there.
    fn is_alone(&mut self, number: u16, file: &Image, at: u64) -> bool {
        const WRITE: [&str; 4] = ["send", "sendto", "write", "writev"];
        const DESCRIPTOR: u64 = 4;
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
