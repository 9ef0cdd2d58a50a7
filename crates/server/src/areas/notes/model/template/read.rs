//! Reading a Questionnaire: what is in it that we do not understand is refused, with the linkId it stands at.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Band, Choice, Code, Item, Kind, LOINC, MOST_ITEMS, MOST_OPTIONS, Template, Unit, When};
use crate::areas::notes::model::EXTENSION;
use crate::areas::notes::model::answers::{Answer, Coding};

/// The most characters of a title or of an item's text.
const MOST_TEXT: usize = 500;
/// What is said of one template at a time.
const MOST_FAULTS: usize = 20;
const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
const UNIT: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
const MIN: &str = "http://hl7.org/fhir/StructureDefinition/minValue";
const MAX: &str = "http://hl7.org/fhir/StructureDefinition/maxValue";
const COMPUTED: &str =
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";
/// The one expression there is.
const SUM: &str = "%context.item.answer.value.ordinal().sum()";

/// Members of an item that are understood.
const MEMBERS: [&str; 16] = [
    "linkId",
    "text",
    "type",
    "code",
    "required",
    "repeats",
    "readOnly",
    "maxLength",
    "answerOption",
    "enableWhen",
    "extension",
    "item",
    "prefix",
    "enableBehavior",
    "id",
    "definition",
];

/// What is wrong, with where: linkIds and rules, never a text of the template.
type Faults = Vec<String>;

struct Reader {
    faults: Faults,
    seen: HashSet<String>,
    count: usize,
}

