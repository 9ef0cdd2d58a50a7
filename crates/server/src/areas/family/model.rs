//! What families ask about, as elements of records; and what of it was approved. Pure.
//!
//! Whoever approves thinks of medications and visits, not of `MedicationRequest.dosageInstruction`. A category is some types of
//! records, a field some of their elements; what stands in `base` is what they say nothing without (whose they are, whether
//! they count), and is seen with the first field. What is approved is kept as paths (ADR 0012) and nothing else.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// A part of a category that is approved by itself.
pub(super) struct Field {
    /// Stable; the app has words for it.
    pub(super) key: &'static str,
    paths: &'static [&'static str],
}

/// Something that families ask about.
pub(super) struct Category {
    /// Stable; the app has words for it.
    pub(super) key: &'static str,
    /// Types of records that are nobody else's: with every field approved, all of them is.
    types: &'static [&'static str],
    base: &'static [&'static str],
    pub(super) fields: &'static [Field],
}

const fn field(key: &'static str, paths: &'static [&'static str]) -> Field {
    Field { key, paths }
}

/// All of them, in the order in which they are shown.
pub(super) static CATEGORIES: [Category; 13] = [
    Category {
        key: "person",
        types: &[],
        base: &[],
        fields: &[
            field("name", &["Patient.name"]),
            field("birth", &["Patient.birthDate", "Patient.gender"]),
            field("photo", &["Patient.photo"]),
            field("address", &["Patient.address", "Patient.telecom"]),
        ],
    },
    Category {
        key: "stays",
        types: &["Encounter"],
        base: &["Encounter.status", "Encounter.class", "Encounter.subject"],
        fields: &[
            field("when", &["Encounter.period"]),
            field("where", &["Encounter.location", "Encounter.serviceProvider"]),
            field("why", &["Encounter.type", "Encounter.reasonCode", "Encounter.reasonReference"]),
        ],
    },
    Category {
        key: "appointments",
        types: &["Appointment"],
        base: &["Appointment.status", "Appointment.participant"],
        fields: &[
            field("when", &["Appointment.start", "Appointment.end"]),
            field(
                "what",
                &["Appointment.serviceType", "Appointment.appointmentType", "Appointment.description"],
            ),
        ],
    },
    Category {
        key: "measurements",
        types: &["Observation"],
        base: &[
            "Observation.status",
            "Observation.category",
            "Observation.code",
            "Observation.subject",
            "Observation.effective",
        ],
        fields: &[
            field(
                "value",
                &[
                    "Observation.value",
                    "Observation.component",
                    "Observation.bodySite",
                    "Observation.interpretation",
                    "Observation.dataAbsentReason",
                ],
            ),
            field("note", &["Observation.note"]),
            field("who", &["Observation.performer"]),
        ],
    },
    Category {
        key: "problems",
        types: &["Condition"],
        base: &["Condition.clinicalStatus", "Condition.verificationStatus", "Condition.subject"],
        fields: &[
            field("what", &["Condition.code", "Condition.bodySite"]),
            field("since", &["Condition.onset", "Condition.abatement", "Condition.recordedDate"]),
            field("severity", &["Condition.severity", "Condition.stage"]),
            field("note", &["Condition.note"]),
        ],
    },
    Category {
        key: "medications",
        types: &["MedicationRequest", "MedicationStatement"],
        base: &[
            "MedicationRequest.status",
            "MedicationRequest.intent",
            "MedicationRequest.subject",
            "MedicationStatement.status",
            "MedicationStatement.subject",
        ],
        fields: &[
            field("what", &["MedicationRequest.medication", "MedicationStatement.medication"]),
            field("how", &["MedicationRequest.dosageInstruction", "MedicationStatement.dosage"]),
            field("since", &["MedicationRequest.authoredOn", "MedicationStatement.effective"]),
            field(
                "why",
                &[
                    "MedicationRequest.reasonCode",
                    "MedicationRequest.reasonReference",
                    "MedicationStatement.reasonCode",
                    "MedicationStatement.reasonReference",
                ],
            ),
        ],
    },
    Category {
        key: "allergies",
        types: &["AllergyIntolerance"],
        base: &[
            "AllergyIntolerance.clinicalStatus",
            "AllergyIntolerance.verificationStatus",
            "AllergyIntolerance.patient",
        ],
        fields: &[
            field(
                "what",
                &["AllergyIntolerance.code", "AllergyIntolerance.category", "AllergyIntolerance.type"],
            ),
            field("reaction", &["AllergyIntolerance.reaction", "AllergyIntolerance.criticality"]),
            field("note", &["AllergyIntolerance.note"]),
        ],
    },
    Category {
        key: "care-plan",
        types: &["CarePlan", "Goal"],
        base: &[
            "CarePlan.status",
            "CarePlan.intent",
            "CarePlan.subject",
            "Goal.lifecycleStatus",
            "Goal.subject",
        ],
        fields: &[
            field(
                "what",
                &[
                    "CarePlan.title",
                    "CarePlan.description",
                    "CarePlan.category",
                    "CarePlan.activity",
                    "Goal.description",
                    "Goal.target",
                ],
            ),
            field("when", &["CarePlan.period", "Goal.start"]),
            field("note", &["CarePlan.note", "Goal.note"]),
        ],
    },
    Category {
        key: "immunizations",
        types: &["Immunization"],
        base: &["Immunization.status", "Immunization.patient"],
        fields: &[field("what", &["Immunization.vaccineCode"]), field("when", &["Immunization.occurrence"])],
    },
    Category {
        key: "documents",
        types: &["DocumentReference"],
        base: &["DocumentReference.status", "DocumentReference.subject"],
        fields: &[
            field(
                "title",
                &[
                    "DocumentReference.description",
                    "DocumentReference.type",
                    "DocumentReference.category",
                    "DocumentReference.date",
                ],
            ),
            field("file", &["DocumentReference.content"]),
        ],
    },
    Category {
        key: "notes",
        types: &["Composition"],
        base: &["Composition.status", "Composition.subject", "Composition.type"],
        fields: &[
            field("title", &["Composition.title", "Composition.date"]),
            field("words", &["Composition.text", "Composition.section"]),
            field("who", &["Composition.author", "Composition.attester"]),
        ],
    },
    Category {
        key: "incidents",
        types: &["AdverseEvent"],
        base: &["AdverseEvent.actuality", "AdverseEvent.subject"],
        fields: &[
            field("what", &["AdverseEvent.event", "AdverseEvent.category", "AdverseEvent.outcome"]),
            field("when", &["AdverseEvent.date", "AdverseEvent.detected"]),
            field("where", &["AdverseEvent.location"]),
            field("severity", &["AdverseEvent.seriousness", "AdverseEvent.severity"]),
        ],
    },
    Category {
        key: "contacts",
        types: &["RelatedPerson"],
        base: &[],
        fields: &[field("people", &["Patient.contact", "RelatedPerson"])],
    },
];

/// The category with this key.
pub(super) fn category(key: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.key == key)
}

