//! Who may see a post or a comment: the one place that decides it.
//!
//! `public`: everybody. `followers`: the author and who follows them. `private`: the author. Nobody sees a post of somebody
//! who has blocked them, or whom they have blocked. What moderation took away only the author sees. A post that only passes on
//! another is seen by whoever sees that one as well. A comment is seen by whoever sees its post, unless its writer and the
//! viewer are apart.

use platform::http::Viewer;
use sea_orm::{
    DbBackend,
    sea_query::{Expr, SimpleExpr},
};

/// Who may see a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// The author and who follows them.
    Followers,
    /// The author.
    Private,
}

/// A condition on posts `p` in SQL: true for those that the viewer sees whose id is the given expression, such as `$1`.
/// The id 0 stands for somebody who is not signed in.
pub fn visible(viewer: &str) -> String {
    format!(
        "({} AND (NOT p.is_plain_repost OR EXISTS (SELECT 1 FROM posts o WHERE o.id = p.repost_of AND {})))",
        shown("p", viewer),
        shown("o", viewer)
    )
}

/// The same for comments `c` of posts `p`.
pub fn visible_comment(viewer: &str) -> String {
    format!("({} AND {})", visible(viewer), visible_below(viewer))
}

/// The same for comments `c` of a post that the viewer sees.
pub fn visible_below(viewer: &str) -> String {
    format!(
        "(c.author_id = {viewer} OR (c.removed_at IS NULL AND {}))",
        not_apart(viewer, "c.author_id")
    )
}

fn shown(post: &str, viewer: &str) -> String {
    let author = format!("{post}.author_id");
    format!(
        "({author} = {viewer} OR ({post}.removed_at IS NULL \
         AND ({post}.visibility = 'public' OR ({post}.visibility = 'followers' AND EXISTS \
         (SELECT 1 FROM follows vf WHERE vf.follower_id = {viewer} AND vf.followee_id = {author}))) \
         AND {}))",
        not_apart(viewer, &author)
    )
}

/// True if neither of the two has blocked the other.
pub fn not_apart(viewer: &str, other: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {viewer} AND vb.target_id = {other}) \
         AND NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {other} AND vb.target_id = {viewer})"
    )
}

/// Such a condition for queries that are built: the viewer is bound wherever it is asked for.
pub fn bound(backend: DbBackend, condition: fn(&str) -> String, viewer: i64) -> SimpleExpr {
    match backend {
        DbBackend::Postgres => Expr::cust_with_values(condition("$1"), [viewer]),
        _ => {
            let text = condition("?");
            let times = text.matches('?').count();
            Expr::cust_with_values(text, vec![viewer; times])
        }
    }
}

/// The id by which conditions know a viewer.
pub fn id_of(viewer: Option<&Viewer>) -> i64 {
    viewer.map_or(0, |viewer| viewer.id.0)
}
