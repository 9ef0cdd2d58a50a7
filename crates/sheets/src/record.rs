//! From a row to a FHIR record, and every fault on the way. The same row always gives the same record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::fault::{Fault, Wrong};
use crate::field::{Field, Kind, Shape};
use crate::names::{hashed, name_of, split_name};
use crate::read::Row;
use crate::value::{self, DateOrder};

/// The system of the identifiers that old systems gave, followed by the name of the source.
pub const SOURCE: &str = "https://lamplight.health/fhir/source";

/// Longest line and text of a field, in characters.
const LINE: usize = 300;
const TEXT: usize = 60_000;
/// Longest identifier, in bytes.
const ID: usize = 100;
/// Nobody alive or on record was born before.
const EARLIEST: i16 = 1850;

/// How a sheet is read: chosen once, for all of its rows.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What its rows are.
    pub kind: Kind,
    /// The field of each column; columns without one are not brought in.
    pub columns: Vec<Option<Field>>,
    /// Which number of a date is the month.
    pub dates: DateOrder,
    /// The old system's name: identifiers of two never meet.
    pub source: String,
    /// Today, in the zone.
    pub today: Date,
    /// Where times of day were read off the wall.
    pub zone: TimeZone,
}

/// Why a sheet cannot be read as it was said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReading {
    /// None of these has a column.
    #[error("no column for {}", .0.iter().map(|field| field.key()).collect::<Vec<_>>().join(" or "))]
    Missing(&'static [Field]),
    /// Two columns have it.
    #[error("two columns for {}", .0.key())]
    Twice(Field),
    /// Not a field of the kind.
    #[error("{} is no field of this kind of sheet", .0.key())]
    Foreign(Field),
}

/// A cell that was brought in: what the record must say in this field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// In which column, from 0.
    pub column: u16,
    /// As which field.
    pub field: Field,
    /// What the record says, in the form in which [`crate::says`] asks for it.
    pub says: String,
}

/// A record that a row became.
#[derive(Clone, Debug)]
pub struct Made {
    /// What the source calls it, as a FHIR id: the document's `id`.
    pub name: String,
    /// What the row is called, to find a second one of it.
    pub key: String,
    /// The FHIR resource. References name patients as the source does.
    pub document: Vec<u8>,
    /// What is to be found in it.
    pub cells: Vec<Cell>,
    /// Of a patient: family name, first name and birth date, by which others who may be the same are looked for.
    pub person: Option<Person>,
}

/// Who a patient is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Family name.
    pub family: String,
    /// First given name.
    pub given: String,
    /// Birth date.
    pub born: Option<Date>,
}

impl Reading {
    /// Whether rows can be read so.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), BadReading> {
        let mut seen = Vec::new();
        for field in self.columns.iter().flatten() {
            if seen.contains(field) {
                return Err(BadReading::Twice(*field));
            }
            if !self.kind.fields().iter().any(|(one, _)| one == field) {
                return Err(BadReading::Foreign(*field));
            }
            seen.push(*field);
        }
        match self.kind.required().iter().find(|set| !set.iter().any(|field| seen.contains(field))) {
            Some(set) => Err(BadReading::Missing(set)),
            None => Ok(()),
        }
    }

    /// The record of a row.
    ///
    /// # Errors
    /// Every fault of it.
    pub fn record(&self, row: &Row) -> Result<Made, Vec<Fault>> {
        let mut given = Given::read(self, row);
        for set in self.kind.required() {
            if !set.iter().any(|field| given.has(*field))
                && !given.faults.iter().any(|fault| fault.field.is_some_and(|field| set.contains(&field)))
            {
                let (column, field) =
                    set.iter().find_map(|field| Some((self.column_of(*field)?, *field))).unzip();
                given.faults.push(Fault { column, field, wrong: Wrong::Missing });
            }
        }
        if let (Some(start), Some(end)) = (given.date(Field::Start), given.date(Field::End))
            && end < start
        {
            given.fault(Field::End, Wrong::Order);
        }
        if !given.faults.is_empty() {
            return Err(given.faults);
        }
        let key = given.key();
        let name = name_of(&key);
        let mut document = match self.kind {
            Kind::Patients => given.patient(),
            Kind::Contacts => given.contact(),
            Kind::Medications => given.medication(),
            Kind::Allergies => given.allergy(),
            Kind::Notes => given.note(),
        };
        document.insert("resourceType".to_owned(), json!(self.kind.resource()));
        document.insert("id".to_owned(), json!(name));
        if let Some(id) = given.text(Field::Id) {
            let mut identifier = json!({"use": "usual", "system": self.system(), "value": id});
            if self.kind == Kind::Patients {
                let coding =
                    json!([{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]);
                identifier["type"] = json!({"coding": coding});
            }
            document.insert("identifier".to_owned(), json!([identifier]));
        }
        let person = (self.kind == Kind::Patients).then(|| {
            let (family, first) = given.names();
            Person { family, given: first, born: given.date(Field::BirthDate) }
        });
        let document = Value::Object(document).to_string().into_bytes();
        Ok(Made { name, key, document, cells: given.cells, person })
    }

    /// The system of the identifiers of this source.
    pub fn system(&self) -> String {
        format!("{SOURCE}/{}", self.source)
    }

    fn column_of(&self, field: Field) -> Option<u16> {
        let at = self.columns.iter().position(|one| *one == Some(field))?;
        u16::try_from(at).ok()
    }
}

