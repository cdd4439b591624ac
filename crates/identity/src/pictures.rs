//! Pictures from outside: decoded to prove that they are pictures, and encoded anew, so that nothing of what a camera or
//! an editor wrote beside the pixels (place, time, device, thumbnails, comments) is stored.

use std::io::{BufRead, BufReader, Cursor, Seek};

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, ImageResult, Limits,
    codecs::jpeg::JpegEncoder,
    error::{LimitError, LimitErrorKind},
    imageops::FilterType,
    metadata::Orientation,
};
use platform::http::Content;
use tokio::sync::Semaphore;

/// Longest side of a stored picture, in pixels; larger ones are scaled down.
const LONGEST_SIDE: u32 = 1024;
/// Longest side of a picture that is decoded at all, in pixels.
const LONGEST_DECODED_SIDE: u32 = 8000;
/// Most memory for the pixels of a picture while it is decoded, in bytes: the largest allowed one at 4 bytes a pixel.
const MOST_MEMORY: u64 = 4 * 8000 * 8000;
/// Most pixels of all frames of an animation together. Beyond, its first frame becomes the picture.
const MOST_ANIMATED_PIXELS: u64 = 200_000_000;
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

/// How many pictures a process decodes at the same time: what bounds the memory and the processors that they take.
static DECODERS: Semaphore = Semaphore::const_new(2);

/// A picture as it is stored.
#[derive(Debug)]
pub struct Picture {
    pub bytes: Vec<u8>,
    pub format: ImageFormat,
}

/// Decodes a file and encodes it anew, at most 1024 pixels long. `None` if it is no picture of a known format, is broken,
/// or is larger than 8000 pixels. Waits until few enough others are decoded.
pub async fn prepare(content: Content) -> Option<Picture> {
    let permit = DECODERS.acquire().await.ok()?;
    let work = tokio::task::spawn_blocking(move || {
        // Held by the work itself: it goes on when its request is given up.
        let _permit = permit;
        match content {
            Content::Memory(bytes) => convert(Cursor::new(bytes)),
            Content::Disk(file) => convert(BufReader::new(file)),
        }
    });
    match work.await {
        Ok(Ok(picture)) => Some(picture),
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

fn convert<R: BufRead + Seek>(source: R) -> ImageResult<Picture> {
    let reader = ImageReader::new(source).with_guessed_format()?;
    let known = reader.format().filter(|format| FORMATS.contains(format));
    let Some(format) = known else {
        return Err(refused());
    };
    if format != ImageFormat::Gif {
        let bytes = encode(&decode(reader)?, format)?;
        return Ok(Picture { bytes, format });
    }
    // Read twice, so in memory: uploads of pictures are small enough.
    let mut file = Vec::new();
    reader.into_inner().read_to_end(&mut file)?;
    let bytes = match animation(&file) {
        Some(animation) => animation,
        None => encode(
            &decode(ImageReader::with_format(Cursor::new(file), format))?,
            format,
        )?,
    };
    Ok(Picture { bytes, format })
}

fn refused() -> image::ImageError {
    image::ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError))
}

/// The (first) picture, upright and at most [`LONGEST_SIDE`] long. Size and memory are checked by the header, before
/// anything is decoded: a small file can stand for a picture of any size.
fn decode<R: BufRead + Seek>(mut reader: ImageReader<R>) -> ImageResult<DynamicImage> {
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
    image = scaled(image);
    image.apply_orientation(orientation);
    Ok(image)
}

