//! Whatever is written is read again exactly, and stays a value.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use platform::{db::Engine, testing::TestApp};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use reqwest::Url;
use sea_orm::{ConnectionTrait as _, DbErr, QueryResult, Statement, Value as Sql};
use serde_json::{Value, json};

use crate::support::user;

/// Texts that end a literal, begin a comment, or stand for something else, where they are not escaped.
const HOSTILE: &[&str] = &[
    "'; DROP TABLE users; --",
    "\\'; DROP TABLE users; --",
    "\\\\'; DROP TABLE users; --",
    "'); DELETE FROM users; SELECT ('",
    "''",
    "'",
    "\\",
    "ends with a backslash \\",
    "E'\\n'",
    "$1",
    "$2 and $3, $0, $99",
    "$$; DROP TABLE users; $$",
    "?",
    "?1 :a @b {} %s %",
    "\"quoted\" `name` [x]",
    "-- comment",
    "/* comment",
    "*/",
    "{\"a\": \"b'c\\\"d\\\\\"}",
    "line\nfeed\r\ttab",
    "\u{1}\u{8}\u{c}\u{1a}\u{1b}\u{7f}\u{80}\u{9f}",
    "\\0 \\x00 \\u0041 \\101",
    "\u{202e}txet\u{202c} \u{feff}e\u{301}\u{200d}",
    "\u{2019}\u{ff07}\u{02bc} \u{bf}\u{27} 縗'; --",
    "😀\u{10ffff}\u{e000}",
    "NULL",
    "TRUE",
    "x",
];

/// One row of every type of column that there is.
#[derive(Debug, Clone, PartialEq)]
struct Specimen {
    id: i64,
    text: String,
    json: Value,
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
    moment: DateTime<Utc>,
    truth: bool,
    nothing: Option<String>,
}

const COLUMNS: [&str; 8] = ["id", "t", "j", "d", "c", "m", "b", "n"];

impl Specimen {
    fn values(&self) -> [Sql; 8] {
        [
            self.id.into(),
            self.text.as_str().into(),
            self.json.clone().into(),
            self.day.into(),
            self.time.into(),
            self.moment.into(),
            self.truth.into(),
            self.nothing.clone().into(),
        ]
    }

    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get("", "id")?,
            text: row.try_get("", "t")?,
            json: row.try_get("", "j")?,
            day: row.try_get("", "d")?,
            time: row.try_get("", "c")?,
            moment: row.try_get("", "m")?,
            truth: row.try_get("", "b")?,
            nothing: row.try_get("", "n")?,
        })
    }
}

/// Texts of every kind, the known ones first.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::default();
    let noise = proptest::string::string_regex("['\"\\\\$?;{}0-9a-z\\n\\x01-\\x1f\u{80}-\u{10ffff}]{0,40}")
        .expect("is a pattern");
    let sample = |_| {
        let tree = noise.new_tree(&mut runner).expect("a text");
        tree.current()
    };
    let random: Vec<String> = (0..100).map(sample).collect();
    HOSTILE
        .iter()
        .map(|text| (*text).to_owned())
        .chain(random)
        .collect()
}

fn specimens() -> Vec<Specimen> {
    let numbers = [
        i64::MIN,
        i64::MAX,
        -1,
        0,
        i64::MIN + 1,
        (1 << 53) + 1,
        -(1 << 53) - 1,
    ];
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    let time = |text: &str| text.parse::<NaiveTime>().expect("a time");
    let moment = |text: &str| text.parse::<DateTime<Utc>>().expect("a moment");
    let days = [
        None,
        Some(day(1, 1, 1)),
        Some(day(9999, 12, 31)),
        Some(day(2024, 2, 29)),
    ];
    let times = [
        None,
        Some(time("00:00:00")),
        Some(time("23:59:59.999999")),
        Some(time("12:30:00.000001")),
    ];
    let moments = [
        moment("2026-01-02T03:04:05.000001Z"),
        moment("1969-12-31T23:59:59.999999Z"),
        moment("9999-12-31T23:59:59.999999Z"),
        moment("2024-02-29T00:00:00Z"),
    ];
    texts()
        .into_iter()
        .zip(0_i64..)
        .map(|(text, at)| {
            let index = usize::try_from(at).expect("is small");
            Specimen {
                id: numbers.get(index).copied().unwrap_or(at * 1000),
                json: json!({ "text": text, &text: [null, true, -1, 1.5, i64::MAX, { "a": [text] }] }),
                day: days[index % days.len()],
                time: times[index % times.len()],
                moment: moments[index % moments.len()],
                truth: index % 2 == 0,
                nothing: (index % 3 == 0).then(|| text.clone()),
                text,
            }
        })
        .collect()
}

