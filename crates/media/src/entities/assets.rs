//! Media assets: records that clients keep of media, with or without a file of ours.

use platform::id::UserId;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// How far an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum AssetStatus {
    /// A record, or an upload that has not come.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Its upload is being looked into.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// Its file is there.
    #[sea_orm(string_value = "ready")]
    Ready,
    /// Its upload was refused.
    #[sea_orm(string_value = "failed")]
    Failed,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "media_assets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub owner_id: UserId,
    /// The file, if it is one of ours.
    pub file_id: Option<i64>,
    pub s3_key: String,
    pub mime: String,
    pub width: Option<i64>,
    pub height: Option<i64>,
    /// In seconds.
    pub duration: Option<f64>,
    pub status: AssetStatus,
    pub checksum: String,
    /// Any JSON but null.
    pub meta: Json,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
