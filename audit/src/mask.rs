//! The effects of calls on the set of blocked signals, and the signals that a set contains.

use crate::explore::Explorer;
use crate::frame::Frame;
use crate::hash::Set;
use crate::image::Image;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

/// Holds a set of signals: the lowest bit stands for signal 1.
pub type Signals = u64;

/// Describes the effect of a call on the set of blocked signals. An unknown set is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaskChange {
    Blocks(Option<Signals>),
    Unblocks(Option<Signals>),
    /// Replaces the set of blocked signals; the second field is the place of the new set.
    Sets(Option<Signals>, Option<SetPlace>),
    /// Waits with this set, and then restores the previous set.
    Waits(Option<Signals>),
}

/// Identifies a set by its file, the start of the function whose frame holds it, and its offset. A set in data of the file has 0 as
/// the function, and its address as the offset.
pub type SetPlace = (u16, u64, i64);

/// Holds the places to which calls save the previously blocked set.
pub type Saved = Set<SetPlace>;

/// Describes the effect of a call on the code after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// The signals are blocked after the call.
    Begins,
    /// The signals may come again after the call.
    Ends,
}

/// Returns the set that contains only this signal.
pub const fn only(signal: i64) -> Signals {
    match signal {
        1..=64 => 1 << (signal - 1),
        _ => 0,
    }
}

impl MaskChange {
    /// Returns the effect of the call on code that these signals must not interrupt. An empty set means that the signals are
    /// unknown.
    ///
    /// An unknown set, for example a set that another function builds, is assumed to be the right set.
    pub fn guard(self, signals: Signals, saved: &Saved) -> Option<Guard> {
        let has_all = |set: Signals| set != 0 && signals & !set == 0;
        match self {
            Self::Blocks(None) => Some(Guard::Begins),
            Self::Blocks(Some(set)) => has_all(set).then_some(Guard::Begins),
            Self::Unblocks(None) => Some(Guard::Ends),
            Self::Unblocks(Some(set)) => {
                (set != 0 && (signals == 0 || set & signals != 0)).then_some(Guard::Ends)
            }
            Self::Sets(None, Some(place)) if saved.contains(&place) => Some(Guard::Ends),
            Self::Sets(None, _) => Some(Guard::Begins),
            Self::Sets(Some(set), _) if has_all(set) => Some(Guard::Begins),
            Self::Sets(..) => Some(Guard::Ends),
            Self::Waits(_) => None,
        }
    }

    /// Returns whether the set of the call proves that these known signals are blocked after it; `None` if the call leaves them
    /// unchanged.
    pub fn surely_blocks(self, signals: Signals) -> Option<bool> {
        let has_all = |set: Signals| signals & !set == 0;
        match self {
            Self::Blocks(Some(set)) if has_all(set) => Some(true),
            Self::Blocks(_) | Self::Waits(_) => None,
            Self::Sets(Some(set), _) => Some(has_all(set)),
            Self::Unblocks(Some(set)) if set & signals == 0 => None,
            Self::Unblocks(_) | Self::Sets(None, _) => Some(false),
        }
    }

    /// Returns whether the call may block one of these signals.
    pub fn may_block(self, signals: Signals, saved: &Saved) -> bool {
        match self {
            Self::Blocks(set) => {
                set.is_none_or(|set| set != 0 && (signals == 0 || set & signals != 0))
            }
            Self::Unblocks(_) | Self::Waits(_) => false,
            Self::Sets(Some(set), _) => Self::Blocks(Some(set)).may_block(signals, saved),
            Self::Sets(None, place) => !place.is_some_and(|place| saved.contains(&place)),
        }
    }

    /// Returns whether the call unblocks one of these signals in a handler, which runs with them blocked; `None` means unknown.
    ///
    /// A set that was saved before contains the signals that are blocked in a handler.
    pub fn unblocks(self, signals: Signals, saved: &Saved) -> Option<bool> {
        match self {
            Self::Blocks(_) => Some(false),
            Self::Unblocks(set) => set.map(|set| set & signals != 0),
            Self::Sets(Some(set), _) => Some(signals & !set != 0),
            Self::Sets(None, Some(place)) if saved.contains(&place) => Some(false),
            Self::Sets(None, _) | Self::Waits(None) => None,
            Self::Waits(Some(set)) => Some(signals & !set != 0),
        }
    }

    /// Returns the known effect of a call whose effect is either `self` or `other`.
    fn or(self, other: Self) -> Self {
        if self == other {
            self
        } else {
            Self::Sets(None, None)
        }
    }
}

