//! The servers, and what each of them has.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::common::*;
use crate::oracle::{Growth, Seen};

/// A server whose output is read by a thread that can be told to rest.
pub struct Soaked {
    process: Process,
    lines: Arc<Mutex<Vec<Vec<u8>>>>,
    rests: Arc<(Mutex<bool>, Condvar)>,
    reader: JoinHandle<()>,
    pub before: Option<Footprint>,
}

/// What a server has that must not grow.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub descriptors: usize,
    pub memory: u64,
}

impl Soaked {
    pub fn start(options: &[&str], limit: Duration) -> Self {
        let mut command = minitalk([&["serve"], options].concat());
        let (mut pipe, writer) = std::io::pipe().unwrap();
        let process = Process::spawn_for(limit, command.stdout(writer));
        drop(command);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let rests = Arc::new((Mutex::new(false), Condvar::new()));
        let reader = {
            let (lines, rests) = (Arc::clone(&lines), Arc::clone(&rests));
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 14];
                let mut line = Vec::new();
                while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                    for part in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
                        line.extend(part);
                        if line.ends_with(b"\n") {
                            line.pop();
                            lines.lock().unwrap().push(std::mem::take(&mut line));
                        }
                    }
                    let resting = rests.0.lock().unwrap();
                    drop(rests.1.wait_while(resting, |rests| *rests).unwrap());
                }
                assert_eq!(line, b"", "the server ended in the middle of a line");
            })
        };
        let soaked = Self {
            process,
            lines,
            rests,
            reader,
            before: None,
        };
        wait_until("the server prints its PID", || {
            !soaked.lines.lock().unwrap().is_empty()
        });
        soaked.lines.lock().unwrap().clear();
        soaked
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Whether what it prints is left in the pipe.
    pub fn let_rest(&self, rests: bool) {
        *self.rests.0.lock().unwrap() = rests;
        self.rests.1.notify_all();
    }

    /// Waits until it has nothing left to do: it sleeps for a second. Returns what it has then.
    pub fn when_idle(&self) -> Footprint {
        let work = || (switches(self.pid()), cpu_time(self.pid()));
        wait_until("an idle server sleeps for a second", || {
            let before = work();
            thread::sleep(Duration::from_secs(1));
            work() == before
        });
        let pid = self.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = rss.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        Footprint {
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .count(),
            memory: 1024 * kilobytes,
        }
    }

    /// Ends it, and adds what it has printed to what was seen.
    pub fn finish(self, name: &str, seen: &mut Seen) {
        let after = self.when_idle();
        seen.growth.push(Growth {
            server: name.into(),
            before: self.before.unwrap_or(after),
            after,
        });
        kill(self.pid(), libc::SIGTERM);
        let output = self.process.output();
        if !output.status.success() {
            let said = stderr(&output);
            seen.others.push(format!(
                "server {name} ended with {}: {said}",
                output.status
            ));
        }
        self.reader.join().unwrap();
        seen.lines.append(&mut self.lines.lock().unwrap());
    }
}
