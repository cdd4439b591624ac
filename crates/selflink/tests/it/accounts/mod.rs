//! Registration, sign-in and the refresh of tokens.

mod limits;
mod races;
mod refresh;
mod registration;
mod sign_in;
