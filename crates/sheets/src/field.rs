//! What a sheet may hold: its kinds, and the fields of each.

/// What the rows of a sheet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A patient a row.
    Patients,
    /// A relative or another contact of a patient a row.
    Contacts,
    /// A medication that a patient takes or took a row.
    Medications,
    /// An allergy or intolerance of a patient a row.
    Allergies,
    /// A note about a patient a row.
    Notes,
}

impl Kind {
    /// All, in the order in which they are brought in.
    pub const ALL: [Self; 5] =
        [Self::Patients, Self::Contacts, Self::Medications, Self::Allergies, Self::Notes];

    /// As it is stored and sent.
    pub fn key(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Contacts => "contacts",
            Self::Medications => "medications",
            Self::Allergies => "allergies",
            Self::Notes => "notes",
        }
    }

    /// The kind of this key.
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The FHIR type that a row becomes.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Patients => "Patient",
            Self::Contacts => "RelatedPerson",
            Self::Medications => "MedicationStatement",
            Self::Allergies => "AllergyIntolerance",
            Self::Notes => "DocumentReference",
        }
    }

    /// Its fields in the order in which people give them, with the headings they are known by.
    pub fn fields(self) -> &'static [(Field, &'static [&'static str])] {
        match self {
            Self::Patients => PATIENTS,
            Self::Contacts => CONTACTS,
            Self::Medications => MEDICATIONS,
            Self::Allergies => ALLERGIES,
            Self::Notes => NOTES,
        }
    }

    /// Sets of fields of which one must be in the sheet, and filled in every row.
    pub fn required(self) -> &'static [&'static [Field]] {
        match self {
            Self::Patients => &[&[Field::Id], &[Field::LastName, Field::Name]],
            Self::Contacts => &[&[Field::Patient], &[Field::LastName, Field::Name, Field::FirstName]],
            Self::Medications => &[&[Field::Patient], &[Field::Medication]],
            Self::Allergies => &[&[Field::Patient], &[Field::Substance]],
            Self::Notes => &[&[Field::Patient], &[Field::Text]],
        }
    }
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $name:ident = $key:literal: $shape:ident,)*) => {
        /// A field of a row. Its key is stored and sent.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable key.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// What stands in it.
            pub fn shape(self) -> Shape {
                match self { $(Self::$name => Shape::$shape,)* }
            }
        }
    };
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An identifier of the old system.
    Id,
    /// A line of text.
    Line,
    /// Text of several lines.
    Text,
    /// A day.
    Date,
    /// A day, with the time of day if it is given.
    Moment,
    /// Administrative gender.
    Sex,
    /// A telephone number.
    Phone,
    /// A mail address.
    Mail,
    /// Yes or no.
    YesNo,
    /// Whether a medication is taken.
    MedicationStatus,
    /// Whether an allergy is there.
    AllergyStatus,
    /// How bad a reaction was.
    Severity,
    /// What an allergy is against.
    Category,
}

fields! {
    /// What the old system calls the row.
    Id = "id": Id,
    /// What the old system calls the patient.
    Patient = "patient": Id,
    /// A whole name.
    Name = "name": Line,
    /// Family name.
    LastName = "last_name": Line,
    /// First given name.
    FirstName = "first_name": Line,
    /// Further given names.
    MiddleName = "middle_name": Line,
    /// What they are called.
    PreferredName = "preferred_name": Line,
    /// Such as Jr.
    Suffix = "suffix": Line,
    /// Birth date.
    BirthDate = "birth_date": Date,
    /// Administrative gender.
    Sex = "sex": Sex,
    /// Telephone at home.
    Phone = "phone": Phone,
    /// Mobile telephone.
    Mobile = "mobile": Phone,
    /// Mail address.
    Mail = "email": Mail,
    /// Street and number.
    Street = "street": Line,
    /// What else belongs to the street: an apartment, a building.
    StreetMore = "street_more": Line,
    /// Town.
    City = "city": Line,
    /// State.
    State = "state": Line,
    /// Postal code.
    PostalCode = "postal_code": Line,
    /// Country.
    Country = "country": Line,
    /// The language they speak.
    Language = "language": Line,
    /// Marital status.
    MaritalStatus = "marital_status": Line,
    /// The day they died.
    Deceased = "deceased": Date,
    /// Their physician.
    Physician = "physician": Line,
    /// What a contact is to the patient.
    Relationship = "relationship": Line,
    /// Whether a contact is called in an emergency.
    Emergency = "emergency": YesNo,
    /// A medication's name and strength.
    Medication = "medication": Line,
    /// How much is taken at a time.
    Dose = "dose": Line,
    /// By which way.
    Route = "route": Line,
    /// How often.
    Frequency = "frequency": Line,
    /// How it is taken, in other words.
    Instructions = "instructions": Text,
    /// What for.
    Reason = "reason": Line,
    /// Who prescribed it.
    Prescriber = "prescriber": Line,
    /// Since when.
    Start = "start": Date,
    /// Until when.
    End = "end": Date,
    /// Whether it is taken.
    MedicationStatus = "medication_status": MedicationStatus,
    /// What the allergy is against.
    Substance = "substance": Line,
    /// What happens.
    Reaction = "reaction": Line,
    /// How bad it is.
    Severity = "severity": Severity,
    /// Drug, food, environment.
    Category = "category": Category,
    /// Since when it is known.
    Onset = "onset": Date,
    /// Whether it is there.
    AllergyStatus = "allergy_status": AllergyStatus,
    /// When a note was written.
    Written = "written": Moment,
    /// What a note is called.
    Title = "title": Line,
    /// Who wrote it.
    Author = "author": Line,
    /// The words of a note.
    Text = "text": Text,
    /// A remark.
    Remark = "remark": Text,
}

