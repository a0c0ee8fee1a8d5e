//! The last comparison: the branches that it decides, and the facts that a branch shows about the compared places.

use iced_x86::ConditionCode;

use crate::state::{State, any, narrowed};
use crate::value::{Base, Value};

/// Describes a place whose value a comparison bounds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compared {
    Register(usize),
    Slot(i64, u8),
    /// A number in data of a file, by the file and the address.
    Word(u16, u64),
}

/// Holds the last comparison, as far as it decides branches.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Flags {
    pub place: Option<Compared>,
    /// The place whose value is `right`, if `right` is one of a few values.
    pub second: Option<Compared>,
    pub left: Value,
    pub right: Value,
    pub bits: u32,
    /// The number that was added to `left` afterwards: the place holds the sum.
    pub moved: i64,
    /// Whether the flags only show if a result is zero, and its sign.
    pub is_result: bool,
    /// Whether the flags only show if a bit is set, in the carry.
    pub is_bit: bool,
    /// A word of the stack that holds the value of `left` too, zero-extended.
    pub twin: Option<i64>,
    /// The place from which `left` was made, and the number that was added to its value.
    pub origin: Option<(Compared, i64)>,
}

impl Flags {
    /// Returns whether two places of one file, or of the stack, were compared. Their offsets are compared as signed numbers.
    fn are_places(&self) -> bool {
        let is_place = matches!(self.left.base, Base::Image(_) | Base::Stack);
        is_place && self.left.base == self.right.base && self.bits == 64
    }
}

impl State {
    /// Returns whether a branch is taken, if that is known.
    pub fn decides(&self, condition: ConditionCode) -> Option<bool> {
        let flags = self.flags.as_ref()?;
        if flags.is_result
            && !matches!(
                condition,
                ConditionCode::e | ConditionCode::ne | ConditionCode::s | ConditionCode::ns
            )
        {
            return None;
        }
        if flags.is_bit && !matches!(condition, ConditionCode::b | ConditionCode::ae) {
            return None;
        }
        let (left, right) = (&flags.left, &flags.right);
        // A pointer into the file or the stack is not null.
        if right.number() == Some(0)
            && matches!(
                left.base,
                Base::Image(_)
                    | Base::Stack
                    | Base::Siginfo
                    | Base::Context
                    | Base::Errno
                    | Base::Thread
            )
        {
            return match condition {
                ConditionCode::e => Some(false),
                ConditionCode::ne => Some(true),
                _ => None,
            };
        }
        if left.base != right.base || matches!(left.base, Base::Unknown | Base::Pointed(_)) {
            return None;
        }
        let condition = match flags.are_places() {
            true => signed(condition),
            false => condition,
        };
        if let (Some(a), Some(b)) = (left.exact(), right.exact()) {
            return holds(condition, a, b, flags.bits);
        }
        if let Some(known) = crate::chosen_number::decides(condition, flags) {
            return Some(known);
        }
        if left.base != Base::Num && !flags.are_places() {
            return None;
        }
        if let (Some(all), Some(b)) = (&left.set, right.exact()) {
            let mut outcomes = all.iter().map(|a| holds(condition, *a, b, flags.bits));
            let first = outcomes.next()??;
            return outcomes.all(|o| o == Some(first)).then_some(first);
        }
        let ((a, b), (c, d)) = (
            bounds(left, condition, flags.bits),
            bounds(right, condition, flags.bits),
        );
        use ConditionCode as C;
        let (always, never) = match condition {
            C::e => (false, b < c || d < a),
            C::ne => (b < c || d < a, false),
            C::b | C::l => (b < c, a >= d),
            C::ae | C::ge => (a >= d, b < c),
            C::be | C::le => (b <= c, a > d),
            C::a | C::g => (a > d, b <= c),
            C::s if d == 0 && c == 0 => (b < 0, a >= 0),
            C::ns if d == 0 && c == 0 => (a >= 0, b < 0),
            _ => (false, false),
        };
        if always {
            Some(true)
        } else if never {
            Some(false)
        } else {
            None
        }
    }