impl Explorer<'_> {
    /// Notes a call that changes the set of blocked signals, or waits with another set; `arguments`: the arguments of the called
    /// function.
    pub fn note_mask(
        &mut self,
        frame: &Frame,
        at: u64,
        name: &str,
        arguments: &[Value],
        state: &State,
    ) {
        const BLOCK: i64 = 0;
        const UNBLOCK: i64 = 1;
        const SETMASK: i64 = 2;
        if self.watch.is_some() && !self.is_outermost() {
            return;
        }
        let sets: Vec<Option<Signals>> = arguments
            .iter()
            .map(|set| signals(frame, set, state).or_else(|| self.set_of_file(frame, set)))
            .collect();
        let set = |n: usize| sets.get(n).copied().flatten();
        let one = |n: usize| arguments[n].number().map(only);
        let word = |n: usize| arguments[n].number().map(|bits| Signals::from(bits as u32));
        // Without a set, the call waits with the present set of blocked signals.
        let waits = |n: usize| match arguments[n].number() {
            Some(0) => MaskChange::Blocks(Some(0)),
            _ => MaskChange::Waits(set(n)),
        };
        let change = match name {
            "sigprocmask" | "pthread_sigmask" => {
                self.saved.extend(place(frame, &arguments[2]));
                if arguments[1].number() == Some(0) {
                    MaskChange::Blocks(Some(0))
                } else {
                    match arguments[0].number() {
                        Some(BLOCK) => MaskChange::Blocks(set(1)),
                        Some(UNBLOCK) => MaskChange::Unblocks(set(1)),
                        Some(SETMASK) => MaskChange::Sets(set(1), place(frame, &arguments[1])),
                        // The call refuses any other number, and changes nothing.
                        Some(_) => MaskChange::Blocks(Some(0)),
                        None => MaskChange::Sets(None, None),
                    }
                }
            }
            "sigsuspend" => MaskChange::Waits(set(0)),
            "pselect" => waits(5),
            "ppoll" => waits(3),
            "epoll_pwait" => waits(4),
            "sigpause" => MaskChange::Waits(one(0).map(|signal| !signal)),
            "sigblock" => MaskChange::Blocks(word(0)),
            "sigsetmask" => MaskChange::Sets(word(0), None),
            "sighold" => MaskChange::Blocks(one(0)),
            "sigrelse" => MaskChange::Unblocks(one(0)),
            _ => return,
        };
        let known = self.masks.entry((frame.number, at)).or_insert(change);
        *known = known.or(change);
        if let Some(own) = self.asked
            && known.unblocks(own, &self.saved) != Some(false)
        {
            self.limits.total = 0;
        }
    }
}

impl Explorer<'_> {
    /// Returns the largest possible content of a signal set in the file's data that the file's functions build.
    fn set_of_file(&mut self, frame: &Frame, set: &Value) -> Option<Signals> {
        let set = crate::address::in_image(frame, set.clone());
        let at = set
            .exact()
            .filter(|_| set.base == Base::Image(frame.number))?;
        let tables = self.index.of(frame.number, &frame.image);
        tables.signals_of_set(at.cast_unsigned())
    }
}

/// Returns the offset and the new value of a signal set in the frame that the named function builds or changes.
pub fn built(name: &str, state: &State) -> Option<(i64, Value)> {
    let [set, signal] = [0, 1].map(|n| &state.registers[ARGUMENTS[n]]);
    let at = set.exact().filter(|_| set.base == Base::Stack)?;
    let before = || state.load_slot(set, 8).number();
    let value = match name {
        "sigemptyset" => 0,
        "sigfillset" => -1,
        "sigaddset" => before()? | only(signal.number()?).cast_signed(),
        "sigdelset" => before()? & !only(signal.number()?).cast_signed(),
        _ => return None,
    };
    Some((at, Value::num(value)))
}

/// Returns the signals that a set contains.
fn signals(frame: &Frame, set: &Value, state: &State) -> Option<Signals> {
    let set = crate::address::in_image(frame, set.clone());
    match set.base {
        Base::Stack => state.load_slot(&set, 8).number().map(i64::cast_unsigned),
        Base::Image(number) if number == frame.number => {
            constant(&frame.image, set.exact()?.cast_unsigned())
        }
        _ => None,
    }
}

/// Returns the signals of a set in the data of a file that no code changes.
fn constant(file: &Image, at: u64) -> Option<Signals> {
    file.is_settled(at).then(|| file.number(at, 8)).flatten()
}

fn place(frame: &Frame, set: &Value) -> Option<SetPlace> {
    let set = crate::address::in_image(frame, set.clone());
    let at = set.exact()?;
    match set.base {
        Base::Stack => Some((frame.number, frame.start, at)),
        Base::Image(number) => Some((number, 0, at)),
        _ => None,
    }
}
