//! Texts that functions of the C library read and build: how long they may be, and whether they fit.

use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Returns the least and the greatest length of a text, without its terminating zero.
    pub(super) fn text_bounds(
        &self,
        frame: &Frame,
        of: &Value,
        state: &State,
    ) -> Option<(i64, i64)> {
        let of = crate::address::in_image(frame, of.clone());
        match of.base {
            Base::Stack => state.text_length(of.exact()?),
            _ => self
                .text_lengths(&of)
                .map(|(least, most)| (least - 1, most - 1)),
        }
    }

    /// Returns the first and the last place on the stack where the text that the function builds there may end.
    pub(super) fn made_text(&self, frame: &Frame, name: &str, state: &State) -> Option<(i64, i64)> {
        let [to, from] = [0, 1].map(|n| state.registers[ARGUMENTS[n]].clone());
        if !matches!(name, "strcpy" | "stpcpy" | "strcat")
            || to.base != Base::Stack
            || !to.is_bounded()
        {
            return None;
        }
        let (least, most) = self.text_bounds(frame, &from, state)?;
        let before = match name {
            "strcat" => state.text_length(to.exact()?)?,
            _ => (0, 0),
        };
        let last = to.hi.checked_add(before.1)?.checked_add(most)?;
        Some((to.lo + before.0 + least, last))
    }

    /// Notes a text on the stack that `strncpy` leaves without its end if the copied text is too long.
    pub(super) fn cut_text(&self, frame: &mut Frame, name: &str, state: &State) {
        let [to, from] = [0, 1].map(|n| state.registers[ARGUMENTS[n]].clone());
        let from = crate::address::in_image(frame, from);
        let (Base::Stack, Some(to), Some(length), true) = (
            to.base,
            to.exact(),
            self.length(name, state),
            matches!(name, "strncpy" | "stpncpy"),
        ) else {
            return;
        };
        let size = match (from.base, from.exact()) {
            (Base::Image(image), Some(at)) => {
                let file = self.files.image(image);
                let object = file.object_at(at.cast_unsigned());
                object.map(|o| (o.address + o.size).cast_signed() - at)
            }
            _ => None,
        };
        let bounds = self.text_bounds(frame, &from, state);
        let most = bounds.map(|(_, most)| most).or(size.map(|size| size - 1));
        let is_ended = state.byte(to.saturating_add(length)) == Some(0);
        if !is_ended && most.is_none_or(|most| most >= length) {
            let is_certain = bounds.is_some_and(|(least, _)| least >= length);
            frame.unended.insert(to, (length, is_certain));
        }
    }

    /// Reports a function that reads a text on the stack up to its end, if nothing was stored there that ends it.
    pub fn reads_text(&self, frame: &mut Frame, at: u64, name: &str, text: &Value, state: &State) {
        let Some(from) = text.exact().filter(|_| text.base == Base::Stack) else {
            return;
        };
        let cut = frame.unended.range(..=from).next_back();
        let Some((end, is_certain)) =
            cut.map(|(to, (length, is_certain))| (to + length, *is_certain))
        else {
            return;
        };
        if from >= end || (from..=end).any(|place| state.byte(place) == Some(0)) {
            return;
        }
        let weight = match is_certain {
            true => Weight::Fault,
            false => Weight::Doubt,
        };
        let why = format!(
            "calls {name} with a text that strncpy leaves without its end if what it copies is too long"
        );
        let finding = Finding::new(Kind::Read, weight, at, why);
        frame.add(finding.or("a zero that is stored as the last byte"));
    }

    /// Checks a text that is copied without a length: it fits if it is constant and short enough.
    pub(super) fn copied_text(&mut self, frame: &mut Frame, at: u64, name: &str, state: &State) {
        let [to, from] = [0, 1].map(|n| {
            let pointer = state.registers[ARGUMENTS[n]].clone();
            crate::address::in_image(frame, pointer)
        });
        let appends = matches!(name, "strcat" | "strncat" | "wcscat" | "wcsncat");
        let copies = appends || matches!(name, "strcpy" | "stpcpy" | "wcscpy" | "wcpcpy");
        if !copies || !matches!(to.base, Base::Stack | Base::Image(_)) {
            return;
        }
        if let Base::Image(image) = to.base {
            let word = (image, to.lo.cast_unsigned());
            self.texts.entry(word).or_insert((frame.number, at));
        }
        if let Base::Image(image) = to.base
            && appends
        {
            let word = (image, to.lo.cast_unsigned());
            let weight = if to.exact().is_none() || self.stored_else.contains_key(&word) {
                Weight::Doubt
            } else {
                Weight::Fault
            };
            let why = format!(
                "calls {name} on data of the file: each signal makes the text longer, until it leaves its object"
            );
            frame.find(Kind::Write, weight, at, why);
            return;
        }
        if let (Base::Image(image), Some(word)) = (to.base, to.exact()) {
            let word = (image, word.cast_unsigned());
            self.stored_else.entry(word).or_insert((frame.number, at));
            let stored = (word.0, word.1, word.1, 1);
            self.stored.entry(stored).or_insert((frame.number, at));
        }
        let length = match name {
            "strncat" => self.length(name, state),
            // Ends of texts are only known for texts of bytes, not of wide characters.
            "wcscpy" | "wcpcpy" | "wcscat" | "wcsncat" => None,
            _ => self
                .text_bounds(frame, &from, state)
                .map(|(_, most)| most + 1),
        };
        // Appended text begins where the existing text ends.
        let length = match (length, to.base) {
            (Some(length), Base::Stack) if appends => {
                let before = to.exact().and_then(|to| state.text_length(to));
                before.map(|(_, most)| most.saturating_add(length))
            }
            (length, _) => length,
        };
        match length {
            Some(length) => {
                self.check_length(frame, at, name, &to, &Value::num(length), true);
            }
            None if self.is_larger(&from, &to) => frame.find(
                Kind::Write,
                Weight::Fault,
                at,
                format!("calls {name} with a text that may be longer than where it goes"),
            ),
            None => frame.doubt(
                Kind::Write,
                at,
                format!("calls {name} with a text whose length is not known"),
                "a constant text, or a function that is given a length",
            ),
        }
    }

    /// Returns whether both are objects of files, and the first has more bytes.
    pub(super) fn is_larger(&self, from: &Value, to: &Value) -> bool {
        let [from, to] = [from, to].map(|value| match (value.base, value.exact()) {
            (Base::Image(image), Some(at)) => {
                let file = self.files.image(image);
                file.object_at(at.cast_unsigned()).map(|o| o.size)
            }
            _ => None,
        });
        from.zip(to).is_some_and(|(from, to)| from > to)
    }

    /// Returns the least and the greatest size of the constant texts at `from`, with their terminating zero.
    pub(super) fn text_lengths(&self, from: &Value) -> Option<(i64, i64)> {
        let Base::Image(image) = from.base else {
            return None;
        };
        let file = self.files.image(image);
        let lengths = from.all()?.into_iter().map(|text| {
            let text = text.cast_unsigned();
            let end = file.bytes(text).iter().position(|byte| *byte == 0)?;
            (!file.is_writable(text)).then_some(end as i64 + 1)
        });
        let lengths: Option<Vec<i64>> = lengths.collect();
        let lengths = lengths?;
        Some((*lengths.iter().min()?, *lengths.iter().max()?))
    }
}

/// Returns whether the function copies a text up to its end, so that no argument says how many bytes it writes.
pub(super) fn copies_text(name: &str) -> bool {
    matches!(
        name,
        "strcpy" | "stpcpy" | "strcat" | "wcscpy" | "wcpcpy" | "wcscat" | "wcsncat"
    )
}
