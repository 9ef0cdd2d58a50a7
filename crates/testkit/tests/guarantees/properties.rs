//! Searches give exactly what a naive look at every readable record gives, page after page, without a gap or a double.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chart::{CreateOptions, Document, ExportRequest, SearchRequest, Store};
use db::Ctx;
use fhir::ResourceType;
use fhir::compartment::patient_paths;
use fhir::json::{Limits, Node, parse};
use fhir::search::{
    self, Clause, Indexed, Kind, Param, Predicate, Reference, Search, SortKey, SortValue, Subject, Target,
    extract,
};
use jiff::Timestamp;
use jiff::civil::date;
use kernel::{SeededEntropy, SystemClock, World};
use synth::Profile;
use uuid::Uuid;

use crate::support::{House, all_accepted, collection, full_scale, into};

/// Dice that fall the same way each time.
struct Dice(World);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(World::new(Arc::new(SystemClock), Arc::new(SeededEntropy::new(seed))))
    }

    fn below(&self, n: usize) -> usize {
        usize::try_from(u64::from_be_bytes(self.0.random()) % n.max(1) as u64).unwrap()
    }

    fn pick<'a, T>(&self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}

/// Labels that make a record sensitive.
const SENSITIVE: [&str; 8] = ["SUD", "ETH", "ETHUD", "OPIOIDUD", "42CFRPart2", "PSY", "PSYTHPN", "BH"];

fn sensitive(root: &Node<'_>) -> bool {
    let labels = root.get("meta").and_then(|meta| meta.get("security"));
    labels.is_some_and(|labels| {
        labels.items().iter().any(|label| label.text("code").is_some_and(|code| SENSITIVE.contains(&code)))
    })
}

/// Whether the clause names the one patient whose records are meant.
fn names_the_patient(rtype: ResourceType, clause: &Clause) -> bool {
    let Subject::Param(param) = clause.param else { return false };
    let [path] = param.paths else { return false };
    let Some(first) = patient_paths(rtype).first() else { return false };
    let owner = path.key().split('.').skip(1).eq(first.iter().copied());
    let [Predicate::Reference(Reference::Id { types, .. })] = clause.any.as_slice() else { return false };
    owner
        && types.as_slice() == [ResourceType::Patient]
        && !matches!(clause.modifier, Some(search::Modifier::Missing | search::Modifier::Identifier))
}

/// What the search must give.
fn oracle(rtype: ResourceType, population: &[Document], asked: &Search) -> BTreeSet<Uuid> {
    let inside_one_patient = asked.clauses.iter().any(|clause| names_the_patient(rtype, clause));
    let meets = |document: &&Document| {
        let root = parse(&document.body, &Limits::default()).unwrap();
        let found = extract(rtype, &root);
        (inside_one_patient || !sensitive(&root))
            && asked.clauses.iter().all(|clause| search::matches(clause, &root, &found))
    };
    population.iter().filter(meets).map(|document| document.id.0).collect()
}

/// A value of a query, its separators escaped.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| matches!(c, '\\' | ',' | '|' | '$').then_some('\\').into_iter().chain([c]))
        .collect()
}

/// A date near one that is there, of some precision.
fn some_date(dice: &Dice, micros: i64) -> String {
    let shift = [0, 0, 0, 1, -1, 86_400_000_000, -86_400_000_000 * 40];
    let at = Timestamp::from_microsecond(
        (micros + *dice.pick(&shift)).clamp(-62_000_000_000_000_000, 250_000_000_000_000_000),
    )
    .unwrap();
    let text = format!("{at:.6}");
    [&text[..4], &text[..7], &text[..10], &format!("{}Z", &text[..16]), &format!("{}Z", &text[..19]), &text]
        [dice.below(6)]
    .to_owned()
}

const PREFIXES: [&str; 10] = ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];

