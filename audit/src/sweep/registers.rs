//! Sets of registers, and the words of the file from which the values in registers were computed.

use iced_x86::Register;

use super::words::Words;

const INTEGERS: usize = 16;
const VECTORS: usize = 32;

/// The integer registers that a call may overwrite (System V ABI for x86-64, 3.2.1).
pub const SCRATCH: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];

/// Is a set of registers: bit `n` for the integer register of number `n`, bit `16 + n` for the vector register.
#[derive(Clone, Copy, Default)]
pub struct Registers(u64);

impl Registers {
    pub const ALL: Self = Self((1 << (INTEGERS + VECTORS)) - 1);

    /// Returns the registers that a call may overwrite if the called function preserves `kept`.
    pub fn lost(kept: Self) -> Self {
        let integers = SCRATCH.iter().fold(0, |all, n| all | 1 << n);
        Self((integers | Self::ALL.0 << INTEGERS) & Self::ALL.0 & !kept.0)
    }

    pub const fn has_integer(self, number: usize) -> bool {
        self.0 & 1 << number != 0
    }

    pub fn remove(&mut self, register: Register) {
        if let Some(n) = number(register) {
            self.0 &= !(1 << n);
        }
    }

    /// Returns the numbers of the bits.
    fn numbers(self) -> impl Iterator<Item = usize> {
        let next = |rest: &u64| Some(rest & rest.wrapping_sub(1));
        let all = std::iter::successors(Some(self.0), next);
        let all = all.take_while(|rest| *rest != 0);
        all.map(|rest| rest.trailing_zeros() as usize)
    }
}

/// Holds the words of each integer and vector register, by the number of its bit in [`Registers`].
pub struct Contents {
    words: [Words; INTEGERS + VECTORS],
    /// The registers whose words are not empty.
    held: Registers,
}

impl Contents {
    pub fn new() -> Self {
        Self {
            words: std::array::from_fn(|_| Words::default()),
            held: Registers::default(),
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.held.0 == 0
    }

    /// Returns the words of an integer register.
    pub const fn integer(&self, number: usize) -> &Words {
        &self.words[number]
    }

    /// Returns the words of the vector registers that pass arguments.
    pub fn passed_vectors(&self) -> &[Words] {
        const PASSED: usize = 8;
        &self.words[INTEGERS..INTEGERS + PASSED]
    }

    pub fn of(&self, register: Register) -> Option<&Words> {
        number(register).map(|n| &self.words[n])
    }

    /// Returns the words that are not empty, each after the number of its register.
    pub fn held(&self) -> impl Iterator<Item = (usize, &Words)> {
        self.held.numbers().map(|n| (n, &self.words[n]))
    }

    pub const fn has_any_of(&self, registers: Registers) -> bool {
        self.held.0 & registers.0 != 0
    }

    pub fn join(&mut self, n: usize, words: &Words) {
        self.words[n].join(words);
        self.note(n);
    }

    pub fn set(&mut self, register: Register, words: &Words) {
        if let Some(n) = number(register) {
            self.set_number(n, words);
        }
    }

    pub fn set_number(&mut self, n: usize, words: &Words) {
        self.words[n].clone_from(words);
        self.note(n);
    }

    pub fn clear(&mut self, registers: Registers) {
        for n in Registers(self.held.0 & registers.0).numbers() {
            self.words[n].clear();
        }
        self.held.0 &= !registers.0;
    }

    fn note(&mut self, n: usize) {
        let bit = 1 << n;
        match self.words[n].is_empty() {
            true => self.held.0 &= !bit,
            false => self.held.0 |= bit,
        }
    }
}

/// Returns the number of the register's bit.
fn number(register: Register) -> Option<usize> {
    if register.is_gpr() {
        Some(register.full_register().number())
    } else if register.is_vector_register() {
        Some(INTEGERS + register.number())
    } else {
        None
    }
}
