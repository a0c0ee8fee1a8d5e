//! The file under audit: its symbols, its code, and the names of the functions that its calls through the GOT reach.

use std::collections::HashMap;

use super::instruction::Machine;
use object::read::elf::FileHeader as _;
use object::{
    Object, ObjectKind, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationTarget,
    SectionKind, SymbolKind,
};

/// Holds a function or an object of the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElfSymbol {
    /// The address of its first byte.
    pub address: u64,
    /// The size in bytes; 0 if the file does not say.
    pub size: u64,
    /// The name in the source.
    pub name: String,
    /// The name in the file, which may be mangled.
    pub raw: String,
    /// Whether the symbol is code.
    pub is_code: bool,
}

/// Describes the target of a transfer of control or of a pointer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An address of this file.
    Here(u64),
    /// A function or object of another file, which the dynamic loader will look up.
    Elsewhere(String),
    /// A target that the file does not determine; the text describes it.
    Unknown(String),
}

/// Holds an ELF file.
pub struct Binary<'a> {
    /// The machine that the file is for.
    pub machine: Machine,
    file: object::File<'a>,
    symbols: Vec<ElfSymbol>,
    slots: HashMap<u64, Target>,
}

impl<'a> Binary<'a> {
    /// Reads the file's tables, or returns why this audit cannot decide about the file.
    pub fn parse(data: &'a [u8]) -> Result<Self, String> {
        let file = object::File::parse(data)
            .map_err(|error| format!("cannot decide: not an ELF file ({error})"))?;
        let elf = matches!(file, object::File::Elf64(_)) && file.is_little_endian();
        let Some(machine) = Machine::of(file.architecture()).filter(|_| elf) else {
            return Err(format!(
                "cannot decide: the file is for {:?}, and this audit reads little-endian ELF files of 64 bits for x86-64, \
                 aarch64 and riscv64",
                file.architecture()
            ));
        };
        if file.kind() == ObjectKind::Relocatable {
            return Err(
                "cannot decide: an object file's calls have no targets yet; audit the linked program or library"
                    .into(),
            );
        }
        let symbols = symbols(&file);
        let slots = slots(&file, machine.convention().relative);
        Ok(Self {
            machine,
            file,
            symbols,
            slots,
        })
    }

