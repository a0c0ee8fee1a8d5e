//! The CPUs on which the two ends of a series run, and the way in which they wait.

use minitalk::Inbox;
use minitalk::internals::ffi::CpuSet;

use crate::Result;

/// A placement of the library's two ends. A new one is added here, in [`Placement::ALL`], and in `apply`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The kernel chooses the CPUs, and both ends poll before they sleep.
    Polling,
    /// Each end is confined to a CPU of its own, as with `taskset`.
    Apart,
    /// The kernel chooses the CPUs, and both ends sleep while there is no signal.
    Sleeping,
    /// Both ends are confined to the same CPU.
    OneCpu,
    /// Both ends sleep while there is no signal, and the client moves to the server's CPU: `--eco`.
    Eco,
    /// As `Eco`, but the server was not asked to spare its CPU: `send --eco` alone.
    EcoClient,
}

impl Placement {
    /// All placements.
    pub const ALL: [Self; 6] = [
        Self::Polling,
        Self::Apart,
        Self::Sleeping,
        Self::OneCpu,
        Self::Eco,
        Self::EcoClient,
    ];

    /// Returns the placements for which this machine has enough CPUs.
    pub fn possible() -> Vec<Self> {
        let one = CpuSet::allowed().count() < 2;
        let all = Self::ALL.into_iter();
        all.filter(|placement| !one || *placement == Self::OneCpu)
            .collect()
    }

    /// Returns the title for tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Polling => "two CPUs, polling",
            Self::Apart => "two CPUs, polling, apart",
            Self::Sleeping => "two CPUs, sleeping",
            Self::OneCpu => "one CPU",
            Self::Eco => "two CPUs, --eco",
            Self::EcoClient => "two CPUs, send --eco",
        }
    }

    /// Returns the name for the command lines of roles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Apart => "apart",
            Self::Sleeping => "sleeping",
            Self::OneCpu => "one-cpu",
            Self::Eco => "eco",
            Self::EcoClient => "eco-client",
        }
    }

    /// Returns the placement of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|placement| placement.name() == name)
    }

    /// Opens the inbox of a process with this placement.
    ///
    /// # Errors
    /// Those of the inbox, or a CPU that the kernel does not allow.
    pub fn open(self, end: Side) -> Result<Inbox> {
        match self {
            Self::OneCpu => use_cpu(0)?,
            Self::Apart => use_cpu(end.number())?,
            _ => {}
        }
        let mut inbox = Inbox::open()?;
        match self {
            Self::Polling | Self::Apart | Self::OneCpu | Self::EcoClient => {}
            Self::Sleeping => inbox.never_spin(),
            // The same steps as in `serve --eco` and `send --eco`.
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
    /// The server, which answers.
    Answering,
    /// The client, which sends.
    Asking,
}

impl Side {
    /// Returns the number of the end's CPU if each end has its own.
    pub const fn number(self) -> usize {
        match self {
            Self::Answering => 0,
            Self::Asking => 1,
        }
    }
}

/// Confines this process to CPU number `number`, from 0, of its allowed CPUs.
///
/// # Errors
/// When there is no such CPU, or the kernel refuses.
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
