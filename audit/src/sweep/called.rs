//! The effects of calls, as far as the sweep knows their arguments: stores, frees, opened descriptors and blocked signals.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::Tables;
use super::known::Known;
use super::parameter::ChangeKind;
use super::referred::Reference;
use crate::image::Image;
use crate::mask::{Signals, only};
use crate::state::ARGUMENTS;

/// Returns whether both addresses lead into one object; without symbols, whether they are near each other.
fn is_one_object(image: &Image, [one, other]: [Option<u64>; 2]) -> bool {
    const NEAR: u64 = 64;
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    let objects = [one, other].map(|at| image.object_at(at).map(|object| object.address));
    match objects {
        [Some(one), Some(other)] => one == other,
        _ => one.abs_diff(other) <= NEAR,
    }
}

impl Known {
    /// Notes the effects, such as stores and frees, of a call of a function known by name; `is_outer`: whether another file has the
    /// function.
    pub fn calls(
        &mut self,
        image: &Image,
        at: u64,
        (name, is_outer): (&str, bool),
        tables: &mut Tables,
    ) {
        const WORD: i64 = 8;
        const CLEARING: [&str; 4] = ["bzero", "explicit_bzero", "memset", "sigemptyset"];
        let plain = crate::libc::plain(name);
        for (argument, size) in super::stored::through(name, is_outer) {
            if let Some(place) = self.passes(ARGUMENTS[*argument])
                && size.is_none_or(|size| size > WORD)
            {
                let how = ChangeKind::Fills(size.map(i64::cast_unsigned));
                tables.note_change(image, self.function, at, place, how);
                if CLEARING.contains(&plain) {
                    tables.note_change(image, self.function, at, place, ChangeKind::Clears);
                }
            }
        }
        self.rewrites(image, at, plain, tables);
        self.gives_to(plain, tables);
        self.fills_set(plain, tables);
        self.opens(image, at, plain, tables);
        self.frees(image, at, plain, tables);
        if plain == "close" {
            for word in self.derived.first_passed() {
                tables.closed.entry(word).or_default().push(at);
            }
        }
        if plain == "syscall" {
            self.enters_kernel(tables);
        }
        // RTLD_DEFAULT: the program's own functions come first.
        self.returned = Reference::default();
        if plain == "dlsym"
            && self.first == Some(0)
            && !image.is_library
            && let Some(name) = self.lea[Register::RSI.number()]
        {
            let text = image.bytes(name).split(|byte| *byte == 0).next();
            let text = text.and_then(|text| std::str::from_utf8(text).ok());
            let address = text.and_then(|name| image.exports.get(name)).copied();
            self.returned = Reference::new(address);
        }
    }

    /// Notes a call that changes the order of an object's elements, or that copies a block back to where this function has copied
    /// it from.
    fn rewrites(&mut self, image: &Image, at: u64, plain: &str, tables: &mut Tables) {
        let [to, from] = [0, 1].map(|n| self.passes(ARGUMENTS[n]));
        let (to, from) = match plain {
            // The program may read back what it has written to a file.
            "pread" | "read" | "recv" => (from, None),
            "fwrite" => (None, to),
            _ => (to, from),
        };
        let size = match plain {
            "memfrob" => self.second,
            "qsort" | "qsort_r" => self.second.zip(self.third).map(|(n, width)| n * width),
            "bzero" | "explicit_bzero" | "fread" | "memset" | "pread" | "read" | "recv"
                if self.has_copied(to) =>
            {
                None
            }
            "fwrite" | "pwrite" | "send" | "write" => {
                self.copied.extend(from);
                return;
            }
            "memcpy" | "memmove" | "mempcpy" => {
                self.copies(image, at, (to, from), self.third, tables);
                return;
            }
            _ => return,
        };
        if let Some(to) = to {
            tables.note_change(image, self.function, at, to, ChangeKind::Rewrites(size));
        }
    }

    /// Notes a copy of a block; its bytes are unknown if they are `None`.
    pub(super) fn copies(
        &mut self,
        image: &Image,
        at: u64,
        (to, from): (Option<u64>, Option<u64>),
        size: Option<u64>,
        tables: &mut Tables,
    ) {
        self.copied.extend(from);
        let within = [0, 1].map(|n| self.within[ARGUMENTS[n]]);
        let mut objects = within
            .iter()
            .flatten()
            .filter_map(|at| image.object_at(*at));
        let object = objects.next().map(|object| object.address);
        let table = to.or(object).or(within[0]);
        let size = size.filter(|_| to.is_some());
        if let Some(to) = table.filter(|_| self.has_copied(to) || is_one_object(image, within)) {
            tables.note_change(image, self.function, at, to, ChangeKind::Rewrites(size));
        }
        if let (Some(to), Some(from)) = (to, from)
            && image.is_writable(to)
            && image.is_writable(from)
        {
            tables.copies.entry(to).or_default().push((from, at));
        }
    }

    /// Returns whether a call has copied from the object before.
    fn has_copied(&self, object: Option<u64>) -> bool {
        object.is_some_and(|object| self.copied.contains(&object))
    }

