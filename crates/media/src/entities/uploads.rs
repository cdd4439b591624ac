//! Files that clients were told to send to the storage by themselves.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UploadState {
    /// Waiting for the file and for its sender to say that it is there.
    #[sea_orm(string_value = "open")]
    Open,
    /// Looked into, with whatever outcome.
    #[sea_orm(string_value = "done")]
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media_uploads")]
pub struct Model {
    /// Also that of the asset which the upload becomes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Nobody once the account is deleted: the row stays until nothing can be sent to its key any more.
    pub owner_id: Option<UserId>,
    /// Where the file is sent to; it is never served from there.
    pub key: String,
    /// Of the one-time URL; none where the storage takes the file itself.
    pub token_hash: Option<String>,
    /// As the client named the file.
    pub file_name: String,
    /// As the client declared it.
    pub mime: String,
    /// As the client declared it, in bytes.
    pub size: i64,
    pub state: UploadState,
    /// Until when the file can be sent, and checked.
    pub expires_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