impl Field {
    /// The field of this key.
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.key() == key)
    }
}

const NAMES: [(Field, &[&str]); 4] = [
    (
        Field::Name,
        &["name", "full name", "patient name", "resident name", "contact name", "client name", "resident"],
    ),
    (
        Field::LastName,
        &["last name", "last", "surname", "family name", "lastname", "lname", "family", "nachname"],
    ),
    (
        Field::FirstName,
        &["first name", "first", "given name", "firstname", "fname", "given", "forename", "vorname"],
    ),
    (Field::MiddleName, &["middle name", "middle", "middle initial", "mi", "mname"]),
];
const REACHED: [(Field, &[&str]); 9] = [
    (
        Field::Phone,
        &["phone", "home phone", "telephone", "phone number", "tel", "phone 1", "primary phone", "telefon"],
    ),
    (Field::Mobile, &["mobile", "cell", "cell phone", "mobile phone", "cellphone", "phone 2", "mobil"]),
    (Field::Mail, &["email", "e mail", "email address", "mail"]),
    (
        Field::Street,
        &[
            "street",
            "address",
            "address 1",
            "street address",
            "address line 1",
            "addr",
            "home address",
            "strasse",
        ],
    ),
    (Field::StreetMore, &["address 2", "address line 2", "apt", "apartment", "unit", "street 2"]),
    (Field::City, &["city", "town", "ort"]),
    (Field::State, &["state", "province", "st", "region"]),
    (Field::PostalCode, &["zip", "zip code", "postal code", "postcode", "zipcode", "plz"]),
    (Field::Country, &["country", "land"]),
];
const PATIENT: (Field, &[&str]) = (
    Field::Patient,
    &[
        "patient id",
        "patient",
        "resident id",
        "patient number",
        "mrn",
        "client id",
        "medical record number",
        "chart number",
        "resident number",
        "patient no",
        "record number",
        "patientid",
    ],
);
const REMARK: (Field, &[&str]) =
    (Field::Remark, &["comment", "comments", "remark", "remarks", "notes", "note"]);

const PATIENTS: &[(Field, &[&str])] = &[
    (
        Field::Id,
        &[
            "id",
            "patient id",
            "mrn",
            "medical record number",
            "resident id",
            "patient number",
            "chart number",
            "record number",
            "client id",
            "account number",
            "resident number",
            "patient no",
            "patientid",
            "chart no",
        ],
    ),
    NAMES[1],
    NAMES[2],
    NAMES[3],
    NAMES[0],
    (Field::PreferredName, &["preferred name", "nickname", "goes by", "known as", "called"]),
    (Field::Suffix, &["suffix", "name suffix"]),
    (
        Field::BirthDate,
        &["birth date", "dob", "date of birth", "birthdate", "birthday", "born", "geburtsdatum", "d o b"],
    ),
    (Field::Sex, &["sex", "gender", "m f", "administrative gender", "geschlecht"]),
    REACHED[0],
    REACHED[1],
    REACHED[2],
    REACHED[3],
    REACHED[4],
    REACHED[5],
    REACHED[6],
    REACHED[7],
    REACHED[8],
    (Field::Language, &["language", "preferred language", "primary language", "spoken language"]),
    (Field::MaritalStatus, &["marital status", "marital", "civil status"]),
    (Field::Deceased, &["deceased", "date of death", "died", "death date", "dod"]),
    (
        Field::Physician,
        &[
            "physician",
            "primary physician",
            "pcp",
            "doctor",
            "attending",
            "attending physician",
            "primary care physician",
        ],
    ),
];

