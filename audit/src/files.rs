//! The file under audit and the libraries that it needs, found as the dynamic loader would.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::image::{Extern, Image};
use crate::{libc, load};

/// Describes the definition to which a name of another file resolves.
pub enum Definition {
    Code(u16, u64),
    /// A function of the C library.
    Libc(String),
    /// A name that no readable file defines, with the reason.
    Missing(String),
}

/// Describes one library in the order in which the loader looks names up.
#[derive(Clone)]
enum Entry {
    Library(u16),
    Missing,
    /// The C library, or a part of it.
    Libc,
}

pub struct Files {
    pub images: Vec<Rc<Image>>,
    sysroot: PathBuf,
    /// The libraries by name; `None`: a library that cannot be read.
    libraries: HashMap<String, Option<u16>>,
    scope: Option<Vec<Entry>>,
    missing: BTreeSet<String>,
    /// The names that the C library defines, for static programs.
    libc_names: std::cell::OnceCell<HashSet<String>>,
}

/// Returns the names that the C library under that root defines.
fn libc_names(root: &Path) -> HashSet<String> {
    [
        "lib/x86_64-linux-gnu/libc.so.6",
        "lib64/libc.so.6",
        "usr/lib/libc.so.6",
    ]
    .iter()
    .find_map(|place| load::load(&root.join(place)).ok())
    .map(|image| image.exports.into_keys().collect())
    .unwrap_or_default()
}

impl Files {
    pub fn new(image: Image, sysroot: Option<&Path>) -> Self {
        Self {
            images: vec![Rc::new(image)],
            sysroot: sysroot.unwrap_or(Path::new("/")).to_owned(),
            libraries: HashMap::new(),
            scope: None,
            missing: BTreeSet::new(),
            libc_names: std::cell::OnceCell::new(),
        }
    }

    pub fn image(&self, number: u16) -> Rc<Image> {
        self.images[usize::from(number)].clone()
    }

    /// Returns the code that a call of `name` from the file `from` reaches.
    pub fn lookup(&mut self, from: u16, name: &Extern) -> Definition {
        let image = self.image(from);
        if let Some(&at) = self.images[0]
            .exports
            .get(&name.name)
            .or_else(|| image.exports.get(&name.name))
        {
            let at_home = if self.images[0].exports.contains_key(&name.name) {
                0
            } else {
                from
            };
            if self.image(at_home).is_code(at) {
                return Definition::Code(at_home, at);
            }
        }
        if image.is_object {
            return if self.is_in_libc(&name.name) {
                Definition::Libc(name.name.clone())
            } else {
                Definition::Missing(
                    "the file that defines it is not known before it is linked".into(),
                )
            };
        }
        let of_libc = name
            .version
            .as_deref()
            .is_some_and(|v| v.starts_with("GLIBC_") && !v.starts_with("GLIBC_ABI"));
        for entry in self.scope() {
            match entry {
                // A library in front of the C library may define a function of the same name: the loader takes that definition.
                Entry::Libc if of_libc => break,
                Entry::Libc | Entry::Missing => {}
                Entry::Library(number) => {
                    let library = self.image(number);
                    if let Some(&at) = library.exports.get(&name.name)
                        && library.is_code(at)
                        && library.answers(name)
                    {
                        return Definition::Code(number, at);
                    }
                }
            }
        }
        if of_libc || name.name.starts_with("__stack_chk") {
            return Definition::Libc(name.name.clone());
        }
        let unread: Vec<String> = self.missing.iter().cloned().collect();
        if unread.is_empty() && name.version.is_none() && self.is_in_libc(&name.name) {
            return Definition::Libc(name.name.clone());
        }
        Definition::Missing(format!(
            "no library that can be read defines it{}",
            if unread.is_empty() {
                String::new()
            } else {
                format!(" (not found: {})", unread.join(", "))
            }
        ))
    }

    /// Returns whether the C library defines a function of that name.
    fn is_in_libc(&self, name: &str) -> bool {
        let known = self.libc_names.get_or_init(|| libc_names(&self.sysroot));
        known.contains(name) || crate::allow::is_listed(libc::plain(name)) || libc::installs(name)
    }

    /// Returns the numbers of the libraries, other than the C library, that the program loads when it starts.
    pub fn libraries(&mut self) -> Vec<u16> {
        let scope = self.scope();
        let numbers = scope.iter().filter_map(|entry| match entry {
            Entry::Library(number) => Some(*number),
            _ => None,
        });
        numbers.collect()
    }

    /// Returns the names of the libraries that the program needs, and that cannot be read.
    pub fn missing(&mut self) -> &BTreeSet<String> {
        let _ = self.scope();
        &self.missing
    }

    /// Returns the number of the library with that file name, if the program needs it.
    pub fn named(&mut self, name: &str) -> Option<u16> {
        let _ = self.scope();
        let is_it = |image: &Rc<Image>| image.path.file_name().is_some_and(|n| n == name);
        let number = self.images.iter().skip(1).position(is_it)?;
        u16::try_from(number + 1).ok()
    }

