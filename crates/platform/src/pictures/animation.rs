//! Animated GIFs: kept frame by frame, without what is written between the frames.

use image::ImageFormat;

use super::Picture;

/// Most pixels of all frames of an animation together. Beyond, its first frame becomes the picture.
const MOST_PIXELS: u64 = 200_000_000;

/// The frames of an animation that needs no scaling, without comments and what applications have put beside them; `None`
/// for anything else. Every frame is decoded once to prove that it can be.
pub(super) fn copy(file: &[u8], longest_side: u32) -> Option<Picture> {
    let mut options = gif::DecodeOptions::new();
    options.check_frame_consistency(true);
    let mut proof = options.clone().read_info(file).ok()?;
    if u32::from(proof.width().max(proof.height())) > longest_side {
        return None;
    }
    let (mut frames, mut pixels) = (0, 0);
    while let Some(frame) = proof.read_next_frame().ok()? {
        frames += 1;
        pixels += u64::from(frame.width) * u64::from(frame.height);
        if pixels > MOST_PIXELS {
            return None;
        }
    }
    if frames < 2 {
        return None;
    }
    options.skip_frame_decoding(true);
    let mut source = options.read_info(file).ok()?;
    let (width, height) = (source.width(), source.height());
    let palette = source.global_palette().unwrap_or_default().to_vec();
    let mut copy = gif::Encoder::new(Vec::new(), width, height, &palette).ok()?;
    copy.set_repeat(proof.repeat()).ok()?;
    while let Some(frame) = source.read_next_frame().ok()? {
        copy.write_lzw_pre_encoded_frame(frame).ok()?;
    }
    Some(Picture {
        bytes: copy.into_inner().ok()?,
        format: ImageFormat::Gif,
        width: width.into(),
        height: height.into(),
    })
}
