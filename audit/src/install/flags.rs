//! The flags that a handler is installed with, and which of their bits are known.

use std::collections::{BTreeSet, HashSet};

use super::{Finder, Place};
use crate::explore::Watch;
use crate::libc;
use crate::mask::Signals;
use crate::state::State;
use crate::value::{Base, Value};

pub const SA_SIGINFO: u32 = 0x4;
pub const SA_ONSTACK: u32 = 0x0800_0000;
const SA_RESTART: u32 = 0x1000_0000;
pub const SA_NODEFER: u32 = 0x4000_0000;
pub const SA_RESETHAND: u32 = 0x8000_0000;

/// The names of the flags that a report shows.
const NAMES: [(u32, &str); 7] = [
    (0x1, "SA_NOCLDSTOP"),
    (0x2, "SA_NOCLDWAIT"),
    (SA_SIGINFO, "SA_SIGINFO"),
    (SA_ONSTACK, "SA_ONSTACK"),
    (SA_RESTART, "SA_RESTART"),
    (SA_NODEFER, "SA_NODEFER"),
    (SA_RESETHAND, "SA_RESETHAND"),
];

/// Holds the flags that are always set and the flags that may be set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionFlags {
    always: u32,
    ever: u32,
    /// The signals that the mask always blocks while the handler runs, and, in `masks_ever`, the signals that it may block. The
    /// handler's own signal is left out.
    masks_always: Signals,
    masks_ever: Signals,
}

impl ActionFlags {
    pub const UNKNOWN: Self = Self {
        always: 0,
        ever: u32::MAX,
        masks_always: 0,
        masks_ever: Signals::MAX,
    };

    pub const fn exactly(bits: u32) -> Self {
        Self {
            always: bits,
            ever: bits,
            ..Self::UNKNOWN
        }
    }

    /// Returns the flags that a value always sets and may set.
    pub fn of(value: &Value) -> Self {
        if value.base != Base::Num {
            return Self::UNKNOWN;
        }
        let few = value.all().filter(|all| all.len() <= 32);
        if let Some(all) = few.filter(|all| !all.is_empty()) {
            let bits = || all.iter().map(|one| one.cast_unsigned() as u32);
            return Self {
                always: bits().fold(u32::MAX, |a, b| a & b),
                ever: bits().fold(0, |a, b| a | b),
                ..Self::UNKNOWN
            };
        }
        match u32::try_from(value.hi) {
            Ok(hi) if value.lo >= 0 => Self {
                always: 0,
                ever: u32::MAX >> hi.leading_zeros(),
                ..Self::UNKNOWN
            },
            _ => Self::UNKNOWN,
        }
    }

    /// Returns the same flags with `bits` set.
    const fn with(self, bits: u32) -> Self {
        Self {
            always: self.always | bits,
            ever: self.ever | bits,
            ..self
        }
    }

    pub fn or(self, other: Self) -> Self {
        Self {
            always: self.always & other.always,
            ever: self.ever | other.ever,
            masks_always: self.masks_always & other.masks_always,
            masks_ever: self.masks_ever | other.masks_ever,
        }
    }

    pub const fn has(self, flag: u32) -> bool {
        self.always & flag != 0
    }

    pub const fn may_have(self, flag: u32) -> bool {
        self.ever & flag != 0
    }

    /// Returns the flags that glibc gives to the kernel for a function that takes no `struct sigaction`.
    pub fn of_function(name: &str) -> Self {
        let flags = Self::exactly(match name {
            "sysv_signal" | "__sysv_signal" => SA_RESETHAND | SA_NODEFER,
            "sigset" | "__sigset" => 0,
            _ => SA_RESTART,
        });
        flags.masking(Some(0))
    }

    /// Returns the same flags with a mask of `signals`; `None`: the mask is not known.
    pub fn masking(self, signals: Option<Signals>) -> Self {
        Self {
            masks_always: signals.unwrap_or(0),
            masks_ever: signals.unwrap_or(Signals::MAX),
            ..self
        }
    }

    /// Returns whether the signal is blocked while the handler runs, or `None` if that is not known. A `signal` of `None` may be
    /// any signal.
    pub const fn masks(self, signal: Option<i64>) -> Option<bool> {
        let Some(signal) = signal else {
            return if self.masks_always == Signals::MAX {
                Some(true)
            } else {
                None
            };
        };
        let signal = crate::mask::only(signal);
        if self.masks_always & signal != 0 {
            return Some(true);
        }
        if self.masks_ever & signal == 0 {
            return Some(false);
        }
        None
    }
}

impl std::fmt::Display for ActionFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let set = NAMES.iter().filter(|(bit, _)| self.has(*bit));
        let mut names: Vec<&str> = set.map(|(_, name)| *name).collect();
        if self.always != self.ever {
            names.push("flags that are not known");
        } else if names.is_empty() {
            names.push("no flags");
        }
        f.write_str(&names.join("|"))
    }
}

/// Says where a handler's flags are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlagsAt {
    Known(ActionFlags),
    /// The function's argument of that number, with these bits set.
    Argument(u8, u32),
    /// A word that many bytes behind the handler.
    Behind(i32),
}

impl FlagsAt {
    /// Returns where the flags are in the arguments of the function `name`.
    pub fn of_function(name: &str) -> Self {
        // `sa_flags` follows a mask of 128 bytes.
        const IN_STRUCT: i32 = 136;
        if libc::takes_struct(name) {
            Self::Behind(IN_STRUCT)
        } else {
            Self::Known(ActionFlags::of_function(name))
        }
    }