/// Whether the first path is the second one or a beginning of it.
fn covers(path: &str, inner: &str) -> bool {
    inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Category {
    /// What is approved with these fields and no others; nothing for one that there is not.
    pub(super) fn paths(&self, fields: &[String]) -> Option<BTreeSet<&'static str>> {
        let find = |key: &String| self.fields.iter().find(|field| field.key == key);
        let chosen = fields.iter().map(find).collect::<Option<Vec<&Field>>>()?;
        if chosen.is_empty() {
            return Some(BTreeSet::new());
        }
        let parts = chosen.iter().flat_map(|field| field.paths).chain(self.base).copied();
        let keys: BTreeSet<&str> = chosen.iter().map(|field| field.key).collect();
        if keys.len() < self.fields.len() {
            return Some(parts.collect());
        }
        let rest = parts.filter(|path| !self.types.iter().any(|whole| covers(whole, path)));
        Some(rest.chain(self.types.iter().copied()).collect())
    }

    /// Whether what is approved by this path is, or has in it, something of the category.
    pub(super) fn owns(&self, path: &str) -> bool {
        self.types.iter().any(|whole| covers(whole, path))
            || self
                .fields
                .iter()
                .flat_map(|field| field.paths)
                .any(|own| covers(own, path) || covers(path, own))
    }
}

