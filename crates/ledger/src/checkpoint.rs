//! Checkpoints: the signed statement of how many entries the log has and what its root is. [C2SP tlog-checkpoint].
//!
//! [C2SP tlog-checkpoint]: https://c2sp.org/tlog-checkpoint

use std::fmt;
use std::str::FromStr;

use crate::Hash;
use crate::note::{Note, NoteError, SignerKey, VerifierKey};

/// What a log says about itself. Its `Display` is the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which its key has too.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree of them.
    pub root: Hash,
    /// Further lines, which mean nothing here.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Signs it. The key's name becomes its origin.
    pub fn sign(size: u64, root: Hash, key: &SignerKey) -> Result<Note, NoteError> {
        let checkpoint = Self {
            origin: key.verifier().name().to_owned(),
            size,
            root,
            extensions: Vec::new(),
        };
        Note::sign(checkpoint.to_string(), key)
    }

    /// Reads a signed checkpoint and checks that it is the one of the log with `key`.
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, NoteError> {
        note.verify(key)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(NoteError::Format("its origin is not the name of the log's key"))
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            self.root.to_base64()
        )?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let body = text
            .strip_suffix('\n')
            .ok_or(NoteError::Format("the checkpoint has no line end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Format("the checkpoint has less than three lines"));
        };
        let size_and_text: Option<u64> = size
            .parse()
            .ok()
            .filter(|number: &u64| number.to_string() == size);
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size_and_text.ok_or(NoteError::Format("the checkpoint's size is not a number"))?,
            root: Hash::from_base64(root)
                .map_err(|_| NoteError::Format("the checkpoint's root is not a hash"))?,
            extensions: lines.map(str::to_owned).collect(),
        };
        if checkpoint.origin.is_empty() || checkpoint.extensions.iter().any(String::is_empty) {
            return Err(NoteError::Format("the checkpoint has an empty line"));
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::Algorithm;

    const EXAMPLE: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let checkpoint: Checkpoint = EXAMPLE.parse().unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.to_string(), EXAMPLE);
        let extended: Checkpoint = format!("{EXAMPLE}more\n").parse().unwrap();
        assert_eq!(extended.extensions, ["more"]);
        for text in [
            "",
            "\n",
            "a\n1\n",
            "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "a\n1\nCsUYapGGPo4dkMgI\n",
            "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        ] {
            assert!(text.parse::<Checkpoint>().is_err(), "{text:?}");
        }
        assert!(format!("{EXAMPLE}\n").parse::<Checkpoint>().is_err());
        assert!(EXAMPLE.trim_end().parse::<Checkpoint>().is_err());
    }

    #[test]
    fn a_checkpoint_is_that_of_its_log() {
        let key = |name| SignerKey::from_seed(name, Algorithm::Note, &[3; 32]).unwrap();
        let note = Checkpoint::sign(3, Hash::empty(), &key("log.example/a")).unwrap();
        let read = Checkpoint::open(
            &note.to_string().parse().unwrap(),
            key("log.example/a").verifier(),
        )
        .unwrap();
        assert_eq!((read.size, read.root), (3, Hash::empty()));
        assert!(Checkpoint::open(&note, key("log.example/b").verifier()).is_err());
        let foreign = Note::sign(note.text().to_owned(), &key("log.example/b")).unwrap();
        assert!(Checkpoint::open(&foreign, key("log.example/b").verifier()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(\\PC|\n)*") {
            let _ = text.parse::<Checkpoint>();
        }
    }
}
