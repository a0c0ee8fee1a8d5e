//! Reads an ELF file into an [`Image`].

use std::path::Path;
use std::rc::Rc;

use gimli::UnwindSection;
use object::elf;
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, SymbolSection,
};

use crate::dynamic::Dynamic;
use crate::image::{Image, Region, Slot, Symbol, THREAD};

type Elf = ElfFile64<'static, LittleEndian>;

/// Reads the file, or says why the audit cannot decide about it.
pub fn load(path: &Path) -> Result<Image, String> {
    let data =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    // Images live as long as the program.
    parse(path, Vec::leak(data))
}

fn parse(path: &Path, data: &'static [u8]) -> Result<Image, String> {
    let elf = Elf::parse(data).map_err(|error| {
        format!(
            "cannot decide: {} is not a 64-bit little-endian ELF file ({error})",
            path.display()
        )
    })?;
    let header = elf.elf_header();
    let machine = header.e_machine(LittleEndian);
    if machine != elf::EM_X86_64 {
        return Err(format!(
            "cannot decide: {} is for machine {machine}, and this audit reads x86-64 only; audit a build for \
             x86_64-unknown-linux-gnu",
            path.display()
        ));
    }
    let mut image = Image {
        path: path.to_owned(),
        entry: header.e_entry(LittleEndian),
        is_fixed: header.e_type(LittleEndian) == elf::ET_EXEC,
        is_object: header.e_type(LittleEndian) == elf::ET_REL,
        files: vec![data],
        ..Image::default()
    };
    if image.is_object {
        crate::relocate::object(&elf, &mut image);
    } else {
        let dynamic = segments(&elf, data, &mut image);
        let is_debug = is_debug_only(&elf);
        if is_debug {
            for region in &mut image.regions {
                region.data = &[];
            }
        } else if let Some(name) = disagreement(&elf, &image, dynamic.as_ref()) {
            return Err(format!(
                "cannot decide: section {name} of {} does not lie where the program headers load it; what runs is not what other \
                 tools show. Audit the file as the linker wrote it",
                path.display()
            ));
        }
        for symbol in elf.symbols() {
            add_symbol(&symbol, symbol.address(), &mut image);
        }
        if let Some(dynamic) = &dynamic {
            dynamic.apply(&mut image);
        }
        if image.is_static || dynamic.is_none() {
            static_slots(&elf, &mut image);
        }
        unwind(&elf, data, &mut image);
        crate::undescribed::add(&mut image, elf.sections().map(|section| section.address()));
        image.has_text_relocations = image.slots.keys().any(|at| image.is_code(*at));
    }
    image.has_code = image.regions.iter().any(|r| r.exec && !r.data.is_empty());
    let Image {
        functions, regions, ..
    } = &mut image;
    functions.retain(|start, end| {
        let of = regions
            .iter()
            .find(|r| r.exec && (r.start..r.end).contains(start));
        *end = (*end).min(of.map_or(0, |r| r.end));
        *end > *start
    });
    Ok(image)
}

/// Adds the symbols of a separate debug file.
pub fn add_debug(image: &mut Image, path: &Path) -> Result<(), String> {
    let data =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let data: &'static [u8] = Vec::leak(data);
    let elf = Elf::parse(data).map_err(|error| {
        format!(
            "cannot decide: {} is not an ELF file ({error})",
            path.display()
        )
    })?;
    for symbol in elf.symbols() {
        add_symbol(&symbol, symbol.address(), image);
    }
    image.files.push(data);
    Ok(())
}

fn segments(elf: &Elf, data: &'static [u8], image: &mut Image) -> Option<Dynamic> {
    let mut has_loader = false;
    let mut table = None;
    let mut thread = None;
    for segment in elf.elf_program_headers() {
        let at = segment.p_vaddr(LittleEndian);
        let size = segment.p_memsz(LittleEndian);
        let flags = segment.p_flags(LittleEndian);
        match segment.p_type(LittleEndian) {
            elf::PT_LOAD => {
                let bytes = segment.data(LittleEndian, data).unwrap_or_default();
                let most = usize::try_from(size).unwrap_or(usize::MAX);
                if segment.p_offset(LittleEndian) == 0 {
                    let headers = elf.elf_header();
                    let count = u64::from(headers.e_phnum(LittleEndian));
                    let length = u64::from(headers.e_phentsize(LittleEndian)) * count;
                    let end = headers.e_phoff(LittleEndian).saturating_add(length);
                    image.tables_at.push(at..at.saturating_add(end));
                }
                image.regions.push(Region {
                    start: at,
                    end: at.saturating_add(size),
                    data: &bytes[..bytes.len().min(most)],
                    write: flags.0 & elf::PF_W.0 != 0,
                    exec: flags.0 & elf::PF_X.0 != 0,
                });
            }
            elf::PT_GNU_RELRO => image.relro.push((at, at.saturating_add(size))),
            // The data begins below the thread pointer, where its alignment allows it.
            elf::PT_TLS => {
                let align = segment.p_align(LittleEndian).max(1);
                let below = size.checked_next_multiple_of(align);
                thread = below.filter(|below| (1..THREAD / 2).contains(below));
            }
            elf::PT_INTERP => has_loader = true,
            elf::PT_DYNAMIC => table = Some((at, size)),
            _ => {}
        }
    }
    protect(image);
    let dynamic = table.map(|(at, size)| crate::dynamic::read(image, at, size));
    // A library that needs no other file is still not a static program.
    image.is_static = !has_loader && dynamic.as_ref().is_none_or(|d| d.is_program);
    image.is_library = dynamic.is_some() && !has_loader && !image.is_fixed && !image.is_static;
    // Only the program's own thread-local data has places that the linker knows.
    if let Some(size) = thread.filter(|_| !image.is_library) {
        image.regions.push(Region {
            start: THREAD - size,
            end: THREAD,
            data: &[],
            write: true,
            exec: false,
        });
    }
    dynamic
}

