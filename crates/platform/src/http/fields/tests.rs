//! Fields as forms and JSON send them.

use super::{
    super::{rules::*, upload::Content},
    *,
};

fn upload(file_name: &str) -> Upload {
    Upload {
        file_name: file_name.to_owned(),
        content_type: None,
        content: Content::Memory("x".into()),
    }
}

fn of(kept: Vec<Received>) -> ReceivedFiles {
    let count = kept.len();
    ReceivedFiles { kept, count }
}

fn json_of(name: &str, value: Value) -> Source {
    Source::Json(Map::from_iter([(name.to_owned(), value)]))
}

fn form_of(name: &str, texts: &[&str]) -> Source {
    let pairs = texts.iter().map(|text| (name.to_owned(), (*text).to_owned()));
    Source::Form(pairs.collect())
}

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
    const FIELD: FileField = FileField::one("picture", 7);
    let errors = |source: Source, received: Option<Received>| {
        let files = received
            .map(|received| (FIELD.name, of(vec![received])))
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
    let upload = upload("a.png");
    let files = Files::from_iter([(FIELD.name, of(vec![Received::Whole(upload)]))]);
    // A text of the same name does not hide a file.
    let sent = Fields::with_files(form(""), files).nullable_file(FIELD);
    assert!(sent.is_some_and(|file| file.is_some_and(|file| file.file_name == "a.png")));
}

#[test]
fn several_files_of_one_field() {
    const FIELD: FileField = FileField::several("pictures_upload", 7, 2).or_called(&["pictures"]);
    let read = |source: Source, files: Option<ReceivedFiles>| {
        let files = files.map(|files| (FIELD.name, files)).into_iter().collect();
        let mut fields = Fields::with_files(source, files);
        let sent = fields.files(FIELD);
        let names: Vec<String> = sent
            .uploads
            .into_iter()
            .map(|(index, upload)| format!("{index} {}", upload.file_name))
            .collect();
        (names, sent.count, Value::Object(fields.errors))
    };
    let none = || Source::Form(vec![]);
    let kept = vec![Received::Empty, Received::Whole(upload("b.png"))];
    assert_eq!(
        read(none(), Some(ReceivedFiles { kept, count: 5 })),
        (
            vec!["1 b.png".to_owned()],
            5,
            json!({ "pictures_upload": { "0": [EMPTY_FILE] } })
        )
    );
    let (_, _, errors) = read(none(), Some(of(vec![Received::TooLarge])));
    assert_eq!(
        errors,
        json!({ "pictures_upload": { "0": ["Ensure this file has no more than 7 bytes."] } })
    );
    let words = json!({ "pictures_upload": { "0": [NO_FILE] } });
    for source in [
        json_of("pictures", json!(["words"])),
        form_of("pictures_upload", &["words"]),
    ] {
        assert_eq!(read(source, None), (Vec::new(), 1, words.clone()));
    }
    for source in [none(), json_of("pictures", json!([])), form_of("pictures", &[""])] {
        assert_eq!(read(source, None), (Vec::new(), 0, json!({})));
    }
    for (value, message) in [
        (json!(null), "This field may not be null."),
        (json!(5), "Expected a list of items but got type \"int\"."),
    ] {
        let (_, count, errors) = read(json_of("pictures", value), None);
        assert_eq!((count, errors), (0, json!({ "pictures_upload": [message] })));
    }
}

#[test]
fn lists_report_by_place() {
    let read = |source: Source| {
        let mut fields = Fields::new(source);
        let list = fields.list("ids", integer().between(1, 9), 3);
        (list.unwrap_or_default(), Value::Object(fields.errors))
    };
    assert_eq!(read(json_of("ids", json!([1, "2"]))), (vec![1, 2], json!({})));
    assert_eq!(read(form_of("ids", &["1", "", "2"])), (vec![1, 2], json!({})));
    assert_eq!(read(json_of("other", json!(1))), (vec![], json!({})));
    let refused = |value: Value| read(json_of("ids", value)).1["ids"].clone();
    assert_eq!(
        refused(json!(["a", 1, 0])),
        json!({ "0": ["A valid integer is required."], "2": ["Ensure this value is greater than or equal to 1."] })
    );
    assert_eq!(
        refused(json!(5)),
        json!(["Expected a list of items but got type \"int\"."])
    );
    assert_eq!(refused(json!(null)), json!(["This field may not be null."]));
    assert_eq!(
        refused(json!([1, 1, 1, 1])),
        json!(["Ensure this field has no more than 3 elements."])
    );
}
