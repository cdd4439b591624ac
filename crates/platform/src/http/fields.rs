//! Validation of request fields: every error of a body is collected, in the exact words that clients know.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    ApiError,
    body::kind,
    rules::Rule,
    upload::{FileField, Received, Upload},
};

/// Where the fields come from.
pub(super) enum Source {
    Json(Map<String, Value>),
    /// Names and texts of a form, in the order sent; nested objects have dotted names.
    Form(Vec<(String, String)>),
}

/// The files of a multipart body, by the names of their fields.
pub(super) type Files = HashMap<&'static str, Received>;

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

    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(self.errors))
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
        match self.files.remove(field.name) {
            Some(Received::Whole(upload)) => return Some(upload),
            Some(Received::Empty) => return self.refuse(field.name, "The submitted file is empty."),
            Some(Received::TooLarge) => {
                let message = format!("Ensure this file has no more than {} bytes.", field.largest);
                return self.refuse(field.name, &message);
            }
            None => {}
        }
        match self.sent(field.name) {
            Sent::Nothing => None,
            Sent::Null => self.refuse(field.name, "This field may not be null."),
            Sent::Json(_) | Sent::Text(_) => {
                let message = "The submitted data was not a file. Check the encoding type on the form.";
                self.refuse(field.name, message)
            }
        }
    }

    /// A file that may be missing (`None`) or null (`Some(None)`).
    pub fn nullable_file(&mut self, field: FileField) -> Option<Option<Upload>> {
        if !self.files.contains_key(field.name)
            && matches!(self.sent(field.name), Sent::Null | Sent::Text(""))
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

    fn checked<T: Default>(&mut self, name: &str, outcome: Result<T, Vec<String>>) -> T {
        outcome.unwrap_or_else(|messages| {
            self.errors.insert(name.to_owned(), json!(messages));
            T::default()
        })
    }

    /// Notes an error of a field.
    pub fn refuse<T: Default>(&mut self, name: &str, message: &str) -> T {
        self.checked(name, Err(vec![message.to_owned()]))
    }
}

#[cfg(test)]
pub(super) fn json_fields(value: Value) -> Fields {
    match value {
        Value::Object(map) => Fields::new(Source::Json(map)),
        _ => unreachable!("tests give objects"),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{rules::*, upload::Content},
        *,
    };

    #[test]
    fn all_errors_are_reported_together() {
        let mut fields = json_fields(json!({ "a": null, "c": 5 }));
        let _ = (
            fields.required("a", text()),
            fields.required("b", text()),
            fields.required("c", text()),
        );
        assert_eq!(
            Value::Object(fields.errors),
            json!({ "a": ["This field may not be null."], "b": ["This field is required."] })
        );
    }

    #[test]
    fn forms_have_dotted_names_and_blank_means_null() {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut fields = Fields::new(Source::Form(vec![
            pair("settings.on", "yes"),
            pair("day", ""),
            pair("name", "x"),
        ]));
        assert_eq!(
            fields.nested("settings", |inner| inner.optional("on", boolean())),
            Some(Some(true))
        );
        assert_eq!(fields.nullable("day", date()), Some(None));
        assert_eq!(fields.nested("other", |_| ()), None);
        assert_eq!(fields.optional("name", text()), Some("x".to_owned()));
    }

    #[test]
    fn files() {
        const FIELD: FileField = FileField {
            name: "picture",
            largest: 7,
        };
        let errors = |source: Source, received: Option<Received>| {
            let files = received
                .map(|received| (FIELD.name, received))
                .into_iter()
                .collect();
            let mut fields = Fields::with_files(source, files);
            let optional = fields.optional_file(FIELD);
            assert!(optional.is_none());
            Value::Object(fields.errors)["picture"][0].clone()
        };
        let form = |text: &str| Source::Form(vec![("picture".to_owned(), text.to_owned())]);
        let json = |value: Value| Source::Json(Map::from_iter([("picture".to_owned(), value)]));
        let no_file = "The submitted data was not a file. Check the encoding type on the form.";
        for source in [
            form("x"),
            form(""),
            json(json!("x")),
            json(json!({})),
            json(json!("")),
        ] {
            assert_eq!(errors(source, None), no_file);
        }
        assert_eq!(errors(json(Value::Null), None), "This field may not be null.");
        assert_eq!(
            errors(form("x"), Some(Received::Empty)),
            "The submitted file is empty."
        );
        assert_eq!(
            errors(Source::Form(vec![]), Some(Received::TooLarge)),
            "Ensure this file has no more than 7 bytes."
        );
        assert_eq!(errors(Source::Form(vec![]), None), Value::Null);

        let nullable = |source: Source| {
            Fields::new(source)
                .nullable_file(FIELD)
                .map(|file| file.is_some())
        };
        assert_eq!(nullable(form("")), Some(false));
        assert_eq!(nullable(json(Value::Null)), Some(false));
        assert_eq!(nullable(form("x")), None);
        assert_eq!(nullable(Source::Form(vec![])), None);
        let upload = Upload {
            file_name: "a.png".to_owned(),
            content_type: None,
            content: Content::Memory("x".into()),
        };
        let files = Files::from_iter([(FIELD.name, Received::Whole(upload))]);
        // A text of the same name does not hide a file.
        let sent = Fields::with_files(form(""), files).nullable_file(FIELD);
        assert!(sent.is_some_and(|file| file.is_some_and(|file| file.file_name == "a.png")));
    }
}
