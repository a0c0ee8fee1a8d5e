//! An ELF file as it lies in memory: its bytes, its functions, and the values that the dynamic loader puts into its pointers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use crate::hash::{Map, Set};

/// The address that stands for the thread pointer of a program. Its thread-local data lies below, as other data of the file.
pub const THREAD: u64 = 1 << 60;

/// Holds a range of memory with the same protection.
pub struct Region {
    pub start: u64,
    pub end: u64,
    /// The bytes of the file; the rest of the region is zero.
    pub data: &'static [u8],
    pub write: bool,
    pub exec: bool,
}

/// Holds a name that another file defines.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Extern {
    pub name: String,
    /// The version that is asked for, such as `GLIBC_2.2.5`.
    pub version: Option<String>,
}

/// Describes the value that the dynamic loader puts into a pointer.
#[derive(Clone, Debug)]
pub enum Slot {
    /// An address of this file.
    Here(u64),
    /// The address of a name that another file, or this file, defines.
    Extern(Rc<Extern>),
    /// The address that the function at that address chooses (ifunc).
    Chosen(u64),
    /// A value that is not a pointer, such as the offset of a thread-local.
    Opaque,
}

/// Holds a named range.
#[derive(Clone)]
pub struct Symbol {
    pub address: u64,
    pub size: u64,
    pub name: Rc<str>,
}

/// Holds an ELF file for x86-64.
#[derive(Default)]
pub struct Image {
    pub path: PathBuf,
    /// The address where the program begins.
    pub entry: u64,
    pub regions: Vec<Region>,
    /// The ends of functions, by the addresses where they begin.
    pub functions: BTreeMap<u64, u64>,
    /// The ranges of instructions that exceptions may leave, by their starts: the end of each, and the place where exceptions
    /// continue.
    pub pads: BTreeMap<u64, (u64, u64)>,
    /// The functions that another file of the same program cannot name.
    pub locals: Set<u64>,
    /// The names of addresses of code, in no order.
    pub names: Map<u64, Vec<Rc<str>>>,
    /// The objects that have names, by address.
    pub objects: BTreeMap<u64, Symbol>,
    /// The addresses of the objects of each name, in the file and as its author wrote it.
    pub objects_by_name: std::cell::OnceCell<Map<String, Vec<u64>>>,
    /// Addresses of data that have a name and no size, such as the beginning or the end of a section.
    pub marks: Set<u64>,
    pub slots: Map<u64, Slot>,
    /// Slots that nothing but the loader writes, wherever they lie.
    pub settled: Set<u64>,
    /// Slots that the loader may fill as late as at the first call through them (lazy binding).
    pub bound_late: Set<u64>,
    /// Addresses that stand for the names that another file defines, in an object file.
    pub externs: Map<u64, Rc<Extern>>,
    /// The addresses of the names that the file defines for other files.
    pub exports: Map<String, u64>,
    /// The versions under which the file defines those names, where it gives versions.
    pub export_versions: Map<String, Vec<String>>,
    /// Functions that run when the file is loaded.
    pub constructors: Vec<u64>,
    /// The range of the names of symbols, which are not texts of the program.
    pub names_at: std::ops::Range<u64>,
    /// The ranges of the headers and the loader's tables, whose addresses no code of the program reads.
    pub tables_at: Vec<std::ops::Range<u64>>,
    /// The address of the table that names the other tables. The first word of the table of functions holds this address.
    pub dynamic: u64,
    /// The addresses of the objects of libraries that lie in this file (copy relocations).
    pub copied: Set<u64>,
    /// The ranges that are made read-only once the loader is done.
    pub relro: Vec<(u64, u64)>,
    pub needed: Vec<String>,
    pub run_path: Vec<String>,
    /// Whether addresses in instructions are final.
    pub is_fixed: bool,
    /// Whether the file is a static program, which needs no dynamic loader.
    pub is_static: bool,
    pub is_library: bool,
    pub is_object: bool,
    /// Functions that choose another function when the program starts (ifunc).
    pub choosers: Set<u64>,
    /// Whether the loader writes into code.
    pub has_text_relocations: bool,
    /// The bytes of the file, and of a separate debug file.
    pub files: Vec<&'static [u8]>,
    /// The sections of debug information of an object file, with the addresses of the object's layout filled in.
    pub moved_sections: Map<String, &'static [u8]>,
    /// The address where the C library begins in a static program.
    pub libc_start: std::cell::OnceCell<Option<u64>>,
    /// Whether the file has code at all; a file of debug information only has none.
    pub has_code: bool,
    /// The successors of the instructions of the functions that were looked up, by the start and the end of the function.
    pub steps: std::cell::RefCell<Map<(u64, u64), Vec<crate::reach::Transition>>>,
    /// The instructions that make the values of the stores that were looked up, by the store.
    pub makers: std::cell::RefCell<Map<u64, Vec<crate::chosen::Maker>>>,
    /// The possible targets of jumps by tables, by the function.
    pub jumps: std::cell::RefCell<Map<u64, Rc<[u64]>>>,
}

