//! The order of a timeline, and the cursors of its pages.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::sql::Values;

/// Latest moment that a cursor may hold, in microseconds since 1970: the end of the year 9999.
const LATEST_MICROS: i64 = 253_402_300_799_999_999;

/// What a timeline may be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
enum Field {
    Id,
    Score,
    CreatedAt,
}

/// An entry of a timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    pub post_id: i64,
    pub score: f64,
    /// When the post was made.
    pub created_at: DateTime<Utc>,
}

/// What a source of entries calls the columns of an [`Entry`]: SQL expressions.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    pub post_id: &'static str,
    pub score: &'static str,
    pub created_at: &'static str,
}

impl Columns {
    fn of(&self, field: Field) -> &'static str {
        match field {
            Field::Id => self.post_id,
            Field::Score => self.score,
            Field::CreatedAt => self.created_at,
        }
    }
}

/// Fields, each with whether it descends; the id is always among them and breaks ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(Vec<(Field, bool)>);

impl Order {
    /// The newest first.
    pub fn newest() -> Self {
        Self(vec![(Field::Id, true)])
    }

    /// The order that a request asks for: names of fields, `-` before those that descend. Unknown names are passed over;
    /// without a known one, the newest come first.
    pub fn read(text: &str) -> Self {
        let mut fields: Vec<(Field, bool)> = Vec::new();
        for name in text.split(',').map(str::trim) {
            let (name, descends) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
            if let Ok(field) = name.parse::<Field>()
                && !fields.iter().any(|(other, _)| *other == field)
            {
                fields.push((field, descends));
            }
        }
        let Some((_, descends)) = fields.last().copied() else {
            return Self::newest();
        };
        if !fields.iter().any(|(field, _)| *field == Field::Id) {
            fields.push((Field::Id, descends));
        }
        Self(fields)
    }

    /// For `ORDER BY`.
    pub fn sql(&self, columns: &Columns) -> String {
        let fields = self.0.iter().map(|(field, descends)| {
            let direction = if *descends { "DESC" } else { "ASC" };
            format!("{} {direction}", columns.of(*field))
        });
        fields.collect::<Vec<_>>().join(", ")
    }

    /// The condition that an entry comes after the one whose values these placeholders stand for.
    pub fn after(&self, columns: &Columns, place: &[String]) -> String {
        let column = |at: usize| columns.of(self.0[at].0);
        let ways = (0..self.0.len()).map(|last| {
            let mut parts: Vec<String> = (0..last)
                .map(|at| format!("{} = {}", column(at), place[at]))
                .collect();
            let sign = if self.0[last].1 { '<' } else { '>' };
            parts.push(format!("{} {sign} {}", column(last), place[last]));
            parts.join(" AND ")
        });
        format!("({})", ways.collect::<Vec<_>>().join(" OR "))
    }

    /// Binds the values that [`Order::after`] compares with.
    pub fn bind(&self, entry: &Entry, values: &mut Values) -> Vec<String> {
        let bind = |(field, _): &(Field, bool)| match field {
            Field::Id => values.bind(entry.post_id),
            Field::Score => values.bind(entry.score),
            Field::CreatedAt => values.bind(entry.created_at),
        };
        self.0.iter().map(bind).collect()
    }

    /// The cursor of the page after this entry.
    pub fn cursor(&self, entry: &Entry) -> String {
        let values = self.0.iter().map(|(field, _)| match field {
            Field::Id => Value::from(entry.post_id),
            // Its bits: the decimal form would have to be read to the last digit.
            Field::Score => Value::from(entry.score.to_bits()),
            Field::CreatedAt => Value::from(entry.created_at.timestamp_micros()),
        });
        BASE64_URL_SAFE_NO_PAD.encode(values.collect::<Value>().to_string())
    }

    /// The entry that a cursor is about, as far as this order looks at it; `None` if this order did not make it.
    pub fn read_cursor(&self, cursor: &str) -> Option<Entry> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let values: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
        if values.len() != self.0.len() {
            return None;
        }
        let mut entry = Entry {
            post_id: 0,
            score: 0.0,
            created_at: DateTime::UNIX_EPOCH,
        };
        for ((field, _), value) in self.0.iter().zip(&values) {
            match field {
                Field::Id => entry.post_id = value.as_i64()?,
                Field::Score => {
                    entry.score = value
                        .as_u64()
                        .map(f64::from_bits)
                        .filter(|score| score.is_finite())?;
                }
                Field::CreatedAt => {
                    let micros = value
                        .as_i64()
                        .filter(|micros| (0..=LATEST_MICROS).contains(micros))?;
                    entry.created_at = DateTime::from_timestamp_micros(micros)?;
                }
            }
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: Columns = Columns {
        post_id: "i",
        score: "s",
        created_at: "c",
    };

    #[test]
    fn orders_are_read_as_lists_are() {
        for (text, sql) in [
            ("", "i DESC"),
            ("nonsense,--id", "i DESC"),
            ("id", "i ASC"),
            ("-score", "s DESC, i DESC"),
            ("score", "s ASC, i ASC"),
            ("-score, created_at", "s DESC, c ASC, i ASC"),
            ("-created_at,created_at,x", "c DESC, i DESC"),
            ("-id,score", "i DESC, s ASC"),
        ] {
            assert_eq!(Order::read(text).sql(&COLUMNS), sql, "{text}");
        }
    }

    #[test]
    fn what_comes_after_is_the_rest_of_ties_and_everything_behind() {
        let place = ["$1", "$2"].map(str::to_owned);
        assert_eq!(
            Order::read("-score").after(&COLUMNS, &place),
            "(s < $1 OR s = $1 AND i < $2)"
        );
        assert_eq!(Order::newest().after(&COLUMNS, &place), "(i < $1)");
    }

    proptest! {
        #[test]
        fn cursors_lead_back_to_their_entry(post_id: i64, score in -1e300..1e300, micros in 0..=LATEST_MICROS, text in "(-?(id|score|created_at),?){0,3}") {
            let order = Order::read(&text);
            let entry = Entry { post_id, score, created_at: DateTime::from_timestamp_micros(micros).expect("a moment") };
            let read = order.read_cursor(&order.cursor(&entry)).expect("is its own");
            let (mut wanted, mut got) = (Values::default(), Values::default());
            order.bind(&entry, &mut wanted);
            order.bind(&read, &mut got);
            prop_assert_eq!(wanted.0, got.0);
        }

        #[test]
        fn foreign_cursors_are_refused_and_never_crash(junk: String, bytes: Vec<u8>, text in "(-?(id|score|created_at),?){0,3}") {
            let order = Order::read(&text);
            let _ = order.read_cursor(&junk);
            let _ = order.read_cursor(&BASE64_URL_SAFE_NO_PAD.encode(bytes));
        }
    }

    #[test]
    fn cursors_of_other_orders_are_refused() {
        let encode = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        for (order, cursor) in [
            ("", "[]"),
            ("", "[1,2]"),
            ("", "[\"1\"]"),
            ("", "{}"),
            ("score", "[9218868437227405312,1]"),
            ("created_at", "[-1,1]"),
        ] {
            assert_eq!(Order::read(order).read_cursor(&encode(cursor)), None, "{cursor}");
        }
        assert_eq!(Order::newest().read_cursor("20"), None);
    }
}
