//! The rules for signal handlers, and where the audited handler breaks them.

use std::collections::BTreeSet;

use super::Audit;
use super::elf::Target;
use super::instruction::AccessKind;
use super::place;
use super::value::Origin;
use super::walk::{Flaw, Function, Leaving, Step, is_panic};

/// Describes a rule that was broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A call, or a jump that leaves the function, to something not on the allow-list.
    Call,
    /// A call or jump whose target the instructions compute.
    Indirect,
    /// A backward branch, a repeated string instruction, recursion.
    Loop,
    /// An access to thread-local memory, `errno` included.
    ThreadLocal,
    /// An instruction that raises a signal by itself.
    Trap,
    /// A path to a panic.
    Panic,
    /// More stack than allowed, or an amount that is not known.
    Stack,
    /// A system call by instruction.
    SystemCall,
    /// A store that is not shown to stay inside a static object or the handler's arguments.
    Write,
    /// More instructions than the budget.
    Budget,
    /// Bytes that are not an instruction, an instruction whose effects are not known, or bytes that belong to two instructions.
    Undecodable,
    /// A path past the end of the symbol.
    RunsOff,
}

impl Rule {
    pub const THREAD_LOCAL: (Self, &'static str) = (
        Self::ThreadLocal,
        "touches memory that each thread has of its own",
    );
    pub const SYSTEM_CALL: (Self, &'static str) = (Self::SystemCall, "enters the kernel");
    pub const TRAP: (Self, &'static str) = (Self::Trap, "raises a signal");
    pub const PRIVILEGED: (Self, &'static str) = (
        Self::Trap,
        "is privileged: it raises a signal outside the kernel",
    );
    pub const EXCLUSIVE: (Self, &'static str) = (
        Self::Loop,
        "is half of an exclusive pair, which may fail: only a loop retries it",
    );
    pub const UNKNOWN: (Self, &'static str) = (
        Self::Undecodable,
        "is an instruction whose effects the audit does not know",
    );

    /// Returns the name of the rule in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Indirect => "indirect",
            Self::Loop => "loop",
            Self::ThreadLocal => "thread-local",
            Self::Trap => "trap",
            Self::Panic => "panic",
            Self::Stack => "stack",
            Self::SystemCall => "system-call",
            Self::Write => "write",
            Self::Budget => "budget",
            Self::Undecodable => "undecodable",
            Self::RunsOff => "runs-off",
        }
    }
}

/// Holds one instruction that breaks one rule.
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The address of the function.
    pub function: u64,
    /// The address of the instruction.
    pub at: u64,
    /// The reason why the instruction breaks the rule.
    pub why: String,
}

/// Holds the violations that the rules found.
#[derive(Default)]
pub struct Findings {
    /// The violations, by function and address, the handler's first.
    pub violations: Vec<Violation>,
    /// The facts that the audit had to take on trust.
    pub undecided: BTreeSet<String>,
}

/// Applies every rule to every instruction.
pub fn check(audit: &Audit) -> Findings {
    let mut findings = Findings::default();
    let mut count = 0;
    for function in audit.functions() {
        for &(at, flaw) in &function.flaws {
            findings.flaw(audit, function, at, flaw);
        }
        for (&at, step) in &function.steps {
            let mut report = |rule, why: String| {
                findings.violations.push(Violation {
                    rule,
                    function: function.symbol.address,
                    at,
                    why,
                });
            };
            for &(rule, why) in &step.instruction.breaks {
                report(rule, why.into());
            }
            branches(function, step, &mut report);
            stack(audit, function, step, &mut report);
            count += 1;
            if audit.budget.is_some_and(|budget| count == budget + 1) {
                report(
                    Rule::Budget,
                    format!("is number {count}, one over the budget"),
                );
            }
            findings.leaving(audit, function, step);
            findings.writes(audit, function, step);
        }
    }
    let handler = audit.program.handler;
    findings
        .violations
        .sort_by_key(|v| (v.function != handler, v.function, v.at, v.rule));
    findings
}

fn branches(function: &Function, step: &Step, report: &mut impl FnMut(Rule, String)) {
    let at = step.instruction.at;
    for &next in &step.next {
        if next <= at {
            let back = place::offset((next - function.symbol.address).cast_signed());
            report(Rule::Loop, format!("branches backward, to {back}"));
        }
    }
}

