//! Cursor pagination: a walk from the first page to `next == null` gives every item exactly once, also while items are
//! added and when several have equal sort values, because the id breaks every tie.

mod links;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use sea_orm::{
    DbBackend, Statement, Value,
    sea_query::{Condition, Expr, ExprTrait as _, IntoColumnRef as _, Order, SelectStatement},
};
use serde::Serialize;

use crate::{
    app::App,
    http::{ApiError, Origin},
};

pub use links::Links;

/// Items of a page when the client does not say, in items.
const DEFAULT_SIZE: usize = 20;
/// Most items of a page.
const LARGEST_SIZE: usize = 100;
/// Latest moment that a cursor may hold, in microseconds since 1970: the end of the year 9999.
const LATEST_MICROS: i64 = 253_402_300_799_999_999;

/// A field that a list may be ordered by. Its column is never null, and shown to everyone who sees the list: cursors
/// carry its value.
#[derive(Debug, Clone, Copy)]
pub struct Sortable {
    /// Its name in `ordering`.
    pub name: &'static str,
    /// What it holds.
    pub kind: SortKind,
    /// Table (or alias) and column.
    pub column: (&'static str, &'static str),
}

/// What a sortable field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SortKind {
    Integer,
    Text,
    Boolean,
    Time,
}

/// The value of a sortable field in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SortValue {
    Integer(i64),
    Text(String),
    Boolean(bool),
    Time(DateTime<Utc>),
}

impl SortValue {
    fn to_json(&self) -> serde_json::Value {
        match self {
            SortValue::Integer(value) => (*value).into(),
            SortValue::Text(value) => value.as_str().into(),
            SortValue::Boolean(value) => (*value).into(),
            SortValue::Time(value) => value.timestamp_micros().into(),
        }
    }

    fn from_json(kind: SortKind, value: &serde_json::Value) -> Option<Self> {
        match kind {
            SortKind::Integer => value.as_i64().map(SortValue::Integer),
            SortKind::Text => value
                .as_str()
                .filter(|text| !text.contains('\0'))
                .map(|text| SortValue::Text(text.to_owned())),
            SortKind::Boolean => value.as_bool().map(SortValue::Boolean),
            SortKind::Time => {
                let micros = value
                    .as_i64()
                    .filter(|micros| (0..=LATEST_MICROS).contains(micros))?;
                DateTime::from_timestamp_micros(micros).map(SortValue::Time)
            }
        }
    }

    fn to_sql(&self) -> Value {
        match self {
            SortValue::Integer(value) => (*value).into(),
            SortValue::Text(value) => value.as_str().into(),
            SortValue::Boolean(value) => (*value).into(),
            SortValue::Time(value) => (*value).into(),
        }
    }
}

/// Which page a request asks for.
pub struct Paging {
    size: usize,
    ordering: String,
    /// From 1; see [`Paging::numbered`].
    number: Option<u32>,
    links: Links,
}

/// The parameters of a request's query. The last of several with the same name wins; bytes that are no UTF-8 are replaced.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The text of a parameter, if it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rfind(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl FromRequestParts<App> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or("")))
    }
}

impl FromRequestParts<App> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let origin = Origin::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or("");
        Ok(Self::of(
            query,
            format!("{}{}", origin.base_url, parts.uri.path()),
        ))
    }
}

impl Paging {
    fn of(query: &str, url: String) -> Self {
        let parameters = Parameters::of(query);
        let size = parameters
            .get("page_size")
            .and_then(|text| text.trim().parse::<i64>().ok());
        let size = size
            .and_then(|size| usize::try_from(size).ok())
            .filter(|size| *size > 0)
            .unwrap_or(DEFAULT_SIZE);
        Self {
            size: size.min(LARGEST_SIZE),
            ordering: parameters.get("ordering").unwrap_or_default().to_owned(),
            number: None,
            links: Links::of(parameters, url),
        }
    }

    /// Lets the request ask by `page=N` as well, from 1, for clients that know no cursors. Such pages do repeat and lose items
    /// while items are added, and those far behind are dear: only for lists of moderate length.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        let number = self
            .links
            .parameter("page")
            .and_then(|number| number.trim().parse().ok());
        self.number = number.filter(|number| *number > 0 && self.links.cursor().is_none());
        self
    }

    /// The page in the order that the request asks for: names of `sortable` fields, `-` before those that descend.
    /// Unknown names are passed over; without a known one, `default` counts. `id` is the field that breaks ties.
    pub fn order(self, sortable: &[Sortable], default: &str, id: Sortable) -> Result<Page, ApiError> {
        let mut order = fields(&self.ordering, sortable);
        if order.is_empty() {
            order = fields(default, sortable);
        }
        if !order.iter().any(|(field, _)| field.name == id.name) {
            // In the direction of the last field, so that an index on both serves the order.
            let descending = order.last().is_none_or(|(_, descending)| *descending);
            order.push((id, descending));
        }
        let position = self
            .links
            .cursor()
            .map(|cursor| decode(cursor, &order).ok_or_else(ApiError::invalid_cursor))
            .transpose()?;
        Ok(Page {
            size: self.size,
            order,
            position,
            number: self.number,
            links: self.links,
        })
    }
}

/// The way to a page of a list that is ordered by id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// The id behind which it begins; `None`: at the first.
    pub behind: Option<i64>,
    /// Whether it leads from higher ids to lower ones.
    pub descends: bool,
    /// How many items are wanted: one more than the page has, to know whether there is a further page.
    pub take: usize,
}

