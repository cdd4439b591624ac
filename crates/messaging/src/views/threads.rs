//! Threads.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use identity::UserView;
use platform::{
    App,
    db::{Engine, list_of},
    http::{Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{DbErr, QueryResult};
use serde::Serialize;
use utoipa::ToSchema;

use crate::sql;

/// Accounts that are asked for by one query.
const MOST_USERS: usize = 1000;

/// A conversation.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Thread)]
pub struct ThreadView {
    pub id: i64,
    pub is_group: bool,
    pub title: String,
    /// Who belongs to it by now, in the order in which they were named; whoever began it is the last.
    pub members: Vec<MemberView>,
    /// The members without the viewer.
    pub participants: Vec<UserView>,
    #[schema(required = true)]
    pub last_message: Option<LastMessageView>,
    /// Messages of others that the viewer has not read.
    pub unread_count: i64,
    pub created_at: Timestamp,
    /// When the last message was sent, or the title changed.
    pub updated_at: Timestamp,
}

/// Somebody who belongs to a thread.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ThreadMember)]
pub struct MemberView {
    pub id: i64,
    pub user: UserView,
    /// `member`
    pub role: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The newest message of a thread.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = LastMessage)]
pub struct LastMessageView {
    pub body: String,
    pub created_at: Timestamp,
}

struct Member {
    id: i64,
    user: UserId,
    role: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The threads of these ids that the viewer belongs to, in the order of the ids. Costs three queries, however many there are (and
/// one more for each further thousand people).
pub async fn threads_shown_to(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<ThreadView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let on = app.db().reader();
    let text = format!(
        "SELECT t.id, t.is_group, t.title, t.created_at, t.updated_at, t.message_count - v.own_count - v.seen_count, \
         n.created_at, CASE WHEN n.removed_at IS NULL THEN n.body ELSE '' END \
         FROM {} i JOIN threads t ON t.id = i.id JOIN thread_members v ON v.thread_id = t.id AND v.user_id = $2 \
         LEFT JOIN messages n ON n.id = (SELECT max(x.id) FROM messages x WHERE x.thread_id = t.id)",
        sql::id_table(Engine::of(on), "$1")
    );
    let (rows, mut members) = tokio::try_join!(
        sql::rows(on, text, [list_of(ids), viewer.id.0.into()]),
        members_of(app, ids)
    )?;
    let everybody: BTreeSet<UserId> = members.values().flatten().map(|member| member.user).collect();
    let users = users_of(app, viewer, everybody).await?;
    let mut views: HashMap<i64, ThreadView> = HashMap::new();
    for row in &rows {
        let id = row.try_get_by_index(0)?;
        let members = members.remove(&id).unwrap_or_default();
        views.insert(id, view(row, id, members, &users, viewer)?);
    }
    Ok(ids.iter().filter_map(|id| views.remove(id)).collect())
}

fn view(
    row: &QueryResult,
    id: i64,
    members: Vec<Member>,
    users: &HashMap<UserId, UserView>,
    viewer: &Viewer,
) -> Result<ThreadView, DbErr> {
    let members = members.into_iter().filter_map(|member| {
        Some(MemberView {
            id: member.id,
            user: users.get(&member.user)?.clone(),
            role: member.role,
            created_at: Timestamp(member.created_at),
            updated_at: Timestamp(member.updated_at),
        })
    });
    let members: Vec<MemberView> = members.collect();
    let others = members.iter().filter(|member| member.user.id != viewer.id.0);
    let last_message = match row.try_get_by_index::<Option<DateTime<Utc>>>(6)? {
        Some(created_at) => Some(LastMessageView {
            body: row.try_get_by_index(7)?,
            created_at: Timestamp(created_at),
        }),
        None => None,
    };
    Ok(ThreadView {
        id,
        is_group: row.try_get_by_index(1)?,
        title: row.try_get_by_index(2)?,
        participants: others.map(|member| member.user.clone()).collect(),
        members,
        last_message,
        unread_count: row.try_get_by_index(5)?,
        created_at: Timestamp(row.try_get_by_index(3)?),
        updated_at: Timestamp(row.try_get_by_index(4)?),
    })
}

async fn members_of(app: &App, threads: &[i64]) -> Result<HashMap<i64, Vec<Member>>, DbErr> {
    let on = app.db().reader();
    let text = format!(
        "SELECT thread_id, id, user_id, role, created_at, updated_at FROM thread_members WHERE thread_id IN {} \
         ORDER BY thread_id, id",
        Engine::of(on).list("$1")
    );
    let mut members: HashMap<i64, Vec<Member>> = HashMap::new();
    for row in &sql::rows(on, text, [list_of(threads)]).await? {
        members.entry(row.try_get_by_index(0)?).or_default().push(Member {
            id: row.try_get_by_index(1)?,
            user: row.try_get_by_index(2)?,
            role: row.try_get_by_index(3)?,
            created_at: row.try_get_by_index(4)?,
            updated_at: row.try_get_by_index(5)?,
        });
    }
    Ok(members)
}

async fn users_of(
    app: &App,
    viewer: &Viewer,
    users: BTreeSet<UserId>,
) -> Result<HashMap<UserId, UserView>, DbErr> {
    let users: Vec<UserId> = users.into_iter().collect();
    let mut views = HashMap::new();
    for some in users.chunks(MOST_USERS) {
        views.extend(identity::shown_to(app.db().reader(), Some(viewer), some).await?);
    }
    Ok(views)
}
