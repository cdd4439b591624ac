//! What PostgreSQL answers when nothing but `pgbench` asks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

/// How `pgbench` loads the database.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    pub sql: &'a str,
    pub database_url: &'a str,
    /// What the SQL can use, each by its name after a colon.
    pub variables: &'a [(&'a str, &'a str)],
    pub connections: usize,
    pub seconds: u32,
}

impl Load<'_> {
    /// Runs `pgbench` with its script in `folder`; the transactions per second.
    ///
    /// An error if `pgbench` is not installed or one of the statements fails.
    pub async fn measure(&self, folder: &Path) -> Result<f64> {
        let script = folder.join("floor.sql");
        fs::write(&script, self.sql).with_context(|| format!("writing {}", script.display()))?;
        let mut command = Command::new(pgbench()?);
        command
            .args(["-c", &self.connections.to_string(), "-j", "1"])
            .args(["-M", "prepared", "-n", "-T", &self.seconds.to_string()]);
        for (name, value) in self.variables {
            command.args(["-D", &format!("{name}={value}")]);
        }
        let output = command
            .arg("-f")
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

/// Where `pgbench` is.
fn pgbench() -> Result<PathBuf> {
    let configured = std::process::Command::new("pg_config")
        .arg("--bindir")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|folder| PathBuf::from(folder.trim()));
    let Some(path) = configured
        .into_iter()
        .chain(debian_folders())
        .map(|folder| folder.join("pgbench"))
        .find(|p| p.is_file())
    else {
        bail!("pgbench is not installed: it comes with PostgreSQL, in the folder `pg_config --bindir` names");
    };
    Ok(path)
}

/// Debian's `/usr/lib/postgresql/<version>/bin`, the newest version first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
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
