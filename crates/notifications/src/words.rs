//! What push messages and mails say.

use serde_json::Value;

use crate::kinds::Kind;

/// Longest excerpt, in characters.
const LONGEST_EXCERPT: usize = 140;
/// What stands for what an excerpt leaves out.
const CUT: &str = "...";

/// The beginning of a text: all of it up to 140 characters, of a longer one the first 137 and three dots.
pub fn excerpt(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= LONGEST_EXCERPT {
        return text.to_owned();
    }
    let beginning = text.chars().take(LONGEST_EXCERPT - CUT.len());
    beginning.chain(CUT.chars()).collect()
}

/// Title and body of the push of a notification that brings no words of its own.
pub fn of_push(kind: Kind, payload: &Value) -> (String, String) {
    let text = |name: &str| payload[name].as_str().filter(|text| !text.is_empty());
    let title = match kind {
        Kind::Moderation => "SelfLink",
        _ => text("actor_name").unwrap_or("SelfLink"),
    };
    let is_comment = payload["comment_id"].is_number();
    let act = match kind {
        Kind::Like if is_comment => "likes your comment",
        Kind::Like => "likes your post",
        Kind::Comment => "commented on your post",
        Kind::Reply => "answered your comment",
        Kind::Mention if is_comment => "mentioned you in a comment",
        Kind::Mention => "mentioned you in a post",
        Kind::Repost => "passed your post on",
        Kind::Follow => "follows you now",
        Kind::Message => "sent you a message",
        Kind::Moderation => return (title.to_owned(), text("text").unwrap_or(MODERATION).to_owned()),
    };
    let body = text("text").map_or_else(|| act.to_owned(), |text| format!("{act}: {text}"));
    (title.to_owned(), body)
}

const MODERATION: &str = "There is news from the moderators about your account.";

/// What somebody did, for a mail. Of words that a stranger has chosen nothing is in mails but the handle: letters and digits.
pub fn of_mail(kind: Kind, handle: Option<&str>) -> String {
    let who = handle.map_or_else(|| "Somebody".to_owned(), |handle| format!("@{handle}"));
    match kind {
        Kind::Like => format!("{who} likes what you wrote"),
        Kind::Comment => format!("{who} commented on your post"),
        Kind::Reply => format!("{who} answered your comment"),
        Kind::Mention => format!("{who} mentioned you"),
        Kind::Repost => format!("{who} passed your post on"),
        Kind::Follow => format!("{who} follows you now"),
        Kind::Message => format!("{who} sent you a message"),
        Kind::Moderation => "There is news from the moderators about your account".to_owned(),
    }
}

/// So many of a kind, for a summary; `None`: of whatever else there is.
pub fn counted(kind: Option<Kind>, count: i64) -> String {
    let (one, several) = match kind {
        Some(Kind::Like) => ("like", "likes"),
        Some(Kind::Comment) => ("comment on your posts", "comments on your posts"),
        Some(Kind::Reply) => ("answer to your comments", "answers to your comments"),
        Some(Kind::Mention) => ("mention of you", "mentions of you"),
        Some(Kind::Repost) => ("repost of your posts", "reposts of your posts"),
        Some(Kind::Follow) => ("new follower", "new followers"),
        Some(Kind::Message) => ("new message", "new messages"),
        Some(Kind::Moderation) => ("decision of the moderators", "decisions of the moderators"),
        None => ("other notification", "other notifications"),
    };
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn excerpts_are_cut_by_characters() {
        assert_eq!(excerpt("  გამარჯობა \n"), "გამარჯობა");
        assert_eq!(excerpt(&"ß".repeat(140)), "ß".repeat(140));
        assert_eq!(excerpt(&"ß".repeat(141)), format!("{}...", "ß".repeat(137)));
    }

    #[test]
    fn pushes_say_who_did_what() {
        let payload = json!({ "actor_name": "Ann", "comment_id": 5, "text": "Hi" });
        let said = |kind| {
            let (title, body) = of_push(kind, &payload);
            format!("{title} {body}")
        };
        assert_eq!(said(Kind::Like), "Ann likes your comment: Hi");
        assert_eq!(said(Kind::Mention), "Ann mentioned you in a comment: Hi");
        assert_eq!(said(Kind::Moderation), "SelfLink Hi");
        assert_eq!(
            of_push(Kind::Follow, &json!(null)),
            ("SelfLink".to_owned(), "follows you now".to_owned())
        );
    }

    proptest! {
        #[test]
        fn an_excerpt_is_never_too_long(text: String) {
            prop_assert!(excerpt(&text).chars().count() <= 140);
        }
    }
}
