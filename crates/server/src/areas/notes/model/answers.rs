//! What was answered: FHIR answer values by linkId, and whether they are what the template asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::template::{Item, Kind, Template};

/// The largest answers of one note, as JSON.
pub(in super::super) const MOST_BYTES: usize = 256 << 10;
/// The most characters of a text that says no less.
const MOST_TEXT: usize = 20_000;
/// The most characters of a `string`.
const MOST_STRING: usize = 1_000;

/// A code of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteCoding)]
pub(in super::super) struct Coding {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) system: Option<String>,
    pub(in super::super) code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) display: Option<String>,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteQuantity)]
pub(in super::super) struct Quantity {
    pub(in super::super) value: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) code: Option<String>,
}

/// One answer: exactly one member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schema(as = NoteAnswer)]
pub(in super::super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_coding: Option<Coding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_integer: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_decimal: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_quantity: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_boolean: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) value_time: Option<String>,
}

/// Answers by linkId.
pub(in super::super) type Answers = BTreeMap<String, Vec<Answer>>;

/// An answer that is not what the template asks for.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Fault {
    /// The item; `None` where the template has none of that name.
    pub(in super::super) link_id: Option<String>,
    pub(in super::super) rule: &'static str,
}

impl Answer {
    fn given(&self) -> usize {
        [
            self.value_string.is_some(),
            self.value_coding.is_some(),
            self.value_integer.is_some(),
            self.value_decimal.is_some(),
            self.value_quantity.is_some(),
            self.value_boolean.is_some(),
            self.value_date.is_some(),
            self.value_date_time.is_some(),
            self.value_time.is_some(),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }

    /// The code, if it is one.
    pub(in super::super) fn coding(&self) -> Option<&Coding> {
        self.value_coding.as_ref()
    }
}

/// The answers as they are kept: what is computed is not taken from anybody, what is empty is no answer, and words that
/// the template says of codes and units are the template's.
pub(in super::super) fn checked(template: &Template, answers: Answers) -> Result<Answers, Fault> {
    let mut kept = Answers::new();
    for (link_id, given) in answers {
        let Some(item) = template.item(&link_id) else {
            return Err(Fault { link_id: None, rule: "the template has no item of this linkId" });
        };
        if item.read_only || given.is_empty() {
            continue;
        }
        let fault = |rule| Fault { link_id: Some(link_id.clone()), rule };
        if given.len() > if item.repeats { item.options.len() + 1 } else { 1 } {
            return Err(fault("more answers than it takes"));
        }
        let mut clean = Vec::with_capacity(given.len());
        for one in given {
            let one = one_checked(item, one).map_err(fault)?;
            if let Some(one) = one
                && !clean.contains(&one)
            {
                clean.push(one);
            }
        }
        if !clean.is_empty() {
            kept.insert(link_id, clean);
        }
    }
    let bytes = serde_json::to_vec(&kept).map_or(usize::MAX, |text| text.len());
    if bytes > MOST_BYTES {
        return Err(Fault { link_id: None, rule: "the answers are longer than 256 kB" });
    }
    Ok(kept)
}

fn one_checked(item: &Item, answer: Answer) -> Result<Option<Answer>, &'static str> {
    if answer.given() != 1 {
        return Err("an answer has exactly one value");
    }
    match item.kind {
        Kind::String | Kind::Text => {
            let Some(text) = answer.value_string else { return Err("a valueString is asked for") };
            words(item, text)
        }
        Kind::Choice | Kind::OpenChoice => match (answer.value_coding, answer.value_string) {
            (Some(coding), _) => {
                let known = item.options.iter().find(|option| {
                    option.code == coding.code && coding.system.as_ref().is_none_or(|s| *s == option.system)
                });
                let known = known.ok_or("none of its options")?;
                Ok(Some(Answer { value_coding: Some(known.coding()), ..Answer::default() }))
            }
            (None, Some(text)) if item.kind == Kind::OpenChoice => words(item, text),
            _ => Err("a valueCoding is asked for"),
        },
        Kind::Integer => {
            let value = answer.value_integer.ok_or("a valueInteger is asked for")?;
            within(item, f64::from(i32::try_from(value).map_err(|_| "out of range")?))?;
            Ok(Some(answer))
        }
        Kind::Decimal => {
            // A whole number is a decimal as well.
            let value = answer.value_decimal.or(answer.value_integer.map(whole));
            let value = value.ok_or("a valueDecimal is asked for")?;
            within(item, value)?;
            Ok(Some(Answer { value_decimal: Some(value), ..Answer::default() }))
        }
        Kind::Quantity => {
            let quantity = answer.value_quantity.ok_or("a valueQuantity is asked for")?;
            within(item, quantity.value)?;
            let unit = item.unit.as_ref().ok_or("the item has no unit")?;
            let same = |given: &Option<String>, ours: &str| given.as_deref().is_none_or(|text| text == ours);
            if !same(&quantity.code, &unit.code) || !same(&quantity.system, &unit.system) {
                return Err("another unit than the item's");
            }
            let value = Quantity {
                value: quantity.value,
                unit: Some(unit.display.clone()),
                system: Some(unit.system.clone()),
                code: Some(unit.code.clone()),
            };
            Ok(Some(Answer { value_quantity: Some(value), ..Answer::default() }))
        }
        Kind::Boolean => {
            answer.value_boolean.ok_or("a valueBoolean is asked for")?;
            Ok(Some(answer))
        }
        Kind::Date => {
            let text = answer.value_date.as_deref().ok_or("a valueDate is asked for")?;
            if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
                Ok(Some(answer))
            } else {
                Err("not a date such as 2026-05-04")
            }
        }
        Kind::DateTime => {
            let text = answer.value_date_time.as_deref().ok_or("a valueDateTime is asked for")?;
            if (20..=35).contains(&text.len()) && text.parse::<jiff::Timestamp>().is_ok() {
                Ok(Some(answer))
            } else {
                Err("not an instant such as 2026-05-04T08:00:00Z")
            }
        }
        Kind::Time => {
            let text = answer.value_time.as_deref().ok_or("a valueTime is asked for")?;
            if text.len() == 8 && text.parse::<jiff::civil::Time>().is_ok() {
                Ok(Some(answer))
            } else {
                Err("not a time such as 08:00:00")
            }
        }
        Kind::Group | Kind::Display => Err("it takes no answer"),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "FHIR's integers have 32 bits; larger ones are refused by their range"
)]
fn whole(value: i64) -> f64 {
    value as f64
}

fn words(item: &Item, text: String) -> Result<Option<Answer>, &'static str> {
    let usual = if item.kind == Kind::Text { MOST_TEXT } else { MOST_STRING };
    if text.chars().count() > item.max_length.unwrap_or(usual) {
        return Err("longer than it may be");
    }
    if text.chars().any(|c| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{7f}')) {
        return Err("control characters");
    }
    // What comes along when text is pasted.
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    if text.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(Answer { value_string: Some(text), ..Answer::default() }))
}

fn within(item: &Item, value: f64) -> Result<(), &'static str> {
    if !value.is_finite() || value.abs() >= 1e12 {
        return Err("out of range");
    }
    if item.min.is_some_and(|min| value < min) || item.max.is_some_and(|max| value > max) {
        return Err("out of range");
    }
    Ok(())
}
