//! The command itself, built as users build it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// Builds `minitalk` and returns its path.
///
/// # Errors
/// When the build fails.
pub fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "minitalk",
            "--bin",
            "minitalk",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the command minitalk does not build".into());
    }
    let messages = String::from_utf8(output.stdout)?;
    executable(&messages).ok_or_else(|| "cargo does not say where minitalk is".into())
}

/// Returns the executable from cargo's messages, which are lines of JSON.
fn executable(messages: &str) -> Option<PathBuf> {
    let mut paths = messages.lines().filter_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        rest.split_once('"').map(|(path, _)| path)
    });
    paths.next_back().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_in_the_messages_of_cargo() {
        let text = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"target\":{},\"executable\":\"/t/release/minitalk\",\"fresh\":true}\n";
        assert_eq!(executable(text), Some("/t/release/minitalk".into()));
        assert_eq!(executable("{}"), None);
    }
}
