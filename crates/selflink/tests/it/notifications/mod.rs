//! Notifications: the list, what leads to them, and the ways they take.

mod acts;
mod builders;
mod causes;
mod counts;
mod deferred;
mod digests;
mod expo;
mod inbox;
mod leaving;
mod letters;
mod messages;
mod preferences;
mod pushes;
mod realtime;
mod receipts;
mod redelivery;
mod statements;
mod trouble;
