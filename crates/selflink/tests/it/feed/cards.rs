//! Insight cards.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{Duration, NaiveDate};
use feed::{Card, CardKind, CardProfile, CardSet, InsightCards};
use platform::{App, id::UserId, process::Instance, testing::TestApp};
use serde_json::{Value, json};

use super::{items, page, seed_posts};
use crate::support::{execute, start, user};

/// The types of the items of a page: P, M, X, S.
fn sequence(page: &Value) -> String {
    items(page)
        .iter()
        .map(|item| match item["type"].as_str().expect("is a text") {
            "post" => 'P',
            "mentor_insight" => 'M',
            "matrix_insight" => 'X',
            "soulmatch_reco" => 'S',
            other => panic!("unknown: {other}"),
        })
        .collect()
}

#[tokio::test]
async fn they_stand_where_they_belong_on_every_page() {
    let app = start().await;
    let ann = user(&app).await;
    seed_posts(&app, ann.id, 9).await;
    for feed in ["home", "following", "for_you"] {
        for (size, wanted) in [
            (1, "PMS"),
            (2, "PPMS"),
            (3, "PPMPS"),
            (4, "PPMPPS"),
            (5, "PPMPPSP"),
            (6, "PPMPPSPPX"),
            (7, "PPMPPSPPXP"),
        ] {
            let first = page(&ann.client, &format!("{feed}/?limit={size}")).await;
            assert_eq!(sequence(&first), wanted, "{feed} {size}");
            if size == 5 {
                let second = ann
                    .client
                    .get(first["next"].as_str().expect("has more"))
                    .await
                    .expect(200);
                assert_eq!(sequence(&second), "PPMPPS", "{feed}");
            }
        }
    }
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    for feed in ["following_videos/", "for_you_videos/"] {
        assert_eq!(sequence(&page(&ann.client, feed).await), "P".repeat(9));
    }
    app.stop().await;
}

#[tokio::test]
async fn placeholders_lead_on() {
    let app = start().await;
    let ann = user(&app).await;
    seed_posts(&app, ann.id, 6).await;
    let today = app.app.clock().now().date_naive();
    let page = page(&ann.client, "home/").await;
    let card = |kind: &str| {
        items(&page)
            .iter()
            .find(|item| item["type"] == kind)
            .expect("is there")
            .clone()
    };
    assert_eq!(
        card("mentor_insight"),
        json!({
            "type": "mentor_insight",
            "id": format!("mentor_{today}"),
            "mentor": {
                "title": "Today's insight",
                "subtitle": "Daily mentor insight is not available right now. Tap to open Mentor.",
                "cta": "Open mentor",
            },
        })
    );
    assert_eq!(
        card("matrix_insight"),
        json!({
            "type": "matrix_insight",
            "id": format!("matrix_{today}"),
            "matrix": {
                "title": "Today's matrix insight",
                "subtitle": "Add your birth data to unlock daily matrix insights tailored to you.",
                "cta": "View matrix",
            },
        })
    );
    assert_eq!(
        card("soulmatch_reco"),
        json!({
            "type": "soulmatch_reco",
            "id": format!("soulmatch_{today}"),
            "soulmatch": {
                "title": "Unlock SoulMatch",
                "subtitle": "Add your birth data to see compatible connections tailored for you.",
                "profiles": [],
                "cta": "Open SoulMatch",
            },
        })
    );
    app.stop().await;
}

#[tokio::test]
async fn health_says_which_are_kept_and_an_empty_page_shows_those() {
    let app = start().await;
    let ann = user(&app).await;
    let health = |is_kept: bool| {
        let kept = json!({ "mentor": is_kept, "matrix": is_kept, "soulmatch": is_kept });
        json!({ "cache_connected": true, "insight_cache": kept })
    };
    assert_eq!(sequence(&page(&ann.client, "home/").await), "");
    assert_eq!(page(&ann.client, "health/").await, health(false));
    seed_posts(&app, ann.id, 1).await;
    page(&ann.client, "following_videos/").await;
    assert_eq!(page(&ann.client, "health/").await, health(false));
    assert_eq!(sequence(&page(&ann.client, "home/").await), "PMS");
    assert_eq!(page(&ann.client, "health/").await, health(true));
    execute(&app, "DELETE FROM posts").await;
    for (feed, wanted) in [
        ("home/", "MS"),
        ("following/", "MS"),
        ("for_you/", "MS"),
        ("for_you_videos/", ""),
    ] {
        let page = page(&ann.client, feed).await;
        assert_eq!(
            (sequence(&page).as_str(), &page["next"]),
            (wanted, &json!(null)),
            "{feed}"
        );
    }
    let bob = user(&app).await;
    assert_eq!(page(&bob.client, "health/").await, health(false));
    app.stop().await;
}

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Says who is asked for and when.
struct Mentor;
/// Never has anything to say.
struct Silent;
/// Fails, panics or does not answer, by what the viewer's id leaves.
struct Broken;

