//! Formats the verdicts as text and as JSON.

use std::fmt::Write as _;

use crate::audit::{Located, UNBOUNDED, Verdict};
use crate::finding::Weight;

/// Returns the verdict, in one word, for the weight of the worst finding.
const fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::Note => "PASS",
        Weight::Doubt => "CANNOT DECIDE",
        Weight::Fault => "FAIL",
    }
}

/// Returns a handler's report. Names come from the file, so control characters, which could drive a terminal, are replaced.
pub fn handler(verdict: &Verdict) -> String {
    let mut out = format!("found: {}", verdict.name);
    if !verdict.signals.is_empty() {
        let _ = write!(out, ", for {}", verdict.signals.join(", "));
    }
    if !verdict.flags.is_empty() {
        let _ = write!(out, ", with {}", verdict.flags.join(" or "));
    }
    if !verdict.by.is_empty() {
        let _ = write!(out, ", installed by {}", verdict.by.join(", "));
    }
    out.push('\n');
    // Violations are fixed first, and may be the reason for the open questions, which are therefore hidden.
    let hides = |found: &Located| {
        verdict.weight() == Weight::Fault && found.finding.weight == Weight::Doubt
    };
    for found in verdict.findings.iter().filter(|found| !hides(found)) {
        line(&mut out, verdict, found);
    }
    let count = |weight| {
        verdict
            .findings
            .iter()
            .filter(|f| f.finding.weight == weight)
            .count()
    };
    let _ = match verdict.weight() {
        Weight::Fault => {
            let _ = write!(
                out,
                "{}: FAIL, violations: {}",
                verdict.name,
                count(Weight::Fault)
            );
            match count(Weight::Doubt) {
                0 => writeln!(out),
                open => writeln!(out, "; open questions: {open}, which --json lists"),
            }
        }
        Weight::Doubt => writeln!(
            out,
            "{}: CANNOT DECIDE, open questions: {}",
            verdict.name,
            count(Weight::Doubt)
        ),
        Weight::Note => writeln!(out, "{}: PASS", verdict.name),
    };
    printable(&out)
}

fn line(out: &mut String, verdict: &Verdict, found: &Located) {
    let kind = match found.finding.weight {
        Weight::Fault => "violation",
        Weight::Doubt => "undecided",
        Weight::Note => "note",
    };
    let _ = write!(
        out,
        "{kind}[{}] {}+{:#x} at {:#x}",
        found.finding.kind.name(),
        found.function,
        found.offset,
        found.finding.at,
    );
    if let Some((file, line)) = &found.line {
        let _ = write!(out, " ({file}:{line})");
    }
    let _ = write!(out, ": {}", found.finding.why);
    if found.more() > 0 {
        let _ = write!(out, " (and in {} more places)", found.more());
    }
    out.push('\n');
    if found.finding.weight != Weight::Note {
        let _ = writeln!(out, "  chain: {}", chain(verdict, found));
    }
    if !found.conditions.is_empty() {
        let _ = writeln!(out, "  if: {}", found.conditions.join(", and "));
    }
    if let (Weight::Doubt, Some(remedy)) = (found.finding.weight, &found.finding.remedy) {
        let _ = writeln!(out, "  would decide it: {remedy}");
    }
}

fn chain(verdict: &Verdict, found: &Located) -> String {
    let mut links = Vec::new();
    match found
        .by_signals
        .as_ref()
        .unwrap_or(&verdict.signals)
        .as_slice()
    {
        [] if found.by_signals.is_some() => {
            links.push("a signal that it is not seen to be installed for".into());
        }
        [] => {}
        [one] => links.push(one.clone()),
        [one, rest @ ..] => links.push(format!("{one} and {} more", rest.len())),
    }
    for same in found.chain.chunk_by(|a, b| a == b) {
        links.push(match same {
            [one] => one.clone(),
            _ => format!("{} ({} times)", same[0], same.len()),
        });
    }
    links.join(" -> ")
}