/// Reduces the ranges that are to be read-only after loading to the whole pages that the loader protects. Drops a range that leaves
/// its segment.
fn protect(image: &mut Image) {
    const PAGE: u64 = 4096;
    let regions = &image.regions;
    image.relro.retain_mut(|(start, end)| {
        *end -= *end % PAGE;
        let holds = |last: u64| last.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX) >= *end;
        regions
            .iter()
            .any(|r| (r.start..r.end).contains(start) && holds(r.end))
    });
}

/// Returns whether the file holds only debug information: its segments have no bytes of their own then.
fn is_debug_only(elf: &Elf) -> bool {
    let mut has_code = false;
    let mut has_any = false;
    for header in elf.elf_section_table().iter() {
        let flags = header.sh_flags(LittleEndian);
        has_any |= flags.0 & elf::SHF_ALLOC.0 != 0;
        has_code |=
            flags.0 & elf::SHF_EXECINSTR.0 != 0 && header.sh_type(LittleEndian) != elf::SHT_NOBITS;
    }
    has_any && !has_code
}

/// Returns the name of a section whose header contradicts the program headers or the dynamic section, by which the file runs.
fn disagreement(elf: &Elf, image: &Image, dynamic: Option<&Dynamic>) -> Option<String> {
    let table = elf.elf_section_table();
    for header in table.iter() {
        let flags = header.sh_flags(LittleEndian).0;
        let kind = header.sh_type(LittleEndian);
        let (at, size) = (header.sh_addr(LittleEndian), header.sh_size(LittleEndian));
        if flags & elf::SHF_ALLOC.0 == 0 || size == 0 {
            continue;
        }
        let name =
            String::from_utf8_lossy(table.section_name(LittleEndian, header).unwrap_or_default());
        if dynamic
            .and_then(|d| d.place_of(&name))
            .is_some_and(|d| d != at)
        {
            return Some(name.into_owned());
        }
        if kind == elf::SHT_NOBITS {
            continue;
        }
        let offset = header.sh_offset(LittleEndian);
        let is_loaded = elf.elf_program_headers().iter().any(|segment| {
            let start = segment.p_vaddr(LittleEndian);
            segment.p_type(LittleEndian) == elf::PT_LOAD
                && at >= start
                && at
                    .checked_add(size)
                    .is_some_and(|end| end - start <= segment.p_filesz(LittleEndian))
                && offset.wrapping_sub(segment.p_offset(LittleEndian)) == at - start
        });
        let executes = flags & elf::SHF_EXECINSTR.0 != 0;
        if !is_loaded || (executes && !image.is_code(at)) {
            return Some(name.into_owned());
        }
    }
    None
}

/// Notes the name, the kind and the size that a symbol gives to the range at `address`.
pub fn add_symbol<'a>(symbol: &impl ObjectSymbol<'a>, address: u64, image: &mut Image) {
    let thread = image.regions.iter().find(|region| region.end == THREAD);
    let address = match (symbol.kind(), thread) {
        (SymbolKind::Tls, _) if address > THREAD / 2 => address,
        (SymbolKind::Tls, Some(thread)) => thread.start.saturating_add(address),
        (SymbolKind::Tls, None) => return,
        _ => address,
    };
    if symbol.is_undefined() || address == 0 {
        return;
    }
    let Some(name) = symbol.name().ok().filter(|name| !name.is_empty()) else {
        return;
    };
    if matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File) {
        return;
    }
    let name: Rc<str> = name.into();
    if image.is_code(address) {
        if let object::SymbolFlags::Elf { st_info, .. } = symbol.flags()
            && st_info.0 & 0xf == elf::STT_GNU_IFUNC.0
        {
            image.choosers.insert(address);
        }
        if symbol.is_local() {
            image.locals.insert(address);
        }
        let known = image.names.entry(address).or_default();
        if !known.contains(&name) {
            known.push(name);
        }
        if symbol.size() > 0 {
            image
                .functions
                .entry(address)
                .or_insert(address.saturating_add(symbol.size()));
        }
    } else if symbol.size() > 0 {
        let size = symbol.size();
        image.objects.entry(address).or_insert(Symbol {
            address,
            size,
            name,
        });
    } else {
        image.marks.insert(address);
    }
}

