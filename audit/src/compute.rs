//! Arithmetic: the known facts about a result, and about the flags that it sets.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::address::place_of;
use crate::comparison::{Compared, Flags};
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::operand::size_of;
use crate::state::{State, is_high};
use crate::value::{Base, Value};

impl Explorer<'_> {
    pub fn arithmetic(&mut self, frame: &mut Frame, i: &Instruction, bits: u32, state: &mut State) {
        let left = self.operand(frame, i, 0, state);
        let right = if i.op_count() > 1 {
            self.operand(frame, i, 1, state)
        } else {
            Value::num(1)
        };
        let same = i.op_count() > 1
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == i.op1_register();
        let by = right.number();
        let full = |f: fn(i64, i64) -> i64| {
            by.and_then(|by| {
                (left.base == Base::Num)
                    .then(|| left.map(|x| f(x, by)))
                    .flatten()
            })
        };
        let value = match i.mnemonic() {
            Mnemonic::Xor | Mnemonic::Sub if same => Value::num(0),
            // The carry as a mask: all bits or none, by which compilers choose one of two numbers.
            Mnemonic::Sbb if same => Value::one_of(Base::Num, vec![-1, 0]),
            // A number with the carry or without it: another way to choose one of two.
            Mnemonic::Adc | Mnemonic::Sbb if let (Some(a), Some(b)) = (left.number(), by) => {
                let sign = if i.mnemonic() == Mnemonic::Adc { 1 } else { -1 };
                let sums =
                    [0, 1].map(|carry| a.wrapping_add(b.wrapping_add(carry).wrapping_mul(sign)));
                Value::one_of(Base::Num, sums.into())
            }
            Mnemonic::Sbb => Value::any_num(),
            Mnemonic::Add | Mnemonic::Inc => left.plus(&right),
            Mnemonic::Sub | Mnemonic::Dec => left.minus(&right),
            Mnemonic::Neg => Value::num(0).minus(&left),
            Mnemonic::Not => left
                .map(|x| !x)
                .filter(|_| left.base == Base::Num)
                .unwrap_or(Value::any_num()),
            Mnemonic::And if same => left.clone(),
            Mnemonic::Or if same => left.clone(),
            Mnemonic::And => match by {
                Some(mask) if let Some(low) = known_bits(i, &left, mask, state) => Value::num(low),
                Some(mask)
                    if i.op0_register() == Register::RSP
                        && let Some(below) = left.aligned_down(mask) =>
                {
                    left.minus(&Value::num(below))
                }
                Some(mask) if left.base == Base::Stack && mask < 0 => Value {
                    lo: left.lo.saturating_add(mask + 1),
                    set: None,
                    ..left.clone()
                },
                Some(mask) if mask >= 0 => full(|a, b| a & b).unwrap_or_else(|| {
                    let most = if left.base == Base::Num && left.lo >= 0 {
                        left.hi.min(mask)
                    } else {
                        mask
                    };
                    Value::range(0, most)
                }),
                Some(mask) => full(|a, b| a & b).unwrap_or_else(|| {
                    if left.base == Base::Num && left.lo >= 0 {
                        Value::range(left.lo.saturating_add(mask).max(0), left.hi)
                    } else {
                        Value::any_num()
                    }
                }),
                _ if right.base == Base::Num && right.lo >= 0 => Value::range(0, right.hi),
                _ if left.base == Base::Num && left.lo >= 0 => Value::range(0, left.hi),
                _ => Value::any_num(),
            },
            Mnemonic::Or if let Some(marked) = by.and_then(|by| left.marked(by)) => marked,
            Mnemonic::Or => full(|a, b| a | b).unwrap_or(
                if left.base == Base::Num
                    && right.base == Base::Num
                    && left.lo >= 0
                    && right.lo >= 0
                    && left.hi < 1 << 62
                    && right.hi < 1 << 62
                {
                    Value::range(
                        left.lo.max(right.lo),
                        (left.hi | right.hi)
                            .checked_add(1)
                            .and_then(|x| x.cast_unsigned().checked_next_power_of_two())
                            .map_or(i64::MAX, |x| x.cast_signed()),
                    )
                } else {
                    Value::any_num()
                },
            ),
            Mnemonic::Xor => full(|a, b| a ^ b).unwrap_or(Value::any_num()),
            Mnemonic::Shl | Mnemonic::Sal => match by {
                Some(by @ 0..=62) => left.times(1 << by),
                _ => Value::any_num(),
            },
            Mnemonic::Shr => match by {
                Some(by @ 0..=63) => {
                    let low = left.low_bits(bits);
                    if low.base == Base::Num && low.lo >= 0 {
                        Value::range(low.lo >> by, low.hi >> by)
                    } else {
                        Value::range(
                            0,
                            if by == 0 {
                                i64::MAX
                            } else {
                                (u64::MAX >> (64 - bits) >> by).cast_signed()
                            },
                        )
                    }
                }
                _ => Value::any_num(),
            },
            Mnemonic::Sar => match by {
                Some(by @ 0..=63) => {
                    let signed = left.signed(bits);
                    if signed.base == Base::Num {
                        Value::range(signed.lo >> by, signed.hi >> by)
                    } else {
                        Value::any_num()
                    }
                }
                _ => Value::any_num(),
            },
            _ => Value::any_num(),
        };
        // A fence: `lock or [rsp], 0` changes nothing.
        let is_idle = by == Some(0)
            && i.op0_kind() == OpKind::Memory
            && matches!(
                i.mnemonic(),
                Mnemonic::Or | Mnemonic::Add | Mnemonic::Sub | Mnemonic::Xor
            );
        let twin = state.spilled.filter(|(_, whole)| {
            bits == 32
                && i.op0_kind() == OpKind::Register
                && i.op0_register().full_register().number() == *whole
        });
        let twin = twin.map(|(at, _)| at);
        if !is_idle {
            self.put(frame, i, 0, value.clone(), state);
        }
        // The flags that the result sets.
        let is_comparison = matches!(i.mnemonic(), Mnemonic::Sub);
        let keeps = matches!(i.mnemonic(), Mnemonic::Not | Mnemonic::Rol | Mnemonic::Ror);
        if !keeps {
            let place = place_of(frame, i, state);
            state.flags = if matches!(i.mnemonic(), Mnemonic::Adc | Mnemonic::Sbb) {
                None
            } else if is_comparison {
                let moved = by.and_then(i64::checked_neg);
                Some(Flags {
                    place: place.filter(|_| moved.is_some()),
                    second: None,
                    left,
                    right,
                    bits,
                    moved: moved.unwrap_or(0),
                    is_result: false,
                    is_bit: false,
                    twin,
                    origin: None,
                })
            } else {
                let left = if value.base == Base::Num {
                    value.low_bits(bits)
                } else {
                    value
                };
                Some(Flags {
                    place,
                    second: None,
                    left,
                    right: Value::num(0),
                    bits,
                    moved: 0,
                    is_result: i.mnemonic() != Mnemonic::And,
                    is_bit: false,
                    twin: None,
                    origin: None,
                })
            };
        }
        self.watch_stack(frame, i.ip(), state);
    }

    /// Returns the upper half of a product with a constant, by which compilers divide.
    pub fn upper_half(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        state: &mut State,
    ) -> Option<Value> {
        let own = state.get(Register::RAX);
        let other = self.operand(frame, i, 0, state);
        let (by, of) = match (own.number(), other.number()) {
            (Some(by), _) => (by, other),
            (_, by) => (by?, own),
        };
        let by = u128::from(by.cast_unsigned());
        let most = match of.base {
            Base::Num if of.lo >= 0 => of.hi.cast_unsigned(),
            _ => u64::MAX,
        };
        self.is_reduced |= frame.reduces(i.ip(), most);
        i64::try_from((u128::from(most) * by) >> 64)
            .ok()
            .map(|most| Value::range(0, most))
    }

    pub fn divide(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        let divisor = self.operand(frame, i, 0, state);
        let at = i.ip();
        let (low, high) = match size_of(i, 0) {
            4 => (Register::EAX, Register::EDX),
            _ => (Register::RAX, Register::RDX),
        };
        let dividend = state.get(low);
        let is_zero_out = match divisor.base {
            Base::Num => {
                divisor.lo > 0
                    || divisor.hi < 0
                    || divisor.set.as_ref().is_some_and(|s| !s.contains(&0))
            }
            Base::NotNull(..) => divisor.exact() == Some(0),
            _ => false,
        };
        let bits = size_of(i, 0) * 8;
        let may_be = |value: &Value, number: i64| match value.signed(bits) {
            Value { set: Some(all), .. } => all.contains(&number),
            value => value.base != Base::Num || value.lo <= number && number <= value.hi,
        };
        // The upper half of the dividend is commonly made from the sign.
        let is_unsigned = bits >= 32 && state.get(high).number() == Some(0);
        if !is_zero_out {
            // What a value of unknown origin may be is not known either, such as the size of a table on the heap.
            let is_known = divisor.base != Base::Unknown;
            let weight = if is_known {
                Weight::Fault
            } else {
                Weight::Doubt
            };
            let why = "divides by what may be zero, which raises SIGFPE";
            frame.find(Kind::Trap, weight, at, why);
        } else if i.mnemonic() == Mnemonic::Idiv
            && (may_be(&divisor, -1) && (bits < 32 || may_be(&dividend, i64::MIN >> (64 - bits)))
                || is_unsigned && may_be(&divisor, 1) && dividend.signed(bits).lo < 0)
        {
            frame.doubt(
                Kind::Trap,
                at,
                "divides, and may overflow",
                "a divisor with a bound that can be seen",
            );
        }
        // The upper half of the dividend is zero, or for signed numbers one of the two values made from the sign.
        let is_single = state.get(high).all().is_some_and(|high| {
            let is_signed = i.mnemonic() == Mnemonic::Idiv;
            high.iter()
                .all(|n| *n == 0 || is_signed && matches!(n, -1 | 0xffff_ffff))
        });
        let most = match (i.mnemonic(), size_of(i, 0)) {
            (Mnemonic::Div, 4) => u32::MAX.into(),
            (Mnemonic::Div, 8) => i64::MAX,
            (_, 4) => i32::MAX.into(),
            _ => -1,
        };
        let is_too_large = i.mnemonic() == Mnemonic::Div
            && matches!((state.get(high).number(), divisor.number()), (Some(high), Some(by)) if high >= by && by > 0);
        if is_too_large {
            let why = "divides what is too large for it, which raises SIGFPE";
            frame.find(Kind::Trap, Weight::Fault, at, why);
        } else if size_of(i, 0) >= 4 && !is_single && is_zero_out {
            frame.doubt(
                Kind::Trap,
                at,
                "divides a number of two words, and may overflow",
                "a dividend of one word",
            );
        }
        let (quotient, rest) = match (
            divisor.number(),
            is_single && dividend.base == Base::Num && dividend.lo >= 0 && dividend.hi <= most,
        ) {
            (Some(by), true) if by > 0 => {
                if bits == 64 {
                    self.is_reduced |= frame.reduces(at, dividend.hi.cast_unsigned());
                }
                (
                    Value::range(dividend.lo / by, dividend.hi / by),
                    Value::range(0, (by - 1).min(dividend.hi)),
                )
            }
            _ if i.mnemonic() == Mnemonic::Div && divisor.base == Base::Num && divisor.lo > 0 => {
                let largest = (u64::MAX >> (64 - bits)) / divisor.lo.cast_unsigned();
                let quotient = i64::try_from(largest)
                    .ok()
                    .filter(|_| self.follows_texts && state.get(high).number() == Some(0));
                self.is_reduced |= frame.reduces(at, u64::MAX);
                (
                    quotient.map_or(Value::any_num(), |most| Value::range(0, most)),
                    Value::range(0, divisor.hi - 1),
                )
            }
            _ => (Value::any_num(), Value::any_num()),
        };
        state.set(low, quotient);
        state.set(high, rest);
        state.flags = None;
    }
}