/// A clause about something that some record holds, or nearly so.
fn clause(dice: &Dice, param: &'static Param, values: &[Indexed<'_>]) -> Option<(String, String)> {
    let plain = param.code.to_owned();
    if dice.below(12) == 0 && param.kind != Kind::Composite && param.kind != Kind::Special {
        return Some((format!("{plain}:missing"), (*dice.pick(&["true", "false"])).to_owned()));
    }
    if values.is_empty() {
        return None;
    }
    let value = dice.pick(values);
    let prefix = *dice.pick(&PREFIXES);
    Some(match (param.kind, value) {
        (Kind::Token, Indexed::Token { system, code: Some(code), text }) => {
            let (code, system) = (escaped(code), system.as_deref().map(escaped));
            match (dice.below(8), system, text) {
                (0, _, Some(text)) if text.len() > 3 => {
                    (format!("{plain}:text"), escaped(&text.chars().take(5).collect::<String>()))
                }
                (1, ..) => (format!("{plain}:not"), code),
                (2, ..) => (plain, format!("|{code}")),
                (3, Some(system), _) => (plain, format!("{system}|")),
                (4 | 5, Some(system), _) => (plain, format!("{system}|{code}")),
                _ => (plain, code),
            }
        }
        (Kind::String, Indexed::String(text)) => match dice.below(4) {
            0 => (format!("{plain}:exact"), escaped(text)),
            1 => (format!("{plain}:contains"), escaped(&text.chars().skip(1).take(3).collect::<String>())),
            _ => (plain, escaped(&text.chars().take(1 + dice.below(6)).collect::<String>()).to_uppercase()),
        },
        (Kind::Date, Indexed::Date(range)) => {
            let end = if dice.below(2) == 0 || range.high == i64::MAX { range.low } else { range.high };
            (plain, format!("{prefix}{}", some_date(dice, if end == i64::MIN { range.high } else { end })))
        }
        (Kind::Reference, Indexed::Reference(Target::Local { rtype, id })) => match dice.below(3) {
            0 => (format!("{plain}:{rtype}"), (*id).to_owned()),
            1 => (plain, (*id).to_owned()),
            _ => (plain, format!("{rtype}/{id}")),
        },
        (Kind::Reference, Indexed::Reference(Target::Url(url) | Target::Urn(url))) => (plain, escaped(url)),
        (Kind::Quantity, Indexed::Quantity { low, high, system, code, .. }) => {
            let number = low.or(*high)?;
            match (dice.below(3), system, code) {
                (0, Some(system), Some(code)) => {
                    (plain, format!("{prefix}{number}|{}|{}", escaped(system), escaped(code)))
                }
                (1, _, Some(code)) => (plain, format!("{prefix}{number}||{}", escaped(code))),
                _ => (plain, format!("{prefix}{number}")),
            }
        }
        (Kind::Number, Indexed::Number { low, high }) => (plain, format!("{prefix}{}", low.or(*high)?)),
        (Kind::Uri, Indexed::Uri(uri)) => match dice.below(3) {
            0 => (format!("{plain}:below"), escaped(&uri.chars().take(12).collect::<String>())),
            _ => (plain, escaped(uri)),
        },
        _ => return None,
    })
}

/// Pages through to the end.
async fn all_pages(
    store: &Store,
    ctx: &Ctx,
    rtype: ResourceType,
    query: &[(String, String)],
) -> Result<Vec<Document>, String> {
    let mut documents: Vec<Document> = Vec::new();
    let mut pairs = query.to_vec();
    for _ in 0..400 {
        let request = SearchRequest { rtype, compartment: None, query: &pairs };
        let page =
            store.search(ctx, request).await.map_err(|error| format!("{error} {:?}", error.issues()))?;
        documents.extend(page.entries);
        let Some(next) = page.next else { return Ok(documents) };
        pairs.truncate(query.len());
        pairs.push(("_cursor".to_owned(), next));
    }
    Err("it does not end".to_owned())
}

/// Whether the documents are in the order asked for. A span of time stands where it begins or where it ends; what has no
/// date, or no beginning, stands anywhere (R4 does not say).
fn ordered(rtype: ResourceType, asked: &Search, documents: &[Document]) -> bool {
    let [key] = asked.sort.as_slice() else { return true };
    let by_date = matches!(key.by, Subject::Param(param) if param.kind == Kind::Date);
    let value = |document: &Document, descending| {
        let root = parse(&document.body, &Limits::default()).unwrap();
        match key.by {
            Subject::Id => Some(SortValue::Text(document.id.to_string())),
            Subject::LastUpdated => Some(SortValue::Date(document.updated_at.as_microsecond())),
            Subject::Param(_) => search::sort_key(SortKey { descending, ..*key }, &extract(rtype, &root)),
        }
    };
    let in_order = |values: Vec<Option<SortValue>>| {
        values.windows(2).all(|pair| match (&pair[0], &pair[1]) {
            (Some(before), Some(after)) if key.descending => before >= after,
            (Some(before), Some(after)) => before <= after,
            (None, Some(_)) => false,
            _ => true,
        })
    };
    let open = |value: &Option<SortValue>| matches!(value, None | Some(SortValue::Date(i64::MIN | i64::MAX)));
    [false, true].into_iter().any(|descending| {
        let values = documents.iter().map(|document| value(document, descending));
        in_order(values.filter(|value| !by_date || !open(value)).collect())
    })
}

