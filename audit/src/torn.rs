//! Reports stores that other code can see half done, stores that belong together, and stores of pointers that become invalid.

use iced_x86::Instruction;

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::Image;
use crate::nested::LOST;
use crate::nesting::Nesting;
use crate::state::{State, Stored};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Reports stores that belong together, and stores that other code can see half done.
    pub fn together(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        image: u16,
        place: &Value,
        (width, value): (u32, &Value),
        state: &mut State,
    ) {
        // An atomic instruction: other threads see all of it or nothing, and its author asked for that.
        if i.has_lock_prefix() {
            return;
        }
        let at = i.ip();
        let file = self.files.image(image);
        let ends_in_next_line = |at: i64| {
            let at = at.cast_unsigned();
            at / 64 != at.saturating_add(u64::from(width) - 1) / 64
        };
        let first = place.lo.cast_unsigned();
        let crosses = match place.all() {
            Some(all) => all.into_iter().any(ends_in_next_line),
            None => !is_aligned(i, place, width),
        };
        // An exchange is atomic wherever the word lies.
        let crosses = crosses && i.mnemonic() != iced_x86::Mnemonic::Xchg;
        if width > 8 || crosses {
            // A store to several elements is not certain to be torn: a reader may know which elements are complete, as with two
            // stores.
            let is_one = file
                .object_at(first)
                .is_none_or(|o| first + u64::from(width) <= o.address + o.size);
            let is_known = place.exact().is_some() || width <= 8 && place.all().is_some();
            // Without symbols an index may choose an element of any array, as where a compiler copies a text in blocks.
            let is_named =
                file.object_at(first).is_some() || i.memory_index() == iced_x86::Register::None;
            let is_certain = is_one && is_named && value.number().is_none() && is_known;
            let what = match (file.object_at(first), place.exact()) {
                (Some(object), None) => {
                    format!("an element of {}", file.place(object.address))
                }
                _ => file.place(first),
            };
            self.note_half(frame, at, (image, place), width.into());
            frame.add(in_parts(
                at,
                is_certain,
                &format!("stores {width} bytes to {what}"),
            ));
            return;
        }
        if !place.is_bounded() {
            return;
        }
        let stored = Stored {
            image,
            lo: first,
            hi: place.hi.cast_unsigned(),
            is_flag: is_flag(width, value),
            by: (place.exact().is_none()
                && (self.is_shared() || self.index.has_threads(image, &file))
                && (i.memory_index() != iced_x86::Register::None || file.is_fixed))
                .then(|| crate::entry::chosen_by(frame, at))
                .flatten(),
            through: None,
        };
        // A constant that a loop stores to the elements of an array describes each element alone, unless it clears them all.
        let is_constant = i.op_count() == 2 && i.op1_kind() != iced_x86::OpKind::Register;
        let is_mark = width <= 4 && is_constant && value.number().is_some_and(|mark| mark != 0);
        self.also_stored(frame, at, &[stored], is_mark.then_some(width), state);
    }

    /// Reports a store of a pointer into the handler's stack or to the kernel's data there, which are gone when the handler has
    /// returned.
    pub fn note_kept(&mut self, frame: &mut Frame, at: u64, word: (u16, u64), value: &Value) {
        let of = match value.base {
            Base::Stack => "into a frame of the handler",
            Base::Siginfo => "to the siginfo",
            Base::Context => "to the ucontext",
            _ => {
                self.stored_else.entry(word).or_insert((frame.number, at));
                return;
            }
        };
        self.kept.insert((frame.number, at), word);
        let place = self.files.image(word.0).place(word.1);
        frame.doubt(
            Kind::Escape,
            at,
            format!(
                "keeps a pointer {of} in {place}: it is not valid after the handler has returned"
            ),
            "a copy of what is needed, or a store of null before the handler returns",
        );
    }

    /// Returns whether the handler may be interrupted by itself.
    pub fn is_shared(&self) -> bool {
        self.signals == 0 || self.nesting.is_certain() != Some(false)
    }

    /// Notes each word that was stored on the path to this store, as a pair with its word. The program may take the two words
    /// together or, if one is a flag, look for the flag.
    fn note_pairs(&mut self, by: (u16, u64), stored: &Stored, before: &[Stored]) {
        const MOST: usize = 256;
        let is_word = |of: &&Stored| of.lo == of.hi && of.through.is_none();
        if !is_word(&stored) || self.pairs.len() + self.announced.len() >= MOST {
            return;
        }
        for earlier in before.iter().filter(is_word) {
            let (words, pairs) = match (earlier.is_flag, stored.is_flag) {
                (false, false) => ([earlier.lo, stored.lo], &mut self.pairs),
                (false, true) => ([earlier.lo, stored.lo], &mut self.announced),
                (true, false) => ([stored.lo, earlier.lo], &mut self.announced),
                (true, true) => continue,
            };
            if earlier.image == stored.image && earlier.lo != stored.lo {
                pairs.entry((stored.image, words)).or_insert(by);
            }
        }
    }

    /// Reports a store to a word that another instruction has loaded, if the handler may interrupt itself between the two.
    pub fn lost_update(
        &mut self,
        frame: &mut Frame,
        at: u64,
        image: u16,
        place: &Value,
        (width, value): (u32, &Value),
    ) {
        let Some(word) = place.exact().map(i64::cast_unsigned) else {
            return;
        };
        // Each thread has its own thread-local data.
        let alone = Nesting {
            threads: Some(false),
            ..self.nesting
        };
        let is_own = self.files.image(image).is_thread_local(word);
        if is_own && alone.is_certain() == Some(false) {
            return;
        }
        let loads = self.loaded.get(&(image, word));
        if loads.is_some_and(|loads| loads.iter().any(|load| *load != at)) {
            let file = self.files.image(image);
            // The stored value was computed from the loaded value, or chosen by it.
            let image_of = &frame.image;
            let is_update = self.index.is_update(frame.number, image_of, word, at);
            let step = self.index.is_step(frame.number, image_of, word, at);
            let is_certain = is_update || step == Some(true);
            let is_open = value.number().is_none() && self.nesting.flag == Some(true);
            if !is_certain && step.is_none() && !is_open {
                return;
            }
            let bytes = (image, word, word.saturating_add(width.into()));
            self.lost.insert((frame.number, at), bytes);
            let is_nested = self.nesting.is_certain() == Some(true);
            let weight = if is_certain && image == frame.number && is_nested {
                Weight::Fault
            } else {
                Weight::Doubt
            };
            let place = file.place(word);
            let why = format!(
                "stores to {place} after a load of it: {} {LOST}",
                self.nesting.why()
            );
            let remedy = "an atomic operation, flags without SA_NODEFER, or a mask that blocks its other signals";
            frame.add(Finding::new(Kind::Torn, weight, at, why).or(remedy));
        }
    }

    /// Reports a block of several words that is stored to data of a file, unless its length is chosen while the program runs.
    ///
    /// A varying length is the length of a text; a structure has a fixed length.
    pub fn stores_block(
        &mut self,
        frame: &mut Frame,
        at: u64,
        to: &Value,
        length: &Value,
        is_constant: bool,
    ) {
        let to = crate::address::in_image(frame, to.clone());
        let Some(length) = length.number().filter(|length| *length > 8) else {
            if let (Base::Image(image), true) = (to.base, length.number().is_none()) {
                let word = (image, to.lo.cast_unsigned());
                self.texts.entry(word).or_insert((frame.number, at));
            }
            return;
        };
        if self.stated(&to).is_some() {
            let what = format!("stores a block of {length} bytes through a pointer");
            frame.add(in_parts(at, false, &what));
        }
        let Base::Image(image) = to.base else {
            return;
        };
        let file = self.files.image(image);
        let first = to.lo.cast_unsigned();
        let is_one = file
            .object_at(first)
            .is_some_and(|o| first + length.cast_unsigned() <= o.address + o.size);
        let is_certain = is_one && !is_constant && to.exact().is_some();
        self.note_half(frame, at, (image, &to), length.cast_unsigned());
        let what = format!("stores a block of {length} bytes to {}", file.place(first));
        frame.add(in_parts(at, is_certain, &what));
    }

    /// Returns whether a block that begins at `from` is the same whenever it is read.
    pub fn is_constant_block(&self, frame: &Frame, from: &Value) -> bool {
        let from = crate::address::in_image(frame, from.clone());
        let Base::Image(image) = from.base else {
            return false;
        };
        from.is_bounded() && !self.files.image(image).is_writable(from.lo.cast_unsigned())
    }

    /// Compares stores with the earlier stores on the path, and adds them to the state. If `mark` has a width, earlier stores of
    /// the same instruction do not belong to them.
    pub fn also_stored(
        &mut self,
        frame: &mut Frame,
        at: u64,
        stores: &[Stored],
        mark: Option<u32>,
        state: &mut State,
    ) {
        let own = (frame.number, at);
        let is_same = |explorer: &Self, earlier: &Stored| {
            let place = |width: u32| (earlier.image, earlier.lo, earlier.hi, width.into());
            let by = mark.and_then(|width| explorer.stored.get(&place(width)));
            by == Some(&own)
        };
        // The stores of a called function were compared with each other when that function was explored.
        let before = state.stores.clone();
        for stored in stores {
            if state.stores.binary_search(stored).is_ok() {
                continue;
            }
            let file = self.files.image(stored.image);
            let place = |of: &Stored| (of.through, of.lo, of.hi);
            let partner = before
                .iter()
                .filter(|earlier| {
                    earlier.image == stored.image || earlier.through.or(stored.through).is_some()
                })
                .filter(|earlier| place(earlier) != place(stored) && !is_same(self, earlier))
                .filter_map(|earlier| Some((*earlier, bond(&file, earlier, stored)?)));
            let partners: Vec<(Stored, Weight)> = partner.collect();
            self.note_pairs(own, stored, &before);
            for (earlier, _) in &partners {
                self.note_torn(frame, at, [stored, earlier]);
            }
            if let Some(&(earlier, weight)) = partners.first() {
                let (later, earlier) = (self.place_stored(stored), self.place_stored(&earlier));
                let earlier = if earlier == later {
                    "another"
                } else {
                    &*earlier
                };
                let why = format!(
                    "stores to {later} after {earlier}: what is interrupted may see one without the other"
                );
                let remedy = "symbols that tell whether they are one object, or data of one word";
                frame.add(Finding::new(Kind::Torn, weight, at, why).or(remedy));
            }
            let is_entry = |entry: &Stored, index: &Stored| {
                entry.image == index.image
                    && entry.by == Some(index.lo)
                    && index.lo == index.hi
                    && index.through.is_none()
            };
            let entry = before
                .iter()
                .find(|earlier| is_entry(earlier, stored) || is_entry(stored, earlier));
            // This thread waits for the handler, so no code on it sees one of the two stores without the other.
            let is_raised_first = |earlier: &&Stored| self.is_shared() || is_entry(stored, earlier);
            if let Some(&earlier) = entry.filter(is_raised_first) {
                let earlier = &earlier;
                self.note_torn(frame, at, [stored, earlier]);
                let (entry, index) = if is_entry(earlier, stored) {
                    (earlier, stored)
                } else {
                    (stored, earlier)
                };
                let weight = if self.nesting.is_certain() == Some(true) {
                    Weight::Fault
                } else {
                    Weight::Doubt
                };
                let places = [entry, index].map(|of| self.place_stored(of));
                let [entry, index] = places;
                let (why, remedy) = match self.is_shared() {
                    true => (
                        format!(
                            "stores an entry of {entry} and its index {index}: another signal of this handler in between overwrites the entry"
                        ),
                        "an index that is changed by one atomic instruction, one signal, or a mask that blocks the others",
                    ),
                    false => (
                        format!(
                            "changes the index {index} before it fills the entry of {entry}: another thread may see the index alone"
                        ),
                        "an entry that is filled before its index is changed",
                    ),
                };
                frame.add(Finding::new(Kind::Torn, weight, at, why).or(remedy));
            }
            let all = std::rc::Rc::make_mut(&mut state.stores);
            let position = all.partition_point(|earlier| earlier < stored);
            all.insert(position, *stored);
            state.note_in_round(*stored, at);
        }
    }
}

