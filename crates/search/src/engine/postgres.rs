//! PostgreSQL: GIN indexes of trigrams for parts of texts, and of words.

use platform::{App, db::Engine as Database};

use super::{Ask, Engine, EngineError, Hits, Mode, What, database};

/// Newest rows that are looked through before the index is asked.
const FIRST_LOOK: u32 = 1_000;
/// Newest rows that are looked through for what the index cannot find.
const LONG_LOOK: u32 = 20_000;
/// Newest posts with all the words among which the best are chosen.
const RANKED: u32 = 1_000;

pub struct Postgres;

#[async_trait::async_trait]
impl Engine for Postgres {
    async fn find(&self, app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
        if ask.mode == Mode::Words {
            return words(app, ask).await;
        }
        if !ask.query.has_word_trigram() {
            return Ok(database::scan(app, ask, LONG_LOOK).await?);
        }
        let hits = database::scan(app, ask, FIRST_LOOK).await?;
        if hits.ids.len() >= ask.walk.take {
            return Ok(hits);
        }
        indexed(app, ask).await
    }

    async fn refresh(&self, app: &App, what: What, ids: &[i64]) -> Result<(), EngineError> {
        Ok(database::refresh(app, what, ids).await?)
    }
}

/// The order is one that no index gives: with the key's own, the planner would rather walk through the whole table.
async fn indexed(app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
    let ((table, key), (comparison, order)) = (database::table(ask.what), database::direction(ask));
    let text = format!(
        "SELECT x.{key} FROM {table} x WHERE x.{key} {comparison} $3 AND {} ORDER BY x.{key} + 0 {order} LIMIT {}",
        database::matches(Database::Postgres, ask, |column| format!(" AND {column} LIKE $4")),
        ask.walk.take
    );
    let mut values = database::values(ask);
    values.push(pattern(ask.query.probe()).into());
    Ok(database::hits(app, text, values).await?)
}

/// A pattern of LIKE for texts that hold this one.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

async fn words(app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
    const VECTOR: &str = "to_tsvector('simple', left(x.text, 100000))";
    const WANTED: &str = "plainto_tsquery('simple', $2)";
    let (comparison, order) = database::direction(ask);
    let (most, rank) = if ask.by_id {
        (ask.walk.take, String::new())
    } else {
        (RANKED as usize, format!("ts_rank({VECTOR}, {WANTED}) DESC, "))
    };
    let text = format!(
        "SELECT x.post_id FROM (SELECT x.post_id, x.text FROM search_posts x WHERE {VECTOR} @@ {WANTED} \
         AND x.post_id {comparison} $3 AND {} ORDER BY x.post_id + 0 {order} LIMIT {most}) x \
         ORDER BY {rank}x.post_id {order} LIMIT {}",
        database::shown(ask.viewer, ask.what),
        ask.walk.take
    );
    let mut values = database::values(ask);
    values[1] = ask.query.words().collect::<Vec<_>>().join(" ").into();
    Ok(database::hits(app, text, values).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_are_literal() {
        assert_eq!(super::pattern(r"50%_\"), r"%50\%\_\\%");
    }
}
