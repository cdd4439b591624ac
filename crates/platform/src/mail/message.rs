//! How a mail looks on the wire.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use maud::{DOCTYPE, Markup, html};
use url::Host;

use super::{Mail, MailError, Sender};
use crate::clock::random_hex;

/// The message: plain text, the same as HTML, and the headers that keep it out of spam folders and answering machines quiet.
pub(super) fn compose(sender: &Sender, mail: Mail, now: DateTime<Utc>) -> Result<Message, MailError> {
    let recipient = address(&mail.to).ok_or(MailError::InvalidRecipient)?;
    let subject: String = mail
        .subject
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let name = format!("<{}@{}>", random_hex::<16>(), sender.0.email.domain());
    let html = page(&mail.text).into_string();
    let mut message = Message::builder()
        .from(sender.0.clone())
        .to(Mailbox::new(None, recipient))
        .subject(subject)
        .date(SystemTime::from(now))
        .message_id(Some(name))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(url) = mail.unsubscribe.filter(|url| is_link(url)) {
        message = message
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("List-Unsubscribe"),
                format!("<{url}>"),
            ))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
                "List-Unsubscribe=One-Click".to_owned(),
            ));
    }
    message
        .multipart(MultiPart::alternative_plain_html(mail.text, html))
        .map_err(|_| MailError::InvalidRecipient)
}

/// The address with its domain in ASCII, which every server understands.
fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else {
        return None;
    };
    Address::new(local, domain).ok()
}

/// The text as HTML: nothing in it is taken for markup.
fn page(text: &str) -> Markup {
    let paragraphs = text
        .trim()
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty());
    html! {
        (DOCTYPE)
        html lang="en" {
            body style="font-family:system-ui,sans-serif;line-height:1.5;color:#222" {
                @for paragraph in paragraphs {
                    p {
                        @for (number, line) in paragraph.trim().lines().enumerate() {
                            @if number > 0 { br; }
                            @if is_link(line) { a href=(line) { (line) } } @else { (line) }
                        }
                    }
                }
            }
        }
    }
}

fn is_link(line: &str) -> bool {
    (line.starts_with("https://") || line.starts_with("http://")) && !line.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting as _;

    const UNSUBSCRIBE: &str = "https://api.example/stop/abc/";

    fn composed(to: &str, subject: &str, text: &str) -> Result<String, MailError> {
        let sender = Sender::parse("SelfLink <noreply@selflink.app>").expect("is valid");
        let mail = Mail {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            unsubscribe: Some(UNSUBSCRIBE.to_owned()),
        };
        let message = compose(&sender, mail, DateTime::UNIX_EPOCH)?;
        Ok(String::from_utf8(message.formatted()).expect("is text"))
    }

    #[test]
    fn headers() {
        let message = composed("ann@example.com", "Hello", "Hi").expect("is composed");
        let head = message.split("\r\n\r\n").next().expect("has a head");
        for line in [
            "From: SelfLink <noreply@selflink.app>",
            "To: ann@example.com",
            "Subject: Hello",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://api.example/stop/abc/>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            assert!(
                head.lines().any(|header| header == line),
                "{line} is not in {head}"
            );
        }
        let ids = head
            .lines()
            .filter(|line| line.starts_with("Message-ID: <") && line.ends_with("@selflink.app>"));
        assert_eq!(ids.count(), 1, "{head}");
    }

    #[test]
    fn no_text_becomes_a_header() {
        for subject in [
            "x\r\nBcc: eve@example.com",
            "x\nBcc: eve@example.com",
            "x\rBcc: eve@example.com",
        ] {
            let message =
                composed("ann@example.com", subject, "\r\nBcc: eve@example.com").expect("is composed");
            let head = message.split("\r\n\r\n").next().expect("has a head");
            assert!(
                !head.split(['\r', '\n']).any(|line| line.starts_with("Bcc")),
                "{head}"
            );
        }
        for to in [
            "ann@example.com\r\nBcc: eve@example.com",
            "ann@example.com, eve@example.com",
            "Ann <ann@example.com>",
            "ann\r\n@example.com",
            "ann",
            "",
        ] {
            assert!(composed(to, "x", "x").is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_domain_of_another_script_is_sent_in_ascii() {
        let message = composed("ann@bücher.example", "x", "x").expect("is composed");
        assert!(message.contains("To: ann@xn--bcher-kva.example\r\n"), "{message}");
    }

    #[test]
    fn html_shows_the_text_and_nothing_else() {
        let html =
            page("Hi <b>Ann</b>,\nwelcome.\n\nhttps://app.example/?a=1&t=\"2\n\njavascript:x").into_string();
        assert!(
            html.contains("<p>Hi &lt;b&gt;Ann&lt;/b&gt;,<br>welcome.</p>"),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"https://app.example/?a=1&amp;t=&quot;2\">"),
            "{html}"
        );
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
    }
}
