//! PNG files, as far as it takes to say what is in one beside the pixels.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What says how the pixels look, and nothing else.
const PLAIN: [&[u8; 4]; 10] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs",
];
/// Longest chunk other than pixels and palette: what they may hold is shorter than that.
const LONGEST_SMALL_CHUNK: usize = 512;

/// Width and height by the header.
pub(super) fn size(file: &[u8]) -> Option<(u32, u32)> {
    let header = file.strip_prefix(SIGNATURE)?.get(8..16)?;
    let (width, height) = header.split_at(4);
    Some((
        u32::from_be_bytes(width.try_into().ok()?),
        u32::from_be_bytes(height.try_into().ok()?),
    ))
}

/// Whether a file that could be decoded holds pixels only: no texts, times, camera data, profiles, animations, and nothing
/// after its end.
pub(super) fn is_plain(file: &[u8]) -> bool {
    let Some(mut rest) = file.strip_prefix(SIGNATURE) else {
        return false;
    };
    while let Some((name, data, after)) = chunk(rest) {
        let is_bulk = name == b"IDAT" || name == b"PLTE";
        if !PLAIN.iter().any(|plain| name == plain.as_slice())
            || (!is_bulk && data.len() > LONGEST_SMALL_CHUNK)
        {
            return false;
        }
        if name == b"IEND" {
            return data.is_empty() && after.is_empty();
        }
        rest = after;
    }
    false
}

/// Name, data, and what follows the checksum.
fn chunk(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = rest.split_at_checked(4)?;
    let (name, rest) = rest.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (data, rest) = rest.split_at_checked(length)?;
    let (_checksum, rest) = rest.split_at_checked(4)?;
    Some((name, data, rest))
}
