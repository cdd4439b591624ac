//! Who may see a post: the one place that decides it.
//!
//! `public`: everybody. `followers`: the author and who follows them. `private`: the author. Nobody sees a post of somebody
//! who has blocked them, or whom they have blocked. What moderation took away only the author sees. A comment is seen by whoever
//! sees its post, unless its writer and the viewer are apart.

/// A condition on posts `p` in SQL: true for those that the viewer sees whose id is the given expression, such as `$1`.
/// The id 0 stands for somebody who is not signed in.
pub fn visible(viewer: &str) -> String {
    format!(
        "(p.author_id = {viewer} OR (p.removed_at IS NULL \
         AND (p.visibility = 'public' OR (p.visibility = 'followers' AND EXISTS \
         (SELECT 1 FROM follows vf WHERE vf.follower_id = {viewer} AND vf.followee_id = p.author_id))) \
         AND {}))",
        not_apart(viewer, "p.author_id")
    )
}

/// True if neither of the two has blocked the other.
pub fn not_apart(viewer: &str, other: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {viewer} AND vb.target_id = {other}) \
         AND NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {other} AND vb.target_id = {viewer})"
    )
}
