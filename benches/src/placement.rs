//! On which CPUs the two ends of a series run, and how they wait.

use minitalk::Inbox;
use minitalk::internals::ffi::CpuSet;

use crate::Result;

/// How the library's two ends run. A further way to wait belongs here, in [`Placement::ALL`], and in `apply`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// As they come: where the kernel puts them, looking for signals before they sleep.
    Polling,
    /// The same, each on a CPU of its own.
    Apart,
    /// Where the kernel puts them, asleep whenever there is nothing.
    Sleeping,
    /// Both on the same CPU, because they may run on no other.
    OneCpu,
    /// Asleep whenever there is nothing, the client on the server's CPU by its own choice: `--eco`.
    Eco,
}

impl Placement {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Polling,
        Self::Apart,
        Self::Sleeping,
        Self::OneCpu,
        Self::Eco,
    ];

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
            Self::Apart => "two CPUs, polling, apart",
            Self::Sleeping => "two CPUs, sleeping",
            Self::OneCpu => "one CPU",
            Self::Eco => "two CPUs, --eco",
        }
    }

    /// For the command lines of roles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Apart => "apart",
            Self::Sleeping => "sleeping",
            Self::OneCpu => "one-cpu",
            Self::Eco => "eco",
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
    pub fn open(self, end: Side) -> Result<Inbox> {
        if self == Self::OneCpu {
            use_cpu(0)?;
        }
        let mut inbox = Inbox::open()?;
        match self {
            Self::Polling | Self::OneCpu => {}
            // Only now: an inbox that may use one CPU alone does not poll.
            Self::Apart => use_cpu(end.number())?,
            Self::Sleeping => inbox.never_spin(),
            // As `serve --eco` and `send --eco` do it.
            Self::Eco => {
                inbox.never_spin();
                if end == Side::Answering {
                    use_cpu(0)?;
                }
            }
        }
        Ok(inbox)
    }
}

/// The two ends of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The server, or whoever answers.
    Answering,
    /// The client, or whoever asks.
    Asking,
}

impl Side {
    /// The number of its CPU where each has its own.
    pub const fn number(self) -> usize {
        match self {
            Self::Answering => 0,
            Self::Asking => 1,
        }
    }
}

/// Confines this process to CPU number `number`, from 0, of those that it may run on.
///
/// # Errors
/// When there is none, or the kernel refuses.
pub fn use_cpu(number: usize) -> Result<()> {
    let allowed = CpuSet::allowed();
    let mut cpus = (0..1024).filter(|cpu| allowed.contains(*cpu));
    let cpu = cpus.nth(number).ok_or("there are too few CPUs")?;
    if CpuSet::only(cpu).apply() {
        Ok(())
    } else {
        Err("the kernel does not let this process choose its CPU".into())
    }
}