fn stack(audit: &Audit, function: &Function, step: &Step, report: &mut impl FnMut(Rule, String)) {
    let effects = audit.effects(function, step);
    if effects.returns_astray {
        report(
            Rule::Indirect,
            "returns with the stack pointer or the return address not shown to be what the call left".into(),
        );
    }
    let accepted = matches!(step.leaves, Some((Leaving::Call, _))) && audit.accepts(step).is_some();
    if !(effects.takes_stack || accepted) {
        return;
    }
    match audit.depth(function, step) {
        None => report(
            Rule::Stack,
            "uses an amount of stack that is not known".into(),
        ),
        Some(depth) if depth > audit.max_stack => report(
            Rule::Stack,
            format!("uses stack: {depth} bytes, {} allowed", audit.max_stack),
        ),
        Some(_) => {}
    }
}

impl Findings {
    fn flaw(&mut self, audit: &Audit, function: &Function, at: u64, flaw: Flaw) {
        let machine = audit.binary.machine.convention().name;
        let unknown = format!("is no instruction of {machine} that the audit knows");
        let (rule, why) = match flaw {
            Flaw::Undecodable => (Rule::Undecodable, &*unknown),
            Flaw::RunsOff => (Rule::RunsOff, "goes on past the end of the function"),
            Flaw::Overlap => (Rule::Undecodable, "begins inside another instruction"),
        };
        self.violations.push(Violation {
            rule,
            function: function.symbol.address,
            at,
            why: why.into(),
        });
    }

    fn leaving(&mut self, audit: &Audit, function: &Function, step: &Step) {
        let Some((leaving, target)) = &step.leaves else {
            return;
        };
        let verb = match leaving {
            Leaving::Call => "calls",
            Leaving::Jump => "jumps out of the function to",
        };
        let at = step.instruction.at;
        let (rule, why) = if audit.program.recursive.contains(&at) {
            (
                Rule::Loop,
                format!("{verb} a function that is still running: recursion"),
            )
        } else if let Some(accepted) = audit.accepts(step) {
            self.undecided.extend(accepted);
            return;
        } else {
            match (target, target.name(audit.binary)) {
                (Target::Unknown(why), _) => (
                    Rule::Indirect,
                    format!("{verb} {why}: the file does not say where that is"),
                ),
                (_, Some(name)) if is_panic(&name) => (Rule::Panic, format!("{verb} {name}")),
                (_, Some(name)) if matches!(&*name, "__tls_get_addr" | "__errno_location") => (
                    Rule::ThreadLocal,
                    format!("{verb} {name}, the way to memory that each thread has of its own"),
                ),
                (_, Some(name)) => (Rule::Call, format!("{verb} {name}, which is not allowed")),
                (_, None) => (
                    Rule::Call,
                    format!("{verb} a place that is no function of the file"),
                ),
            }
        };
        self.violations.push(Violation {
            rule,
            function: function.symbol.address,
            at,
            why,
        });
    }

    fn writes(&mut self, audit: &Audit, function: &Function, step: &Step) {
        for access in &audit.effects(function, step).accesses {
            let into = place::origin(audit.binary, access.place);
            let above = access.place.origin == Origin::Stack && access.place.low >= 0;
            let why = if access.how == AccessKind::Read {
                continue;
            } else if above {
                "writes the stack above its own frame: the return address, or its caller's"
                    .to_owned()
            } else if place::stays_inside(audit.binary, access.place, access.width) {
                continue;
            } else if access.place.origin == Origin::Argument(3) {
                "writes the ucontext outside the signal mask, where the saved registers are"
                    .to_owned()
            } else if access.place.origin == Origin::Nothing {
                format!("writes through {into}")
            } else {
                format!("writes to {into}, and is not shown to stay inside it")
            };
            if audit.follow && !above && access.place.origin != Origin::Argument(3) {
                self.undecided.insert(format!(
                    "where {} writes through pointers that it loads or is given",
                    function.symbol.name
                ));
                continue;
            }
            self.violations.push(Violation {
                rule: Rule::Write,
                function: function.symbol.address,
                at: step.instruction.at,
                why,
            });
        }
    }
}
