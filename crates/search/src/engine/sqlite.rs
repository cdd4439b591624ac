//! SQLite: FTS5, by trigrams for parts of texts, and by words. It walks in the order of ids without sorting.

use platform::{App, db::Engine as Database};

use super::{Ask, Engine, EngineError, Hits, Mode, What, database};

/// Newest rows that are looked through for what is too short for the index.
const LONG_LOOK: u32 = 20_000;

pub struct Sqlite;

#[async_trait::async_trait]
impl Engine for Sqlite {
    async fn find(&self, app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
        if ask.mode == Mode::Words {
            return words(app, ask).await;
        }
        let matches = database::matches(Database::Sqlite, ask);
        if !ask.query.has_trigram() {
            return Ok(database::scan(app, ask, &matches, LONG_LOOK).await?);
        }
        full_text(app, ask, ("trigrams", &quoted(ask.query.probe())), &matches).await
    }

    async fn refresh(&self, app: &App, what: What, ids: &[i64]) -> Result<(), EngineError> {
        Ok(database::refresh(app, what, ids).await?)
    }
}

async fn words(app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
    let words: Vec<String> = ask.query.words().map(quoted).collect();
    if words.is_empty() {
        return Ok(Hits::default());
    }
    let shown = database::shown(ask.viewer, ask.what);
    full_text(app, ask, ("words", &words.join(" ")), &shown).await
}

/// A text in the language of FTS5, in which nothing but the quotation mark means anything inside of two of them.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

async fn full_text(
    app: &App,
    ask: &Ask<'_>,
    (index, expression): (&str, &str),
    condition: &str,
) -> Result<Hits, EngineError> {
    let ((table, key), (comparison, order)) = (database::table(ask.what), database::direction(ask));
    let index = format!("{table}_{index}");
    let rank = if ask.mode == Mode::Words && !ask.by_id {
        format!("{index}.rank, ")
    } else {
        String::new()
    };
    // CROSS JOIN: the index goes first.
    let text = format!(
        "SELECT {index}.rowid FROM {index} CROSS JOIN {table} x ON x.{key} = {index}.rowid \
         WHERE {index} MATCH $4 AND {index}.rowid {comparison} $3 AND {condition} \
         ORDER BY {rank}{index}.rowid {order} LIMIT {}",
        ask.walk.take
    );
    let mut values = database::values(ask);
    values.push(expression.into());
    Ok(database::hits(app, text, values).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn operators_are_words() {
        assert_eq!(super::quoted(r#"a" OR names:b*"#), r#""a"" OR names:b*""#);
    }
}
