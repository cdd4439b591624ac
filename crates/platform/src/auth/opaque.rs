//! Texts that a client holds and that nobody can guess: challenges, recovery codes, links in mails. Only their hash is kept.

use sha2::{Digest as _, Sha256};

use crate::clock::random_hex;

/// A new opaque token: 64 hexadecimal digits. Keep its [`hash`](hash_token) and hand out the text.
pub fn new_token() -> String {
    random_hex::<32>()
}

/// The stored form of an opaque token: its SHA-256 in hexadecimal digits. Right for random texts of at least 64 bits only:
/// what people choose needs [`Passwords`](super::Passwords).
pub fn hash_token(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            hash_token("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
