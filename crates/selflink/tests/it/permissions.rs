//! Who may call what: every endpoint of the API, by name.

use std::collections::BTreeSet;

use platform::testing::Client;
use serde_json::Value;

use crate::support::{deactivate, staff, start, user};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Anybody; a token that is sent must be valid.
    Everybody,
    /// Anybody; credentials are not looked at.
    WhoeverSignsIn,
    SignedIn,
    Staff,
}
use Who::{Everybody, SignedIn, Staff, WhoeverSignsIn};

/// An endpoint that is missing here has not been thought about: say who may call it.
const ENDPOINTS: &[(&str, &str, Who)] = &[
    ("GET", "/api/v1/", SignedIn),
    ("GET", "/api/v1/audit/events/", Staff),
    ("GET", "/api/v1/audit/events/{id}/", Staff),
    ("POST", "/api/v1/auth/email/change/", SignedIn),
    ("POST", "/api/v1/auth/email/change/confirm/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/email/verify/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/email/verify/resend/", SignedIn),
    ("POST", "/api/v1/auth/login/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/logout/", SignedIn),
    ("POST", "/api/v1/auth/passkeys/register/finish/", SignedIn),
    ("POST", "/api/v1/auth/passkeys/register/start/", SignedIn),
    ("POST", "/api/v1/auth/passkeys/sign-in/finish/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/passkeys/sign-in/start/", WhoeverSignsIn),
    ("DELETE", "/api/v1/auth/passkeys/{id}/", SignedIn),
    ("POST", "/api/v1/auth/password/change/", SignedIn),
    ("POST", "/api/v1/auth/password/reset/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/password/reset/confirm/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/recovery-codes/", SignedIn),
    ("POST", "/api/v1/auth/refresh/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/register/", WhoeverSignsIn),
    ("GET", "/api/v1/auth/second-factor/", SignedIn),
    ("POST", "/api/v1/auth/second-factor/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/second-factor/passkey/", WhoeverSignsIn),
    ("POST", "/api/v1/auth/social/{provider}/callback/", WhoeverSignsIn),
    ("DELETE", "/api/v1/auth/totp/", SignedIn),
    ("POST", "/api/v1/auth/totp/confirm/", SignedIn),
    ("POST", "/api/v1/auth/totp/start/", SignedIn),
    ("GET", "/api/v1/bookmarks/", SignedIn),
    ("GET", "/api/v1/comments/", Everybody),
    ("POST", "/api/v1/comments/", SignedIn),
    ("GET", "/api/v1/comments/{id}/", Everybody),
    ("PUT", "/api/v1/comments/{id}/", SignedIn),
    ("PATCH", "/api/v1/comments/{id}/", SignedIn),
    ("DELETE", "/api/v1/comments/{id}/", SignedIn),
    ("POST", "/api/v1/comments/{id}/like/", SignedIn),
    ("GET", "/api/v1/comments/{id}/likes/", SignedIn),
    ("POST", "/api/v1/comments/{id}/unlike/", SignedIn),
    ("DELETE", "/api/v1/comments/{id}/unlike/", SignedIn),
    ("GET", "/api/v1/devices/", SignedIn),
    ("POST", "/api/v1/devices/", SignedIn),
    ("GET", "/api/v1/devices/{id}/", SignedIn),
    ("PUT", "/api/v1/devices/{id}/", SignedIn),
    ("PATCH", "/api/v1/devices/{id}/", SignedIn),
    ("DELETE", "/api/v1/devices/{id}/", SignedIn),
    ("GET", "/api/v1/feed/following/", SignedIn),
    ("GET", "/api/v1/feed/following_videos/", SignedIn),
    ("GET", "/api/v1/feed/for_you/", SignedIn),
    ("GET", "/api/v1/feed/for_you_videos/", SignedIn),
    ("GET", "/api/v1/feed/health/", SignedIn),
    ("GET", "/api/v1/feed/home/", SignedIn),
    ("GET", "/api/v1/hashtags/trending/", Everybody),
    ("GET", "/api/v1/hashtags/{tag}/posts/", Everybody),
    ("GET", "/api/v1/health/", WhoeverSignsIn),
    ("GET", "/api/v1/home/highlights/", Everybody),
    ("POST", "/api/v1/me/account/delete/", SignedIn),
    ("GET", "/api/v1/me/blocks/", SignedIn),
    ("GET", "/api/v1/me/export/", SignedIn),
    ("POST", "/api/v1/me/export/", SignedIn),
    ("GET", "/api/v1/me/export/download/", SignedIn),
    ("GET", "/api/v1/me/mutes/", SignedIn),
    ("GET", "/api/v1/me/profile/", SignedIn),
    ("PUT", "/api/v1/me/profile/", SignedIn),
    ("PATCH", "/api/v1/me/profile/", SignedIn),
    ("GET", "/api/v1/me/sessions/", SignedIn),
    ("DELETE", "/api/v1/me/sessions/", SignedIn),
    ("DELETE", "/api/v1/me/sessions/{id}/", SignedIn),
    ("GET", "/api/v1/me/social/", SignedIn),
    ("POST", "/api/v1/me/social/{provider}/", SignedIn),
    ("DELETE", "/api/v1/me/social/{provider}/", SignedIn),
    ("GET", "/api/v1/media/", SignedIn),
    ("POST", "/api/v1/media/", SignedIn),
    ("POST", "/api/v1/media/uploads/", SignedIn),
    ("POST", "/api/v1/media/uploads/{id}/complete/", SignedIn),
    ("PUT", "/api/v1/media/uploads/{token}/", WhoeverSignsIn),
    ("GET", "/api/v1/media/{id}/", SignedIn),
    ("PUT", "/api/v1/media/{id}/", SignedIn),
    ("PATCH", "/api/v1/media/{id}/", SignedIn),
    ("DELETE", "/api/v1/media/{id}/", SignedIn),
    ("GET", "/api/v1/messages/", SignedIn),
    ("POST", "/api/v1/messages/", SignedIn),
    ("GET", "/api/v1/messages/{id}/", SignedIn),
    ("PUT", "/api/v1/messages/{id}/", SignedIn),
    ("PATCH", "/api/v1/messages/{id}/", SignedIn),
    ("DELETE", "/api/v1/messages/{id}/", SignedIn),
    ("POST", "/api/v1/messages/{id}/ack/", SignedIn),
    ("GET", "/api/v1/messages/{id}/reactions/", SignedIn),
    ("POST", "/api/v1/messages/{id}/reactions/", SignedIn),
    ("GET", "/api/v1/messaging/", SignedIn),
    ("GET", "/api/v1/messaging/messages/", SignedIn),
    ("POST", "/api/v1/messaging/messages/", SignedIn),
    ("GET", "/api/v1/messaging/messages/{id}/", SignedIn),
    ("PUT", "/api/v1/messaging/messages/{id}/", SignedIn),
    ("PATCH", "/api/v1/messaging/messages/{id}/", SignedIn),
    ("DELETE", "/api/v1/messaging/messages/{id}/", SignedIn),
    ("POST", "/api/v1/messaging/messages/{id}/ack/", SignedIn),
    ("GET", "/api/v1/messaging/messages/{id}/reactions/", SignedIn),
    ("POST", "/api/v1/messaging/messages/{id}/reactions/", SignedIn),
    ("GET", "/api/v1/messaging/threads/", SignedIn),
    ("POST", "/api/v1/messaging/threads/", SignedIn),
    ("POST", "/api/v1/messaging/threads/direct/", SignedIn),
    ("GET", "/api/v1/messaging/threads/{id}/", SignedIn),
    ("PUT", "/api/v1/messaging/threads/{id}/", SignedIn),
    ("PATCH", "/api/v1/messaging/threads/{id}/", SignedIn),
    ("DELETE", "/api/v1/messaging/threads/{id}/", SignedIn),
    ("POST", "/api/v1/messaging/threads/{id}/leave/", SignedIn),
    ("POST", "/api/v1/messaging/threads/{id}/messages/", SignedIn),
    ("POST", "/api/v1/messaging/threads/{id}/read/", SignedIn),
    ("GET", "/api/v1/messaging/threads/{id}/sync/", SignedIn),
    ("GET", "/api/v1/messaging/threads/{id}/typing/", SignedIn),
    ("POST", "/api/v1/messaging/threads/{id}/typing/", SignedIn),
    ("GET", "/api/v1/moderation/admin/appeals/", Staff),
    ("POST", "/api/v1/moderation/admin/appeals/{id}/decide/", Staff),
    ("POST", "/api/v1/moderation/admin/enforce/", Staff),
    ("POST", "/api/v1/moderation/admin/enforcements/{id}/lift/", Staff),
    ("GET", "/api/v1/moderation/admin/queue/", Staff),
    ("POST", "/api/v1/moderation/admin/queue/assignments/", Staff),
    ("DELETE", "/api/v1/moderation/admin/queue/assignments/", Staff),
    ("GET", "/api/v1/moderation/admin/reports/", Staff),
    ("GET", "/api/v1/moderation/admin/reports/{id}/", Staff),
    ("PUT", "/api/v1/moderation/admin/reports/{id}/", Staff),
    ("PATCH", "/api/v1/moderation/admin/reports/{id}/", Staff),
    ("DELETE", "/api/v1/moderation/admin/reports/{id}/", Staff),
    ("GET", "/api/v1/moderation/admin/reports/{id}/context/", Staff),
    ("POST", "/api/v1/moderation/admin/reports/{id}/enforce/", Staff),
    ("GET", "/api/v1/moderation/appeals/", SignedIn),
    ("POST", "/api/v1/moderation/appeals/", Everybody),
    ("GET", "/api/v1/moderation/enforcements/", Staff),
    ("GET", "/api/v1/moderation/enforcements/{id}/", Staff),
    ("GET", "/api/v1/moderation/reports/", SignedIn),
    ("POST", "/api/v1/moderation/reports/", SignedIn),
    ("GET", "/api/v1/moderation/reports/{id}/", SignedIn),
    ("PUT", "/api/v1/moderation/reports/{id}/", SignedIn),
    ("PATCH", "/api/v1/moderation/reports/{id}/", SignedIn),
    ("DELETE", "/api/v1/moderation/reports/{id}/", SignedIn),
    ("GET", "/api/v1/notifications/", SignedIn),
    ("POST", "/api/v1/notifications/", SignedIn),
    ("POST", "/api/v1/notifications/mark-all-read/", SignedIn),
    ("GET", "/api/v1/presence/", SignedIn),
    ("GET", "/api/v1/presence/settings/", SignedIn),
    ("PATCH", "/api/v1/presence/settings/", SignedIn),
    ("GET", "/api/v1/notifications/preferences/", SignedIn),
    ("PATCH", "/api/v1/notifications/preferences/", SignedIn),
    ("GET", "/api/v1/notifications/unread-count/", SignedIn),
    (
        "GET",
        "/api/v1/notifications/unsubscribe/{token}/",
        WhoeverSignsIn,
    ),
    (
        "POST",
        "/api/v1/notifications/unsubscribe/{token}/",
        WhoeverSignsIn,
    ),
    ("GET", "/api/v1/notifications/{id}/", SignedIn),
    ("PUT", "/api/v1/notifications/{id}/", SignedIn),
    ("PATCH", "/api/v1/notifications/{id}/", SignedIn),
    ("DELETE", "/api/v1/notifications/{id}/", SignedIn),
    ("GET", "/api/v1/posts/", Everybody),
    ("POST", "/api/v1/posts/", SignedIn),
    ("GET", "/api/v1/posts/{id}/", Everybody),
    ("PUT", "/api/v1/posts/{id}/", SignedIn),
    ("PATCH", "/api/v1/posts/{id}/", SignedIn),
    ("DELETE", "/api/v1/posts/{id}/", SignedIn),
    ("POST", "/api/v1/posts/{id}/bookmark/", SignedIn),
    ("DELETE", "/api/v1/posts/{id}/bookmark/", SignedIn),
    ("POST", "/api/v1/posts/{id}/like/", SignedIn),
    ("GET", "/api/v1/posts/{id}/likes/", SignedIn),
    ("POST", "/api/v1/posts/{id}/repost/", SignedIn),
    ("DELETE", "/api/v1/posts/{id}/repost/", SignedIn),
    ("POST", "/api/v1/posts/{id}/unlike/", SignedIn),
    ("DELETE", "/api/v1/posts/{id}/unlike/", SignedIn),
    ("GET", "/api/v1/profile/me/", SignedIn),
    ("PATCH", "/api/v1/profile/me/", SignedIn),
    ("GET", "/api/v1/search/posts/", SignedIn),
    ("GET", "/api/v1/search/users/", SignedIn),
    ("GET", "/api/v1/threads/", SignedIn),
    ("POST", "/api/v1/threads/", SignedIn),
    ("POST", "/api/v1/threads/direct/", SignedIn),
    ("GET", "/api/v1/threads/{id}/", SignedIn),
    ("PUT", "/api/v1/threads/{id}/", SignedIn),
    ("PATCH", "/api/v1/threads/{id}/", SignedIn),
    ("DELETE", "/api/v1/threads/{id}/", SignedIn),
    ("POST", "/api/v1/threads/{id}/leave/", SignedIn),
    ("POST", "/api/v1/threads/{id}/messages/", SignedIn),
    ("POST", "/api/v1/threads/{id}/read/", SignedIn),
    ("GET", "/api/v1/threads/{id}/sync/", SignedIn),
    ("GET", "/api/v1/threads/{id}/typing/", SignedIn),
    ("POST", "/api/v1/threads/{id}/typing/", SignedIn),
    ("GET", "/api/v1/users/", SignedIn),
    ("GET", "/api/v1/users/me/", SignedIn),
    ("PATCH", "/api/v1/users/me/", SignedIn),
    ("GET", "/api/v1/users/me/recipient-id/", SignedIn),
    ("GET", "/api/v1/users/{id}/", SignedIn),
    ("POST", "/api/v1/users/{id}/block/", SignedIn),
    ("DELETE", "/api/v1/users/{id}/block/", SignedIn),
    ("POST", "/api/v1/users/{id}/follow/", SignedIn),
    ("DELETE", "/api/v1/users/{id}/follow/", SignedIn),
    ("GET", "/api/v1/users/{id}/followers/", SignedIn),
    ("GET", "/api/v1/users/{id}/following/", SignedIn),
    ("POST", "/api/v1/users/{id}/mute/", SignedIn),
    ("DELETE", "/api/v1/users/{id}/mute/", SignedIn),
];

