//! Calls of functions of files: their own effects, and recursion.

use crate::explore::{Active, Explorer};
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::state::{ARGUMENTS, Errno, State, stack_top};
use crate::summary::{Summary, is_preserved, unknown_call};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Applies the effects of a call of a function of a file, and returns the summary of that function.
    pub fn call(
        &mut self,
        frame: &mut Frame,
        at: u64,
        image: u16,
        target: u64,
        state: &State,
        is_jump: bool,
    ) -> Summary {
        // The search for handlers takes each function to keep the registers that the ABI preserves, and reads few functions.
        let unread = self.watch.as_ref().map(|_| Summary {
            clobbers: given_stack(state),
            ..unknown_call()
        });
        let Some(top) = stack_top(state) else {
            frame.doubt(
                Kind::Stack,
                at,
                "calls with a stack pointer that is not known",
                "a frame pointer that is set and kept",
            );
            return unread.unwrap_or_else(unknown_call);
        };
        let entry = if is_jump { top } else { top - 8 };
        frame.uses_stack(entry);
        if self.active.len() >= self.limits.depth {
            frame.doubt(
                Kind::Limit,
                at,
                "calls within calls, too many to follow",
                "a handler that does less",
            );
            return unread.unwrap_or_else(unknown_call);
        }
        let arguments = ARGUMENTS.map(|n| match &state.registers[n] {
            v if v.base == Base::Stack => v.moved(-entry),
            v if matches!(v.base, Base::Kept(_)) => Value::UNKNOWN,
            v => v.clone(),
        });
        if self.recurs(frame, at, (image, target), &arguments) {
            return unread.unwrap_or_else(unknown_call);
        }
        let given = state.given(entry);
        let before = (state.errno, &given[..], state.looked.clone());
        let node = self.called(image, target, &arguments, before, false);
        frame.calls.push((at, node));
        let of = &self.nodes[node];
        if frame.errno_cause.is_none() && of.summary.errno != Errno::Original {
            frame.errno_cause = of.errno_cause.clone().map(|(_, name)| (at, name));
        }
        let mut summary = of.summary.clone();
        if unread.is_some() {
            for (n, keeps) in summary.keeps.iter_mut().enumerate() {
                *keeps |= is_preserved(n);
            }
        } else if let Some(register) = summary.lost {
            frame.find(
                Kind::Return,
                Weight::Fault,
                at,
                format!("calls a function that does not keep {register}, which the calling convention has it keep"),
            );
        }
        frame.uses_stack(entry.saturating_add(summary.lowest));
        if let Some((lo, hi)) = &mut summary.clobbers {
            *lo = lo.saturating_add(entry);
            *hi = hi.saturating_add(entry);
            frame.clobber(*lo, *hi);
            let what = "has the stack above its own frame written: what the kernel keeps there";
            // A write that begins within the callee's own frame counts from 8, and need not reach so far.
            if frame.is_handler && *lo > 8 {
                frame.find(Kind::Write, Weight::Fault, at, what);
            } else if frame.is_handler && *hi > 8 {
                frame.doubt(
                    Kind::Write,
                    at,
                    "may have the stack above its own frame written",
                    "a length with a bound that can be seen",
                );
            }
        }
        for (lo, hi) in &mut summary.spread {
            (*lo, *hi) = (lo.saturating_add(entry), hi.saturating_add(entry));
        }
        summary.stored = summary
            .stored
            .into_iter()
            .map(|(at, (width, value))| (at + entry, (width, out(&value, entry))))
            .collect();
        summary.value = out(&summary.value, entry);
        summary.second = out(&summary.second, entry);
        summary
    }

    /// Returns whether the call is a recursion that cannot be followed to its end, and reports it.
    fn recurs(
        &self,
        frame: &mut Frame,
        at: u64,
        function: (u16, u64),
        arguments: &[Value; 6],
    ) -> bool {
        const MOST: usize = 8;
        let outer: Vec<&Active> = self
            .active
            .iter()
            .filter(|a| a.function == function)
            .collect();
        let Some(last) = outer.last() else {
            return false;
        };
        let pairs = || last.arguments.iter().zip(arguments);
        // A halved number comes to zero after few calls, and the walk then sees the end.
        if pairs().any(|(a, b)| halves(a, b)) {
            return false;
        }
        let is_new = outer.iter().all(|a| a.arguments != *arguments);
        let contexts = self.contexts.get(&function).copied().unwrap_or_default();
        if is_new && outer.len() < MOST && contexts < MOST {
            return false;
        }
        // A changing number with few values may count down to an end.
        let counts =
            pairs().any(|(a, b)| a != b && b.base == Base::Num && b.hi.saturating_sub(b.lo) < 4096);
        if counts {
            frame.doubt(
                Kind::Recursion,
                at,
                "calls a function that is still running: recursion, whose depth is not known",
                "a loop in its place",
            );
        } else {
            frame.find(
                Kind::Recursion,
                Weight::Fault,
                at,
                "calls a function that is still running: nothing bounds the stack that the recursion takes",
            );
        }
        true
    }
}

/// Returns whether a non-negative number is at most half of its earlier value.
fn halves(before: &Value, now: &Value) -> bool {
    let is_number = before.base == Base::Num && now.base == Base::Num && now.lo >= 0;
    is_number && before.hi > 0 && now.hi <= before.hi / 2
}

fn out(value: &Value, entry: i64) -> Value {
    match value.base {
        Base::Stack => value.moved(entry),
        Base::Kept(_) => Value::UNKNOWN,
        _ => value.clone(),
    }
}

/// Returns the part of the stack that a callee may write to: all places above the lowest pointer that it is given.
fn given_stack(state: &State) -> Option<(i64, i64)> {
    let pointers = ARGUMENTS.iter().map(|n| &state.registers[*n]);
    let lowest = pointers.filter(|v| v.base == Base::Stack).map(|v| v.lo);
    Some((lowest.min()?, 8))
}
