//! Facts that a reviewer states because machine code cannot show them: `--assume valid:WORD`.

use crate::explore::Explorer;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::image::Image;
use crate::races::Coming;
use crate::value::{Base, Value};

/// Names a pointer: a word of a file, or a word of the data behind another pointer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pointer {
    pub image: u16,
    pub word: u64,
    /// The offset of each further word in the data that the previous pointer points to.
    pub offsets: Vec<u64>,
}

/// Holds the pointers that the reviewer states to be valid whenever a handled signal comes, each with its statement.
#[derive(Default)]
pub struct Assumptions(Vec<(String, Pointer)>);

/// Describes up to which byte handlers read and write the data behind a pointer.
#[derive(Clone, Copy, Default)]
pub struct Extent {
    read: i64,
    written: i64,
}

/// The largest offset from a pointer at which data still counts as the data behind the pointer.
const FAR: i64 = 1 << 16;

/// The numbers of blocks that the program allocates begin here.
const BLOCKS: usize = 1 << 62;

/// The prefix of a statement that a pointer is valid.
const VALID: &str = "valid:";

impl Assumptions {
    /// Finds the word of each statement.
    ///
    /// # Errors
    /// Returns a text that says which statement names no word.
    pub fn resolve(files: &mut Files, stated: &[String]) -> Result<Self, String> {
        let mut all = Vec::new();
        for statement in stated {
            let name = statement.strip_prefix(VALID).ok_or_else(|| {
                format!("--assume {statement}: there is no such assumption; there is valid:WORD")
            })?;
            let pointer =
                pointer(files, name).map_err(|why| format!("--assume {statement}: {why}"))?;
            all.push((statement.clone(), pointer));
        }
        Ok(Self(all))
    }

    fn find(&self, pointer: &Pointer) -> Option<usize> {
        self.0.iter().position(|(_, known)| known == pointer)
    }

    /// Returns the statements that were not relied on.
    pub fn not_needed(&self, relied: &std::collections::BTreeSet<usize>) -> Vec<String> {
        let all = self.0.iter().enumerate();
        all.filter(|(n, _)| !relied.contains(n))
            .map(|(_, (statement, _))| statement.clone())
            .collect()
    }
}

/// Parses a number of a statement, decimal or hexadecimal.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Returns the pointer of that name: `[FILE/]WORD[@OFFSET]...`.
fn pointer(files: &mut Files, name: &str) -> Result<Pointer, String> {
    let mut offsets = Vec::new();
    let mut rest = name;
    while let Some((before, offset)) = rest.rsplit_once('@')
        && let Some(offset) = number(offset)
    {
        offsets.insert(0, offset);
        rest = before;
    }
    let (image, rest) = match rest.rsplit_once('/') {
        None => (0, rest),
        Some((file, rest)) => {
            let known = files.named(file);
            let image = known.ok_or_else(|| format!("the file needs no library {file}"))?;
            (image, rest)
        }
    };
    let word = word(&files.image(image), rest)?;
    Ok(Pointer {
        image,
        word,
        offsets,
    })
}

/// Returns the address of the word of that name: `NAME`, `NAME+OFFSET` or `0xADDRESS`.
fn word(file: &Image, name: &str) -> Result<u64, String> {
    let at = match number(name).filter(|_| name.starts_with("0x")) {
        Some(at) => at,
        None => match file.objects_named(name)[..] {
            [one] => one,
            [] => match name
                .rsplit_once('+')
                .and_then(|(name, offset)| Some((file.objects_named(name), number(offset)?)))
            {
                Some((found, offset)) if found.len() == 1 => found[0].saturating_add(offset),
                _ => {
                    return Err(format!(
                        "there is no data {name} in {}; give its address as 0x1234, or the debug file with --debug",
                        file.path.display()
                    ));
                }
            },
            ref more => {
                let places: Vec<String> = more.iter().map(|at| format!("{at:#x}")).collect();
                return Err(format!(
                    "{name} is ambiguous; it is one of {}",
                    places.join(", ")
                ));
            }
        },
    };
    let region = file.region(at).filter(|region| !region.exec);
    if region.is_none_or(|region| at.checked_add(8).is_none_or(|end| end > region.end)) {
        return Err(format!(
            "there is no data at {at:#x} in {}; addresses are those of the file, not of a process",
            file.path.display()
        ));
    }
    Ok(at)
}

