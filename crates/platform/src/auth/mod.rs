//! Tokens and passwords. Who an account is, and which sessions it has, belongs to the identity domain.

mod passwords;
mod tokens;

pub use passwords::{Passwords, UNUSABLE};
pub use tokens::{Claims, TokenError, TokenKind, Tokens};