/// Records that search finds hard, of a patient.
fn curiosities(patient: &str) -> Vec<(ResourceType, String)> {
    let observation = |members: &str| {
        (
            ResourceType::Observation,
            format!(
                r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"subject":{{"reference":"Patient/{patient}"}},{members}}}"#
            ),
        )
    };
    let sud =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUD"}]}"#;
    let psy =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]}"#;
    vec![
        observation(r#""effectivePeriod":{"start":"1941-01-01"}"#),
        observation(r#""effectivePeriod":{"end":"2026-01-05"}"#),
        observation(r#""effectivePeriod":{"start":"2019-01-01","end":"2026-02-01"}"#),
        observation(r#""effectiveDateTime":"9999-12-31""#),
        observation(r#""effectiveDateTime":"0001-01-01""#),
        observation(
            r#""effectiveDateTime":"2026-01-05T23:59:59.999+14:00","valueQuantity":{"value":-0.001,"unit":"x"}"#,
        ),
        observation(
            r#""valueQuantity":{"value":5,"comparator":"<","unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}"#,
        ),
        observation(
            r#""valueQuantity":{"value":5,"comparator":">=","unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}"#,
        ),
        observation(r#""valueQuantity":{"value":1e30}"#),
        observation(&format!(
            r#"{sud},"valueQuantity":{{"value":5.0,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}"#
        )),
        observation(&format!(r#"{psy},"effectiveDateTime":"2026-01-05""#)),
        (
            ResourceType::Condition,
            format!(
                r#"{{"resourceType":"Condition","subject":{{"reference":"Patient/{patient}"}},"onsetRange":{{"low":{{"value":3,"unit":"a"}}}},"recordedDate":"2020-02-29","code":{{"text":"É, ß|$\\","coding":[{{"code":"a,b|c$d\\e"}}]}}}}"#
            ),
        ),
        (
            ResourceType::RelatedPerson,
            format!(
                r#"{{"resourceType":"RelatedPerson",{sud},"patient":{{"reference":"Patient/{patient}"}},"name":[{{"family":"Sømebody","given":["Zoë","An"]}}],"birthDate":"1950"}}"#
            ),
        ),
        (
            ResourceType::RelatedPerson,
            format!(
                r#"{{"resourceType":"RelatedPerson","patient":{{"reference":"Patient/{patient}"}},"name":[{{"family":"Sømebody","given":["Zoë"]}}],"birthDate":"1950-05"}}"#
            ),
        ),
    ]
}

/// Both organizations at both facilities, with a past; gives what A may read at the north facility, by type.
async fn populate(house: &House, ctx: &Ctx) -> BTreeMap<ResourceType, Vec<Document>> {
    let store = &house.store;
    let world = synth::World::new(Profile::Exam, 11, date(2026, 3, 2));
    for (org, tenant) in [&house.a, &house.b].into_iter().enumerate() {
        let everywhere = house.everywhere(tenant);
        for (facility, place) in [tenant.north, tenant.south].into_iter().enumerate() {
            for n in 0..2 {
                let mut resources = world.directory(org);
                resources.extend(world.patient(org, facility, n));
                let report =
                    store.import_bundle(&everywhere, &collection(&resources), &into(place)).await.unwrap();
                all_accepted(&report);
                let person =
                    report.records.iter().find(|record| record.rtype == Some(ResourceType::Patient)).unwrap();
                for (rtype, body) in curiosities(&person.id.unwrap().to_string()) {
                    let made =
                        store.create(&everywhere, rtype, body.as_bytes(), CreateOptions::default()).await;
                    made.map(|_| ()).unwrap_or_else(|error| panic!("{body}: {:?}", error.issues()));
                }
            }
        }
    }
    // Some change, some go: what they were found by must go with them.
    let readable = readable(store, ctx).await;
    for (at, document) in
        readable.values().flatten().filter(|document| document.rtype != ResourceType::Patient).enumerate()
    {
        let text = String::from_utf8(document.body.clone()).unwrap();
        match at % 9 {
            0 => {
                let body = text
                    .replace("2025-", "2023-")
                    .replace("\"final\"", "\"amended\"")
                    .replace("8867-4", "8480-6");
                let updated = store
                    .update(ctx, document.rtype, document.id, Some(document.version), body.as_bytes())
                    .await;
                updated.map(|_| ()).unwrap_or_else(|error| panic!("{body}: {:?}", error.issues()));
            }
            1 if !sensitive(&parse(&document.body, &Limits::default()).unwrap()) => {
                store.delete(ctx, document.rtype, document.id, Some(document.version)).await.unwrap();
            }
            _ => {}
        }
    }
    self::readable(store, ctx).await
}

async fn readable(store: &Store, ctx: &Ctx) -> BTreeMap<ResourceType, Vec<Document>> {
    let mut population: BTreeMap<ResourceType, Vec<Document>> = BTreeMap::new();
    for rtype in ResourceType::ALL {
        let mut after = None;
        loop {
            let request = ExportRequest { rtype: *rtype, patient: None, after, limit: 300 };
            let page = store.export(ctx, request).await.unwrap();
            if !page.documents.is_empty() {
                population.entry(*rtype).or_default().extend(page.documents);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    population
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_gives_exactly_what_a_look_at_every_record_gives() {
    let queries = if full_scale() { 20_000 } else { 700 };
    let house = House::new().await;
    let ctx = house.at(&house.a, &[house.a.north]);
    let population = populate(&house, &ctx).await;
    let types: Vec<ResourceType> = population.keys().copied().collect();
    let records: usize = population.values().map(Vec::len).sum();
    let (dice, limits) = (Dice::new(42), search::Limits::at(house.store.db().world().now().as_microsecond()));
    let (mut asked_in_all, mut found_in_all, mut wrong) = (0, 0, Vec::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..queries {
        let rtype = if dice.below(3) == 0 { ResourceType::Observation } else { *dice.pick(&types) };
        let documents = &population[&rtype];
        let params: Vec<&'static Param> =
            search::params(rtype).filter(|param| param.code != "phonetic").collect();
        let mut query: Vec<(String, String)> = Vec::new();
        for _ in 0..1 + dice.below(3) {
            let document = dice.pick(documents);
            let root = parse(&document.body, &Limits::default()).unwrap();
            let found = extract(rtype, &root);
            match dice.below(9) {
                0 => query.push(("_id".to_owned(), format!("{},{}", document.id, dice.pick(documents).id))),
                1 => query.push((
                    "_lastUpdated".to_owned(),
                    format!(
                        "{}{}",
                        dice.pick(&PREFIXES[..9]),
                        some_date(&dice, document.updated_at.as_microsecond())
                    ),
                )),
                _ => {
                    let present: Vec<&&Param> = params
                        .iter()
                        .filter(|param| found.iter().any(|one| param.paths.contains(&one.path)))
                        .collect();
                    let param = if dice.below(8) == 0 || present.is_empty() {
                        *dice.pick(&params)
                    } else {
                        **dice.pick(&present)
                    };
                    let values: Vec<Indexed<'_>> = found
                        .iter()
                        .filter(|one| param.paths.contains(&one.path))
                        .map(|one| one.value.clone())
                        .collect();
                    query.extend(clause(&dice, param, &values));
                }
            }
        }
        if dice.below(3) == 0 {
            let sortable: Vec<&str> = params
                .iter()
                .filter(|param| !param.paths.is_empty())
                .map(|param| param.code)
                .chain(["_id", "_lastUpdated", "date"])
                .collect();
            let key = *dice.pick(&sortable);
            if search::param(rtype, key).is_some() || key.starts_with('_') {
                query.push(("_sort".to_owned(), format!("{}{key}", dice.pick(&["", "-"]))));
            }
        }
        let pairs = || query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // A value that no query can say, such as an empty prefix, is no question.
        let Ok(asked) = search::parse(rtype, pairs(), &limits) else { continue };
        for clause in &asked.clauses {
            if let Subject::Param(param) = clause.param {
                *kinds.entry(format!("{:?}", param.kind)).or_default() += 1;
            }
        }
        let expected = oracle(rtype, documents, &asked);
        let mut paged = query.clone();
        paged.push(("_count".to_owned(), (1 + expected.len() / (1 + dice.below(9))).to_string()));
        asked_in_all += 1;
        let shown: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let shown = format!("{rtype}?{}", shown.join("&"));
        match all_pages(&house.store, &ctx, rtype, &paged).await {
            Err(error) => wrong.push(format!("{shown}: {error}")),
            Ok(given) => {
                let ids: BTreeSet<Uuid> = given.iter().map(|document| document.id.0).collect();
                found_in_all += ids.len();
                if ids.len() != given.len() {
                    wrong.push(format!("{shown}: {} doubles", given.len() - ids.len()));
                }
                if ids != expected {
                    let missing = expected.difference(&ids).count();
                    let extra: Vec<_> = ids.difference(&expected).collect();
                    let sample = expected.difference(&ids).next().or(extra.first().copied());
                    let body = sample
                        .and_then(|id| documents.iter().find(|one| one.id.0 == *id))
                        .map(|one| String::from_utf8_lossy(&one.body).chars().take(1500).collect::<String>());
                    wrong.push(format!(
                        "{shown}: {missing} missing, {} too many of {}: {body:?}",
                        extra.len(),
                        expected.len()
                    ));
                }
                if !ordered(rtype, &asked, &given) {
                    wrong.push(format!("{shown}: not in order"));
                }
            }
        }
    }
    println!(
        "{asked_in_all} searches over {records} records of {} types gave {found_in_all} records; {kinds:?}",
        types.len()
    );
    assert!(asked_in_all > queries / 2 && found_in_all > queries);
    assert!(
        wrong.is_empty(),
        "{} of {asked_in_all} are wrong, such as {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
}
