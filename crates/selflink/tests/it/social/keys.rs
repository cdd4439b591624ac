//! Keys with which the tests sign in Google's stead.

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::clock::Clock;
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey as _, rand_core::OsRng, traits::PublicKeyParts as _};
use serde_json::{Value, json};

use super::fake::{APP, Person};

/// Names of keys.
pub const FIRST_KEY: &str = "first";
pub const SECOND_KEY: &str = "second";

static KEYS: LazyLock<[RsaPrivateKey; 2]> =
    LazyLock::new(|| [(); 2].map(|()| RsaPrivateKey::new(&mut OsRng, 2048).expect("a key is made")));

fn key(name: &str) -> &'static RsaPrivateKey {
    &KEYS[usize::from(name != FIRST_KEY)]
}

/// The key as Google publishes it.
pub fn public_key(name: &str) -> Value {
    let number = |number: &rsa::BigUint| BASE64_URL_SAFE_NO_PAD.encode(number.to_bytes_be());
    let key = key(name);
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": number(key.n()), "e": number(key.e()) })
}

/// The bytes that a forger would take for a shared secret.
pub fn public_bytes(name: &str) -> Vec<u8> {
    key(name).n().to_bytes_be()
}

/// What Google says of somebody to our app.
pub fn claims(person: &Person) -> Value {
    let now = Clock::system().now().timestamp();
    json!({
        "iss": "https://accounts.google.com", "azp": APP, "aud": APP, "sub": person.uid,
        "iat": now, "exp": now + 3600, "email": person.email, "email_verified": person.is_verified,
        "name": person.name, "given_name": person.first_name, "family_name": person.last_name,
    })
}

/// The same with other values.
pub fn claims_with(person: &Person, changes: Value) -> Value {
    let mut claims = claims(person);
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object")
    };
    for (name, value) in changes {
        claims[name] = value;
    }
    claims
}

/// Signs with a key under a name that may be another one's.
pub fn sign(claims: &Value, key_name: &str, said_name: Option<&str>) -> String {
    let der = key(key_name).to_pkcs1_der().expect("is written");
    let mut header = Header::new(Algorithm::RS256);
    header.kid = said_name.map(str::to_owned);
    encode(&header, claims, &EncodingKey::from_rsa_der(der.as_bytes())).expect("is signed")
}

/// A statement of Google's.
pub fn id_token(claims: &Value) -> String {
    sign(claims, FIRST_KEY, Some(FIRST_KEY))
}

/// A token of any header, with a signature of any bytes.
pub fn forged(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{}",
        part(header.to_string().as_bytes()),
        part(claims.to_string().as_bytes()),
        part(signature)
    )
}
