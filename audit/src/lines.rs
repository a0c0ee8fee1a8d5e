//! Source lines of instructions, from the debug information of a file or of its separate debug file.

use std::collections::HashMap;

use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian as Little};
use object::elf;
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection};

use crate::image::Image;
use crate::load::ObjectSectionFlags as _;

type Context = addr2line::Context<EndianSlice<'static, Little>>;

/// Is a path and the number of a line, as the compiler wrote them.
pub type Line = (String, u32);

/// Holds the line tables of the files, each read when it is first asked for.
#[derive(Default)]
pub struct Lines {
    contexts: HashMap<u16, Option<Context>>,
}

impl Lines {
    /// Returns the line of the instruction at `address`. For an inlined instruction, prefers a line of the program to a line of a
    /// header.
    pub fn of(&mut self, number: u16, image: &Image, address: u64) -> Option<Line> {
        let context = self.contexts.entry(number).or_insert_with(|| read(image));
        let frames = context.as_ref()?.find_frames(address).skip_all_loads();
        let mut frames = frames.ok()?;
        let mut inner = None;
        while let Ok(Some(frame)) = frames.next() {
            let Some((file, line)) = frame.location.and_then(|l| l.file.zip(l.line)) else {
                continue;
            };
            if is_of_program(file) {
                return Some((file.to_owned(), line));
            }
            inner.get_or_insert_with(|| (file.to_owned(), line));
        }
        inner
    }
}

/// Reads the first line table that the files of an image have.
fn read(image: &Image) -> Option<Context> {
    image.files.iter().enumerate().find_map(|(n, data)| {
        let moved = |name: &str| image.moved_sections.get(name).copied();
        tables(data, |name| moved(name).filter(|_| n == 0))
    })
}

/// Reads the line tables of a file; `moved` returns the contents of the sections that differ from the file.
pub fn tables<'a>(
    data: &'a [u8],
    moved: impl Fn(&str) -> Option<&'a [u8]>,
) -> Option<addr2line::Context<EndianSlice<'a, Little>>> {
    let file = ElfFile64::<LittleEndian>::parse(data).ok()?;
    file.section_by_name(".debug_line")?;
    let dwarf = Dwarf::load(|section| {
        let name = section.name();
        let section = file.section_by_name(name);
        // Compressed sections are not read.
        let plain = section.filter(|s| s.elf_flags() & elf::SHF_COMPRESSED.0 == 0);
        let bytes = moved(name).or_else(|| plain.and_then(|s| s.data().ok()));
        Ok::<_, addr2line::gimli::Error>(EndianSlice::new(bytes.unwrap_or_default(), Little))
    });
    addr2line::Context::from_dwarf(dwarf.ok()?).ok()
}

/// Returns whether a source file belongs to the program rather than to a compiler or a library.
fn is_of_program(path: &str) -> bool {
    !["/usr/include/", "/usr/lib/", "/rustc/"]
        .iter()
        .any(|start| path.starts_with(start))
}