/// Returns the finding for a store that other code can see half done.
pub fn in_parts(at: u64, is_certain: bool, what: &str) -> Finding {
    let weight = if is_certain {
        Weight::Fault
    } else {
        Weight::Doubt
    };
    let why = format!("{what}, which the machine does not write at once");
    Finding::new(Kind::Torn, weight, at, why).or("data of one word, or a lock-free protocol")
}

/// Returns whether two stores are parts of one object, and how sure that is.
///
/// Two words of one object, through one stated pointer, belong together. Through different pointers they perhaps do.
/// With symbols, two words of one object belong together. Without symbols, words within eight bytes of each other do (of sixteen,
/// where an index chooses the element). Two flags of a larger object, which are only set or cleared, do not.
fn bond(file: &Image, a: &Stored, b: &Stored) -> Option<Weight> {
    if a.through.or(b.through).is_some() {
        let may_be_one = a.through == b.through || !a.is_flag && !b.is_flag;
        return may_be_one.then_some(Weight::Doubt);
    }
    const PAIR: u64 = 16;
    let are_exact = a.lo == a.hi && b.lo == b.hi;
    let are_flags = a.is_flag && b.is_flag;
    match (file.object_at(a.lo), file.object_at(b.lo)) {
        (Some(x), Some(_)) if are_flags && are_exact && x.size > PAIR => None,
        (Some(x), Some(y)) => {
            let is_one = x.address == y.address;
            // A small object is a pair of words, not a text; the words of a larger object may have nothing to do with each other.
            let is_pair = is_one && x.size <= PAIR && are_exact && a.lo.abs_diff(b.lo) >= 4;
            (is_one || are_parts(&x.name, &y.name)).then_some(if is_pair && !are_flags {
                Weight::Fault
            } else {
                Weight::Doubt
            })
        }
        (None, None) => {
            let reach = if are_exact { 8 } else { 16 };
            (a.lo.abs_diff(b.lo) <= reach && !are_flags).then_some(Weight::Doubt)
        }
        _ => None,
    }
}

/// Returns whether a store only sets or clears a flag.
pub fn is_flag(width: u32, value: &Value) -> bool {
    width <= 4 && matches!(value.number(), Some(-1..=1 | 0xff | 0xffff_ffff))
}

/// Returns whether the address of each word that an index may choose is a multiple of the word's width.
fn is_aligned(i: &Instruction, place: &Value, width: u32) -> bool {
    width == 1
        || (place.lo.rem_euclid(i64::from(width)) == 0
            && i.memory_index() != iced_x86::Register::None
            && i.memory_index_scale().is_multiple_of(width))
}

/// Returns whether a compiler split one object into two with these names, as in `pair.0` and `pair.1`.
fn are_parts(a: &str, b: &str) -> bool {
    let stem = |name: &str| {
        let (stem, number) = name.rsplit_once('.')?;
        number.parse::<u32>().ok().map(|_| stem.to_owned())
    };
    stem(a).is_some() && stem(a) == stem(b)
}
