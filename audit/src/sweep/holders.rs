//! The words of the file to which a function has stored values that it may still hold.

use std::collections::VecDeque;

use crate::image::Image;
use crate::reach;

/// Holds the latest stores of values to words, the last one first.
#[derive(Default)]
pub struct Holders(VecDeque<Holder>);

/// Holds a word to which a value was stored, by the value's number.
struct Holder {
    word: u64,
    value: u64,
    /// The address of the store.
    at: u64,
    /// Whether no jump or return lies behind the store.
    is_near: bool,
    /// The later stores to the word.
    replaced_at: Vec<u64>,
}

impl Holders {
    /// Notes a store of the value with this number to a word.
    pub fn store(&mut self, at: u64, word: u64, value: u64) {
        const MOST: usize = 64;
        self.0.truncate(MOST - 1);
        self.0.push_front(Holder {
            word,
            value,
            at,
            is_near: true,
            replaced_at: Vec::new(),
        });
    }

    /// Notes a store of any value to a word.
    pub fn replace(&mut self, at: u64, word: u64) {
        for holder in self.0.iter_mut().filter(|holder| holder.word == word) {
            holder.replaced_at.push(at);
        }
    }

    /// Notes a jump or a return: the instructions behind it are reached from elsewhere.
    pub fn jump(&mut self) {
        for holder in &mut self.0 {
            holder.is_near = false;
        }
    }

    /// Returns the word that has the value at an instruction of the function. Behind a jump, each way from the function's begin to
    /// the instruction must lead over the store; behind another store to the word, a way from the first one must avoid that.
    pub fn word_of(&self, image: &Image, function: u64, at: u64, value: u64) -> Option<u64> {
        let has_value = |holder: &&Holder| {
            let (from, later) = (holder.at, &holder.replaced_at);
            holder.value == value
                && (holder.is_near || reach::never_leads(image, function, at, &[from]))
                && (later.is_empty() || reach::surely_leads(image, from, at, later))
        };
        self.0.iter().find(has_value).map(|holder| holder.word)
    }
}
