//! Accounts: what others may see of them, and their standing.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub handle: String,
    pub name: String,
    pub bio: String,
    pub photo: String,
    pub locale: String,
    pub flags: Json,
    /// See `platform::auth::Passwords`.
    pub password: String,
    pub is_active: bool,
    pub is_staff: bool,
    pub is_superuser: bool,
    pub followers_count: i64,
    pub following_count: i64,
    pub posts_count: i64,
    /// Handle and name in lower case, a line each: what the directory searches.
    pub search_text: String,
    /// When its owner asked to have it deleted.
    pub deletion_requested_at: Option<DateTimeUtc>,
    /// Until when nobody may sign in to it.
    pub suspended_until: Option<DateTimeUtc>,
    /// Why, in the moderators' words.
    pub suspension_reason: String,
    /// Until when it may read but not write.
    pub restricted_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
