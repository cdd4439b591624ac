//! Passwords: guessing them, changing one's own, setting a new one by mail.

mod attempts;
mod change;
mod reset;