fn fields(ordering: &str, sortable: &[Sortable]) -> Vec<(Sortable, bool)> {
    let mut found: Vec<(Sortable, bool)> = Vec::new();
    for name in ordering.split(',').map(str::trim) {
        let (name, descending) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
        if let Some(field) = sortable.iter().find(|field| field.name == name)
            && !found.iter().any(|(other, _)| other.name == name)
        {
            found.push((*field, descending));
        }
    }
    found
}

/// Where a page begins: after this item, or before it and going back.
struct Position {
    backward: bool,
    values: Vec<SortValue>,
}

fn decode(cursor: &str, order: &[(Sortable, bool)]) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (backward, values): (bool, Vec<serde_json::Value>) = serde_json::from_slice(&bytes).ok()?;
    if values.len() != order.len() {
        return None;
    }
    let values = order
        .iter()
        .zip(&values)
        .map(|((field, _), value)| SortValue::from_json(field.kind, value));
    Some(Position {
        backward,
        values: values.collect::<Option<_>>()?,
    })
}

fn encode(backward: bool, values: &[SortValue]) -> String {
    let values: Vec<serde_json::Value> = values.iter().map(SortValue::to_json).collect();
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::json!([backward, values]).to_string())
}

/// A page of a list, in its order: added to the query, and then made of the rows that the query finds.
pub struct Page {
    size: usize,
    order: Vec<(Sortable, bool)>,
    position: Option<Position>,
    number: Option<u32>,
    links: Links,
}

impl Page {
    fn is_backward(&self) -> bool {
        self.position.as_ref().is_some_and(|position| position.backward)
    }

    /// The statement that finds the rows of this page among those of `query`.
    pub fn statement(&self, mut query: SelectStatement, backend: DbBackend) -> Statement {
        if let Some(position) = &self.position {
            query.cond_where(self.condition(position));
        }
        for (field, descending) in &self.order {
            let order = if *descending == self.is_backward() {
                Order::Asc
            } else {
                Order::Desc
            };
            query.order_by(field.column.into_column_ref(), order);
        }
        let mut statement = backend.build(&query);
        // One more, to know whether there is a further page. A literal: with a parameter, PostgreSQL cannot know how few
        // rows are wanted and plans the statement anew each time, which costs more than running it.
        let _ = write!(statement.sql, " LIMIT {}", self.size + 1);
        if let Some(number) = self.number {
            let _ = write!(
                statement.sql,
                " OFFSET {}",
                u64::from(number - 1) * self.size as u64
            );
        }
        statement
    }

    /// How to walk to this page, for lists that are not made by a statement; their only order is by id.
    pub fn walk(&self) -> Walk {
        let position = self
            .position
            .as_ref()
            .and_then(|position| position.values.first());
        Walk {
            behind: match position {
                Some(SortValue::Integer(id)) => Some(*id),
                _ => None,
            },
            descends: self.order.first().is_none_or(|(_, descends)| *descends) != self.is_backward(),
            take: self.size + 1,
        }
    }

    /// Everything behind the position.
    fn condition(&self, position: &Position) -> Condition {
        let descends: Vec<bool> = self
            .order
            .iter()
            .map(|(_, descending)| *descending != position.backward)
            .collect();
        let column = |index: usize| Expr::col(self.order[index].0.column.into_column_ref());
        let value = |index: usize| Expr::value(position.values[index].to_sql());
        if descends.iter().all(|other| *other == descends[0]) {
            let columns = Expr::tuple((0..self.order.len()).map(column));
            let values = Expr::tuple((0..self.order.len()).map(value));
            // Written as one comparison of rows, which an index on the columns serves.
            return Condition::all().add(if descends[0] {
                columns.lt(values)
            } else {
                columns.gt(values)
            });
        }
        (0..self.order.len()).fold(Condition::any(), |any, last| {
            let tied = (0..last).fold(Condition::all(), |all, index| {
                all.add(column(index).eq(value(index)))
            });
            any.add(tied.add(if descends[last] {
                column(last).lt(value(last))
            } else {
                column(last).gt(value(last))
            }))
        })
    }

    /// The answer for the rows found; `value` gives a row's value of a sortable field.
    pub fn answer<R>(self, mut rows: Vec<R>, value: impl Fn(&R, &str) -> SortValue) -> Paginated<R> {
        let (backward, more) = (self.is_backward(), rows.len() > self.size);
        rows.truncate(self.size);
        if let Some(number) = self.number {
            return Paginated {
                next: more.then(|| self.links.to_page(number.saturating_add(1))),
                previous: (number > 1).then(|| self.links.to_page(number - 1)),
                results: rows,
            };
        }
        if backward {
            rows.reverse();
        }
        let link = |row: Option<&R>, backward: bool| {
            let values: Vec<SortValue> = self
                .order
                .iter()
                .map(|(field, _)| row.map(|row| value(row, field.name)))
                .collect::<Option<_>>()?;
            Some(self.links.to(encode(backward, &values)))
        };
        let has_next = if backward { true } else { more };
        let has_previous = if backward { more } else { self.position.is_some() };
        Paginated {
            next: if has_next { link(rows.last(), false) } else { None },
            previous: if has_previous {
                link(rows.first(), true)
            } else {
                None
            },
            results: rows,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Paginated<T> {
    /// URL of the next page, null on the last.
    #[schema(required = true)]
    pub next: Option<String>,
    /// URL of the page before, null on the first.
    #[schema(required = true)]
    pub previous: Option<String>,
    /// The items.
    pub results: Vec<T>,
}

impl<T> Paginated<T> {
    /// The same page with other items.
    pub fn map<U>(self, map: impl FnMut(T) -> U) -> Paginated<U> {
        Paginated {
            next: self.next,
            previous: self.previous,
            results: self.results.into_iter().map(map).collect(),
        }
    }
}