    /// Returns the function called `name`: the name in the file or in the source, with or without the hash.
    pub fn function(&self, name: &str) -> Result<&ElfSymbol, String> {
        let mut found: Vec<&ElfSymbol> = self
            .symbols
            .iter()
            .filter(|s| s.is_code && (s.raw == name || s.name == name || full(&s.raw) == name))
            .collect();
        found.dedup_by_key(|s| s.address);
        match found[..] {
            [one] if one.size > 0 => Ok(one),
            [one] => Err(format!(
                "cannot decide: the symbol {} has no size, so where it ends is unknown; in assembly, add `.size`",
                one.raw
            )),
            [] if self.is_stripped() => Err(format!(
                "cannot decide: no symbol {name}, and the file is stripped; build it with symbols kept \
                     (strip = \"none\"), or audit it before it is stripped"
            )),
            [] => Err(format!(
                "cannot decide: no function {name} in the file; give the handler a stable symbol \
                 (#[unsafe(no_mangle)] or extern \"C\") and see that it is not inlined away"
            )),
            _ => Err(format!(
                "cannot decide: {name} is ambiguous; give one of {}",
                found
                    .iter()
                    .map(|s| s.raw.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }

    /// Returns the address of the symbol called `raw` in the file.
    pub fn address_of(&self, raw: &str) -> Option<u64> {
        let symbol = self.symbols.iter().find(|symbol| symbol.raw == raw);
        symbol.map(|symbol| symbol.address)
    }

    /// Returns the function whose bytes include `address`.
    pub fn function_at(&self, address: u64) -> Option<&ElfSymbol> {
        self.covering(address).find(|s| s.is_code)
    }

    /// Returns whether the file has no names of functions at all.
    pub fn is_stripped(&self) -> bool {
        self.file
            .symbol_table()
            .is_none_or(|table| table.symbols().next().is_none())
    }

    /// Returns the largest object whose bytes include `address`; labels, which have no size, may lie there too.
    pub fn object_at(&self, address: u64) -> Option<&ElfSymbol> {
        self.covering(address)
            .filter(|s| !s.is_code)
            .min_by_key(|s| std::cmp::Reverse(s.size))
    }

    fn covering(&self, address: u64) -> impl Iterator<Item = &ElfSymbol> {
        self.symbols
            .iter()
            .filter(move |s| s.address <= address && address - s.address < s.size.max(1))
    }

    /// Returns `size` bytes of code at `address`, if the file has code there.
    pub fn code(&self, address: u64, size: u64) -> Option<&'a [u8]> {
        let section = self.section_at(address)?;
        (section.kind() == SectionKind::Text)
            .then(|| section.data_range(address, size).ok().flatten())
            .flatten()
    }

    /// Returns the name of the section that holds `address`.
    pub fn section_name(&self, address: u64) -> Option<String> {
        let section = self.section_at(address)?;
        section.name().ok().map(str::to_owned)
    }

    /// Returns whether addresses in instructions are final, so that a constant may be an address.
    pub fn has_fixed_addresses(&self) -> bool {
        match &self.file {
            object::File::Elf64(elf) => {
                elf.elf_header().e_type(elf.endian()) == object::elf::ET_EXEC
            }
            _ => false,
        }
    }

    /// Returns the target that the pointer at `address` has when the program runs, if it cannot change afterwards. Such pointers
    /// are the entries of the GOT and of sections made read-only after relocation. A pointer in writable data only shows its
    /// initial target.
    pub fn settled_pointer(&self, address: u64) -> Target {
        let section = self
            .section_name(address)
            .unwrap_or_else(|| "no section".into());
        if !(section.starts_with(".got") || section.starts_with(".data.rel.ro")) {
            return Target::Unknown(format!("a pointer in {section}, which may change"));
        }
        if let Some(target) = self.slots.get(&address) {
            return target.clone();
        }
        let content = self
            .section_at(address)
            .and_then(|s| s.data_range(address, 8).ok().flatten())
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_le_bytes);
        match content {
            Some(target) if self.section_at(target).is_some() => Target::Here(target),
            _ => Target::Unknown(format!("a pointer in {section} without a relocation")),
        }
    }

    fn section_at(&self, address: u64) -> Option<object::Section<'a, '_>> {
        self.file.sections().find(|s| {
            s.address() != 0
                && s.kind() != SectionKind::UninitializedTls
                && s.address() <= address
                && address - s.address() < s.size()
        })
    }

    /// Returns whether the dynamic loader looks functions up at their first call rather than at the start.
    pub fn binds_lazily(&self) -> bool {
        const BIND_NOW: u64 = 24;
        const FLAGS: u64 = 30;
        const FLAGS_1: u64 = 0x6fff_fffb;
        let section = self.file.section_by_name(".dynamic");
        let data = section.and_then(|s| s.data().ok()).unwrap_or_default();
        let (words, _) = data.as_chunks::<8>();
        let (entries, _) = words.as_chunks::<2>();
        !entries.iter().any(|[tag, value]| {
            let value = u64::from_le_bytes(*value);
            match u64::from_le_bytes(*tag) {
                BIND_NOW => true,
                FLAGS => value & 8 != 0,
                FLAGS_1 => value & 1 != 0,
                _ => false,
            }
        })
    }

    /// Returns the version of rustc that made the file, which its `.comment` section names.
    pub fn compiler(&self) -> Option<String> {
        let data = self.file.section_by_name(".comment")?.data().ok()?;
        data.split(|&byte| byte == 0)
            .filter_map(|text| std::str::from_utf8(text).ok())
            .find_map(|text| text.strip_prefix("rustc version "))
            .map(|version| format!("rustc {version}"))
    }
}

/// Returns the demangled name, hash included.
fn full(raw: &str) -> String {
    rustc_demangle::demangle(raw).to_string()
}

/// Returns the demangled name, without the hash and without a symbol version.
fn pretty(raw: &str) -> String {
    let raw = raw.split('@').next().unwrap_or(raw);
    format!("{:#}", rustc_demangle::demangle(raw))
}

/// Returns whether a symbol names a function or an object. Symbols with a dollar mark where instructions and data begin.
fn is_name(symbol: &str) -> bool {
    !(symbol.is_empty() || symbol.starts_with('$') || symbol.starts_with(".L"))
}

fn symbols(file: &object::File) -> Vec<ElfSymbol> {
    let mut symbols: Vec<ElfSymbol> = file
        .symbols()
        .chain(file.dynamic_symbols())
        .filter(|s| s.is_definition() && s.address() != 0)
        .filter(|s| {
            matches!(
                s.kind(),
                SymbolKind::Text | SymbolKind::Data | SymbolKind::Unknown
            )
        })
        .filter_map(|s| {
            let raw = s.name().ok().filter(|name| is_name(name))?.to_owned();
            let in_text = s
                .section_index()
                .and_then(|index| file.section_by_index(index).ok())
                .is_some_and(|section| section.kind() == SectionKind::Text);
            Some(ElfSymbol {
                address: s.address(),
                size: s.size(),
                name: pretty(&raw),
                raw,
                is_code: s.kind() == SymbolKind::Text || in_text,
            })
        })
        .collect();
    symbols.sort();
    symbols
}

fn slots(file: &object::File, relative: object::elf::RelocationType) -> HashMap<u64, Target> {
    let names = file.dynamic_symbol_table();
    file.dynamic_relocations()
        .into_iter()
        .flatten()
        .map(|(slot, relocation)| {
            let target = match relocation.target() {
                RelocationTarget::Symbol(index) => names
                    .as_ref()
                    .and_then(|table| table.symbol_by_index(index).ok())
                    .and_then(|symbol| symbol.name().ok().map(pretty))
                    .map_or_else(
                        || Target::Unknown("a relocation without a name".into()),
                        Target::Elsewhere,
                    ),
                RelocationTarget::Absolute if is_relative(&relocation, relative) => {
                    Target::Here(relocation.addend().cast_unsigned())
                }
                _ => Target::Unknown("a function that the dynamic loader chooses (ifunc)".into()),
            };
            (slot, target)
        })
        .collect()
}

fn is_relative(relocation: &object::Relocation, relative: object::elf::RelocationType) -> bool {
    matches!(relocation.flags(), object::RelocationFlags::Elf { r_type } if r_type == relative)
}
