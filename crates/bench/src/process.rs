//! What Linux knows about a process: CPU time and memory, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// User and system time a process and its threads have used, to a clock tick (usually 10 ms).
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("reading {path}: has the process died?"))?;
    let ticks = parse_cpu_ticks(&stat).with_context(|| format!("{path} has no CPU times"))?;
    let nanos_per_tick = 1_000_000_000 / rustix::param::clock_ticks_per_second();
    Ok(Duration::from_nanos(ticks * nanos_per_tick))
}

/// The most memory a process has had resident so far, in bytes.
pub fn peak_memory(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmHWM")
}

/// The memory a process has resident now, in bytes.
pub fn memory(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmRSS")
}

fn status_bytes(pid: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status =
        fs::read_to_string(&path).with_context(|| format!("reading {path}: has the process died?"))?;
    parse_kib(&status, name).with_context(|| format!("{path} has no {name}"))
}

/// Lets this process, and those that it starts, have as many open files as they may ask for; how many that is.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// utime + stime of `/proc/<pid>/stat`, which are fields 14 and 15 (see proc(5)).
fn parse_cpu_ticks(stat: &str) -> Option<u64> {
    // Field 2 is the program's name in brackets and may itself hold blanks and brackets.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The value of a line like `VmHWM:     5416 kB`, in bytes.
pub fn parse_kib(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_read_behind_an_awkward_name() {
        let stat = "77 (a) b (c)) S 1 77 77 0 -1 4194560 900 0 3 0 120 45 7 8 20 0 4 0 100 200 300";
        assert_eq!(parse_cpu_ticks(stat), Some(165));
        assert_eq!(parse_cpu_ticks("77 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_by_its_name() {
        let status = "Name:\tx\nVmHWMx:\t1 kB\nVmHWM:\t    5416 kB\nVmRSS:\t 12 kB\n";
        assert_eq!(parse_kib(status, "VmHWM"), Some(5416 * 1024));
        assert_eq!(parse_kib(status, "VmSwap"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        assert!(cpu_time(pid).is_ok());
        assert!(memory(pid).unwrap() > 100_000);
        assert!(peak_memory(pid).unwrap() >= memory(pid).unwrap() / 2);
    }
}
