//! The targets of values that are called or jumped to.

use crate::explore::Explorer;
use crate::files::Definition;
use crate::frame::Frame;
use crate::image::Slot;
use crate::state::Errno;
use crate::value::{Base, Value};

const NOWHERE: Callee =
    Callee::Wrong("a null pointer, or a fixed address where no file has anything");

/// Names the target of a call or a jump.
#[derive(Clone, Debug)]
pub enum Callee {
    Code(u16, u64),
    Libc(String),
    Missing(String, String),
    /// The values that a changing word is known to hold at times, by the word's file and address.
    Changing(u16, u64),
    /// An address that is certainly wrong, or that anyone may choose.
    Wrong(&'static str),
    Unknown(&'static str),
}

impl Explorer<'_> {
    /// Returns the targets of a value that is called or jumped to.
    pub fn callees(&mut self, frame: &Frame, value: &Value) -> Vec<Callee> {
        match value.base {
            Base::Image(image) => match value.all() {
                Some(all) => all
                    .into_iter()
                    .flat_map(|at| self.code(image, at.cast_unsigned()))
                    .collect(),
                None => vec![Callee::Unknown("an address that is computed")],
            },
            Base::ImageOrNull(_) => {
                let mut callees = self.callees(frame, &value.not_null());
                callees.push(Callee::Unknown("a pointer that may be null"));
                callees
            }
            // No file occupies the first page of memory.
            Base::Num if value.number().is_some_and(|at| (0..0x1000).contains(&at)) => {
                vec![NOWHERE]
            }
            Base::Num if frame.image.is_fixed => match value.all() {
                Some(all)
                    if !all.is_empty()
                        && all.iter().all(|at| frame.image.is_code(at.cast_unsigned())) =>
                {
                    all.into_iter()
                        .flat_map(|at| self.code(frame.number, at.cast_unsigned()))
                        .collect()
                }
                _ => vec![Callee::Unknown("an address that is computed")],
            },
            Base::Num
                if !frame.image.has_text_relocations
                    && value.number().is_some_and(|at| at < -0x1000) =>
            {
                vec![NOWHERE]
            }
            Base::Static(image, at) | Base::NotNull(image, at) if value.exact() == Some(0) => {
                self.word(image, at)
            }
            Base::Arg(_) | Base::Field(..) => vec![Callee::Unknown("a pointer that it was given")],
            Base::Before => vec![Callee::Unknown("the handler that was there before")],
            Base::Sent => vec![Callee::Wrong(
                "a pointer of the siginfo, which the sender of the signal chose",
            )],
            _ => vec![Callee::Unknown("a computed address")],
        }
    }

    /// Returns the targets of a call through the word at that address.
    pub fn word(&mut self, image: u16, at: u64) -> Vec<Callee> {
        let file = self.files.image(image);
        if !file.is_settled(at) {
            return vec![Callee::Changing(image, at)];
        }
        match file.pointer(at) {
            Some(Slot::Here(target)) => self.code(image, target),
            Some(Slot::Extern(name)) => {
                if file.bound_late.contains(&at) {
                    self.bound_late.insert(crate::names::pretty(&name.name));
                }
                self.outside(image, &name)
            }
            Some(Slot::Chosen(resolver)) => self.chosen(image, resolver),
            Some(Slot::Opaque) | None => vec![Callee::Unknown("a pointer without a relocation")],
        }
    }

    fn chosen(&mut self, image: u16, resolver: u64) -> Vec<Callee> {
        if let Some(name) = self.files.linked_libc(image, resolver) {
            return vec![Callee::Libc(name)];
        }
        if self.active.len() < self.limits.depth {
            let node = self.function(
                image,
                resolver,
                &std::array::from_fn(|_| Value::UNKNOWN),
                Errno::Original,
                false,
            );
            let value = self.nodes[node].summary.value.clone();
            if let (Base::Image(_), Some(all)) = (value.base, value.all()) {
                return all
                    .into_iter()
                    .map(|at| Callee::Code(image, at.cast_unsigned()))
                    .collect();
            }
        }
        vec![Callee::Unknown(
            "a function that is chosen when the program starts (ifunc)",
        )]
    }

    pub fn outside(&mut self, image: u16, name: &crate::image::Extern) -> Vec<Callee> {
        match self.files.lookup(image, name) {
            Definition::Code(image, at) => self.code(image, at),
            Definition::Libc(name) => vec![Callee::Libc(name)],
            Definition::Missing(why) => vec![Callee::Missing(name.name.clone(), why)],
        }
    }

    /// Returns the targets at an address of code: a function, or the targets of a stub that jumps on.
    pub fn code(&mut self, image: u16, at: u64) -> Vec<Callee> {
        let file = self.files.image(image);
        if let Some(name) = file.externs.get(&at) {
            let name = name.clone();
            return self.outside(image, &name);
        }
        if let Some(slot) = file.stub(at) {
            return self.word(image, slot);
        }
        match self.files.linked_libc(image, at) {
            Some(name) => vec![Callee::Libc(name)],
            None if file.choosers.contains(&at) => self.chosen(image, at),
            None => vec![Callee::Code(image, at)],
        }
    }
}