    /// Returns the state once for a non-negative and once for a negative compared value, if both are possible. As one range the two
    /// would be all numbers.
    pub fn by_sign(&self) -> Option<[Self; 2]> {
        const HALF: i64 = 1 << 31;
        let flags = self.flags.as_ref()?;
        let place = flags
            .place
            .filter(|_| flags.bits == 32 && flags.moved == 0)?;
        let left = &flags.left;
        let held = match place {
            Compared::Register(number) => &self.registers[number],
            Compared::Slot(at, _) => &self.slots.get(&at)?.1,
            Compared::Word(..) => return None,
        };
        let is_range = |v: &Value| v.base == Base::Num && v.set.is_none();
        let has_both = is_range(left) && (0..HALF).contains(&left.lo) && left.hi >= HALF;
        // A register may hold the value sign-extended.
        let is_signed = matches!(place, Compared::Register(_))
            && is_range(held)
            && (-HALF..0).contains(&held.lo)
            && held.hi < HALF;
        if !has_both || held != left && !is_signed {
            return None;
        }
        let with = |lo, hi| {
            let mut one = self.clone();
            let value = Value::range(lo, hi);
            let held = match lo {
                HALF if is_signed => value.moved(-2 * HALF),
                _ => value.clone(),
            };
            match place {
                Compared::Register(number) => one.registers[number] = held,
                Compared::Slot(at, width) => one.put_slot(at, width, held),
                Compared::Word(..) => {}
            }
            if let Some(flags) = &mut one.flags {
                flags.left = value;
            }
            one
        };
        Some([with(left.lo, HALF - 1), with(HALF, left.hi)])
    }

    /// Returns the state once for a value below zero and once for a value above, after a comparison with zero. The two are not one
    /// range.
    pub fn by_zero(&self) -> Option<[Self; 2]> {
        let flags = self.flags.as_ref()?;
        let left = &flags.left;
        let is_any = match left.base {
            Base::Unknown => true,
            Base::Num => left.lo < 0 && left.hi > 0 && left.set.is_none(),
            _ => false,
        };
        let place = flags.place.filter(|_| {
            is_any && flags.bits == 64 && flags.moved == 0 && flags.right.number() == Some(0)
        })?;
        let with = |lo, hi| {
            let mut one = self.clone();
            let value = Value::range(lo, hi);
            match place {
                Compared::Register(number) => one.registers[number] = value,
                Compared::Slot(at, width) => one.put_slot(at, width, value),
                Compared::Word(..) => {}
            }
            one
        };
        Some([with(left.lo, -1), with(1, left.hi)])
    }

