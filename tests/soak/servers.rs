//! The servers, and their footprint.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::common::*;
use crate::oracle::{Growth, Observations};

/// A server whose output is read by a thread that can be paused.
pub struct SoakServer {
    process: Process,
    lines: Arc<Mutex<Vec<Vec<u8>>>>,
    paused: Arc<(Mutex<bool>, Condvar)>,
    reader: JoinHandle<()>,
}

/// The resources of a server, which must not grow.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub descriptors: usize,
    pub memory: usize,
}

impl SoakServer {
    pub fn start(options: &[&str], limit: Duration) -> Self {
        let mut command = minitalk([&["serve"], options].concat());
        let (mut pipe, writer) = std::io::pipe().unwrap();
        let process = Process::spawn_for(limit, command.stdout(writer));
        drop(command);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let paused = Arc::new((Mutex::new(false), Condvar::new()));
        let reader = {
            let (lines, paused) = (Arc::clone(&lines), Arc::clone(&paused));
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
                    let guard = paused.0.lock().unwrap();
                    drop(paused.1.wait_while(guard, |paused| *paused).unwrap());
                }
                assert_eq!(line, b"", "the server ended in the middle of a line");
            })
        };
        let server = Self {
            process,
            lines,
            paused,
            reader,
        };
        wait_until("the server prints its PID", || {
            !server.lines.lock().unwrap().is_empty()
        });
        server.lines.lock().unwrap().clear();
        server
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Pauses or resumes the reader of its output, which stays in the pipe meanwhile.
    pub fn pause_reader(&self, paused: bool) {
        *self.paused.0.lock().unwrap() = paused;
        self.paused.1.notify_all();
    }

    /// Waits until it has no work left, so that it sleeps for a second, and returns its footprint then.
    pub fn when_idle(&self) -> Footprint {
        let work = || (switches(self.pid()), cpu_time(self.pid()));
        wait_until("an idle server sleeps for a second", || {
            let before = work();
            thread::sleep(Duration::from_secs(1));
            work() == before
        });
        let pid = self.pid();
        Footprint {
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .count(),
            memory: memory(pid, "VmRSS"),
        }
    }

    /// Ends it, and adds its output and its footprints, the first and the last, to the observations.
    pub fn finish(
        self,
        name: &str,
        before: Footprint,
        after: Footprint,
        observations: &mut Observations,
    ) {
        observations.growth.push(Growth {
            server: name.into(),
            before,
            after,
        });
        kill(self.pid(), libc::SIGTERM);
        let output = self.process.output();
        if !output.status.success() {
            let text = stderr(&output);
            observations.others.push(format!(
                "server {name} exited with {}: {text}",
                output.status
            ));
        }
        self.reader.join().unwrap();
        observations.lines.append(&mut self.lines.lock().unwrap());
    }
}
