//! Compiles the R4 search parameters into `crates/fhir/src/generated/search_params.rs`.
//!
//! Every branch of every expression becomes a walk through JSON members, types of choices spelled out. Branches that
//! read the same elements are one path, so that the store keeps one row for `code` and `combo-code`.

mod branch;
mod emit;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use branch::{Branch, Seg};
use model::{Leaf, Model, Step};

/// Parameters without a path, each with its reason. May only shrink.
const WITHOUT_PATH: &[(&str, &str)] = &[
    ("_id", "a column of the store; clause Id"),
    ("_lastUpdated", "a column of the store; clause LastUpdated"),
    ("_text", "searches the narrative; has no expression"),
    ("_content", "searches the whole resource; has no expression"),
    ("_query", "names a server's query; has no expression"),
    ("near", "distance on a globe; kind special"),
];

/// The parameters that date a type, by preference; the rule for all others is `date` alone.
const CLINICAL_DATES: &[(&str, &[&str])] = &[
    ("Account", &["period"]),
    ("AdverseEvent", &["date"]),
    ("AllergyIntolerance", &["onset", "date"]),
    ("ChargeItem", &["occurrence", "entered-date"]),
    ("Claim", &["created"]),
    ("ClaimResponse", &["created"]),
    ("Communication", &["sent", "received"]),
    ("CommunicationRequest", &["occurrence", "authored"]),
    ("Condition", &["onset-date", "recorded-date"]),
    ("CoverageEligibilityRequest", &["created"]),
    ("CoverageEligibilityResponse", &["created"]),
    ("DetectedIssue", &["identified"]),
    ("DeviceRequest", &["event-date", "authored-on"]),
    ("DocumentManifest", &["created"]),
    ("DocumentReference", &["period", "date"]),
    ("EnrollmentRequest", &[]),
    ("ExplanationOfBenefit", &["created"]),
    ("Goal", &["start-date"]),
    ("ImagingStudy", &["started"]),
    ("MedicationAdministration", &["effective-time"]),
    ("MedicationDispense", &["whenhandedover", "whenprepared"]),
    ("MedicationRequest", &["authoredon"]),
    ("MedicationStatement", &["effective"]),
    ("Media", &["created"]),
    ("NutritionOrder", &["datetime"]),
    ("PaymentNotice", &["created"]),
    ("PaymentReconciliation", &["created"]),
    ("Provenance", &["when", "recorded"]),
    ("QuestionnaireResponse", &["authored"]),
    ("RequestGroup", &["authored"]),
    ("ServiceRequest", &["occurrence", "authored"]),
    ("Slot", &["start"]),
    ("Specimen", &["collected"]),
    ("Task", &["period", "authored-on"]),
    ("VisionPrescription", &["datewritten"]),
];

/// R4 gives the two components of DocumentReference `relationship` each other's definition.
const SWAPPED: &[(&str, &str)] = &[
    ("DocumentReference-relatesto", "DocumentReference-relation"),
    ("DocumentReference-relation", "DocumentReference-relatesto"),
];

/// The part of a SearchParameter that is used here.
struct Definition {
    url: String,
    code: String,
    kind: String,
    bases: Vec<String>,
    expression: Option<String>,
    targets: Vec<String>,
    components: Vec<(String, String)>,
}

/// One component of a composite, compiled for one type.
struct Component {
    code: String,
    kind: String,
    targets: Vec<String>,
    absolute: bool,
    walk: Walk,
}

/// One parameter compiled for one type.
struct Compiled {
    code: String,
    kind: String,
    paths: BTreeSet<u16>,
    targets: Vec<String>,
    elements: Walk,
    components: Vec<Component>,
}

/// A tree of steps with what is read at each node: path and form.
#[derive(Default)]
struct Walk {
    emits: BTreeSet<(u16, String)>,
    steps: BTreeMap<Step, Walk>,
}

