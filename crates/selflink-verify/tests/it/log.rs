//! `log` and `diff`.

use std::fs;

use ledger::EventId;
use ledger::entry::{Entry, Link};

use crate::fixture::{Publisher, copy, period, row, run};

#[test]
fn a_right_log_is_verified() {
    let publisher = Publisher::january(600);
    let (key, witness) = (publisher.key(), publisher.witness());
    let outcome = run(&["log", publisher.path(), "--key", &key, "--witness", &witness]);
    outcome.is(0, "ok    all 603 entries hash to the signed root");
    outcome.is(0, "signed by witness witness.example/w at 1740000000");
    outcome.is(0, "1 closed months");
    let json = run(&["log", publisher.path(), "--json"]).json();
    assert_eq!(
        (&json["result"], &json["facts"]["entries"]["event"]),
        (&"verified".into(), &601.into())
    );
    assert_eq!(json["facts"]["closed_months"][0], "2025-01");
    assert!(
        json["warnings"][0]
            .as_str()
            .unwrap()
            .contains("key came from the source")
    );
    let key_file = publisher.file("log/key");
    run(&["log", publisher.path(), "--key", key_file.to_str().unwrap()]).is(0, "VERIFIED");
}

#[test]
fn an_empty_log_is_verified() {
    let mut publisher = Publisher::new();
    publisher.publish();
    run(&["log", publisher.path()]).is(0, "all 0 entries");
}

#[test]
fn what_cannot_be_checked_is_said_so() {
    let publisher = Publisher::january(5);
    run(&["log", "/nowhere/at/all"]).is(2, "COULD NOT CHECK: /nowhere/at/all");
    run(&["log", publisher.path(), "--key", &publisher.witness()]).is(2, "is the key of a witness");
    run(&["log", publisher.path(), "--key", "log.example+00000000+AAAA"]).is(2, "this is not a key");
    run(&[
        "log",
        publisher.path(),
        "--witness",
        &publisher.witness(),
        "--quorum",
        "2",
    ])
    .is(2, "quorum of 2");
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    run(&["log", publisher.path(), "--key", other]).is(2, "not signed by PeterNeumann");
    fs::remove_file(publisher.file("log/tile/0/000.p/8")).unwrap();
    run(&["log", publisher.path()]).is(2, "tile/0/000.p/8");
    run(&["log", publisher.path(), "--save", "/tmp/x"]).is(2, "--save is for servers");
    assert_eq!(run(&["log"]).status, 2);
    assert_eq!(run(&["--help"]).status, 0);
}

#[test]
fn a_full_tile_has_what_a_partial_one_had() {
    let mut publisher = Publisher::january(100);
    let old = fs::read(publisher.file("log/checkpoint")).unwrap();
    // The log goes on into another month: January is closed.
    for id in 1_000..1_300 {
        let mut event = row(id, 1, 1);
        event.occurred_at = ledger::Timestamp::from_unix_micros(1_740_000_000_000_000 + id).unwrap();
        publisher.event(&event);
    }
    publisher.publish();
    fs::remove_dir_all(publisher.file("log/tile/0/000.p")).unwrap();
    fs::remove_dir_all(publisher.file("log/tile/entries/000.p")).unwrap();
    publisher.write("log/checkpoint", &old);
    run(&["log", publisher.path()]).is(0, "all 103 entries");
}

#[test]
fn events_in_closed_months_are_found() {
    let mut publisher = Publisher::january(5);
    publisher.log(&row(77, 1, 1));
    publisher.publish();
    run(&["log", publisher.path()]).is(1, "event 77 is dated 2025-01, which entry 6 closed");
    run(&["month", publisher.path(), "2025-01"]).is(1, "event 77 is dated 2025-01, which entry 6 closed");
}

#[test]
fn events_logged_twice_are_found() {
    let mut publisher = Publisher::new();
    publisher.event(&row(3, 1, 1));
    publisher.log(&row(3, 1, 1));
    publisher.close(period("2025-01"));
    publisher.publish();
    run(&["log", publisher.path()]).is(1, "entry 1: event 3 was logged before");
    run(&["month", publisher.path(), "2025-01"]).is(1, "twice in the log: 3,1,pr_merged,1,");
}

