//! A control group of either version that limits CPU time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::run::{Cleaner, lock};

/// The period of the limit and the share of it, a quarter of a CPU, in microseconds.
pub const PERIOD: u64 = 100_000;
pub const SHARE: u64 = PERIOD / 4;

/// A control group that gets a quarter of a CPU; removed when this is dropped.
pub struct Cgroup {
    path: PathBuf,
    cleaner: Cleaner,
}

impl Cgroup {
    pub fn new(cleaner: &Cleaner) -> Result<Self, String> {
        let mut why = vec![];
        for root in [
            "/sys/fs/cgroup/cpu",
            "/sys/fs/cgroup/cpu,cpuacct",
            "/sys/fs/cgroup",
        ] {
            let path = Path::new(root).join(format!("minitalk-stress-{}", std::process::id()));
            match Self::limit(Path::new(root), &path) {
                Ok(()) => {
                    *lock(&cleaner.cgroup) = Some(path.clone());
                    let cleaner = cleaner.clone();
                    return Ok(Self { path, cleaner });
                }
                Err(error) => why.push(format!("{root}: {error}")),
            }
            let _ = fs::remove_dir(path);
        }
        Err(why.join("; "))
    }

    fn limit(root: &Path, path: &Path) -> io::Result<()> {
        let is_second = root.join("cgroup.controllers").exists();
        if !is_second && !root.join("cpu.cfs_quota_us").exists() {
            return Err(io::Error::other("no such controller"));
        }
        if is_second {
            fs::write(root.join("cgroup.subtree_control"), "+cpu")?;
        }
        fs::create_dir(path)?;
        if is_second {
            return fs::write(path.join("cpu.max"), format!("{SHARE} {PERIOD}"));
        }
        fs::write(path.join("cpu.cfs_period_us"), PERIOD.to_string())?;
        fs::write(path.join("cpu.cfs_quota_us"), SHARE.to_string())
    }

    pub fn members(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Some(path) = lock(&self.cleaner.cgroup).take() {
            remove_cgroup(&path);
        }
    }
}

/// Removes the group, after the processes killed a moment ago have left it.
pub fn remove_cgroup(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::remove_dir(path).is_err() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
}
