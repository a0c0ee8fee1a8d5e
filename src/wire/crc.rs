//! CRC-32 (ISO-HDLC: the one of zlib, gzip and Ethernet; check value 0xCBF43926), one byte at a time.
//!
//! Our own, because the core has no dependency but `libc`; tested against `crc32fast`.

/// A checksum in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Crc32(u32);

impl Crc32 {
    /// The checksum of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(!0)
    }

    /// Takes in one byte.
    pub const fn push(&mut self, byte: u8) {
        self.0 = self.0 >> 8 ^ TABLE[((self.0 ^ byte as u32) & 0xFF) as usize];
    }

    /// The checksum of the bytes so far.
    #[must_use]
    pub const fn value(&self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

impl Extend<u8> for Crc32 {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        bytes.into_iter().for_each(|byte| self.push(byte));
    }
}

static TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = Crc32::new();
        crc.extend(bytes.iter().copied());
        crc.value()
    }

    #[test]
    fn the_check_value() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc(b""), 0);
    }

    proptest! {
        #[test]
        fn agrees_with_crc32fast(bytes: Vec<u8>) {
            prop_assert_eq!(crc(&bytes), crc32fast::hash(&bytes));
        }
    }
}