/// Understands a Questionnaire.
///
/// # Errors
/// Everything in it that is not of the subset.
pub(in super::super::super) fn understand(questionnaire: &Value) -> Result<Template, Faults> {
    let mut reader = Reader { faults: Vec::new(), seen: HashSet::new(), count: 0 };
    let template = reader.template(questionnaire);
    reader.faults.truncate(MOST_FAULTS);
    match template {
        Some(template) if reader.faults.is_empty() => Ok(template),
        _ => Err(reader.faults),
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn plain(link_id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=64).contains(&link_id.len()) && link_id.bytes().all(inner)
}

fn is_words(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MOST_TEXT && !text.chars().any(char::is_control)
}

impl Reader {
    fn fault(&mut self, at: &str, rule: &str) {
        self.faults.push(format!("{at}: {rule}"));
    }

    fn template(&mut self, root: &Value) -> Option<Template> {
        if text(root, "resourceType") != Some("Questionnaire") {
            self.fault("Questionnaire", "a Questionnaire is expected");
            return None;
        }
        for name in ["derivedFrom", "modifierExtension", "contained", "implicitRules"] {
            if root.get(name).is_some() {
                self.fault("Questionnaire", &format!("{name} is not supported"));
            }
        }
        let url = text(root, "url").filter(|url| is_url(url));
        if url.is_none() {
            self.fault("Questionnaire", "url: an absolute address without | and #, up to 200 characters");
        }
        let title = text(root, "title").filter(|title| is_words(title));
        if title.is_none() {
            self.fault("Questionnaire", "title: 1 to 500 characters");
        }
        let kind = self.code("Questionnaire", root);
        if kind.as_ref().is_none_or(|kind| kind.system != LOINC) {
            self.fault("Questionnaire", "code: the LOINC code of the document type");
        }
        let given = list(root, "item");
        if given.is_empty() {
            self.fault("Questionnaire", "item: at least one section");
        }
        let mut items = Vec::new();
        for (at, item) in given.iter().enumerate() {
            if let Some(item) = self.item(item, &format!("item {}", at + 1), 0) {
                items.push(item);
            }
        }
        if self.count > MOST_ITEMS {
            self.fault("Questionnaire", "more than 200 items");
        }
        let mut places = HashMap::new();
        index(&items, &mut Vec::new(), &mut places);
        self.conditions(&items);
        Some(Template {
            url: url?.to_owned(),
            version: text(root, "version").unwrap_or("1").to_owned(),
            title: title?.to_owned(),
            kind: kind?,
            step_up: self.flag("Questionnaire", root, "note-step-up"),
            co_sign: self.flag("Questionnaire", root, "note-co-sign"),
            items,
            places,
            questionnaire: root.clone(),
        })
    }

    fn flag(&mut self, at: &str, value: &Value, name: &str) -> bool {
        let Some(extension) = extension(value, &format!("{EXTENSION}{name}")) else { return false };
        let flag = extension.get("valueBoolean").and_then(Value::as_bool);
        if flag.is_none() {
            self.fault(at, &format!("{name}: a valueBoolean"));
        }
        flag.unwrap_or(false)
    }

    /// The first code: the one that counts.
    fn code(&mut self, at: &str, value: &Value) -> Option<Code> {
        let codes = list(value, "code");
        let coding = codes.first()?;
        let (system, code) = (text(coding, "system"), text(coding, "code"));
        let (Some(system), Some(code)) = (system, code) else {
            self.fault(at, "code: a system and a code");
            return None;
        };
        if !is_url(system)
            || code.is_empty()
            || code.len() > 64
            || code.bytes().any(|b| b.is_ascii_whitespace())
        {
            self.fault(at, "code: a system and a code");
            return None;
        }
        let display = text(coding, "display").unwrap_or_default();
        Some(Code { system: system.to_owned(), code: code.to_owned(), display: display.to_owned() })
    }

    fn item(&mut self, value: &Value, place: &str, depth: usize) -> Option<Item> {
        self.count += 1;
        if self.count > MOST_ITEMS {
            return None;
        }
        let Some(link_id) = text(value, "linkId").filter(|id| plain(id)) else {
            self.fault(place, "linkId: up to 64 letters, digits, - . and _");
            return None;
        };
        let at = format!("item {link_id}");
        if !self.seen.insert(link_id.to_owned()) {
            self.fault(&at, "the linkId is used twice");
        }
        let members = value.as_object().into_iter().flatten();
        for (name, _) in members.filter(|(name, _)| !MEMBERS.contains(&name.as_str())) {
            let known =
                name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            self.fault(&at, &format!("{} is not supported", if known { name } else { "a member" }));
        }
        let Some(kind) = text(value, "type").and_then(kind) else {
            self.fault(&at, "type: not supported");
            return None;
        };
        if kind == Kind::Group && depth > 1 {
            self.fault(&at, "a group inside a group inside a section");
        }
        if kind != Kind::Group && depth == 0 {
            self.fault(&at, "it stands in no section: a group");
        }
        let words = text(value, "text").filter(|words| is_words(words));
        if words.is_none() {
            self.fault(&at, "text: 1 to 500 characters");
        }
        let mut item = Item {
            link_id: link_id.to_owned(),
            text: words.unwrap_or_default().to_owned(),
            kind,
            code: self.code(&at, value),
            required: self.boolean(&at, value, "required"),
            repeats: self.boolean(&at, value, "repeats"),
            read_only: self.boolean(&at, value, "readOnly"),
            options: self.options(&at, value, kind),
            unit: self.unit(&at, value, kind),
            max_length: self.max_length(&at, value),
            min: self.bound(&at, value, MIN),
            max: self.bound(&at, value, MAX),
            carries: self.carries(&at, value, kind),
            bands: self.bands(&at, value),
            alerts: self.flag(&at, value, "note-alert"),
            when: self.when(&at, value),
            items: Vec::new(),
        };
        if item.min.zip(item.max).is_some_and(|(min, max)| min > max) {
            self.fault(&at, "minValue above maxValue");
        }
        if item.repeats && !matches!(kind, Kind::Choice | Kind::OpenChoice) {
            self.fault(&at, "repeats: a choice only");
        }
        self.computed(&at, value, &item);
        let inner = list(value, "item");
        match (kind, inner.is_empty()) {
            (Kind::Group, true) => self.fault(&at, "a group without items"),
            (Kind::Group, false) => {
                for (number, one) in inner.iter().enumerate() {
                    let place = format!("{at}, item {}", number + 1);
                    item.items.extend(self.item(one, &place, depth + 1));
                }
                if item.items.iter().filter(|inner| inner.read_only).count() > 1 {
                    self.fault(&at, "more than one score");
                }
            }
            (_, false) => self.fault(&at, "only a group has items"),
            (_, true) => {}
        }
        Some(item)
    }

    /// A score is the sum of what was chosen beside it, and nothing else is computed.
    fn computed(&mut self, at: &str, value: &Value, item: &Item) {
        let expression = extension(value, COMPUTED).map(|extension| &extension["valueExpression"]);
        let is_sum = expression.is_some_and(|expression| {
            text(expression, "language") == Some("text/fhirpath")
                && text(expression, "expression") == Some(SUM)
        });
        match (item.read_only, expression.is_some()) {
            (true, _) if item.kind != Kind::Integer => self.fault(at, "readOnly: a score is an integer"),
            (true, _) if !is_sum => {
                self.fault(at, "a score needs the calculatedExpression of a sum of ordinals")
            }
            (true, _) if item.code.is_none() => self.fault(at, "a score has a code"),
            (true, _) if item.required => self.fault(at, "a score is not required"),
            (false, true) => self.fault(at, "what is computed is readOnly"),
            (false, false) if !item.bands.is_empty() => self.fault(at, "note-band: on a score only"),
            _ => {}
        }
    }

    fn boolean(&mut self, at: &str, value: &Value, name: &str) -> bool {
        match value.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fault(at, &format!("{name}: true or false"));
                false
            }
        }
    }

    fn options(&mut self, at: &str, value: &Value, kind: Kind) -> Vec<Choice> {
        let given = list(value, "answerOption");
        let chooses = matches!(kind, Kind::Choice | Kind::OpenChoice);
        if chooses == given.is_empty() {
            self.fault(
                at,
                if chooses { "a choice without answerOption" } else { "answerOption: on a choice only" },
            );
            return Vec::new();
        }
        if given.len() > MOST_OPTIONS {
            self.fault(at, "more than 100 options");
            return Vec::new();
        }
        let mut options: Vec<Choice> = Vec::with_capacity(given.len());
        for option in given {
            let coding = &option["valueCoding"];
            let (system, code, display) =
                (text(coding, "system"), text(coding, "code"), text(coding, "display"));
            let (Some(system), Some(code), Some(display)) = (system, code, display) else {
                self.fault(at, "an option has a valueCoding with system, code and display");
                continue;
            };
            if !is_url(system) || !plain(code) || !is_words(display) {
                self.fault(at, "an option has a valueCoding with system, code and display");
                continue;
            }
            // On the coding or on the option: both are in use.
            let ordinal = extension(coding, ORDINAL).or_else(|| extension(option, ORDINAL));
            let ordinal = ordinal.map(|extension| extension["valueDecimal"].as_f64());
            if ordinal
                .is_some_and(|number| number.is_none_or(|number| number.fract() != 0.0 || number.abs() > 1e6))
            {
                self.fault(at, "ordinalValue: a whole number");
            }
            if options.iter().any(|known| known.code == code && known.system == system) {
                self.fault(at, "an option is given twice");
            }
            options.push(Choice {
                system: system.to_owned(),
                code: code.to_owned(),
                display: display.to_owned(),
                ordinal: ordinal.flatten(),
            });
        }
        options
    }

    fn unit(&mut self, at: &str, value: &Value, kind: Kind) -> Option<Unit> {
        let coding = extension(value, UNIT).map(|extension| &extension["valueCoding"]);
        if (kind == Kind::Quantity) != coding.is_some() {
            self.fault(at, "questionnaire-unit: on every quantity, and there only");
        }
        let coding = coding?;
        let (system, code) = (text(coding, "system"), text(coding, "code"));
        let (Some(system), Some(code)) = (system, code) else {
            self.fault(at, "questionnaire-unit: a system and a code");
            return None;
        };
        let display = text(coding, "display").unwrap_or(code);
        if !is_url(system) || code.is_empty() || code.len() > 64 || !is_words(display) {
            self.fault(at, "questionnaire-unit: a system and a code");
        }
        Some(Unit { system: system.to_owned(), code: code.to_owned(), display: display.to_owned() })
    }

    fn max_length(&mut self, at: &str, value: &Value) -> Option<usize> {
        let given = value.get("maxLength")?;
        let length = given.as_u64().and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| (1..=20_000).contains(length));
        if length.is_none() {
            self.fault(at, "maxLength: 1 to 20000");
        }
        length
    }

    fn bound(&mut self, at: &str, value: &Value, url: &str) -> Option<f64> {
        let given = extension(value, url)?;
        let number = given.get("valueInteger").or_else(|| given.get("valueDecimal")).and_then(Value::as_f64);
        if number.is_none() {
            self.fault(at, "minValue, maxValue: a valueInteger or valueDecimal");
        }
        number
    }

    fn carries(&mut self, at: &str, value: &Value, kind: Kind) -> bool {
        let usual = matches!(kind, Kind::Choice | Kind::OpenChoice | Kind::String | Kind::Text);
        let Some(given) = extension(value, &format!("{EXTENSION}note-carry")) else { return usual };
        match text(given, "valueCode") {
            Some("last") => true,
            Some("empty") => false,
            _ => {
                self.fault(at, "note-carry: last or empty");
                usual
            }
        }
    }

    fn bands(&mut self, at: &str, value: &Value) -> Vec<Band> {
        let url = format!("{EXTENSION}note-band");
        let mut bands = Vec::new();
        for band in list(value, "extension").iter().filter(|one| text(one, "url") == Some(&url)) {
            let part =
                |name: &str| list(band, "extension").iter().find(|part| text(part, "url") == Some(name));
            let number = |name: &str| part(name).and_then(|part| part["valueInteger"].as_i64());
            let words =
                part("text").and_then(|part| text(part, "valueString")).filter(|words| is_words(words));
            let alert = part("alert").is_some_and(|part| part["valueBoolean"].as_bool() == Some(true));
            let Some(words) = words else {
                self.fault(at, "note-band: a text");
                continue;
            };
            let (low, high) = (number("low"), number("high"));
            if low.zip(high).is_some_and(|(low, high)| low > high) {
                self.fault(at, "note-band: low above high");
            }
            bands.push(Band { low, high, text: words.to_owned(), alert });
        }
        bands
    }

    fn when(&mut self, at: &str, value: &Value) -> Option<(String, When)> {
        let [condition] = list(value, "enableWhen") else {
            if value.get("enableWhen").is_some() {
                self.fault(at, "enableWhen: one condition");
            }
            return None;
        };
        let question = text(condition, "question")?;
        let coding = |value: &Value| {
            let system = text(value, "system").map(str::to_owned);
            let coding = Coding { system, code: text(value, "code")?.to_owned(), display: None };
            Some(Answer { value_coding: Some(coding), ..Answer::default() })
        };
        let when = match text(condition, "operator") {
            Some("exists") => condition.get("answerBoolean").and_then(Value::as_bool).map(When::Exists),
            Some("=") => None
                .or_else(|| {
                    let flag = condition.get("answerBoolean")?.as_bool()?;
                    Some(Answer { value_boolean: Some(flag), ..Answer::default() })
                })
                .or_else(|| coding(condition.get("answerCoding")?))
                .or_else(|| {
                    let number = condition.get("answerInteger")?.as_i64()?;
                    Some(Answer { value_integer: Some(number), ..Answer::default() })
                })
                .or_else(|| {
                    let words = condition.get("answerString")?.as_str()?.to_owned();
                    Some(Answer { value_string: Some(words), ..Answer::default() })
                })
                .map(|answer| When::Is(Box::new(answer))),
            _ => None,
        };
        if when.is_none() {
            self.fault(at, "enableWhen: = or exists, with an answer of the question's kind");
        }
        Some((question.to_owned(), when?))
    }

    /// A condition asks of something that stands before it, so that none goes in circles.
    fn conditions(&mut self, items: &[Item]) {
        fn walk<'i>(items: &'i [Item], before: &mut Vec<&'i Item>, wrong: &mut Vec<String>) {
            for item in items {
                if let Some((question, when)) = &item.when {
                    let asked = before.iter().find(|known| known.link_id == *question);
                    if !asked.is_some_and(|asked| fits(asked, when)) {
                        wrong.push(item.link_id.clone());
                    }
                }
                before.push(item);
                walk(&item.items, before, wrong);
            }
        }
        let mut wrong = Vec::new();
        walk(items, &mut Vec::new(), &mut wrong);
        for link_id in wrong {
            let rule = "enableWhen: asks a question that stands before it, for an answer that it can have";
            self.fault(&format!("item {link_id}"), rule);
        }
    }
}

