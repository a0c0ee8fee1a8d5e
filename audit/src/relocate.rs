//! Lays out an object file as a linker would, with stand-ins for the symbols that other files define.

use std::collections::HashMap;
use std::rc::Rc;

use object::elf;
use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SymbolIndex,
};

use crate::image::{Extern, Image, Region, Slot, THREAD};
use crate::load::{
    Described, ObjectSectionFlags as _, add_symbol, frames, is_allocated, is_common,
};

const PAGE: u64 = 4096;

/// Where the object's first section lies; below 2 GB, so that each relocation can be applied.
const FIRST: u64 = 0x10_0000;

/// Gives each section, each common symbol and each name of other files an address, and applies the relocations.
pub fn object(file: &ElfFile64<'static, LittleEndian>, image: &mut Image) {
    let mut next = FIRST;
    let mut sections = HashMap::new();
    let mut thread = THREAD;
    for section in file.sections().filter(is_allocated) {
        let align = section.align().max(1).max(16);
        if section.elf_flags() & elf::SHF_TLS.0 != 0 {
            thread = (thread - section.size().max(1)) / align * align;
            sections.insert(section.index(), thread);
            continue;
        }
        next = next.next_multiple_of(align.max(PAGE));
        sections.insert(section.index(), next);
        next += section.size().max(1);
    }
    let mut addresses: HashMap<SymbolIndex, u64> = HashMap::new();
    let commons = next.next_multiple_of(PAGE);
    next = commons;
    for symbol in file.symbols() {
        if is_common(&symbol) {
            next = next.next_multiple_of(64);
            addresses.insert(symbol.index(), next);
            next += symbol.size();
        } else if let Some(&at) = symbol
            .section_index()
            .and_then(|index| sections.get(&index))
        {
            addresses.insert(symbol.index(), at + symbol.address());
        }
    }
    image
        .regions
        .push(region(commons, next.max(commons + 1), &[], true, false));
    let mut outside = next.next_multiple_of(PAGE);
    for symbol in file.symbols() {
        if symbol.is_undefined()
            && let Some(name) = symbol.name().ok().filter(|n| !n.is_empty())
        {
            addresses.insert(symbol.index(), outside);
            let outer = Extern {
                name: name.to_owned(),
                version: None,
            };
            image.externs.insert(outside, Rc::new(outer));
            outside += 16;
        }
    }
    image.moved_sections = debug_sections(file, &addresses);
    let mut got: HashMap<u64, u64> = HashMap::new();
    let mut slot = outside.next_multiple_of(PAGE);
    let first_slot = slot;
    for section in file.sections().filter(is_allocated) {
        let at = sections[&section.index()];
        let mut bytes = section.data().unwrap_or_default().to_vec();
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            let RelocationTarget::Symbol(index) = relocation.target() else {
                continue;
            };
            let target = match addresses.get(&index) {
                Some(&target) => target,
                None if r_type == elf::R_X86_64_TPOFF32 => 0,
                None => continue,
            };
            let place = at + offset;
            let addend = relocation.addend();
            let value = match r_type {
                elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => {
                    let entry = *got.entry(target).or_insert_with(|| {
                        slot += 8;
                        slot - 8
                    });
                    let content = match image.externs.get(&target) {
                        Some(outer) => Slot::Extern(outer.clone()),
                        None => Slot::Here(target),
                    };
                    image.slots.insert(entry, content);
                    image.settled.insert(entry);
                    entry.wrapping_add_signed(addend).wrapping_sub(place)
                }
                elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 | elf::R_X86_64_PC64 => {
                    target.wrapping_add_signed(addend).wrapping_sub(place)
                }
                elf::R_X86_64_64 | elf::R_X86_64_32 | elf::R_X86_64_32S => {
                    let value = target.wrapping_add_signed(addend);
                    if r_type == elf::R_X86_64_64 {
                        let content = match image.externs.get(&target) {
                            Some(outer) if addend == 0 => Slot::Extern(outer.clone()),
                            _ => Slot::Here(value),
                        };
                        image.slots.insert(place, content);
                    }
                    value
                }
                elf::R_X86_64_TPOFF32 if target >= thread => {
                    target.wrapping_add_signed(addend).wrapping_sub(THREAD)
                }
                // Thread-local data of another file: somewhere below the thread pointer.
                elf::R_X86_64_TPOFF32 => (-64i64).cast_unsigned(),
                _ => continue,
            };
            let width = if matches!(r_type, elf::R_X86_64_64 | elf::R_X86_64_PC64) {
                8
            } else {
                4
            };
            if let Some(field) = bytes.get_mut(offset as usize..offset as usize + width) {
                field.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        let flags = section.elf_flags();
        let name = section.name().unwrap_or_default();
        if name == ".eh_frame" {
            for Described { start, length, .. } in frames(&bytes, at) {
                image.functions.insert(start, start + length);
            }
        }
        let writes = flags & elf::SHF_WRITE.0 != 0 && !name.starts_with(".data.rel.ro");
        let executes = flags & elf::SHF_EXECINSTR.0 != 0;
        image.regions.push(region(
            at,
            at + section.size().max(1),
            Vec::leak(bytes),
            writes,
            executes,
        ));
    }
    image.regions.push(region(
        first_slot,
        slot.max(first_slot + 1),
        &[],
        false,
        false,
    ));
    // Addresses are final here, although a linker will choose others.
    image.is_fixed = true;
    for symbol in file.symbols() {
        if let Some(&at) = addresses.get(&symbol.index()) {
            add_symbol(&symbol, at, image);
        }
    }
}

/// Returns the sections of debug information, with the addresses of this layout in them.
fn debug_sections(
    file: &ElfFile64<'static, LittleEndian>,
    addresses: &HashMap<SymbolIndex, u64>,
) -> crate::hash::Map<String, &'static [u8]> {
    let is_plain =
        |name: &str, flags: u64| name.starts_with(".debug_") && flags & elf::SHF_COMPRESSED.0 == 0;
    let mut moved = crate::hash::Map::default();
    for section in file.sections() {
        let name = section.name().unwrap_or_default();
        if !is_plain(name, section.elf_flags()) {
            continue;
        }
        let mut bytes = section.data().unwrap_or_default().to_vec();
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                continue;
            };
            let width = match relocation.flags() {
                RelocationFlags::Elf { r_type } if r_type == elf::R_X86_64_64 => 8,
                RelocationFlags::Elf { r_type } if r_type == elf::R_X86_64_32 => 4,
                _ => continue,
            };
            // Where the target is not loaded, debug information has offsets into its section.
            let own = file.symbol_by_index(index).map_or(0, |s| s.address());
            let target = addresses.get(&index).copied().unwrap_or(own);
            let value = target.wrapping_add_signed(relocation.addend());
            let field = bytes.get_mut(offset as usize..);
            if let Some(field) = field.and_then(|field| field.get_mut(..width)) {
                field.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        moved.insert(name.to_owned(), &*Vec::leak(bytes));
    }
    moved
}

fn region(start: u64, end: u64, data: &'static [u8], write: bool, exec: bool) -> Region {
    Region {
        start,
        end,
        data,
        write,
        exec,
    }
}