/// Returns the text with a question mark for each control character, which could drive a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '?' } else { c })
        .collect()
}

/// The reason for libraries that cannot be read.
pub const MISSING: &str = "needed by the file and not found: functions there may install handlers";

/// Returns the last lines of the report: unresolved calls, and the counts of all handlers.
pub fn summary(verdicts: &[Verdict], unresolved: &[(String, String)]) -> String {
    let count = |weight| verdicts.iter().filter(|v| v.weight() == weight).count();
    let mut out = String::new();
    for (place, why) in unresolved {
        let remedy = match &**why {
            MISSING => "--sysroot DIR, under which it lies",
            _ => "--handler with the function that is installed there",
        };
        let _ = writeln!(
            out,
            "unresolved: {place}: {why}\n  would decide it: {remedy}"
        );
    }
    let _ = writeln!(
        out,
        "summary: {} {}: {} pass, {} fail, {} cannot be decided; calls that install what is not known: {}",
        verdicts.len(),
        if verdicts.len() == 1 {
            "handler"
        } else {
            "handlers"
        },
        count(Weight::Note),
        count(Weight::Fault),
        count(Weight::Doubt),
        unresolved.len()
    );
    printable(&out)
}

/// Returns everything as one JSON object.
pub fn json(
    file: &str,
    verdicts: &[Verdict],
    unresolved: &[(String, String)],
    not_needed: &[String],
    status: u8,
) -> String {
    let handlers: Vec<String> = verdicts
        .iter()
        .map(|v| {
            let findings: Vec<String> = v
                .findings
                .iter()
                .map(|f| {
                    let weight = match f.finding.weight {
                        Weight::Fault => "fail",
                        Weight::Doubt => "cannot decide",
                        Weight::Note => "note",
                    };
                    format!(
                        r#"{{"kind":{},"weight":{},"function":{},"offset":{},"address":{},"file":{},"line":{},"why":{},"signals":{},"chain":{},"if":{},"remedy":{},"more":{}}}"#,
                        text(f.finding.kind.name()),
                        text(weight),
                        text(&f.function),
                        f.offset,
                        f.finding.at,
                        f.line.as_ref().map_or("null".into(), |(file, _)| text(file)),
                        f.line.as_ref().map_or("null".into(), |(_, line)| line.to_string()),
                        text(&f.finding.why),
                        f.by_signals.as_deref().map_or("null".into(), list),
                        list(&f.chain),
                        list(&f.conditions),
                        f.finding.remedy.as_deref().map_or("null".into(), text),
                        f.more()
                    )
                })
                .collect();
            format!(
                r#"{{"name":{},"address":{},"signals":{},"flags":{},"installed_by":{},"stack":{},"verdict":{},"findings":[{}]}}"#,
                text(&v.name),
                v.address,
                list(&v.signals),
                list(&v.flags),
                list(&v.by),
                Some(v.stack)
                    .filter(|bytes| *bytes < UNBOUNDED)
                    .map_or("null".into(), |bytes| bytes.to_string()),
                text(&word(v.weight()).to_lowercase()),
                findings.join(",")
            )
        })
        .collect();
    let open: Vec<String> = unresolved
        .iter()
        .map(|(place, why)| format!(r#"{{"call":{},"why":{}}}"#, text(place), text(why)))
        .collect();
    format!(
        r#"{{"file":{},"status":{status},"handlers":[{}],"unresolved":[{}],"not_needed":{}}}"#,
        text(file),
        handlers.join(","),
        open.join(","),
        list(not_needed)
    )
}

fn list(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|one| text(one)).collect();
    format!("[{}]", all.join(","))
}

/// Returns a JSON string.
fn text(raw: &str) -> String {
    let mut out = String::from('"');
    for c in raw.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_cannot_break_json_or_a_terminal() {
        assert_eq!(super::text("a\"\\\n\u{1b}"), r#""a\"\\\u000a\u001b""#);
        assert_eq!(super::printable("a\u{1b}[2J\n"), "a?[2J\n");
    }
}