#[test]
fn every_endpoint_says_who_may_call_it() {
    let api = platform::http::openapi(&selflink::domains());
    let api: Value = serde_json::from_str(&api.to_json().expect("is JSON")).expect("is JSON");
    let described: BTreeSet<(String, String)> = api["paths"]
        .as_object()
        .expect("has paths")
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("has methods").keys();
            methods.map(move |method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let listed: BTreeSet<(String, String)> = ENDPOINTS
        .iter()
        .map(|(method, path, _)| ((*path).to_owned(), (*method).to_owned()))
        .collect();
    let unlisted: Vec<_> = described.difference(&listed).collect();
    assert!(unlisted.is_empty(), "add to the table of this test: {unlisted:?}");
    let gone: Vec<_> = listed.difference(&described).collect();
    assert!(gone.is_empty(), "not in the API's description: {gone:?}");
}

/// Whether the request got past the checks of who may make it.
async fn is_let_in(client: &Client, method: &str, path: &str) -> Result<(), u16> {
    match client.call(method, path).await.status {
        status @ (401 | 403 | 405 | 500..) => Err(status),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn everybody_may_call_what_the_table_says_and_nothing_else() {
    let app = start().await;
    let other = user(&app).await;
    let (nobody, forged) = (app.client(), app.client().with_token("forged"));
    for (method, path, who) in ENDPOINTS {
        // New ones for each: some endpoints end what they are called with.
        let (user_, staff_, inactive) = (user(&app).await, staff(&app).await, user(&app).await);
        deactivate(&app, inactive.id).await;
        let path = path
            .replace("{id}", &other.id.to_string())
            .replace("{tag}", "tag")
            .replace("{provider}", "google");
        let expected = match who {
            Who::Everybody => [Ok(()), Err(401), Err(401), Ok(()), Ok(())],
            Who::WhoeverSignsIn => [Ok(()); 5],
            Who::SignedIn => [Err(401), Err(401), Err(401), Ok(()), Ok(())],
            Who::Staff => [Err(401), Err(401), Err(401), Err(403), Ok(())],
        };
        let mut outcomes = Vec::new();
        for client in [&nobody, &forged, &inactive.client, &user_.client, &staff_.client] {
            outcomes.push(is_let_in(client, method, &path).await);
        }
        assert_eq!(
            outcomes, expected,
            "{method} {path}: nobody, forged token, inactive, user, staff"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn an_ended_session_opens_nothing() {
    let app = start().await;
    let (ann, other) = (user(&app).await, user(&app).await);
    crate::support::execute(&app, &format!("DELETE FROM sessions WHERE user_id = {}", ann.id)).await;
    for (method, path, who) in ENDPOINTS {
        let path = path
            .replace("{id}", &other.id.to_string())
            .replace("{tag}", "tag")
            .replace("{provider}", "google");
        let expected = if *who == WhoeverSignsIn { Ok(()) } else { Err(401) };
        assert_eq!(
            is_let_in(&ann.client, method, &path).await,
            expected,
            "{method} {path}"
        );
    }
    app.stop().await;
}