/// Reads the bounds of functions from the tables by which exceptions are unwound.
fn unwind(elf: &Elf, data: &'static [u8], image: &mut Image) {
    let header = elf
        .elf_program_headers()
        .iter()
        .find(|s| s.p_type(LittleEndian) == elf::PT_GNU_EH_FRAME);
    let by_header = header.and_then(|segment| {
        let at = segment.p_vaddr(LittleEndian);
        let parsed =
            gimli::EhFrameHdr::new(segment.data(LittleEndian, data).ok()?, gimli::LittleEndian)
                .parse(&gimli::BaseAddresses::default().set_eh_frame_hdr(at), 8)
                .ok()?;
        match parsed.eh_frame_ptr() {
            gimli::Pointer::Direct(at) => Some(at),
            gimli::Pointer::Indirect(_) => None,
        }
    });
    // Static programs may have the tables without a header.
    let start = by_header.or_else(|| elf.section_by_name(".eh_frame").map(|s| s.address()));
    let Some(start) = start else {
        return;
    };
    let plt: Vec<_> = elf
        .sections()
        .filter(|s| {
            s.name()
                .is_ok_and(|name| name.starts_with(".plt") || name == ".iplt")
        })
        .map(|s| s.address()..s.address().saturating_add(s.size()))
        .collect();
    for Described {
        start,
        length,
        handlers,
    } in frames(image.bytes(start), start)
    {
        if let Some(at) = handlers {
            let pads = crate::pads::read(image.bytes(at), start);
            image.pads.extend(pads.unwrap_or_default());
        }
        let is_plt = plt.iter().any(|range| range.contains(&start))
            || (plt.is_empty() && image.is_linkage(start));
        if length > 0 && !is_plt {
            // The unwinder's bounds hold the whole function; a symbol's may be wrong.
            let end = image.functions.entry(start).or_insert(0);
            *end = (*end).max(start.saturating_add(length));
        }
    }
}

/// Holds a function that an `.eh_frame` describes.
pub struct Described {
    pub start: u64,
    pub length: u64,
    /// The address of the table of the handlers of the function's exceptions.
    handlers: Option<u64>,
}

/// Returns the functions that an `.eh_frame` describes.
pub fn frames(data: &[u8], address: u64) -> Vec<Described> {
    let frame = gimli::EhFrame::new(data, gimli::LittleEndian);
    let bases = gimli::BaseAddresses::default().set_eh_frame(address);
    let mut entries = frame.entries(&bases);
    let mut found = Vec::new();
    while let Ok(Some(entry)) = entries.next() {
        if let gimli::CieOrFde::Fde(partial) = entry
            && let Ok(fde) = partial.parse(gimli::EhFrame::cie_from_offset)
        {
            found.push(Described {
                start: fde.initial_address(),
                length: fde.len(),
                handlers: match fde.lsda() {
                    Some(gimli::Pointer::Direct(at)) => Some(at),
                    _ => None,
                },
            });
        }
    }
    found
}

/// Reads the pointers of a static program, which no loader fills: its start-up code applies the relocations.
fn static_slots(elf: &Elf, image: &mut Image) {
    for section in elf.sections() {
        let bounds = section.address()..section.address().saturating_add(section.size());
        let name = section.name().unwrap_or_default();
        // The sections were seen to agree with the segments, so their sizes count bytes of the file.
        if name == ".rela.plt" || name == ".rela.dyn" || name == ".rela.iplt" {
            for at in bounds.step_by(24) {
                if let (Some(place), Some(kind), Some(target)) = (
                    image.number(at, 8),
                    image.number(at + 8, 8),
                    image.number(at + 16, 8),
                ) && kind == u64::from(elf::R_X86_64_IRELATIVE.0)
                {
                    image.settled.insert(place);
                    image.slots.insert(place, Slot::Chosen(target));
                }
            }
        } else if name.starts_with(".got") && section.size() < 1 << 20 {
            for address in bounds.step_by(8) {
                image.settled.insert(address);
                if image.is_fixed
                    && !image.slots.contains_key(&address)
                    && let Some(target) = image.number(address, 8)
                    && image.region(target).is_some()
                {
                    image.slots.insert(address, Slot::Here(target));
                }
            }
        }
    }
}

/// Returns whether a section takes memory when the program runs.
pub fn is_allocated(section: &impl ObjectSectionFlags) -> bool {
    section.elf_flags() & elf::SHF_ALLOC.0 != 0
}

/// Gives the flags of a section of an ELF file.
pub trait ObjectSectionFlags {
    fn elf_flags(&self) -> u64;
}

impl<'a, T: ObjectSection<'a>> ObjectSectionFlags for T {
    fn elf_flags(&self) -> u64 {
        match self.flags() {
            SectionFlags::Elf { sh_flags, .. } => sh_flags.0,
            _ => 0,
        }
    }
}

/// Returns whether the symbol is a common symbol, for which the linker chooses the place.
pub fn is_common<'a>(symbol: &impl ObjectSymbol<'a>) -> bool {
    symbol.section() == SymbolSection::Common
}
