//! The audit in words: for a terminal, and for the documents.

use std::fmt::Write as _;

use super::Audit;
use super::facts::Facts;
use super::instruction::AccessKind;
use super::listing;
use super::place;
use super::rules::{Findings, Rule, Violation};
use super::source::Source;
use super::walk::Function;

/// Returns the whole report, as printed.
pub fn terminal(audit: &Audit, source: &Source, facts: &Facts, findings: &Findings) -> String {
    let mut out = String::new();
    for violation in &findings.violations {
        let _ = writeln!(out, "{}", violation_line(audit, source, violation));
    }
    let count = findings.violations.len();
    let verdict = if count == 0 {
        "PASS".to_owned()
    } else {
        format!("FAIL, violations: {count}")
    };
    let _ = writeln!(out, "{}: {verdict}", handler(audit).symbol.name);
    for row in rows(audit, facts, findings) {
        let _ = writeln!(
            out,
            "  {:<40} {:>8}   {}",
            row.what, row.measured, row.bound
        );
    }
    let _ = writeln!(out, "memory:");
    for row in memory(facts) {
        let _ = writeln!(
            out,
            "  {:<40} {:<18} {:>3} bytes  {}",
            row.0, row.1, row.2, row.3
        );
    }
    for unknown in &findings.undecided {
        let _ = writeln!(out, "not decided: {unknown}");
    }
    for function in audit.functions() {
        let _ = write!(out, "{}", disassembly(audit, source, function));
    }
    out
}

/// Returns the report for SAFETY.md, which does not depend on addresses that the linker chose.
pub fn markdown(audit: &Audit, source: &Source, facts: &Facts, findings: &Findings) -> String {
    let mut out = String::new();
    let compiler = audit.binary.compiler();
    let _ = writeln!(
        out,
        "`{}` in the release build for {} by {}: **pass**.\n",
        handler(audit).symbol.name,
        audit.binary.machine.convention().name,
        compiler.as_deref().unwrap_or("an unknown compiler"),
    );
    let _ = writeln!(
        out,
        "| measured in the binary | | allowed |\n| --- | --- | --- |"
    );
    for row in rows(audit, facts, findings) {
        let _ = writeln!(out, "| {} | {} | {} |", row.what, row.measured, row.bound);
    }
    let _ = writeln!(
        out,
        "\n| memory it touches | bytes | wide | how |\n| --- | --- | --- | --- |"
    );
    for row in memory(facts) {
        let _ = writeln!(out, "| `{}` | {} | {} | {} |", row.0, row.1, row.2, row.3);
    }
    let listing = disassembly(audit, source, handler(audit));
    let _ = writeln!(out, "\n```text\n{}\n```", listing.trim_end());
    out
}

/// Holds a row of the table of figures.
pub struct Figures {
    /// The row's first cells, which no other row has.
    pub name: String,
    /// The row.
    pub row: String,
}

/// Returns the figures as they stand in SAFETY.md and README.md.
pub fn figures(audit: &Audit, facts: &Facts) -> Figures {
    let name = audit.binary.machine.convention().name;
    let handler = &handler(audit).symbol.name;
    let row = format!(
        "| {name} | `{handler}` | {} of at most {} | {} | {} | 0 | {} |",
        facts.instructions,
        audit
            .budget
            .map_or_else(|| "any number".into(), |n| n.to_string()),
        number(facts.longest),
        facts.calls,
        number(facts.stack),
    );
    Figures {
        name: format!("| {name} | `{handler}` |"),
        row,
    }
}

fn handler<'a>(audit: &'a Audit) -> &'a Function {
    &audit.program.functions[&audit.program.handler]
}

/// Returns `violation[rule] where: instruction: why (source)`, on one line for editors and for grep.
fn violation_line(audit: &Audit, source: &Source, violation: &Violation) -> String {
    let function = &audit.program.functions[&violation.function];
    let offset = place::offset((violation.at - violation.function).cast_signed());
    let text = function.steps.get(&violation.at).map_or_else(
        || "(bad)".into(),
        |step| listing::text(audit.binary, function, step, audit.effects(function, step)),
    );
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = source.line(violation.at);
    format!(
        "violation[{}] {}{offset} at {:#x}: `{text}` {} [{}]",
        violation.rule.name(),
        function.symbol.name,
        violation.at,
        violation.why,
        line.as_deref().unwrap_or("no line information"),
    )
}

struct Row {
    what: &'static str,
    measured: String,
    bound: String,
}

fn rows(audit: &Audit, facts: &Facts, findings: &Findings) -> Vec<Row> {
    let broken = |rules: &[Rule]| {
        let found = findings
            .violations
            .iter()
            .filter(|v| rules.contains(&v.rule));
        found.count().to_string()
    };
    let row = |what, measured: String, bound: &str| Row {
        what,
        measured,
        bound: bound.to_owned(),
    };
    let calls_allowed = if audit.follow {
        "if followed or on the allow-list"
    } else {
        "0"
    };
    let budget = audit
        .budget
        .map_or_else(|| "any number".into(), |n| n.to_string());
    vec![
        row(
            "instructions that can be reached",
            facts.instructions.to_string(),
            &budget,
        ),
        row(
            "longest path, in instructions",
            number(facts.longest),
            &budget,
        ),
        row(
            "calls and jumps out of a function",
            facts.calls.to_string(),
            calls_allowed,
        ),
        row(
            "calls and jumps to a computed target",
            broken(&[Rule::Indirect]),
            "0",
        ),
        row("loops: backward branches", broken(&[Rule::Loop]), "0"),
        row(
            "bytes of stack",
            number(facts.stack),
            &audit.max_stack.to_string(),
        ),
        row(
            "accesses to thread-locals, errno",
            broken(&[Rule::ThreadLocal]),
            "0",
        ),
        row(
            "ways to trap or panic",
            broken(&[Rule::Trap, Rule::Panic]),
            "0",
        ),
        row(
            "system calls by instruction",
            broken(&[Rule::SystemCall]),
            "0",
        ),
        row(
            "stores not shown to stay in bounds",
            broken(&[Rule::Write]),
            if audit.follow { "not decided" } else { "0" },
        ),
        row(
            "atomic read-modify-writes",
            facts.atomic.to_string(),
            "reported only",
        ),
        row(
            "floating-point or vector instructions",
            facts.vector.to_string(),
            "reported only",
        ),
    ]
}

fn memory(facts: &Facts) -> Vec<(String, String, u32, &'static str)> {
    facts
        .memory
        .iter()
        .map(|(into, _, range, how, width)| {
            let how = match how {
                AccessKind::Read => "read",
                AccessKind::Write => "write",
                AccessKind::Update => "read and written, not atomically",
                AccessKind::Atomic => "atomic read-modify-write",
            };
            (into.clone(), range.clone(), *width, how)
        })
        .collect()
}

fn disassembly(audit: &Audit, source: &Source, function: &Function) -> String {
    let mut out = format!("{}:\n", function.symbol.name);
    for (&at, step) in &function.steps {
        let offset = place::offset((at - function.symbol.address).cast_signed());
        let text = listing::text(audit.binary, function, step, audit.effects(function, step));
        let line = source.line(at).unwrap_or_default();
        let row = format!("{offset:>6}  {text:<52} {line}");
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

fn number<T: ToString>(bounded: Option<T>) -> String {
    bounded.map_or_else(|| "no bound".into(), |n| n.to_string())
}
