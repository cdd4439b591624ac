//! Who wants a daily summary is found without reading everybody's settings.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            "CREATE INDEX user_settings_digest ON user_settings (user_id) WHERE digest_enabled;",
        )
        .await
    }
}
