//! String instructions, which work on a block of memory.

use iced_x86::{Instruction, Mnemonic};

use crate::explore::Explorer;
use crate::finding::Kind;
use crate::frame::Frame;
use crate::state::State;
use crate::value::{Base, Value};

impl Explorer<'_> {
    pub fn string(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        state.forget_all_numbers();
        let at = i.ip();
        let width = i.memory_size().size() as i64;
        let repeats = i.has_rep_prefix() || i.has_repne_prefix();
        let count = if repeats {
            state.registers[1].clone()
        } else {
            Value::num(1)
        };
        let most = if count.base == Base::Num && count.lo >= 0 && count.hi < 1 << 32 {
            Some(count.hi)
        } else {
            None
        };
        if repeats && most.is_none() && !matches!(i.mnemonic(), Mnemonic::Scasb | Mnemonic::Cmpsb) {
            frame.doubt(
                Kind::Loop,
                at,
                "repeats itself as often as a register says, whose bound is not known",
                "a length with a bound that can be seen",
            );
        }
        let length = most.map_or(i64::MAX / 4, |n| n.saturating_mul(width));
        let stores = matches!(
            i.mnemonic(),
            Mnemonic::Stosb
                | Mnemonic::Stosw
                | Mnemonic::Stosd
                | Mnemonic::Stosq
                | Mnemonic::Movsb
                | Mnemonic::Movsw
                | Mnemonic::Movsd
                | Mnemonic::Movsq
        );
        let scans = matches!(
            i.mnemonic(),
            Mnemonic::Scasb | Mnemonic::Scasw | Mnemonic::Scasd | Mnemonic::Scasq
        );
        let compares = matches!(
            i.mnemonic(),
            Mnemonic::Cmpsb | Mnemonic::Cmpsw | Mnemonic::Cmpsd | Mnemonic::Cmpsq
        );
        let loads = !scans
            && !matches!(
                i.mnemonic(),
                Mnemonic::Stosb | Mnemonic::Stosw | Mnemonic::Stosd | Mnemonic::Stosq
            );
        let to = state.registers[7].clone();
        if (scans || compares) && most != Some(0) {
            // Without a bound, the instruction ends at the value that it searches for, as in a text.
            let length = most.map_or(width, |_| length);
            self.check(frame, at, &to, length, false);
            if most.is_none() {
                self.doubt_text(frame, at, "a repeated instruction", &to);
            }
            if compares && most.is_none() {
                let other = state.registers[6].clone();
                self.check(frame, at, &other, length, false);
                self.doubt_text(frame, at, "a repeated instruction", &other);
            }
        }
        if most != Some(0) && most.is_some() {
            let bytes = count.times(width);
            let by = "a repeated instruction";
            let varies = count.number().is_none();
            if stores {
                if varies {
                    self.doubt_block(frame, at, by, (&to, &bytes), true);
                }
                self.check(frame, at, &to, length, true);
                if let Base::Image(image) = crate::address::in_image(frame, to.clone()).base {
                    self.odd_stores.insert((image, 0, u64::MAX));
                }
                let is_constant = if loads {
                    self.is_constant_block(frame, &state.registers[6])
                } else {
                    state.registers[0].number().is_some()
                };
                self.stores_block(frame, at, &to, &bytes, is_constant);
            }
            if loads {
                let from = state.registers[6].clone();
                if varies {
                    self.doubt_block(frame, at, by, (&from, &bytes), false);
                }
                self.note_block(frame, at, &from, Some(length));
                self.check(frame, at, &from, length, false);
            }
        }
        if stores && to.base == Base::Stack {
            let from = &state.registers[6];
            let copied = if loads {
                self.copied_words(frame, &to, from, &count.times(width), state)
            } else {
                Vec::new()
            };
            state.forget(to.lo, to.hi.saturating_add(length));
            frame.uses_stack(to.lo);
            frame.clobber(to.lo, to.hi.saturating_add(length));
            let end = to.hi.saturating_add(length);
            frame.touches_stack(at, to.lo, end, true);
            if repeats && (to.exact().is_none() || count.number().is_none()) {
                frame.spreads(at, to.lo, end);
            }
            let zero = state.registers[0].number() == Some(0);
            if let (Some(to), Some(length), true) =
                (to.exact(), count.times(width).number(), zero && !loads)
            {
                state.clear(to, length);
            }
            for (at, value) in copied {
                state.put_slot(at, 8, value);
            }
        }
        state.lows.clear();
        if repeats {
            state.registers[1] = Value::num(0);
        }
        let moved = count.times(width);
        state.registers[7] = state.registers[7].plus(&moved);
        if loads {
            state.registers[6] = state.registers[6].plus(&moved);
        }
        if !stores {
            state.registers[7] = Value::UNKNOWN;
            state.registers[6] = Value::UNKNOWN;
            state.registers[0] = Value::UNKNOWN;
            state.registers[1] = Value::UNKNOWN;
            state.flags = None;
        }
    }
    /// Returns the known words of a block that is copied to the stack, each with its offset on the stack.
    pub fn copied_words(
        &mut self,
        frame: &Frame,
        to: &Value,
        from: &Value,
        length: &Value,
        state: &State,
    ) -> Vec<(i64, Value)> {
        const MOST: i64 = 4096;
        let from = crate::address::in_image(frame, from.clone());
        let is_stack = to.base == Base::Stack;
        let (Some(to), Some(start), Some(length)) = (to.exact(), from.exact(), length.number())
        else {
            return Vec::new();
        };
        if !is_stack || !(8..=MOST).contains(&length) {
            return Vec::new();
        }
        (0..=length - 8)
            .step_by(8)
            .filter_map(|n| {
                let place = Value::at(from.base, start + n);
                let value = match from.base {
                    Base::Stack => state.load_slot(&place, 8),
                    Base::Image(image) => self.load_static(image, &place, 8),
                    _ => return None,
                };
                (value.base != Base::Unknown).then_some((to + n, value))
            })
            .collect()
    }
}
