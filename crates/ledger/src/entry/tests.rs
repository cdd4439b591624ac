use proptest::prelude::*;

use super::*;
use crate::Zone;

fn event() -> Event {
    Event {
        event_id: EventId(9_007_199_254_740_993),
        contributor: ContributorId(42),
        event_type: EventType::PrMerged,
        points: 10,
        occurred_at: Timestamp::parse("2025-01-02T03:04:05.000006Z", Zone::Zulu).unwrap(),
        reference: "PR-7".to_owned(),
        ruleset: "v1".to_owned(),
        payload_sha256: Some(Hash::empty()),
    }
}

fn every_kind() -> Vec<Entry> {
    let period: Period = "2025-01".parse().unwrap();
    let (event_id, contributor) = (EventId(1), ContributorId(2));
    vec![
        Entry::Event(event()),
        Entry::Event(Event {
            payload_sha256: None,
            points: -3,
            reference: "é\"\n\u{1}".to_owned(),
            ..event()
        }),
        Entry::Pending(Pending {
            reference: "PR-8".to_owned(),
            payload_sha256: Hash::empty(),
        }),
        Entry::Link(Link {
            pending_index: 3,
            event_id,
        }),
        Entry::Correction(Correction {
            corrects: EventId(7),
            event_id,
        }),
        Entry::Period(Statement {
            period,
            revenue_cents: 100_000,
            costs_cents: 0,
            pool_percent: 50,
            pool_cents: 50_000,
            total_points: 25,
            total_events: 3,
            ledger_hash: Hash::empty(),
            allocations_sha256: Hash::empty(),
        }),
        Entry::Ruleset(RulesetEntry {
            ruleset: Ruleset::labels(),
        }),
        Entry::Payout(Payout {
            period,
            contributor,
            amount_cents: 5,
            status: PayoutStatus::Paid,
        }),
        Entry::Dispute(Dispute {
            dispute_id: EventId(4),
            period,
            event_id: None,
            status: DisputeStatus::Open,
        }),
    ]
}

#[test]
fn an_event_has_one_form() {
    let empty = Hash::empty();
    assert_eq!(
        String::from_utf8(Entry::Event(event()).to_bytes().unwrap()).unwrap(),
        format!(
            "{{\"contributor\":\"42\",\"event_id\":\"9007199254740993\",\"event_type\":\"pr_merged\",\"kind\":\"event\",\
             \"occurred_at\":\"2025-01-02T03:04:05.000006Z\",\"payload_sha256\":\"{empty}\",\"points\":10,\
             \"reference\":\"PR-7\",\"ruleset\":\"v1\",\"v\":1}}"
        )
    );
}

#[test]
fn every_kind_comes_back() {
    for entry in every_kind() {
        let bytes = entry.to_bytes().unwrap();
        assert_eq!(Entry::parse(&bytes), Ok(entry.clone()));
        assert_eq!(
            bytes,
            entry.to_json().unwrap().into_bytes(),
            "by hand and by serde"
        );
        assert!(KINDS.contains(&entry.kind()));
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["kind"], entry.kind());
    }
}

#[test]
fn other_forms_are_refused() {
    let text = String::from_utf8(every_kind()[2].to_bytes().unwrap()).unwrap();
    let parse = |text: &str| Entry::parse(text.as_bytes()).unwrap_err();
    for other in [
        text.replace(',', ", "),
        text.replace(",\"v\":1", ""),
        text.replace("\"v\":1", "\"v\":1.0"),
        text.replace("\"v\":1", "\"v\":1,\"w\":2"),
        text.replace("PR-8", "PR-\\u0038"),
        text.replace("{\"kind\":\"pending\",", "{")
            .replace("\"v\":1", "\"kind\":\"pending\",\"v\":1"),
        format!("{text}\n"),
        format!(" {text}"),
    ] {
        assert_eq!(parse(&other), EntryError::NotCanonical, "{other}");
    }
    assert_eq!(
        parse(&text.replace("\"v\":1", "\"v\":2")),
        EntryError::Version("2".to_owned())
    );
    assert_eq!(
        parse(&text.replace("pending", "penalty")),
        EntryError::Kind("penalty".to_owned())
    );
    for broken in ["", "{", "[]", "null", "{\"kind\":\"event\",\"v\":1}", "{\"v\":1}"] {
        assert!(
            matches!(parse(broken), EntryError::Format(_) | EntryError::NotCanonical),
            "{broken}"
        );
    }
    let long = Event {
        reference: "x".repeat(MAX_ENTRY),
        ..event()
    };
    assert!(matches!(
        Entry::Event(long).to_bytes(),
        Err(EntryError::Length(_))
    ));
}

#[test]
fn a_statement_says_whether_its_pool_is_right() {
    let Entry::Period(statement) = every_kind().remove(5) else {
        panic!("the sixth is a month")
    };
    assert!(statement.pool_is_right());
    assert!(
        !Statement {
            pool_cents: 50_001,
            ..statement.clone()
        }
        .pool_is_right()
    );
    assert!(
        !Statement {
            pool_percent: 101,
            ..statement
        }
        .pool_is_right()
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Entry::parse(&bytes);
    }

    #[test]
    fn no_altered_entry_panics_or_passes_as_the_same(at in 0..320_usize, bit in 0..8_u32, which in 0..9_usize) {
        let entry = every_kind().remove(which);
        let mut bytes = entry.to_bytes().unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert_ne!(Entry::parse(&bytes), Ok(entry));
    }

    #[test]
    fn every_reference_comes_back(reference in any::<String>(), points in any::<i64>(), id in any::<i64>()) {
        let entry = Entry::Event(Event { reference, points, event_id: EventId(id), ..event() });
        prop_assert_eq!(Entry::parse(&entry.to_bytes().unwrap()), Ok(entry));
    }
}
