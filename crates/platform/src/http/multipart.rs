//! Multipart bodies: texts into memory, files that the endpoint takes into their spools, all else is read past.

use axum::extract::Request;

use super::{
    ApiError,
    body::too_many_fields,
    fields::{Fields, Files, Source},
    upload::{FileField, MemoryLeft, Spool},
};
use crate::config::HttpSettings;

/// Most parts of a body.
const MOST_PARTS: usize = 10_000;

/// Reads a body part by part; of the files only those of `wanted` fields are kept.
pub(super) async fn read(
    request: Request,
    content_type: &str,
    http: &HttpSettings,
    wanted: &[FileField],
) -> Result<Fields, ApiError> {
    let broken = |error: multer::Error| match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            ApiError::too_large(http.upload_limit)
        }
        error => ApiError::bad_request(format!("Multipart form parse error - {error}")),
    };
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let size = multer::SizeLimit::new().whole_stream(http.upload_limit as u64);
    let constraints = multer::Constraints::new().size_limit(size);
    let mut parts =
        multer::Multipart::with_constraints(request.into_body().into_data_stream(), boundary, constraints);
    let (mut pairs, mut files) = (Vec::new(), Files::new());
    let (mut count, mut text_length, mut left) = (0, 0, MemoryLeft::default());
    while let Some(mut part) = parts.next_field().await.map_err(broken)? {
        count += 1;
        if count > MOST_PARTS {
            return Err(too_many_fields());
        }
        let name = part.name().unwrap_or_default().to_owned();
        let Some(file_name) = part.file_name().map(str::to_owned) else {
            let mut bytes = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(broken)? {
                // Texts are held in memory, like those of other bodies: the same limit holds for all of them together.
                text_length += chunk.len();
                if text_length > http.body_limit {
                    return Err(ApiError::too_large(http.body_limit));
                }
                bytes.extend_from_slice(&chunk);
            }
            let text = String::from_utf8(bytes).map_err(|_| {
                ApiError::bad_request("Multipart form parse error - a text part is no UTF-8.")
            })?;
            pairs.push((name, text));
            continue;
        };
        let content_type = part
            .content_type()
            .map(|mime| mime.essence_str().to_ascii_lowercase());
        // A file input in which nothing was chosen has an empty name. Files that nobody asks for count as not sent too.
        let field = wanted
            .iter()
            .find(|field| field.name == name && !file_name.is_empty());
        let mut spool = field.copied().map(Spool::new);
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            if let Some(spool) = &mut spool {
                spool.write(&chunk, &mut left).await?;
            }
        }
        if let (Some(field), Some(spool)) = (field, spool) {
            // The last of several of one name counts: each field holds at most one open file.
            files.insert(field.name, spool.finish(file_name, content_type).await?);
        }
    }
    Ok(Fields::with_files(Source::Form(pairs), files))
}