/// Returns the name of a word in statements: the name of its object if that is unique, otherwise its address.
fn name_of_word(file: &Image, word: u64) -> String {
    let Some(object) = file.object_at(word) else {
        return format!("{word:#x}");
    };
    let name = crate::names::pretty(&object.name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
    if !name.chars().all(is_plain)
        || number(&name).is_some()
        || file.objects_named(&name).len() != 1
    {
        return format!("{word:#x}");
    }
    match word - object.address {
        0 => name,
        offset => format!("{name}+{offset:#x}"),
    }
}

impl Explorer<'_> {
    /// Returns the pointer that a place is measured from.
    fn pointer_of(&self, place: &Value) -> Option<Pointer> {
        match place.base {
            Base::Static(image, word) | Base::NotNull(image, word) => Some(Pointer {
                image,
                word,
                offsets: Vec::new(),
            }),
            Base::Pointed(n) => self.pointers.get(n as usize).cloned(),
            _ => None,
        }
    }

    /// Returns the number of the statement by which the base pointer of a place is valid. A block that the program allocates and
    /// never frees has a number of its own.
    pub fn stated(&self, place: &Value) -> Option<usize> {
        if let (Base::Static(_, word) | Base::NotNull(_, word), Some(_)) =
            (place.base, self.block_of(place))
        {
            return Some(BLOCKS | word as usize);
        }
        let assumptions = self.assumptions?;
        assumptions.find(&self.pointer_of(place)?)
    }

    /// Returns the value loaded through a pointer that is stated to be valid: another pointer, for which that statement does not
    /// hold.
    pub fn load_through(&mut self, place: &Value) -> Option<Value> {
        self.stated(place)?;
        let offset = u64::try_from(place.exact()?).ok()?;
        let mut pointer = self.pointer_of(place)?;
        pointer.offsets.push(offset);
        let known = self.pointers.iter().position(|known| *known == pointer);
        let n = known.unwrap_or_else(|| {
            self.pointers.push(pointer);
            self.pointers.len() - 1
        });
        Some(Value::at(Base::Pointed(u32::try_from(n).ok()?), 0))
    }

    /// Reports an access through a pointer that the file does not show to be valid, unless the reviewer states that it is.
    pub fn check_stated(
        &mut self,
        frame: &mut Frame,
        at: u64,
        place: &Value,
        size: i64,
        writes: bool,
    ) {
        let Some(pointer) = self.pointer_of(place) else {
            return;
        };
        let kind = if writes { Kind::Write } else { Kind::Read };
        let verb = if writes { "writes" } else { "reads" };
        let what = self.described(&pointer);
        let Some(number) = self.stated(place).filter(|number| *number < BLOCKS) else {
            let name = self.statement(&pointer);
            frame.doubt(
                kind,
                at,
                format!("{verb} through {what}, which is not known to be a valid pointer when the signal comes"),
                format!("--assume {name}, if it points to data of the program whenever the signal comes"),
            );
            return;
        };
        let end = place.hi.saturating_add(size);
        if place.lo < 0 || !place.is_bounded() || end > FAR {
            frame.doubt(
                kind,
                at,
                format!("{verb} through {what}, and is not shown to stay inside what it points to"),
                "an index with a bound that can be seen",
            );
            return;
        }
        let frees = self.frees((pointer.image, pointer.word));
        if let Some((site, _)) = frees.filter(|_| pointer.offsets.is_empty()) {
            frame.doubt(
                kind,
                at,
                format!("{verb} through {what}, which is stated to be valid, but the program frees what it points to at {site:#x}"),
                "a program that blocks the signal where it frees that",
            );
            return;
        }
        let extent = self.relied.entry(number).or_default();
        let most = if writes {
            &mut extent.written
        } else {
            &mut extent.read
        };
        *most = (*most).max(end);
    }

    /// Returns the name in reports of the pointer that a place is measured from, if the pointer is stated to be valid.
    fn stated_name(&self, place: &Value) -> Option<String> {
        self.stated(place)?;
        Some(self.described(&self.pointer_of(place)?))
    }

    /// Reports a text that is read through a pointer stated to be valid: the statement does not say where the text ends.
    pub fn doubt_text(&mut self, frame: &mut Frame, at: u64, name: &str, place: &Value) {
        let Some(what) = self.stated_name(place) else {
            return;
        };
        frame.doubt(
            Kind::Read,
            at,
            format!("{name} reads the text that {what} points to: it is not shown where it ends"),
            "a length with a bound that can be seen",
        );
    }

    /// Reports a function that writes more than a word through a pointer that is stated to be valid.
    pub fn doubt_stated(&mut self, frame: &mut Frame, at: u64, name: &str, place: &Value) {
        let Some(what) = self.stated_name(place) else {
            return;
        };
        frame.doubt(
            Kind::Write,
            at,
            format!("calls {name}, which writes to what {what} points to: it is not shown that it fits, and that no other code sees half of it"),
            "data of one word",
        );
    }

    /// Returns a call by which the program frees the block that the word points to, and whether a signal is shown to be possible
    /// there.
    pub fn frees(&mut self, (image, word): (u16, u64)) -> Option<(u64, bool)> {
        let file = self.files.image(image);
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        self.index
            .frees(image, &file, word, &self.installers, &coming)
    }

    /// Returns the name of a pointer in reports.
    fn described(&self, pointer: &Pointer) -> String {
        let place = self.files.image(pointer.image).place(pointer.word);
        let offsets = pointer.offsets.iter();
        offsets.fold(place, |of, offset| {
            format!("the pointer at {offset:#x} of what {of} points to")
        })
    }

    /// Returns the statement that the pointer is valid.
    fn statement(&mut self, pointer: &Pointer) -> String {
        if let Some(known) = self.statements.get(pointer) {
            return known.clone();
        }
        let file = self.files.image(pointer.image);
        let of = match (pointer.image, file.path.file_name()) {
            (0, _) | (_, None) => String::new(),
            (_, Some(name)) => format!("{}/", name.to_string_lossy()),
        };
        let word = name_of_word(&file, pointer.word);
        let offsets: String = pointer
            .offsets
            .iter()
            .map(|at| format!("@{at:#x}"))
            .collect();
        let statement = format!("{VALID}{of}{word}{offsets}");
        self.statements.insert(pointer.clone(), statement.clone());
        statement
    }

    /// Returns a note for each statement that was relied on.
    pub fn notes_of_assumptions(&self) -> Vec<String> {
        let Some(Assumptions(all)) = self.assumptions else {
            return Vec::new();
        };
        let relied = self.relied.iter();
        relied
            .map(|(n, extent)| {
                let (statement, pointer) = &all[*n];
                let mut used = Vec::new();
                if extent.read > 0 {
                    used.push(format!("reads it up to byte {}", extent.read));
                }
                if extent.written > 0 {
                    used.push(format!("writes it up to byte {}", extent.written));
                }
                format!(
                    "relies on --assume {statement}: {} points to data of the program whenever the signal comes; {}",
                    self.described(pointer),
                    used.join(", ")
                )
            })
            .collect()
    }

    /// Applies a store through a pointer that is stated to be valid, and reports the same findings as for stores to data of the
    /// file.
    pub fn store_through(
        &mut self,
        frame: &mut Frame,
        at: u64,
        place: &Value,
        (width, value): (u32, &Value),
        state: &mut crate::state::State,
        has_lock_prefix: bool,
    ) {
        let (Some(number), Some(pointer)) = (self.stated(place), self.pointer_of(place)) else {
            return;
        };
        let what = self.described(&pointer);
        if matches!(value.base, Base::Stack | Base::Siginfo | Base::Context) {
            frame.doubt(
                Kind::Escape,
                at,
                format!("keeps a pointer into its frame, the siginfo or the ucontext in what {what} points to: it is not valid after the handler has returned"),
                "a copy of what is needed",
            );
        }
        // Other threads see the effect of an atomic instruction whole or not at all, as its author intended.
        if has_lock_prefix {
            return;
        }
        let is_aligned = place.all().is_some_and(|all| {
            all.iter()
                .all(|offset| offset.rem_euclid(i64::from(width.max(1))) == 0)
        });
        if width > 8 || !is_aligned {
            let what = format!("stores {width} bytes to what {what} points to");
            frame.add(crate::torn::in_parts(at, false, &what));
            return;
        }
        let is_nested = match number < BLOCKS {
            true => self.nesting.flag != Some(false),
            false => self.nesting.is_certain() != Some(false),
        };
        if is_nested && value.number().is_none() {
            let why = format!(
                "stores a computed value to what {what} points to: if SA_NODEFER is set, the handler may interrupt itself, and an update is lost"
            );
            let remedy = "an atomic operation, or flags without SA_NODEFER";
            frame.add(Finding::new(Kind::Torn, Weight::Doubt, at, why).or(remedy));
        }
        if pointer.offsets.is_empty() {
            for offset in place.all().into_iter().flatten() {
                let of = (pointer.image, pointer.word, offset);
                let by = (frame.number, at);
                self.stored_through.entry(of).or_insert(by);
            }
        }
        let stored = crate::state::Stored {
            image: frame.number,
            lo: place.lo.cast_unsigned(),
            hi: place.hi.cast_unsigned(),
            is_flag: crate::torn::is_flag(width, value),
            by: (place.exact().is_none() && self.is_shared())
                .then(|| crate::entry::chosen_by(frame, at))
                .flatten(),
            through: Some(number),
        };
        self.also_stored(frame, at, &[stored], None, state);
    }

    /// Returns the name in reports of a place that was stored to.
    pub fn place_stored(&self, stored: &crate::state::Stored) -> String {
        let pointed = stored
            .through
            .and_then(|number| self.assumptions?.0.get(number));
        match pointed {
            Some((_, pointer)) => {
                let what = self.described(pointer);
                format!("byte {:#x} of what {what} points to", stored.lo)
            }
            None if stored.through.is_some() => {
                format!(
                    "byte {:#x} of a block that the program allocates",
                    stored.lo
                )
            }
            None => {
                let place = self.files.image(stored.image).place(stored.lo);
                if stored.lo == stored.hi {
                    place
                } else {
                    format!("an element of {place}")
                }
            }
        }
    }
}
