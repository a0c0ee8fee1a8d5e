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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteAssembler {
    /// The bits so far, behind a 1.
    bits: u8,
}

impl Default for ByteAssembler {
    fn default() -> Self {
        Self { bits: 1 }
    }
}

impl ByteAssembler {
    /// Takes one bit, and returns the byte with every eighth.
    pub const fn push(&mut self, bit: Bit) -> Option<u8> {
        let is_full = self.bits >= 1 << 7;
        let bits = self.bits << 1 | bit as u8;
        self.bits = if is_full { 1 } else { bits };
        if is_full { Some(bits) } else { None }
    }
}
