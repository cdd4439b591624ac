//! Videos as ISO base media files (MP4, QuickTime): trees of boxes, each with its length and a name of four letters.
//! See ISO/IEC 14496-12, and Apple's `QuickTime` File Format for what differs.
//!
//! Frames are not looked at. What a camera writes beside them (place, names, times) is made blank where it stands: the boxes
//! keep their lengths, so that every offset in the file stays right.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// Most boxes that are looked at. A file with more is taken as far as it was read.
const MOST_BOXES: u32 = 50_000;
/// Most bytes of a box that are looked at: the headers that matter have about a hundred.
const LONGEST_HEADER: u64 = 128;
/// Longest plausible duration, in seconds.
const LONGEST_DURATION: f64 = 86_400.0 * 366.0;
/// Brands of pictures that are kept in the same kind of file.
const PICTURE_BRANDS: [&[u8; 4]; 8] = [
    b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis",
];
/// Names of boxes that say something about the video, and nothing on how to play it.
const METADATA: [&[u8; 4]; 3] = [b"udta", b"meta", b"uuid"];
/// The name of an XMP document, which may stand beside everything else.
const XMP: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];

/// What a video says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Video {
    /// In seconds.
    pub duration: Option<f64>,
    /// Width and height in pixels, as it is shown.
    pub size: Option<(u32, u32)>,
}

/// How many bytes of a file tell whether it is a video.
pub const BRAND_END: usize = 12;

/// Whether a file that begins like this is a video.
pub fn is_video(start: &[u8]) -> bool {
    start.get(4..8) == Some(b"ftyp")
        && start
            .get(8..BRAND_END)
            .is_some_and(|brand| !PICTURE_BRANDS.iter().any(|picture| brand == picture.as_slice()))
}

/// Reads what a video of `length` bytes says of itself, and blanks its metadata. `None` if it is no such file; one that is
/// broken further on is still taken, without what could not be read.
pub fn strip<F: Read + Write + Seek>(file: &mut F, length: u64) -> io::Result<Option<Video>> {
    let mut reader = Reader {
        file,
        boxes_left: MOST_BOXES,
        video: Video::default(),
    };
    if !is_video(&reader.read(0, length, BRAND_END as u64)?) {
        return Ok(None);
    }
    reader.boxes(0, length, Place::File)?;
    Ok(Some(reader.video))
}

/// What the boxes that are read stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    File,
    Movie,
    Track,
    Media,
}

/// Where a box is.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: u64,
    name: [u8; 4],
    /// What follows length and name.
    body: u64,
    end: u64,
}

struct Reader<'a, F> {
    file: &'a mut F,
    boxes_left: u32,
    video: Video,
}

