//! HTTP as every domain speaks it: errors, bodies, pagination, access, and the server itself.

mod access;
mod body;
mod conditional;
mod cors;
mod error;
mod fields;
mod media;
mod multipart;
mod observe;
mod origin;
mod page;
mod router;
mod rules;
mod server;
mod service;
mod upload;
mod values;

pub use access::{Access, CurrentUser, MaybeUser, PathId, Staff, Standing, VerifiedUser, Viewer};
pub use body::{Body, Input};
pub use error::ApiError;
pub use fields::Fields;
pub use origin::{Origin, Peer};
pub use page::{Links, Page, Paginated, Paging, Parameters, SortKind, SortValue, Sortable, Walk};
pub use router::{openapi, router};
pub use rules::{
    PrimaryKey, Rule, boolean, choice, date, email, integer, json, json_object, number, primary_key, text,
    text_list, time, timestamp, url,
};
pub use server::serve;
pub use upload::{Content, FileField, SentFiles, Upload};
pub use values::{TimeOfDay, Timestamp};
