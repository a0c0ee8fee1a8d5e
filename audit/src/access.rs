//! Accesses to memory: whether a handler may read or write there.

mod in_file;

use crate::explore::Explorer;
use crate::files::Definition;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::memory::FLOATING_POINT;
use crate::value::{Base, Value};

/// Bytes of the kernel's `siginfo_t`.
const SIGINFO: i64 = 128;

/// Bytes of the kernel's `struct ucontext` on x86-64: flags, link, stack, registers and the signal mask.
const UCONTEXT: i64 = 8 + 8 + 24 + 256 + 8;

/// The largest distance between places that a bounded index chooses; an unknown index gives a larger distance.
const FAR: i64 = 1 << 24;

pub const ABOVE_FRAME: &str =
    "writes the stack above its own frame: the return address, or what the kernel keeps there";

/// What would decide an access through a pointer.
const VALID: &str = "a pointer into data of the file, or one whose bounds can be seen";

/// Describes an access of `size` bytes by the instruction at `at`.
struct MemoryAccess {
    at: u64,
    size: i64,
    writes: bool,
}

impl MemoryAccess {
    /// Returns the kind of a finding about the access, and the verb that describes it.
    const fn names(&self) -> (Kind, &'static str) {
        match self.writes {
            true => (Kind::Write, "writes"),
            false => (Kind::Read, "reads"),
        }
    }
}

