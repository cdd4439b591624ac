//! Validation of request fields: every error of a body is collected, in the exact words that clients know.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    body::kind,
    rules::Rule,
    upload::{FileField, Received, ReceivedFiles, SentFiles, Upload},
};

const NO_FILE: &str = "The submitted data was not a file. Check the encoding type on the form.";
const EMPTY_FILE: &str = "The submitted file is empty.";

/// Where the fields come from.
pub(super) enum Source {
    Json(Map<String, Value>),
    /// Names and texts of a form, in the order sent; nested objects have dotted names.
    Form(Vec<(String, String)>),
}

/// The files of a multipart body, by the names of their fields.
pub(super) type Files = HashMap<&'static str, ReceivedFiles>;

/// What was sent for one field.
enum Sent<'a> {
    Nothing,
    Null,
    Json(&'a Value),
    Text(&'a str),
}

/// The fields of a body while they are read. A field that is refused is noted, and a default stands in for it until the
/// whole body is refused at its end.
pub struct Fields {
    source: Source,
    files: Files,
    errors: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(source: Source) -> Self {
        Self::with_files(source, Files::new())
    }

    pub(super) fn with_files(source: Source, files: Files) -> Self {
        Self {
            source,
            files,
            errors: Map::new(),
        }
    }

    /// The messages by field, if any field was refused.
    pub(super) fn finish(self) -> Result<(), Map<String, Value>> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.errors)
        }
    }

    /// A field that must be sent.
    #[expect(clippy::needless_pass_by_value, reason = "a rule is written where it is used")]
    pub fn required<R: Rule>(&mut self, name: &str, rule: R) -> R::Value {
        let outcome = match self.sent(name) {
            Sent::Nothing => Err(vec!["This field is required.".to_owned()]),
            Sent::Null => Err(vec!["This field may not be null.".to_owned()]),
            Sent::Json(value) => rule.check(value),
            Sent::Text(text) => rule.check_text(text),
        };
        self.checked(name, outcome)
    }

    /// A field that may be missing, but not null.
    pub fn optional<R: Rule>(&mut self, name: &str, rule: R) -> Option<R::Value> {
        match self.sent(name) {
            Sent::Nothing => None,
            _ => Some(self.required(name, rule)),
        }
    }

    /// A field that may be missing (`None`) or null (`Some(None)`).
    pub fn nullable<R: Rule>(&mut self, name: &str, rule: R) -> Option<Option<R::Value>> {
        match self.sent(name) {
            Sent::Nothing => None,
            Sent::Null => Some(None),
            sent if R::BLANK_FORM_IS_NULL && matches!(sent, Sent::Text("")) => Some(None),
            _ => Some(Some(self.required(name, rule))),
        }
    }

    /// Whether a file was sent for this field, good or not.
    pub fn has_file(&self, field: FileField) -> bool {
        self.files.contains_key(field.name)
    }

    /// A file that may be missing. Only the fields of [`Input::FILES`](super::Input::FILES) ever hold one.
    pub fn optional_file(&mut self, field: FileField) -> Option<Upload> {
        let received = self.files.remove(field.name);
        match received.and_then(|mut received| received.kept.pop()) {
            Some(Received::Whole(upload)) => return Some(upload),
            Some(Received::Empty) => return self.refuse(field.name, EMPTY_FILE),
            Some(Received::TooLarge) => {
                if let Some((name, message)) = field.too_large {
                    return self.refuse(name, message);
                }
                return self.refuse(field.name, &too_large(field));
            }
            None => {}
        }
        match self.sent_for(field) {
            Sent::Nothing => None,
            Sent::Null => self.refuse(field.name, "This field may not be null."),
            Sent::Json(_) | Sent::Text(_) => self.refuse(field.name, NO_FILE),
        }
    }

    /// Files of a field that takes several, in the order sent; errors are reported by their places. Only the fields of
    /// [`Input::FILES`](super::Input::FILES) ever hold any.
    pub fn files(&mut self, field: FileField) -> SentFiles {
        let Some(ReceivedFiles { kept, count }) = self.files.remove(field.name) else {
            return self.words_for_files(field);
        };
        let mut uploads = Vec::with_capacity(kept.len());
        for (index, received) in kept.into_iter().enumerate() {
            match received {
                Received::Whole(upload) => uploads.push((index, upload)),
                Received::Empty => self.refuse_item(field.name, index, EMPTY_FILE),
                Received::TooLarge => self.refuse_item(field.name, index, &too_large(field)),
            }
        }
        SentFiles { uploads, count }
    }

    /// What was sent in the place of files is none.
    fn words_for_files(&mut self, field: FileField) -> SentFiles {
        let mut count = 0;
        match &self.source {
            Source::Json(_) => match self.sent_for(field) {
                Sent::Json(Value::Array(items)) => count = items.len(),
                Sent::Json(other) => {
                    let message = not_a_list(other);
                    self.refuse::<()>(field.name, &message);
                }
                Sent::Null => self.refuse(field.name, "This field may not be null."),
                Sent::Nothing | Sent::Text(_) => {}
            },
            Source::Form(pairs) => {
                let is_one = |name: &str| field.names().any(|known| known == name);
                count = pairs
                    .iter()
                    .filter(|(name, text)| is_one(name) && !text.is_empty())
                    .count();
            }
        }
        for index in 0..count.min(field.most) {
            self.refuse_item(field.name, index, NO_FILE);
        }
        SentFiles {
            uploads: Vec::new(),
            count,
        }
    }

    /// A list of at most `most` items that may be missing; errors are reported by the places of the items. In forms the field
    /// is repeated.
    #[expect(clippy::needless_pass_by_value, reason = "a rule is written where it is used")]
    pub fn list<R: Rule>(&mut self, name: &str, rule: R, most: usize) -> Option<Vec<R::Value>> {
        let outcomes: Vec<_> = match &self.source {
            Source::Json(map) => match map.get(name)? {
                Value::Array(items) => items.iter().map(|item| rule.check(item)).collect(),
                Value::Null => return self.refuse(name, "This field may not be null."),
                other => {
                    let message = not_a_list(other);
                    return self.refuse(name, &message);
                }
            },
            Source::Form(pairs) => {
                let texts = pairs.iter().filter(|(key, _)| key == name).map(|(_, text)| text);
                let texts: Vec<&String> = texts.collect();
                if texts.is_empty() {
                    return None;
                }
                let items = texts.into_iter().filter(|text| !text.is_empty());
                items.map(|text| rule.check_text(text)).collect()
            }
        };
        if outcomes.len() > most {
            return self.refuse(
                name,
                &format!("Ensure this field has no more than {most} elements."),
            );
        }
        let mut values = Vec::with_capacity(outcomes.len());
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(value) => values.push(value),
                Err(messages) => self.note_item(name, index, json!(messages)),
            }
        }
        Some(values)
    }

    /// A file that may be missing (`None`) or null (`Some(None)`).
    pub fn nullable_file(&mut self, field: FileField) -> Option<Option<Upload>> {
        if !self.files.contains_key(field.name) && matches!(self.sent_for(field), Sent::Null | Sent::Text(""))
        {
            return Some(None);
        }
        self.optional_file(field).map(Some)
    }

    /// An object inside the body; its errors nest under its name.
    pub fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields) -> T) -> Option<T> {
        let inner = match &self.source {
            Source::Json(map) => match map.get(name)? {
                Value::Object(inner) => Source::Json(inner.clone()),
                Value::Null => return self.refuse(name, "This field may not be null."),
                other => {
                    let message = format!("Invalid data. Expected a dictionary, but got {}.", kind(other));
                    self.errors
                        .insert(name.to_owned(), json!({ "non_field_errors": [message] }));
                    return None;
                }
            },
            Source::Form(pairs) => {
                let prefix = format!("{name}.");
                let inner: Vec<_> = pairs
                    .iter()
                    .filter_map(|(key, text)| Some((key.strip_prefix(&prefix)?.to_owned(), text.clone())))
                    .collect();
                if inner.is_empty() {
                    return None;
                }
                Source::Form(inner)
            }
        };
        let mut fields = Fields::new(inner);
        let value = read(&mut fields);
        if !fields.errors.is_empty() {
            self.errors.insert(name.to_owned(), Value::Object(fields.errors));
        }
        Some(value)
    }

    fn sent(&self, name: &str) -> Sent<'_> {
        match &self.source {
            Source::Json(map) => map.get(name).map_or(Sent::Nothing, |value| {
                if value.is_null() {
                    Sent::Null
                } else {
                    Sent::Json(value)
                }
            }),
            // As in JSON, the last of several wins.
            Source::Form(pairs) => pairs
                .iter()
                .rfind(|(key, _)| key == name)
                .map_or(Sent::Nothing, |(_, text)| Sent::Text(text)),
        }
    }

    /// What was sent for a field by any of its names.
    fn sent_for(&self, field: FileField) -> Sent<'_> {
        let mut sent = field.names().map(|name| self.sent(name));
        sent.find(|sent| !matches!(sent, Sent::Nothing))
            .unwrap_or(Sent::Nothing)
    }

    fn checked<T: Default>(&mut self, name: &str, outcome: Result<T, Vec<String>>) -> T {
        outcome.unwrap_or_else(|messages| {
            self.errors.insert(name.to_owned(), json!(messages));
            T::default()
        })
    }

    /// Whether something of this field was refused.
    pub fn is_refused(&self, name: &str) -> bool {
        self.errors.contains_key(name)
    }

    /// Notes an error of a field.
    pub fn refuse<T: Default>(&mut self, name: &str, message: &str) -> T {
        self.checked(name, Err(vec![message.to_owned()]))
    }

    /// Notes an error of an item of a list, by its place.
    pub fn refuse_item(&mut self, name: &str, index: usize, message: &str) {
        self.note_item(name, index, json!([message]));
    }

    fn note_item(&mut self, name: &str, index: usize, messages: Value) {
        let items = self.errors.entry(name).or_insert_with(|| json!({}));
        if let Value::Object(items) = items {
            items.insert(index.to_string(), messages);
        }
    }
}

fn too_large(field: FileField) -> String {
    format!("Ensure this file has no more than {} bytes.", field.largest)
}

fn not_a_list(value: &Value) -> String {
    format!("Expected a list of items but got type \"{}\".", kind(value))
}

#[cfg(test)]
pub(super) fn json_fields(value: Value) -> Fields {
    match value {
        Value::Object(map) => Fields::new(Source::Json(map)),
        _ => unreachable!("tests give objects"),
    }
}
