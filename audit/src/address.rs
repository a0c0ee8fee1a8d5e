//! The addresses that memory operands name.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::comparison::Compared;
use crate::frame::Frame;
use crate::image::THREAD;
use crate::state::{State, is_high};
use crate::value::{Base, Value};

/// Returns the place of the first operand, if a comparison can bound its value.
pub fn place_of(frame: &Frame, i: &Instruction, state: &State) -> Option<Compared> {
    match i.op0_kind() {
        OpKind::Register if i.op0_register().is_gpr() && !is_high(i.op0_register()) => Some(
            Compared::Register(i.op0_register().full_register().number()),
        ),
        OpKind::Memory => {
            let place = address(frame, i, state);
            let offset = place.exact().filter(|_| place.base == Base::Stack)?;
            let width = i.memory_size().size() as u8;
            Some(Compared::Slot(offset, width))
        }
        _ => None,
    }
}

/// Returns the address that the memory operand names.
pub fn address(frame: &Frame, i: &Instruction, state: &State) -> Value {
    let displacement = i.memory_displacement64().cast_signed();
    if i.is_ip_rel_memory_operand() {
        return Value::image(frame.number, i.ip_rel_memory_address());
    }
    if i.memory_index().is_vector_register() {
        return Value::UNKNOWN;
    }
    let base = state.get(i.memory_base());
    let index = state
        .get(i.memory_index())
        .times(i64::from(i.memory_index_scale()));
    let index = if i.memory_index() == Register::None {
        Value::num(0)
    } else {
        index
    };
    let mut sum = base.plus(&index).moved(displacement);
    let is_32 = i.memory_base().is_gpr32() || i.memory_index().is_gpr32();
    if is_32 {
        sum = crate::state::narrowed(&sum, 32);
    }
    if i.mnemonic() != Mnemonic::Lea && i.memory_segment() == Register::GS {
        return Value::UNKNOWN;
    }
    if i.mnemonic() != Mnemonic::Lea && i.memory_segment() == Register::FS {
        let offset = match sum.base {
            Base::Num => sum,
            _ => Value::any_num(),
        };
        return in_thread(
            frame,
            Value {
                base: Base::Thread,
                ..offset
            },
        );
    }
    if i.mnemonic() == Mnemonic::Lea {
        in_thread(frame, sum)
    } else {
        in_image(frame, sum)
    }
}

/// Returns a number as an address of the file, if the addresses of the file are final.
pub fn in_image(frame: &Frame, value: Value) -> Value {
    if value.base == Base::Num
        && frame.image.is_fixed
        && frame.image.region(value.lo.cast_unsigned()).is_some()
    {
        return Value {
            base: Base::Image(frame.number),
            ..value
        };
    }
    in_thread(frame, value)
}

/// Returns an address below the thread pointer as an address of the file, if the file has thread-local data there.
fn in_thread(frame: &Frame, value: Value) -> Value {
    let lowest = THREAD.wrapping_add_signed(value.lo);
    if value.base == Base::Thread && value.hi < 0 && frame.image.is_thread_local(lowest) {
        return Value {
            base: Base::Image(frame.number),
            ..value.moved(THREAD.cast_signed())
        };
    }
    value
}
