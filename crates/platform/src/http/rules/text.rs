//! Texts: plain, e-mail addresses, URLs.

use serde_json::Value;

use super::{Rule, forbidden_characters, refuse};

/// Text; see [`text`].
pub struct Text {
    least: usize,
    most: usize,
    blank: bool,
    format: Format,
}

enum Format {
    Any,
    Email,
    Url,
}

/// Text, trimmed, not blank; numbers are taken as their digits.
pub fn text() -> Text {
    Text {
        least: 0,
        most: usize::MAX,
        blank: false,
        format: Format::Any,
    }
}

/// An e-mail address of at most 254 characters.
pub fn email() -> Text {
    Text {
        format: Format::Email,
        ..text()
    }
    .max(254)
}

/// An http, https or ftp URL.
pub fn url() -> Text {
    Text {
        format: Format::Url,
        ..text()
    }
}

impl Text {
    /// At most `most` characters.
    #[must_use]
    pub fn max(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// At least `least` characters.
    #[must_use]
    pub fn min(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// May be blank.
    #[must_use]
    pub fn or_blank(self) -> Self {
        Self { blank: true, ..self }
    }
}

impl Rule for Text {
    type Value = String;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<String, Vec<String>> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return refuse("Not a valid string."),
        };
        if text.is_empty() {
            return if self.blank {
                Ok(text)
            } else {
                refuse("This field may not be blank.")
            };
        }
        let mut messages = forbidden_characters(&text).into_iter().collect::<Vec<_>>();
        let length = text.chars().count();
        if length > self.most {
            messages.push(format!(
                "Ensure this field has no more than {} characters.",
                self.most
            ));
        }
        if length < self.least {
            messages.push(format!(
                "Ensure this field has at least {} characters.",
                self.least
            ));
        }
        if messages.is_empty() {
            match self.format {
                Format::Email if !is_email(&text) => messages.push("Enter a valid email address.".to_owned()),
                Format::Url if !is_url(&text) => messages.push("Enter a valid URL.".to_owned()),
                _ => {}
            }
        }
        if messages.is_empty() {
            Ok(text)
        } else {
            Err(messages)
        }
    }
}

/// `local@domain` with a dot in the domain: what mail servers take, not all that RFC 5322 allows.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{}|~-".contains(&byte))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let last_is_name = labels
        .last()
        .is_some_and(|last| last.chars().count() >= 2 && !last.bytes().all(|byte| byte.is_ascii_digit()));
    local.len() <= 64
        && local.split('.').all(is_atom)
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && last_is_name
}

pub(super) fn is_url(text: &str) -> bool {
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return false;
    }
    url::Url::parse(text).is_ok_and(|url| {
        let host_is_public = match url.host() {
            Some(url::Host::Domain(domain)) => {
                domain == "localhost" || domain.trim_end_matches('.').contains('.')
            }
            Some(_) => true,
            None => false,
        };
        ["http", "https", "ftp"].contains(&url.scheme()) && host_is_public
    })
}