/// A path that is approved for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Approval {
    pub(super) path: String,
    pub(super) since: Timestamp,
    /// `None`: until it is withdrawn.
    pub(super) until: Option<Timestamp>,
    /// Who approved it.
    pub(super) by: String,
}

impl Approval {
    fn lasts(&self, until: Option<Timestamp>) -> bool {
        match (self.until, until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(asked)) => mine >= asked,
        }
    }
}

/// A field that is approved: since when, until when, and by whom it was last.
pub(super) fn approved<'a>(
    field: &Field,
    all: &'a [Approval],
) -> Option<(Timestamp, Option<Timestamp>, &'a str)> {
    let mut found: Option<(Timestamp, Option<Timestamp>, &str)> = None;
    for path in field.paths {
        let one = all
            .iter()
            .filter(|one| covers(&one.path, path))
            .max_by_key(|one| one.until.unwrap_or(Timestamp::MAX))?;
        found = Some(match found {
            None => (one.since, one.until, &one.by),
            Some((since, until, by)) => (
                since.max(one.since),
                [until, one.until].into_iter().flatten().min(),
                if one.since > since { &one.by } else { by },
            ),
        });
    }
    found
}

/// What a decision changes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Paths whose approval ends.
    pub(super) ends: Vec<String>,
    /// Paths that are approved from now on.
    pub(super) begins: Vec<String>,
    /// Whether anything is seen, or seen longer, that was not: that is for whoever proves who they are.
    pub(super) opens: bool,
}

/// From what is approved to these fields of a category and no others, until then.
pub(super) fn change(
    category: &Category,
    wanted: &BTreeSet<&'static str>,
    until: Option<Timestamp>,
    all: &[Approval],
) -> Change {
    let stays = |one: &Approval| wanted.contains(one.path.as_str()) && one.until == until;
    let mine = all.iter().filter(|one| category.owns(&one.path));
    let ends = mine.filter(|one| !stays(one)).map(|one| one.path.clone()).collect();
    let begins = wanted.iter().filter(|path| !all.iter().any(|one| stays(one) && one.path == **path));
    let begins: Vec<String> = begins.map(|path| (*path).to_owned()).collect();
    let opens = begins.iter().any(|path| !all.iter().any(|one| covers(&one.path, path) && one.lasts(until)));
    Change { ends, begins, opens }
}

#[cfg(test)]
mod tests {
    use fhir::ResourceType;
    use fhir::compartment::patient_paths;

    use super::*;

    fn keys(category: &Category) -> Vec<String> {
        category.fields.iter().map(|field| field.key.to_owned()).collect()
    }

    #[test]
    fn every_path_is_an_element_and_of_one_category() {
        let mut seen = BTreeSet::new();
        for category in &CATEGORIES {
            for path in
                category.types.iter().chain(category.base).chain(category.fields.iter().flat_map(|f| f.paths))
            {
                assert!(fhir::element::is_path(path), "{path}");
                let owners = CATEGORIES.iter().filter(|other| other.owns(path)).count();
                assert_eq!(owners, 1, "{path}");
            }
            assert!(seen.insert(category.key) && !category.fields.is_empty(), "{}", category.key);
            let mut fields = keys(category);
            fields.dedup();
            assert_eq!(fields.len(), category.fields.len(), "{}", category.key);
        }
    }