impl Explorer<'_> {
    /// Reports an access of `size` bytes to a place that may not be touched.
    pub fn check(&mut self, frame: &mut Frame, at: u64, place: &Value, size: i64, writes: bool) {
        if self.watch.is_some() {
            return;
        }
        let place = crate::address::in_image(frame, place.clone());
        let place = self.settled(place, size);
        let access = MemoryAccess { at, size, writes };
        let (kind, verb) = access.names();
        match place.base {
            Base::Image(image) => self.check_in_file(frame, &access, image, &place),
            Base::Stack => check_stack(frame, &access, &place),
            Base::Siginfo | Base::Context => self.check_given(frame, &access, &place),
            Base::Thread if writes && (0..0x300).contains(&place.lo) => {
                frame.find(
                    kind,
                    Weight::Fault,
                    at,
                    "writes to what the C library keeps of the thread",
                );
            }
            Base::Thread | Base::Errno => {}
            Base::Sent => frame.find(
                kind,
                Weight::Fault,
                at,
                format!("{verb} through a pointer of the siginfo, which the sender of the signal or a fault chose"),
            ),
            Base::ImageOrNull(_) => {
                frame.doubt(
                    kind,
                    at,
                    format!("{verb} through a pointer that may be null"),
                    VALID,
                );
                self.check(frame, at, &place.not_null(), size, writes);
            }
            Base::Num if place.is_bounded() && (0..4096).contains(&place.lo) && place.hi < 4096 => {
                frame.find(
                    kind,
                    Weight::Fault,
                    at,
                    format!("{verb} through a null pointer"),
                );
            }
            Base::Static(image, word) | Base::NotNull(image, word) => {
                self.check_pointed(frame, at, (image, word), &place, size, writes)
            }
            Base::Pointed(_) => self.check_stated(frame, at, &place, size, writes),
            _ => frame.doubt(
                kind,
                at,
                format!("{verb} through a pointer that is not known to be valid"),
                VALID,
            ),
        }
    }

    /// Reports an access to the siginfo or the ucontext that a handler may not make.
    fn check_given(&self, frame: &mut Frame, access: &MemoryAccess, place: &Value) {
        let &MemoryAccess { at, size, writes } = access;
        let (kind, verb) = access.names();
        let (name, most) = if place.base == Base::Siginfo {
            ("siginfo", SIGINFO)
        } else {
            ("ucontext", UCONTEXT)
        };
        if self.has_info == Some(false) {
            frame.find(Kind::Siginfo, Weight::Fault, at, format!("{verb} the {name}, which a handler that is installed without SA_SIGINFO is not given"));
            return;
        }
        if self.has_info.is_none() {
            frame.doubt(
                Kind::Siginfo,
                at,
                format!("{verb} the {name}, and is not shown to be installed with SA_SIGINFO"),
                "flags that can be seen where it is installed, or --note siginfo",
            );
        }
        let is_inside =
            (place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= most)
                || (place.lo >= FLOATING_POINT
                    && place.hi.saturating_add(size) <= FLOATING_POINT + 512);
        if place.base == Base::Context && writes {
            frame.find(Kind::Context, Weight::Fault, at, "writes to the saved registers of the ucontext: what was interrupted goes on otherwise than it was");
        } else if !is_inside && (place.base != Base::Context || place.lo < 0 || place.hi >= 968) {
            frame.doubt(
                kind,
                at,
                format!("{verb} {name}, and is not shown to stay inside it"),
                VALID,
            );
        }
    }

    /// Returns whether a word begins as null, and the function that installs the handler stores to it only after the installation.
    pub fn is_set_late(&mut self, image: u16, file: &Image, word: u64) -> bool {
        if file.number(word, 8) != Some(0) || file.slots.contains_key(&word) {
            return false;
        }
        let Some(sites) = self.index.only_stores(image, file, word) else {
            return false;
        };
        let starts: Vec<_> = sites.iter().map(|at| file.function_at(*at)).collect();
        let Some(Some((own, _))) = starts
            .first()
            .filter(|own| starts.iter().all(|s| s == *own))
        else {
            return false;
        };
        self.before.iter().any(|((of, start), stores)| {
            *of == image
                && start == own
                && !stores
                    .iter()
                    .any(|s| s.image == image && s.lo <= word && word <= s.hi)
        })
    }

    /// Reports an access through a pointer that a writable word of the file holds.
    fn check_pointed(
        &mut self,
        frame: &mut Frame,
        at: u64,
        (image, word): (u16, u64),
        place: &Value,
        size: i64,
        writes: bool,
    ) {
        let kind = if writes { Kind::Write } else { Kind::Read };
        let verb = if writes { "writes" } else { "reads" };
        let file = self.files.image(image);
        let changes = self.index.is_stored(image, &file, word);
        let bytes = (word, word.saturating_add(8));
        let keeps =
            !changes && (file.is_settled(word) || self.index.is_sealed(image, &file, bytes));
        // A word that an index may choose belongs to a table. Other files may fill a word that they can name, as the C library
        // fills stderr.
        let is_shared = file.exports.values().any(|at| *at == word);
        let is_scalar = file.object_at(word).is_some_and(|object| object.size <= 8) && !is_shared;
        let sets_null = self
            .index
            .stores_null(image, &file, word, &self.installers, self.handler);
        let frees = self.frees((image, word));
        match file.pointer(word) {
            _ if sets_null && place.base == Base::Static(image, word) => frame.find(
                kind,
                Weight::Fault,
                at,
                format!(
                    "{verb} through {}, which the program sets to null at times, and is not shown to have looked",
                    file.place(word)
                ),
            ),
            _ if let Some((site, true)) = frees => frame.find(
                kind,
                Weight::Fault,
                at,
                format!(
                    "{verb} through {}, while the program may have freed what it points to, at {site:#x}",
                    file.place(word)
                ),
            ),
            Some(Slot::Here(target)) if keeps => {
                let target = Value { base: Base::Image(image), ..place.moved(target.cast_signed()) };
                self.check(frame, at, &target, size, writes);
            }
            Some(Slot::Extern(name)) if keeps => {
                if writes && let Definition::Libc(name) = self.files.lookup(image, &name) {
                    let why = format!("writes {name}, which the C library uses");
                    frame.doubt(kind, at, why, "data of the program");
                }
            }
            _ if (keeps || is_scalar && !changes)
                && file.number(word, 8) == Some(0)
                && !file.slots.contains_key(&word) =>
            {
                frame.find(kind, Weight::Fault, at, format!("{verb} through {}, which is null: nothing in the file stores a pointer there", file.place(word)));
            }
            _ if place.base == Base::Static(image, word) && self.is_set_late(image, &file, word) => frame.find(
                kind,
                Weight::Fault,
                at,
                format!("{verb} through {}, which is null until a pointer is stored there after the handler is installed", file.place(word)),
            ),
            _ if self.block_of(place).is_some_and(|length| {
                place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= length
            }) => {}
            _ => self.check_stated(frame, at, place, size, writes),
        }
    }
}

/// Reports an access to the stack that may leave the frame.
fn check_stack(frame: &mut Frame, access: &MemoryAccess, place: &Value) {
    let &MemoryAccess { at, size, writes } = access;
    let (kind, verb) = access.names();
    let is_above = writes && frame.is_handler && place.hi.saturating_add(size) > 0;
    if place.is_bounded() && !is_above {
        return;
    }
    let is_far = place.hi.saturating_sub(place.lo) > FAR;
    let (why, remedy) = if !place.is_bounded() || is_far {
        (
            format!("{verb} the stack, and is not shown to stay inside its frame"),
            "an index with a bound that can be seen",
        )
    } else if frame.is_growing && place.exact().is_none() {
        // The stack pointer may be lowered by the same number that bounds the store.
        (
            "writes an array of the stack whose length is not constant, and is not shown to stay inside it".into(),
            "an array of a constant length",
        )
    } else {
        return frame.find(kind, Weight::Fault, at, ABOVE_FRAME);
    };
    frame.doubt(kind, at, why, remedy);
}
