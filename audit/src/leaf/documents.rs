//! The parts of SAFETY.md and README.md that the audit writes, between markers.

use std::path::Path;

use super::options::Documents;

/// Writes or compares the blocks; returns whether they are now what they should be.
pub fn refresh(
    root: &Path,
    report: &str,
    figures: &str,
    action: Documents,
) -> Result<bool, String> {
    let mut fresh = true;
    for (file, name, content, is_required) in [
        ("SAFETY.md", "audit", report, true),
        ("README.md", "audit-figures", figures, false),
    ] {
        let path = root.join(file);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(_) if !is_required => continue,
            Err(error) => return Err(format!("cannot read {file}: {error}")),
        };
        let Some(wanted) = replaced(&text, name, content) else {
            if is_required {
                return Err(format!(
                    "{file} has no place for the audit: add the lines <!-- {name}:begin --> and <!-- {name}:end -->"
                ));
            }
            continue;
        };
        if wanted == text {
            continue;
        }
        if action == Documents::Write {
            std::fs::write(&path, wanted)
                .map_err(|error| format!("cannot write {file}: {error}"))?;
            println!("audit: {file} refreshed");
        } else {
            println!("audit: {file} is stale: run cargo xtask audit --write");
            fresh = false;
        }
    }
    Ok(fresh)
}

/// `text` with `content` between the markers called `name`; `None` without markers.
fn replaced(text: &str, name: &str, content: &str) -> Option<String> {
    let begin = format!("<!-- {name}:begin -->");
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&format!("<!-- {name}:end -->"))?;
    Some(format!(
        "{before}{begin}\n{}\n<!-- {name}:end -->{after}",
        content.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n";
        assert_eq!(replaced(text, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(new, "x", "new").as_deref(), Some(new));
        assert_eq!(replaced(text, "y", "new"), None);
    }

    #[test]
    fn stale_documents_are_found_and_refreshed() {
        let root = std::env::temp_dir().join(format!("audit-documents-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let safety = root.join("SAFETY.md");
        let readme = root.join("README.md");
        std::fs::write(&safety, "no place for it\n").unwrap();
        assert!(refresh(&root, "report", "figures", Documents::Check).is_err());

        std::fs::write(&safety, "<!-- audit:begin --><!-- audit:end -->").unwrap();
        std::fs::write(&readme, "no place for figures").unwrap();
        let check = |report, figures| refresh(&root, report, figures, Documents::Check);
        assert_eq!(check("report", "figures"), Ok(false));
        let written = refresh(&root, "report", "figures", Documents::Write);
        assert_eq!(written, Ok(true));
        assert_eq!(check("report", "figures"), Ok(true));
        assert_eq!(check("another report", "figures"), Ok(false));
        std::fs::write(
            &readme,
            "<!-- audit-figures:begin --><!-- audit-figures:end -->",
        )
        .unwrap();
        assert_eq!(check("report", "figures"), Ok(false));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
