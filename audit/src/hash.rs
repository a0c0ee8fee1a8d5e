//! Maps and sets with a cheap hash, for the lookups that the exploration makes at each instruction.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Is a map for keys whose number the exploration's limits bound.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Multiply>>;

/// Is a set for keys whose number the exploration's limits bound.
pub type Set<K> = HashSet<K, BuildHasherDefault<Multiply>>;

/// Hashes by one multiplication a word; gives no protection against chosen collisions.
#[derive(Default)]
pub struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        // The hash table uses the low bits, but a product is mixed best in the high bits.
        self.0.rotate_left(26)
    }
}

/// Returns a number that is equal for equal values, and rarely equal for different values.
pub fn fingerprint(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = Multiply::default();
    value.hash(&mut hasher);
    hasher.finish()
}