#[test]
fn months_closed_twice_are_found() {
    let mut publisher = Publisher::january(5);
    publisher.close(period("2025-01"));
    publisher.publish();
    run(&["log", publisher.path()]).is(1, "2025-01 was closed by entry 6 already");
    run(&["month", publisher.path(), "2025-01"]).is(1, "entries 8 and 6 both close 2025-01");
}

#[test]
fn pending_merges_are_linked_once() {
    let mut publisher = Publisher::january(5);
    let link = Entry::Link(Link {
        pending_index: 5,
        event_id: EventId(6),
    });
    publisher.add(&link);
    publisher.publish();
    run(&["log", publisher.path()]).is(0, "VERIFIED");
    publisher.add(&link);
    publisher.publish();
    run(&["log", publisher.path()]).is(1, "entry 9: entry 5 is no pending merge that is still unlinked");
}

#[test]
fn entries_of_later_kinds_are_counted_and_other_forms_refused() {
    let mut publisher = Publisher::january(5);
    publisher.entries.push(br#"{"kind":"bounty","v":1}"#.to_vec());
    publisher.publish();
    run(&["log", publisher.path()]).is(0, "\"of kinds that came later\":1");
    publisher.entries.push(br#"{"kind": "bounty","v":1}"#.to_vec());
    publisher.publish();
    run(&["log", publisher.path()]).is(1, "entry 9: not in the one form");
    let mut later = Publisher::january(5);
    later.entries.push(br#"{"kind":"bounty","v":2}"#.to_vec());
    later.publish();
    run(&["log", later.path()]).is(2, "version 2");
}

#[test]
fn a_log_extends_an_earlier_checkpoint_or_is_found_out() {
    let mut publisher = Publisher::january(300);
    let earlier = copy(publisher.folder.path());
    let since = earlier.path().join("log/checkpoint");
    let since = since.to_str().unwrap();
    publisher.close(period("2025-02"));
    publisher.publish();
    run(&["log", publisher.path(), "--since", since]).is(0, "extends the earlier checkpoint of 303 entries");
    let now = publisher.file("log/checkpoint");
    run(&[
        "log",
        earlier.path().to_str().unwrap(),
        "--since",
        now.to_str().unwrap(),
    ])
    .is(2, "the source is behind");
    // Another history with the same key.
    let mut other = Publisher::january(299);
    other.close(period("2025-02"));
    other.close(period("2025-03"));
    other.publish();
    run(&["log", other.path(), "--since", since]).is(1, "the first 303 entries were others");
}

#[test]
fn two_views_are_compared() {
    let mut publisher = Publisher::january(300);
    let earlier = copy(publisher.folder.path());
    let earlier = earlier.path().to_str().unwrap();
    run(&["diff", earlier, publisher.path()]).is(0, "both views are the same");
    publisher.close(period("2025-02"));
    publisher.close(period("2025-03"));
    publisher.publish();
    for order in [[earlier, publisher.path()], [publisher.path(), earlier]] {
        let outcome = run(&["diff", order[0], order[1], "--limit", "1", "--json"]);
        outcome.is(0, "the view of 303 entries is the beginning of the one of 305");
        let facts = &outcome.json()["facts"];
        assert_eq!(facts["added"]["period"], 2);
        assert_eq!(facts["entries"].as_array().unwrap().len(), 1);
        assert_eq!(
            (
                &facts["entries"][0]["index"],
                &facts["entries"][0]["entry"]["period"]
            ),
            (&303.into(), &"2025-02".into())
        );
    }
    let other = Publisher::january(301);
    run(&["diff", earlier, other.path()]).is(1, "the log shows two histories");
    let mut same_size = Publisher::january(299);
    same_size.close(period("2025-02"));
    same_size.publish();
    run(&["diff", earlier, same_size.path()]).is(1, "the log shows two histories: it signed the roots");
}