const CONTACTS: &[(Field, &[&str])] = &[
    PATIENT,
    (Field::Id, &["id", "contact id", "contact number", "contactid"]),
    NAMES[1],
    NAMES[2],
    NAMES[0],
    (
        Field::Relationship,
        &[
            "relationship",
            "relation",
            "relationship to patient",
            "relationship to resident",
            "kind of contact",
        ],
    ),
    (Field::Emergency, &["emergency", "emergency contact", "is emergency contact", "call in emergency"]),
    REACHED[0],
    REACHED[1],
    REACHED[2],
    REACHED[3],
    REACHED[4],
    REACHED[5],
    REACHED[6],
    REACHED[7],
    REACHED[8],
];

const MEDICATIONS: &[(Field, &[&str])] = &[
    PATIENT,
    (
        Field::Id,
        &["id", "medication id", "order id", "order number", "rx number", "prescription number", "rx"],
    ),
    (
        Field::Medication,
        &[
            "medication",
            "drug",
            "medicine",
            "medication name",
            "drug name",
            "med",
            "medications",
            "product",
            "description",
        ],
    ),
    (Field::Dose, &["dose", "dosage", "strength", "amount", "quantity per dose"]),
    (Field::Route, &["route", "how given", "administration route", "via"]),
    (Field::Frequency, &["frequency", "schedule", "how often", "times", "freq", "sig frequency"]),
    (Field::Instructions, &["instructions", "sig", "directions", "how to take", "special instructions"]),
    (Field::Reason, &["reason", "indication", "diagnosis", "for", "used for"]),
    (Field::Prescriber, &["prescriber", "prescribed by", "ordered by", "physician", "doctor", "provider"]),
    (Field::Start, &["start", "start date", "started", "begin date", "date started", "order date", "from"]),
    (
        Field::End,
        &[
            "end",
            "end date",
            "stop date",
            "stopped",
            "discontinued",
            "discontinue date",
            "date stopped",
            "to",
            "until",
        ],
    ),
    (Field::MedicationStatus, &["status", "active", "medication status", "order status"]),
    REMARK,
];

const ALLERGIES: &[(Field, &[&str])] = &[
    PATIENT,
    (Field::Id, &["id", "allergy id"]),
    (
        Field::Substance,
        &["allergy", "substance", "allergen", "agent", "allergic to", "allergies", "causative agent"],
    ),
    (Field::Reaction, &["reaction", "reactions", "symptom", "symptoms", "manifestation"]),
    (Field::Severity, &["severity", "how bad", "reaction severity"]),
    (Field::Category, &["category", "type", "allergy type", "kind", "allergen type"]),
    (Field::Onset, &["onset", "onset date", "since", "date", "date identified", "noted on"]),
    (Field::AllergyStatus, &["status", "active", "allergy status"]),
    REMARK,
];

const NOTES: &[(Field, &[&str])] = &[
    PATIENT,
    (Field::Id, &["id", "note id", "note number"]),
    (
        Field::Written,
        &[
            "date",
            "written",
            "note date",
            "date time",
            "datetime",
            "written on",
            "created",
            "date written",
            "entered on",
            "when",
        ],
    ),
    (Field::Title, &["title", "subject", "note type", "type", "heading", "category"]),
    (Field::Author, &["author", "written by", "staff", "signed by", "entered by", "by", "nurse", "user"]),
    (
        Field::Text,
        &["text", "note", "notes", "note text", "body", "content", "narrative", "comment", "comments"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_name_their_field() {
        for field in Field::ALL {
            assert_eq!(Field::of(field.key()), Some(*field));
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.key()), Some(kind));
            for set in kind.required() {
                assert!(
                    set.iter().all(|field| kind.fields().iter().any(|(one, _)| one == field)),
                    "{kind:?}"
                );
            }
        }
    }

    #[test]
    fn no_heading_means_two_fields_of_a_kind() {
        for kind in Kind::ALL {
            let mut all: Vec<&str> =
                kind.fields().iter().flat_map(|(_, names)| names.iter().copied()).collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{kind:?}");
        }
    }
}
