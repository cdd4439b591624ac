//! A bar on a terminal while there is much to read.

use indicatif::{ProgressBar, ProgressStyle};

/// Whether there are bars.
#[derive(Clone, Copy)]
pub struct Progress {
    hidden: bool,
}

impl Progress {
    /// Bars, unless they are not wanted. They also do not show where nobody is looking: when standard error is no terminal.
    pub fn new(hidden: bool) -> Self {
        Self { hidden }
    }

    /// A bar over so many entries.
    pub fn entries(self, total: u64) -> ProgressBar {
        self.bar(
            Some(total),
            "{msg:16} {wide_bar} {human_pos}/{human_len} entries, {eta} left",
        )
        .with_message("log")
    }

    /// A bar over so many bytes, where that is known.
    pub fn bytes(self, name: &'static str, total: Option<u64>) -> ProgressBar {
        self.bar(total, "{msg:16} {wide_bar} {bytes}/{total_bytes}, {eta} left")
            .with_message(name)
    }

    fn bar(self, total: Option<u64>, template: &str) -> ProgressBar {
        if self.hidden {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
