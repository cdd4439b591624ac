//! OpenSearch: indexes `users_v1` and `posts_v1`, a document for each account and post.

mod client;
mod queries;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use platform::{
    App,
    config::{Environment, Section, Variable},
    id::UserId,
    jobs::Enqueue,
};
use reqwest::Method;
use serde_json::{Value, json};

use self::client::Client;
use super::{Ask, Engine, EngineError, Hits, What, breaker::Breaker};
use crate::{documents, rebuild::FillIndex, settings::OpenSearchSettings};

/// How long a change of the index may take: nobody waits for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// Hits that are asked for at least, since not all may be shown.
const FEWEST_HITS: usize = 30;
/// OpenSearch gives no hits behind this many.
const DEEPEST: usize = 10_000;

/// OpenSearch as it is configured, with what is known of it while the process runs.
pub struct OpenSearchEngine {
    settings: OpenSearchSettings,
    client: OnceLock<Client>,
    breaker: Breaker,
    /// Whether the indexes are known to be there.
    is_prepared: AtomicBool,
}

impl Section for OpenSearchEngine {
    const VARIABLES: &'static [Variable] = OpenSearchSettings::VARIABLES;

    fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let settings = OpenSearchSettings::read(environment, problems)?;
        if !settings.host.is_empty() && Client::url(&settings).is_none() {
            problems.push(format!(
                "OPENSEARCH_HOST must be a host name or an address, without scheme, port and path; got {:?}",
                settings.host
            ));
        }
        Some(Self {
            settings,
            client: OnceLock::new(),
            breaker: Breaker::default(),
            is_prepared: AtomicBool::new(false),
        })
    }
}

impl OpenSearchEngine {
    /// Whether the operator has one.
    pub fn is_enabled(&self) -> bool {
        self.settings.enabled && !self.settings.host.is_empty()
    }

    fn client(&self) -> Result<&Client, EngineError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::open(&self.settings)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Asks; while it does not answer, only now and then.
    async fn ask(
        &self,
        (method, path): (Method, &str),
        lines: Vec<Value>,
        patience: Duration,
    ) -> Result<Value, EngineError> {
        if !self.breaker.lets_through() {
            return Err(EngineError::Away("it did not answer a moment ago".to_owned()));
        }
        let answer = self.client()?.send((method, path), lines, patience).await;
        match &answer {
            Ok(_) | Err(EngineError::Refused(_) | EngineError::Database(_)) => self.breaker.succeeded(),
            Err(EngineError::Away(_)) => {}
        }
        answer.inspect_err(|error| self.note(error))
    }

    /// Leaves it alone for a while when this is an answer of no use. Whatever was away may have come back without its indexes.
    fn note(&self, error: &EngineError) {
        match error {
            EngineError::Away(_) => {
                self.is_prepared.store(false, Ordering::Relaxed);
                self.breaker.failed(error);
            }
            EngineError::Refused(why) if why.contains("index_not_found_exception") => {
                self.is_prepared.store(false, Ordering::Relaxed);
            }
            EngineError::Refused(_) | EngineError::Database(_) => {}
        }
    }

