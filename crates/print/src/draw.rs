//! Lines as marked content of a PDF.

use std::collections::HashMap;
use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder, PdfVersion};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagKind, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use parley::Line;

use crate::layout::{Block, HEIGHT, MARGIN, Placed, Role, WIDTH, block};
use crate::{Error, Paper};

/// Fonts as this document knows them, by the number that the layout has for their bytes.
type Fonts = HashMap<u64, Font>;

pub(crate) fn draw(
    paper: &Paper,
    blocks: &[Block],
    pages: &[Vec<Placed>],
    accessible: bool,
) -> Result<Vec<u8>, Error> {
    let mut configuration = ConfigurationBuilder::new().with_version(PdfVersion::Pdf17);
    if accessible {
        configuration = configuration.with_accessibility_validator(Accessibility::UA1);
    }
    let configuration = configuration.finish().map_err(|_| Error)?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let title = if paper.title.trim().is_empty() { "-" } else { &paper.title };
    let language = if paper.language.is_empty() { "en" } else { &paper.language };
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language(language.to_owned())
            .authors(vec![paper.author.clone()])
            .creator("Lamplight".to_owned()),
    );
    let mut groups: Vec<TagGroup> = blocks.iter().map(|block| TagGroup::new(tag(block))).collect();
    let mut fonts = Fonts::new();
    for (number, placed) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(Error)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for one in placed {
            let block = &blocks[one.block];
            let Some(line) = block.layout.get(one.line) else { continue };
            let identifier = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            write(&mut surface, &mut fonts, &line, &block.text, (MARGIN, one.baseline))?;
            surface.end_tagged();
            groups[one.block].push(identifier);
        }
        foot(&mut surface, &mut fonts, paper, (number + 1, pages.len()))?;
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
    groups.into_iter().for_each(|group| tree.push(group));
    document.set_tag_tree(tree);
    document.set_outline(outline(blocks, pages));
    document.finish().map_err(|_| Error)
}

/// The headings, each with its place.
fn outline(blocks: &[Block], pages: &[Vec<Placed>]) -> Outline {
    let mut outline = Outline::new();
    let mut last = None;
    for (page, one) in
        pages.iter().enumerate().flat_map(|(page, lines)| lines.iter().map(move |one| (page, one)))
    {
        let block = &blocks[one.block];
        if last != Some(one.block) && matches!(block.role, Role::Title | Role::Heading) {
            last = Some(one.block);
            let place = Point::from_xy(MARGIN, (one.baseline - 20.0).max(0.0));
            outline.push_child(OutlineNode::new(block.text.clone(), XyzDestination::new(page, place)));
        }
    }
    outline
}

fn tag(block: &Block) -> TagKind {
    let heading = |level| Tag::Hn(NonZeroU16::MIN.saturating_add(level), Some(block.text.clone())).into();
    match block.role {
        Role::Title => heading(0),
        Role::Heading => heading(1),
        Role::Fact | Role::Line => Tag::P.into(),
    }
}

fn foot(
    surface: &mut Surface<'_>,
    fonts: &mut Fonts,
    paper: &Paper,
    (page, of): (usize, usize),
) -> Result<(), Error> {
    surface.start_tagged(ContentTag::Artifact(Artifact::new(ArtifactType::Footer, None)));
    let number = block(Role::Fact, format!("{page} / {of}"));
    let right = WIDTH - MARGIN - number.layout.width();
    for (text, left) in [(&block(Role::Fact, paper.foot.clone()), MARGIN), (&number, right)] {
        // What is too long for one line is cut: it is there to know the page by.
        if let Some(line) = text.layout.get(0) {
            write(surface, fonts, &line, &text.text, (left, HEIGHT - 40.0))?;
        }
    }
    surface.end_tagged();
    Ok(())
}

fn write(
    surface: &mut Surface<'_>,
    fonts: &mut Fonts,
    line: &Line<'_, ()>,
    text: &str,
    (left, baseline): (f32, f32),
) -> Result<(), Error> {
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(20, 24, 28).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }));
    let mut x = left;
    for run in line.runs() {
        let (data, id) = run.font().data.clone().into_raw_parts();
        let font = match fonts.get(&id) {
            Some(font) => font.clone(),
            None => {
                let font = Font::new(data.into(), run.font().index).ok_or(Error)?;
                fonts.insert(id, font.clone());
                font
            }
        };
        let size = run.font_size();
        let (start, mut glyphs) = (x, Vec::<KrillaGlyph>::new());
        for cluster in run.visual_clusters() {
            if cluster.is_ligature_continuation() {
                // Its letters belong to the glyph before it.
                if let Some(glyph) = glyphs.last_mut() {
                    glyph.text_range.end = glyph.text_range.end.max(cluster.text_range().end);
                }
                continue;
            }
            for glyph in cluster.glyphs() {
                let place = (glyph.advance / size, glyph.x / size, glyph.y / size);
                let id = GlyphId::new(glyph.id);
                glyphs.push(KrillaGlyph::new(id, place.0, place.1, place.2, 0.0, cluster.text_range(), None));
                x += glyph.advance;
            }
        }
        if !glyphs.is_empty() {
            surface.draw_glyphs(Point::from_xy(start, baseline), &glyphs, font, text, size, false);
        }
    }
    Ok(())
}
