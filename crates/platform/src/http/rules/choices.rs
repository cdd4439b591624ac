//! One of several words, and lists of texts.

use std::{marker::PhantomData, str::FromStr};

use serde_json::Value;

use super::{Rule, forbidden_characters, forbidden_in, refuse};

/// Longest text that is repeated in a message, in characters.
const LONGEST_ECHO: usize = 100;

/// See [`choice`].
pub struct Choice<T>(PhantomData<T>);

/// One of the words that `T` can be read from. Its default stands in while the body is refused.
pub fn choice<T: FromStr + Default>() -> Choice<T> {
    Choice(PhantomData)
}

impl<T: FromStr + Default> Rule for Choice<T> {
    type Value = T;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<T, Vec<String>> {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if let Some(message) = forbidden_characters(&text) {
            return Err(vec![message]);
        }
        text.parse().or_else(|_| {
            let echo: String = text.chars().take(LONGEST_ECHO).collect();
            refuse(&format!("\"{echo}\" is not a valid choice."))
        })
    }
}

/// See [`text_list`].
pub struct TextList {
    name: &'static str,
    most: usize,
}

/// A list of at most `most` texts, kept as they are; `name` is the field's, for the messages. In forms its JSON text.
pub fn text_list(name: &'static str, most: usize) -> TextList {
    TextList { name, most }
}

impl Rule for TextList {
    type Value = Vec<String>;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<Vec<String>, Vec<String>> {
        let texts = value.as_array().and_then(|items| {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>()
        });
        let Some(texts) = texts else {
            return refuse(&format!("{} must be a list of strings.", self.name));
        };
        if texts.len() > self.most {
            return refuse(&format!(
                "{} must contain {} items or fewer.",
                self.name, self.most
            ));
        }
        match forbidden_in(value) {
            Some(message) => Err(vec![message]),
            None => Ok(texts),
        }
    }

    fn check_text(&self, text: &str) -> Result<Vec<String>, Vec<String>> {
        serde_json::from_str(text).map_or_else(
            |_| refuse("Value must be valid JSON."),
            |value| self.check(&value),
        )
    }
}
