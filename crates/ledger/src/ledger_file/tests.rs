use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Zone::Offset).unwrap()
}

fn period() -> Period {
    "2025-01".parse().unwrap()
}

fn rows() -> Vec<Row> {
    let Value::Object(metadata) = json!({"b": "é😀", "a": {"n": 1, "t": null}, "c": "x, \"y\"\r\n"})
    else {
        panic!("an object")
    };
    let row = |id, contributor, event_type, points, time| {
        Row::new(
            EventId(id),
            ContributorId(contributor),
            event_type,
            points,
            at(time),
        )
    };
    let first = row(5, 7, EventType::PrMerged, 10, "2025-01-01T00:00:00+00:00");
    let second = row(9, 8, EventType::Penalty, -3, "2025-01-31T23:59:59.999999+00:00");
    vec![
        Row {
            reference: "PR-1".to_owned(),
            ..first
        }
        .with_metadata(&metadata),
        Row {
            reference: "a, \"b\"\nü".to_owned(),
            ..second
        },
    ]
}

fn write(rows: &[Row]) -> (Vec<u8>, Summary) {
    let mut file = Vec::new();
    let mut writer = LedgerWriter::new(&mut file, period()).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    let summary = writer.finish().unwrap();
    (file, summary)
}

fn read(file: &[u8]) -> Result<Vec<Row>, CsvError> {
    let mut reader = LedgerReader::new(file)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

/// The hash is the one that Python's csv, json and hashlib modules compute from this file.
#[test]
fn the_file_and_its_hash_are_those_of_the_contract() {
    let (file, summary) = write(&rows());
    let metadata =
        r#""{""a"": {""n"": 1, ""t"": null}, ""b"": ""\u00e9\ud83d\ude00"", ""c"": ""x, \""y\""\r\n""}""#;
    assert_eq!(
        String::from_utf8(file.clone()).unwrap(),
        format!(
            "id,contributor_id,event_type,points,occurred_at,reference,metadata\r\n\
             5,7,pr_merged,10,2025-01-01T00:00:00+00:00,PR-1,{metadata}\r\n\
             9,8,penalty,-3,2025-01-31T23:59:59.999999+00:00,\"a, \"\"b\"\"\nü\",{{}}\r\n"
        )
    );
    assert_eq!(summary.csv_sha256, Hash::of(&file));
    assert_eq!(
        summary.ledger_hash.to_string(),
        "f2d6ef01ce6ee3110f24836f1dca1d3900987129e5144fdd7e7d444de287f07f"
    );
    assert_eq!((summary.totals.events(), summary.totals.points()), (2, 7));
    assert_eq!(read(&file).unwrap(), rows());
}

#[test]
fn a_month_without_events_has_the_hash_of_nothing() {
    let (file, summary) = write(&[]);
    assert_eq!(summary.ledger_hash, Hash::empty());
    assert_eq!(read(&file).unwrap(), []);
}

#[test]
fn events_of_other_months_and_in_other_orders_are_refused() {
    let mut tally = Tally::new(period());
    let [first, second] = <[Row; 2]>::try_from(rows()).unwrap();
    let next_month = Row {
        occurred_at: at("2025-02-01T00:00:00+00:00"),
        ..second.clone()
    };
    assert!(matches!(tally.add(&next_month), Err(LedgerError::Period { .. })));
    tally.add(&second).unwrap();
    for row in [&first, &second] {
        assert_eq!(tally.add(row), Err(LedgerError::Order(row.id)));
    }
    let same_time = Row {
        id: EventId(10),
        points: i64::MAX,
        ..second
    };
    tally
        .add(&Row {
            points: 0,
            ..same_time.clone()
        })
        .unwrap();
    tally
        .add(&Row {
            id: EventId(11),
            points: 3,
            ..same_time.clone()
        })
        .unwrap();
    tally
        .add(&Row {
            id: EventId(12),
            ..same_time.clone()
        })
        .unwrap();
    let full = Row {
        id: EventId(13),
        ..same_time
    };
    assert_eq!(
        tally.add(&full),
        Err(LedgerError::Overflow(EventId(13), Overflow))
    );
}

#[test]
fn rows_in_another_form_are_refused() {
    let row = "5,7,bonus,10,2025-01-01T00:00:00+00:00,,{}\r\n";
    assert_eq!(read(format!("{HEADER}{row}").as_bytes()).unwrap().len(), 1);
    for (from, to) in [
        ("5,7", "05,7"),
        ("5,7", "+5,7"),
        ("5,7", "-0,7"),
        ("bonus", "Bonus"),
        ("10", "1e1"),
        ("+00:00", "Z"),
        ("+00:00", ".000000+00:00"),
        ("{}", "[]"),
        ("{}", "{ }"),
        ("{}", ""),
        ("{}", "\"{\"\"b\"\": 1, \"\"a\"\": 2}\""),
        ("{}", "\"{\"\"a\"\":1}\""),
        ("{}", "\"{\"\"a\"\": \"\"é\"\"}\""),
        ("{}", "\"{\"\"a\"\": 1.50}\""),
        ("{}", "\"{\"\"a\"\": 1, \"\"a\"\": 1}\""),
        ("7,bonus", "9223372036854775808,bonus"),
    ] {
        assert!(
            read(format!("{HEADER}{}", row.replacen(from, to, 1)).as_bytes()).is_err(),
            "{to}"
        );
    }
}

proptest! {
    #[test]
    fn rows_come_back(
        fields in proptest::collection::btree_map((0..86_400_i64, any::<i64>()), (any::<i64>(), -1000..1000_i64, any::<String>(), any::<String>(), 0..5_usize), 0..9)
    ) {
        let rows: Vec<Row> = fields.into_iter().map(|((second, id), (contributor, points, reference, key, kind))| {
            let at = Timestamp::from_unix_micros((1_735_689_600 + second) * 1_000_000 + second).unwrap();
            let metadata = Map::from_iter([(key.clone(), json!([key, points, 0.5]))]);
            let row = Row::new(EventId(id), ContributorId(contributor), EventType::ALL[kind], points, at);
            Row { reference, ..row }.with_metadata(&metadata)
        }).collect();
        let (file, summary) = write(&rows);
        let read = read(&file).unwrap();
        prop_assert_eq!(&read, &rows);
        let mut tally = Tally::new(period());
        for row in &read {
            tally.add(row).unwrap();
        }
        prop_assert_eq!(tally.finish(), (summary.totals, summary.ledger_hash));
    }

    #[test]
    fn no_row_panics(row in "([0-9,\"{}:+TZ-]|\r\n|é)*") {
        let _ = read(format!("{HEADER}{row}").as_bytes());
    }
}
