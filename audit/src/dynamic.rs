//! The tables that the dynamic loader reads: `PT_DYNAMIC` names them, and they are found through segments, not sections.

use std::collections::HashMap;
use std::rc::Rc;

use object::elf;

use crate::image::{Extern, Image, Slot, Symbol};

/// Holds the entries of the dynamic section that the audit needs. All addresses are memory addresses.
#[derive(Default)]
pub struct Dynamic {
    strings: u64,
    string_bytes: u64,
    symbols: u64,
    hash: u64,
    gnu_hash: u64,
    versions: u64,
    needed_versions: u64,
    needed_version_count: u64,
    defined_versions: u64,
    defined_version_count: u64,
    /// Tables of relocations with addends: address and size.
    relocations: [(u64, u64); 2],
    /// Compressed relative relocations: address and size.
    relative: (u64, u64),
    /// The function that runs when the file is loaded; `starts` is the table of such functions: address and size.
    start: u64,
    /// Whether the file is marked as a program (`DF_1_PIE`).
    pub is_program: bool,
    starts: (u64, u64),
    /// Whether the loader looks all names up before the program begins (`-z now`).
    binds_early: bool,
}

/// Bytes of an `Elf64_Sym`, and of an `Elf64_Rela`.
const SYMBOL: u64 = 24;
const RELOCATION: u64 = 24;

/// The most symbols that are read of one file; glibc's and LLVM's have fewer.
const MOST_SYMBOLS: u64 = 1 << 21;

fn half(image: &Image, at: u64) -> Option<u64> {
    image.number(at, 2)
}

fn word(image: &Image, at: u64) -> Option<u64> {
    image.number(at, 4)
}

fn long(image: &Image, at: u64) -> Option<u64> {
    image.number(at, 8)
}

/// Reads the tables that the dynamic section at `at` names into the image.
pub fn read(image: &mut Image, at: u64, size: u64) -> Dynamic {
    let mut of = Dynamic::default();
    image.dynamic = at;
    image.tables_at.push(at..at.saturating_add(size));
    let (mut needed, mut paths) = (Vec::new(), Vec::new());
    for entry in (at..at.saturating_add(size.min(1 << 16))).step_by(16) {
        let (Some(tag), Some(value)) = (long(image, entry), long(image, entry.wrapping_add(8)))
        else {
            break;
        };
        let Ok(tag) = i64::try_from(tag) else {
            continue;
        };
        match tag {
            0 => break,
            t if t == elf::DT_NEEDED.0 => needed.push(value),
            t if t == elf::DT_RUNPATH.0 || t == elf::DT_RPATH.0 => paths.push(value),
            t if t == elf::DT_STRTAB.0 => of.strings = value,
            t if t == elf::DT_STRSZ.0 => of.string_bytes = value,
            t if t == elf::DT_SYMTAB.0 => of.symbols = value,
            t if t == elf::DT_HASH.0 => of.hash = value,
            t if t == elf::DT_GNU_HASH.0 => of.gnu_hash = value,
            t if t == elf::DT_VERSYM.0 => of.versions = value,
            t if t == elf::DT_VERNEED.0 => of.needed_versions = value,
            t if t == elf::DT_VERNEEDNUM.0 => of.needed_version_count = value,
            t if t == elf::DT_VERDEF.0 => of.defined_versions = value,
            t if t == elf::DT_VERDEFNUM.0 => of.defined_version_count = value,
            t if t == elf::DT_RELA.0 => of.relocations[0].0 = value,
            t if t == elf::DT_RELASZ.0 => of.relocations[0].1 = value,
            t if t == elf::DT_JMPREL.0 => of.relocations[1].0 = value,
            t if t == elf::DT_PLTRELSZ.0 => of.relocations[1].1 = value,
            t if t == elf::DT_RELR.0 => of.relative.0 = value,
            t if t == elf::DT_RELRSZ.0 => of.relative.1 = value,
            t if t == elf::DT_FLAGS_1.0 => {
                of.is_program = value & elf::DF_1_PIE.0 != 0;
                of.binds_early |= value & elf::DF_1_NOW.0 != 0;
            }
            t if t == elf::DT_FLAGS.0 => of.binds_early |= value & elf::DF_BIND_NOW.0 != 0,
            t if t == elf::DT_BIND_NOW.0 => of.binds_early = true,
            t if t == elf::DT_INIT.0 => of.start = value,
            t if t == elf::DT_INIT_ARRAY.0 => of.starts.0 = value,
            t if t == elf::DT_INIT_ARRAYSZ.0 => of.starts.1 = value,
            _ => {}
        }
    }
    image.names_at = of.strings..of.strings.saturating_add(of.string_bytes);
    for offset in needed {
        image.needed.extend(of.text(image, offset));
    }
    for offset in paths {
        let paths = of.text(image, offset).unwrap_or_default();
        image.run_path.extend(paths.split(':').map(str::to_owned));
    }
    of
}

