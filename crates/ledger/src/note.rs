//! Signed notes: a text and the signatures of those who stand by it, as [C2SP signed-note] defines them, with Ed25519; and
//! the cosignatures of witnesses, as [C2SP tlog-cosignature] defines them.
//!
//! Keys have a text form each:
//!
//! - verifier key `<name>+<id, 8 hex digits>+<Base64(algorithm ‖ public key)>`, for everyone;
//! - signer key `PRIVATE+KEY+<name>+<id>+<Base64(algorithm ‖ seed)>`, the content of a key file, secret.
//!
//! The id is the first four bytes of SHA-256(name ‖ "\n" ‖ algorithm ‖ public key). The algorithm is 0x01 for signatures of
//! notes, 0x04 for cosignatures.
//!
//! [C2SP signed-note]: https://c2sp.org/signed-note
//! [C2SP tlog-cosignature]: https://c2sp.org/tlog-cosignature

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};

use crate::Hash;

/// Longest note that is read, in bytes.
pub const MAX_NOTE: usize = 1 << 20;
/// Most signatures of a note that is read.
const MAX_SIGNATURES: usize = 100;
/// How the line of a signature begins.
const SIGNATURE_MARK: &str = "\u{2014} ";
const SIGNER_MARK: &str = "PRIVATE+KEY+";

/// Why a note or a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The key's text is not a key.
    #[error("this is not a key: {0}")]
    Key(&'static str),
    /// The text is not a signed note.
    #[error("this is not a signed note: {0}")]
    Format(&'static str),
    /// The note has no signature of the key.
    #[error("the note is not signed by {0}")]
    Unsigned(String),
    /// The note has a signature of the key and it is wrong.
    #[error("the signature of {0} is wrong")]
    Signature(String),
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The text of a note.
    Note,
    /// The text of a checkpoint together with the time at which a witness saw it.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Note, Self::Cosignature]
            .into_iter()
            .find(|known| known.byte() == byte)
    }
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    fn new(name: &str, algorithm: Algorithm, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or has blanks or plus signs"));
        }
        let id = key_id(name, algorithm, &key);
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            id,
            key,
        })
    }

    /// The name: for a log its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = encode_material(self.algorithm, self.key.as_bytes());
        write!(formatter, "{}+{}+{material}", self.name, hex::encode(self.id))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, id, algorithm, bytes) = split_key(text)?;
        let key =
            VerifyingKey::from_bytes(&bytes).map_err(|_| NoteError::Key("its bytes are not of Ed25519"))?;
        let verifier = Self::new(name, algorithm, key)?;
        if hex::encode(verifier.id) != id {
            return Err(NoteError::Key("its id is not that of its name and bytes"));
        }
        Ok(verifier)
    }
}

/// The secret half of a key.
#[derive(Clone)]
pub struct SignerKey {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// The key of that name whose secret is `seed`: 32 bytes that nobody can guess.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, algorithm, secret.verifying_key())?;
        Ok(Self { secret, verifier })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The content of the key file. Secret: there is no `Display` so that it does not get into a log by accident.
    pub fn to_secret_text(&self) -> String {
        let VerifierKey {
            name, id, algorithm, ..
        } = &self.verifier;
        let material = encode_material(*algorithm, self.secret.as_bytes());
        format!("{SIGNER_MARK}{name}+{}+{material}", hex::encode(id))
    }

