//! Temporary folders, scripts and links.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::MINITALK;

/// A temporary folder, removed when this is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = path.join(format!("{name}.{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Writes an executable shell script of this name, and returns its path.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A link to the program under another name, in a folder of its own.
pub struct Link(pub PathBuf, Folder);

impl Link {
    pub fn new(name: &str, test: &str) -> Self {
        let folder = Folder::new(&format!("{test}-{name}"));
        let path = folder.0.join(name);
        symlink(MINITALK, &path).unwrap();
        Self(path, folder)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(args).stdin(Stdio::null());
        command
    }
}