    #[test]
    fn one_field_of_a_record_says_whose_it_is() {
        for category in &CATEGORIES {
            for whole in category.types {
                let owner = patient_paths(ResourceType::parse(whole).unwrap());
                for field in category.fields {
                    let paths = category.paths(&[field.key.to_owned()]).unwrap();
                    let says = |path: &&[&str]| {
                        paths.iter().any(|one| covers(one, &format!("{whole}.{}", path.join("."))))
                    };
                    assert!(owner.iter().any(says), "{} {}", category.key, field.key);
                }
            }
        }
    }

    #[test]
    fn all_fields_are_all_of_it_and_none_are_nothing() {
        let problems = category("problems").unwrap();
        assert_eq!(problems.paths(&keys(problems)).unwrap(), BTreeSet::from(["Condition"]));
        assert!(problems.paths(&[]).unwrap().is_empty());
        assert!(problems.paths(&["nothing".to_owned()]).is_none());
        let one = problems.paths(&["what".to_owned()]).unwrap();
        assert!(
            one.contains("Condition.code")
                && one.contains("Condition.subject")
                && !one.contains("Condition.note")
        );
    }

    fn at(hour: i8) -> Timestamp {
        format!("2026-03-01T{hour:02}:00:00Z").parse().unwrap()
    }

    fn approval(path: &str, until: Option<Timestamp>) -> Approval {
        Approval { path: path.to_owned(), since: at(1), until, by: "A".to_owned() }
    }

    #[test]
    fn what_is_narrowed_needs_no_proof_and_what_is_widened_does() {
        let problems = category("problems").unwrap();
        let all = problems.paths(&keys(problems)).unwrap();
        let some = problems.paths(&["what".to_owned(), "since".to_owned()]).unwrap();
        let none = BTreeSet::new();
        let whole = [approval("Condition", None), approval("Observation", None)];
        let to_some = change(problems, &some, None, &whole);
        assert!(
            !to_some.opens && to_some.ends == ["Condition"] && to_some.begins.len() == some.len(),
            "{to_some:?}"
        );
        let to_none = change(problems, &none, None, &whole);
        assert_eq!(to_none, Change { ends: vec!["Condition".to_owned()], begins: vec![], opens: false });
        let nothing = [approval("Observation", None)];
        assert!(change(problems, &some, None, &nothing).opens);
        let parts: Vec<Approval> = some.iter().map(|path| approval(path, Some(at(5)))).collect();
        assert!(!change(problems, &some, Some(at(4)), &parts).opens, "sooner");
        assert!(change(problems, &some, Some(at(6)), &parts).opens, "later");
        assert!(change(problems, &some, None, &parts).opens, "for good");
        assert!(change(problems, &all, Some(at(5)), &parts).opens, "more");
        let same = change(problems, &some, Some(at(5)), &parts);
        assert_eq!(same, Change { ends: vec![], begins: vec![], opens: false });
        // A path that was approved by itself and has everybody's in it ends with the first that is narrowed.
        let person = category("person").unwrap();
        let name = person.paths(&["name".to_owned()]).unwrap();
        assert_eq!(change(person, &name, None, &[approval("Patient", None)]).ends, ["Patient"]);
    }

    #[test]
    fn a_field_is_approved_as_long_as_the_first_of_its_paths_and_since_the_last() {
        let field = field("x", &["Condition.onset", "Condition.note"]);
        assert!(approved(&field, &[approval("Condition.onset", None)]).is_none());
        let later = Approval {
            since: at(3),
            until: Some(at(9)),
            by: "B".to_owned(),
            ..approval("Condition.note", None)
        };
        let both = [approval("Condition.onset", None), later];
        assert_eq!(approved(&field, &both), Some((at(3), Some(at(9)), "B")));
        assert!(approved(&field, &[approval("Condition", None)]).is_some());
    }
}
