//! Small secrets that must be read again, encrypted at rest with a key derived from `SECRET_KEY`.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::{clock::random_bytes, config::Secret};

/// What the key is for: other uses of `SECRET_KEY` derive other keys.
const PURPOSE: &[u8] = b"selflink: secrets at rest, 1";
/// Bytes of a nonce; random ones of this length never meet again.
const NONCE: usize = 24;

/// Encrypts and opens secrets at rest: XChaCha20-Poly1305, the key by HKDF-SHA256. After a change of `SECRET_KEY` nothing
/// that was sealed before can be opened.
#[derive(Clone)]
pub struct Seal(XChaCha20Poly1305);

impl Seal {
    /// Sealing with a key derived from the instance's secret.
    pub fn new(secret: &Secret) -> anyhow::Result<Self> {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes())
            .expand(PURPOSE, &mut key)
            .map_err(|error| anyhow::anyhow!("the key of secrets at rest: {error}"))?;
        Ok(Self(XChaCha20Poly1305::new(&key.into())))
    }

    /// The stored form of a secret; it opens for the same `context` only, so that it cannot be moved to another row.
    pub fn seal(&self, context: &str, secret: &[u8]) -> anyhow::Result<String> {
        let nonce = random_bytes::<NONCE>();
        let payload = Payload {
            msg: secret,
            aad: context.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("a secret could not be sealed"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The secret; `None` if it was sealed with another key or for another context, or was altered.
    pub fn open(&self, context: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: context.as_bytes(),
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: &str) -> Seal {
        Seal::new(&Secret::new(key)).expect("is made")
    }

    #[test]
    fn opens_with_the_same_key_and_context_only() {
        let sealed = seal("k").seal("row 1", b"secret").expect("is sealed");
        assert_eq!(
            seal("k").open("row 1", &sealed).as_deref(),
            Some(b"secret".as_slice())
        );
        assert_eq!(seal("k").open("row 2", &sealed), None);
        assert_eq!(seal("other").open("row 1", &sealed), None);
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let sealed = || seal("k").seal("row", b"secret").expect("is sealed");
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn an_altered_text_opens_nothing() {
        let sealed = seal("k").seal("row", b"secret").expect("is sealed");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&sealed).expect("is base64");
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert_eq!(
                seal("k").open("row", &BASE64_URL_SAFE_NO_PAD.encode(altered)),
                None,
                "byte {at}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn junk_opens_nothing(junk: String) {
            proptest::prop_assert_eq!(seal("k").open("row", &junk), None);
        }
    }
}