/// What a row gives, read field by field.
struct Given<'a> {
    reading: &'a Reading,
    values: Vec<(Field, Says)>,
    cells: Vec<Cell>,
    faults: Vec<Fault>,
}

enum Says {
    Text(String),
    Date(Date),
    Moment(Date, Option<Time>),
    Flag(bool),
}

impl<'a> Given<'a> {
    fn read(reading: &'a Reading, row: &Row) -> Self {
        let mut given = Self { reading, values: Vec::new(), cells: Vec::new(), faults: Vec::new() };
        for (column, (field, cell)) in (0_u16..).zip(reading.columns.iter().zip(&row.cells)) {
            let Some(field) = *field else { continue };
            if cell.is_empty() {
                continue;
            }
            match given.cell(field, cell) {
                Ok(says) => {
                    let told = given.told(&says);
                    given.cells.push(Cell { column, field, says: told });
                    given.values.push((field, says));
                }
                Err(wrong) => given.faults.push(Fault { column: Some(column), field: Some(field), wrong }),
            }
        }
        given
    }

    fn cell(&self, field: Field, text: &str) -> Result<Says, Wrong> {
        const ERRORS: [&str; 8] =
            ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"];
        if ERRORS.contains(&text) {
            return Err(Wrong::Formula);
        }
        let breaks = field.shape() == Shape::Text;
        let unreadable = |c: char| match c {
            '\n' | '\r' | '\t' => !breaks,
            c => c.is_control() || c == '\u{fffd}',
        };
        if text.contains(unreadable) {
            return Err(Wrong::Characters);
        }
        let most = match field.shape() {
            Shape::Text => TEXT,
            Shape::Id => ID,
            _ => LINE,
        };
        if text.len() > most && text.chars().count() > most {
            return Err(Wrong::Long);
        }
        let own = |text: &str| Says::Text(text.to_owned());
        match field.shape() {
            Shape::Id | Shape::Line => Ok(own(text)),
            Shape::Text => Ok(Says::Text(text.replace("\r\n", "\n").replace('\r', "\n"))),
            Shape::Date => {
                let date = value::day(text, self.reading.dates)?;
                self.plausible(field, date)?;
                Ok(Says::Date(date))
            }
            Shape::Moment => {
                let (date, time) = value::moment(text, self.reading.dates)?;
                self.plausible(field, date)?;
                Ok(Says::Moment(date, time))
            }
            Shape::Sex => value::sex(text).map(own),
            Shape::Phone => value::phone(text).map(own),
            Shape::Mail => value::mail(text).map(own),
            Shape::YesNo => value::yes_no(text).map(Says::Flag),
            Shape::MedicationStatus => value::medication_status(text).map(own),
            Shape::AllergyStatus => value::allergy_status(text).map(own),
            Shape::Severity => value::severity(text).map(own),
            Shape::Category => value::category(text).map(own),
        }
    }

