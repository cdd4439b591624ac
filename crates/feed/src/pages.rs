//! Pages of feeds, as they are answered.

use platform::{
    App,
    http::{ApiError, Origin, Viewer},
    id::UserId,
};
use serde::Serialize;
use social::PostView;
use utoipa::ToSchema;

use crate::{
    arrangement::{Three, arrange},
    cards::{self, Card, Makers},
    explanations::Explanation,
    settings,
};

/// A page of a feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// Posts, and insight cards between them.
    pub items: Vec<Item>,
    /// URL of the next page, null on the last.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// A post or a card. Clients pass over types that they do not know.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = FeedItem)]
pub enum Item {
    /// A post.
    Post {
        id: i64,
        post: Box<PostView>,
        /// Only where it was asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        explain: Option<Explanation>,
    },
    /// A thought of the mentor's; the id is `mentor_` and the day.
    MentorInsight { id: String, mentor: Card },
    /// What the numbers of one's birth say of the day; the id is `matrix_` and the day.
    MatrixInsight { id: String, matrix: Card },
    /// People who fit; the id is `soulmatch_` and the day.
    SoulmatchReco { id: String, soulmatch: Card },
}

impl Item {
    fn cards(cards: Three<Card>, date: chrono::NaiveDate) -> Three<Self> {
        Three {
            mentor: cards.mentor.map(|mentor| Self::MentorInsight {
                id: format!("mentor_{date}"),
                mentor,
            }),
            matrix: cards.matrix.map(|matrix| Self::MatrixInsight {
                id: format!("matrix_{date}"),
                matrix,
            }),
            soulmatch: cards.soulmatch.map(|soulmatch| Self::SoulmatchReco {
                id: format!("soulmatch_{date}"),
                soulmatch,
            }),
        }
    }
}

/// The posts of these ids as items, with the cards of the day if `makers` are given. A page without posts shows only
/// cards that are there already. `explain` says why a post is on the page.
pub async fn items(
    (app, viewer, origin): (&App, &Viewer, &Origin),
    ids: &[i64],
    makers: Option<&Makers>,
    explain: impl Fn(&PostView) -> Option<Explanation>,
) -> Result<Vec<Item>, ApiError> {
    let posts = social::posts_shown_to(app, Some(viewer), origin, ids);
    let date = settings::today(app);
    let (posts, cards) = futures::join!(posts, cards_of(app, viewer.id, makers, ids.is_empty(), date));
    let posts: Vec<Item> = posts?
        .into_iter()
        .map(|post| Item::Post {
            id: post.id,
            explain: explain(&post),
            post: Box::new(post),
        })
        .collect();
    Ok(arrange(posts, Item::cards(cards, date)))
}

async fn cards_of(
    app: &App,
    viewer: UserId,
    makers: Option<&Makers>,
    is_empty: bool,
    date: chrono::NaiveDate,
) -> Three<Card> {
    match makers {
        None => Three::none(),
        Some(_) if is_empty => cards::kept(app, viewer, date).await,
        Some(makers) => makers.make(app, viewer, date).await,
    }
}
