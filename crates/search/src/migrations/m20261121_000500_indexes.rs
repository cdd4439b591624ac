//! The folded texts of accounts and posts, and the indexes on them.

use platform::db::{Engine, create};
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            "CREATE TABLE search_users (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                names TEXT NOT NULL,
                bio TEXT NOT NULL
            );
            CREATE TABLE search_posts (
                post_id BIGINT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
                text TEXT NOT NULL
            );
            CREATE TABLE search_rebuilds (
                what TEXT PRIMARY KEY,
                last_id BIGINT NOT NULL,
                refreshed BIGINT NOT NULL
            );",
        )
        .await?;
        if manager.get_database_backend() == Engine::Sqlite.backend() {
            for (table, id, columns) in [
                ("search_users", "user_id", &["names", "bio"][..]),
                ("search_posts", "post_id", &["text"]),
            ] {
                let trigrams = "trigram case_sensitive 1";
                full_text(manager, table, (id, columns), ("trigrams", trigrams)).await?;
            }
            let words = "unicode61 remove_diacritics 0";
            return full_text(manager, "search_posts", ("post_id", &["text"]), ("words", words)).await;
        }
        create(
            manager,
            // A value of a text's words holds a megabyte at most: far more than the beginning of a text needs.
            "CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX search_users_names ON search_users USING gin (names gin_trgm_ops);
            CREATE INDEX search_users_bio ON search_users USING gin (bio gin_trgm_ops);
            CREATE INDEX search_posts_text ON search_posts USING gin (text gin_trgm_ops);
            CREATE INDEX search_posts_words ON search_posts USING gin (to_tsvector('simple', left(text, 100000)));",
        )
        .await
    }
}

/// An index of FTS5 over a table, kept by triggers: it holds no copy of the texts.
async fn full_text(
    manager: &SchemaManager<'_>,
    table: &str,
    (id, columns): (&str, &[&str]),
    (name, tokenizer): (&str, &str),
) -> Result<(), DbErr> {
    let index = format!("{table}_{name}");
    let listed = columns.join(", ");
    let of = |row: &str| {
        let values: Vec<String> = columns.iter().map(|column| format!("{row}.{column}")).collect();
        values.join(", ")
    };
    let add = format!(
        "INSERT INTO {index} (rowid, {listed}) VALUES (new.{id}, {})",
        of("new")
    );
    let remove = format!(
        "INSERT INTO {index} ({index}, rowid, {listed}) VALUES ('delete', old.{id}, {})",
        of("old")
    );
    let statements = [
        format!(
            "CREATE VIRTUAL TABLE {index} USING fts5({listed}, content='{table}', content_rowid='{id}', \
             tokenize='{tokenizer}')"
        ),
        format!("CREATE TRIGGER {index}_add AFTER INSERT ON {table} BEGIN {add}; END"),
        format!("CREATE TRIGGER {index}_remove AFTER DELETE ON {table} BEGIN {remove}; END"),
        format!("CREATE TRIGGER {index}_change AFTER UPDATE ON {table} BEGIN {remove}; {add}; END"),
    ];
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}
