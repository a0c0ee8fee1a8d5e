//! Joins the known facts of two paths that come together.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{State, narrowed};
use crate::value::{Base, Value};

impl State {
    /// Returns the known facts where two paths meet.
    pub fn joined(&self, other: &Self, widen: bool) -> Self {
        let or = |a: &Value, b: &Value| if widen { a.widened(b) } else { a.or(b) };
        let slots = if Rc::ptr_eq(&self.slots, &other.slots) || self.slots == other.slots {
            self.slots.clone()
        } else {
            let both = self.slots.iter().filter_map(|(at, (width, value))| {
                let (other_width, other) = other.slots.get(at)?;
                (width == other_width).then(|| (*at, (*width, or(value, other))))
            });
            Rc::new(both.collect())
        };
        let mut stores = self.stores.clone();
        if stores != other.stores {
            let all = Rc::make_mut(&mut stores);
            all.extend(other.stores.iter());
            all.sort_unstable();
            all.dedup();
        }
        let looked = if Rc::ptr_eq(&self.looked, &other.looked) || self.looked == other.looked {
            self.looked.clone()
        } else {
            Rc::new(&*self.looked & &*other.looked)
        };
        // Where one state knows only the lowest bits, the other state may know the whole register.
        let lows = self.lows.keys().chain(other.lows.keys()).map(|n| {
            let of = |state: &Self| state.lows.get(n).map(|(bits, _)| *bits);
            let bits = of(self).into_iter().chain(of(other)).min();
            let bits = bits.unwrap_or_default();
            let low = or(&self.low(*n, bits), &other.low(*n, bits));
            (*n, (bits, narrowed(&low, bits)))
        });
        let words = if Rc::ptr_eq(&self.words, &other.words) || self.words == other.words {
            self.words.clone()
        } else {
            let both = self.words.iter().filter_map(|(word, value)| {
                let joined = or(value, other.words.get(word)?);
                (joined.base == Base::Num).then_some((*word, joined))
            });
            Rc::new(both.collect())
        };
        Self {
            lows: lows.collect(),
            looked,
            registers: std::array::from_fn(|n| or(&self.registers[n], &other.registers[n])),
            slots,
            vectors: BTreeMap::new(),
            errno: self.errno.max(other.errno),
            may_lose_errno: self.may_lose_errno || other.may_lose_errno,
            flags: (self.flags == other.flags)
                .then(|| self.flags.clone())
                .flatten(),
            stores,
            round: self.joined_round(other),
            escaped: self.escaped.min(other.escaped),
            half: self.half.filter(|_| self.half == other.half),
            spilled: self.spilled.filter(|_| self.spilled == other.spilled),
            defaulted: self.defaulted.filter(|_| self.defaulted == other.defaulted),
            is_ending: self.is_ending && other.is_ending,
            made: self.made.filter(|_| self.made == other.made),
            copies: self.copies.common(other.copies),
            words,
            loaded_number: None,
            loaded: None,
            united: self.united.filter(|_| self.united == other.united),
            zero: match (self.zero, other.zero) {
                (Some((a, b)), Some((c, d))) if !widen || (a, b) == (c, d) => {
                    Some((a.min(c), b.max(d)))
                }
                _ => None,
            },
        }
    }
}