/// Everything about one type, or about all of them.
#[derive(Default)]
struct Table {
    params: BTreeMap<String, Compiled>,
    walk: Walk,
}

/// The paths by key, with the kind that reads each.
#[derive(Default)]
struct Paths {
    ids: BTreeMap<String, u16>,
    kinds: Vec<(String, String)>,
}

struct Compiler {
    model: Model,
    definitions: Vec<Definition>,
    paths: Paths,
    tables: BTreeMap<String, Table>,
}

/// Reads the definitions and writes the tables.
///
/// # Errors
/// When a definition cannot be read, or an expression is not understood.
pub(crate) fn run(definitions_dir: &Path, repo_root: &Path) -> Result<(), String> {
    let inner = definitions_dir.join("dist/fhir/r4");
    let dir = if inner.is_dir() { inner } else { definitions_dir.to_path_buf() };
    let bundle = model::read(&dir.join("search-parameters.json"))?;
    let definitions: Vec<Definition> = model::resources(&bundle).map(definition).collect();
    let mut compiler =
        Compiler { model: Model::load(&dir)?, definitions, paths: Paths::default(), tables: BTreeMap::new() };
    let defined = compiler.compile()?;
    let text = emit::file(&compiler, defined)?;
    let target = repo_root.join("crates/fhir/src/generated/search_params.rs");
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    }
    std::fs::write(&target, text).map_err(|e| e.to_string())
}

fn definition(resource: &Value) -> Definition {
    let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
    let components = resource["component"].as_array().into_iter().flatten().map(|c| {
        let part = |key: &str| c[key].as_str().unwrap_or_default().to_owned();
        (part("definition"), part("expression"))
    });
    Definition {
        url: text("url"),
        code: text("code"),
        kind: text("type"),
        bases: model::strings(&resource["base"]),
        expression: resource["expression"].as_str().map(str::to_owned),
        targets: model::strings(&resource["target"]),
        components: components.collect(),
    }
}

impl Compiler {
    /// Compiles every parameter for every base; returns how many (parameter, base) pairs the definitions hold.
    fn compile(&mut self) -> Result<usize, String> {
        for name in self.model.resources.clone() {
            self.tables.entry(name).or_default();
        }
        let definitions = std::mem::take(&mut self.definitions);
        let mut defined = 0;
        for d in &definitions {
            for base in &d.bases {
                let wrap = |e: String| format!("{base} {}: {e}", d.code);
                let compiled = self.parameter(d, base, &definitions).map_err(wrap)?;
                let composite = !compiled.components.is_empty();
                if compiled.paths.is_empty() && !composite && !excused(&d.code) {
                    return Err(wrap("no path".to_owned()));
                }
                let table = self.tables.entry(common(base).to_owned()).or_default();
                if table.params.insert(d.code.clone(), compiled).is_some() {
                    return Err(wrap("defined twice".to_owned()));
                }
                defined += 1;
            }
        }
        Ok(defined)
    }

