//! The machine the numbers come from.

use std::fmt;
use std::fs;
use std::thread;

use serde::Serialize;

use crate::process;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Cores this process may use.
    pub cores: usize,
    pub cpu_model: String,
    pub memory_bytes: u64,
}

impl Machine {
    /// This machine; what it does not tell is left empty or 0.
    pub fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            cores: thread::available_parallelism().map_or(0, usize::from),
            cpu_model: parse_cpu_model(&cpuinfo)
                .unwrap_or("CPU of unknown model")
                .to_owned(),
            memory_bytes: process::parse_kib(&meminfo, "MemTotal").unwrap_or_default(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.memory_bytes / (1024 * 1024);
        write!(f, "{} cores, {}, {mib} MB of memory", self.cores, self.cpu_model)
    }
}

fn parse_cpu_model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_model_is_that_of_the_first_core() {
        let cpuinfo =
            "processor\t: 0\nmodel name\t: Some CPU @ 2.60GHz\n\nprocessor\t: 1\nmodel name\t: Other\n";
        assert_eq!(parse_cpu_model(cpuinfo), Some("Some CPU @ 2.60GHz"));
        assert_eq!(parse_cpu_model(""), None);
    }
}
