//! Keeps the known facts about the words of the stack.

use std::rc::Rc;

use super::{State, any, narrowed};
use crate::comparison::Compared;
use crate::value::{Base, Value};

impl State {
    pub fn load_slot(&self, at: &Value, width: u32) -> Value {
        let Some(offset) = at.exact() else {
            return any(width);
        };
        if let Some((known, value)) = self.slots.get(&offset) {
            if u32::from(*known) == width {
                return value.clone();
            }
            if width < u32::from(*known) {
                return narrowed(value, width * 8);
            }
        }
        // The load takes a part of a number, as from an array of two elements that was stored at once.
        let before = self.slots.range(..offset).next_back();
        if let Some((start, (known, value))) = before
            && let (Some(number), Ok(skipped)) = (value.number(), u32::try_from(offset - start))
            && skipped + width <= u32::from(*known)
        {
            return Value::num(
                number
                    .cast_unsigned()
                    .unbounded_shr(8 * skipped)
                    .cast_signed(),
            )
            .low_bits(8 * width);
        }
        any(width)
    }

    /// Notes the value of the word of the stack at that offset.
    pub fn put_slot(&mut self, offset: i64, width: u8, value: Value) {
        Rc::make_mut(&mut self.slots).insert(offset, (width, value));
    }

    /// Notes that `length` bytes of the stack at that offset are zero, unless they are very many.
    pub fn clear(&mut self, offset: i64, length: i64) {
        const MOST: i64 = 4096;
        if length > MOST {
            return;
        }
        let mut at = 0;
        for width in [8, 4, 2, 1] {
            while at + i64::from(width) <= length {
                self.put_slot(offset + at, width, Value::num(0));
                at += i64::from(width);
            }
        }
    }

    pub fn store_slot(&mut self, at: &Value, width: u32, value: Value) {
        let (lo, hi) = if at.is_bounded() {
            (at.lo, at.hi.saturating_add(i64::from(width)))
        } else {
            (at.lo, i64::MAX)
        };
        match at.exact() {
            Some(_) => self.forget(lo, hi),
            None => self.forget_some(lo, hi),
        }
        let bytes = value.number().map(i64::to_le_bytes);
        let first = bytes.and_then(|all| all.iter().take(width as usize).position(|b| *b == 0));
        if let Some(n) = first.filter(|_| at.is_bounded() && width <= 8) {
            let n = n as i64;
            self.note_zero(at.lo + n, at.hi + n);
        }
        if let Some(offset) = at.exact()
            && width <= 8
        {
            self.put_slot(offset, width as u8, value);
        }
    }

    /// Forgets the words of the stack from `lo` to below `hi`, where a store may change some or all of them.
    pub fn forget_some(&mut self, lo: i64, hi: i64) {
        let keeps = |state: &Self| {
            let mut values = state.slots.values();
            values.any(|(_, value)| value.base == Base::SavedErrno)
        };
        let kept = keeps(self);
        self.forget(lo, hi);
        self.may_lose_errno |= kept && !keeps(self);
    }

    /// Forgets the words of the stack from `lo` to below `hi`.
    pub fn forget(&mut self, lo: i64, hi: i64) {
        let low = lo.saturating_sub(8).min(hi);
        let gone: Vec<i64> = self
            .slots
            .range(low..hi.max(low))
            .filter(|(at, (width, _))| **at + i64::from(*width) > lo)
            .map(|(at, _)| *at)
            .collect();
        if !gone.is_empty() {
            let slots = Rc::make_mut(&mut self.slots);
            for at in gone {
                slots.remove(&at);
            }
        }
        self.zero = self.zero.filter(|(a, b)| *b < lo || hi <= *a);
        let is_hit = |at: i64| lo <= at + 8 && at < hi;
        self.spilled = self.spilled.filter(|(at, _)| !is_hit(*at));
        let is_gone = |place: &Compared| matches!(place, Compared::Slot(at, _) if is_hit(*at));
        self.made = self.made.filter(|made| !is_gone(&made.from));
        if let Some(flags) = &mut self.flags {
            flags.origin = flags.origin.filter(|(from, _)| !is_gone(from));
            flags.place = flags
                .place
                .filter(|place| !matches!(place, Compared::Slot(at, _) if is_hit(*at)));
            flags.second = flags
                .second
                .filter(|place| !matches!(place, Compared::Slot(at, _) if is_hit(*at)));
            flags.twin = flags.twin.filter(|at| !is_hit(*at));
        }
    }
}