impl Image {
    pub fn region(&self, address: u64) -> Option<&Region> {
        self.regions
            .iter()
            .find(|r| r.start <= address && address < r.end)
    }

    pub fn is_code(&self, address: u64) -> bool {
        self.region(address).is_some_and(|region| region.exec)
    }

    /// Returns whether the program can write to `address` while it runs.
    pub fn is_writable(&self, address: u64) -> bool {
        self.region(address).is_some_and(|region| region.write)
            && !self
                .relro
                .iter()
                .any(|(start, end)| (*start..*end).contains(&address))
    }

    /// Returns whether `address` stands for thread-local data of the program.
    pub fn is_thread_local(&self, address: u64) -> bool {
        (THREAD / 2..THREAD).contains(&address) && self.region(address).is_some()
    }

    /// Returns the bytes from `address` to the end of its region, without the zeros behind them.
    pub fn bytes(&self, address: u64) -> &'static [u8] {
        self.region(address)
            .and_then(|r| r.data.get((address - r.start) as usize..))
            .unwrap_or_default()
    }

    /// Returns the number of `width` bytes at `address` when the program begins.
    pub fn number(&self, address: u64, width: usize) -> Option<u64> {
        let region = self.region(address)?;
        if address.checked_add(width as u64)? > region.end || width > 8 {
            return None;
        }
        let mut word = [0; 8];
        for (at, byte) in word.iter_mut().enumerate().take(width) {
            let offset = (address - region.start) as usize + at;
            *byte = region.data.get(offset).copied().unwrap_or(0);
        }
        Some(u64::from_le_bytes(word))
    }

    /// Returns the pointer at `address` when the program begins.
    pub fn pointer(&self, address: u64) -> Option<Slot> {
        if let Some(slot) = self.slots.get(&address) {
            return Some(slot.clone());
        }
        let target = self.number(address, 8)?;
        (self.is_fixed && self.region(target).is_some()).then_some(Slot::Here(target))
    }

    /// Returns whether nothing but the loader writes the pointer at `address`.
    pub fn is_settled(&self, address: u64) -> bool {
        self.settled.contains(&address) || !self.is_writable(address)
    }

    /// Returns whether the C library may be a part of the file, and no name tells its functions from the program's.
    pub fn hides_libc(&self) -> bool {
        self.is_static && self.names.is_empty()
    }

    /// Returns whether the address lies behind the function of the C library by which a static program begins: the linker is given
    /// the C library last.
    pub fn is_behind_libc(&self, address: u64) -> bool {
        const FIRST: [&str; 2] = ["__libc_start_call_main", "__libc_start_main"];
        let first = self.libc_start.get_or_init(|| {
            let is_first = |names: &[Rc<str>]| names.iter().any(|n| FIRST.contains(&&**n));
            let all = self.names.iter().filter(|(_, names)| is_first(names));
            all.map(|(at, _)| *at).min()
        });
        first.is_some_and(|first| first < address)
    }

    /// Returns whether only the C library of a static program may define and call the function that holds the instruction.
    pub fn is_reserved_to_libc(&self, at: u64) -> bool {
        let start = self.function_at(at).map(|(start, _)| start);
        let names = start.and_then(|start| self.names.get(&start));
        self.is_static
            && self.is_behind_libc(at)
            && names.is_some_and(|names| names.iter().all(|name| name.starts_with("__nptl_")))
    }

    /// Returns the address where an exception continues after it leaves the call that returns to `after`.
    pub fn pad(&self, after: u64) -> Option<u64> {
        let (_, (end, pad)) = self.pads.range(..after).next_back()?;
        (after <= *end).then_some(*pad)
    }

    /// Returns the bounds of the function that holds `address`.
    pub fn function_at(&self, address: u64) -> Option<(u64, u64)> {
        let (&start, &end) = self.functions.range(..=address).next_back()?;
        (address < end).then_some((start, end))
    }

    /// Returns the object that holds `address`, if it has a name and a size.
    pub fn object_at(&self, address: u64) -> Option<&Symbol> {
        let (_, symbol) = self.objects.range(..=address).next_back()?;
        (address - symbol.address < symbol.size.max(1)).then_some(symbol)
    }

    /// Returns the addresses of the objects of that name, in the file or as its author wrote it.
    pub fn objects_named(&self, name: &str) -> &[u64] {
        let all = self.objects_by_name.get_or_init(|| {
            let mut all: Map<String, Vec<u64>> = Map::default();
            for object in self.objects.values() {
                let names = [object.name.to_string(), crate::names::pretty(&object.name)];
                for name in std::collections::BTreeSet::from(names) {
                    all.entry(name).or_default().push(object.address);
                }
            }
            all
        });
        all.get(name).map_or(&[], |all| all)
    }

    /// Returns the name of the function at `address`, as its author wrote it; without one, the address.
    pub fn name(&self, address: u64) -> String {
        match self.raw_name(address) {
            Some(raw) => crate::names::pretty(raw),
            None => match self.function_at(address) {
                Some((start, _)) if start != address && self.raw_name(start).is_some() => {
                    format!("{}+{:#x}", self.name(start), address - start)
                }
                _ => format!("function at {address:#x}"),
            },
        }
    }

    /// Returns the name of the function that has an instruction at `address`.
    pub fn name_around(&self, address: u64) -> String {
        let function = self.function_at(address);
        self.name(function.map_or(address, |(start, _)| start))
    }

    /// Returns the name of the function at `address` in the file, the shortest of several.
    pub fn raw_name(&self, address: u64) -> Option<&str> {
        let names = self.names.get(&address)?;
        names
            .iter()
            .map(|name| &**name)
            .min_by_key(|name| (name.starts_with('_'), name.len(), *name))
    }

    /// Returns the name of a place: an object with an offset, or its address.
    pub fn place(&self, address: u64) -> String {
        match self.object_at(address) {
            Some(symbol) if symbol.address == address => crate::names::pretty(&symbol.name),
            Some(symbol) => format!(
                "{}+{:#x}",
                crate::names::pretty(&symbol.name),
                address - symbol.address
            ),
            None if self.is_thread_local(address) => {
                format!("the thread-local data at -{:#x}", THREAD - address)
            }
            None => format!("the data at {address:#x}"),
        }
    }

    /// Returns the pointer that the code at `address` does nothing but jump through: a stub of the procedure linkage table.
    pub fn stub(&self, address: u64) -> Option<u64> {
        let bytes = self.bytes(address);
        let bytes = &bytes[..bytes.len().min(24)];
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        for _ in 0..2 {
            if !decoder.can_decode() {
                return None;
            }
            let instruction = decoder.decode();
            match instruction.mnemonic() {
                iced_x86::Mnemonic::Endbr64 => continue,
                _ => {
                    let slot = (instruction.flow_control() == FlowControl::IndirectBranch
                        && instruction.is_ip_rel_memory_operand())
                    .then(|| instruction.ip_rel_memory_address());
                    return slot.filter(|slot| {
                        self.slots.contains_key(slot) && self.settled.contains(slot)
                    });
                }
            }
        }
        None
    }

    /// Returns the names that the file takes from other files.
    pub fn imports(&self) -> impl Iterator<Item = String> + '_ {
        let slots = self.slots.values().filter_map(|slot| match slot {
            Slot::Extern(name) => Some(name.name.clone()),
            _ => None,
        });
        slots.chain(self.externs.values().map(|name| name.name.clone()))
    }

    /// Returns the address in the data of one of the texts, with the text. It is a whole string, behind a byte that is no text, or
    /// the end of a string that `is_named` says the program names.
    pub fn text_of(
        &self,
        texts: &[&'static str],
        is_named: impl Fn(u64) -> bool,
    ) -> Option<(u64, &'static str)> {
        for region in self.regions.iter().filter(|r| !r.exec) {
            let mut end = region.start;
            for piece in region.data.split(|b| *b == 0) {
                end = end.saturating_add(piece.len() as u64);
                for text in texts {
                    let at = end.wrapping_sub(text.len() as u64);
                    if let Some(before) = piece.strip_suffix(text.as_bytes())
                        && (before.last().is_none_or(|b| !(b' '..=b'~').contains(b))
                            || is_named(at))
                        && !self.names_at.contains(&at)
                    {
                        return Some((at, text));
                    }
                }
                end = end.saturating_add(1);
            }
        }
        None
    }

    /// Returns whether the loader takes the file's function of that name: it has the version asked for, or one of the two has none.
    pub fn answers(&self, name: &Extern) -> bool {
        match (&name.version, self.export_versions.get(&name.name)) {
            (Some(wanted), Some(known)) => known.contains(wanted),
            _ => true,
        }
    }

    /// Returns whether a table of stubs begins at `address`: the first entry pushes a word of the loader, each other entry is a
    /// stub.
    pub fn is_linkage(&self, address: u64) -> bool {
        let bytes = self.bytes(address);
        bytes.starts_with(&[0xff, 0x35]) || self.stub(address).is_some()
    }

    /// Returns the directory that the file lies in.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}
