//! The known addresses of data in registers and in the frame.

use std::collections::BTreeMap;

use iced_x86::{Instruction, Register};

/// Describes the known address of data in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DataAddress {
    /// Exactly this address.
    Exact(u64),
    /// This address, or any address above it.
    Above(u64),
    /// Any address of data.
    Any,
}

impl DataAddress {
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) if a == b => self,
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Exact(a) | Self::Above(a), Self::Exact(b) | Self::Above(b)) => {
                Self::Above(a.min(b))
            }
        }
    }

    /// Returns the address at the distance `by` from this address.
    pub fn moved(self, by: i64) -> Self {
        match self {
            Self::Exact(at) => Self::Exact(at.wrapping_add_signed(by)),
            Self::Above(at) if by >= 0 => Self::Above(at),
            Self::Above(_) | Self::Any => Self::Any,
        }
    }

    /// Returns the address after an index is added; `is_positive`: whether the index is not negative.
    pub fn indexed(self, is_positive: bool) -> Self {
        match self {
            Self::Exact(at) | Self::Above(at) if is_positive => Self::Above(at),
            _ => Self::Any,
        }
    }
}

/// Holds the known addresses of data between two instructions.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct KnownAddresses {
    pub registers: [Option<DataAddress>; 16],
    /// The addresses kept in the frame, by the offset from the stack pointer at the function's entry.
    pub slots: BTreeMap<i64, DataAddress>,
    /// The address kept in any of the vector registers.
    pub vector: Option<DataAddress>,
    /// A bit for each register whose value is not negative.
    pub positive: u16,
    /// The offsets of rsp and rbp, if they point into the frame.
    pub rsp: Option<i64>,
    pub rbp: Option<i64>,
}

pub(super) const RAX: usize = 0;
pub(super) const RDX: usize = 2;
pub(super) const RSP: usize = 4;
pub(super) const RBP: usize = 5;

pub(super) fn joined(a: Option<DataAddress>, b: Option<DataAddress>) -> Option<DataAddress> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (one, other) => one.or(other),
    }
}

impl KnownAddresses {
    /// Joins the state of another way through the function; returns whether this state changes.
    pub fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for (own, other) in self.registers.iter_mut().zip(&other.registers) {
            *own = joined(*own, *other);
        }
        for (at, held) in &other.slots {
            let own = self.slots.entry(*at).or_insert(*held);
            *own = own.or(*held);
        }
        self.vector = joined(self.vector, other.vector);
        self.positive &= other.positive;
        self.rsp = self.rsp.filter(|own| other.rsp == Some(*own));
        self.rbp = self.rbp.filter(|own| other.rbp == Some(*own));
        *self != before
    }

    pub fn holds_any(&self) -> bool {
        self.registers.iter().any(Option::is_some)
            || !self.slots.is_empty()
            || self.vector.is_some()
    }

    /// Returns the place of the frame that the instruction touches.
    pub fn slot(&self, i: &Instruction) -> Option<i64> {
        let of = match i.memory_base() {
            Register::RSP => self.rsp,
            Register::RBP => self.rbp,
            _ => None,
        };
        of.filter(|_| i.memory_index() == Register::None)
            .map(|of| of.wrapping_add(i.memory_displacement64().cast_signed()))
    }

    /// Returns the value in the place of the frame that the instruction touches.
    pub fn stored(&self, i: &Instruction) -> Option<DataAddress> {
        self.slot(i).and_then(|at| self.slots.get(&at)).copied()
    }

    pub fn get(&self, register: Register) -> Option<DataAddress> {
        match register.is_gpr() {
            true => self.registers[register.full_register().number()],
            false if register.is_vector_register() => self.vector,
            false => None,
        }
    }

    pub fn is_positive(&self, register: Register) -> bool {
        register.is_gpr() && self.positive & 1 << register.full_register().number() != 0
    }
}
