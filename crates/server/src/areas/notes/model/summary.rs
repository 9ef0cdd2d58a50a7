//! A note in words: the same answers always give the same lines, and nothing in them is anything but text.

use super::answers::{Answer, Answers};
use super::scores::scores;
use super::template::{Item, Kind, Template};
use super::views::{Score, Section, Snapshot, Snapshots};

/// What stands in a note beside its answers.
pub(in super::super) struct Beside<'a> {
    pub(in super::super) snapshots: &'a Snapshots,
    /// Why it corrects another.
    pub(in super::super) reason: Option<&'a str>,
    /// Where times are told.
    pub(in super::super) zone: &'a jiff::tz::TimeZone,
}

/// The sections of a note, those without a line left out.
pub(in super::super) fn summary(template: &Template, answers: &Answers, beside: &Beside<'_>) -> Vec<Section> {
    let scores = scores(template, answers);
    let teller = Teller { template, answers, scores: &scores, zone: beside.zone };
    let mut sections = Vec::new();
    if let Some(reason) = beside.reason {
        sections.push(Section { title: "Correction".to_owned(), lines: vec![format!("Reason: {reason}")] });
    }
    for group in template.items.iter().filter(|group| template.asks(&group.link_id, answers)) {
        let mut lines = Vec::new();
        for item in &group.items {
            teller.tell(item, &mut lines);
        }
        sections.push(Section { title: group.text.clone(), lines });
    }
    let shots = [(VITALS, &beside.snapshots.vitals), (MEDICATIONS, &beside.snapshots.medications)];
    for (title, snapshot) in shots {
        if let Some(snapshot) = snapshot {
            sections.push(taken(title, snapshot, beside.zone));
        }
    }
    sections.retain(|section| !section.lines.is_empty());
    sections
}

/// What the section of the snapshot of vital signs is called.
pub(in super::super) const VITALS: &str = "Vital signs on record";
/// What the section of the snapshot of medications is called.
pub(in super::super) const MEDICATIONS: &str = "Active medications";

fn taken(title: &str, snapshot: &Snapshot, zone: &jiff::tz::TimeZone) -> Section {
    let mut lines = vec![format!("As of {}", at(snapshot.taken_at, zone))];
    if snapshot.entries.is_empty() {
        lines.push("None on record".to_owned());
    }
    lines.extend(snapshot.entries.iter().map(|entry| {
        let value = entry.value.as_ref().map(|value| format!(": {value}")).unwrap_or_default();
        let when = entry.at.map(|when| format!(" ({})", at(when, zone))).unwrap_or_default();
        one_line(&format!("{}{value}{when}", entry.text))
    }));
    Section { title: title.to_owned(), lines }
}

/// A time as people read it where the note is written.
fn at(time: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

struct Teller<'a> {
    template: &'a Template,
    answers: &'a Answers,
    scores: &'a super::views::Scores,
    zone: &'a jiff::tz::TimeZone,
}