    fn plausible(&self, field: Field, date: Date) -> Result<(), Wrong> {
        if date.year() < EARLIEST {
            return Err(Wrong::Past);
        }
        // What begins or ends may be planned; a birth, a death and a note are not.
        let planned = matches!(field, Field::Start | Field::End);
        if date > self.reading.today && !planned { Err(Wrong::Future) } else { Ok(()) }
    }

    /// What the record will say.
    fn told(&self, says: &Says) -> String {
        match says {
            Says::Text(text) => text.clone(),
            Says::Date(date) => date.to_string(),
            // An instant has a time: of a day alone, its noon.
            Says::Moment(date, time) => self.instant(*date, time.unwrap_or(Time::constant(12, 0, 0, 0))),
            Says::Flag(flag) => flag.to_string(),
        }
    }

    /// A time of the house as FHIR writes it. Of an hour that a house has twice, or not at all, jiff's rule says which: the
    /// one before the change.
    fn instant(&self, date: Date, time: Time) -> String {
        match value::joined(date, time).to_zoned(self.reading.zone.clone()) {
            Ok(zoned) => zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            Err(_) => date.to_string(),
        }
    }

    fn get(&self, field: Field) -> Option<&Says> {
        self.values.iter().find(|(one, _)| *one == field).map(|(_, says)| says)
    }

    fn has(&self, field: Field) -> bool {
        self.get(field).is_some()
    }

