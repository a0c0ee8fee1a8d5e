//! Sets of words of the file. Registers that hold copies of one value share one set.

use std::ops::Deref;
use std::rc::Rc;

/// Is the largest number of words in a set that another is joined to.
const MOST: usize = 256;

/// Is a set of words in ascending order. A clone shares the memory.
#[derive(Clone, Default)]
pub struct Words(Option<Rc<[u64]>>);

impl Words {
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Adds the words of another set, unless the two have too many: in a function of ten thousands of instructions, a register
    /// seems to be computed from thousands of words, since its paths are not told apart.
    pub fn join(&mut self, other: &Self) {
        let (Some(own), Some(added)) = (&self.0, &other.0) else {
            if self.0.is_none() {
                self.clone_from(other);
            }
            return;
        };
        if Rc::ptr_eq(own, added) || has_all(own, added) {
            return;
        }
        match has_all(added, own) {
            true => self.clone_from(other),
            false if own.len().max(added.len()) < MOST => {
                *self = own.iter().chain(&**added).copied().collect();
            }
            false => {}
        }
    }
}

/// Returns whether the first of two ordered lists has all words of the second.
fn has_all(list: &[u64], words: &[u64]) -> bool {
    let mut list = list.iter();
    words.iter().all(|word| list.any(|known| known == word))
}

impl Deref for Words {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromIterator<u64> for Words {
    fn from_iter<I: IntoIterator<Item = u64>>(all: I) -> Self {
        let mut all: Vec<u64> = all.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self((!all.is_empty()).then(|| all.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_is_the_union_of_two_sets_in_order() {
        let sets: [&[u64]; 6] = [&[], &[1], &[2], &[1, 2], &[2, 3], &[1, 3, 5]];
        for (own, added) in sets.iter().flat_map(|own| sets.map(|added| (own, added))) {
            let mut joined: Words = own.iter().copied().collect();
            joined.join(&added.iter().copied().collect());
            let union: std::collections::BTreeSet<u64> = own.iter().chain(added).copied().collect();
            assert_eq!(*joined, *Vec::from_iter(union), "{own:?} and {added:?}");
        }
    }

    #[test]
    fn a_set_of_too_many_words_is_joined_to_no_other() {
        let many: Words = (0..MOST as u64).collect();
        let one: Words = [u64::MAX].into_iter().collect();
        let joined = |mut own: Words, added: &Words| {
            own.join(added);
            own.to_vec()
        };
        assert_eq!(joined(one.clone(), &many), *one);
        assert_eq!(joined(many.clone(), &one), *many);
        let few: Words = many[1..].iter().copied().collect();
        assert_eq!(joined(few, &one).len(), MOST);
    }
}