    /// Takes into account that a branch was taken.
    pub fn assume(&mut self, condition: ConditionCode) {
        self.assume_choice(condition);
        let Some(flags) = self.flags.clone() else {
            return;
        };
        if let Base::Static(image, word) = flags.left.base
            && condition == ConditionCode::ne
            && flags.bits == 64
            && flags.left.exact() == Some(0)
            && flags.right.number() == Some(0)
        {
            self.look(image, word);
        }
        let (left, right) = (&flags.left, &flags.right);
        let are_places = flags.are_places();
        let to = right
            .exact()
            .filter(|_| right.base == Base::Num || are_places);
        let (Some(place), Some(to)) = (flags.place, to) else {
            return;
        };
        if flags.is_result && !matches!(condition, ConditionCode::e | ConditionCode::ne) {
            return;
        }
        if condition == ConditionCode::e {
            self.note_short(place);
        }
        let new = if are_places {
            let (lo, hi) = match left.is_bounded() {
                true => (left.lo, left.hi),
                false => return,
            };
            let all = left.set.iter().flat_map(|all| all.iter().copied());
            let holds = |a: &i64| holds(signed(condition), *a, to, 64) != Some(false);
            let kept: Vec<i64> = all.filter(holds).collect();
            match satisfies(condition, (lo, hi), to) {
                _ if !kept.is_empty() => Value::one_of(left.base, kept),
                Some((lo, hi)) if left.set.is_none() => Value {
                    lo,
                    hi,
                    ..left.clone()
                },
                _ => return,
            }
        } else if let Base::Static(image, word) = left.base
            && condition == ConditionCode::ne
            && to == 0
        {
            Value {
                base: Base::NotNull(image, word),
                ..left.clone()
            }
        } else if matches!(left.base, Base::ImageOrNull(_))
            && condition == ConditionCode::ne
            && to == 0
        {
            left.not_null()
        } else if left.base != Base::Num {
            use ConditionCode as C;
            let is_word = matches!(
                left.base,
                Base::Unknown | Base::Static(..) | Base::NotNull(..) | Base::Pointed(_)
            );
            match condition {
                C::e if left.base != Base::SavedErrno => Value::num(to),
                // A value below a bound is a number, whatever it was taken for.
                C::b if is_word && flags.bits == 64 && to > 0 => Value::range(0, to - 1),
                C::be if is_word && flags.bits == 64 && to >= 0 => Value::range(0, to),
                // A value whose sign is tested is a number, too.
                C::g if is_word && flags.bits == 64 && (0..i64::MAX).contains(&to) => {
                    Value::range(to + 1, i64::MAX)
                }
                C::ge if is_word && flags.bits == 64 && to > 0 => Value::range(to, i64::MAX),
                C::l if is_word && flags.bits == 64 && to <= 0 && to > i64::MIN => {
                    Value::range(i64::MIN, to - 1)
                }
                _ => return,
            }
        } else if let Some(all) = &left.set {
            let kept: Vec<i64> = all
                .iter()
                .copied()
                .filter(|a| holds(condition, *a, to, flags.bits) != Some(false))
                .collect();
            if kept.is_empty() {
                return;
            }
            Value::one_of(Base::Num, kept)
        } else {
            let (to, _) = bounds(right, condition, flags.bits);
            let Some((lo, hi)) = satisfies(condition, bounds(left, condition, flags.bits), to)
            else {
                return;
            };
            Value::range(lo, hi)
        };
        let fits = |value: &Value| narrowed(&value.moved(flags.moved), flags.bits);
        if let Some(at) = flags.twin {
            self.put_slot(at, 8, narrowed(&new, flags.bits));
        }
        if let Some((from, added)) = flags.origin
            && flags.bits == 32
            && new.base == Base::Num
        {
            self.narrow(
                from,
                new.lo.saturating_sub(added),
                new.hi.saturating_sub(added),
            );
        }
        match place {
            Compared::Register(number) => {
                // A narrow comparison says nothing about the upper bits.
                match whole(&self.registers[number], flags.bits) {
                    Some(Upper::Zero) if flags.bits < 64 => self.registers[number] = fits(&new),
                    Some(Upper::Zero) => self.registers[number] = new.moved(flags.moved),
                    Some(Upper::Sign) => self.registers[number] = fits(&new).signed(flags.bits),
                    None => {
                        let low = (flags.bits, fits(&new));
                        self.lows.insert(number as u8, low);
                    }
                }
                let value = self.registers[number].clone();
                for copy in self.copies.of(number) {
                    self.registers[copy] = value.clone();
                }
            }
            Compared::Slot(at, width) => {
                let value = if flags.bits == 64 {
                    new.moved(flags.moved)
                } else {
                    fits(&new)
                };
                self.put_slot(at, width, value);
            }
            Compared::Word(image, word) => self.note_number(image, word, fits(&new)),
        }
        if let Some(flags) = &mut self.flags {
            flags.left = if flags.bits == 64 {
                new
            } else {
                narrowed(&new, flags.bits)
            };
        }
    }

    /// Takes into account that the lower half of the value in a place is from `lo` to `hi`.
    fn narrow(&mut self, place: Compared, lo: i64, hi: i64) {
        const HALF: i64 = 1 << 31;
        let known = match place {
            Compared::Register(number) => self.registers[number].clone(),
            Compared::Slot(at, 4) => self.load_slot(&Value::at(Base::Stack, at), 4),
            Compared::Slot(..) => return,
            Compared::Word(image, word) => self
                .number_in(image, word)
                .cloned()
                .unwrap_or_else(|| any(4)),
        };
        // The comparison does not bound the upper half of a register.
        let is_half = !matches!(place, Compared::Register(_)) || known.hi < HALF;
        if lo < 0 || hi >= HALF || known.base != Base::Num || known.lo < 0 || !is_half {
            return;
        }
        let value = match &known.set {
            Some(all) => {
                let kept: Vec<i64> = all
                    .iter()
                    .copied()
                    .filter(|a| (lo..=hi).contains(a))
                    .collect();
                Value::one_of(Base::Num, kept)
            }
            None => Value::range(known.lo.max(lo), known.hi.min(hi)),
        };
        if value.base != Base::Num || value.lo > value.hi {
            return;
        }
        match place {
            Compared::Register(number) => self.registers[number] = value,
            Compared::Slot(at, width) => self.put_slot(at, width, value),
            Compared::Word(image, word) => self.note_number(image, word, value),
        }
    }
}

