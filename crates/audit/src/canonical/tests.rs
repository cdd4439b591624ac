use proptest::prelude::*;
use serde_json::json;

use super::*;

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// Computed with Python's `hashlib` and `json.dumps(…, sort_keys=True, separators=(",", ":"))`.
#[test]
fn hashes_that_another_language_computed() {
    let first = Hashed {
        prev: "",
        created_at: at("2026-03-01T12:00:00Z"),
        actor_user_id: None,
        action: "command.migrate",
        object_type: "command",
        object_id: "migrate",
        metadata: &Map::new(),
    }
    .hash();
    assert_eq!(
        first,
        "fa23bb029fd66b3aa7b9c0326f429edf1211e3aa2f21481f20fe2e6fc8d74590"
    );
    let metadata = map(json!({
        "groups": ["ä", "🙂", "\u{7f}\u{1}\u{8}\u{c}\n\r\t\"\\/"],
        "b": null,
        "a": { "z": true, "é": i64::MIN, "A": u64::MAX, "𐀀": [], "\u{ffff}": {} },
    }));
    let second = Hashed {
        prev: &first,
        created_at: at("2026-03-01T12:00:00.000120Z"),
        actor_user_id: Some(UserId(46_651_940_456_704)),
        action: "apply.user",
        object_type: "user",
        object_id: "46651940456705",
        metadata: &metadata,
    };
    assert_eq!(
        second.canonical(),
        r#"{"action":"apply.user","actor_user_id":"46651940456704","created_at":"2026-03-01T12:00:00.000120+00:00","metadata":{"a":{"A":18446744073709551615,"z":true,"\u00e9":-9223372036854775808,"\uffff":{},"\ud800\udc00":[]},"b":null,"groups":["\u00e4","\ud83d\ude42","\u007f\u0001\b\f\n\r\t\"\\/"]},"object_id":"46651940456705","object_type":"user","prev":"fa23bb029fd66b3aa7b9c0326f429edf1211e3aa2f21481f20fe2e6fc8d74590"}"#
    );
    assert_eq!(
        second.hash(),
        "7abc1685d516d09d99e52398ad3d763c0ab4e3e7d564b42d68a39808a6016cfa"
    );
}

/// What metadata may hold: no numbers but integers.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_form_is_the_same_object_in_ascii_and_the_same_again(
        entries in prop::collection::vec((any::<String>(), value()), 0..5)
    ) {
        let original: Map<String, Value> = entries.into_iter().collect();
        let form = object(&original);
        prop_assert!(form.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", form);
        let read: Map<String, Value> = serde_json::from_str(&form).expect("is JSON");
        prop_assert_eq!(&read, &original);
        prop_assert_eq!(object(&read), form);
    }

    #[test]
    fn keys_come_in_the_order_of_their_code_points(keys in prop::collection::hash_set("[ab\u{e9}\u{ffff}\u{10000}]{1,3}", 0..6)) {
        let map: Map<String, Value> = keys.iter().map(|key| (key.clone(), Value::Null)).collect();
        let form = object(&map);
        let mut sorted: Vec<Vec<char>> = keys.iter().map(|key| key.chars().collect()).collect();
        sorted.sort();
        let places: Vec<Option<usize>> = sorted
            .iter()
            .map(|key| {
                let mut name = String::new();
                write_text(&mut name, &key.iter().collect::<String>());
                form.find(&format!("{name}:"))
            })
            .collect();
        prop_assert!(places.is_sorted(), "{}: {:?}", form, places);
    }
}
