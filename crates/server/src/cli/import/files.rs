//! Which files, in which order: what others refer to goes first.

use std::fs;
use std::path::{Path, PathBuf};

use fhir::ResourceType;

use super::read;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One bundle.
    Bundle,
    /// One resource a line.
    Lines,
}

/// A file to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) gzip: bool,
    /// Files of a lower rank are through before this one begins.
    pub(super) rank: u8,
}

/// Files of a rank below this are imported one after the other: they refer to one another.
pub(super) const PARALLEL: u8 = 20;

/// Bundles and NDJSON of the organization itself, whose type is not known.
const DIRECTORY: u8 = 10;
const PATIENT: u8 = 20;
const REST: u8 = 30;

/// Types that others refer to, and when they go. Types of one rank do not refer to one another.
const FIRST: &[(ResourceType, u8)] = &[
    (ResourceType::Organization, 0),
    (ResourceType::Location, 1),
    (ResourceType::Practitioner, 1),
    (ResourceType::Substance, 1),
    (ResourceType::Endpoint, 1),
    (ResourceType::HealthcareService, 2),
    (ResourceType::InsurancePlan, 2),
    (ResourceType::Medication, 2),
    (ResourceType::PractitionerRole, 3),
    (ResourceType::Patient, PATIENT),
    (ResourceType::RelatedPerson, PATIENT + 1),
    (ResourceType::Device, PATIENT + 1),
    (ResourceType::Coverage, PATIENT + 2),
    (ResourceType::CareTeam, PATIENT + 3),
    (ResourceType::EpisodeOfCare, PATIENT + 4),
    (ResourceType::Appointment, PATIENT + 5),
    (ResourceType::Encounter, PATIENT + 6),
    (ResourceType::Condition, PATIENT + 7),
    (ResourceType::Goal, PATIENT + 8),
    (ResourceType::CarePlan, PATIENT + 9),
    (ResourceType::DiagnosticReport, REST + 2),
    (ResourceType::Composition, REST + 2),
    (ResourceType::Claim, REST + 2),
    (ResourceType::ClaimResponse, REST + 3),
    (ResourceType::ExplanationOfBenefit, REST + 4),
    (ResourceType::Provenance, REST + 9),
];

/// Of those that are neither, what is ordered goes before what came of it.
const SECOND: &[ResourceType] = &[
    ResourceType::MedicationRequest,
    ResourceType::ServiceRequest,
    ResourceType::Specimen,
    ResourceType::Procedure,
];

/// A file or folder that cannot be taken.
pub(super) struct Problem {
    pub(super) file: String,
    pub(super) message: String,
}

/// Every file of `paths` in the order of the import.
pub(super) fn find(paths: &[PathBuf]) -> (Vec<Source>, Vec<Problem>) {
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        collect(path, true, &mut sources, &mut problems);
    }
    for source in &mut sources {
        match rank(source) {
            Ok(rank) => source.rank = rank,
            // It is read again in its turn, and the problem told there.
            Err(_) => source.rank = REST,
        }
    }
    sources.sort_by(|a, b| (a.rank, &a.path).cmp(&(b.rank, &b.path)));
    sources.dedup_by(|a, b| a.path == b.path);
    (sources, problems)
}

fn collect(path: &Path, named: bool, sources: &mut Vec<Source>, problems: &mut Vec<Problem>) {
    let mut problem = |message: String| problems.push(Problem { file: path.display().to_string(), message });
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => return problem(format!("cannot be looked at: {error}")),
    };
    if meta.is_dir() {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return problem(format!("cannot be listed: {error}")),
        };
        for entry in entries.flatten() {
            // A link inside a folder could lead in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_file()) {
                collect(&entry.path(), false, sources, problems);
            }
        }
        return;
    }
    match kind(path) {
        Some((format, gzip)) => sources.push(Source { path: path.to_path_buf(), format, gzip, rank: REST }),
        None if named => problem("neither .json nor .ndjson, with or without .gz".to_owned()),
        None => {}
    }
}

fn kind(path: &Path) -> Option<(Format, bool)> {
    let name = path.file_name()?.to_str()?;
    let (name, gzip) = name.strip_suffix(".gz").map_or((name, false), |name| (name, true));
    let format = if name.ends_with(".json") {
        Format::Bundle
    } else if name.ends_with(".ndjson") {
        Format::Lines
    } else {
        return None;
    };
    Some((format, gzip))
}

/// The name without its endings, by which a patient's facility is found.
pub(super) fn stem(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name);
    name.strip_suffix(".json").or_else(|| name.strip_suffix(".ndjson")).unwrap_or(name)
}

fn rank(source: &Source) -> std::io::Result<u8> {
    let stem = stem(&source.path);
    if source.format == Format::Lines {
        let end = stem.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(stem.len());
        return Ok(ResourceType::parse(&stem[..end]).map_or(REST + 5, rank_of));
    }
    if stem.starts_with("0-") || !read::names_patient(source)? {
        return Ok(DIRECTORY);
    }
    Ok(REST)
}

fn rank_of(rtype: ResourceType) -> u8 {
    let first = FIRST.iter().find(|(first, _)| *first == rtype).map(|(_, rank)| *rank);
    first.unwrap_or(if SECOND.contains(&rtype) { REST } else { REST + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_refer_to_goes_first() {
        let dir = std::env::temp_dir().join(format!("lamplight-files-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let bundle = |text: &str| format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{text}}}]}}"#);
        let patient = bundle(r#"{"resourceType" : "Patient"}"#);
        let place = bundle(r#"{"resourceType":"Location","partOf":{"reference":"Patient"}}"#);
        for (name, text) in [
            ("a.json", &patient),
            ("z.json", &place),
            ("0-all.json", &patient),
            ("Observation.ndjson", &patient),
            ("Patient.2.ndjson", &patient),
            ("Organization.ndjson", &patient),
            ("Encounter.ndjson", &patient),
            ("notes.txt", &patient),
        ] {
            fs::write(dir.join(name), text).unwrap();
        }
        let (sources, problems) =
            find(&[dir.clone(), dir.join("a.json"), dir.join("notes.txt"), dir.join("gone")]);
        let names: Vec<_> =
            sources.iter().map(|source| source.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "Organization.ndjson",
                "0-all.json",
                "z.json",
                "Patient.2.ndjson",
                "Encounter.ndjson",
                "a.json",
                "Observation.ndjson"
            ]
        );
        assert_eq!(problems.len(), 2);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_name_loses_its_endings() {
        assert_eq!(stem(Path::new("x/Ann_1.json.gz")), "Ann_1");
        assert_eq!(stem(Path::new("Ann_1.json")), "Ann_1");
        assert_eq!(kind(Path::new("a.ndjson.gz")), Some((Format::Lines, true)));
        assert_eq!(kind(Path::new("a.zip")), None);
    }
}