    /// The distance in bytes from the handler to its flags in the kernel's structure.
    const KERNELS: i32 = 8;

    /// Returns where the flags are in the kernel's structure.
    pub const fn in_kernel() -> Self {
        Self::Behind(Self::KERNELS)
    }

    /// Returns the flags and the mask that the stack holds for a handler at `handler`.
    pub fn on_stack(self, state: &State, handler: &Value) -> Self {
        match self {
            Self::Behind(distance) => {
                let flags = state.load_slot(&handler.moved(distance.into()), 4);
                // The mask follows the handler, or in the kernel's structure the flags and a restorer.
                let mask = if distance == Self::KERNELS { 24 } else { 8 };
                let mask = state.load_slot(&handler.moved(mask), 8);
                match Self::in_value(&flags) {
                    Self::Known(flags) => {
                        let signals = mask.number().map(i64::cast_unsigned);
                        Self::Known(flags.masking(signals))
                    }
                    other => other,
                }
            }
            known => known,
        }
    }

    pub fn in_value(value: &Value) -> Self {
        match value.base {
            Base::Arg(n) if value.exact() == Some(0) => Self::Argument(n, 0),
            Base::Marked(n, bits) => Self::Argument(n, bits),
            _ => Self::Known(ActionFlags::of(value)),
        }
    }

    /// Returns the same flags with `bits` set; flags behind a handler stay as they are.
    pub const fn with(self, bits: u32) -> Self {
        match self {
            Self::Known(flags) => Self::Known(flags.with(bits)),
            Self::Argument(n, own) => Self::Argument(n, own | bits),
            behind => behind,
        }
    }

    pub const fn known(self) -> ActionFlags {
        match self {
            Self::Known(flags) => flags,
            Self::Argument(_, bits) => ActionFlags::UNKNOWN.with(bits),
            _ => ActionFlags::UNKNOWN,
        }
    }
}

impl Finder<'_> {
    /// Returns the flags behind a handler that is a word of a file: the flags in the file, or the flags that instructions store
    /// there.
    pub(super) fn flags_of_word(&mut self, (image, handler): Place, at: FlagsAt) -> FlagsAt {
        let FlagsAt::Behind(distance) = at else {
            return at;
        };
        let place = handler.wrapping_add_signed(distance.into());
        let mask = match distance {
            FlagsAt::KERNELS => handler.wrapping_add(24),
            _ => handler.wrapping_add(8),
        };
        let flags = self.flags_in_file((image, place));
        FlagsAt::Known(flags.masking(self.mask_in_file((image, mask))))
    }

    /// Returns the mask that a word of a file holds, if nothing is seen to change it.
    fn mask_in_file(&mut self, (image, place): Place) -> Option<Signals> {
        let file = self.files.image(image);
        let object = self.extent((image, place));
        let is_exported = file
            .exports
            .values()
            .any(|at| (object.0..object.1).contains(at));
        let is_fixed = file.is_settled(place)
            || !is_exported
                && self.is_only_read((image, object))
                && !self.index.is_stored(image, &file, place);
        file.number(place, 8).filter(|_| is_fixed)
    }

    fn flags_in_file(&mut self, (image, place): Place) -> ActionFlags {
        let file = self.files.image(image);
        let first = file.number(place, 4).map_or(ActionFlags::UNKNOWN, |bits| {
            ActionFlags::exactly(bits as u32)
        });
        if file.is_settled(place) {
            return first;
        }
        let object = self.extent((image, place));
        let is_exported = file
            .exports
            .values()
            .any(|at| (object.0..object.1).contains(at));
        if is_exported || !self.is_only_read((image, object)) {
            return ActionFlags::UNKNOWN;
        }
        let tables = self.index.of(image, &file);
        let Some(sites) = tables.stores.get(&place).cloned() else {
            return first;
        };
        let functions: BTreeSet<Place> = sites
            .iter()
            .map(|(at, _)| self.start_of((image, *at)))
            .collect();
        let mut all: Option<ActionFlags> = None;
        for function in functions {
            let (watch, is_whole) = self.explore_whole(function, || Watch {
                stores: HashSet::from([place]),
                ..Watch::default()
            });
            if watch.stored.is_empty() || !is_whole {
                return ActionFlags::UNKNOWN;
            }
            for (_, _, value) in &watch.stored {
                let flags = ActionFlags::of(value);
                all = Some(all.map_or(flags, |all| all.or(flags)));
            }
        }
        all.unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_says_which_flags_are_always_set_and_which_may_be() {
        let one = ActionFlags::of(&Value::num(0x1000_0004));
        assert!(one.has(SA_SIGINFO) && !one.may_have(SA_NODEFER));
        let two = ActionFlags::of(&Value::one_of(Base::Num, vec![4, 0x1000_0004]));
        assert!(two.has(SA_SIGINFO) && !two.has(SA_RESTART) && two.may_have(SA_RESTART));
        let small = ActionFlags::of(&Value::range(0, 0xffff));
        assert!(small.may_have(SA_SIGINFO) && !small.has(SA_SIGINFO));
        assert!(!small.may_have(SA_NODEFER));
        assert!(ActionFlags::of(&Value::UNKNOWN).may_have(SA_NODEFER));
        assert_eq!(one.to_string(), "SA_SIGINFO|SA_RESTART");
        assert_eq!(two.to_string(), "SA_SIGINFO|flags that are not known");
        assert_eq!(ActionFlags::exactly(0).to_string(), "no flags");
    }
}
