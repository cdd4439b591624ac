//! Tables whose rows stay as they were written, whoever asks.

use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::SchemaManager;

use super::Engine;

/// Makes the database itself refuse to change or delete rows of a table: UPDATE, DELETE and (on PostgreSQL) TRUNCATE fail,
/// for every user of the database who does not remove the triggers first.
///
/// `INSERT … ON CONFLICT DO UPDATE` is refused as well; `DO NOTHING` is not.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let statements = if manager.get_database_backend() == Engine::Sqlite.backend() {
        // `INSERT OR REPLACE` deletes too: our connections set `recursive_triggers`, without which it would pass.
        ["UPDATE", "DELETE"]
            .map(|change| {
                format!(
                    "CREATE TRIGGER {table}_refuse_{} BEFORE {change} ON {table} \
                     BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
                    change.to_lowercase()
                )
            })
            .to_vec()
    } else {
        vec![
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ),
        ]
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}
