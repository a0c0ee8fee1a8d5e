//! Messages that are determined by a seed, and their checksums.

/// Returns `len` pseudo-random bytes.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut words = words(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(words.next().unwrap_or(0).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Returns `len` letters and digits, which no shell, terminal or text format changes.
pub fn text(seed: u64, len: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    words(seed)
        .map(|word| char::from(LETTERS[(word % 62) as usize]))
        .take(len)
        .collect()
}

/// Returns the CRC-32 of a message.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Advances SplitMix64 (Steele, Lea and Flood, 2014) and returns its next value.
fn words(seed: u64) -> impl Iterator<Item = u64> {
    (1u64..).map(move |n| {
        let mut z = seed.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_length_name_one_message() {
        assert_eq!(bytes(1, 100), bytes(1, 100));
        assert_ne!(bytes(1, 100), bytes(2, 100));
        assert_eq!(bytes(1, 0), []);
        assert_eq!(bytes(3, 13).len(), 13);
        // The first output of SplitMix64 with seed 0.
        assert_eq!(bytes(0, 8), 0xE220_A839_7B1D_CDAFu64.to_le_bytes());
        assert_eq!(text(5, 10_000).len(), 10_000);
        assert!(
            text(5, 1_000)
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
    }
}