pub fn compare(
    frame: &Frame,
    i: &Instruction,
    left: Value,
    right: Value,
    bits: u32,
    state: &mut State,
) {
    let place = place_of(frame, i, state);
    if i.mnemonic() == Mnemonic::Cmp {
        let (left, right) = if bits < 64 {
            (
                crate::state::narrowed(&left, bits),
                crate::state::narrowed(&right, bits),
            )
        } else {
            (left, right)
        };
        let made = state
            .made
            .filter(|made| place == Some(Compared::Register(made.register)));
        let origin = made.map(|made| (made.from, made.added));
        let second = second_place(frame, i, (&left, &right), bits, state);
        state.flags = Some(Flags {
            place,
            second,
            left,
            right,
            bits,
            moved: 0,
            is_result: false,
            is_bit: false,
            twin: None,
            origin,
        });
        return;
    }
    let same = i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register
        && i.op0_register() == i.op1_register();
    let (place, left) = if same {
        (
            place,
            if bits < 64 {
                crate::state::narrowed(&left, bits)
            } else {
                left
            },
        )
    } else {
        let both = match (left.number(), right.number()) {
            (Some(a), Some(b)) => Value::num(a & b),
            (_, Some(mask)) if let Some(low) = known_bits(i, &left, mask, state) => Value::num(low),
            (_, Some(mask)) if left.base == Base::Num && mask >= 0 => {
                left.map(|x| x & mask).unwrap_or(Value::range(0, mask))
            }
            _ => Value::any_num(),
        };
        (None, both)
    };
    state.flags = Some(Flags {
        place,
        second: None,
        left,
        right: Value::num(0),
        bits,
        moved: 0,
        is_result: false,
        is_bit: false,
        twin: None,
        origin: None,
    });
}