#[async_trait::async_trait]
impl InsightCards for Mentor {
    fn kind(&self) -> CardKind {
        CardKind::Mentor
    }

    async fn card(&self, _: &App, viewer: UserId, date: NaiveDate) -> anyhow::Result<Option<Card>> {
        MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Card {
            title: format!("{viewer} {date}"),
            subtitle: String::new(),
            profiles: Some(vec![CardProfile {
                id: 1,
                name: "Bob".to_owned(),
                avatar_url: None,
                score: 0.5,
            }]),
            cta: String::new(),
        }))
    }
}

#[async_trait::async_trait]
impl InsightCards for Silent {
    fn kind(&self) -> CardKind {
        CardKind::Matrix
    }

    async fn card(&self, _: &App, _: UserId, _: NaiveDate) -> anyhow::Result<Option<Card>> {
        Ok(None)
    }
}

#[async_trait::async_trait]
impl InsightCards for Broken {
    fn kind(&self) -> CardKind {
        CardKind::Soulmatch
    }

    async fn card(&self, _: &App, viewer: UserId, _: NaiveDate) -> anyhow::Result<Option<Card>> {
        match viewer.0 % 3 {
            0 => anyhow::bail!("it was to fail"),
            1 => panic!("it was to panic"),
            _ => std::future::pending().await,
        }
    }
}

struct Odd;

impl CardSet for Odd {
    fn all() -> Vec<Arc<dyn InsightCards>> {
        vec![Arc::new(Mentor), Arc::new(Silent), Arc::new(Broken)]
    }
}

fn with_odd_cards() -> Instance {
    let mut instance = selflink::instance();
    for domain in &mut instance.domains {
        if domain.name == "feed" {
            *domain = feed::domain::<Odd>();
        }
    }
    instance
}

#[tokio::test]
async fn cards_that_cannot_be_made_are_left_out_and_others_are_kept() {
    let app = TestApp::start(with_odd_cards()).await;
    // Whatever goes wrong with the last of them.
    for _ in 0..4 {
        let ann = user(&app).await;
        seed_posts(&app, ann.id, 7).await;
        let before = MADE.load(Ordering::Relaxed);
        for feed in ["home/?limit=7", "for_you/?limit=7"] {
            let page = page(&ann.client, feed).await;
            assert_eq!(sequence(&page), "PPMPPPPP");
            let today = app.app.clock().now().date_naive();
            let card = &items(&page)[2]["mentor"];
            assert_eq!(card["title"], format!("{} {today}", ann.id));
            assert_eq!(
                card["profiles"],
                json!([{ "id": 1, "name": "Bob", "avatarUrl": null, "score": 0.5 }])
            );
        }
        assert_eq!(MADE.load(Ordering::Relaxed), before + 1);
        let kept = page(&ann.client, "health/").await["insight_cache"].clone();
        assert_eq!(
            kept,
            json!({ "mentor": true, "matrix": false, "soulmatch": false })
        );
        execute(&app, "DELETE FROM posts").await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_day_begins_where_the_instance_is() {
    for (zone, hours) in [("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12)] {
        let app = crate::support::start_with(&[("TZ", zone)]).await;
        let ann = user(&app).await;
        seed_posts(&app, ann.id, 1).await;
        let today = || (app.app.clock().now() + Duration::hours(hours)).date_naive();
        let (before, page, after) = (today(), page(&ann.client, "home/").await, today());
        let id = items(&page)[1]["id"].as_str().expect("is a text").to_owned();
        assert!(
            [before, after].iter().any(|date| id == format!("mentor_{date}")),
            "{id}"
        );
        app.stop().await;
    }
}