fn scaled(mut image: DynamicImage) -> DynamicImage {
    let longest = |image: &DynamicImage| image.width().max(image.height());
    if longest(&image) > 2 * LONGEST_SIDE {
        // The fast filter most of the way, the good one for the rest.
        image = image.thumbnail(2 * LONGEST_SIDE, 2 * LONGEST_SIDE);
    }
    if longest(&image) > LONGEST_SIDE {
        image = image.resize(LONGEST_SIDE, LONGEST_SIDE, FilterType::Lanczos3);
    }
    image
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

/// The frames of an animation that needs no scaling, without comments and what applications have put beside them; `None`
/// for anything else. Every frame is decoded once to prove that it can be.
fn animation(file: &[u8]) -> Option<Vec<u8>> {
    let mut options = gif::DecodeOptions::new();
    options.check_frame_consistency(true);
    let mut proof = options.clone().read_info(file).ok()?;
    if u32::from(proof.width().max(proof.height())) > LONGEST_SIDE {
        return None;
    }
    let (mut frames, mut pixels) = (0, 0);
    while let Some(frame) = proof.read_next_frame().ok()? {
        frames += 1;
        pixels += u64::from(frame.width) * u64::from(frame.height);
        if pixels > MOST_ANIMATED_PIXELS {
            return None;
        }
    }
    if frames < 2 {
        return None;
    }
    options.skip_frame_decoding(true);
    let mut source = options.read_info(file).ok()?;
    let palette = source.global_palette().unwrap_or_default().to_vec();
    let mut copy = gif::Encoder::new(Vec::new(), source.width(), source.height(), &palette).ok()?;
    copy.set_repeat(proof.repeat()).ok()?;
    while let Some(frame) = source.read_next_frame().ok()? {
        copy.write_lzw_pre_encoded_frame(frame).ok()?;
    }
    copy.into_inner().ok()
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView as _, Rgb, RgbImage};

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let image: DynamicImage = RgbImage::from_fn(width, height, |x, _| {
            Rgb([if x < width / 2 { 250 } else { 5 }, 60, 60])
        })
        .into();
        encode(&image, format).expect("is encoded")
    }

    fn converted(bytes: Vec<u8>) -> Option<Picture> {
        convert(Cursor::new(bytes)).ok()
    }

    fn read(picture: &Picture) -> DynamicImage {
        image::load_from_memory_with_format(&picture.bytes, picture.format).expect("is a picture")
    }

    #[test]
    fn every_format_stays_what_it_is() {
        for format in FORMATS {
            let stored = converted(picture(6, 4, format)).expect("is a picture");
            assert_eq!((stored.format, read(&stored).dimensions()), (format, (6, 4)));
        }
    }

    #[test]
    fn large_pictures_are_scaled_down() {
        for (width, height, expected) in [
            (3000, 1500, (1024, 512)),
            (1500, 1025, (1024, 700)),
            (1024, 3, (1024, 3)),
        ] {
            let stored = converted(picture(width, height, ImageFormat::Png)).expect("is a picture");
            assert_eq!(read(&stored).dimensions(), expected);
        }
        assert!(converted(picture(8001, 1, ImageFormat::Png)).is_none());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let mut cut = picture(300, 300, ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        for bytes in [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            b"<html></html>".to_vec(),
            b"\x89PNG\r\n\x1a\n".to_vec(),
            b"GIF89a".to_vec(),
            Vec::new(),
            cut,
        ] {
            assert!(converted(bytes).is_none());
        }
    }

    fn animated(side: u16) -> Vec<u8> {
        let mut encoder =
            gif::Encoder::new(Vec::new(), side, side, &[0, 0, 0, 255, 255, 255]).expect("begins");
        encoder.set_repeat(gif::Repeat::Infinite).expect("is written");
        encoder
            .write_raw_extension(gif::AnyExtension(0xfe), &[b"taken at home"])
            .expect("is written");
        for delay in [7, 9] {
            let pixels = vec![u8::from(delay == 7); usize::from(side) * usize::from(side)];
            let mut frame = gif::Frame::from_indexed_pixels(side, side, pixels, None);
            frame.delay = delay;
            encoder.write_frame(&frame).expect("is written");
        }
        encoder.into_inner().expect("ends")
    }

    #[test]
    fn animations_keep_their_frames_and_lose_their_comments() {
        let file = animated(20);
        let contains = |bytes: &[u8]| bytes.windows(5).any(|part| part == b"taken");
        assert!(contains(&file));
        let stored = converted(file).expect("is a picture");
        assert!(!contains(&stored.bytes));
        let mut copy = gif::DecodeOptions::new()
            .read_info(&stored.bytes[..])
            .expect("is one");
        let mut delays = Vec::new();
        while let Some(frame) = copy.read_next_frame().expect("can be read") {
            delays.push((frame.delay, frame.buffer[0]));
        }
        assert_eq!(
            (delays, copy.repeat()),
            (vec![(7, 1), (9, 0)], gif::Repeat::Infinite)
        );
        // One that is too large becomes its first frame.
        let stored = converted(animated(2000)).expect("is a picture");
        assert_eq!(read(&stored).dimensions(), (1024, 1024));
        assert!(animation(&stored.bytes).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_crash_a_decoder(at in 0_usize..400, byte: u8, format in 0_usize..6) {
            let mut bytes = picture(9, 7, FORMATS[format]);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = converted(bytes);
        }
    }
}
