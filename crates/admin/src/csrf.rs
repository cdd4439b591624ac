//! What proves that a form was made for the browser that sends it: a hash of a cookie's secret, which no other site can know.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The name of the field.
pub const FIELD: &str = "csrf";

/// What the forms made for the holder of this cookie carry.
pub fn token_of(secret: &str) -> String {
    let hash = Sha256::new()
        .chain_update(b"selflink admin form\0")
        .chain_update(secret);
    hex::encode(hash.finalize())
}

/// Whether a form was made for the holder of this cookie; takes as long whatever was sent.
pub fn is_right(secret: &str, sent: &str) -> bool {
    token_of(secret).as_bytes().ct_eq(sent.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_belong_to_one_cookie() {
        assert!(is_right("one", &token_of("one")));
        for sent in ["", "one", &token_of("two"), &token_of("one")[1..]] {
            assert!(!is_right("one", sent), "{sent}");
        }
    }
}