    /// Makes the indexes that are missing, and has them filled.
    async fn prepare(&self, app: &App) -> Result<(), EngineError> {
        if self.is_prepared.load(Ordering::Relaxed) {
            return Ok(());
        }
        for what in [What::Users, What::Posts] {
            let path = queries::index(what);
            let made = self
                .ask((Method::PUT, path), vec![queries::mapping(what)], WRITE_TIMEOUT)
                .await;
            match made {
                Ok(_) => {
                    tracing::info!(index = path, "made an index in OpenSearch; it is being filled");
                    let filled = app.jobs().enqueue(&FillIndex { what }, Enqueue::default()).await;
                    filled.map_err(|error| EngineError::Away(format!("{error:#}")))?;
                }
                Err(EngineError::Refused(why)) if why.contains("resource_already_exists_exception") => {}
                Err(error) => return Err(error),
            }
        }
        self.is_prepared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Removes an account and its posts.
    pub async fn forget(&self, app: &App, user: UserId) -> Result<(), EngineError> {
        self.prepare(app).await?;
        let posts = json!({ "query": { "term": { "author_id": user.0 } } });
        let path = format!(
            "{}/_delete_by_query?conflicts=proceed",
            queries::index(What::Posts)
        );
        self.ask((Method::POST, &path), vec![posts], WRITE_TIMEOUT)
            .await?;
        self.refresh(app, What::Users, &[user.0]).await
    }

    async fn bulk(&self, lines: Vec<Value>) -> Result<(), EngineError> {
        let answer = self.ask((Method::POST, "_bulk"), lines, WRITE_TIMEOUT).await?;
        let refused = queries::refused(&answer)
            .ok_or_else(|| EngineError::Away("an answer that cannot be understood".to_owned()))
            .inspect_err(|error| self.note(error))?;
        match refused {
            None => Ok(()),
            Some(why) => {
                let refusal = EngineError::Refused(why);
                self.note(&refusal);
                Err(refusal)
            }
        }
    }
}

#[async_trait::async_trait]
impl Engine for OpenSearchEngine {
    async fn find(&self, app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError> {
        self.prepare(app).await?;
        let size = FEWEST_HITS
            .max(2 * ask.walk.take)
            .min(DEEPEST.saturating_sub(ask.skip));
        if size == 0 {
            return Ok(Hits::default());
        }
        let path = format!("{}/_search", queries::index(ask.what));
        let patience = Duration::from_millis(self.settings.timeout_millis);
        let answer = self
            .ask((Method::POST, &path), vec![queries::search(ask, size)], patience)
            .await?;
        let ids = queries::hits(&answer)
            .ok_or_else(|| EngineError::Away("an answer that cannot be understood".to_owned()))
            .inspect_err(|error| self.note(error))?;
        Ok(Hits {
            has_more: ids.len() >= size,
            ids,
        })
    }

    /// The version is drawn before the rows are read. What changes them later has an event, and so a refresh with a higher
    /// version, which OpenSearch prefers in whatever order the two arrive.
    async fn refresh(&self, app: &App, what: What, ids: &[i64]) -> Result<(), EngineError> {
        self.prepare(app).await?;
        let version = app.db().ids().next();
        let on = app.db().reader();
        let documents: Vec<(i64, Value)> = match what {
            What::Users => {
                let users = identity::searchable_users(app, on, ids).await?;
                let documents = users.iter().map(|user| (user.id.0, documents::of_user(user)));
                documents.collect()
            }
            What::Posts => {
                let posts = social::searchable_posts(app, on, ids).await?;
                let seen = posts.iter().filter(|post| !post.is_removed);
                seen.map(|post| (post.id, documents::of_post(post))).collect()
            }
        };
        self.bulk(queries::changes(what, ids, documents, version)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(variables: &[(&str, &str)]) -> Result<OpenSearchEngine, Vec<String>> {
        let environment = variables
            .iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(name, *value)
            });
        let mut problems = Vec::new();
        OpenSearchEngine::read(&environment, &mut problems)
            .filter(|_| problems.is_empty())
            .ok_or(problems)
    }

    #[test]
    fn it_is_there_when_an_operator_names_it() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("OPENSEARCH_ENABLED", "true")], false),
            (&[("OPENSEARCH_HOST", "search.internal")], true),
            (
                &[("OPENSEARCH_HOST", "localhost"), ("OPENSEARCH_ENABLED", "false")],
                false,
            ),
        ] {
            let engine = engine(variables).unwrap_or_else(|problems| panic!("{problems:?}"));
            assert_eq!(engine.is_enabled(), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_host_is_nothing_more() {
        for bad in ["http://localhost", "localhost:9200", "a/b", "a b", "u@h"] {
            assert!(engine(&[("OPENSEARCH_HOST", bad)]).is_err(), "{bad}");
        }
        for good in ["localhost", "10.0.0.7", "::1", "[::1]"] {
            assert!(engine(&[("OPENSEARCH_HOST", good)]).is_ok(), "{good}");
        }
        assert!(engine(&[("OPENSEARCH_SCHEME", "ftp")]).is_err());
    }
}
