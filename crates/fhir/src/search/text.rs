//! Text as string search compares it.

use unicode_normalization::UnicodeNormalization as _;

/// Lower case, without accents, blanks collapsed: `"  Ångström  JR"` becomes `"angstrom jr"`.
///
/// Canonical decomposition, then the combining marks of the Latin, Greek and Cyrillic blocks are dropped. Vowel signs
/// of Indic, Hebrew and Arabic scripts stay: there they are letters. The result is a fixed point.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        text.chars().for_each(|c| push(&mut out, c.to_ascii_lowercase()));
    } else {
        // By way of upper case, so that ß meets SS and ς meets Σ.
        let bare = text.nfd().filter(|c| !is_accent(*c));
        let folded = bare.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
        // Some of these decompose again (U+0130 gives i and a dot).
        folded.nfd().filter(|c| !is_accent(*c)).for_each(|c| push(&mut out, c));
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

fn push(out: &mut String, c: char) {
    if !c.is_whitespace() {
        out.push(c);
    } else if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}
