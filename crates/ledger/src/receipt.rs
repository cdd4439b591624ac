//! Receipts: one entry, its proof and the checkpoint that the proof leads to, in one file that can be checked without the log.
//!
//! The format is that of [C2SP tlog-proof], with the entry itself as its extra data:
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <Base64 of the entry>
//! index <its place in the log, from 0>
//! <Base64 of a hash of the audit path>        as many as there are
//!
//! <the signed checkpoint>
//! ```
//!
//! [C2SP tlog-proof]: https://c2sp.org/tlog-proof

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::Hash;
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryError};
use crate::note::{Note, NoteError, VerifierKey};
use crate::proof::{ProofError, verify_inclusion};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 64-bit size is not higher.
const MAX_PATH: usize = 64;

/// Why a receipt is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The text is not a receipt.
    #[error("this is not a receipt: {0}")]
    Format(&'static str),
    /// The checkpoint in it is not one, or not one of the log.
    #[error("its checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The proof does not prove it.
    #[error("its proof: {0}")]
    Proof(#[from] ProofError),
    /// What is proved is no entry of this kind of log.
    #[error("its entry: {0}")]
    Entry(#[from] EntryError),
}

/// An entry that can be shown to be in the log. Its `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The audit path in the tree of the checkpoint's size.
    pub path: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: Note,
}

impl Receipt {
    /// Checks that the log with `key` has the entry, and returns both.
    pub fn verify(&self, key: &VerifierKey) -> Result<(Entry, Checkpoint), ReceiptError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let leaf = Hash::leaf(&self.entry);
        verify_inclusion(leaf, self.index, checkpoint.size, checkpoint.root, &self.path)?;
        Ok((Entry::parse(&self.entry)?, checkpoint))
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = STANDARD.encode(&self.entry);
        writeln!(formatter, "{HEADER}\nextra {entry}\nindex {}", self.index)?;
        for hash in &self.path {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let (proof, checkpoint) = text
            .split_once("\n\n")
            .ok_or(ReceiptError::Format("it has no checkpoint"))?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ReceiptError::Format("its first line is another"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let entry = extra.and_then(|extra| STANDARD.decode(extra).ok());
        let place = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = place.and_then(|place| {
            place
                .parse()
                .ok()
                .filter(|index: &u64| index.to_string() == place)
        });
        let path: Option<Vec<Hash>> = lines.map(|line| Hash::from_base64(line).ok()).collect();
        Ok(Self {
            entry: entry.ok_or(ReceiptError::Format("it has no entry in Base64"))?,
            index: index.ok_or(ReceiptError::Format("it has no index"))?,
            path: path
                .filter(|path| path.len() <= MAX_PATH)
                .ok_or(ReceiptError::Format("its path is not one of hashes in Base64"))?,
            checkpoint: checkpoint.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entry::Pending;
    use crate::note::{Algorithm, SignerKey};

    fn receipt() -> (Receipt, SignerKey) {
        let key = SignerKey::from_seed("log.example/rewards", Algorithm::Note, &[5; 32]).unwrap();
        let entry = Entry::Pending(Pending {
            reference: "PR-7".to_owned(),
            payload_sha256: Hash::empty(),
        });
        let (entry, sibling) = (entry.to_bytes().unwrap(), Hash::of(b"sibling"));
        let root = Hash::node(sibling, Hash::leaf(&entry));
        let checkpoint = Checkpoint::sign(2, root, &key).unwrap();
        (
            Receipt {
                entry,
                index: 1,
                path: vec![sibling],
                checkpoint,
            },
            key,
        )
    }

    #[test]
    fn a_receipt_is_written_read_and_verified() {
        let (receipt, key) = receipt();
        let text = receipt.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra eyJr"));
        let read: Receipt = text.parse().unwrap();
        assert_eq!(read, receipt);
        let (entry, checkpoint) = read.verify(key.verifier()).unwrap();
        assert_eq!((entry.kind(), checkpoint.size), ("pending", 2));
    }

    #[test]
    fn every_altered_byte_is_found() {
        let (receipt, key) = receipt();
        let text = receipt.to_string();
        for at in 0..text.len() {
            for bit in [1, 4, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= bit;
                let read = String::from_utf8(bytes)
                    .ok()
                    .and_then(|text| text.parse::<Receipt>().ok());
                assert!(
                    read.is_none_or(|receipt| receipt.verify(key.verifier()).is_err()),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(\\PC|\n|extra AAAA\n|index 1\n)*") {
            let _ = text.parse::<Receipt>();
            let _ = format!("{HEADER}\n{text}").parse::<Receipt>();
        }
    }
}
