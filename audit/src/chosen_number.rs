//! Comparisons of a known value with one of a few values, and the values that are left on each way.
//!
//! A loop that ends at one of a few lengths counts with a number that is known in each round. Each round shows which of the lengths
//! the number has not reached.

use iced_x86::ConditionCode;

use crate::comparison::{Compared, Flags, holds};
use crate::state::State;
use crate::value::{Base, Value};

/// Returns `Some(true)` if the comparison of the first value holds with all second values, and `Some(false)` if with none.
pub fn decides(condition: ConditionCode, flags: &Flags) -> Option<bool> {
    let (one, all) = (flags.left.exact()?, flags.right.set.as_ref()?);
    if !is_comparable(condition, flags) {
        return None;
    }
    let mut outcomes = all.iter().map(|b| holds(condition, one, *b, flags.bits));
    let first = outcomes.next()??;
    outcomes.all(|o| o == Some(first)).then_some(first)
}

/// Returns whether the comparison can be decided. Addresses are compared for equality only: their order is unknown if one counts
/// from below its base.
fn is_comparable(condition: ConditionCode, flags: &Flags) -> bool {
    let is_equality = matches!(condition, ConditionCode::e | ConditionCode::ne);
    let base = flags.left.base;
    base == flags.right.base
        && match base {
            Base::Num => true,
            Base::Stack | Base::Image(_) => is_equality && flags.bits == 64,
            _ => false,
        }
}

impl State {
    /// Takes into account that a branch was taken after a comparison of a known value with one of a few values.
    pub fn assume_choice(&mut self, condition: ConditionCode) {
        let Some(flags) = &self.flags else {
            return;
        };
        let (Some(place), Some(one), Some(all)) =
            (flags.second, flags.left.exact(), &flags.right.set)
        else {
            return;
        };
        if flags.is_result || flags.is_bit || !is_comparable(condition, flags) {
            return;
        }
        let left: Vec<i64> = all
            .iter()
            .copied()
            .filter(|b| holds(condition, one, *b, flags.bits) != Some(false))
            .collect();
        if left.is_empty() {
            return;
        }
        let value = Value::one_of(flags.right.base, left);
        match place {
            Compared::Register(number) => self.registers[number] = value.clone(),
            Compared::Slot(at, width) => self.put_slot(at, width, value.clone()),
            Compared::Word(..) => return,
        }
        if let Some(flags) = &mut self.flags {
            flags.right = value;
        }
    }
}
