//! Pictures from outside: decoded to prove that they are pictures, and encoded anew, so that nothing of what a camera or
//! an editor wrote beside the pixels (place, time, device, thumbnails, comments) is stored. Only a PNG that holds nothing
//! but pixels stays as it came.

mod animation;
mod png;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Cursor, Read as _, Seek};

use bytes::Bytes;
use image::{
    DynamicImage, ImageDecoder as _, ImageReader, ImageResult, Limits,
    codecs::jpeg::JpegEncoder,
    error::{LimitError, LimitErrorKind},
    imageops::FilterType,
    metadata::Orientation,
};
use tokio::sync::Semaphore;

pub use image::ImageFormat;

use crate::http::{Content, Upload};

/// Longest side of a picture that is decoded at all, in pixels.
const LONGEST_DECODED_SIDE: u32 = 8000;
/// Most memory for the pixels of a picture while it is decoded, in bytes: the largest allowed one at 4 bytes a pixel.
const MOST_MEMORY: u64 = 4 * 8000 * 8000;
/// Quality of stored JPEGs, in percent.
const JPEG_QUALITY: u8 = 85;
/// What is decoded; what each becomes again.
const FORMATS: [ImageFormat; 6] = [
    ImageFormat::Bmp,
    ImageFormat::Gif,
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::Tiff,
    ImageFormat::WebP,
];
/// Names of pictures.
const EXTENSIONS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];
/// Longest extension that is repeated in a message, in characters.
const LONGEST_ECHO: usize = 100;

/// What clients are told of a file that cannot be decoded.
const NO_PICTURE: &str =
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";

/// How many pictures a process decodes at the same time: what bounds the memory and the processors that they take.
static DECODERS: Semaphore = Semaphore::const_new(2);

/// A picture as it is stored.
#[derive(Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub format: ImageFormat,
    /// In pixels, upright.
    pub width: u32,
    /// In pixels, upright.
    pub height: u32,
}

/// A picture that was uploaded, and what of its name may be used.
#[derive(Debug)]
pub struct Examined {
    /// The picture.
    pub picture: Picture,
    /// The name without folders and extension, as sent: any text.
    pub stem: String,
    /// In lower case and without a dot: the one sent if it is one of the picture's format, else the format's own. Files are
    /// served by it.
    pub extension: String,
}

/// Checks an upload: a picture by its content, and named like one. It becomes at most `longest_side` pixels long. The error
/// is a message for the client.
pub async fn examine(upload: Upload, longest_side: u32) -> Result<Examined, String> {
    let Some(picture) = prepare(upload.content, longest_side).await else {
        return Err(NO_PICTURE.to_owned());
    };
    let (stem, extension) = name_of(&upload.file_name);
    let extension = extension.to_lowercase();
    if !EXTENSIONS.contains(&extension.as_str()) {
        let echo: String = extension.chars().take(LONGEST_ECHO).collect();
        return Err(format!(
            "File extension “{echo}” is not allowed. Allowed extensions are: {}.",
            EXTENSIONS.join(", ")
        ));
    }
    let extension = if ImageFormat::from_extension(&extension) == Some(picture.format) {
        extension
    } else {
        extension_of(picture.format).to_owned()
    };
    Ok(Examined {
        picture,
        stem: stem.to_owned(),
        extension,
    })
}

/// The usual extension of a format, without a dot.
pub fn extension_of(format: ImageFormat) -> &'static str {
    format.extensions_str().first().copied().unwrap_or_default()
}

/// Stem and extension of the last part of a path, whatever system it is of. A name that begins with its only dot has no
/// extension.
pub fn name_of(file_name: &str) -> (&str, &str) {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    match base.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (base, ""),
    }
}

/// Decodes a file and encodes it anew, at most `longest_side` pixels long. `None` if it is no picture of a known format, is
/// broken, or is larger than 8000 pixels. Waits until few enough others are decoded.
pub async fn prepare(content: Content, longest_side: u32) -> Option<Picture> {
    decoding(move || convert(&in_memory(content)?, longest_side)).await
}

