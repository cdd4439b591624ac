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
            .copied()
            .find(|field| !file_name.is_empty() && field.names().any(|known| known == name));
        let received = field.map(|field| (field, files.entry(field.name).or_default()));
        let mut spool = None;
        if let Some((field, received)) = &received {
            // A field holds no more open files than it takes; of one file the last of several counts.
            let has_room = field.most == 1 || received.kept.len() < field.most;
            spool = has_room.then(|| Spool::new(*field));
        }
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            if let Some(spool) = &mut spool {
                spool.write(&chunk, &mut left).await?;
            }
        }
        if let Some((field, received)) = received {
            received.count += 1;
            if let Some(spool) = spool {
                if field.most == 1 {
                    received.kept.clear();
                }
                received.kept.push(spool.finish(file_name, content_type).await?);
            }
        }
    }
    Ok(Fields::with_files(Source::Form(pairs), files))
}
