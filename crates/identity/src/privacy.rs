//! Who may see what of whom: the one place that decides it.
//!
//! | viewer | public | friends | private |
//! |---|---|---|---|
//! | the user itself, staff | everything | everything | everything |
//! | friend (each follows the other) | profile | profile | card |
//! | anybody else who is signed in | profile | card | card |
//! | either has blocked the other | nothing | nothing | nothing |
//!
//! The *profile* is everything but address and birth data. The *card* is what a name beside a message needs: id, handle,
//! name, photo, counts and whether one follows; no biography, and no lists of whom the user follows. Private users are in
//! no list but their own. An audience that is none of these words counts as private: it hides rather than shows.

use platform::{http::Viewer, id::UserId};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, Query, SelectStatement};

/// Who may see a profile, as its user has set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever is signed in.
    Public,
    /// Who follows the user and is followed back.
    Friends,
    /// Nobody.
    Private,
}

/// The words that mean [`Audience::Public`].
const PUBLIC: [&str; 2] = ["public", "everyone"];
/// The words that mean [`Audience::Friends`].
const FRIENDS: [&str; 2] = ["friends", "followers"];

impl Audience {
    /// What the setting `privacy` means.
    pub fn of(setting: &str) -> Self {
        if PUBLIC.contains(&setting) {
            Self::Public
        } else if FRIENDS.contains(&setting) {
            Self::Friends
        } else {
            Self::Private
        }
    }
}

/// How much of a user is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Id, handle, name, photo, counts.
    Card,
    /// Everything but address and birth data.
    Profile,
    /// Everything.
    Everything,
}

/// How much of `user` a viewer sees who is not blocked.
pub fn sight(viewer: &Viewer, user: UserId, audience: Audience, are_friends: bool) -> Sight {
    if viewer.id == user || viewer.is_staff {
        return Sight::Everything;
    }
    match audience {
        Audience::Public => Sight::Profile,
        Audience::Friends if are_friends => Sight::Profile,
        Audience::Friends | Audience::Private => Sight::Card,
    }
}

/// Narrows a query over users `u` to those that neither block the viewer nor are blocked. Staff meets everybody.
pub fn leave_out_blocked(query: &mut SelectStatement, viewer: &Viewer) {
    if viewer.is_staff {
        return;
    }
    for (own, other) in [("user_id", "target_id"), ("target_id", "user_id")] {
        let blocked = Query::select()
            .expr(Expr::val(1))
            .from_as("blocks", "b")
            .and_where(Expr::col(("b", own)).eq(viewer.id.0))
            .and_where(Expr::col(("b", other)).equals(("u", "id")))
            .take();
        query.and_where(Expr::exists(blocked).not());
    }
}

/// Narrows a query over users `u` and their settings `s` to those that lists may show to the viewer.
pub fn leave_out_private(query: &mut SelectStatement, viewer: &Viewer) {
    if viewer.is_staff {
        return;
    }
    let listed = PUBLIC.into_iter().chain(FRIENDS);
    query.cond_where(
        Condition::any()
            // The bare column: PostgreSQL cannot know how many rows a function of it finds, and would sort all users.
            .add(Expr::col(("s", "privacy")).is_in(listed))
            .add(Expr::col(("u", "id")).eq(viewer.id.0)),
    );
}

/// A condition in SQL, true for accounts that lists show to the viewer: what [`leave_out_blocked`] and
/// [`leave_out_private`] leave in. `viewer_id` and `user_id` are expressions such as `$1` and `x.user_id`.
pub fn finds(viewer: &Viewer, viewer_id: &str, user_id: &str) -> String {
    if viewer.is_staff {
        return everybody(viewer_id);
    }
    format!(
        "({user_id} = {viewer_id} OR (EXISTS (SELECT 1 FROM user_settings vs WHERE vs.user_id = {user_id} \
         AND vs.privacy IN ({})) \
         AND NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {viewer_id} AND vb.target_id = {user_id}) \
         AND NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.user_id = {user_id} AND vb.target_id = {viewer_id})))",
        words(PUBLIC.into_iter().chain(FRIENDS))
    )
}

/// A condition in SQL, true for accounts of which the viewer sees the profile: biographies must not be searched otherwise.
/// See [`sight`]; blocks are not looked at.
pub fn reads_profile(viewer: &Viewer, viewer_id: &str, user_id: &str) -> String {
    if viewer.is_staff {
        return everybody(viewer_id);
    }
    shows_profile_to(viewer_id, user_id)
}

/// The same of viewers who are not staff, or not as such.
pub fn shows_profile_to(viewer_id: &str, user_id: &str) -> String {
    let follows = |follower: &str, followee: &str| {
        format!(
            "EXISTS (SELECT 1 FROM follows vf WHERE vf.follower_id = {follower} AND vf.followee_id = {followee})"
        )
    };
    format!(
        "({user_id} = {viewer_id} OR EXISTS (SELECT 1 FROM user_settings vs WHERE vs.user_id = {user_id} \
         AND (vs.privacy IN ({}) OR (vs.privacy IN ({}) AND {} AND {}))))",
        words(PUBLIC),
        words(FRIENDS),
        follows(viewer_id, user_id),
        follows(user_id, viewer_id)
    )
}

/// True, and a use of the viewer: PostgreSQL wants to know the type of every parameter.
fn everybody(viewer_id: &str) -> String {
    format!("CAST({viewer_id} AS BIGINT) IS NOT NULL")
}

/// Words of this file, as SQL lists them.
fn words(words: impl IntoIterator<Item = &'static str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_viewer_and_audience() {
        let viewer = |id, is_staff| Viewer {
            id: UserId(id),
            session: 1,
            is_verified: true,
            is_staff,
            is_superuser: false,
            lacks_second_factor: false,
            is_restricted: false,
        };
        let of = |viewer: &Viewer, setting: &str, friends| {
            sight(viewer, UserId(1), Audience::of(setting), friends)
        };
        for setting in [
            "public",
            "everyone",
            "friends",
            "followers",
            "private",
            "nobody",
            "?",
        ] {
            assert_eq!(of(&viewer(1, false), setting, false), Sight::Everything);
            assert_eq!(of(&viewer(2, true), setting, false), Sight::Everything);
        }
        for (setting, stranger, friend) in [
            ("public", Sight::Profile, Sight::Profile),
            ("friends", Sight::Card, Sight::Profile),
            ("private", Sight::Card, Sight::Card),
            ("Public", Sight::Card, Sight::Card),
        ] {
            assert_eq!(of(&viewer(2, false), setting, false), stranger, "{setting}");
            assert_eq!(of(&viewer(2, false), setting, true), friend, "{setting}");
        }
    }
}
