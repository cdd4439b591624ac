//! Feeds: what a person sees of the posts of others, in which order, and why.
//!
//! Timelines hold the posts of people whom one follows: each post is written into the timelines of its author's followers
//! when it is made ([`fan_out`]), and a timeline is built anew when its owner begins or ceases to follow ([`rebuilds`]).
//! Ranked feeds choose from everybody's posts ([`candidates`], [`ranking`]). No page is kept: every answer is fresh.

mod arrangement;
mod candidates;
mod cards;
mod commands;
mod explanations;
mod fan_out;
mod migrations;
mod moments;
mod order;
mod pages;
mod personal_data;
mod pruning;
mod ranking;
mod rebuilds;
mod routes;
mod settings;
mod sql;
mod timelines;
mod walks;

use futures::FutureExt as _;
use identity::{Followed, Unfollowed};
use platform::{
    Domain,
    domain::SettingsSection,
    jobs::JobKind,
    outbox::{DomainEvent as _, Subscription},
    schedule::Schedule,
};
use social::{PostChanged, PostCreated};

pub use cards::{Card, CardKind, CardProfile, CardSet, InsightCards};

/// The domain as the binary lists it, with the makers of insight cards that the program has.
pub fn domain<C: CardSet>() -> Domain {
    Domain {
        name: "feed",
        settings: vec![SettingsSection::of::<settings::FeedSettings>()],
        routes: routes::all::<C>,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<fan_out::FanOut>(),
            JobKind::of::<rebuilds::Rebuild>(),
            JobKind::of::<pruning::PruneWhenDue>(),
            JobKind::of::<pruning::Prune>(),
        ],
        schedules: vec![Schedule::of(
            "feed.prune_when_due",
            "0 23 * * * *",
            &pruning::PruneWhenDue {},
        )],
        subscriptions: vec![
            Subscription {
                event: PostCreated::NAME,
                subscriber: "feed.fan_out",
                handle: |app, event| fan_out::post_created(app, event).boxed(),
            },
            Subscription {
                event: PostChanged::NAME,
                subscriber: "feed.fan_out",
                handle: |app, event| fan_out::post_changed(app, event).boxed(),
            },
            Subscription {
                event: Followed::NAME,
                subscriber: "feed.rebuild",
                handle: |app, event| rebuilds::followed(app, event).boxed(),
            },
            Subscription {
                event: Unfollowed::NAME,
                subscriber: "feed.rebuild",
                handle: |app, event| rebuilds::unfollowed(app, event).boxed(),
            },
        ],
        commands: commands::all(),
        steps: Vec::new(),
        personal_data: Some(personal_data::personal_data()),
    }
}
