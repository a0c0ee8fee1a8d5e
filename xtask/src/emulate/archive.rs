//! An archive that the kernel unpacks into memory (`initramfs-buffer-format`, "newc").

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files by absolute path, all readable and executable by every user.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    directories: BTreeSet<PathBuf>,
    count: u32,
}

impl Archive {
    /// Adds a file and its parent directories.
    pub fn file(&mut self, path: &Path, contents: Vec<u8>) {
        self.above(path);
        self.entry(path, 0o100_755, &contents);
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &Path, to: &str) {
        self.above(path);
        self.entry(path, 0o120_777, to.as_bytes());
    }

    /// Adds a directory and its parents.
    pub fn directory(&mut self, path: &Path) {
        self.above(&path.join("file"));
    }

    /// Returns the archive as bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(Path::new("/TRAILER!!!"), 0, b"");
        self.bytes
    }

    fn above(&mut self, path: &Path) {
        let mut above: Vec<_> = path.ancestors().skip(1).collect();
        above.reverse();
        for directory in above {
            if directory != Path::new("/") && self.directories.insert(directory.into()) {
                self.entry(directory, 0o040_755, b"");
            }
        }
    }

    fn entry(&mut self, path: &Path, mode: u32, contents: &[u8]) {
        let name = path.to_string_lossy();
        let name = name.trim_start_matches('/');
        self.count += 1;
        let length = |bytes: usize| u32::try_from(bytes).expect("less than 4 GB");
        let (size, name_size) = (length(contents.len()), length(name.len() + 1));
        // Number, mode, user, group, links, time, size, four device numbers, length of the name, no checksum.
        let fields = [self.count, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08X}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(contents);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_precede_their_entries_and_appear_once() {
        let mut archive = Archive::default();
        archive.file(Path::new("/a/b"), b"12345".to_vec());
        archive.link(Path::new("/a/c"), "b");
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8(bytes).unwrap();
        let names = text.split("070701").skip(1).map(|entry| {
            assert!(entry.len() >= 104);
            entry[104..].split('\0').next().unwrap()
        });
        assert_eq!(names.collect::<Vec<_>>(), ["a", "a/b", "a/c", "TRAILER!!!"]);
        assert!(text.contains("a/b\0\0\0\0\0\0\0") || text.contains("12345\0\0\0"));
    }
}