    fn parameter(&mut self, d: &Definition, base: &str, all: &[Definition]) -> Result<Compiled, String> {
        let mut compiled = Compiled {
            code: d.code.clone(),
            kind: d.kind.clone(),
            paths: BTreeSet::new(),
            targets: Vec::new(),
            elements: Walk::default(),
            components: Vec::new(),
        };
        let Some(expression) = d.expression.as_ref().filter(|_| !excused(&d.code)) else {
            return Ok(compiled);
        };
        if d.kind == "composite" {
            let contexts = self.composite_contexts(expression, base)?;
            for leaf in &contexts {
                compiled.elements.insert(&leaf.steps, 0, "F::Element".to_owned());
            }
            for (url, expression) in &d.components {
                compiled.components.push(self.component(url, expression, base, &contexts, all)?);
            }
            return Ok(compiled);
        }
        let mut leaves = Vec::new();
        for b in branch::parse(expression)? {
            match b {
                Branch::Deceased if base == "Patient" => {
                    let id = self.paths.id("Patient.deceased.exists()", &d.kind)?;
                    self.walk(base).insert(&[], id, "F::Deceased".to_owned());
                    compiled.paths.insert(id);
                }
                Branch::Path(segs) => {
                    let Some((key, segs)) = rooted(segs, base, d.bases.len() == 1) else { continue };
                    let only =
                        segs.iter().find_map(|s| if let Seg::Is(t) = s { Some(t.clone()) } else { None });
                    let found = self.model.follow(base, &segs)?;
                    let forms: Vec<_> = found.iter().filter_map(|l| Some((l, form(&d.kind, l)?))).collect();
                    if !forms.is_empty() {
                        let id = self.paths.id(&key, &d.kind)?;
                        compiled.paths.insert(id);
                        for (leaf, form) in forms {
                            self.walk(base).insert(&leaf.steps, id, form);
                        }
                    }
                    leaves.extend(found.into_iter().map(|l| (l, only.clone())));
                }
                Branch::Deceased => {}
            }
        }
        if d.kind == "reference" {
            compiled.targets = self.targets(&d.targets, &leaves);
        }
        Ok(compiled)
    }

    fn walk(&mut self, base: &str) -> &mut Walk {
        &mut self.tables.entry(common(base).to_owned()).or_default().walk
    }

    fn composite_contexts(&self, expression: &str, base: &str) -> Result<Vec<Leaf>, String> {
        let mut contexts = Vec::new();
        for b in branch::parse(expression)? {
            if let Branch::Path(segs) = b
                && let Some((_, segs)) = rooted(segs, base, false)
            {
                contexts.extend(self.model.follow(base, &segs)?);
            }
        }
        if contexts.is_empty() { Err("no element for a composite".to_owned()) } else { Ok(contexts) }
    }

    fn component(
        &self,
        url: &str,
        expression: &str,
        base: &str,
        contexts: &[Leaf],
        all: &[Definition],
    ) -> Result<Component, String> {
        let name = url.rsplit('/').next().unwrap_or(url);
        let corrected = SWAPPED.iter().find(|(given, _)| *given == name).map_or(name, |(_, meant)| meant);
        let d = all
            .iter()
            .find(|d| d.url.ends_with(&format!("/{corrected}")))
            .ok_or_else(|| format!("no definition {url}"))?;
        let (mut walk, mut leaves) = (Walk::default(), Vec::new());
        let absolute = expression.starts_with("%resource.");
        let starts: Vec<&str> =
            if absolute { vec![base] } else { contexts.iter().map(|c| c.type_code.as_str()).collect() };
        for b in branch::parse(expression.trim_start_matches("%resource."))? {
            let Branch::Path(segs) = b else { return Err("unexpected branch".to_owned()) };
            for start in &starts {
                for leaf in self.model.follow(start, &segs)? {
                    if let Some(form) = form(&d.kind, &leaf) {
                        walk.insert(&leaf.steps, 0, form);
                    }
                    leaves.push((leaf, None));
                }
            }
        }
        if walk.emits.is_empty() && walk.steps.is_empty() {
            return Err(format!("nothing to read for {url}"));
        }
        let reference = d.kind == "reference";
        let targets = if reference { self.targets(&d.targets, &leaves) } else { Vec::new() };
        Ok(Component { code: d.code.clone(), kind: d.kind.clone(), targets, absolute, walk })
    }

    /// The types a reference may point to: the `resolve()` filter, or what definition and element both allow.
    fn targets(&self, declared: &[String], leaves: &[(Leaf, Option<String>)]) -> Vec<String> {
        let mut targets = BTreeSet::new();
        for (leaf, only) in leaves {
            if let Some(only) = only {
                targets.insert(only.clone());
                continue;
            }
            let open = leaf.targets.is_empty() || leaf.targets.iter().any(|t| t == "Resource");
            let allowed: Vec<&String> =
                if open { self.model.resources.iter().collect() } else { leaf.targets.iter().collect() };
            let both = allowed.iter().filter(|t| declared.contains(t));
            let both: Vec<String> = both.map(|t| (**t).clone()).collect();
            let chosen = if both.is_empty() { allowed.into_iter().cloned().collect() } else { both };
            targets.extend(chosen);
        }
        targets.into_iter().collect()
    }
}

