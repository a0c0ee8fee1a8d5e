//! CRC-32 (ISO-HDLC: the one of zlib, gzip and Ethernet; check value 0xCBF43926), one byte at a time, or four.
//!
//! Written here because the core depends on `libc` alone; tested against `crc32fast`.

/// Computes a checksum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Crc32(u32);

impl Crc32 {
    /// Returns the checksum of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(!0)
    }

    /// Takes in one byte.
    pub const fn push(&mut self, byte: u8) {
        self.0 = self.0 >> 8 ^ TABLES[0][((self.0 ^ byte as u32) & 0xFF) as usize];
    }

    /// Takes in bytes, four at a time ("slicing by 4", Kounavis and Berry, 2005).
    ///
    /// Table `k` holds what a byte becomes when `k` zero bytes follow it, so four look-ups need not wait for each other.
    pub fn extend(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((four, after)) = rest.split_first_chunk::<4>() {
            rest = after;
            let word = u32::from_le_bytes(*four) ^ self.0;
            self.0 = (0..4).fold(0, |crc, i| {
                crc ^ TABLES[3 - i][(word >> (8 * i) & 0xFF) as usize]
            });
        }
        rest.iter().for_each(|byte| self.push(*byte));
    }

    /// Returns the checksum of the bytes so far.
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

static TABLES: [[u32; 256]; 4] = {
    let mut tables = [[0; 256]; 4];
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
        tables[0][i] = crc;
        i += 1;
    }
    let mut k = 1;
    while k < 4 {
        let mut i = 0;
        while i < 256 {
            let before = tables[k - 1][i];
            tables[k][i] = before >> 8 ^ tables[0][(before & 0xFF) as usize];
            i += 1;
        }
        k += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = Crc32::new();
        crc.extend(bytes);
        crc.value()
    }

    #[test]
    fn the_check_value_is_right() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc(b""), 0);
    }

    proptest! {
        #[test]
        fn agrees_with_crc32fast(bytes: Vec<u8>) {
            prop_assert_eq!(crc(&bytes), crc32fast::hash(&bytes));
            let mut one_by_one = Crc32::new();
            bytes.iter().for_each(|byte| one_by_one.push(*byte));
            prop_assert_eq!(one_by_one.value(), crc(&bytes));
        }
    }
}
