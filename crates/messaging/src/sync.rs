//! Catching up: everything in a thread since a message or a moment.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use platform::{App, http::Viewer};
use sea_orm::DbErr;

use crate::{
    access,
    errors::MessagingError,
    sql,
    views::{MessageView, messages_shown_to},
};

/// Messages that are read at a time.
const CHUNK: usize = 500;

/// What is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Everything up to this id.
    Message(i64),
    /// Everything up to this moment.
    Moment(DateTime<Utc>),
}

impl Since {
    /// What a client says that it knows; whatever is neither a number nor a time means that it knows nothing. Clients also send
    /// their own name of a message that has not been confirmed yet.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let is_negative = digits.len() < text.len();
            let beyond = if is_negative { 0 } else { i64::MAX };
            return Self::Message(text.parse().unwrap_or(beyond));
        }
        moment(text).map_or(Self::Message(0), Self::Moment)
    }
}

/// An ISO time; without a zone, or without a time of day, it is meant in UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    // In a query a `+` that is not escaped arrives as a space.
    let text = text.replace(' ', "+");
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text) {
        return Some(moment.to_utc());
    }
    let naive = text.replacen('+', "T", 1);
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(&naive, format) {
            return Some(moment.and_utc());
        }
    }
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

/// All messages of a thread of the viewer's since then, the oldest first.
pub async fn since(
    app: &App,
    viewer: &Viewer,
    thread_id: i64,
    since: Since,
) -> Result<Vec<MessageView>, MessagingError> {
    access::of_member(app.db().reader(), thread_id, viewer.id).await?;
    let (mut behind, moment) = match since {
        Since::Message(id) => (id, None),
        Since::Moment(moment) => (0, Some(moment)),
    };
    let mut views = Vec::new();
    loop {
        let ids = ids(app, thread_id, behind, moment).await?;
        views.extend(messages_shown_to(app, Some(viewer), &ids).await?);
        match ids.last() {
            Some(last) if ids.len() == CHUNK => behind = *last,
            _ => return Ok(views),
        }
    }
}

async fn ids(
    app: &App,
    thread_id: i64,
    behind: i64,
    moment: Option<DateTime<Utc>>,
) -> Result<Vec<i64>, DbErr> {
    let mut values = vec![thread_id.into(), behind.into()];
    let mut later = "";
    if let Some(moment) = moment {
        values.push(moment.into());
        later = " AND created_at > $3";
    }
    let text =
        format!("SELECT id FROM messages WHERE thread_id = $1 AND id > $2{later} ORDER BY id LIMIT {CHUNK}");
    sql::ids(app.db().reader(), text, values).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Since {
        Since::Moment(text.parse().expect("a time"))
    }

    #[test]
    fn what_clients_know() {
        for (text, expected) in [
            ("12", Since::Message(12)),
            ("-5", Since::Message(-5)),
            ("9999999999999999999999", Since::Message(i64::MAX)),
            ("-9999999999999999999999", Since::Message(0)),
            ("", Since::Message(0)),
            ("msg-1732-abc", Since::Message(0)),
            ("3f2b8f6e-5a7c-4c64-9f0e-0a0a0a0a0a0a", Since::Message(0)),
            ("2026-11-20", at("2026-11-20T00:00:00Z")),
            ("2026-11-20T10:00:00", at("2026-11-20T10:00:00Z")),
            ("2026-11-20 10:00:00.5", at("2026-11-20T10:00:00.5Z")),
            ("2026-11-20T10:00:00 02:00", at("2026-11-20T08:00:00Z")),
            ("2026-11-20T10:00:00Z", at("2026-11-20T10:00:00Z")),
        ] {
            assert_eq!(Since::read(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_clients_send_fails(text: String) {
            let _ = Since::read(&text);
        }
    }
}
