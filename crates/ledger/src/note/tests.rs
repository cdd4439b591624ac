use proptest::prelude::*;

use super::*;

/// The examples in the documentation of golang.org/x/mod/sumdb/note and of C2SP signed-note.
const SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SECOND: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNED: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const SIGNED_TOO: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn witness() -> SignerKey {
    SignerKey::from_seed("witness.example/w1", Algorithm::Cosignature, &[7; 32]).unwrap()
}

#[test]
fn the_go_example_is_made_and_read() {
    let signer = SignerKey::from_secret_text(&format!("{SIGNER}\n")).unwrap();
    assert_eq!(signer.to_secret_text(), SIGNER);
    assert_eq!(signer.verifier().to_string(), VERIFIER);
    assert!(!format!("{signer:?}").contains("AYEKFALV"));
    let note = Note::sign(TEXT.to_owned(), &signer).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNED}"));
    let both: Note = format!("{TEXT}\n{SIGNED}{SIGNED_TOO}").parse().unwrap();
    assert_eq!(both.text(), TEXT);
    both.verify(&key(VERIFIER)).unwrap();
    both.verify(&key(SECOND)).unwrap();
    assert_eq!(
        note.verify(&key(SECOND)),
        Err(NoteError::Unsigned("EnochRoot".to_owned()))
    );
}

#[test]
fn the_example_of_the_specification_is_read() {
    let note: Note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
        .parse()
        .unwrap();
    note.verify(&key(
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ))
    .unwrap();
}

#[test]
fn an_altered_note_is_refused() {
    let note = format!("{TEXT}\n{SIGNED}");
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        let read = String::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<Note>().ok());
        assert!(
            read.is_none_or(|note| note.verify(&key(VERIFIER)).is_err()),
            "byte {at}"
        );
    }
}

#[test]
fn mangled_keys_are_refused() {
    for at in 0..VERIFIER.len() {
        let mut bytes = VERIFIER.to_owned().into_bytes();
        bytes[at] ^= 1;
        assert!(
            String::from_utf8(bytes).unwrap().parse::<VerifierKey>().is_err(),
            "byte {at}"
        );
        assert!(VERIFIER[at + 1..].parse::<VerifierKey>().is_err());
        assert!(VERIFIER[..at].parse::<VerifierKey>().is_err());
    }
    // Another length and another algorithm, with the ids that they would have.
    for text in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(text.parse::<VerifierKey>().is_err());
    }
    assert!(SignerKey::from_secret_text(VERIFIER).is_err());
    assert!(SignerKey::from_seed("a name", Algorithm::Note, &[1; 32]).is_err());
}

#[test]
fn a_witness_signs_the_time_too() {
    let signer = SignerKey::from_secret_text(SIGNER).unwrap();
    let mut note = Note::sign(TEXT.to_owned(), &signer).unwrap();
    let witness = witness();
    assert!(matches!(
        note.verify_cosignature(witness.verifier()),
        Err(NoteError::Unsigned(_))
    ));
    note.cosign(&witness, 1_700_000_000);
    note.cosign(&witness, 1_700_000_001);
    let read: Note = note.to_string().parse().unwrap();
    assert_eq!(read, note);
    assert_eq!(read.verify_cosignature(witness.verifier()), Ok(1_700_000_001));
    read.verify(signer.verifier()).unwrap();
    // A cosignature is not a signature, and its time cannot be changed.
    assert!(read.verify(witness.verifier()).is_err());
    let mut later = read.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert!(matches!(
        later.verify_cosignature(witness.verifier()),
        Err(NoteError::Signature(_))
    ));
    let key: VerifierKey = witness.verifier().to_string().parse().unwrap();
    assert_eq!(
        (&key, key.algorithm()),
        (witness.verifier(), Algorithm::Cosignature)
    );
}

#[test]
fn notes_have_a_form() {
    for text in [
        "",
        "\n",
        "\n\n",
        "a\n\n",
        "a\n\n\n",
        "a\n\n— x\n",
        "a\n\n— x AAAA\n",
        "a\n\n— x AAAAAAA=",
        "a\n\n- x AAAAAAA=\n",
        "a\r\n\n— x AAAAAAA=\n",
        "a\n\n— x+y AAAAAAA=\n",
        "a\n\n— x AAAAAAB=\n",
    ] {
        assert!(text.parse::<Note>().is_err(), "{text:?}");
    }
    assert!("a\n\n— x AAAAAAA=\n".parse::<Note>().is_ok());
    assert!(Note::sign("no line end".to_owned(), &witness()).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\PC|\n|— x AAAAAAA=\n)*") {
        let _ = text.parse::<Note>();
        let _ = text.parse::<VerifierKey>();
        let _ = SignerKey::from_secret_text(&text);
        let _ = format!("a\n\n{text}").parse::<Note>();
    }

    #[test]
    fn every_text_is_signed_and_verified(lines in "([a-zé—]{0,9}\n){1,6}", seed in any::<[u8; 32]>()) {
        let signer = SignerKey::from_seed("log.example/a", Algorithm::Note, &seed).unwrap();
        let note = Note::sign(lines, &signer).unwrap();
        let read: Note = note.to_string().parse().unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert!(read.verify(signer.verifier()).is_ok());
    }
}
