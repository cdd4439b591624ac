//! SHA-256 values and how a tree makes them.

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Digest as _;

use crate::ParseError;

/// A SHA-256 value. In text it is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of nothing: the root of an empty tree, the hash of an empty month.
    pub fn empty() -> Self {
        Self::of(b"")
    }

    /// SHA-256 of `data`.
    pub fn of(data: &[u8]) -> Self {
        Self(sha2::Sha256::digest(data).into())
    }

    /// The hash of a leaf: SHA-256(0x00 ‖ entry). RFC 6962, section 2.1.
    pub fn leaf(entry: &[u8]) -> Self {
        let mut hasher = Sha256::default();
        hasher.update(&[0]);
        hasher.update(entry);
        hasher.finish()
    }

    /// The hash of a node: SHA-256(0x01 ‖ left ‖ right). RFC 6962, section 2.1.
    pub fn node(left: Self, right: Self) -> Self {
        let mut hasher = Sha256::default();
        hasher.update(&[1]);
        hasher.update(&left.0);
        hasher.update(&right.0);
        hasher.finish()
    }

    /// The standard Base64 form with padding, as checkpoints and proofs write hashes.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Self::to_base64`] writes.
    pub fn from_base64(text: &str) -> Result<Self, ParseError> {
        let bytes = STANDARD.decode(text).ok();
        let hash = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        hash.map(Self)
            .ok_or_else(|| ParseError::new("a hash in Base64", text))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Hash {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("a SHA-256 value (64 lower-case hexadecimal digits)", text);
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(error());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| error())?;
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// SHA-256 of data that comes in pieces.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Adds the next piece.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The hash of all the pieces.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}