    /// Returns the libraries in the order in which the loader looks names up.
    fn scope(&mut self) -> Vec<Entry> {
        if let Some(scope) = &self.scope {
            return scope.clone();
        }
        let mut scope = Vec::new();
        let mut todo: Vec<(u16, String)> = self.images[0]
            .needed
            .iter()
            .map(|n| (0, n.clone()))
            .collect();
        let mut seen = HashSet::new();
        let mut at = 0;
        while at < todo.len() {
            let (from, name) = todo[at].clone();
            at += 1;
            if !seen.insert(name.clone()) {
                continue;
            }
            if is_libc(&name) {
                scope.push(Entry::Libc);
                continue;
            }
            match self.library(from, &name) {
                Some(number) => {
                    scope.push(Entry::Library(number));
                    let needed = self.image(number).needed.clone();
                    todo.extend(needed.into_iter().map(|n| (number, n)));
                }
                None => {
                    self.missing.insert(name);
                    scope.push(Entry::Missing);
                }
            }
        }
        self.scope = Some(scope.clone());
        scope
    }

    fn library(&mut self, from: u16, name: &str) -> Option<u16> {
        if let Some(&known) = self.libraries.get(name) {
            return known;
        }
        let from = self.image(from);
        let origin = from.directory().to_owned();
        let mut places: Vec<PathBuf> = from
            .run_path
            .iter()
            .filter(|p| !p.is_empty())
            .map(|p| match p.strip_prefix('/') {
                Some(below) => self.sysroot.join(below),
                None => PathBuf::from(
                    p.replace("$ORIGIN", &origin.to_string_lossy())
                        .replace("${ORIGIN}", &origin.to_string_lossy()),
                ),
            })
            .collect();
        const USUAL: [&str; 6] = [
            "lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu",
            "lib64",
            "usr/lib64",
            "lib",
            "usr/lib",
        ];
        places.extend(USUAL.iter().map(|p| self.sysroot.join(p)));
        let paths = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        places.splice(
            0..0,
            paths
                .split(':')
                .filter(|p| !p.is_empty())
                .map(PathBuf::from),
        );
        places.push(origin);
        let found = places
            .into_iter()
            .map(|p| {
                if name.contains('/') {
                    PathBuf::from(name)
                } else {
                    p.join(name)
                }
            })
            .find_map(|path| load::load(&path).ok());
        let number = found.and_then(|image| {
            let number = u16::try_from(self.images.len()).ok()?;
            self.images.push(Rc::new(image));
            Some(number)
        });
        self.libraries.insert(name.to_owned(), number);
        number
    }

    /// Returns the name of the function of the C library at `address`, if it was linked into a static program.
    pub fn linked_libc(&self, image: u16, address: u64) -> Option<String> {
        let image = &self.images[usize::from(image)];
        if !image.is_static {
            return None;
        }
        let names = image.names.get(&address)?;
        // A function of the C library has several names; a function of the program has one.
        let is_libcs = |name: &str| {
            names.iter().any(|other| {
                let inner = other.trim_start_matches('_');
                let plain = ["libc_", "new_", "IO_"]
                    .iter()
                    .find_map(|prefix| inner.strip_prefix(prefix))
                    .unwrap_or(inner);
                other.starts_with('_')
                    && (plain == name || plain.strip_suffix("_new") == Some(name))
            }) || name == "raise" && names.iter().any(|other| &**other == "gsignal")
                || names.len() == 1
                    && matches!(
                        name,
                        "abort"
                            | "raise"
                            | "pause"
                            | "__errno_location"
                            | "__stack_chk_fail"
                            | "__libc_sigaction"
                    )
        };
        let is_behind = image.is_behind_libc(address);
        let is_own = image.locals.contains(&address) && !is_behind;
        let unsafe_one = || {
            if is_own {
                return None;
            }
            let known = self.libc_names.get_or_init(|| libc_names(&self.sysroot));
            let name = names
                .iter()
                .find(|n| known.contains(&***n) && !crate::allow::is_listed(libc::plain(n)))?;
            Some(name.to_string())
        };
        let is_libcs = |name: &str| is_libcs(name) || is_behind && crate::allow::is_listed(name);
        names
            .iter()
            .map(|name| &**name)
            .filter(|name| is_libcs(name) || libc::never_returns(name) || name.starts_with("_IO_"))
            .max_by_key(|name| (crate::allow::is_listed(name), !name.starts_with('_')))
            .map(str::to_owned)
            .or_else(unsafe_one)
    }
}

/// Returns whether a library of that name is part of the C library.
pub fn is_libc(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "libc.so.6",
        "libm.so.6",
        "libmvec.so.1",
        "libpthread.so.0",
        "libdl.so.2",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "ld-linux-x86-64.so.2",
        "ld-musl-x86_64.so.1",
        "libc.musl-x86_64.so.1",
        "libc.so",
    ];
    NAMES.contains(&name)
}
