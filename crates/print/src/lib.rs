//! Paper: what is written, as tagged PDF (ISO 32000, PDF/UA-1) on US Letter.
//!
//! A [`Paper`] says what stands there and in which order; fonts, lines and pages are this crate's. Knows no record, reads
//! nothing and writes nothing.

mod draw;
mod layout;

/// What is printed.
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// The title of the document, its first heading.
    pub title: String,
    /// Whose language it is in (BCP 47).
    pub language: String,
    /// Who it is by, for the properties of the file.
    pub author: String,
    /// Whom and what it is about, below the title: a label and a value each.
    pub facts: Vec<(String, String)>,
    /// What stands there.
    pub sections: Vec<Section>,
    /// At the foot of each page, beside its number: enough to know whose page it is when it lies alone.
    pub foot: String,
}

/// A part of it.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its heading; none where it is empty.
    pub title: String,
    /// A paragraph each. A line break inside one is kept.
    pub lines: Vec<String>,
}

/// It could not be drawn. Says nothing of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page cannot be drawn")]
pub struct Error;

impl Paper {
    /// As the bytes of a PDF file. Text in letters that the fonts lack keeps its words for whoever copies or hears it,
    /// and shows boxes.
    ///
    /// # Errors
    /// [`Error`], which nothing that can be written is known to cause.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        let blocks = layout::blocks(self);
        let pages = layout::pages(&blocks);
        // A letter without a glyph is against PDF/UA: such a document is tagged as well as any, and claims nothing.
        draw::draw(self, &blocks, &pages, true).or_else(|_| draw::draw(self, &blocks, &pages, false))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paper() -> Paper {
        Paper {
            title: "Shift note".to_owned(),
            language: "en".to_owned(),
            author: "Amara Osei, RN".to_owned(),
            facts: vec![("Resident".to_owned(), "Wren Alder, born 1941-03-02".to_owned())],
            sections: vec![Section {
                title: "Observations".to_owned(),
                lines: vec!["Slept well.\nAte all of her breakfast.".to_owned(); 4],
            }],
            foot: "Wren Alder, 1041".to_owned(),
        }
    }

    /// To look at: `LAMPLIGHT_PAPER=file ./test what_is_long`.
    fn shown(pdf: &[u8]) {
        if let Some(file) = std::env::var_os("LAMPLIGHT_PAPER") {
            std::fs::write(file, pdf).unwrap();
        }
    }

    fn pages(pdf: &[u8]) -> usize {
        let text = String::from_utf8_lossy(pdf);
        text.matches("/Type /Page\n").count() + text.matches("/Type/Page/").count()
    }

    #[test]
    fn it_is_an_accessible_document() {
        let pdf = paper().pdf().unwrap();
        // Stands there only when every demand of PDF/UA that can be checked is met.
        assert!(pdf.starts_with(b"%PDF-1.7") && String::from_utf8_lossy(&pdf).contains("pdfuaid:part"));
        assert_eq!(pages(&pdf), 1);
        assert_eq!(pdf, paper().pdf().unwrap(), "the same words are the same bytes");
    }

    #[test]
    fn what_is_long_goes_on_over_pages() {
        let mut long = paper();
        long.sections[0].lines =
            vec!["A sentence that fills the line, more or less, to its end. ".repeat(40); 12];
        long.sections.push(Section { title: "Plan".to_owned(), lines: Vec::new() });
        let pdf = long.pdf().unwrap();
        shown(&pdf);
        assert!((4..20).contains(&pages(&pdf)));
    }

    #[test]
    fn letters_that_the_fonts_lack_break_nothing() {
        let mut odd = paper();
        odd.title = "记录 🦩".to_owned();
        odd.facts.push((String::new(), "مرحبا \u{0}\u{7f}\u{202e}".to_owned()));
        let pdf = odd.pdf().unwrap();
        assert!(!String::from_utf8_lossy(&pdf).contains("pdfuaid:part"));
        assert_eq!(pages(&Paper::default().pdf().unwrap()), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_is_written_is_drawn(title in ".{0,80}", lines in prop::collection::vec("(?s).{0,400}", 0..6)) {
            let paper = Paper { sections: vec![Section { title: title.clone(), lines }], foot: title.clone(), title, ..paper() };
            prop_assert!(paper.pdf().is_ok());
        }
    }
}