/// Returns the bits of `mask` in the first operand, if it is an aligned pointer; `left` is the value of the operand at its width.
fn known_bits(i: &Instruction, left: &Value, mask: i64, state: &State) -> Option<i64> {
    let is_register = i.op0_kind() == OpKind::Register && i.op0_register().is_gpr();
    if !is_register || i.op0_register() == i.op0_register().full_register() {
        return left.aligned_bits(mask);
    }
    let whole = state.get(i.op0_register().full_register());
    let bits = whole.aligned_bits(mask);
    bits.filter(|_| !is_high(i.op0_register()))
}

/// Returns the place of the second operand of a comparison, if its value is one of a few and the first operand is known.
fn second_place(
    frame: &Frame,
    i: &Instruction,
    (left, right): (&Value, &Value),
    bits: u32,
    state: &State,
) -> Option<Compared> {
    if left.exact().is_none() || right.set.is_none() || bits < 32 {
        return None;
    }
    match i.op1_kind() {
        OpKind::Register => {
            let number = i.op1_register().full_register().number();
            // The values that are left for the lower half replace the whole register.
            (state.registers[number] == *right).then_some(Compared::Register(number))
        }
        OpKind::Memory => {
            let at = crate::address::address(frame, i, state);
            let width = (bits / 8) as u8;
            (at.base == Base::Stack)
                .then(|| at.exact())
                .flatten()
                .filter(|at| matches!(state.slots.get(at), Some((known, _)) if *known == width))
                .map(|at| Compared::Slot(at, width))
        }
        _ => None,
    }
}
