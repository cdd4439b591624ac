//! Whatever byte of a published folder is changed, it is found.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fixture::{Publisher, copy, run};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_kind_of_file_is_covered_by_a_check() {
    let publisher = Publisher::january(280);
    let folder = copy(publisher.folder.path());
    let (root, key, witness) = (
        folder.path().to_str().unwrap(),
        publisher.key(),
        publisher.witness(),
    );
    let snapshot = format!("{root}/snapshots/2025-01");
    let verify = |name: &str| {
        let trust = ["--key", &key, "--witness", &witness];
        let log = [&["log", root][..], &trust].concat();
        let month = [&["month", root, "2025-01", "--snapshot", &snapshot][..], &trust].concat();
        // The key file is not read when a key is given.
        let asking = ["log", root];
        match name {
            name if name.starts_with("log/key") => run(&asking).status,
            name if name.starts_with("log/") => run(&log).status,
            _ => run(&month).status,
        }
    };
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    all.sort();
    assert_eq!(all.len(), 12, "{all:?}");
    let mut altered = 0;
    for path in &all {
        let name = path
            .strip_prefix(folder.path())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let right = fs::read(path).unwrap();
        assert_eq!(verify(&name), 0, "{name} as it was published");
        // Every byte of short files, and bytes all over the long ones.
        let step = (right.len() / 120).max(1);
        for at in (0..right.len()).step_by(step) {
            let mut wrong = right.clone();
            wrong[at] ^= if at % 2 == 0 { 1 } else { 0x10 };
            fs::write(path, &wrong).unwrap();
            assert_ne!(
                verify(&name),
                0,
                "{name}: byte {at} of {} was changed",
                right.len()
            );
            altered += 1;
        }
        for wrong in [&right[..right.len() - 1], &[&right[..], b"\n"].concat(), b""] {
            fs::write(path, wrong).unwrap();
            // A line end behind a key or a JSON document means nothing.
            let shorter_key = name == "log/key" && wrong.len() == right.len() - 1;
            let longer_document = name.ends_with("index.json") && wrong.len() == right.len() + 1;
            let unnoticed = shorter_key || longer_document;
            assert_eq!(
                verify(&name) == 0,
                unnoticed,
                "{name}: {} bytes instead of {}",
                wrong.len(),
                right.len()
            );
        }
        fs::write(path, &right).unwrap();
    }
    assert!(altered > 900, "{altered}");
}
