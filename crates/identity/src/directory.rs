//! What the directory of users is searched for.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, LikeExpr, Query, SelectStatement};

/// Longest text that can be found in a handle or name, in bytes: 30 and 120 characters of up to four.
const LONGEST_NEEDLE: usize = 4 * (30 + 1 + 120);

/// What the directory is searched for.
#[derive(Debug, Default)]
pub struct DirectorySearch {
    /// One text that must occur as it is.
    pub phrase: String,
    /// Terms that must all occur.
    pub terms: Vec<String>,
}

impl DirectorySearch {
    /// Reads the parameters `q` and `search`: the latter is split at blanks and commas, `"…"` keeps a group together.
    pub fn of(q: &str, search: &str) -> Self {
        let (mut terms, mut term, mut quoted) = (Vec::new(), String::new(), false);
        for character in search.chars() {
            match character {
                '"' => quoted = !quoted,
                character if !quoted && (character.is_whitespace() || character == ',') => {
                    terms.push(std::mem::take(&mut term));
                }
                character => term.push(character),
            }
        }
        terms.push(term);
        terms.retain(|term| !term.trim().is_empty());
        Self {
            phrase: q.trim().to_owned(),
            terms,
        }
    }

    /// Every text must occur in handle or name, whatever its letter case, or be the whole address of the account.
    pub fn narrow(&self, query: &mut SelectStatement) {
        let texts = self
            .terms
            .iter()
            .chain(Some(&self.phrase).filter(|phrase| !phrase.is_empty()));
        for text in texts {
            let text = text.to_lowercase();
            if text.len() > LONGEST_NEEDLE || text.contains(['\0', '\n']) {
                // In no handle or name, and PostgreSQL could not even be asked.
                query.cond_where(Condition::all().add(Expr::value(1).eq(0)));
                return;
            }
            let pattern = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let occurs =
                Expr::col(("u", "search_text")).like(LikeExpr::new(format!("%{pattern}%")).escape('\\'));
            let of_address = Query::select()
                .column("user_id")
                .from("user_pii")
                .and_where(Expr::col("email_key").eq(text))
                .take();
            query.cond_where(
                Condition::any()
                    .add(occurs)
                    .add(Expr::col(("u", "id")).in_subquery(of_address)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::{http::Viewer, id::UserId};

    use super::*;
    use crate::users::seen_by;

    #[test]
    fn search_terms() {
        let search = DirectorySearch::of("  a b ", "one, two \"three four\",,  ");
        assert_eq!(
            (search.phrase.as_str(), search.terms),
            (
                "a b",
                vec!["one".to_owned(), "two".to_owned(), "three four".to_owned()]
            )
        );
        assert!(DirectorySearch::of("", " , ").terms.is_empty());
    }

    #[test]
    fn wildcards_are_literal() {
        let viewer = Viewer {
            id: UserId(1),
            session: 1,
            is_verified: true,
            is_staff: false,
            is_superuser: false,
            lacks_second_factor: false,
            is_restricted: false,
        };
        let mut query = seen_by(&viewer);
        DirectorySearch::of("50%_\\", "").narrow(&mut query);
        let text = query.to_string(sea_orm::sea_query::SqliteQueryBuilder);
        assert!(text.contains(r"LIKE '%50\%\_\\%' ESCAPE '\'"), "{text}");
    }
}