/// Writes and reads values of all types, and texts through the API.
pub async fn survive(app: &TestApp) {
    rows_survive(app).await;
    profiles_survive(app).await;
}

async fn rows_survive(app: &TestApp) {
    let db = app.app.db();
    let (json, moment) = match db.engine() {
        Engine::Sqlite => ("TEXT", "TEXT"),
        Engine::Postgres => ("JSONB", "TIMESTAMPTZ"),
    };
    let table = &format!(
        "CREATE TABLE specimens (id BIGINT PRIMARY KEY, t TEXT NOT NULL, j {json} NOT NULL, d DATE, c TIME, \
         m {moment} NOT NULL, b BOOLEAN NOT NULL, n TEXT)"
    );
    db.write(|tx| async move { tx.execute_unprepared(table).await })
        .await
        .map_err(|error: DbErr| error)
        .expect("the table is made");
    let specimens = specimens();
    let specimens = &specimens;
    let insert = &format!(
        "INSERT INTO specimens ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        COLUMNS.join(", ")
    );
    db.write(|tx| async move {
        for specimen in specimens {
            let statement =
                Statement::from_sql_and_values(tx.get_database_backend(), insert, specimen.values());
            tx.execute_raw(statement).await?;
        }
        Ok::<_, DbErr>(())
    })
    .await
    .expect("the rows are written");
    // Values are also compared with: each row is found by all that it holds.
    let select = "SELECT * FROM specimens WHERE id = $1 AND t = $2 AND (d = $3 OR d IS NULL) AND (c = $4 OR c IS NULL) \
         AND m = $5 AND b = $6 AND id - $1 = 0 AND coalesce(n, $2) = $2";
    for specimen in specimens {
        let [id, text, _, day, time, moment, truth, _] = specimen.values();
        let values = [id, text, day, time, moment, truth];
        let statement = Statement::from_sql_and_values(db.engine().backend(), select, values);
        let row = db.reader().query_one_raw(statement).await.expect("is asked");
        let row = row.unwrap_or_else(|| panic!("not found: {specimen:?}"));
        assert_eq!(&Specimen::read(&row).expect("is read"), specimen);
    }
}

async fn profiles_survive(app: &TestApp) {
    let ann = user(app).await;
    let mut sent = texts();
    sent.retain(|text| text.trim() == text && !text.is_empty());
    for text in sent {
        let hours = json!({ "start": text, &text: [text] });
        let change = json!({ "bio": text, "name": text, "settings": { "quiet_hours": hours } });
        ann.client.patch("users/me/", &change).await.expect(200);
        let me = ann.client.get("users/me/").await.expect(200);
        assert_eq!(
            (&me["bio"], &me["name"]),
            (&change["bio"], &change["name"]),
            "{text:?}"
        );
        assert_eq!(me["settings"]["quiet_hours"], hours, "{text:?}");
        if text.contains('\n') {
            // The directory searches line by line.
            continue;
        }
        let mut search = Url::parse(&format!("{}/api/v1/users/", app.url)).expect("a URL");
        search.query_pairs_mut().append_pair("q", &text);
        let found = ann.client.get(search.as_str()).await.expect(200);
        assert_eq!(
            found["results"][0]["id"], ann.id,
            "{text:?} is not found: {found}"
        );
    }
}
