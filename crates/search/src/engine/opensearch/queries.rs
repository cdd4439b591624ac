//! What is said to OpenSearch, and what it answers.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::engine::{Ask, Mode, What};

/// The name of the index.
pub fn index(what: What) -> &'static str {
    match what {
        What::Users => "users_v1",
        What::Posts => "posts_v1",
    }
}

/// How the index is made.
pub fn mapping(what: What) -> Value {
    let properties = match what {
        What::Users => json!({
            "name": { "type": "text" },
            "handle": { "type": "keyword" },
            "bio": { "type": "text" },
            "locale": { "type": "keyword" },
        }),
        What::Posts => json!({
            "text": { "type": "text" },
            "author_id": { "type": "long" },
            "visibility": { "type": "keyword" },
            "created_at": { "type": "date" },
            "language": { "type": "keyword" },
        }),
    };
    json!({
        "settings": { "index": { "number_of_shards": 1, "number_of_replicas": 0 } },
        "mappings": { "properties": properties },
    })
}

/// A search for `size` hits behind those that were tried before.
pub fn search(ask: &Ask<'_>, size: usize) -> Value {
    let text = &ask.query.text;
    let wanted = match ask.what {
        What::Users => json!({ "multi_match": { "query": text, "fields": ["name^2", "handle", "bio"] } }),
        What::Posts => json!({ "match": { "text": { "query": text, "operator": "and" } } }),
    };
    let mut filters = Vec::new();
    if ask.what == What::Posts {
        // Others' private posts would only be left out again.
        let seen = json!([
            { "terms": { "visibility": ["public", "followers"] } },
            { "term": { "author_id": ask.viewer.id.0 } },
        ]);
        filters.push(json!({ "bool": { "should": seen, "minimum_should_match": 1 } }));
    }
    if let Some(behind) = ask.walk.behind {
        let bound = if ask.walk.descends { "lt" } else { "gt" };
        filters.push(json!({ "range": { "id": { bound: behind } } }));
    }
    let order = if ask.walk.descends { "desc" } else { "asc" };
    let by_id = json!({ "id": { "order": order, "unmapped_type": "long" } });
    let sort = match (ask.by_id, ask.what, ask.mode) {
        (true, ..) => json!([by_id]),
        (false, What::Posts, Mode::Part) => {
            json!([{ "created_at": { "order": "desc", "unmapped_type": "date" } }, by_id])
        }
        (false, What::Users, _) | (false, What::Posts, Mode::Words) => json!(["_score", by_id]),
    };
    json!({
        "query": { "bool": { "must": [wanted], "filter": filters } },
        "sort": sort,
        "from": ask.skip,
        "size": size,
        "_source": false,
        "track_total_hits": false,
    })
}

/// The ids of the hits; `None` if this is no answer to a search, or one that not all of the index has given.
pub fn hits(answer: &Value) -> Option<Vec<i64>> {
    let is_whole =
        answer["timed_out"] != json!(true) && answer["_shards"]["failed"].as_u64().unwrap_or_default() == 0;
    if !is_whole {
        return None;
    }
    let hits = answer["hits"]["hits"].as_array()?;
    hits.iter().map(|hit| hit["_id"].as_str()?.parse().ok()).collect()
}

/// The lines of a bulk request after which the index says of these ids what the documents say, and nothing of the others.
pub fn changes(what: What, ids: &[i64], documents: Vec<(i64, Value)>, version: i64) -> Vec<Value> {
    let mut documents: HashMap<i64, Value> = documents.into_iter().collect();
    let mut lines = Vec::with_capacity(2 * ids.len());
    for id in ids {
        let target = json!({
            "_index": index(what), "_id": id.to_string(), "version": version, "version_type": "external_gte",
        });
        match documents.remove(id) {
            Some(document) => lines.extend([json!({ "index": target }), document]),
            None => lines.push(json!({ "delete": target })),
        }
    }
    lines
}

/// Why a change was refused, if one was; `None` if this is no answer to a bulk request. A newer version, or the deletion of
/// what is not there, is what was wanted.
pub fn refused(answer: &Value) -> Option<Option<String>> {
    let items = answer["items"].as_array()?;
    let mut failures = items.iter().filter_map(|item| {
        let (action, outcome) = item.as_object()?.iter().next()?;
        let status = outcome["status"].as_u64().unwrap_or(500);
        let is_fine = (200..300).contains(&status)
            || status == 409
            || (status == 404 && action == "delete" && outcome.get("error").is_none());
        (!is_fine).then(|| format!("{status} {}", outcome["error"]))
    });
    Some(failures.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_none() {
        for (answer, ids) in [
            (
                json!({ "hits": { "hits": [{ "_id": "7" }, { "_id": "5" }] } }),
                Some(vec![7, 5]),
            ),
            (json!({ "hits": { "hits": [] } }), Some(vec![])),
            (json!({ "timed_out": true, "hits": { "hits": [] } }), None),
            (
                json!({ "_shards": { "failed": 1 }, "hits": { "hits": [] } }),
                None,
            ),
            (json!({ "hits": { "hits": [{ "_id": "x" }] } }), None),
            (json!({ "hits": [] }), None),
            (json!([]), None),
        ] {
            assert_eq!(hits(&answer), ids, "{answer}");
        }
    }

    #[test]
    fn outcomes_of_changes() {
        let outcome = |status: u64| json!({ "items": [{ "index": { "status": status, "error": "e" } }] });
        for fine in [200, 201, 409] {
            assert_eq!(refused(&outcome(fine)), Some(None), "{fine}");
        }
        for bad in [400, 404, 503] {
            assert_eq!(refused(&outcome(bad)), Some(Some(format!("{bad} \"e\""))));
        }
        let deletion = json!({ "items": [{ "delete": { "status": 404, "result": "not_found" } }] });
        assert_eq!(refused(&deletion), Some(None));
        assert_eq!(refused(&json!({})), None);
    }

    #[test]
    fn what_has_no_document_is_deleted() {
        let lines = changes(What::Posts, &[1, 2], vec![(2, json!({ "id": 2 }))], 9);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["delete"]["_id"], "1");
        assert_eq!(
            (&lines[1]["index"]["_id"], &lines[2]),
            (&json!("2"), &json!({ "id": 2 }))
        );
    }
}
