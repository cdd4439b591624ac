//! Videos put together box by box.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn boxed(name: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).expect("is short");
    [&length.to_be_bytes(), name, body].concat()
}

/// With a length of 64 bits.
fn long(name: &[u8], body: &[u8]) -> Vec<u8> {
    let length = body.len() as u64 + 16;
    [&1_u32.to_be_bytes(), name, &length.to_be_bytes(), body].concat()
}

fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\x02\0isommp41")
}

fn mvhd(scale: u32, duration: u32) -> Vec<u8> {
    let mut body = vec![0; 100];
    body[4..12].fill(0xaa);
    body[12..16].copy_from_slice(&scale.to_be_bytes());
    body[16..20].copy_from_slice(&duration.to_be_bytes());
    boxed(b"mvhd", &body)
}

fn tkhd(width: u32, height: u32, is_turned: bool) -> Vec<u8> {
    let mut body = vec![0; 84];
    body[4..12].fill(0xbb);
    let one = 0x0001_0000_u32.to_be_bytes();
    let places = if is_turned { [44, 52] } else { [40, 56] };
    for place in places {
        body[place..place + 4].copy_from_slice(&one);
    }
    body[76..80].copy_from_slice(&(width << 16).to_be_bytes());
    body[80..84].copy_from_slice(&(height << 16).to_be_bytes());
    boxed(b"tkhd", &body)
}

fn clip() -> Vec<u8> {
    let mdhd = boxed(b"mdhd", &[0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 3, 0xe8]);
    let picture = [
        tkhd(640, 360, false),
        boxed(b"mdia", &[mdhd, boxed(b"hdlr", b"\0\0\0\0\0\0\0\0vide")].concat()),
        boxed(b"udta", b"named by Ann"),
    ];
    let movie = [
        mvhd(1000, 2500),
        boxed(b"trak", &picture.concat()),
        boxed(b"trak", &tkhd(0, 0, false)),
        long(b"udta", &boxed(b"\xa9xyz", b"+41.7151+044.8271/")),
        boxed(b"meta", b"com.apple.quicktime.location"),
    ];
    let xmp = [&XMP[..], b"<x:xmpmeta>Kutaisi</x:xmpmeta>"].concat();
    [
        ftyp(),
        boxed(b"uuid", &xmp),
        boxed(b"uuid", b"another-uuid-box, kept"),
        boxed(b"moov", &movie.concat()),
        boxed(b"mdat", b"udta and meta are just bytes of a frame"),
    ]
    .concat()
}

fn stripped(mut file: Vec<u8>) -> (Option<Video>, Vec<u8>) {
    let length = file.len() as u64;
    let video = strip(&mut Cursor::new(&mut file), length).expect("memory does not fail");
    (video, file)
}

fn contains(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|part| part == text)
}

#[test]
fn a_video_says_how_long_and_large_it_is() {
    let (video, _) = stripped(clip());
    assert_eq!(
        video,
        Some(Video {
            duration: Some(2.5),
            size: Some((640, 360)),
        })
    );
    let turned = [
        ftyp(),
        boxed(
            b"moov",
            &[mvhd(0, 5), boxed(b"trak", &tkhd(1920, 1080, true))].concat(),
        ),
    ];
    let (video, _) = stripped(turned.concat());
    assert_eq!(
        video,
        Some(Video {
            duration: None,
            size: Some((1080, 1920)),
        })
    );
    for unknown in [0, u32::MAX] {
        let (video, _) = stripped([ftyp(), boxed(b"moov", &mvhd(1000, unknown))].concat());
        assert_eq!(video, Some(Video::default()));
    }
}

#[test]
fn headers_of_64_bits_are_read() {
    let mut header = vec![1, 0, 0, 0];
    header.extend_from_slice(&[9; 16]);
    header.extend_from_slice(&600_u32.to_be_bytes());
    header.extend_from_slice(&1500_u64.to_be_bytes());
    let mut track = vec![0; 96];
    track[0] = 1;
    track[52..56].copy_from_slice(&[0, 1, 0, 0]);
    track[88..92].copy_from_slice(&(320_u32 << 16).to_be_bytes());
    track[92..96].copy_from_slice(&(240_u32 << 16).to_be_bytes());
    let movie = [boxed(b"mvhd", &header), boxed(b"trak", &boxed(b"tkhd", &track))];
    let (video, file) = stripped([ftyp(), long(b"moov", &movie.concat())].concat());
    assert_eq!(
        video,
        Some(Video {
            duration: Some(2.5),
            size: Some((320, 240)),
        })
    );
    assert!(!contains(&file, &[9; 4]));
}

#[test]
fn metadata_is_blanked_where_it_stands() {
    let file = clip();
    let (_, stored) = stripped(file.clone());
    assert_eq!(stored.len(), file.len());
    for text in [
        &b"+41.7151"[..],
        b"Ann",
        b"location",
        b"Kutaisi",
        &[0xaa; 4],
        &[0xbb; 4],
        &[7; 4],
    ] {
        assert!(contains(&file, text) && !contains(&stored, text), "{text:?}");
    }
    for text in [
        &b"another-uuid-box, kept"[..],
        b"udta and meta are just bytes of a frame",
        b"vide",
    ] {
        assert!(contains(&stored, text), "{text:?}");
    }
    assert_eq!(stored.windows(4).filter(|name| name == b"free").count(), 4);
    // Once is enough.
    assert_eq!(stripped(stored.clone()).1, stored);
}

#[test]
fn what_is_broken_further_on_is_taken() {
    for rest in [
        &b""[..],
        b"junk",
        b"\0\0\0\x07moov",
        b"\0\0\0\x01moov\0\0",
        b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xff\xff\xff\xffmoov\0\0\0\x08trak",
        b"\0\0\0\0moov\0\0\0\0mvhd",
        &[0; 64],
    ] {
        assert!(stripped([&ftyp()[..], rest].concat()).0.is_some(), "{rest:?}");
    }
    // One that says to be longer than it is loses its metadata all the same.
    let open = [&ftyp()[..], b"\xff\xff\xff\xffmoov", &boxed(b"udta", b"Ann")].concat();
    assert!(!contains(&stripped(open).1, b"Ann"));
}

#[test]
fn other_files_are_none() {
    for file in [
        &b""[..],
        b"\0\0\0\x18ftyp",
        b"\0\0\0\x18moov0000",
        b"RIFF\0\0\0\0AVI ",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"\0\0\0\x18ftypavif\0\0\0\0",
    ] {
        assert_eq!(stripped(file.to_vec()).0, None, "{file:?}");
    }
}

#[test]
fn the_number_of_boxes_is_bounded() {
    let file = [ftyp(), boxed(b"free", b"").repeat(60_000), clip()].concat();
    assert_eq!(stripped(file).0, Some(Video::default()));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_grow(changes in prop::collection::vec((0_usize..600, any::<u8>()), 0..12), cut in 0_usize..700) {
        let mut file = clip();
        for (at, byte) in changes {
            let at = at % file.len();
            file[at] = byte;
        }
        file.truncate(cut);
        let length = file.len();
        let (video, stored) = stripped(file);
        prop_assert_eq!(stored.len(), length);
        prop_assert!(video.and_then(|video| video.duration).is_none_or(|duration| duration > 0.0));
    }

    #[test]
    fn noise_after_the_first_box_is_taken(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let (video, stored) = stripped([&ftyp()[..], &noise].concat());
        prop_assert!(video.is_some());
        prop_assert_eq!(stored.len(), ftyp().len() + noise.len());
    }
}