impl Walk {
    fn insert(&mut self, steps: &[Step], id: u16, form: String) {
        match steps.split_first() {
            None => {
                self.emits.insert((id, form));
            }
            Some((first, rest)) => self.steps.entry(first.clone()).or_default().insert(rest, id, form),
        }
    }
}

impl Paths {
    fn id(&mut self, key: &str, kind: &str) -> Result<u16, String> {
        if let Some(id) = self.ids.get(key) {
            let known = &self.kinds[usize::from(*id)].1;
            return if known == kind {
                Ok(*id)
            } else {
                Err(format!("{key} is read as {known} and as {kind}"))
            };
        }
        let id = u16::try_from(self.kinds.len()).map_err(|e| e.to_string())?;
        self.ids.insert(key.to_owned(), id);
        self.kinds.push((key.to_owned(), kind.to_owned()));
        Ok(id)
    }
}

/// The branch as key and steps below `base`; `None` when it belongs to another type. A branch of a parameter of one
/// type may leave the type out (InsurancePlan `name | alias`).
fn rooted(segs: Vec<Seg>, base: &str, single: bool) -> Option<(String, Vec<Seg>)> {
    let Some(Seg::Name(first)) = segs.first() else { return None };
    if first == base || (common(base).is_empty() && first == "Resource") {
        return Some((branch::key(&segs), segs[1..].to_vec()));
    }
    let unrooted = single && first.starts_with(|c: char| c.is_ascii_lowercase());
    unrooted.then(|| (format!("{base}.{}", branch::key(&segs)), segs))
}

/// The table of a base: its own, or the common one (no name).
fn common(base: &str) -> &str {
    if matches!(base, "Resource" | "DomainResource") { "" } else { base }
}

fn excused(code: &str) -> bool {
    WITHOUT_PATH.iter().any(|(c, _)| *c == code)
}

/// How a value of this type is read under this kind; `None` for alternatives that hold no such value (an Age is no
/// date, an Attachment no reference, a SampledData no single quantity).
fn form(kind: &str, leaf: &Leaf) -> Option<String> {
    let form = match (kind, leaf.type_code.as_str()) {
        ("token", "CodeableConcept") => "Concept",
        ("token", "Coding") => "Coding",
        ("token", "Identifier") => "Identifier",
        ("token", "ContactPoint") => "Contact",
        ("token", "boolean") => "Bool",
        ("token", "code") => {
            return Some(format!("F::Code({:?})", leaf.system.as_deref().unwrap_or_default()));
        }
        ("token", "string" | "id" | "uri" | "System.String") => "Plain",
        ("string", "string" | "markdown") => "Text",
        ("string", "HumanName") => "Name",
        ("string", "Address") => "Address",
        ("date", "date" | "dateTime" | "instant") => "Date",
        ("date", "Period") => "Period",
        ("date", "Timing") => "Timing",
        ("reference", "Reference") => "Reference",
        ("reference", "canonical") => "CanonicalReference",
        ("reference", "uri") => "UriReference",
        ("reference", "Resource") => "Entry",
        ("quantity", "Quantity" | "Age" | "Duration") => "Quantity",
        ("quantity", "Money") => "Money",
        ("quantity", "Range") => "Range",
        ("number", "integer" | "decimal") => "Number",
        ("number", "Range") => "NumberRange",
        ("uri", "uri" | "url") => "Uri",
        ("uri", "canonical") => "Canonical",
        _ => return None,
    };
    Some(format!("F::{form}"))
}
