//! Implements SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash that nobody predicts
//! without its key.
//!
//! Written here because the core depends on `libc` alone; tested against `core`'s own, which is deprecated.

/// Is the key of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub [u64; 2]);

impl Key {
    /// Returns the hash of `words`, each as eight bytes with the least significant first.
    pub fn hash(self, words: &[u64]) -> u64 {
        let mut hasher = SipHasher::new(self);
        for word in words {
            hasher.extend(&word.to_le_bytes());
        }
        hasher.finish()
    }

    /// Derives key number `number` from this one. Derived keys reveal nothing about each other.
    pub fn derive(self, number: u64) -> Self {
        Self([self.hash(&[number, 0]), self.hash(&[number, 1])])
    }
}

/// Hashes bytes as they come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipHasher {
    state: [u64; 4],
    /// The bytes that do not fill a word yet, the first of them least significant.
    tail: u64,
    len: u64,
}

impl SipHasher {
    /// Returns the hasher of no bytes.
    pub const fn new(key: Key) -> Self {
        let Key([k0, k1]) = key;
        Self {
            state: [
                k0 ^ 0x736f_6d65_7073_6575,
                k1 ^ 0x646f_7261_6e64_6f6d,
                k0 ^ 0x6c79_6765_6e65_7261,
                k1 ^ 0x7465_6462_7974_6573,
            ],
            tail: 0,
            len: 0,
        }
    }

    /// Takes in one byte.
    pub const fn push(&mut self, byte: u8) {
        self.tail |= (byte as u64) << (8 * (self.len % 8));
        self.len += 1;
        if self.len % 8 == 0 {
            self.absorb(self.tail);
            self.tail = 0;
        }
    }

    /// Takes in bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        let missing = (self.len.wrapping_neg() % 8) as usize;
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        head.iter().for_each(|byte| self.push(*byte));
        let mut rest = rest;
        while let Some((word, after)) = rest.split_first_chunk() {
            rest = after;
            self.absorb(u64::from_le_bytes(*word));
            self.len += 8;
        }
        rest.iter().for_each(|byte| self.push(*byte));
    }

    /// Returns the hash of the bytes so far.
    pub fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.absorb(self.tail | self.len << 56);
        last.state[2] ^= 0xFF;
        for _ in 0..4 {
            last.round();
        }
        last.state.iter().fold(0, |hash, word| hash ^ word)
    }

    const fn absorb(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.round();
        self.state[0] ^= word;
    }

    const fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32).wrapping_add(d);
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        self.state = [a, b, c.rotate_left(32), d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hash::Hasher;
    use proptest::prelude::*;

    #[test]
    fn the_hash_is_that_of_the_paper() {
        let key = Key([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
        let mut hasher = SipHasher::new(key);
        hasher.extend(&core::array::from_fn::<u8, 15, _>(|i| i as u8));
        assert_eq!(hasher.finish(), 0xa129_ca61_49be_45e5);
        assert_eq!(key.hash(&[]), 0x726f_db47_dd0e_0e31);
        assert_ne!(key.derive(0), key.derive(1));
        assert_ne!(key.derive(1), Key([key.hash(&[1, 0]); 2]));
    }

    proptest! {
        #[test]
        #[allow(deprecated, reason = "the only SipHash-2-4 of the standard library")]
        fn the_hash_is_that_of_core(
            key: [u64; 2],
            // The length counts modulo 256.
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            at: prop::sample::Index,
        ) {
            let mut theirs = core::hash::SipHasher::new_with_keys(key[0], key[1]);
            theirs.write(&bytes);
            let mut ours = SipHasher::new(Key(key));
            let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
            ours.extend(first);
            ours.extend(second);
            prop_assert_eq!(ours.finish(), theirs.finish());
        }
    }
}
