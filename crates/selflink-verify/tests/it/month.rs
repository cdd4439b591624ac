//! `month`.

use std::fs;

use ledger::Hash;

use crate::fixture::{Publisher, period, row, run};

#[test]
fn the_worked_example_with_its_numbers() {
    let mut publisher = Publisher::new();
    for (id, contributor, points) in [(1, 31, 13), (2, 32, 8), (3, 33, 4)] {
        publisher.event(&row(id, contributor, points));
    }
    publisher.close(period("2025-01"));
    publisher.publish();
    let shares = fs::read_to_string(publisher.file("periods/2025-01/allocations.csv")).unwrap();
    assert_eq!(
        shares,
        "contributor_id,points,amount_cents\r\n31,13,26000\r\n32,8,16000\r\n33,4,8000\r\n"
    );
    let outcome = run(&[
        "month",
        publisher.path(),
        "2025-01",
        "--contributor",
        "32",
        "--json",
    ]);
    outcome.is(0, "pool of 50000 cents and 3 shares are what the events give");
    let facts = &outcome.json()["facts"];
    assert_eq!(
        facts["share"],
        serde_json::json!({"contributor": "32", "points": 8, "amount_cents": 16000})
    );
    assert_eq!(facts["log_index"], 3);
    run(&["month", publisher.path(), "2025-01", "--contributor", "34"]).is(2, "contributor 34 has no events");
}

#[test]
fn a_right_month_is_verified() {
    let mut publisher = Publisher::january(600);
    publisher.close(period("2024-12"));
    publisher.publish();
    let snapshot = publisher.file("snapshots/2025-01");
    let snapshot = snapshot.to_str().unwrap();
    let outcome = run(&[
        "month",
        publisher.path(),
        "2025-01",
        "--key",
        &publisher.key(),
        "--snapshot",
        snapshot,
    ]);
    outcome.is(0, "exactly the events that were logged for it");
    outcome.is(0, "the operator's snapshot and manifest are those of the month");
    run(&["month", publisher.path(), "2025-01", "--quick"]).is(0, "note  the log was not read");
    run(&["month", publisher.path(), "2024-12"]).is(0, "0 events with 0 points");
    run(&["month", publisher.path(), "2025-03"]).is(2, "periods/2025-03/index.json is not there");
    assert_eq!(run(&["month", publisher.path(), "2025-3"]).status, 2);
}

#[test]
fn events_that_were_not_logged_are_found() {
    let mut publisher = Publisher::new();
    (1..50).for_each(|id| publisher.event(&row(id, 1, 2)));
    publisher.slip_in(row(50, 2, 9));
    publisher.close(period("2025-01"));
    publisher.publish();
    let outcome = run(&["month", publisher.path(), "2025-01"]);
    outcome.is(1, "ledger.csv has 50 events, the log 49");
    outcome.is(1, "only in ledger.csv: 50,2,pr_merged,9,");
    outcome.is(1, "only in the log: none");
    run(&["log", publisher.path()]).is(1, "50 events with 107 points are stated, there are 49 with 98");
}

#[test]
fn events_that_were_changed_are_found() {
    let mut publisher = Publisher::new();
    publisher.slip_in(row(1, 2, 9));
    publisher.log(&row(1, 3, 9));
    publisher.close(period("2025-01"));
    publisher.publish();
    let outcome = run(&["month", publisher.path(), "2025-01"]);
    outcome.is(1, "only in ledger.csv: 1,2,");
    outcome.is(1, "only in the log: 1,3,");
    run(&["log", publisher.path()]).is(1, "the stated allocations");
}

#[test]
fn wrong_statements_are_found() {
    for (change, words) in [
        (
            (|statement| statement.pool_cents += 1) as fn(&mut ledger::entry::Statement),
            "is not 50 % of 100001 less 1",
        ),
        (|statement| statement.total_points += 1, "are stated, there are"),
        (|statement| statement.total_events += 1, "are stated, there are"),
        (
            |statement| statement.allocations_sha256 = Hash::empty(),
            "the stated allocations",
        ),
        (
            |statement| statement.ledger_hash = Hash::empty(),
            "the stated one is e3b0",
        ),
    ] {
        let mut publisher = Publisher::new();
        publisher.event(&row(1, 2, 9));
        publisher.close_as(period("2025-01"), change);
        publisher.publish();
        run(&["month", publisher.path(), "2025-01"]).is(1, words);
        // The log has no metadata, so it cannot say anything about the ledger hash.
        assert_eq!(
            run(&["log", publisher.path()]).status,
            u8::from(!words.starts_with("the stated one"))
        );
    }
}

#[test]
fn another_statement_than_the_logged_one_is_found() {
    let publisher = Publisher::january(20);
    let name = "periods/2025-01/index.json";
    let right = fs::read_to_string(publisher.file(name)).unwrap();
    publisher.write(
        name,
        right
            .replace("\"revenue_cents\":100001", "\"revenue_cents\":200001")
            .as_bytes(),
    );
    run(&["month", publisher.path(), "2025-01"]).is(1, "the statement is not entry 21 of the log");
    publisher.write(
        name,
        right.replace("\"log_index\":21", "\"log_index\":99").as_bytes(),
    );
    run(&["month", publisher.path(), "2025-01"]).is(2, "does not cover entry 99");
    publisher.write(name, b"{}");
    run(&["month", publisher.path(), "2025-01"]).is(2, "the document about 2025-01");
    let other = right.replace("2025-01", "2025-02");
    publisher.write(name, other.as_bytes());
    run(&["month", publisher.path(), "2025-01"]).is(1, "asked for 2025-01, got 2025-02");
}
