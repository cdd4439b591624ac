//! Pictures and what is made of them.

use image::{GenericImageView as _, ImageEncoder as _, Rgb, RgbImage, codecs::png::PngEncoder};

use super::*;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image: DynamicImage = RgbImage::from_fn(width, height, |x, _| {
        Rgb([if x < width / 2 { 250 } else { 5 }, 60, 60])
    })
    .into();
    encode(&image, format).expect("is encoded")
}

fn converted(bytes: impl AsRef<[u8]>) -> Option<Picture> {
    convert(bytes.as_ref(), 1024).ok()
}

fn read(picture: &Picture) -> DynamicImage {
    image::load_from_memory_with_format(&picture.bytes, picture.format).expect("is a picture")
}

#[test]
fn every_format_stays_what_it_is() {
    for format in FORMATS {
        let stored = converted(picture(6, 4, format)).expect("is a picture");
        assert_eq!((stored.format, read(&stored).dimensions()), (format, (6, 4)));
        assert_eq!((stored.width, stored.height), (6, 4));
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
        assert_eq!((stored.width, stored.height), expected);
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
    let mut encoder = gif::Encoder::new(Vec::new(), side, side, &[0, 0, 0, 255, 255, 255]).expect("begins");
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
    assert!(animation::copy(&stored.bytes, 1024).is_none());
}

/// A chunk with a checksum that nobody looks at, put before the last one.
fn with_chunk(file: &[u8], name: &[u8], data: &[u8]) -> Vec<u8> {
    let (start, end) = file.split_at(file.len() - 12);
    let length = u32::try_from(data.len()).expect("is short").to_be_bytes();
    [start, &length, name, data, &[0; 4], end].concat()
}

#[test]
fn a_png_of_pixels_alone_stays_as_it_came() {
    let file = picture(40, 30, ImageFormat::Png);
    assert!(png::is_plain(&file) && png::size(&file) == Some((40, 30)));
    assert_eq!(converted(file.clone()).expect("is a picture").bytes, file);
    // One that must be scaled does not.
    let long = picture(1025, 2, ImageFormat::Png);
    assert_eq!(read(&converted(long).expect("is a picture")).width(), 1024);
    for spoiled in [
        with_chunk(&file, b"tEXt", b"Comment\0taken at home"),
        with_chunk(&file, b"eXIf", b"II*\0"),
        with_chunk(&file, b"pHYs", &[0; 513]),
        [&file[..], b"<script>"].concat(),
        file[..file.len() - 12].to_vec(),
    ] {
        assert!(!png::is_plain(&spoiled));
        if let Some(stored) = converted(spoiled) {
            assert!(png::is_plain(&stored.bytes));
            assert_eq!(read(&stored).dimensions(), (40, 30));
        }
    }
}

#[test]
fn the_orientation_of_a_png_is_applied() {
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    let mut exif = b"II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    encoder.set_exif_metadata(exif).expect("is taken");
    let image: DynamicImage = RgbImage::new(40, 20).into();
    image.write_with_encoder(encoder).expect("is encoded");
    let stored = converted(file).expect("is a picture");
    assert_eq!((stored.width, stored.height), (20, 40));
}

#[tokio::test]
async fn smaller_copies_are_made_of_what_is_larger() {
    const SIDES: &[u32] = &[1080, 320];
    let sizes = async |file: Vec<u8>| -> Vec<(u32, u32, ImageFormat)> {
        let copies = smaller(file.into(), SIDES).await.expect("is a picture");
        copies
            .iter()
            .map(|copy| {
                assert_eq!(read(copy).dimensions(), (copy.width, copy.height));
                (copy.width, copy.height, copy.format)
            })
            .collect()
    };
    let (jpeg, png) = (ImageFormat::Jpeg, ImageFormat::Png);
    assert_eq!(
        sizes(picture(2160, 1080, jpeg)).await,
        [(1080, 540, jpeg), (320, 160, jpeg)]
    );
    assert_eq!(sizes(picture(400, 800, png)).await, [(160, 320, jpeg)]);
    assert_eq!(sizes(picture(320, 320, png)).await, []);
    let glass: DynamicImage = image::RgbaImage::from_pixel(600, 600, image::Rgba([1, 2, 3, 100])).into();
    let glass = encode(&glass, png).expect("is encoded");
    assert_eq!(sizes(glass).await, [(320, 320, png)]);
    assert!(smaller(b"no picture".to_vec().into(), SIDES).await.is_none());
}

#[test]
fn names_without_an_extension() {
    for (sent, extension) in [
        ("picture", ""),
        (".png", ""),
        ("a.png/b", ""),
        ("a.", ""),
        ("a.exe", "exe"),
    ] {
        assert_eq!(name_of(sent).1, extension, "{sent}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_in_a_png_makes_its_reading_panic(cut in 0_usize..200, at in 0_usize..200, byte: u8) {
        let mut file = picture(9, 7, ImageFormat::Png);
        file.truncate(cut);
        if let Some(place) = file.get_mut(at) {
            *place = byte;
        }
        let _ = (png::is_plain(&file), png::size(&file));
    }

    #[test]
    fn no_bytes_crash_a_decoder(at in 0_usize..400, byte: u8, format in 0_usize..6) {
        let mut bytes = picture(9, 7, FORMATS[format]);
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = converted(bytes);
    }
}
