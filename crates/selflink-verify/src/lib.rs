//! Checks SelfLink's rewards ledger from outside: whether the log only ever grew, whether every month can be computed again from
//! its events, whether a receipt holds. It needs the public files and the log's key, and trusts nothing else.
//!
//! | exit | means |
//! | --- | --- |
//! | 0 | verified |
//! | 1 | misbehaviour: what was published contradicts itself or what was signed |
//! | 2 | could not be checked: unreadable, unreachable, not signed by the key that was given |
//!
//! A source is the address of a server (`https://host`, or with the path of its rewards, `https://host/api/v1/rewards`) or a
//! folder of the same layout, as `--save` writes it: `log/checkpoint`, `log/key`, `log/tile/…`, `periods/<YYYY-MM>/index.json`,
//! `ledger.csv` and `allocations.csv` beside it.

mod commands;
mod history;
mod progress;
mod report;
mod source;
mod trust;
mod walk;

use std::ffi::OsString;
use std::io::Write;

use clap::{Parser, Subcommand};

use crate::progress::Progress;
use crate::report::{Checked, Report};

#[derive(Parser)]
#[command(
    name = "selflink-verify",
    version,
    about = "Checks SelfLink's rewards ledger from outside"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object instead of lines.
    #[arg(long, global = true)]
    json: bool,
    /// Show no progress.
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Read the whole log: signature, tree, tiles, every entry, every closed month's sums.
    Log(commands::log::Args),
    /// Compute a closed month again from its events and compare every byte.
    Month(commands::month::Args),
    /// Check that an entry was logged, from a receipt; or make a receipt.
    Receipt(commands::receipt::Args),
    /// Compare two views of the log: is one the other's beginning, and what came since?
    Diff(commands::diff::Args),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Month(_) => "month",
            Self::Receipt(_) => "receipt",
            Self::Diff(_) => "diff",
        }
    }

    fn run(&self, report: &mut Report, progress: Progress) -> Checked<()> {
        match self {
            Self::Log(args) => commands::log::run(args, report, progress),
            Self::Month(args) => commands::month::run(args, report, progress),
            Self::Receipt(args) => commands::receipt::run(args, report),
            Self::Diff(args) => commands::diff::run(args, report, progress),
        }
    }
}

/// Runs the command that `args` (the program's name first) say, prints its report to `out` and returns the exit status.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString> + Clone>, out: &mut impl Write) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => {
            // Nobody is left to tell when even this cannot be written.
            let _ = usage.print();
            return u8::from(usage.use_stderr()) * 2;
        }
    };
    let mut report = Report::new(cli.command.name());
    let outcome = cli.command.run(&mut report, Progress::new(cli.json || cli.quiet));
    let status = report.close(outcome);
    match report.print(cli.json, out) {
        Ok(()) => status,
        // Half a report must not look like a good one.
        Err(_) => 2,
    }
}