    fn text(&self, field: Field) -> Option<&str> {
        match self.get(field) {
            Some(Says::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn date(&self, field: Field) -> Option<Date> {
        match self.get(field) {
            Some(Says::Date(date) | Says::Moment(date, _)) => Some(*date),
            _ => None,
        }
    }

    fn fault(&mut self, field: Field, wrong: Wrong) {
        self.faults.push(Fault { column: self.reading.column_of(field), field: Some(field), wrong });
    }

    /// What the row is called: the old system's identifier, else all that it says of itself.
    fn key(&self) -> String {
        let patient = self.text(Field::Patient).unwrap_or_default();
        match self.text(Field::Id) {
            Some(id) => id.to_owned(),
            None => {
                let identity: &[Field] = match self.reading.kind {
                    Kind::Patients | Kind::Contacts => {
                        &[Field::Name, Field::LastName, Field::FirstName, Field::Relationship]
                    }
                    Kind::Medications => &[Field::Medication, Field::Start],
                    Kind::Allergies => &[Field::Substance],
                    Kind::Notes => &[Field::Written, Field::Title, Field::Text],
                };
                let said: Vec<String> = identity
                    .iter()
                    .map(|field| self.get(*field).map(|says| self.told(says)).unwrap_or_default())
                    .collect();
                let mut parts = vec![self.reading.kind.key(), patient];
                parts.extend(said.iter().map(String::as_str));
                format!("row-{}", hashed(&parts))
            }
        }
    }

    /// Family and first given name, from columns of their own or from the whole name.
    fn names(&self) -> (String, String) {
        let (family, given) = match self.text(Field::Name) {
            Some(whole) if !self.has(Field::LastName) => split_name(whole),
            _ => (String::new(), Vec::new()),
        };
        let family = self.text(Field::LastName).map_or(family, str::to_owned);
        let first = self.text(Field::FirstName).map_or(given, |first| vec![first.to_owned()]);
        (family, first.into_iter().next().unwrap_or_default())
    }

    fn name(&self) -> Value {
        let mut name = Map::new();
        name.insert("use".to_owned(), json!("official"));
        let mut given: Vec<String> = Vec::new();
        if let Some(whole) = self.text(Field::Name) {
            name.insert("text".to_owned(), json!(whole));
            if !self.has(Field::LastName) && !self.has(Field::FirstName) {
                let (family, names) = split_name(whole);
                if !family.is_empty() {
                    name.insert("family".to_owned(), json!(family));
                }
                given = names;
            }
        }
        if let Some(family) = self.text(Field::LastName) {
            name.insert("family".to_owned(), json!(family));
        }
        let more = [Field::FirstName, Field::MiddleName].into_iter().filter_map(|field| self.text(field));
        given.extend(more.map(str::to_owned));
        if !given.is_empty() {
            name.insert("given".to_owned(), json!(given));
        }
        if let Some(suffix) = self.text(Field::Suffix) {
            name.insert("suffix".to_owned(), json!([suffix]));
        }
        let mut names = vec![Value::Object(name)];
        if let Some(called) = self.text(Field::PreferredName) {
            names.push(json!({"use": "nickname", "given": [called]}));
        }
        json!(names)
    }

    /// Telephones, mail and address of a person.
    fn reached(&self, into: &mut Map<String, Value>) {
        const MEANS: [(Field, &str, Option<&str>); 3] = [
            (Field::Phone, "phone", Some("home")),
            (Field::Mobile, "phone", Some("mobile")),
            (Field::Mail, "email", None),
        ];
        let mut telecom = Vec::new();
        for (field, system, usual) in MEANS {
            if let Some(value) = self.text(field) {
                let mut point = json!({"system": system, "value": value});
                if let Some(usual) = usual {
                    point["use"] = json!(usual);
                }
                telecom.push(point);
            }
        }
        if !telecom.is_empty() {
            into.insert("telecom".to_owned(), json!(telecom));
        }
        let mut address = Map::new();
        // The second line stays the second: a blank is no text of FHIR's.
        let lines: Vec<&str> =
            [Field::Street, Field::StreetMore].into_iter().filter_map(|field| self.text(field)).collect();
        if !lines.is_empty() {
            address.insert("line".to_owned(), json!(lines));
        }
        const PLACES: [(Field, &str); 4] = [
            (Field::City, "city"),
            (Field::State, "state"),
            (Field::PostalCode, "postalCode"),
            (Field::Country, "country"),
        ];
        for (field, member) in PLACES {
            if let Some(text) = self.text(field) {
                address.insert(member.to_owned(), json!(text));
            }
        }
        if !address.is_empty() {
            address.insert("use".to_owned(), json!("home"));
            into.insert("address".to_owned(), json!([address]));
        }
    }

    fn reference(&self) -> Value {
        let patient = name_of(self.text(Field::Patient).unwrap_or_default());
        json!({"reference": format!("Patient/{patient}")})
    }

    fn patient(&self) -> Map<String, Value> {
        let mut patient = Map::new();
        patient.insert("active".to_owned(), json!(true));
        patient.insert("name".to_owned(), self.name());
        self.reached(&mut patient);
        let mut put = |member: &str, value: Option<Value>| {
            if let Some(value) = value {
                patient.insert(member.to_owned(), value);
            }
        };
        put("gender", self.text(Field::Sex).map(|sex| json!(sex)));
        put("birthDate", self.date(Field::BirthDate).map(|date| json!(date.to_string())));
        put("deceasedDateTime", self.date(Field::Deceased).map(|date| json!(date.to_string())));
        put("communication", self.text(Field::Language).map(|text| json!([{"language": {"text": text}}])));
        put("maritalStatus", self.text(Field::MaritalStatus).map(|text| json!({"text": text})));
        put("generalPractitioner", self.text(Field::Physician).map(|text| json!([{"display": text}])));
        patient
    }

    fn contact(&self) -> Map<String, Value> {
        let mut contact = Map::new();
        contact.insert("active".to_owned(), json!(true));
        contact.insert("patient".to_owned(), self.reference());
        contact.insert("name".to_owned(), self.name());
        self.reached(&mut contact);
        let mut relationship = Vec::new();
        if let Some(text) = self.text(Field::Relationship) {
            relationship.push(json!({"text": text}));
        }
        if let Some(Says::Flag(true)) = self.get(Field::Emergency) {
            // HL7 v2 table 0131: C is an emergency contact.
            let coding = json!([{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}]);
            relationship.push(json!({"coding": coding}));
        }
        if !relationship.is_empty() {
            contact.insert("relationship".to_owned(), json!(relationship));
        }
        contact
    }

    /// What the old system says of a medication is a report, and no order: nothing is due by it before somebody who may has
    /// ordered it here.
    fn medication(&self) -> Map<String, Value> {
        let mut statement = Map::new();
        let ended = self.date(Field::End).is_some_and(|end| end < self.reading.today);
        let status = self.text(Field::MedicationStatus).unwrap_or(if ended { "completed" } else { "active" });
        statement.insert("status".to_owned(), json!(status));
        statement.insert("subject".to_owned(), self.reference());
        let medication = self.text(Field::Medication).unwrap_or_default();
        statement.insert("medicationCodeableConcept".to_owned(), json!({"text": medication}));
        let mut period = Map::new();
        for (field, member) in [(Field::Start, "start"), (Field::End, "end")] {
            if let Some(date) = self.date(field) {
                period.insert(member.to_owned(), json!(date.to_string()));
            }
        }
        if !period.is_empty() {
            statement.insert("effectivePeriod".to_owned(), json!(period));
        }
        if let Some(prescriber) = self.text(Field::Prescriber) {
            statement.insert("informationSource".to_owned(), json!({"display": prescriber}));
        }
        if let Some(reason) = self.text(Field::Reason) {
            statement.insert("reasonCode".to_owned(), json!([{"text": reason}]));
        }
        let said: Vec<&str> = [Field::Dose, Field::Route, Field::Frequency, Field::Instructions]
            .into_iter()
            .filter_map(|field| self.text(field))
            .collect();
        if !said.is_empty() {
            let mut dosage = Map::new();
            dosage.insert("text".to_owned(), json!(said.join(", ")));
            if let Some(route) = self.text(Field::Route) {
                dosage.insert("route".to_owned(), json!({"text": route}));
            }
            if let Some(often) = self.text(Field::Frequency) {
                dosage.insert("timing".to_owned(), json!({"code": {"text": often}}));
            }
            if let Some(how) = self.text(Field::Instructions) {
                dosage.insert("patientInstruction".to_owned(), json!(how));
            }
            statement.insert("dosage".to_owned(), json!([dosage]));
        }
        self.remark(&mut statement);
        statement
    }

    fn allergy(&self) -> Map<String, Value> {
        const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
        let mut allergy = Map::new();
        let status = self.text(Field::AllergyStatus).unwrap_or("active");
        allergy
            .insert("clinicalStatus".to_owned(), json!({"coding": [{"system": CLINICAL, "code": status}]}));
        allergy.insert("patient".to_owned(), self.reference());
        allergy.insert("code".to_owned(), json!({"text": self.text(Field::Substance).unwrap_or_default()}));
        if let Some(category) = self.text(Field::Category) {
            allergy.insert("category".to_owned(), json!([category]));
        }
        if let Some(onset) = self.date(Field::Onset) {
            allergy.insert("onsetDateTime".to_owned(), json!(onset.to_string()));
        }
        let (reaction, severity) = (self.text(Field::Reaction), self.text(Field::Severity));
        if reaction.is_some() || severity.is_some() {
            // A reaction must say what shows; of how bad alone that is not known.
            let mut one = json!({"manifestation": [{"text": reaction.unwrap_or("unknown")}]});
            if let Some(severity) = severity {
                one["severity"] = json!(severity);
            }
            allergy.insert("reaction".to_owned(), json!([one]));
        }
        self.remark(&mut allergy);
        allergy
    }

    fn note(&self) -> Map<String, Value> {
        let mut note = Map::new();
        note.insert("status".to_owned(), json!("current"));
        note.insert("subject".to_owned(), self.reference());
        if let Some(says) = self.get(Field::Written) {
            note.insert("date".to_owned(), json!(self.told(says)));
        }
        if let Some(title) = self.text(Field::Title) {
            note.insert("description".to_owned(), json!(title));
        }
        if let Some(author) = self.text(Field::Author) {
            note.insert("author".to_owned(), json!([{"display": author}]));
        }
        let data = STANDARD.encode(self.text(Field::Text).unwrap_or_default().as_bytes());
        let attachment = json!({"contentType": "text/plain", "data": data});
        note.insert("content".to_owned(), json!([{"attachment": attachment}]));
        note
    }

    fn remark(&self, into: &mut Map<String, Value>) {
        if let Some(remark) = self.text(Field::Remark) {
            into.insert("note".to_owned(), json!([{"text": remark}]));
        }
    }
}
