//! How long a large month takes: `cargo test --release -p selflink-verify -- --ignored --nocapture million`.

use std::time::Instant;

use crate::fixture::{Publisher, period, row, run};

#[test]
#[ignore = "makes about 1 GB of files; for measuring"]
fn a_million_events_of_a_hundred_thousand_contributors() {
    let mut publisher = Publisher::new();
    for id in 1..=1_000_000 {
        publisher.event(&row(id, 1 + id * 7919 % 100_000, id % 13 + 1));
    }
    publisher.close(period("2025-01"));
    publisher.publish();
    for args in [
        &["month", publisher.path(), "2025-01"][..],
        &["month", publisher.path(), "2025-01", "--quick"],
        &["log", publisher.path()],
    ] {
        let start = Instant::now();
        run(args).is(0, "VERIFIED");
        println!(
            "{} {}: {:.2?}",
            args[0],
            args.get(3).unwrap_or(&""),
            start.elapsed()
        );
    }
}