fn fits(asked: &Item, when: &When) -> bool {
    let answer = match when {
        When::Exists(_) => return !matches!(asked.kind, Kind::Group | Kind::Display) && !asked.read_only,
        When::Is(answer) => answer.as_ref(),
    };
    match asked.kind {
        Kind::Boolean => answer.value_boolean.is_some(),
        Kind::Choice | Kind::OpenChoice => answer.coding().is_some_and(|coding| {
            asked.options.iter().any(|o| o.code == coding.code && Some(&o.system) == coding.system.as_ref())
        }),
        Kind::Integer => answer.value_integer.is_some() && !asked.read_only,
        Kind::String => answer.value_string.is_some(),
        _ => false,
    }
}

fn extension<'v>(value: &'v Value, url: &str) -> Option<&'v Value> {
    list(value, "extension").iter().find(|one| text(one, "url") == Some(url))
}

fn is_url(url: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'|' | b'#' | b'<' | b'>' | b'"' | b'\\' | b'^' | b'`')
    };
    url.len() <= 200
        && url.bytes().all(plain)
        && url.split_once(':').is_some_and(|(scheme, rest)| {
            matches!(scheme, "http" | "https" | "urn") && !rest.trim_matches('/').is_empty()
        })
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "group" => Kind::Group,
        "display" => Kind::Display,
        "string" => Kind::String,
        "text" => Kind::Text,
        "choice" => Kind::Choice,
        "open-choice" => Kind::OpenChoice,
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "quantity" => Kind::Quantity,
        "boolean" => Kind::Boolean,
        "date" => Kind::Date,
        "dateTime" => Kind::DateTime,
        "time" => Kind::Time,
        _ => return None,
    })
}

fn index(items: &[Item], way: &mut Vec<usize>, places: &mut HashMap<String, Vec<usize>>) {
    for (at, item) in items.iter().enumerate() {
        way.push(at);
        places.insert(item.link_id.clone(), way.clone());
        index(&item.items, way, places);
        way.pop();
    }
}
