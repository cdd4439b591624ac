//! Expo's push service: messages in, tickets out, receipts later.
//!
//! A ticket says that the service has taken a message, a receipt that Apple or Google has.
//! <https://docs.expo.dev/push-notifications/sending-notifications/>

use std::collections::HashMap;

use reqwest::{RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::settings::PushService;

/// Most messages of a request.
pub const MOST_MESSAGES: usize = 100;
/// Most tickets of a request.
pub const MOST_RECEIPTS: usize = 1000;
/// Longest answer that is read, in bytes: a thousand receipts with room to spare.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// Longest word of the service that is kept, in characters.
const LONGEST_CODE: usize = 60;
/// The device is not registered with the app any more.
pub const NOT_REGISTERED: &str = "DeviceNotRegistered";
/// Too many messages to this device: it may be tried again.
pub const TOO_MANY: &str = "MessageRateExceeded";
/// The messages of one request belong to several projects, which the answer's details name.
const SEVERAL_PROJECTS: &str = "PUSH_TOO_MANY_EXPERIENCE_IDS";

/// A message to one device.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The token of the device.
    pub to: String,
    pub title: String,
    pub body: String,
    /// What the app gets.
    pub data: Map<String, Value>,
    pub sound: &'static str,
    /// What the app's icon shows.
    pub badge: i64,
    pub channel_id: &'static str,
}

/// What became of a message: the id of its ticket or receipt, or the service's word for what is wrong.
pub type Outcome = Result<String, String>;

/// Why a whole request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExpoError {
    /// The service has not taken it, but may later.
    #[error("the push service cannot take it now: {0}")]
    Busy(String),
    /// The service does not take it, now or later.
    #[error("the push service refuses it: {0}")]
    Refused(String),
    /// The service may have taken it or not.
    #[error("the push service has not said whether it has taken it: {0}")]
    Unclear(String),
    /// The tokens belong to several projects: one request for each list.
    #[error("the messages belong to several projects")]
    SeveralProjects(Vec<Vec<String>>),
}

/// Whether a text looks like a token of Expo's; others are the tokens of other services, or of no service at all.
pub fn is_token(text: &str) -> bool {
    let inner = ["ExponentPushToken[", "ExpoPushToken["]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix)?.strip_suffix(']'));
    inner.is_some_and(|inner| {
        !inner.is_empty()
            && inner
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '[' && c != ']')
    })
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<RequestError>,
}

#[derive(Deserialize)]
struct RequestError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    details: Value,
}

#[derive(Deserialize)]
struct Ticket {
    status: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    details: Value,
}

impl Ticket {
    fn outcome(self) -> Outcome {
        if self.status == "ok" {
            Ok(self.id)
        } else {
            let code = self.details["error"].as_str().unwrap_or("unknown");
            Err(plain(code))
        }
    }
}

/// Hands over at most [`MOST_MESSAGES`] messages; the outcome of each, in their order.
pub async fn send(service: &PushService, messages: &[Message]) -> Result<Vec<Outcome>, ExpoError> {
    let tickets: Vec<Ticket> = post(service, "/--/api/v2/push/send", &json!(messages)).await?;
    if tickets.len() != messages.len() {
        return Err(ExpoError::Unclear(
            "an answer for another number of messages".to_owned(),
        ));
    }
    Ok(tickets.into_iter().map(Ticket::outcome).collect())
}

/// The receipts of at most [`MOST_RECEIPTS`] tickets; those that are not there yet are missing.
pub async fn receipts(
    service: &PushService,
    tickets: &[String],
) -> Result<HashMap<String, Outcome>, ExpoError> {
    let body = json!({ "ids": tickets });
    let receipts: HashMap<String, Ticket> = post(service, "/--/api/v2/push/getReceipts", &body).await?;
    Ok(receipts
        .into_iter()
        .map(|(ticket, receipt)| (ticket, receipt.outcome()))
        .collect())
}

async fn post<T: for<'a> Deserialize<'a>>(
    service: &PushService,
    path: &str,
    body: &Value,
) -> Result<T, ExpoError> {
    let client = service.client().map_err(failed)?;
    let mut request = client
        .post(service.settings.url.with(path))
        .header("accept", "application/json")
        .json(body);
    let token = service.settings.access_token.expose();
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let (status, body) = exchange(request).await?;
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Err(ExpoError::Busy(status.to_string()));
    }
    let answer = serde_json::from_slice::<Answer<T>>(&body);
    let error = answer.as_ref().ok().and_then(|answer| answer.errors.first());
    if let Some(error) = error {
        return Err(refusal(status, error));
    }
    if !status.is_success() {
        return Err(ExpoError::Refused(status.to_string()));
    }
    // The parser's own words would quote the answer.
    let data = answer.ok().and_then(|answer| answer.data);
    data.ok_or_else(|| ExpoError::Unclear("an answer that cannot be understood".to_owned()))
}

fn refusal(status: StatusCode, error: &RequestError) -> ExpoError {
    if error.code == SEVERAL_PROJECTS {
        let lists = error.details.as_object().into_iter().flat_map(Map::values);
        let lists: Vec<Vec<String>> = lists
            .filter_map(|list| serde_json::from_value(list.clone()).ok())
            .collect();
        if lists.len() > 1 {
            return ExpoError::SeveralProjects(lists);
        }
    }
    ExpoError::Refused(format!("{status} {}", plain(&error.code)))
}

async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ExpoError> {
    let mut response = request.send().await.map_err(failed)?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ExpoError::Unclear("an answer that is too large".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// What is known of a request that broke off.
fn failed(error: reqwest::Error) -> ExpoError {
    let (never_left, text) = (
        error.is_connect() || error.is_builder(),
        error.without_url().to_string(),
    );
    if never_left {
        ExpoError::Busy(text)
    } else {
        ExpoError::Unclear(text)
    }
}

/// What of a word of the service can be stored and logged.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
        .take(LONGEST_CODE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        for good in [
            "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
            "ExpoPushToken[a-b_c]",
        ] {
            assert!(is_token(good), "{good}");
        }
        for bad in [
            "",
            "ExponentPushToken[]",
            "ExponentPushToken[a",
            "ExpoPushToken[a b]",
            "ExpoPushToken[a]]",
            "fcm:abc",
            "xExpoPushToken[a]",
            "ExpoPushToken[a]\n",
        ] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn words_of_the_service_are_plain() {
        let ticket = |details: Value| {
            let ticket = json!({ "status": "error", "message": "x", "details": details });
            serde_json::from_value::<Ticket>(ticket)
                .expect("is a ticket")
                .outcome()
        };
        assert_eq!(
            ticket(json!({ "error": "Bad\nWord[1]" })),
            Err("BadWord1".to_owned())
        );
        assert_eq!(ticket(json!(null)), Err("unknown".to_owned()));
    }
}
