//! Finds the data that a call passes to its function: words of the stack, and handlers that are restored.

use super::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl State {
    /// Returns the words of this frame that a function with its return address at `entry` may read: copies of `errno`, and
    /// addresses of code.
    pub fn given(&self, entry: i64) -> Vec<(i64, u8, Value)> {
        let is_given = ARGUMENTS
            .iter()
            .any(|n| self.registers[*n].base == Base::Stack);
        self.slots
            .range(entry.saturating_add(8)..)
            .filter(|(_, (_, value))| {
                is_given
                    && matches!(value.base, Base::SavedErrno | Base::Image(_))
                    && value.exact().is_some()
            })
            .map(|(at, (width, value))| (at - entry, *width, value.clone()))
            .take(16)
            .collect()
    }

    /// Returns the words of the stack that hold a handler installed before, in structures that no argument points into.
    pub fn saved_handlers(&self) -> Vec<(i64, Value)> {
        const STRUCTURE: i64 = 152;
        let is_given = |at: i64| {
            ARGUMENTS.iter().any(|n| {
                let value = &self.registers[*n];
                value.base == Base::Stack && value.lo < at + STRUCTURE && value.hi >= at
            })
        };
        let saved = self
            .slots
            .iter()
            .filter(|(at, (_, value))| value.base == Base::Before && !is_given(**at));
        saved.map(|(at, (_, value))| (*at, value.clone())).collect()
    }
}
