//! Insight cards: what the intelligent domains put between the posts of a feed.
//!
//! They implement [`InsightCards`], and the binary plugs them in with a [`CardSet`]; a kind that nobody makes has a
//! placeholder that leads to where there is more. A card is kept for some hours for each person, day and kind. One that
//! cannot be made, or not in time, is left out: no feed fails for its cards.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::NaiveDate;
use futures::FutureExt as _;
use platform::{App, id::UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::arrangement::Three;

/// How long a card is kept.
const LIFETIME: Duration = Duration::from_hours(6);
/// How long a feed waits for a card.
const PATIENCE: Duration = Duration::from_secs(2);

/// The kinds of cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum CardKind {
    /// A thought of the mentor's.
    Mentor,
    /// What the numbers of one's birth say of the day.
    Matrix,
    /// People who fit.
    Soulmatch,
}

/// What is on a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    pub title: String,
    pub subtitle: String,
    /// The people whom a soulmatch card shows; absent from all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<CardProfile>>,
    /// What the button says.
    pub cta: String,
}

/// Somebody on a soulmatch card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CardProfile {
    pub id: i64,
    pub name: String,
    /// An absolute URL.
    #[serde(rename = "avatarUrl")]
    #[schema(required = true)]
    pub avatar_url: Option<String>,
    pub score: f64,
}

/// A maker of cards of one kind.
#[async_trait::async_trait]
pub trait InsightCards: Send + Sync {
    /// Which kind it makes.
    fn kind(&self) -> CardKind;

    /// The viewer's card of a day; `None` if there is nothing to say. It may be made several times a day, and an error is
    /// logged and costs nothing but the card.
    async fn card(&self, app: &App, viewer: UserId, date: NaiveDate) -> anyhow::Result<Option<Card>>;
}

/// Which makers of cards a program has; at most one of each kind.
pub trait CardSet: 'static {
    /// The makers.
    fn all() -> Vec<Arc<dyn InsightCards>>;
}

/// The makers of cards of this program, as handlers get them.
#[derive(Clone)]
pub struct Makers(Arc<[Arc<dyn InsightCards>]>);

/// Why a card is left out.
#[derive(Debug, thiserror::Error)]
enum LeftOut {
    #[error("there is nothing to say")]
    Nothing,
    #[error("it took longer than {} s", PATIENCE.as_secs())]
    Late,
    #[error("its maker panicked")]
    Panicked,
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl Makers {
    /// Those of a program.
    pub fn of<C: CardSet>() -> Self {
        Self(C::all().into())
    }

    /// All cards of a day, made where they are not kept.
    pub async fn make(&self, app: &App, viewer: UserId, date: NaiveDate) -> Three<Card> {
        let one = |kind| self.card(app, viewer, date, kind);
        let (mentor, matrix, soulmatch) = futures::join!(
            one(CardKind::Mentor),
            one(CardKind::Matrix),
            one(CardKind::Soulmatch)
        );
        Three {
            mentor,
            matrix,
            soulmatch,
        }
    }

    async fn card(&self, app: &App, viewer: UserId, date: NaiveDate, kind: CardKind) -> Option<Card> {
        let Some(maker) = self.0.iter().find(|maker| maker.kind() == kind) else {
            // Nothing to compute, but kept like the others: the feed's health says what a person has been shown.
            let made = async { Ok::<_, LeftOut>(placeholder(kind)) };
            return app
                .cache()
                .get_or_load(&key(viewer, date, kind), LIFETIME, || made)
                .await
                .ok();
        };
        let make = || async {
            let made = AssertUnwindSafe(maker.card(app, viewer, date)).catch_unwind();
            match tokio::time::timeout(PATIENCE, made).await {
                Ok(Ok(Ok(Some(card)))) => Ok(card),
                Ok(Ok(Ok(None))) => Err(LeftOut::Nothing),
                Ok(Ok(Err(error))) => Err(LeftOut::Failed(error)),
                Ok(Err(_)) => Err(LeftOut::Panicked),
                Err(_) => Err(LeftOut::Late),
            }
        };
        let card = app
            .cache()
            .get_or_load(&key(viewer, date, kind), LIFETIME, make)
            .await;
        match card {
            Ok(card) => Some(card),
            Err(LeftOut::Nothing) => None,
            Err(error) => {
                tracing::warn!(%kind, %error, "an insight card is left out");
                metrics::counter!("selflink_feed_cards_left_out_total").increment(1);
                None
            }
        }
    }
}

/// The cards of a day that have been made already.
pub async fn kept(app: &App, viewer: UserId, date: NaiveDate) -> Three<Card> {
    let one = |kind| async move { app.cache().get(&key(viewer, date, kind)).await };
    let (mentor, matrix, soulmatch) = futures::join!(
        one(CardKind::Mentor),
        one(CardKind::Matrix),
        one(CardKind::Soulmatch)
    );
    Three {
        mentor,
        matrix,
        soulmatch,
    }
}

fn key(viewer: UserId, date: NaiveDate, kind: CardKind) -> String {
    format!("feed:card:{viewer}:{date}:{kind}")
}

/// The card of a kind that nobody makes.
fn placeholder(kind: CardKind) -> Card {
    let (title, subtitle, profiles, cta) = match kind {
        CardKind::Mentor => (
            "Today's insight",
            "Daily mentor insight is not available right now. Tap to open Mentor.",
            None,
            "Open mentor",
        ),
        CardKind::Matrix => (
            "Today's matrix insight",
            "Add your birth data to unlock daily matrix insights tailored to you.",
            None,
            "View matrix",
        ),
        CardKind::Soulmatch => (
            "Unlock SoulMatch",
            "Add your birth data to see compatible connections tailored for you.",
            Some(Vec::new()),
            "Open SoulMatch",
        ),
    };
    Card {
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        profiles,
        cta: cta.to_owned(),
    }
}
