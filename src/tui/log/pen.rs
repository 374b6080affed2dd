//! Writing a line of the log by cells: what is scrolled away is skipped, what does not fit is cut.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Writes text from left to right and skips cells that are scrolled away.
pub(super) struct Pen {
    pub(super) x: u16,
    pub(super) right: u16,
    pub(super) skip: usize,
}

impl Pen {
    /// True when something did not fit any more.
    pub(super) fn put(
        &mut self,
        text: &str,
        style: impl Fn(usize) -> Style,
        y: u16,
        buf: &mut Buffer,
    ) -> bool {
        for (at, grapheme) in text.grapheme_indices(true) {
            let width = grapheme.width();
            if self.skip > 0 {
                // Of a wide character that is half scrolled away, the other half is blank.
                let rest = width.saturating_sub(self.skip);
                self.skip = self.skip.saturating_sub(width);
                self.x = self
                    .x
                    .saturating_add(u16::try_from(rest).unwrap_or(0))
                    .min(self.right);
                continue;
            }
            if usize::from(self.right - self.x) < width {
                return true;
            }
            buf.set_stringn(self.x, y, grapheme, width, style(at));
            self.x += u16::try_from(width).unwrap_or(0);
        }
        false
    }
}
