//! Threads and messages as their members see them.

mod messages;
mod reactions;
mod threads;

pub use messages::{MessageView, messages_shown_to};
pub use reactions::{ReactionView, Reactions, reactions_of};
pub use threads::{ThreadView, threads_shown_to};
