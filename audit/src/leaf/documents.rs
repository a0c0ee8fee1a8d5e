//! The parts of SAFETY.md and README.md that the audit writes, between markers.

use crate::program::say;
use std::path::Path;

use super::Page;
use super::instruction::Machine;
use super::options::Documents;

/// Writes or compares the blocks; returns whether they are now up to date.
pub fn refresh(
    root: &Path,
    machine: Machine,
    pages: &[Page],
    action: Documents,
) -> Result<bool, String> {
    let (block, option) = match machine {
        Machine::X86_64 => ("audit".to_owned(), String::new()),
        _ => {
            let name = machine.convention().name;
            (format!("audit-{name}"), format!(" --target {name}"))
        }
    };
    let mut report = format!(
        "<!-- Written by `cargo xtask audit{option} --write`; with `--check` it fails when this is stale. -->\n"
    );
    for page in pages {
        report = format!("{report}\n{}", page.report);
    }
    let mut fresh = true;
    for file in ["SAFETY.md", "README.md"] {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {file}: {error}"))?;
        let mut wanted = text.clone();
        if file == "SAFETY.md" {
            wanted = replaced(&wanted, &block, |_| report.clone()).ok_or_else(|| {
                format!("{file} has no place for the audit: add the lines <!-- {block}:begin --> and <!-- {block}:end -->")
            })?;
        }
        wanted =
            replaced(&wanted, "audit-figures", |table| with_rows(table, pages)).unwrap_or(wanted);
        if wanted == text {
            continue;
        }
        if action == Documents::Write {
            std::fs::write(&path, wanted)
                .map_err(|error| format!("cannot write {file}: {error}"))?;
            say(&format!("audit: {file} refreshed\n"))?;
        } else {
            say(&format!(
                "audit: {file} is stale: run cargo xtask audit{option} --write\n"
            ))?;
            fresh = false;
        }
    }
    Ok(fresh)
}

/// Returns a table with the rows of `pages`: each replaces the row of the same name, or is added at the end.
fn with_rows(table: &str, pages: &[Page]) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    for Page { figures, .. } in pages {
        match lines
            .iter_mut()
            .find(|line| line.starts_with(&figures.name))
        {
            Some(line) => *line = &figures.row,
            None => lines.push(&figures.row),
        }
    }
    lines.join("\n")
}

/// Returns `text` with the part between the markers called `name` changed; `None` without markers.
fn replaced(text: &str, name: &str, change: impl Fn(&str) -> String) -> Option<String> {
    let begin = format!("<!-- {name}:begin -->");
    let (before, rest) = text.split_once(&begin)?;
    let (content, after) = rest.split_once(&format!("<!-- {name}:end -->"))?;
    Some(format!(
        "{before}{begin}\n{}\n<!-- {name}:end -->{after}",
        change(content.trim()).trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::report::Figures;
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n";
        assert_eq!(
            replaced(text, "x", |_| "new\n".into()).as_deref(),
            Some(new)
        );
        assert_eq!(replaced(new, "x", |old| old.into()).as_deref(), Some(new));
        assert_eq!(replaced(text, "y", |_| "new".into()), None);
    }

    #[test]
    fn stale_documents_are_found_and_refreshed() {
        let root = std::env::temp_dir().join(format!("audit-documents-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let page = |report: &str, count| Page {
            passes: true,
            report: report.into(),
            figures: Figures {
                name: "| riscv64 |".into(),
                row: format!("| riscv64 | {count} |"),
            },
        };
        let safety = root.join("SAFETY.md");
        let readme = root.join("README.md");
        let refresh = |report, count, action| {
            refresh(&root, Machine::Riscv64, &[page(report, count)], action)
        };
        std::fs::write(&safety, "<!-- audit:begin --><!-- audit:end -->").unwrap();
        std::fs::write(&readme, "no place for figures").unwrap();
        assert!(refresh("report", 33, Documents::Check).is_err());

        std::fs::write(
            &safety,
            "<!-- audit-riscv64:begin --><!-- audit-riscv64:end -->",
        )
        .unwrap();
        assert_eq!(refresh("report", 33, Documents::Check), Ok(false));
        assert_eq!(refresh("report", 33, Documents::Write), Ok(true));
        assert_eq!(refresh("report", 34, Documents::Check), Ok(true));
        assert_eq!(refresh("another report", 33, Documents::Check), Ok(false));
        let rows = "| x86-64 | 25 |\n| riscv64 | 33 |\n| aarch64 | 31 |";
        let table = format!("<!-- audit-figures:begin -->\n{rows}\n<!-- audit-figures:end -->");
        std::fs::write(&readme, &table).unwrap();
        assert_eq!(refresh("report", 33, Documents::Check), Ok(true));
        assert_eq!(refresh("report", 34, Documents::Check), Ok(false));
        assert_eq!(refresh("report", 34, Documents::Write), Ok(true));
        let written = std::fs::read_to_string(&readme).unwrap();
        assert_eq!(written, table.replace("33", "34"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
