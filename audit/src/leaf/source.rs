//! The source lines from which instructions were compiled.

use std::path::{Component, Path};

use addr2line::gimli::{EndianSlice, LittleEndian};

/// Holds the line tables of a file.
pub struct Source<'a> {
    lines: Option<addr2line::Context<EndianSlice<'a, LittleEndian>>>,
    /// The repository whose paths are shortened.
    root: Option<&'a Path>,
}

impl<'a> Source<'a> {
    /// Reads the line tables; without line tables in the file, no source line is known.
    pub fn read(data: &'a [u8], root: Option<&'a Path>) -> Self {
        let lines = crate::lines::tables(data, |_| None);
        Self { lines, root }
    }

    /// Returns the source line of the instruction at `address`. For an instruction inlined from elsewhere, the nearest line of this
    /// repository comes first.
    pub fn line(&self, address: u64) -> Option<String> {
        let mut frames = self
            .lines
            .as_ref()?
            .find_frames(address)
            .skip_all_loads()
            .ok()?;
        let mut lines = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            if let Some((file, line)) = frame.location.and_then(|l| l.file.zip(l.line)) {
                let (name, ours) = shorten(file, self.root);
                lines.push((format!("{name}:{line}"), ours));
            }
        }
        let (inner, _) = lines.first()?.clone();
        match lines.iter().position(|(_, ours)| *ours) {
            Some(0) | None => Some(inner),
            Some(at) => Some(format!("{} ({inner})", lines[at].0)),
        }
    }
}

/// Returns a path without its machine-specific part, and whether it lies in this repository.
fn shorten(file: &str, root: Option<&Path>) -> (String, bool) {
    if let Some(Ok(ours)) = root.map(|root| Path::new(file).strip_prefix(root)) {
        return (normalised(ours), true);
    }
    if let Some((_, library)) = file.split_once("/library/") {
        return (library.to_owned(), false);
    }
    if let Some((_, registry)) = file.split_once("/registry/src/") {
        let package = registry.split_once('/').map_or(registry, |(_, path)| path);
        return (package.to_owned(), false);
    }
    if Path::new(file).is_absolute() {
        let name = file.rsplit('/').next().unwrap_or(file);
        return (name.to_owned(), false);
    }
    (normalised(Path::new(file)), true)
}

fn normalised(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.extend(part.to_str()),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_the_machine_survives() {
        let root = Path::new("/home/me/minitalk");
        let ours = root.join("src/signal/ring.rs");
        assert_eq!(
            shorten(ours.to_str().unwrap(), Some(root)),
            ("src/signal/ring.rs".into(), true)
        );
        for (path, short) in [
            ("/rustc/5980/library/core/src/num.rs", "core/src/num.rs"),
            (
                "/home/me/.cargo/registry/src/index-1/libc-0.2.1/src/lib.rs",
                "libc-0.2.1/src/lib.rs",
            ),
            ("/tmp/build/handler.c", "handler.c"),
        ] {
            assert_eq!(shorten(path, Some(root)), (short.into(), false));
        }
    }
}
