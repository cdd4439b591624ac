//! The floor of a scenario: what PostgreSQL answers when nothing but `pgbench` asks it.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::database::client;

/// How `pgbench` loads the database.
#[derive(Clone, Copy, Debug)]
pub struct Floor<'a> {
    pub sql: &'a str,
    pub database_url: &'a str,
    /// The value of `:user_id` in the SQL.
    pub user_id: &'a str,
    pub connections: usize,
    pub seconds: u32,
}

impl Floor<'_> {
    /// Runs `pgbench` with its script in `folder`; the transactions per second.
    ///
    /// An error if `pgbench` is not installed or one of the statements fails.
    pub async fn measure(&self, folder: &Path) -> Result<f64> {
        let script = folder.join("floor.sql");
        fs::write(&script, self.sql).with_context(|| format!("writing {}", script.display()))?;
        let output = Command::new(client("pgbench")?)
            .args([
                "-c",
                &self.connections.to_string(),
                "-j",
                "1",
                "-M",
                "prepared",
                "-n",
            ])
            .args([
                "-T",
                &self.seconds.to_string(),
                "-D",
                &format!("user_id={}", self.user_id),
                "-f",
            ])
            .arg(&script)
            .arg(self.database_url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("starting pgbench")?;
        let complaint = first_lines(&output.stderr);
        ensure!(
            output.status.success(),
            "pgbench failed ({}): {}",
            output.status,
            complaint
        );
        let report = String::from_utf8_lossy(&output.stdout);
        parse_tps(&report).with_context(|| format!("pgbench reported no tps:\n{report}"))
    }
}

/// The first error with its place in the SQL; every connection of `pgbench` says the same again.
fn first_lines(complaints: &[u8]) -> String {
    String::from_utf8_lossy(complaints)
        .lines()
        .take(3)
        .collect::<Vec<_>>()
        .join("\n  ")
}

/// The number in `tps = 12345.678901 (without initial connection time)`.
fn parse_tps(report: &str) -> Option<f64> {
    let line = report.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_complaint_of_pgbench_is_enough() {
        let complaint = "pgbench: error: ERROR:  no\nLINE 1: SELECT\n        ^\n";
        assert_eq!(first_lines(complaint.repeat(32).as_bytes()).lines().count(), 3);
    }

    #[test]
    fn tps_is_read_from_the_report() {
        let report = "pgbench (15.20)\nnumber of failed transactions: 0 (0.000%)\nlatency average = 1.2 ms\n\
            initial connection time = 31.7 ms\ntps = 26123.456789 (without initial connection time)\n";
        assert_eq!(parse_tps(report), Some(26_123.456_789));
        assert_eq!(parse_tps("pgbench: error"), None);
    }
}
