//! On which CPUs the two ends of a series run, and how they wait.

use minitalk::ffi::CpuSet;
use minitalk::inbox::Inbox;

use crate::Result;

/// How the library's two ends run. A further way to wait belongs here, in [`Placement::ALL`], and in `apply`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// As they come: where the kernel puts them, looking for signals before they sleep.
    Polling,
    /// Where the kernel puts them, asleep whenever there is nothing.
    Sleeping,
    /// Both on the same CPU.
    OneCpu,
}

impl Placement {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Polling, Self::Sleeping, Self::OneCpu];

    /// Those that this machine has CPUs for.
    pub fn possible() -> Vec<Self> {
        let one = CpuSet::allowed().count() < 2;
        let all = Self::ALL.into_iter();
        all.filter(|placement| !one || *placement == Self::OneCpu)
            .collect()
    }

    /// For tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Polling => "two CPUs, polling",
            Self::Sleeping => "two CPUs, sleeping",
            Self::OneCpu => "one CPU",
        }
    }

    /// For the command lines of roles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Sleeping => "sleeping",
            Self::OneCpu => "one-cpu",
        }
    }

    /// The placement of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|placement| placement.name() == name)
    }

    /// Opens the inbox of a process that is to run like this.
    ///
    /// # Errors
    /// The inbox's, or that the kernel does not let us choose the CPU.
    pub fn open(self) -> Result<Inbox> {
        if self == Self::OneCpu {
            use_one_cpu()?;
        }
        let mut inbox = Inbox::open()?;
        if self == Self::Sleeping {
            inbox.never_spin();
        }
        Ok(inbox)
    }
}

/// Confines this process to the first CPU that it may run on.
///
/// # Errors
/// When the kernel refuses.
pub fn use_one_cpu() -> Result<()> {
    let allowed = CpuSet::allowed();
    let first = (0..1024).find(|cpu| allowed.contains(*cpu)).unwrap_or(0);
    if CpuSet::only(first).apply() {
        Ok(())
    } else {
        Err("the kernel does not let this process choose its CPU".into())
    }
}
