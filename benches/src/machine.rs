//! The machine on which the figures were measured.

use std::fs;
use std::process::Command;

use minitalk::internals::ffi::CpuSet;

/// Describes the machine as a list in Markdown.
pub fn describe() -> String {
    let cpu = read("/proc/cpuinfo");
    let model = field(&cpu, "model name").unwrap_or("unknown");
    let flags = field(&cpu, "flags").unwrap_or_default();
    let is_virtual = flags.split(' ').any(|flag| flag == "hypervisor");
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(3).collect();
    [
        format!(
            "* CPU: {model}, {} for this process",
            CpuSet::allowed().count()
        ),
        format!(
            "* virtual machine: {}",
            if is_virtual {
                "yes"
            } else {
                "not that it shows"
            }
        ),
        format!(
            "* kernel: Linux {}",
            known(&read("/proc/sys/kernel/osrelease"))
        ),
        format!("* frequency governor: {}", known(&governor)),
        format!("* load before: {}", known(&load.join(" "))),
        format!("* compiler: {}", known(&rustc())),
        String::new(),
    ]
    .join("\n")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn known(text: &str) -> &str {
    let text = text.trim();
    if text.is_empty() { "unknown" } else { text }
}

fn rustc() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
    })
}

/// Returns the value of the first line `key : value`.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read_from_cpuinfo() {
        let text = "processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nflags\t\t: fpu hypervisor\n";
        assert_eq!(field(text, "model name"), Some("Some CPU: 3 GHz"));
        assert_eq!(field(text, "flags"), Some("fpu hypervisor"));
        assert_eq!(field(text, "name"), None);
    }
}
