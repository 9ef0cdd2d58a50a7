//! Text in lines and lines on pages.

use std::sync::LazyLock;

use parley::fontique::{Blob, Collection, CollectionOptions};
use parley::style::{FontFamily, FontWeight, LineHeight, StyleProperty};
use parley::{FontContext, Layout, LayoutContext};

use crate::Paper;

/// US Letter, in points of 1/72 inch.
pub(crate) const WIDTH: f32 = 612.0;
pub(crate) const HEIGHT: f32 = 792.0;
/// Left and right, and above the text.
pub(crate) const MARGIN: f32 = 60.0;
/// Where the text ends.
const END: f32 = HEIGHT - 72.0;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Title,
    Fact,
    Heading,
    Line,
}

impl Role {
    /// Size, whether bold, space before: in points.
    fn shape(self) -> (f32, bool, f32) {
        match self {
            Self::Title => (17.0, true, 0.0),
            Self::Fact => (9.5, false, 3.0),
            Self::Heading => (12.0, true, 15.0),
            Self::Line => (10.0, false, 5.0),
        }
    }
}

/// A piece of text, broken into lines.
pub(crate) struct Block {
    pub(crate) role: Role,
    pub(crate) text: String,
    pub(crate) layout: Layout<()>,
}

/// A line on a page: of which block, which of its lines, and where its letters stand.
pub(crate) struct Placed {
    pub(crate) block: usize,
    pub(crate) line: usize,
    pub(crate) baseline: f32,
}

/// Ours and no others: what is printed looks alike on every machine.
static FONTS: LazyLock<FontContext> = LazyLock::new(|| {
    let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        collection.register_fonts(Blob::new(std::sync::Arc::new(font)), None);
    }
    FontContext { collection, source_cache: parley::fontique::SourceCache::default() }
});

/// Breaks a text into lines.
pub(crate) fn block(role: Role, text: String) -> Block {
    let (size, bold, _) = role.shape();
    let (mut fonts, mut context) = (FONTS.clone(), LayoutContext::new());
    let mut builder = context.ranged_builder(&mut fonts, &text, 1.0, false);
    builder.push_default(StyleProperty::FontFamily(FontFamily::named("DejaVu Sans")));
    builder.push_default(StyleProperty::FontSize(size));
    builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(1.35)));
    if bold {
        builder.push_default(StyleProperty::FontWeight(FontWeight::BOLD));
    }
    let mut layout: Layout<()> = builder.build(&text);
    layout.break_all_lines(Some(WIDTH - 2.0 * MARGIN));
    Block { role, text, layout }
}

/// All of it, in the order of reading.
pub(crate) fn blocks(paper: &Paper) -> Vec<Block> {
    let mut blocks = vec![block(Role::Title, paper.title.clone())];
    for (label, value) in &paper.facts {
        let text = if label.is_empty() { value.clone() } else { format!("{label}: {value}") };
        blocks.push(block(Role::Fact, text));
    }
    for section in &paper.sections {
        if !section.title.is_empty() {
            blocks.push(block(Role::Heading, section.title.clone()));
        }
        blocks.extend(section.lines.iter().map(|line| block(Role::Line, line.clone())));
    }
    blocks.retain(|block| !block.text.trim().is_empty());
    blocks
}

/// Puts lines on pages; there is always one. A heading does not stand alone at the end of one.
pub(crate) fn pages(blocks: &[Block]) -> Vec<Vec<Placed>> {
    let mut pages = vec![Vec::new()];
    let mut top = MARGIN;
    for (number, block) in blocks.iter().enumerate() {
        let (_, _, before) = block.role.shape();
        if top > MARGIN {
            top += before;
        }
        let follows = if block.role == Role::Heading { 30.0 } else { 0.0 };
        for (line, shape) in block.layout.lines().enumerate() {
            let metrics = shape.metrics();
            if top + metrics.line_height + follows > END && top > MARGIN {
                pages.push(Vec::new());
                top = MARGIN;
            }
            let baseline = top + (metrics.baseline - metrics.block_min_coord);
            if let Some(page) = pages.last_mut() {
                page.push(Placed { block: number, line, baseline });
            }
            top += metrics.line_height;
        }
    }
    pages
}
