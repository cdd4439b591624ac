//! How values are spelled, in answers and in bodies.

use serde_json::{Value, json};

use crate::support::{TestUser, start, user};

async fn taken(user: &TestUser, field: &str, sent: &Value) -> Value {
    let answer = user.client.patch("users/me/", &json!({ field: sent })).await;
    assert_eq!(answer.status, 200, "{field} = {sent}: {}", answer.text);
    answer.json()[field].clone()
}

async fn refused(user: &TestUser, field: &str, sent: &Value) -> Value {
    let answer = user.client.patch("users/me/", &json!({ field: sent })).await;
    assert_eq!(answer.status, 400, "{field} = {sent}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn texts() {
    let app = start().await;
    let ann = user(&app).await;
    for (sent, kept) in [
        (json!("  both ends \n"), json!("both ends")),
        (json!(42), json!("42")),
        (json!(1.5), json!("1.5")),
        (
            json!("<b>&amp;</b> \u{202e} ნინო 👩‍👩‍👧 e\u{301}"),
            json!("<b>&amp;</b> \u{202e} ნინო 👩‍👩‍👧 e\u{301}"),
        ),
        (json!("%s {} \\ ' \" ; --"), json!("%s {} \\ ' \" ; --")),
        (json!(" "), json!("")),
    ] {
        assert_eq!(taken(&ann, "bio", &sent).await, kept, "{sent}");
    }
    for sent in [json!(true), json!([]), json!({})] {
        assert_eq!(
            refused(&ann, "bio", &sent).await,
            json!({ "bio": ["Not a valid string."] })
        );
    }
    assert_eq!(
        refused(&ann, "bio", &json!(null)).await,
        json!({ "bio": ["This field may not be null."] })
    );
    app.stop().await;
}

#[tokio::test]
async fn answers_are_not_escaped_and_not_padded() {
    let app = start().await;
    let ann = user(&app).await;
    taken(&ann, "bio", &json!("ნინო </script>")).await;
    let text = ann.client.get("users/me/").await.text;
    assert!(
        text.contains(r#""bio":"ნინო </script>""#) && !text.contains(": "),
        "{text}"
    );
    app.stop().await;
}

#[tokio::test]
async fn booleans() {
    let app = start().await;
    let ann = user(&app).await;
    let spellings = [
        (
            true,
            vec![
                json!(true),
                json!(1),
                json!(1.0),
                json!("t"),
                json!("Y"),
                json!("YES"),
                json!("True"),
                json!("on"),
                json!("1"),
            ],
        ),
        (
            false,
            vec![
                json!(false),
                json!(0),
                json!("F"),
                json!("n"),
                json!("No"),
                json!("FALSE"),
                json!("off"),
                json!("0"),
            ],
        ),
    ];
    for (meaning, spellings) in spellings {
        for sent in spellings {
            let settings = taken(&ann, "settings", &json!({ "digest_enabled": sent })).await;
            assert_eq!(settings["digest_enabled"], meaning, "{sent}");
        }
    }
    for sent in [
        json!("maybe"),
        json!(2),
        json!(-1),
        json!([]),
        json!({}),
        json!(""),
    ] {
        assert_eq!(
            refused(&ann, "settings", &json!({ "digest_enabled": sent })).await,
            json!({ "settings": { "digest_enabled": ["Must be a valid boolean."] } }),
            "{sent}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn dates() {
    let app = start().await;
    let ann = user(&app).await;
    for (sent, kept) in [
        ("1990-02-03", "1990-02-03"),
        ("1990-2-3", "1990-02-03"),
        ("2000-02-29", "2000-02-29"),
        ("2999-12-31", "2999-12-31"),
        ("0001-01-01", "0001-01-01"),
    ] {
        assert_eq!(taken(&ann, "birth_date", &json!(sent)).await, kept);
    }
    assert_eq!(taken(&ann, "birth_date", &json!(null)).await, json!(null));
    for sent in [
        json!("1990-02-30"),
        json!("1990-02-03T00:00:00Z"),
        json!("03.02.1990"),
        json!(""),
        json!(19_900_203),
        json!(true),
        json!("99990-01-01"),
    ] {
        assert_eq!(
            refused(&ann, "birth_date", &sent).await,
            json!({ "birth_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."] }),
            "{sent}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn times_of_day() {
    let app = start().await;
    let ann = user(&app).await;
    for (sent, kept) in [
        ("4:5", "04:05:00"),
        ("04:05:06", "04:05:06"),
        ("04:05:06.5", "04:05:06.500000"),
        ("04:05:06.123456", "04:05:06.123456"),
        ("23:59:59.000001", "23:59:59.000001"),
        ("04:05Z", "04:05:00"),
        ("04:05:06+02:00", "04:05:06"),
        ("00:00", "00:00:00"),
    ] {
        assert_eq!(taken(&ann, "birth_time", &json!(sent)).await, kept, "{sent}");
        assert_eq!(ann.client.get("users/me/").await.expect(200)["birth_time"], kept);
    }
    assert_eq!(taken(&ann, "birth_time", &json!(null)).await, json!(null));
    for sent in [
        json!("24:00"),
        json!("4"),
        json!("04:05:60"),
        json!("noon"),
        json!(""),
        json!(405),
        json!("04:05:06 +02:00x"),
    ] {
        assert_eq!(
            refused(&ann, "birth_time", &sent).await,
            json!({ "birth_time": ["Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]]."] }),
            "{sent}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn moments_and_ids() {
    let app = start().await;
    let ann = user(&app).await;
    let me = ann.client.get("users/me/").await.expect(200);
    for name in ["created_at", "updated_at"] {
        let text = me[name].as_str().expect("is a text");
        assert!(
            text.ends_with('Z') && (text.len() == 20 || text.len() == 27),
            "{text}"
        );
        assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
    }
    assert!(me["id"].is_i64());
    assert_eq!(
        ann.client.get(&format!("users/0{}/", ann.id)).await.expect(200)["id"],
        me["id"]
    );
    app.stop().await;
}