impl Teller<'_> {
    fn tell(&self, item: &Item, lines: &mut Vec<String>) {
        if !self.template.asks(&item.link_id, self.answers) {
            return;
        }
        if item.kind != Kind::Group {
            lines.extend(self.line(item).map(|line| format!("{}: {line}", item.text)));
            return;
        }
        let asked = item.items.iter().filter(|inner| self.template.asks(&inner.link_id, self.answers));
        let told: Vec<(&Item, String)> =
            asked.filter_map(|inner| self.line(inner).map(|line| (inner, line))).collect();
        if item.code.is_some() && !told.is_empty() && !told.iter().any(|(inner, _)| inner.read_only) {
            // A panel is read in one line, as a blood pressure is.
            let parts: Vec<String> =
                told.iter().map(|(inner, line)| format!("{} {line}", inner.text)).collect();
            lines.push(format!("{}: {}", item.text, parts.join(", ")));
            return;
        }
        let (scores, others): (Vec<_>, Vec<_>) = told.into_iter().partition(|(inner, _)| inner.read_only);
        lines.extend(scores.into_iter().map(|(inner, line)| format!("{}: {line}", inner.text)));
        lines
            .extend(others.into_iter().map(|(inner, line)| format!("{}, {}: {line}", item.text, inner.text)));
    }

    fn line(&self, item: &Item) -> Option<String> {
        if item.read_only {
            return self.scores.get(&item.link_id).map(said);
        }
        let given = self.answers.get(&item.link_id)?;
        let told: Vec<String> = given.iter().filter_map(|one| self.value(item, one)).collect();
        if told.is_empty() { None } else { Some(told.join(", ")) }
    }

    fn value(&self, item: &Item, answer: &Answer) -> Option<String> {
        if let Some(coding) = answer.coding() {
            let option = item.options.iter().find(|option| option.code == coding.code)?;
            let ordinal = option.ordinal.map(|ordinal| format!(" ({ordinal})")).unwrap_or_default();
            return Some(format!("{}{ordinal}", option.display));
        }
        if let Some(quantity) = &answer.value_quantity {
            let unit = quantity.unit.as_deref().unwrap_or_default();
            return Some(format!("{} {unit}", quantity.value).trim_end().to_owned());
        }
        if let Some(text) = &answer.value_date_time {
            return text.parse().map_or(Some(text.clone()), |time| Some(at(time, self.zone)));
        }
        None.or_else(|| answer.value_string.clone())
            .or_else(|| answer.value_integer.map(|number| number.to_string()))
            .or_else(|| answer.value_decimal.map(|number| number.to_string()))
            .or_else(|| answer.value_boolean.map(|flag| if flag { "Yes" } else { "No" }.to_owned()))
            .or_else(|| answer.value_date.clone())
            .or_else(|| answer.value_time.clone())
    }
}

fn said(score: &Score) -> String {
    let band = score.text.as_ref().map(|text| format!(", {text}")).unwrap_or_default();
    let alert = if score.alert { " (alert)" } else { "" };
    format!("{}{band}{alert}", score.value)
}

/// The linkIds of what is required and not answered.
pub(in super::super) fn missing(template: &Template, answers: &Answers) -> Vec<String> {
    let asked = |item: &&Item| item.required && template.asks(&item.link_id, answers);
    let answered = |item: &Item| answers.get(&item.link_id).is_some_and(|given| !given.is_empty());
    let leaves =
        template.every().into_iter().filter(|item| !matches!(item.kind, Kind::Group | Kind::Display));
    leaves.filter(asked).filter(|item| !answered(item)).map(|item| item.link_id.clone()).collect()
}

/// The answers that count: those of items that are asked.
pub(in super::super) fn asked(template: &Template, answers: &Answers) -> Answers {
    answers
        .iter()
        .filter(|(link_id, _)| template.asks(link_id, answers))
        .map(|(link_id, given)| (link_id.clone(), given.clone()))
        .collect()
}

const OPENS: &str = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";
const CLOSES: &str = "</div>";

/// The lines as XHTML (<https://hl7.org/fhir/R4/narrative.html>): whatever was written, it is text.
pub(in super::super) fn narrative(lines: &[String]) -> String {
    let mut out = String::from(OPENS);
    for line in lines {
        out.push_str("<p>");
        for c in line.chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                '\n' => out.push_str("<br/>"),
                // Harmless in text; who looks for it looks everywhere.
                ':' if ends_with(&out, "javascript") => out.push_str("&#58;"),
                // No character of XML 1.0.
                c if c.is_control() && c != '\t' || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    out.push('\u{fffd}')
                }
                c => out.push(c),
            }
        }
        out.push_str("</p>");
    }
    out.push_str(CLOSES);
    out
}

fn ends_with(text: &str, word: &str) -> bool {
    let end = text.len().checked_sub(word.len()).and_then(|at| text.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// The lines of a narrative of ours; nothing when it is none.
pub(in super::super) fn lines(narrative: &str) -> Option<Vec<String>> {
    let inner = narrative.strip_prefix(OPENS)?.strip_suffix(CLOSES)?;
    let mut lines = Vec::new();
    for part in inner.split_terminator("</p>") {
        let text = part.strip_prefix("<p>")?;
        let text = text.replace("<br/>", "\n").replace("&lt;", "<").replace("&gt;", ">");
        lines.push(
            text.replace("&quot;", "\"").replace("&#39;", "'").replace("&#58;", ":").replace("&amp;", "&"),
        );
    }
    Some(lines)
}
