//! The rooms under the house: what every domain of SelfLink stands on. Knows no domain.

pub mod app;
pub mod audit;
pub mod auth;
pub mod cache;
pub mod clock;
pub mod config;
pub mod db;
pub mod domain;
pub mod flags;
pub mod http;
pub mod id;
pub mod jobs;
pub mod limits;
pub mod mail;
mod migrations;
pub mod outbox;
pub mod pictures;
pub mod process;
pub mod pubsub;
pub mod redis_client;
pub mod schedule;
pub mod storage;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;

pub use app::App;
pub use domain::Domain;
