//! Kinds of findings about a handler, and their weights.

/// Says how serious a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Weight {
    /// A fact that is worth knowing.
    Note,
    /// An operation whose safety cannot be decided.
    Doubt,
    /// An operation that is not safe.
    Fault,
}

/// Says of which kind a finding is; a policy sets the weight of a kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Kind {
    Call,
    Indirect,
    Loop,
    ThreadLocal,
    Trap,
    Panic,
    Stack,
    SystemCall,
    Write,
    Read,
    Torn,
    Escape,
    Errno,
    Siginfo,
    Context,
    Return,
    Instruction,
    Undecodable,
    RunsOff,
    Recursion,
    Limit,
    Runtime,
    Assumption,
    Wait,
    Flags,
    LazyBinding,
}

impl Kind {
    /// Each kind, with its name in reports and policies.
    pub const ALL: [(Self, &str); 26] = [
        (Self::Call, "call"),
        (Self::Indirect, "indirect"),
        (Self::Loop, "loop"),
        (Self::ThreadLocal, "thread-local"),
        (Self::Trap, "trap"),
        (Self::Panic, "panic"),
        (Self::Stack, "stack"),
        (Self::SystemCall, "system-call"),
        (Self::Write, "write"),
        (Self::Read, "read"),
        (Self::Torn, "torn"),
        (Self::Escape, "escape"),
        (Self::Errno, "errno"),
        (Self::Siginfo, "siginfo"),
        (Self::Context, "context"),
        (Self::Return, "return"),
        (Self::Instruction, "instruction"),
        (Self::Undecodable, "undecodable"),
        (Self::RunsOff, "runs-off"),
        (Self::Recursion, "recursion"),
        (Self::Limit, "limit"),
        (Self::Runtime, "runtime"),
        (Self::Assumption, "assumption"),
        (Self::Wait, "wait"),
        (Self::Flags, "flags"),
        (Self::LazyBinding, "lazy-binding"),
    ];

    /// Returns the name of the kind in reports and policies.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(kind, _)| *kind == self);
        known.map_or("", |(_, name)| name)
    }
}

/// Holds one thing found at one instruction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Finding {
    pub kind: Kind,
    pub weight: Weight,
    pub at: u64,
    /// The effect of the instruction, in words.
    pub why: String,
    /// The function that the instruction reaches, as the last link of the chain, such as `malloc`.
    pub reaches: Option<String>,
    /// A change or a fact that would decide the finding.
    pub remedy: Option<String>,
}

impl Finding {
    pub fn new(kind: Kind, weight: Weight, at: u64, why: impl Into<String>) -> Self {
        Self {
            kind,
            weight,
            at,
            why: why.into(),
            reaches: None,
            remedy: None,
        }
    }

    /// Returns the finding with a remedy that would decide it.
    pub fn or(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// Returns the finding with the function that the instruction reaches.
    pub fn to(self, reaches: impl Into<String>) -> Self {
        Self {
            reaches: Some(reaches.into()),
            ..self
        }
    }
}