    /// Reads the content of a key file, with or without a line end behind it.
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let bare = line
            .strip_prefix(SIGNER_MARK)
            .ok_or(NoteError::Key("it is not a signer key"))?;
        let (name, id, algorithm, seed) = split_key(bare)?;
        let key = Self::from_seed(name, algorithm, &seed)?;
        if hex::encode(key.verifier.id) != id {
            return Err(NoteError::Key("its id is not that of its name and bytes"));
        }
        Ok(key)
    }

    fn line(&self, message: &[u8], time: Option<u64>) -> Signature {
        let time = time.map(u64::to_be_bytes);
        let signature = self.secret.sign(message).to_bytes();
        Signature {
            name: self.verifier.name.clone(),
            id: self.verifier.id,
            bytes: [time.as_ref().map_or(&[][..], |time| time), &signature].concat(),
        }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SignerKey({})", self.verifier)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// A text with signatures. Its `Display` is the whole note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text, which must end with a line end.
    pub fn sign(text: String, key: &SignerKey) -> Result<Self, NoteError> {
        if !text.ends_with('\n') || text.chars().any(is_forbidden) {
            return Err(NoteError::Format(
                "the text has control characters or no line end",
            ));
        }
        let signatures = vec![key.line(text.as_bytes(), None)];
        Ok(Self { text, signatures })
    }

    /// Adds a witness's cosignature of a checkpoint; `time` is when it saw it, in seconds after 1970 began. An earlier one of
    /// the same witness goes.
    pub fn cosign(&mut self, key: &SignerKey, time: u64) {
        let line = key.line(cosigned(&self.text, time).as_bytes(), Some(time));
        self.signatures
            .retain(|other| (&other.name, other.id) != (&line.name, line.id));
        self.signatures.push(line);
    }

    /// The text that is signed, with its last line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that `key` signed the text. The signatures of others do not matter.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        self.each_signature(key, |bytes| {
            let signature = Ed25519Signature::from_slice(bytes).ok()?;
            key.key.verify_strict(self.text.as_bytes(), &signature).ok()
        })
        .map(|_| ())
    }

    /// Checks that the witness with `key` signed the text, and says when: seconds after 1970 began.
    pub fn verify_cosignature(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        let times = self.each_signature(key, |bytes| {
            let (time, signature) = bytes.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            let signature = Ed25519Signature::from_slice(signature).ok()?;
            let message = cosigned(&self.text, time);
            key.key.verify_strict(message.as_bytes(), &signature).ok()?;
            Some(time)
        })?;
        times
            .into_iter()
            .max()
            .ok_or_else(|| NoteError::Unsigned(key.name.clone()))
    }

    fn each_signature<T>(
        &self,
        key: &VerifierKey,
        check: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, NoteError> {
        let of_key = self
            .signatures
            .iter()
            .filter(|line| line.name == key.name && line.id == key.id);
        let checked: Option<Vec<T>> = of_key.map(|line| check(&line.bytes)).collect();
        match checked {
            None => Err(NoteError::Signature(key.name.clone())),
            Some(none) if none.is_empty() => Err(NoteError::Unsigned(key.name.clone())),
            Some(all) => Ok(all),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for Signature { name, id, bytes } in &self.signatures {
            let blob = STANDARD.encode([&id[..], bytes].concat());
            writeln!(formatter, "{SIGNATURE_MARK}{name} {blob}")?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::Format("it is too long"));
        }
        if note.chars().any(is_forbidden) {
            return Err(NoteError::Format("it has control characters"));
        }
        let end = note
            .rfind("\n\n")
            .ok_or(NoteError::Format("it has no signatures"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or(NoteError::Format("its last line has no end"))?;
        let signatures: Option<Vec<Signature>> = lines.split('\n').map(signature_line).collect();
        let signatures = signatures.ok_or(NoteError::Format("a line below its text is not a signature"))?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Format("it has too many signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

fn signature_line(line: &str) -> Option<Signature> {
    let (name, blob) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    let blob = STANDARD.decode(blob).ok()?;
    let (id, bytes) = blob.split_first_chunk::<4>()?;
    (is_name(name) && !bytes.is_empty()).then(|| Signature {
        name: name.to_owned(),
        id: *id,
        bytes: bytes.to_vec(),
    })
}

fn is_forbidden(character: char) -> bool {
    character.is_ascii_control() && character != '\n'
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|character: char| {
            character.is_whitespace() || character.is_control() || character == '+'
        })
}

fn key_id(name: &str, algorithm: Algorithm, key: &VerifyingKey) -> [u8; 4] {
    let [first, second, third, fourth, ..] =
        Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], key.as_bytes()].concat()).0;
    [first, second, third, fourth]
}

fn encode_material(algorithm: Algorithm, key: &[u8; 32]) -> String {
    STANDARD.encode([&[algorithm.byte()], &key[..]].concat())
}

/// Name, id, algorithm and the 32 bytes of a key.
fn split_key(text: &str) -> Result<(&str, &str, Algorithm, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key("it has not the form name+id+bytes"));
    };
    let material = STANDARD
        .decode(material)
        .map_err(|_| NoteError::Key("its last part is not Base64"))?;
    let Some((algorithm, bytes)) = material.split_first() else {
        return Err(NoteError::Key("it has no bytes"));
    };
    let algorithm = Algorithm::from_byte(*algorithm).ok_or(NoteError::Key("its algorithm is unknown"))?;
    let bytes = bytes
        .try_into()
        .map_err(|_| NoteError::Key("it has not 32 bytes"))?;
    Ok((name, id, algorithm, bytes))
}

/// What a witness signs: C2SP tlog-cosignature, «cosignature/v1».
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests;
