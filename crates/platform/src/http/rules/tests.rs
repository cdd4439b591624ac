//! Rules, each with what it takes and what it refuses.

use chrono::{NaiveDate, NaiveTime};
use serde_json::json;

use super::{moments::*, text::*, *};

fn refused<R: Rule>(rule: &R, value: &Value) -> Vec<String> {
    rule.check(value).err().unwrap_or_default()
}

#[test]
fn texts() {
    assert_eq!(text().check(&json!("  a ")), Ok("a".to_owned()));
    assert_eq!(text().check(&json!(1.5)), Ok("1.5".to_owned()));
    assert_eq!(refused(&text(), &json!(true)), ["Not a valid string."]);
    assert_eq!(refused(&text(), &json!(" ")), ["This field may not be blank."]);
    assert_eq!(
        refused(&text().max(2), &json!("äöü")),
        ["Ensure this field has no more than 2 characters."]
    );
    assert_eq!(
        refused(&text().min(2), &json!("ä")),
        ["Ensure this field has at least 2 characters."]
    );
    assert_eq!(
        refused(&text(), &json!("a\0")),
        ["Null characters are not allowed."]
    );
    assert_eq!(
        refused(&text(), &json!("a\0\u{ffff}D800 b")),
        ["Surrogate characters are not allowed: U+D800."]
    );
}

