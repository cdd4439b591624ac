//! PostgreSQL: GIN indexes of trigrams for parts of texts, and of words.

use platform::{App, db::Engine as Database};

use super::{Ask, Engine, EngineError, Hits, Mode, What, database};

/// Newest rows that are looked through before the index is asked: they fill a page with what many texts hold.
const FIRST_LOOK: u32 = 1_000;
/// Newest rows that are looked through for what the index cannot find.
const LONG_LOOK: u32 = 20_000;
/// Newest hits of the index of which it is looked at who may see them.
const CANDIDATES: u32 = 2_000;

pub struct Postgres;

#[async_trait::async_trait]
impl Engine for Postgres {
    async fn find(&self, app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
        if ask.mode == Mode::Words {
            return words(app, ask).await;
        }
        let matches = database::matches(Database::Postgres, ask);
        if !ask.query.has_word_trigram() {
            return Ok(database::scan(app, ask, &matches, LONG_LOOK).await?);
        }
        let hits = database::scan(app, ask, &matches, FIRST_LOOK).await?;
        if hits.ids.len() >= ask.walk.take {
            return Ok(hits);
        }
        let condition = match ask.what {
            What::Users => "(x.names LIKE $4 OR x.bio LIKE $4)",
            What::Posts => "x.text LIKE $4",
        };
        let mut values = database::values(ask);
        values.push(pattern(ask.query.probe()).into());
        let (_, key) = database::table(ask.what);
        let (_, order) = database::direction(ask);
        let text = format!(
            "SELECT x.{key} FROM ({}) x WHERE {matches} ORDER BY x.{key} {order} LIMIT {}",
            candidates(ask, condition),
            ask.walk.take
        );
        Ok(database::hits(app, text, values).await?)
    }

    async fn refresh(&self, app: &App, what: What, ids: &[i64]) -> Result<(), EngineError> {
        Ok(database::refresh(app, what, ids).await?)
    }
}

/// The newest rows with this condition, by an index on what it names. Neither order nor bound is on the key itself: the
/// planner would rather walk through the whole table, or read the whole index of the key.
fn candidates(ask: &Ask<'_>, condition: &str) -> String {
    let ((table, key), (comparison, order)) = (database::table(ask.what), database::direction(ask));
    format!(
        "SELECT * FROM {table} x WHERE {condition} AND x.{key} + 0 {comparison} $3 \
         ORDER BY x.{key} + 0 {order} LIMIT {CANDIDATES}"
    )
}

/// Among the newest rows first here, too: a word of every other text must not have them all ranked.
async fn words(app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
    const VECTOR: &str = "to_tsvector('simple', left(x.text, 100000))";
    const WANTED: &str = "plainto_tsquery('simple', $2)";
    let holds = format!("{VECTOR} @@ {WANTED}");
    let rank = if ask.by_id {
        String::new()
    } else {
        format!("ts_rank({VECTOR}, {WANTED}) DESC, ")
    };
    let (_, order) = database::direction(ask);
    let mut values = database::values(ask);
    values[1] = ask.query.words().collect::<Vec<_>>().join(" ").into();
    let mut found = None;
    for rows in [database::newest(ask, FIRST_LOOK), candidates(ask, &holds)] {
        let text = format!(
            "SELECT x.post_id FROM ({rows}) x WHERE {holds} AND {} ORDER BY {rank}x.post_id {order} LIMIT {}",
            database::shown(ask.viewer, ask.what),
            ask.walk.take
        );
        let hits = found.insert(database::hits(app, text, values.clone()).await?);
        if hits.ids.len() >= ask.walk.take {
            break;
        }
    }
    Ok(found.unwrap_or_default())
}

/// A pattern of LIKE for texts that hold this one.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_are_literal() {
        assert_eq!(super::pattern(r"50%_\"), r"%50\%\_\\%");
    }
}
