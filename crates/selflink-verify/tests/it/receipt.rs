//! `receipt`.

use std::fs;

use crate::fixture::{Publisher, period, run};

#[test]
fn a_receipt_is_made_and_holds_without_the_log() {
    let mut publisher = Publisher::january(600);
    let file = publisher.file("mine.tlog-proof");
    let (file, key) = (file.to_str().unwrap(), publisher.key());
    for index in ["0", "255", "256", "602"] {
        run(&["receipt", file, "--source", publisher.path(), "--make", index])
            .is(0, &format!("ok    entry {index} of kind"));
        let outcome = run(&["receipt", file, "--key", &key, "--json"]);
        outcome.is(0, "of log.example/rewards as signed with 603 entries");
        assert_eq!(outcome.json()["facts"]["index"].to_string(), index);
    }
    publisher.close(period("2025-02"));
    publisher.publish();
    run(&["receipt", file, "--source", publisher.path()]).is(0, "now extends the receipt's");
    let other = Publisher::january(700);
    run(&["receipt", file, "--source", other.path()]).is(1, "does not extend the receipt's");
    let behind = Publisher::january(20);
    run(&["receipt", file, "--source", behind.path()]).is(2, "the source is behind");
}

#[test]
fn what_is_no_receipt_proves_nothing() {
    let publisher = Publisher::january(30);
    let file = publisher.file("mine.tlog-proof");
    let (name, key) = (file.to_str().unwrap(), publisher.key());
    run(&["receipt", name, "--key", &key]).is(2, "mine.tlog-proof");
    run(&["receipt", name]).is(2, "which log?");
    run(&["receipt", name, "--source", publisher.path(), "--make", "99"]).is(2, "none at 99");
    run(&["receipt", name, "--source", publisher.path(), "--make", "3"]).is(0, "VERIFIED");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, right.replace("index 3", "index 4")).unwrap();
    run(&["receipt", name, "--key", &key]).is(2, "the receipt proves nothing");
    fs::write(&file, "hello").unwrap();
    run(&["receipt", name, "--key", &key]).is(2, "this is not a receipt");
    assert_eq!(run(&["receipt", name, "--make", "3"]).status, 2);
}
