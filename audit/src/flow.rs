//! Follows calls, jumps and returns to their targets.

mod calls;
mod record;

use iced_x86::{Code, Instruction};

use crate::callee::Callee;
use crate::explore::Explorer;
use crate::finding::Kind;
use crate::frame::Frame;
use crate::state::{Errno, RSP, State};
use crate::step::Next;
use crate::value::{Base, Value};

/// The description of a handler that has stored to its own return address.
pub const OWN_RETURN: &str = "returns to an address that it has written itself";

impl Explorer<'_> {
    /// Follows a jump: within the function, into a part of the function that lies elsewhere, or to another function as a tail call.
    pub fn jump(&mut self, frame: &mut Frame, at: u64, target: u64, state: State) -> Next {
        if frame.has(target) {
            return vec![(target, state)];
        }
        let inside = target == frame.bounds.0;
        if target == frame.start || inside && state.registers[RSP].exact() != Some(0) {
            return vec![(target, state)];
        }
        if let Some(number) = retpoline(frame, target) {
            let value = state.registers[number].clone();
            return self.indirect(frame, at, None, &value, state);
        }
        if is_return_thunk(frame, target) {
            return self.leave(frame, at, state);
        }
        let callees = self.code(frame.number, target);
        if let [Callee::Code(image, to)] = callees[..]
            && image == frame.number
            && (state.registers[RSP].exact() != Some(0) || !self.index.is_function(image, to))
        {
            return vec![(to, state)];
        }
        self.calls(frame, at, None, callees, state)
    }

    pub fn indirect(
        &mut self,
        frame: &mut Frame,
        at: u64,
        after: Option<u64>,
        value: &Value,
        state: State,
    ) -> Next {
        // In a file with final addresses, a table of addresses holds plain numbers.
        let value = &match value.all() {
            Some(all)
                if value.base == Base::Num
                    && frame.image.is_fixed
                    && all.iter().all(|to| frame.image.is_code(to.cast_unsigned())) =>
            {
                Value {
                    base: Base::Image(frame.number),
                    ..value.clone()
                }
            }
            _ => value.clone(),
        };
        // A switch: the places are in this function.
        if after.is_none()
            && let Base::Image(image) = value.base
            && image == frame.number
            && let Some(all) = value.all()
            && all.iter().all(|to| {
                let to = to.cast_unsigned();
                (frame.bounds.0..frame.bounds.1).contains(&to) || !self.index.is_function(image, to)
            })
        {
            return all
                .into_iter()
                .map(|to| (to.cast_unsigned(), state.clone()))
                .collect();
        }
        let mut value = value.clone();
        if after.is_none()
            && let (Base::Image(_), Some(all)) = (value.base, value.all())
        {
            // Reading a table past its end gives addresses that are not code.
            let known: Vec<i64> = all
                .iter()
                .copied()
                .filter(|to| (frame.bounds.0..frame.bounds.1).contains(&to.cast_unsigned()))
                .collect();
            if !known.is_empty() && known.len() < all.len() {
                frame.doubt(
                    Kind::Indirect,
                    at,
                    "jumps by a table whose end is not known",
                    "an index with a bound that can be seen",
                );
                return known
                    .into_iter()
                    .map(|to| (to.cast_unsigned(), state.clone()))
                    .collect();
            }
            value = Value::one_of(value.base, all);
        }
        let callees = self.callees(frame, &value);
        self.calls(frame, at, after, callees, state)
    }

    pub fn returns(&mut self, frame: &mut Frame, instruction: &Instruction, state: State) -> Next {
        let at = instruction.ip();
        match instruction.code() {
            Code::Retnq => self.leave(frame, at, state),
            Code::Retnq_imm16 if instruction.immediate16() == 0 => self.leave(frame, at, state),
            _ => astray(
                frame,
                at,
                "returns in a way that leaves the stack elsewhere than the caller expects",
            ),
        }
    }

    pub fn leave(&mut self, frame: &mut Frame, at: u64, mut state: State) -> Next {
        if state.registers[RSP] != Value::at(Base::Stack, 0) {
            return astray(
                frame,
                at,
                "returns with the stack pointer not shown to be where the call left it",
            );
        }
        if state
            .slots
            .range(-7..8)
            .any(|(offset, (width, _))| offset + i64::from(*width) > 0)
        {
            return astray(frame, at, OWN_RETURN);
        }
        // The interrupted code does not go on, so errno does not matter to it.
        if frame.is_handler && state.is_ending {
            state.errno = Errno::Original;
        }
        frame.exits = Some(match &frame.exits {
            None => state,
            Some(before) => before.joined(&state, false),
        });
        Vec::new()
    }
}

pub fn astray(frame: &mut Frame, at: u64, why: &'static str) -> Next {
    frame.strays(at, why);
    Vec::new()
}

/// Returns the register that a thunk against branch prediction jumps to.
pub fn retpoline(frame: &Frame, target: u64) -> Option<usize> {
    let bytes = frame.image.bytes(target);
    let rest = bytes.strip_prefix(&[
        0xe8, 0x07, 0, 0, 0, 0xf3, 0x90, 0x0f, 0xae, 0xe8, 0xeb, 0xf9,
    ])?;
    let number = match rest.get(..5)? {
        [0x48, 0x89, modrm, 0x24, 0xc3] if modrm & 0xc7 == 4 => (modrm >> 3) & 7,
        [0x4c, 0x89, modrm, 0x24, 0xc3] if modrm & 0xc7 == 4 => 8 + ((modrm >> 3) & 7),
        _ => return None,
    };
    Some(usize::from(number))
}

/// Returns whether the code at `target` only returns, by a detour against branch prediction.
fn is_return_thunk(frame: &Frame, target: u64) -> bool {
    let bytes = frame.image.bytes(target);
    bytes
        .strip_prefix(&[
            0xe8, 0x07, 0, 0, 0, 0xf3, 0x90, 0x0f, 0xae, 0xe8, 0xeb, 0xf9,
        ])
        .is_some_and(|rest| {
            rest.starts_with(&[0x48, 0x8d, 0x64, 0x24, 0x08, 0xc3])
                || rest.starts_with(&[0x48, 0x83, 0xc4, 0x08, 0xc3])
        })
}