    /// Notes a call of `syscall`.
    fn enters_kernel(&self, tables: &mut Tables) {
        const RT_SIGPROCMASK: u64 = 14;
        tables.blocks_by_number |= self.first.is_none_or(|number| number == RT_SIGPROCMASK);
    }

    /// Follows the address of `syscall` in a register, for example in a loop that waits for a lock.
    pub fn keeps_syscall(&mut self, i: &Instruction, is_loaded: bool, tables: &mut Tables) {
        let register = i.op0_register();
        if i.op_count() == 0 || i.op0_kind() != OpKind::Register || !register.is_gpr64() {
            return;
        }
        let number = register.number();
        if i.flow_control() != FlowControl::Next {
            if self.syscall & 1 << number != 0 {
                self.enters_kernel(tables);
            }
        } else if is_loaded {
            self.syscall |= 1 << number;
        }
    }

    /// Notes the known address that a call returned, and forgets the constants of its arguments.
    pub fn returns(&mut self) {
        self.first = None;
        self.second = None;
        self.third = None;
        let returned = std::mem::take(&mut self.returned);
        returned.goes_to(Register::RAX, self);
    }

    /// Notes a constant that the instruction puts into the register of one of a call's first three arguments.
    pub fn counts(&mut self, i: &Instruction) {
        let to = i.op0_register().full_register();
        if i.op_count() == 0 || i.op0_kind() != OpKind::Register {
            return;
        }
        let known = match to {
            Register::RDI => &mut self.first,
            Register::RSI => &mut self.second,
            Register::RDX => &mut self.third,
            _ => return,
        };
        *known = match i.mnemonic() {
            Mnemonic::Mov => i.try_immediate(1).ok(),
            Mnemonic::Xor if i.op1_kind() == OpKind::Register => {
                (i.op0_register() == i.op1_register()).then_some(0)
            }
            Mnemonic::Cmp | Mnemonic::Test => *known,
            _ => None,
        };
    }

    /// Notes the signals that a call puts into a signal set of the file, or that the call only uses the set.
    fn fills_set(&self, plain: &str, tables: &mut Tables) {
        let added = match plain {
            "sigemptyset" | "sigdelset" => 0,
            "sigfillset" => Signals::MAX,
            "sigaddset" => {
                let signal = self.second.map(|n| only(n.cast_signed()));
                signal.unwrap_or(Signals::MAX)
            }
            "sigprocmask" | "pthread_sigmask" => {
                if let Some(set) = self.lea[Register::RSI.number()] {
                    tables.sets.entry(set).or_default().1 += 1;
                }
                return;
            }
            _ => return,
        };
        match self.lea[Register::RDI.number()] {
            Some(set) => {
                let (signals, uses) = tables.sets.entry(set).or_default();
                *signals |= added;
                *uses += 1;
            }
            // The call may fill any set, for example if a register keeps the address over a jump.
            None => tables.fills_unknown_set |= added != 0,
        }
    }

    /// Notes a call that makes a pipe or a pair of sockets, or that may make a descriptor non-blocking.
    fn opens(&self, image: &Image, at: u64, plain: &str, tables: &mut Tables) {
        // `mov $F_SETFL, %esi`, which comes shortly before the call.
        const SETS_FLAGS: [u8; 5] = [0xbe, 4, 0, 0, 0];
        const NEAR: u64 = 32;
        const SOCKET: u64 = 4;
        let place = |argument: usize| self.lea[ARGUMENTS[argument]];
        match plain {
            "pipe" => tables.channels.extend(place(0)),
            "socketpair" => {
                let ends = place(3).map(|first| [first, first + SOCKET]);
                tables.channels.extend(ends.into_iter().flatten());
            }
            "ioctl" => tables.unblocks |= !image.is_static,
            "fcntl" => {
                let before = image.bytes(at.saturating_sub(NEAR));
                let before = &before[..before.len().min(NEAR as usize)];
                tables.unblocks |= before.windows(5).any(|code| code == SETS_FLAGS);
            }
            _ => {}
        }
    }

    fn frees(&self, image: &Image, at: u64, plain: &str, tables: &mut Tables) {
        const FREE: [&str; 10] = [
            "_ZdaPv",
            "_ZdaPvm",
            "_ZdlPv",
            "_ZdlPvm",
            "fclose",
            "free",
            "munmap",
            "pthread_join",
            "realloc",
            "reallocarray",
        ];
        // Functions that may replace the block to which the word at their first argument points.
        const REPLACE: [&str; 3] = ["__getdelim", "getdelim", "getline"];
        let first = Register::RDI.number();
        if REPLACE.contains(&plain)
            && let Some(word) = self.lea[first]
        {
            tables.freed.entry(word).or_default().push(at);
        }
        if !FREE.contains(&plain) {
            return;
        }
        if let Some(word) = self.holder(image, at, first) {
            tables.freed.entry(word).or_default().push(at);
        } else if let Some(argument) = self.arguments[first] {
            tables.frees.push((self.function, argument));
        }
    }
}
