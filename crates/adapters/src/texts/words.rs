//! Names, times and lengths of time, in words.

use std::time::Duration;

use jiff::Zoned;

/// The most characters of a name in a message.
const NAME: usize = 80;

/// A name somebody else chose, made safe for one line: no control or direction characters, blanks as one, at most 80
/// characters.
pub(super) fn name(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let visible: String = text
        .chars()
        .filter(|c| !hidden(*c))
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    let name = words.join(" ");
    if name.chars().count() <= NAME {
        return name;
    }
    let cut: String = name.chars().take(NAME - 1).collect();
    format!("{}\u{2026}", cut.trim_end())
}

/// `7 days`, `1 hour`, `30 minutes`; minutes are rounded up.
pub(super) fn span(length: Duration) -> String {
    let minutes = length.as_secs().div_ceil(60).max(1);
    let (count, unit) = match minutes {
        minutes if minutes.is_multiple_of(24 * 60) => (minutes / (24 * 60), "day"),
        minutes if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// `November 22, 2026 at 3:10 PM EST`.
pub(super) fn moment(when: &Zoned) -> String {
    when.strftime("%B %-d, %Y at %-I:%M %p %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(name(" North\r\n Clinic\t\u{202e}evil\u{200b} "), "North Clinic evil");
        let long = name(&"ab ".repeat(60));
        assert_eq!(long.chars().count(), 80);
        assert!(long.ends_with('\u{2026}'));
    }

    #[test]
    fn spans_are_in_the_largest_whole_unit() {
        let spans =
            [0, 300, 301, 3600, 5400, 86_400, 604_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["1 minute", "5 minutes", "6 minutes", "1 hour", "90 minutes", "1 day", "7 days"]);
    }
}