impl Dynamic {
    fn text(&self, image: &Image, offset: u64) -> Option<String> {
        let bytes = image.bytes(self.strings.checked_add(offset)?);
        let most = self.string_bytes.checked_sub(offset)?;
        let bytes = &bytes[..bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX))];
        let end = bytes.iter().position(|b| *b == 0)?;
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// Returns the address of the section of that name according to this table; `None` if the table does not give it.
    pub fn place_of(&self, name: &str) -> Option<u64> {
        let at = match name {
            ".dynstr" => self.strings,
            ".dynsym" => self.symbols,
            ".hash" => self.hash,
            ".gnu.hash" => self.gnu_hash,
            ".gnu.version" => self.versions,
            ".gnu.version_r" => self.needed_versions,
            ".gnu.version_d" => self.defined_versions,
            ".rela.dyn" => self.relocations[0].0,
            ".rela.plt" => self.relocations[1].0,
            _ => return None,
        };
        (at != 0).then_some(at)
    }

    /// Returns the number of symbols, according to the tables in which the loader looks names up.
    fn symbol_count(&self, image: &Image) -> u64 {
        if self.hash != 0 {
            return word(image, self.hash.wrapping_add(4))
                .unwrap_or(0)
                .min(MOST_SYMBOLS);
        }
        let header: Vec<u64> = (0..3)
            .filter_map(|n| word(image, self.gnu_hash.wrapping_add(4 * n)))
            .collect();
        let [buckets, first, bloom] = header[..] else {
            return 0;
        };
        if self.gnu_hash == 0 {
            return 0;
        }
        let table = self.gnu_hash.saturating_add(16 + bloom * 8);
        let chains = table.saturating_add(buckets * 4);
        let last = (0..buckets.min(MOST_SYMBOLS))
            .map_while(|n| word(image, table.saturating_add(4 * n)))
            .max()
            .unwrap_or(0);
        if last < first {
            return first.min(MOST_SYMBOLS);
        }
        let mut last = last;
        while last < MOST_SYMBOLS
            && word(image, chains.saturating_add(4 * (last - first)))
                .is_some_and(|hash| hash & 1 == 0)
        {
            last += 1;
        }
        (last + 1).min(MOST_SYMBOLS)
    }

    /// Returns the names of versions by their number, each with the library that must provide it; definitions have no library.
    fn version_names(&self, image: &Image) -> HashMap<u64, (String, Option<String>)> {
        let mut names = HashMap::new();
        let mut at = self.needed_versions;
        for _ in 0..self.needed_version_count.min(4096) {
            let (Some(count), Some(file), Some(first), Some(next)) = (
                half(image, at.wrapping_add(2)),
                word(image, at.wrapping_add(4)),
                word(image, at.wrapping_add(8)),
                word(image, at.wrapping_add(12)),
            ) else {
                break;
            };
            let file = self.text(image, file);
            let mut each = at.saturating_add(first);
            for _ in 0..count {
                let (Some(number), Some(name), Some(next)) = (
                    half(image, each.wrapping_add(6)),
                    word(image, each.wrapping_add(8)),
                    word(image, each.wrapping_add(12)),
                ) else {
                    break;
                };
                if let Some(name) = self.text(image, name) {
                    names.insert(number & 0x7fff, (name, file.clone()));
                }
                each = each.saturating_add(next);
            }
            at = at.saturating_add(next);
        }
        let mut at = self.defined_versions;
        for _ in 0..self.defined_version_count.min(4096) {
            let (Some(flags), Some(number), Some(first), Some(next)) = (
                half(image, at.wrapping_add(2)),
                half(image, at.wrapping_add(4)),
                word(image, at.wrapping_add(12)),
                word(image, at.wrapping_add(16)),
            ) else {
                break;
            };
            let name = word(image, at.saturating_add(first)).and_then(|n| self.text(image, n));
            if flags & 1 == 0
                && let Some(name) = name
            {
                names.insert(number & 0x7fff, (name, None));
            }
            at = at.saturating_add(next);
        }
        names
    }

    /// Adds the symbols that the file defines for others, and the values that the loader stores to its pointers.
    pub fn apply(&self, image: &mut Image) {
        let versions = self.version_names(image);
        if self.symbols != 0 {
            // The count is limited by the bytes of the file, whatever the tables say.
            let room = image.bytes(self.symbols).len() as u64 / SYMBOL;
            let count = self.symbol_count(image).min(room);
            let symbols = self.symbols..self.symbols.saturating_add(count * SYMBOL);
            image.tables_at.push(symbols);
            for index in 1..count {
                self.symbol(image, &versions, index);
            }
        }
        self.relative_slots(image);
        for (table, size) in self.relocations {
            if table == 0 {
                continue;
            }
            let size = size.min(image.bytes(table).len() as u64);
            if !image.is_writable(table) {
                image.tables_at.push(table..table.saturating_add(size));
            }
            for at in (table..table.saturating_add(size)).step_by(RELOCATION as usize) {
                let (Some(place), Some(info), Some(addend)) = (
                    long(image, at),
                    long(image, at.wrapping_add(8)),
                    long(image, at.wrapping_add(16)),
                ) else {
                    break;
                };
                self.slot(image, &versions, place, info, addend);
            }
        }
        image.constructors.push(self.start);
        for at in
            (self.starts.0..self.starts.0.saturating_add(self.starts.1.min(1 << 16))).step_by(8)
        {
            if let Some(Slot::Here(target)) = image.pointer(at) {
                image.constructors.push(target);
            }
        }
    }

    fn symbol(
        &self,
        image: &mut Image,
        versions: &HashMap<u64, (String, Option<String>)>,
        index: u64,
    ) {
        let at = self.symbols.saturating_add(index * SYMBOL);
        let (Some(name), Some(info), Some(section), Some(address), Some(size)) = (
            word(image, at),
            image.number(at.wrapping_add(4), 1),
            half(image, at.wrapping_add(6)),
            long(image, at + 8),
            long(image, at + 16),
        ) else {
            return;
        };
        let (kind, binding) = (info & 0xf, info >> 4);
        // Thread-locals have offsets in place of addresses.
        if section == 0 || address == 0 || binding == 0 || kind == 6 {
            return;
        }
        let Some(name) = self.text(image, name).filter(|name| !name.is_empty()) else {
            return;
        };
        if self.versions != 0 {
            let number = half(image, self.versions.saturating_add(2 * index)).unwrap_or(0);
            if let Some((version, _)) = versions.get(&(number & 0x7fff)) {
                let known = image.export_versions.entry(name.clone()).or_default();
                known.push(version.clone());
            }
            // A hidden version is for programs that were linked long ago.
            if number & 0x8000 != 0 && image.exports.contains_key(&name) {
                return;
            }
        }
        let raw: Rc<str> = (&*name).into();
        image.exports.insert(name, address);
        if image.is_code(address) {
            if kind == u64::from(elf::STT_GNU_IFUNC.0) {
                image.choosers.insert(address);
            }
            let known = image.names.entry(address).or_default();
            if !known.contains(&raw) {
                known.push(raw);
            }
            if size > 0 {
                let end = address.saturating_add(size);
                image.functions.entry(address).or_insert(end);
            }
        } else if size > 0 {
            let symbol = Symbol {
                address,
                size,
                name: raw,
            };
            image.objects.entry(address).or_insert(symbol);
        }
    }

    fn slot(
        &self,
        image: &mut Image,
        versions: &HashMap<u64, (String, Option<String>)>,
        place: u64,
        info: u64,
        addend: u64,
    ) {
        let kind = elf::RelocationType((info & 0xffff_ffff) as u32);
        let index = info >> 32;
        let slot = match kind {
            elf::R_X86_64_NONE => return,
            // The loader copies an object of a library here, and the library uses it here.
            elf::R_X86_64_COPY => {
                image.copied.insert(place);
                return;
            }
            elf::R_X86_64_RELATIVE => Slot::Here(addend),
            elf::R_X86_64_IRELATIVE => Slot::Chosen(addend),
            elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT | elf::R_X86_64_64 if index != 0 => {
                let name = word(image, self.symbols.saturating_add(index * SYMBOL))
                    .and_then(|name| self.text(image, name))
                    .unwrap_or_default();
                let number = half(image, self.versions.saturating_add(2 * index))
                    .filter(|_| self.versions != 0)
                    .unwrap_or(0);
                // A version counts only if no library other than the C library must provide it.
                let version = versions
                    .get(&(number & 0x7fff))
                    .filter(|(_, file)| file.as_deref().is_none_or(crate::files::is_libc))
                    .map(|(name, _)| name.clone());
                Slot::Extern(Rc::new(Extern { name, version }))
            }
            _ => Slot::Opaque,
        };
        let is_got = matches!(
            kind,
            elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT | elf::R_X86_64_IRELATIVE
        );
        if is_got {
            image.settled.insert(place);
        }
        if kind == elf::R_X86_64_JUMP_SLOT && !self.binds_early {
            image.bound_late.insert(place);
        }
        image.slots.insert(place, slot);
    }

    /// Reads the compressed table: an address, then bits for the words behind it; the addend lies in the word itself.
    fn relative_slots(&self, image: &mut Image) {
        let (table, size) = self.relative;
        if table == 0 {
            return;
        }
        let size = size.min(image.bytes(table).len() as u64);
        let mut next = 0u64;
        let add = |image: &mut Image, place: u64| {
            if let Some(target) = long(image, place) {
                image.slots.insert(place, Slot::Here(target));
            }
        };
        for at in (table..table.saturating_add(size)).step_by(8) {
            let Some(entry) = long(image, at) else {
                break;
            };
            if entry & 1 == 0 {
                add(image, entry);
                next = entry.wrapping_add(8);
                continue;
            }
            for bit in 0..63 {
                if entry >> (bit + 1) & 1 != 0 {
                    add(image, next.wrapping_add(8 * bit));
                }
            }
            next = next.wrapping_add(63 * 8);
        }
    }
}