/// Returns the range of the numbers from `lo` to `hi` for which the condition with `to` holds, compared as 64-bit numbers. Returns
/// `None` if it holds for none, or does not bound them.
fn satisfies(condition: ConditionCode, (lo, hi): (i64, i64), to: i64) -> Option<(i64, i64)> {
    use ConditionCode as C;
    let (lo, hi) = match condition {
        C::e => (to, to),
        C::ne if lo == to => (lo.saturating_add(1), hi),
        C::ne if hi == to => (lo, hi.saturating_sub(1)),
        C::b | C::l => (lo, hi.min(to.saturating_sub(1))),
        C::ae | C::ge => (lo.max(to), hi),
        C::be | C::le => (lo, hi.min(to)),
        C::a | C::g => (lo.max(to.saturating_add(1)), hi),
        C::s if to == 0 => (lo, hi.min(-1)),
        C::ns if to == 0 => (lo.max(0), hi),
        _ => return None,
    };
    (lo <= hi).then_some((lo, hi))
}

/// Returns the bounds of a number in a comparison with this condition and width.
fn bounds(value: &Value, condition: ConditionCode, bits: u32) -> (i64, i64) {
    use ConditionCode as C;
    let value = if bits == 64 {
        value.clone()
    } else if matches!(condition, C::l | C::ge | C::le | C::g | C::s | C::ns) {
        value.signed(bits)
    } else {
        value.low_bits(bits)
    };
    if bits == 64 && matches!(condition, C::b | C::ae | C::be | C::a) && value.lo < 0 {
        // As an unsigned number, a negative number is large.
        return if value.hi < 0 {
            (i64::MAX - 1, i64::MAX)
        } else {
            (0, i64::MAX)
        };
    }
    (value.lo, value.hi)
}

pub fn holds(condition: ConditionCode, a: i64, b: i64, bits: u32) -> Option<bool> {
    let shift = 64 - bits;
    let (sa, sb) = ((a << shift) >> shift, (b << shift) >> shift);
    let (ua, ub) = (
        (a.cast_unsigned() << shift) >> shift,
        (b.cast_unsigned() << shift) >> shift,
    );
    use ConditionCode as C;
    Some(match condition {
        C::e => ua == ub,
        C::ne => ua != ub,
        C::b => ua < ub,
        C::ae => ua >= ub,
        C::be => ua <= ub,
        C::a => ua > ub,
        C::l => sa < sb,
        C::ge => sa >= sb,
        C::le => sa <= sb,
        C::g => sa > sb,
        C::s => sa.wrapping_sub(sb) < 0,
        C::ns => sa.wrapping_sub(sb) >= 0,
        _ => return None,
    })
}

/// Describes the upper bits of a register whose lower bits were compared.
enum Upper {
    Zero,
    /// Copies of the highest of the lower bits.
    Sign,
}

/// Returns how the upper bits of a register follow from its lowest bits, if they do.
fn whole(register: &Value, bits: u32) -> Option<Upper> {
    let within = |lo, hi| register.base == Base::Num && register.lo >= lo && register.hi < hi;
    if bits >= 64 || within(0, 1 << bits) {
        Some(Upper::Zero)
    } else if within(-(1 << (bits - 1)), 1 << (bits - 1)) {
        Some(Upper::Sign)
    } else {
        None
    }
}

/// Returns the signed condition that corresponds to an unsigned condition.
const fn signed(condition: ConditionCode) -> ConditionCode {
    use ConditionCode as C;
    match condition {
        C::b => C::l,
        C::ae => C::ge,
        C::be => C::le,
        C::a => C::g,
        other => other,
    }
}

/// Returns the condition that holds exactly if the given condition does not.
pub fn opposite(condition: ConditionCode) -> ConditionCode {
    use ConditionCode as C;
    match condition {
        C::o => C::no,
        C::no => C::o,
        C::b => C::ae,
        C::ae => C::b,
        C::e => C::ne,
        C::ne => C::e,
        C::be => C::a,
        C::a => C::be,
        C::s => C::ns,
        C::ns => C::s,
        C::p => C::np,
        C::np => C::p,
        C::l => C::ge,
        C::ge => C::l,
        C::le => C::g,
        C::g => C::le,
        C::None => C::None,
    }
}
