//! A browser with an authenticator in software, made after the standards (`WebAuthn`, CTAP2, COSE) and not after the server.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use platform::clock::random_bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The origin of an instance without settings.
pub const ORIGIN: &str = "http://localhost:8000";

/// Flags of authenticator data: somebody is there, it is the owner, the data holds a new credential.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const NEW: u8 = 1 << 6;

/// A browser that holds at most one passkey. What it does wrong on purpose is set in its fields.
#[derive(Clone)]
pub struct Browser {
    /// Where its page comes from.
    pub origin: String,
    /// Whether the owner shows a finger or enters a PIN.
    pub verifies: bool,
    pub passkey: Option<Passkey>,
}

/// A passkey.
#[derive(Clone)]
pub struct Passkey {
    pub id: Vec<u8>,
    pub key: SigningKey,
    /// The number of uses; it is sent after it was counted up. `None`: an authenticator that does not count.
    pub counter: Option<u32>,
    /// What the server calls the account.
    pub user_handle: String,
}

/// A key that nobody else has.
pub fn new_key() -> SigningKey {
    SigningKey::from_slice(&random_bytes::<32>()).expect("nearly every number is a key")
}

impl Browser {
    /// On the page of the instance.
    pub fn new() -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            verifies: true,
            passkey: None,
        }
    }

    /// `navigator.credentials.create`: a new passkey. `None` if one of the excluded ones is in this browser.
    pub fn create(&mut self, options: &Value) -> Option<Value> {
        if self.holds_one_of(&options["publicKey"]["excludeCredentials"]) {
            return None;
        }
        Some(self.create_as(options, random_bytes::<16>().to_vec()))
    }

    /// The same with an id of one's own choice, whatever is excluded.
    pub fn create_as(&mut self, options: &Value, id: Vec<u8>) -> Value {
        let options = &options["publicKey"];
        let passkey = Passkey {
            id,
            key: new_key(),
            counter: Some(0),
            user_handle: text(&options["user"]["id"]),
        };
        let client_data = self.client_data("webauthn.create", &options["challenge"]);
        let mut data = self.authenticator_data(&text(&options["rp"]["id"]), NEW, 0);
        data.extend([0; 16]); // The model of the authenticator: none.
        data.extend(u16::try_from(passkey.id.len()).expect("is short").to_be_bytes());
        data.extend(&passkey.id);
        data.extend(public_key(&passkey.key));
        let mut object = vec![0xa3]; // CBOR: a map of three.
        object.extend(cbor_text("fmt"));
        object.extend(cbor_text("none"));
        object.extend(cbor_text("attStmt"));
        object.push(0xa0);
        object.extend(cbor_text("authData"));
        object.extend(cbor_bytes(&data));
        let id = encoded(&passkey.id);
        self.passkey = Some(passkey);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": { "attestationObject": encoded(&object), "clientDataJSON": encoded(&client_data) },
        })
    }

    /// `navigator.credentials.get`: the passkey shows itself. `None` if none of those that are allowed is in this browser.
    pub fn get(&mut self, options: &Value) -> Option<Value> {
        let options = &options["publicKey"];
        let allowed = &options["allowCredentials"];
        if allowed.as_array().is_some_and(|list| !list.is_empty()) && !self.holds_one_of(allowed) {
            return None;
        }
        let passkey = self.passkey.as_mut()?;
        passkey.counter = passkey.counter.map(|counter| counter + 1);
        let passkey = self.passkey.as_ref()?;
        let client_data = self.client_data("webauthn.get", &options["challenge"]);
        let data = self.authenticator_data(&text(&options["rpId"]), 0, passkey.counter.unwrap_or(0));
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = passkey.key.sign(&signed);
        let id = encoded(&passkey.id);
        Some(json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "authenticatorData": encoded(&data),
                "clientDataJSON": encoded(&client_data),
                "signature": encoded(signature.to_der().as_bytes()),
                "userHandle": passkey.user_handle,
            },
        }))
    }

    fn holds_one_of(&self, descriptors: &Value) -> bool {
        let Some(passkey) = &self.passkey else {
            return false;
        };
        let listed = descriptors.as_array().into_iter().flatten();
        listed
            .into_iter()
            .any(|descriptor| descriptor["id"] == encoded(&passkey.id))
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data =
            json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(counter.to_be_bytes());
        data
    }
}

/// A public key in COSE: elliptic curve, ES256, P-256, x, y.
fn public_key(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = (point.x().expect("is a point"), point.y().expect("is a point"));
    let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
    cose.extend(cbor_bytes(x));
    cose.push(0x22);
    cose.extend(cbor_bytes(y));
    cose
}

fn cbor_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("is short");
    assert!(length < 24);
    [&[0x60 | length], text.as_bytes()].concat()
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("is short");
    [&[0x58, length], bytes].concat()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// In base64url, as JSON carries binary values.
pub fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
