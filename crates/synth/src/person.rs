//! Who a resident is. Drawn from a stream that, in the exam profile, is the same in both organizations.

use crate::names::{FAMILIES, MEN, STREETS, WOMEN};
use crate::profile::FacilityPlan;
use crate::random::Stream;
use crate::time::DAY;

pub(crate) struct Name {
    pub(crate) family: &'static str,
    pub(crate) given: &'static str,
}

impl Name {
    pub(crate) fn draw(stream: &mut Stream, female: bool) -> Self {
        let given = if female { stream.pick(&WOMEN) } else { stream.pick(&MEN) };
        Self { family: stream.pick(&FAMILIES), given }
    }

    pub(crate) fn full(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// A mail address in `example.org`, ASCII letters only; `tag` makes it the only one of its organization.
    pub(crate) fn mail(&self, tag: &str) -> String {
        let mut mail = String::new();
        for part in [self.given, ".", self.family] {
            mail.extend(
                part.chars().filter(|c| c.is_ascii_alphabetic() || *c == '.').map(|c| c.to_ascii_lowercase()),
            );
        }
        format!("{}.{tag}@example.org", mail.trim_matches('.').replace("..", "."))
    }
}

/// A number of the block kept free for fiction.
pub(crate) fn phone(stream: &mut Stream) -> String {
    format!("+1-{}-555-01{:02}", stream.between(201, 989), stream.below(100))
}

pub(crate) struct Person {
    pub(crate) name: Name,
    pub(crate) middle: Option<&'static str>,
    pub(crate) female: bool,
    pub(crate) birth: i64,
    pub(crate) mrn: String,
    pub(crate) ssn: String,
    pub(crate) member: String,
    pub(crate) phone: String,
    pub(crate) mail: String,
    pub(crate) street: String,
    pub(crate) marital: (&'static str, &'static str),
    pub(crate) language: (&'static str, &'static str),
    pub(crate) kin: Name,
    pub(crate) kin_female: bool,
    pub(crate) kin_phone: String,
    pub(crate) kin_tag: String,
}

impl Person {
    pub(crate) fn draw(stream: &mut Stream, facility: &FacilityPlan, number: u32, today: i64) -> Self {
        let female = stream.chance(67);
        let name = Name::draw(stream, female);
        let middle = stream.chance(35).then(|| if female { stream.pick(&WOMEN) } else { stream.pick(&MEN) });
        // Most residents are in their eighties; the ends of the range are rare and present.
        let age_days = stream.near(84 * 365, 12 * 365).clamp(66 * 365, 102 * 365);
        let language = match stream.below(100) {
            0..6 => ("es", "Spanish"),
            6..9 => ("zh", "Chinese"),
            9..11 => ("vi", "Vietnamese"),
            11..13 => ("pl", "Polish"),
            _ => ("en", "English"),
        };
        let marital = match stream.below(100) {
            0..52 => ("W", "Widowed"),
            52..80 => ("M", "Married"),
            80..92 => ("D", "Divorced"),
            _ => ("S", "Never Married"),
        };
        let kin_female = stream.chance(60);
        let initials: String = facility.code.split('-').filter_map(|word| word.chars().next()).collect();
        Self {
            mail: name.mail(&format!("{initials}{number}")),
            mrn: format!("{}-{:06}", initials.to_ascii_uppercase(), 100_000 + number),
            ssn: format!("999-{:02}-{:04}", stream.between(10, 99), stream.between(1, 9999)),
            member: format!("SYN{:09}", stream.below(1_000_000_000)),
            phone: phone(stream),
            street: format!("{} {}", stream.between(1, 4999), stream.pick(&STREETS)),
            kin: Name {
                family: if stream.chance(60) { name.family } else { stream.pick(&FAMILIES) },
                given: if kin_female { stream.pick(&WOMEN) } else { stream.pick(&MEN) },
            },
            kin_tag: format!("{initials}{number}k"),
            kin_phone: phone(stream),
            kin_female,
            name,
            middle,
            female,
            birth: today - age_days * DAY,
            marital,
            language,
        }
    }

    pub(crate) fn gender(&self) -> &'static str {
        if self.female { "female" } else { "male" }
    }

    /// The person's name as notes write it.
    pub(crate) fn formal(&self) -> String {
        format!("{} {}", if self.female { "Ms." } else { "Mr." }, self.name.family)
    }
}
