//! Bytes to bits and back, most significant bit first.

/// Holds one bit, which travels as one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bit {
    /// Is 0, which travels as SIGUSR1.
    Zero,
    /// Is 1, which travels as SIGUSR2.
    One,
}

impl From<bool> for Bit {
    fn from(set: bool) -> Self {
        if set { Self::One } else { Self::Zero }
    }
}

/// Returns bit `index` (0 to 7) of `byte`, counted from the most significant; other indexes are taken modulo 8.
pub const fn bit_of(byte: u8, index: usize) -> Bit {
    if byte << (index % 8) & 0x80 == 0 {
        Bit::Zero
    } else {
        Bit::One
    }
}

/// Collects bits into bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByteAssembler {
    bits: u8,
    count: u8,
}

impl ByteAssembler {
    /// Takes one bit, and returns the byte with every eighth.
    pub fn push(&mut self, bit: Bit) -> Option<u8> {
        self.bits = self.bits << 1 | (bit == Bit::One) as u8;
        self.count = (self.count + 1) % 8;
        (self.count == 0).then_some(self.bits)
    }

    /// Returns whether no bit of an unfinished byte is held.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
