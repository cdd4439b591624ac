//! Stored files: each is listed here before it is written, and until it is gone.

use platform::id::UserId;
use sea_orm::{FromJsonQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum FileKind {
    /// A picture.
    #[sea_orm(string_value = "image")]
    Image,
    /// A video.
    #[sea_orm(string_value = "video")]
    Video,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum FileStatus {
    /// It is being written.
    #[sea_orm(string_value = "storing")]
    Storing,
    /// It is there; its renditions are not.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// It is there, with its renditions.
    #[sea_orm(string_value = "ready")]
    Ready,
    /// It is there; no renditions can be made of it.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It is being removed.
    #[sea_orm(string_value = "removing")]
    Removing,
}

/// A smaller copy of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// `medium` or `small`.
    pub name: String,
    /// In the storage.
    pub key: String,
    /// What it is.
    pub mime: String,
    /// In pixels.
    pub width: i64,
    /// In pixels.
    pub height: i64,
}

/// The renditions of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Renditions(pub Vec<Rendition>);

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "media_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub owner_id: UserId,
    /// In the storage.
    pub key: String,
    pub kind: FileKind,
    pub mime: String,
    /// In bytes.
    pub size: i64,
    pub width: Option<i64>,
    pub height: Option<i64>,
    /// In seconds.
    pub duration: Option<f64>,
    /// SHA-256 in hexadecimal digits.
    pub checksum: String,
    pub renditions: Renditions,
    pub status: FileStatus,
    /// Since when nothing refers to it.
    pub loose_since: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