#[test]
fn email_addresses() {
    for good in [
        "a@example.com",
        "a.b+c@sub.example.org",
        "x@münchen.de",
        "O'Brien@example.co.uk",
    ] {
        assert!(is_email(good), "{good}");
    }
    for bad in [
        "plain",
        "a@b",
        "a b@example.com",
        "@example.com",
        "a@example.com\n.evil",
        "123",
        "a..b@example.com",
        "a@-x.com",
        "a@x.1",
    ] {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn urls() {
    for good in [
        "https://cdn.example.com/p.png",
        "http://localhost:8000/x",
        "ftp://10.0.0.1/a",
    ] {
        assert!(is_url(good), "{good}");
    }
    for bad in [
        "javascript:alert(1)",
        "https://",
        "https://nodot/",
        "x",
        "https://a b.com",
        "data:text/html,x",
    ] {
        assert!(!is_url(bad), "{bad}");
    }
}

#[test]
fn integers() {
    assert_eq!(
        integer().check(&json!("9007199254740993")),
        Ok(9_007_199_254_740_993)
    );
    assert_eq!(integer().check(&json!(3.0)), Ok(3));
    assert_eq!(integer().check(&json!(1e3)), Ok(1000));
    let too_much = ["Ensure this value is less than or equal to 9223372036854775807."];
    assert_eq!(refused(&integer(), &json!(1e30)), too_much);
    assert_eq!(
        refused(
            &integer(),
            &json!("99999999999999999999999999999999999999999999999")
        ),
        too_much
    );
    for bad in [json!("x"), json!(1.5), json!(true), json!([1]), json!("")] {
        assert_eq!(
            refused(&integer(), &bad),
            ["A valid integer is required."],
            "{bad}"
        );
    }
}

#[test]
fn dates_and_times() {
    assert_eq!(parse_date("1990-2-3"), NaiveDate::from_ymd_opt(1990, 2, 3));
    for bad in [
        "1990-02-30",
        "1990-02-03T00:00:00Z",
        "90-1-1",
        "0000-01-01",
        "",
        "1990-+1-01",
    ] {
        assert_eq!(parse_date(bad), None, "{bad}");
    }
    assert_eq!(parse_time("4:5"), NaiveTime::from_hms_opt(4, 5, 0));
    assert_eq!(
        parse_time("04:05:06.123456"),
        NaiveTime::from_hms_micro_opt(4, 5, 6, 123_456)
    );
    assert_eq!(
        parse_time("04:05:06.1+02:00"),
        NaiveTime::from_hms_micro_opt(4, 5, 6, 100_000)
    );
    for bad in ["24:00", "1", "1:2:3:4", "a:b", "01:02:03.", "01:02+x", "01:02:ü"] {
        assert_eq!(parse_time(bad), None, "{bad}");
    }
}

#[test]
fn timestamps() {
    let read = |sent: &str| {
        let moment = timestamp().check(&json!(sent)).ok();
        moment.map(|moment| moment.to_rfc3339())
    };
    for (sent, moment) in [
        ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05+00:00"),
        ("2030-01-02T03:04:05.1234567z", "2030-01-02T03:04:05.123456+00:00"),
        (" 2030-01-02T03:04 ", "2030-01-02T03:04:00+00:00"),
        ("2030-01-02 03:04:05", "2030-01-02T03:04:05+00:00"),
        ("2030-01-02T03:04:05+02:00", "2030-01-02T01:04:05+00:00"),
        ("2030-01-02T03:04-0130", "2030-01-02T04:34:00+00:00"),
    ] {
        assert_eq!(read(sent).as_deref(), Some(moment), "{sent}");
    }
    for bad in [
        "",
        "2030-01-02",
        "2030-02-30T00:00",
        "soon",
        "2030-01-02T25:00",
        "12030-01-02T03:04",
        "ü",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
    assert!(timestamp().check(&json!(1_900_000_000)).is_err());
}

#[test]
fn days_first_and_whole_seconds() {
    let day = date().or_day_first();
    assert_eq!(
        day.check(&json!("3/02/1990")),
        Ok(parse_date("1990-02-03").expect("a day"))
    );
    assert!(day.check(&json!("1990-2-3")).is_ok());
    for bad in [
        "31/02/1990",
        "3/2/90",
        "3/2",
        "3/2/1990/1",
        "3-2-1990",
        "1990/02/03",
    ] {
        assert_eq!(
            refused(&day, &json!(bad)),
            ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD, DD/MM/YYYY."],
            "{bad}"
        );
    }
    let seconds = time().of_whole_seconds();
    assert!(seconds.check(&json!("4:05")).is_ok() && seconds.check(&json!("04:05:06")).is_ok());
    for bad in ["04:05:06.1", "04:05Z", "04:05+02:00", "25:00"] {
        assert_eq!(
            refused(&seconds, &json!(bad)),
            ["Time has wrong format. Use one of these formats instead: hh:mm, hh:mm:ss."],
            "{bad}"
        );
    }
}

#[test]
fn numbers() {
    let latitude = number().between(-90.0, 90.0);
    for (sent, number) in [
        (json!(41.7151), 41.7151),
        (json!("-90"), -90.0),
        (json!(90), 90.0),
    ] {
        assert_eq!(latitude.check(&sent), Ok(number));
    }
    for bad in [
        json!("north"),
        json!(true),
        json!("NaN"),
        json!("inf"),
        json!("1e999"),
        json!([1]),
        json!(""),
    ] {
        assert_eq!(refused(&latitude, &bad), ["A valid number is required."], "{bad}");
    }
    assert_eq!(
        refused(&latitude, &json!(90.5)),
        ["Ensure this value is less than or equal to 90."]
    );
    assert_eq!(
        refused(&latitude, &json!(-1e300)),
        ["Ensure this value is greater than or equal to -90."]
    );
}

#[derive(Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
enum Word {
    #[default]
    Compact,
}

#[test]
fn choices_and_lists() {
    let word = choice::<Word>();
    assert!(word.check(&json!("compact")).is_ok());
    assert_eq!(
        refused(&word, &json!("no_such")),
        ["\"no_such\" is not a valid choice."]
    );
    assert_eq!(refused(&word, &json!("")), ["\"\" is not a valid choice."]);
    assert_eq!(refused(&word, &json!([1])), ["\"[1]\" is not a valid choice."]);
    assert_eq!(refused(&word, &json!("\0")), ["Null characters are not allowed."]);
    assert!(refused(&word, &json!("x".repeat(5000)))[0].len() < 200);
    let list = text_list("words", 2);
    assert_eq!(
        list.check(&json!(["a", ""])),
        Ok(vec!["a".to_owned(), String::new()])
    );
    for bad in [json!("a"), json!([1]), json!({"a": 1}), json!([null])] {
        assert_eq!(
            refused(&list, &bad),
            ["words must be a list of strings."],
            "{bad}"
        );
    }
    assert_eq!(
        refused(&list, &json!(["a", "b", "c"])),
        ["words must contain 2 items or fewer."]
    );
    assert_eq!(
        refused(&list, &json!(["a\0"])),
        ["Null characters are not allowed."]
    );
    assert_eq!(list.check_text("[\"a\"]"), Ok(vec!["a".to_owned()]));
    assert_eq!(
        list.check_text("a"),
        Err(vec!["Value must be valid JSON.".to_owned()])
    );
}

#[test]
fn any_json() {
    for value in [
        json!("text"),
        json!([1, null]),
        json!({"a": {"b": null}}),
        json!(5),
    ] {
        assert_eq!(json().check(&value), Ok(value.clone()));
        assert_eq!(json().check_text(&value.to_string()), Ok(value));
    }
    assert_eq!(
        json().check_text("null"),
        Err(vec!["This field may not be null.".to_owned()])
    );
    assert_eq!(
        json().check_text("{"),
        Err(vec!["Value must be valid JSON.".to_owned()])
    );
    assert_eq!(
        refused(&json(), &json!([{"b\0": 1}])),
        ["Null characters are not allowed."]
    );
}

#[test]
fn json_objects() {
    assert_eq!(refused(&json_object(), &json!([1])), ["Expected a JSON object."]);
    assert_eq!(
        refused(&json_object(), &json!({"a": [{"b\0": 1}]})),
        ["Null characters are not allowed."]
    );
    assert!(json_object().check_text("{\"start\":\"22:00\"}").is_ok());
    assert_eq!(
        json_object().check_text("{"),
        Err(vec!["Value must be valid JSON.".to_owned()])
    );
}

proptest::proptest! {
    #[test]
    fn no_text_crashes_a_rule(sent: String) {
        let value = json!(sent);
        let _ = (text().max(5).check(&value), email().check(&value), url().check(&value), boolean().check(&value));
        let _ = (integer().check(&value), date().check(&value), time().check(&value), timestamp().check(&value), json_object().check_text(&sent));
    }
}

#[test]
fn keys() {
    let id = |value: Value| primary_key().check(&value).map(|key| key.id);
    assert_eq!(id(json!(5)), Ok(Some(5)));
    assert_eq!(id(json!(" 12 ")), Ok(Some(12)));
    assert_eq!(id(json!("-3")), Ok(Some(-3)));
    let huge = primary_key().check(&json!(1e26)).expect("is a number");
    assert_eq!(huge.id, None);
    assert_eq!(
        huge.does_not_exist(),
        "Invalid pk \"100000000000000000000000000\" - object does not exist."
    );
    for (value, kind) in [
        (json!("abc"), "str"),
        (json!("1.5"), "str"),
        (json!("-"), "str"),
        (json!(true), "bool"),
        (json!(1.5), "float"),
        (json!([1]), "list"),
        (json!({}), "dict"),
    ] {
        let message = format!("Incorrect type. Expected pk value, received {kind}.");
        assert_eq!(refused(&primary_key(), &value), [message]);
    }
    assert_eq!(
        refused(&primary_key(), &json!("")),
        ["This field may not be null."]
    );
}
