//! Reads an ELF file into an [`Image`].

use std::path::Path;
use std::rc::Rc;

use gimli::UnwindSection;
use object::elf;
use object::read::elf::{Dyn as _, ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationFlags,
    RelocationTarget, SectionFlags, SymbolKind, SymbolSection,
};

use crate::image::{Extern, Image, Region, Slot, Symbol};

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
        is_fixed: header.e_type(LittleEndian) == elf::ET_EXEC,
        is_object: header.e_type(LittleEndian) == elf::ET_REL,
        ..Image::default()
    };
    if image.is_object {
        crate::relocate::object(&elf, data, &mut image);
    } else {
        segments(&elf, data, &mut image);
        symbols(&elf, &mut image);
        unwind(&elf, &mut image);
        slots(&elf, data, &mut image);
    }
    if !image.is_object {
        image.has_text_relocations = image.slots.keys().any(|at| image.is_code(*at));
    }
    image.has_code = image.regions.iter().any(|r| r.exec && !r.data.is_empty());
    image.functions.retain(|start, _| {
        image
            .regions
            .iter()
            .any(|r| r.exec && (r.start..r.end).contains(start))
    });
    Ok(image)
}

/// Adds the symbols of a separate debug file.
pub fn add_debug(image: &mut Image, path: &Path) -> Result<(), String> {
    let data =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let elf = Elf::parse(&*Vec::leak(data)).map_err(|error| {
        format!(
            "cannot decide: {} is not an ELF file ({error})",
            path.display()
        )
    })?;
    symbols(&elf, image);
    Ok(())
}

fn segments(elf: &Elf, data: &'static [u8], image: &mut Image) {
    let mut has_loader = false;
    let mut has_dynamic = false;
    for segment in elf.elf_program_headers() {
        let at = segment.p_vaddr(LittleEndian);
        let size = segment.p_memsz(LittleEndian);
        let flags = segment.p_flags(LittleEndian);
        match segment.p_type(LittleEndian) {
            elf::PT_LOAD => image.regions.push(Region {
                start: at,
                end: at.saturating_add(size),
                data: segment.data(LittleEndian, data).unwrap_or_default(),
                write: flags.0 & elf::PF_W.0 != 0,
                exec: flags.0 & elf::PF_X.0 != 0,
            }),
            elf::PT_GNU_RELRO => image.relro.push((at, at.saturating_add(size))),
            elf::PT_INTERP => has_loader = true,
            elf::PT_DYNAMIC => {
                has_dynamic = true;
                dynamic(elf, data, segment, image);
            }
            _ => {}
        }
    }
    image.is_static =
        !has_loader && (!has_dynamic || image.needed.is_empty()) && image.run_path.is_empty();
    image.is_library = has_dynamic && !has_loader && !image.is_fixed;
    // A file of debug information only has segments without bytes.
    let has_bits = elf
        .sections()
        .any(|s| s.kind() == object::SectionKind::Text && s.data().is_ok_and(|d| !d.is_empty()));
    if !has_bits && elf.sections().next().is_some() {
        for region in &mut image.regions {
            region.data = &[];
        }
    }
}

fn dynamic(
    elf: &Elf,
    data: &'static [u8],
    segment: &elf::ProgramHeader64<LittleEndian>,
    image: &mut Image,
) {
    let Ok(Some(entries)) = segment.dynamic(LittleEndian, data) else {
        return;
    };
    let strings = elf
        .elf_section_table()
        .iter()
        .zip(elf.sections())
        .find(|(_, s)| s.name() == Ok(".dynstr"))
        .and_then(|(_, s)| s.data().ok())
        .unwrap_or_default();
    let text = |offset: u64| {
        let bytes = strings.get(offset as usize..)?;
        let end = bytes.iter().position(|b| *b == 0)?;
        String::from_utf8(bytes[..end].to_vec()).ok()
    };
    for entry in entries {
        let value = entry.d_val(LittleEndian);
        match entry.d_tag(LittleEndian) {
            t if t == elf::DT_NEEDED as _ => image.needed.extend(text(value)),
            t if t == elf::DT_RUNPATH as _ || t == elf::DT_RPATH as _ => {
                let paths = text(value).unwrap_or_default();
                image.run_path.extend(paths.split(':').map(str::to_owned));
            }
            _ => {}
        }
    }
}

fn symbols(elf: &Elf, image: &mut Image) {
    for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
        add_symbol(&symbol, symbol.address(), image);
    }
    for symbol in elf.dynamic_symbols() {
        if symbol.is_definition()
            && symbol.is_global()
            && let Ok(name) = symbol.name()
        {
            image.exports.insert(name.to_owned(), symbol.address());
        }
    }
}