/// Smaller copies of a picture, for screens that need no more: one for each of `sides` that is shorter than the picture's own
/// longest side, in their order, which descends. JPEG, or PNG if it is transparent somewhere. `None` as [`prepare`].
pub async fn smaller(file: Bytes, sides: &'static [u32]) -> Option<Vec<Picture>> {
    decoding(move || {
        let reader = ImageReader::new(Cursor::new(&file)).with_guessed_format()?;
        let mut image = decode(reader, None)?;
        let mut copies = Vec::new();
        for side in sides {
            if longest(&image) <= *side {
                continue;
            }
            image = scaled(image, *side);
            let format = if is_transparent(&image) {
                ImageFormat::Png
            } else {
                ImageFormat::Jpeg
            };
            copies.push(Picture {
                bytes: encode(&image, format)?,
                format,
                width: image.width(),
                height: image.height(),
            });
        }
        Ok(copies)
    })
    .await
}

/// Runs a decoder where it blocks nobody, a few at a time.
async fn decoding<T: Send + 'static>(work: impl FnOnce() -> ImageResult<T> + Send + 'static) -> Option<T> {
    let permit = DECODERS.acquire().await.ok()?;
    let work = tokio::task::spawn_blocking(move || {
        // Held by the work itself: it goes on when its request is given up.
        let _permit = permit;
        work()
    });
    match work.await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a picture was refused");
            None
        }
        Err(panic) => {
            tracing::error!(%panic, "a decoder of pictures panicked");
            None
        }
    }
}

/// Uploads of pictures are small enough.
fn in_memory(content: Content) -> ImageResult<Bytes> {
    match content {
        Content::Memory(bytes) => Ok(bytes),
        Content::Disk(mut file) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes.into())
        }
    }
}

fn convert(file: &[u8], longest_side: u32) -> ImageResult<Picture> {
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    let known = reader.format().filter(|format| FORMATS.contains(format));
    let Some(format) = known else {
        return Err(refused());
    };
    if format == ImageFormat::Gif
        && let Some(animation) = animation::copy(file, longest_side)
    {
        return Ok(animation);
    }
    let image = decode(reader, Some(longest_side))?;
    let (width, height) = (image.width(), image.height());
    let is_as_sent = format == ImageFormat::Png && png::size(file) == Some((width, height));
    let bytes = if is_as_sent && png::is_plain(file) {
        file.to_vec()
    } else {
        encode(&image, format)?
    };
    Ok(Picture {
        bytes,
        format,
        width,
        height,
    })
}

fn refused() -> image::ImageError {
    image::ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError))
}

/// The (first) picture, upright and at most `longest_side` long. Size and memory are checked by the header, before anything is
/// decoded: a small file can stand for a picture of any size.
fn decode<R: BufRead + Seek>(
    mut reader: ImageReader<R>,
    longest_side: Option<u32>,
) -> ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_DECODED_SIDE);
    limits.max_image_height = Some(LONGEST_DECODED_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > MOST_MEMORY {
        return Err(refused());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    if let Some(longest_side) = longest_side {
        image = scaled(image, longest_side);
    }
    image.apply_orientation(orientation);
    Ok(image)
}

fn longest(image: &DynamicImage) -> u32 {
    image.width().max(image.height())
}

fn scaled(mut image: DynamicImage, longest_side: u32) -> DynamicImage {
    if longest(&image) > 2 * longest_side {
        // The fast filter most of the way, the good one for the rest.
        image = image.thumbnail(2 * longest_side, 2 * longest_side);
    }
    if longest(&image) > longest_side {
        image = image.resize(longest_side, longest_side, FilterType::Lanczos3);
    }
    image
}

fn is_transparent(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel[3] != u8::MAX)
}

fn encode(image: &DynamicImage, format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    // Eight bits a channel are what all these formats, and all screens, have.
    let image: DynamicImage = if image.color().has_alpha() && format != ImageFormat::Jpeg {
        image.to_rgba8().into()
    } else {
        image.to_rgb8().into()
    };
    if format == ImageFormat::Jpeg {
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    } else {
        image.write_to(&mut bytes, format)?;
    }
    Ok(bytes.into_inner())
}
