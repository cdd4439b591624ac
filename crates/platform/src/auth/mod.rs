//! Tokens, passwords, secrets at rest. Who an account is, and which sessions it has, belongs to the identity domain.

mod opaque;
mod passwords;
mod seal;
mod tokens;

pub use opaque::{hash_token, new_token};
pub use passwords::{Passwords, UNUSABLE};
pub use seal::Seal;
pub use tokens::{Claims, Holder, HolderError, TokenError, TokenKind, Tokens};
