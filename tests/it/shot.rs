//! Pictures of real frames: the cells of a screen as SVG, and that as PNG. The cells have the shape
//! of the font, each character stands on its own place, backgrounds are drawn first: so boxes join
//! and columns stay in line.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use resvg::{tiny_skia, usvg};

const EM: f32 = 14.0;
const CELL_WIDTH: f32 = 0.6 * EM;
const CELL_HEIGHT: f32 = 1.32 * EM;
const BASELINE: f32 = 1.02 * EM;
const FONTS: &str = "'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace";
const PAPER: Colour = Colour(0x10, 0x14, 0x1a);
const INK: Colour = Colour(0xd8, 0xde, 0xe6);

/// Writes `NAME.svg` and, where the font is installed, `NAME.png`; gives back what was written.
pub(crate) fn write(folder: &Path, name: &str, screen: &vt100::Screen) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let text = svg(screen);
    let file = folder.join(format!("{name}.svg"));
    fs::write(&file, &text).unwrap();
    let mut files = vec![file];
    if let Some(bytes) = png(&text) {
        let file = folder.join(format!("{name}.png"));
        fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    files
}

/// The font, and one for the few signs that it lacks, as Debian lays them (fonts-jetbrains-mono,
/// fonts-dejavu-core). Without the first no picture is drawn: another font breaks the boxes.
const FACES: &[&str] = &[
    "jetbrains-mono/JetBrainsMono-Regular.ttf",
    "jetbrains-mono/JetBrainsMono-Bold.ttf",
    "jetbrains-mono/JetBrainsMono-Italic.ttf",
    "jetbrains-mono/JetBrainsMono-BoldItalic.ttf",
    "dejavu/DejaVuSansMono.ttf",
    "dejavu/DejaVuSans.ttf",
];

fn face(name: &str) -> Option<Vec<u8>> {
    fs::read(Path::new("/usr/share/fonts/truetype").join(name)).ok()
}

/// The screen as SVG.
pub(crate) fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (
        f32::from(columns) * CELL_WIDTH,
        f32::from(rows) * CELL_HEIGHT,
    );
    let (mut papers, mut inks) = (String::new(), String::new());
    for row in 0..rows {
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            let (x, y) = (f32::from(column) * CELL_WIDTH, f32::from(row) * CELL_HEIGHT);
            let (mut ink, mut paper) = (colour(cell.fgcolor(), INK), colour(cell.bgcolor(), PAPER));
            if cell.inverse() {
                (ink, paper) = (paper, ink);
            }
            if cell.dim() {
                ink = ink.towards(paper);
            }
            let wide = if cell.is_wide() { 2.0 } else { 1.0 };
            if paper != PAPER {
                // half a unit more, so that neighbours leave no seam
                let _ = writeln!(
                    papers,
                    r#"<rect x="{x:.1}" y="{y:.2}" width="{:.1}" height="{:.2}" fill="{paper}"/>"#,
                    CELL_WIDTH * wide + 0.4,
                    CELL_HEIGHT + 0.4
                );
            }
            if cell.has_contents() && cell.contents() != " " {
                let weight = if cell.bold() {
                    r#" font-weight="bold""#
                } else {
                    ""
                };
                let style = if cell.italic() {
                    r#" font-style="italic""#
                } else {
                    ""
                };
                let line = if cell.underline() {
                    r#" text-decoration="underline""#
                } else {
                    ""
                };
                let _ = writeln!(
                    inks,
                    r#"<text x="{x:.1}" y="{:.2}" fill="{ink}"{weight}{style}{line}>{}</text>"#,
                    y + BASELINE,
                    escaped(cell.contents())
                );
            }
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}\" height=\"{height:.1}\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"{FONTS}\" font-size=\"{EM}\" xml:space=\"preserve\">\n<rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n{papers}{inks}</svg>\n"
    )
}

/// The picture at twice its size; `None` without the font.
fn png(svg: &str) -> Option<Vec<u8>> {
    let mut options = usvg::Options {
        font_family: "JetBrains Mono".into(),
        ..usvg::Options::default()
    };
    face(FACES[0])?;
    for bytes in FACES.iter().filter_map(|name| face(name)) {
        options.fontdb_mut().load_font_data(bytes);
    }
    let tree = usvg::Tree::from_str(svg, &options).unwrap();
    let size = tree.size().to_int_size().scale_by(2.0)?;
    let mut picture = tiny_skia::Pixmap::new(size.width(), size.height())?;
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(2.0, 2.0),
        &mut picture.as_mut(),
    );
    picture.encode_png().ok()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Colour(u8, u8, u8);

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Colour {
    /// Half way to the other: what dim text looks like.
    fn towards(self, other: Self) -> Self {
        let half = |a: u8, b: u8| u8::midpoint(a, b);
        Self(
            half(self.0, other.0),
            half(self.1, other.1),
            half(self.2, other.2),
        )
    }
}

/// The sixteen named colours, quiet enough for a dark page.
const NAMED: [Colour; 16] = [
    Colour(0x1c, 0x21, 0x28),
    Colour(0xe0, 0x5f, 0x5f),
    Colour(0x6c, 0xbf, 0x73),
    Colour(0xd9, 0xb2, 0x5f),
    Colour(0x5f, 0x9f, 0xe0),
    Colour(0xb7, 0x83, 0xd6),
    Colour(0x56, 0xb8, 0xc4),
    Colour(0xc5, 0xcc, 0xd4),
    Colour(0x6b, 0x75, 0x82),
    Colour(0xff, 0x86, 0x7c),
    Colour(0x8c, 0xe0, 0x92),
    Colour(0xf5, 0xd0, 0x7a),
    Colour(0x86, 0xba, 0xf5),
    Colour(0xd3, 0xa6, 0xf0),
    Colour(0x7f, 0xda, 0xe4),
    Colour(0xff, 0xff, 0xff),
];

fn colour(colour: vt100::Color, default: Colour) -> Colour {
    match colour {
        vt100::Color::Default => default,
        vt100::Color::Rgb(r, g, b) => Colour(r, g, b),
        vt100::Color::Idx(i @ 0..16) => NAMED[usize::from(i)],
        vt100::Color::Idx(i @ 16..232) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let i = i - 16;
            Colour(step(i / 36), step(i / 6 % 6), step(i % 6))
        }
        vt100::Color::Idx(i) => {
            let grey = 8 + 10 * (i - 232);
            Colour(grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU16;

    #[test]
    fn every_character_stands_on_its_cell() {
        let cells = |n| NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(cells(2), cells(10), 0);
        parser.process("a<\x1b[41mb\x1b[0m\r\n\x1b[7mc\x1b[0m".as_bytes());
        let picture = svg(parser.screen());
        for part in [
            r##"<text x="0.0" y="14.28" fill="#d8dee6">a</text>"##,
            r##"<text x="8.4" y="14.28" fill="#d8dee6">&lt;</text>"##,
            r##"<rect x="16.8" y="0.00" width="8.8" height="18.88" fill="#e05f5f"/>"##,
            r##"<text x="0.0" y="32.76" fill="#10141a">c</text>"##,
        ] {
            assert!(picture.contains(part), "{part} is not in\n{picture}");
        }
        if face(FACES[0]).is_some() {
            let bytes = png(&picture).unwrap();
            assert_eq!(&bytes[1..4], b"PNG");
        }
    }
}
