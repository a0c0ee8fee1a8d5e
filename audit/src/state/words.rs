//! Keeps the facts that comparisons show about numbers in data of a file, which are loaded again after them.

use std::rc::Rc;

use super::State;
use crate::comparison::Compared;
use crate::value::{Base, Value};

/// The width in bytes of the numbers that are kept.
pub const WIDTH: u64 = 4;

impl State {
    /// Returns the known values of the number in that word of that file.
    pub fn number_in(&self, image: u16, word: u64) -> Option<&Value> {
        self.words.get(&(image, word))
    }

    pub fn note_number(&mut self, image: u16, word: u64, value: Value) {
        if matches!(value.base, Base::Num | Base::SavedErrno) {
            Rc::make_mut(&mut self.words).insert((image, word), value);
        }
    }

    /// Forgets the numbers of the file from `lo` to below `hi`.
    pub fn forget_numbers(&mut self, image: u16, lo: u64, hi: u64) {
        let is_hit = |of: u16, word: u64| of == image && word < hi && word + WIDTH > lo;
        if self.words.keys().any(|(of, word)| is_hit(*of, *word)) {
            Rc::make_mut(&mut self.words).retain(|(of, word), _| !is_hit(*of, *word));
        }
        let is_kept =
            |place: &Compared| !matches!(place, Compared::Word(of, word) if is_hit(*of, *word));
        if let Some(flags) = &mut self.flags {
            flags.place = flags.place.filter(is_kept);
            flags.origin = flags.origin.filter(|(from, _)| is_kept(from));
        }
    }

    /// Forgets all numbers of files.
    pub fn forget_all_numbers(&mut self) {
        self.words = Rc::default();
        let is_kept = |place: &Compared| !matches!(place, Compared::Word(..));
        if let Some(flags) = &mut self.flags {
            flags.place = flags.place.filter(is_kept);
            flags.origin = flags.origin.filter(|(from, _)| is_kept(from));
        }
    }
}