/// Notes what a symbol says about the range at `address`.
pub fn add_symbol<'a>(symbol: &impl ObjectSymbol<'a>, address: u64, image: &mut Image) {
    if symbol.is_undefined() || address == 0 {
        return;
    }
    let Some(name) = symbol.name().ok().filter(|name| !name.is_empty()) else {
        return;
    };
    let is_section = matches!(
        symbol.kind(),
        SymbolKind::Section | SymbolKind::File | SymbolKind::Tls
    );
    if is_section {
        return;
    }
    let name: Rc<str> = name.into();
    if image.is_code(address) {
        if let object::SymbolFlags::Elf { st_info, .. } = symbol.flags()
            && st_info.0 & 0xf == elf::STT_GNU_IFUNC.0
        {
            image.choosers.insert(address);
        }
        let known = image.names.entry(address).or_default();
        if !known.contains(&name) {
            known.push(name);
        }
        if symbol.size() > 0 {
            image
                .functions
                .entry(address)
                .or_insert(address + symbol.size());
        }
    } else if symbol.size() > 0 {
        let size = symbol.size();
        image.objects.entry(address).or_insert(Symbol {
            address,
            size,
            name,
        });
    }
}

/// The bounds of functions, from the tables that exceptions are unwound by.
fn unwind(elf: &Elf, image: &mut Image) {
    let Some(section) = elf.section_by_name(".eh_frame") else {
        return;
    };
    let data = section.data().unwrap_or_default();
    let plt: Vec<_> = elf
        .sections()
        .filter(|s| {
            s.name()
                .is_ok_and(|name| name.starts_with(".plt") || name == ".iplt")
        })
        .map(|s| s.address()..s.address() + s.size())
        .collect();
    for (start, length) in frames(data, section.address()) {
        if length > 0 && !plt.iter().any(|range| range.contains(&start)) {
            // The unwinder's bounds hold the whole function; a symbol's may be wrong.
            let end = image.functions.entry(start).or_insert(0);
            *end = (*end).max(start.saturating_add(length));
        }
    }
}

/// Where the functions described in an `.eh_frame` begin, and how long they are.
pub fn frames(data: &[u8], address: u64) -> Vec<(u64, u64)> {
    let frame = gimli::EhFrame::new(data, gimli::LittleEndian);
    let bases = gimli::BaseAddresses::default().set_eh_frame(address);
    let mut entries = frame.entries(&bases);
    let mut found = Vec::new();
    while let Ok(Some(entry)) = entries.next() {
        if let gimli::CieOrFde::Fde(partial) = entry
            && let Ok(fde) = partial.parse(gimli::EhFrame::cie_from_offset)
        {
            found.push((fde.initial_address(), fde.len()));
        }
    }
    found
}

fn slots(elf: &Elf, data: &'static [u8], image: &mut Image) {
    let versions = elf
        .elf_section_table()
        .versions(LittleEndian, data)
        .ok()
        .flatten();
    let names = elf.dynamic_symbol_table();
    for (address, relocation) in elf.dynamic_relocations().into_iter().flatten() {
        let RelocationFlags::Elf { r_type } = relocation.flags() else {
            continue;
        };
        let is_got = matches!(
            r_type,
            elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT | elf::R_X86_64_IRELATIVE
        );
        let addend = relocation.addend().cast_unsigned();
        let slot = match (r_type, relocation.target()) {
            (elf::R_X86_64_RELATIVE, _) => Slot::Here(addend),
            (elf::R_X86_64_IRELATIVE, _) => Slot::Chosen(addend),
            (
                elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT | elf::R_X86_64_64,
                RelocationTarget::Symbol(index),
            ) => {
                let symbol = names.as_ref().and_then(|t| t.symbol_by_index(index).ok());
                let name = symbol
                    .as_ref()
                    .and_then(|s| s.name().ok())
                    .unwrap_or_default();
                let version = versions
                    .as_ref()
                    .and_then(|v| {
                        v.version(v.version_index(LittleEndian, index).index())
                            .ok()
                            .flatten()
                    })
                    // A version counts only of the library that is to have it.
                    .filter(|v| {
                        v.file().is_none_or(|file| {
                            crate::files::is_libc(&String::from_utf8_lossy(file))
                        })
                    })
                    .and_then(|v| String::from_utf8(v.name().to_vec()).ok());
                Slot::Extern(Rc::new(Extern {
                    name: name.to_owned(),
                    version,
                }))
            }
            (elf::R_X86_64_COPY, _) => continue,
            _ => Slot::Opaque,
        };
        if is_got {
            image.settled.insert(address);
        }
        image.slots.insert(address, slot);
    }
    // The linker settles entries of the GOT by itself, and those of a static program have no relocation.
    for section in elf.sections() {
        if section.name().is_ok_and(|name| name.starts_with(".got")) {
            for address in (section.address()..section.address() + section.size()).step_by(8) {
                image.settled.insert(address);
                if !image.slots.contains_key(&address)
                    && image.is_fixed
                    && let Some(target) = image.number(address, 8)
                    && image.region(target).is_some()
                {
                    image.slots.insert(address, Slot::Here(target));
                }
            }
        }
    }
}

/// Whether a section takes memory when the program runs.
pub fn is_allocated(section: &impl ObjectSectionFlags) -> bool {
    section.elf_flags() & elf::SHF_ALLOC.0 != 0
}

/// The flags of a section of an ELF file.
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

/// Whether a symbol is one that the linker lays out where it likes.
pub fn is_common<'a>(symbol: &impl ObjectSymbol<'a>) -> bool {
    symbol.section() == SymbolSection::Common
}