impl<F: Read + Write + Seek> Reader<'_, F> {
    /// Reads one box after the other; never deeper than a track's media.
    fn boxes(&mut self, mut at: u64, end: u64, place: Place) -> io::Result<()> {
        while let Some(found) = self.next_box(at, end)? {
            match (place, &found.name) {
                (Place::File, b"moov") => self.boxes(found.body, found.end, Place::Movie)?,
                (Place::Movie, b"trak") => self.boxes(found.body, found.end, Place::Track)?,
                (Place::Track, b"mdia") => self.boxes(found.body, found.end, Place::Media)?,
                (Place::Movie, b"mvhd") => self.movie_header(found)?,
                (Place::Track, b"tkhd") => self.track_header(found)?,
                (Place::Media, b"mdhd") => self.forget_times(found)?,
                _ if self.is_metadata(found, place)? => self.blank(found)?,
                _ => {}
            }
            at = found.end;
        }
        Ok(())
    }

    /// Beside the movie only an XMP document of all boxes with long names: others say how fragments are played.
    fn is_metadata(&mut self, found: Found, place: Place) -> io::Result<bool> {
        if place == Place::File && found.name == *b"uuid" {
            return Ok(self.read(found.body, found.end, 16)? == XMP);
        }
        Ok(METADATA.contains(&&found.name))
    }

    /// The box at `at`; `None` where there is none, or nonsense. One that says to be longer than what it stands in ends with it.
    fn next_box(&mut self, at: u64, end: u64) -> io::Result<Option<Found>> {
        let head = self.read(at, end, 16)?;
        if head.len() < 8 || self.boxes_left == 0 {
            return Ok(None);
        }
        self.boxes_left -= 1;
        let (head_length, length) = match (number(&head, 0, 4), number(&head, 8, 8)) {
            (0, _) => (8, end - at),
            (1, long) if head.len() == 16 => (16, long),
            (1, _) => return Ok(None),
            (short, _) => (8, short),
        };
        if length < head_length {
            return Ok(None);
        }
        Ok(Some(Found {
            at,
            name: [head[4], head[5], head[6], head[7]],
            body: at + head_length,
            end: at.saturating_add(length).min(end),
        }))
    }

    /// Up to `most` bytes from `at`, fewer if `end` comes before.
    fn read(&mut self, at: u64, end: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let length = end.saturating_sub(at).min(most);
        if length > 0 {
            self.file.seek(SeekFrom::Start(at))?;
            Read::by_ref(self.file).take(length).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn write_zeros(&mut self, from: u64, to: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(from))?;
        io::copy(&mut io::repeat(0).take(to.saturating_sub(from)), self.file)?;
        Ok(())
    }

    /// Makes a box one that players pass over.
    fn blank(&mut self, found: Found) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(found.at + 4))?;
        self.file.write_all(b"free")?;
        self.write_zeros(found.body, found.end)
    }

    /// Zeroes when something was made and changed, which a header begins with.
    fn forget_times(&mut self, found: Found) -> io::Result<()> {
        let header = self.read(found.body, found.end, 4)?;
        if header.len() < 4 {
            return Ok(());
        }
        let times = if header[0] == 1 { 16 } else { 8 };
        let from = found.body + 4;
        self.write_zeros(from, (from + times).min(found.end))
    }

    /// `mvhd`: version and flags, times, time scale, duration.
    fn movie_header(&mut self, found: Found) -> io::Result<()> {
        let header = self.read(found.body, found.end, LONGEST_HEADER)?;
        let (scale, duration, unknown) = if header.first() == Some(&1) {
            (number(&header, 20, 4), number(&header, 24, 8), u64::MAX)
        } else {
            (
                number(&header, 12, 4),
                number(&header, 16, 4),
                u64::from(u32::MAX),
            )
        };
        if scale > 0 && duration > 0 && duration < unknown {
            #[expect(clippy::cast_precision_loss, reason = "nobody looks at the last digits")]
            let seconds = duration as f64 / scale as f64;
            self.video.duration = Some(seconds).filter(|seconds| *seconds <= LONGEST_DURATION);
        }
        self.forget_times(found)
    }

    /// `tkhd`: version and flags, times, number, duration, layers, a matrix, width and height. Of several tracks the largest
    /// one counts; sound has no size.
    fn track_header(&mut self, found: Found) -> io::Result<()> {
        let header = self.read(found.body, found.end, LONGEST_HEADER)?;
        let matrix = if header.first() == Some(&1) { 52 } else { 40 };
        if header.len() >= matrix + 44 {
            // 16 bits before the point, 16 after it.
            let side = |at: usize| u32::try_from(number(&header, at, 4) >> 16).unwrap_or(0);
            let (width, height) = (side(matrix + 36), side(matrix + 40));
            let is_turned = number(&header, matrix, 4) == 0 && number(&header, matrix + 4, 4) != 0;
            let size = if is_turned {
                (height, width)
            } else {
                (width, height)
            };
            let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
            if area(size) > self.video.size.map_or(0, area) {
                self.video.size = Some(size);
            }
        }
        self.forget_times(found)
    }
}

/// The big-endian number of `length` bytes at `at`; 0 where there is none.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let digits = bytes.get(at..at + length).unwrap_or_default();
    digits
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
