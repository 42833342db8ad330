//! Several pictures in one: before | target | after.

use softras_core::Error as CoreError;

use super::RgbFrame;
use crate::error::Result;

/// Lays frames out from the left to the right, `gap` pixels of `background` between them. Each keeps its width; lower frames
/// stand in the middle of the height.
///
/// # Errors
/// `Argument` without frames.
pub fn row(frames: &[RgbFrame], gap: usize, background: [u8; 3]) -> Result<RgbFrame> {
    if frames.is_empty() {
        return Err(CoreError::parameter("montage", "no frame", "at least one").into());
    }
    let height = frames.iter().map(RgbFrame::height).max().unwrap_or(0);
    let width = frames.iter().map(RgbFrame::width).sum::<usize>() + (frames.len() - 1) * gap;
    let mut whole = RgbFrame::filled(width, height, background)?;
    let mut x = 0;
    for frame in frames {
        whole.paste(frame, x, (height - frame.height()) / 2);
        x += frame.width() + gap;
    }
    Ok(whole)
}

/// Lays frames out in rows of `columns`, `gap` pixels of `background` between them.
///
/// All cells have the size of the widest and the highest frame; smaller frames stand in the middle of theirs.
///
/// # Errors
/// `Argument` without frames or columns.
pub fn grid(frames: &[RgbFrame], columns: usize, gap: usize, background: [u8; 3]) -> Result<RgbFrame> {
    if frames.is_empty() || columns == 0 {
        let found = format!("{} frames in {columns} columns", frames.len());
        return Err(CoreError::parameter("montage", found, "at least one of each").into());
    }
    let columns = columns.min(frames.len());
    let rows = frames.len().div_ceil(columns);
    let width = frames.iter().map(RgbFrame::width).max().unwrap_or(0);
    let height = frames.iter().map(RgbFrame::height).max().unwrap_or(0);
    let span = |count: usize, side: usize| count * side + (count - 1) * gap;
    let mut whole = RgbFrame::filled(span(columns, width), span(rows, height), background)?;
    for (i, frame) in frames.iter().enumerate() {
        let x = i % columns * (width + gap) + (width - frame.width()) / 2;
        let y = i / columns * (height + gap) + (height - frame.height()) / 2;
        whole.paste(frame, x, y);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_stand_in_order_with_gaps() {
        let frames = [1, 2, 3].map(|c| RgbFrame::filled(2, 1 + 2 * usize::from(c == 2), [c; 3]).unwrap());
        let red = |f: &RgbFrame| f.pixels().iter().step_by(3).copied().collect::<Vec<_>>();
        let one = row(&frames, 1, [0; 3]).unwrap();
        assert_eq!((one.width(), one.height()), (8, 3));
        assert_eq!(red(&one), [0, 0, 0, 2, 2, 0, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 0, 0, 0, 2, 2, 0, 0, 0]);
        let wide = [RgbFrame::filled(3, 1, [7; 3]).unwrap(), frames[0].clone()];
        assert_eq!(red(&row(&wide, 1, [0; 3]).unwrap()), [7, 7, 7, 0, 1, 1]);
        assert!(row(&[], 1, [0; 3]).is_err());
        let two = grid(&frames, 2, 0, [9; 3]).unwrap();
        assert_eq!((two.width(), two.height()), (4, 6));
        assert_eq!(red(&two)[16..20], [3, 3, 9, 9]);
        assert!(grid(&[], 2, 0, [0; 3]).is_err());
        assert!(grid(&frames, 0, 0, [0; 3]).is_err());
    }
}
