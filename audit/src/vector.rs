//! Follows the vector instructions by which compilers move pointers, two at a time.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::address::address;
use crate::explore::Explorer;
use crate::frame::Frame;
use crate::state::State;
use crate::value::{Base, Value};

/// Applies the effects of a vector instruction that moves values, or clears a register.
pub fn step(explorer: &mut Explorer, frame: &mut Frame, i: &Instruction, state: &mut State) {
    let clears = matches!(i.mnemonic(), Mnemonic::Pxor | Mnemonic::Xorps);
    if clears && i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register() {
        put(
            state,
            i.op0_register(),
            Some((Value::num(0), Value::num(0))),
        );
        return;
    }
    let width = match i.mnemonic() {
        Mnemonic::Movq | Mnemonic::Movhps | Mnemonic::Movlps | Mnemonic::Pinsrq => 8,
        Mnemonic::Movd => 4,
        _ => 16,
    };
    if i.op0_kind() == OpKind::Memory {
        let place = address(frame, i, state);
        aligned(frame, i, &place);
        let (low, high) = get(state, i.op1_register());
        let first = if i.mnemonic() == Mnemonic::Movhps {
            high.clone()
        } else {
            low
        };
        if width == 16 && place.base == Base::Stack {
            explorer.store(frame, i, &place, 8, first, state);
            explorer.store(frame, i, &place.moved(8), 8, high, state);
        } else {
            explorer.store(frame, i, &place, width, first, state);
            explorer.note_published(&high);
        }
        return;
    }
    let loaded = |explorer: &mut Explorer, frame: &mut Frame, state: &mut State| {
        let place = address(frame, i, state);
        aligned(frame, i, &place);
        let low = explorer.load(frame, i, &place, width.min(8), state);
        let high = if width == 16 {
            explorer.load(frame, i, &place.moved(8), 8, state)
        } else {
            Value::num(0)
        };
        (low, high)
    };
    let to = i.op0_register();
    let from_memory = i.op1_kind() == OpKind::Memory;
    match i.mnemonic() {
        Mnemonic::Movq | Mnemonic::Movd if to.is_gpr() => {
            let (low, _) = get(state, i.op1_register());
            state.set(to, low);
        }
        Mnemonic::Movq | Mnemonic::Movd => {
            let low = if from_memory {
                loaded(explorer, frame, state).0
            } else if i.op1_register().is_gpr() {
                state.get(i.op1_register())
            } else {
                get(state, i.op1_register()).0
            };
            put(state, to, Some((low, Value::num(0))));
        }
        Mnemonic::Movhps | Mnemonic::Movlps if from_memory => {
            let (value, _) = loaded(explorer, frame, state);
            let (low, high) = get(state, to);
            let both = if i.mnemonic() == Mnemonic::Movhps {
                (low, value)
            } else {
                (value, high)
            };
            put(state, to, Some(both));
        }
        Mnemonic::Punpcklqdq => {
            let high = if from_memory {
                loaded(explorer, frame, state).0
            } else {
                get(state, i.op1_register()).0
            };
            let (low, _) = get(state, to);
            put(state, to, Some((low, high)));
        }
        Mnemonic::Pinsrq => {
            let value = if from_memory {
                loaded(explorer, frame, state).0
            } else {
                state.get(i.op1_register())
            };
            let (low, high) = get(state, to);
            let both = if i.immediate8() & 1 == 1 {
                (low, value)
            } else {
                (value, high)
            };
            put(state, to, Some(both));
        }
        Mnemonic::Pxor | Mnemonic::Xorps => {
            if from_memory {
                loaded(explorer, frame, state);
            }
            put(state, to, None);
        }
        _ => {
            let both = if from_memory {
                loaded(explorer, frame, state)
            } else {
                get(state, i.op1_register())
            };
            put(state, to, Some(both));
        }
    }
}

fn get(state: &State, register: Register) -> (Value, Value) {
    state
        .vectors
        .get(&(register.number() as u8))
        .cloned()
        .unwrap_or((Value::UNKNOWN, Value::UNKNOWN))
}

fn put(state: &mut State, register: Register, value: Option<(Value, Value)>) {
    let number = register.number() as u8;
    match value {
        Some(value) if value.0 != Value::UNKNOWN || value.1 != Value::UNKNOWN => {
            state.vectors.insert(number, value);
        }
        _ => {
            state.vectors.remove(&number);
        }
    }
}

/// Reports a move that raises a signal where the address is not a multiple of 16.
fn aligned(frame: &mut Frame, i: &Instruction, place: &Value) {
    use crate::finding::{Kind, Weight};
    let must = matches!(
        i.mnemonic(),
        Mnemonic::Movaps | Mnemonic::Movdqa | Mnemonic::Movapd
    );
    // The stack pointer is a multiple of 16 before each call.
    if must
        && frame.is_handler
        && place.base == Base::Stack
        && let Some(at) = place.exact()
        && (at + 8) % 16 != 0
    {
        frame.find(
            Kind::Trap,
            Weight::Fault,
            i.ip(),
            "raises SIGSEGV: its operand is not aligned",
        );
    }
    if must
        && matches!(place.base, Base::Image(_))
        && let Some(at) = place.exact()
        && at % 16 != 0
    {
        frame.find(
            Kind::Trap,
            Weight::Fault,
            i.ip(),
            "raises SIGSEGV: its operand is not aligned",
        );
    }
}
