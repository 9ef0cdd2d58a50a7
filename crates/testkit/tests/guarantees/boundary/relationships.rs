//! Contexts that are bound to their patients: a row of a patient shows only while a relationship lives.

use kernel::World;
use policy::{Permission, Plane, ROLES, Reach};
use testkit::pg;

use super::furnish::furnish;
use super::tables::{CLOSED, Table, all, membership};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::{House, note, patient};

const RELATED: u32 = 500_001;
const STRANGER: u32 = 500_002;

fn id(n: u32) -> String {
    format!("'00000000-0000-7000-8000-{n:012}'")
}

async fn with_patient_id(superuser: &pg::Client) -> Vec<String> {
    let rows = superuser
        .query(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE a.attname = 'patient_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let names = rows.iter().map(|row| row.get::<_, String>(0));
    // Those that nobody may look at have a test of their own.
    names.filter(|name| !CLOSED.contains(&name.as_str())).collect()
}

fn table(name: &str) -> &'static Table {
    all().find(|table| table.name == name).unwrap_or_else(|| panic!("{name} has no case"))
}

/// Rows of two patients at A's north facility, and a relationship of A's post to the first.
async fn admitted(house: &House, superuser: &pg::Client, names: &[String]) {
    furnish(house, superuser).await;
    let tie = format!(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({}, {}, {}, {}, 'care-team', now() - interval '1 hour')",
        house.a.id(),
        house.a.north,
        id(RELATED),
        membership(house.a.id())
    );
    superuser.batch_execute(&tie).await.unwrap();
    // Moves first: they carry along what there is of the patient.
    let (moves, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| *name == "org.reassignment");
    for name in moves.into_iter().chain(others).filter(|name| *name != "org.relationship") {
        for n in [RELATED, STRANGER] {
            let sql = table(name).insert(house.a.id(), house.a.north.0, n, "").unwrap();
            superuser.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }
    let others = format!(
        "INSERT INTO org.membership (organization_id, membership_id, kind, name, created_at)
         VALUES ({0}, 555, 'person', 'x', now());
         INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({0}, {1}, {2}, 555, 'care-team', now() - interval '1 hour')",
        house.a.id(),
        house.a.north,
        id(STRANGER)
    );
    superuser.batch_execute(&others).await.unwrap();
}

#[tokio::test]
async fn every_table_with_a_patient_shows_related_patients_only_and_only_while_related() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let names = with_patient_id(&superuser).await;
    assert!(names.len() >= 7, "{names:?}");
    admitted(&house, &superuser, &names).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let a = house.a.id();
    let bound = signer.context(membership(a), &[cell(a, 0), -cell(a, house.a.north.0)]);
    let mut open = Vec::new();
    for name in &names {
        let count = |n| format!("SELECT count(*) FROM {name} WHERE patient_id = {}", id(n));
        assert_eq!(number(&client, Some(&bound), &count(RELATED)).await, Ok(1), "{name}");
        if number(&client, Some(&bound), &count(STRANGER)).await != Ok(0) {
            open.push(format!("{name} shows an unrelated patient"));
        }
        let insert = table(name).insert(a, house.a.north.0, STRANGER + 1, "").unwrap();
        if table(name).may('I') && super::rehearse(&client, Some(&bound), &insert).await.is_ok() {
            open.push(format!("{name} takes a row of an unrelated patient"));
        }
    }
    superuser.batch_execute("UPDATE org.relationship SET ends_at = now()").await.unwrap();
    for name in names.iter().filter(|name| *name != "org.relationship") {
        let sql = format!("SELECT count(*) FROM {name} WHERE patient_id IS NOT NULL AND facility_id > 0");
        if number(&client, Some(&bound), &sql).await != Ok(0) {
            open.push(format!("{name} shows a patient when the relationship has ended"));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test]
async fn an_emergency_that_a_context_names_opens_its_patient_and_no_other() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let names = with_patient_id(&superuser).await;
    admitted(&house, &superuser, &names).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, north, south) = (house.a.id(), house.a.north.0, house.a.south.0);
    let sql = format!("SELECT number FROM org.emergency WHERE patient_id = {}", id(STRANGER));
    let number_of: i32 = superuser.query_one(&sql, &[]).await.unwrap().get(0);
    let named = |post, at| signer.context(post, &[cell(a, 0), -cell(a, at), -i64::from(number_of)]);
    let count = |n| format!("SELECT count(*) FROM chart.resource WHERE patient_id = {}", id(n));
    let own = named(membership(a), north);
    assert_eq!(number(&client, Some(&own), &count(STRANGER)).await, Ok(1));
    assert_eq!(number(&client, Some(&own), &count(RELATED)).await, Ok(0), "not even who is related");
    for other in [named(555, north), named(membership(a), south)] {
        assert_eq!(number(&client, Some(&other), &count(STRANGER)).await, Ok(0), "another's, or elsewhere");
    }
    // Nobody opens one without the right, for another, again for a longer time, or judges their own.
    let door = |post| signer.context(post, &[cell(a, 0), cell(a, north)]);
    let insert = table("org.emergency").insert(a, north, 500_009, "").unwrap();
    superuser
        .batch_execute(
            "UPDATE org.membership SET permissions = '{emergency.review}' WHERE membership_id = 555",
        )
        .await
        .unwrap();
    assert_eq!(attempt(&client, Some(&door(555)), &insert).await.unwrap_err().code, "42501");
    for (post, change) in [
        (membership(a), "ends_at = ends_at + interval '1 second'"),
        (555, "ends_at = now()"),
        (membership(a), "reviewed_at = now(), reviewed_by = 555, verdict = 'justified', note = ''"),
    ] {
        let sql = format!("UPDATE org.emergency SET {change} WHERE patient_id = {}", id(STRANGER));
        assert_eq!(attempt(&client, Some(&door(post)), &sql).await.unwrap_err().code, "42501", "{change}");
    }
    let judge = format!(
        "UPDATE org.emergency SET reviewed_at = now(), reviewed_by = 555, verdict = 'not-justified', note = '',
            ends_at = now() - interval '1 second' WHERE patient_id = {}",
        id(STRANGER)
    );
    assert_eq!(attempt(&client, Some(&door(555)), &judge).await, Ok(1));
    assert_eq!(number(&client, Some(&own), &count(STRANGER)).await, Ok(0), "it is over");
    assert_eq!(attempt(&client, Some(&door(555)), &judge).await.unwrap_err().code, "42501", "judged once");
}

#[tokio::test]
async fn nobody_relates_themselves_to_a_patient() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let names = with_patient_id(&superuser).await;
    admitted(&house, &superuser, &names).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let a = house.a.id();
    let bound = signer.context(membership(a), &[cell(a, 0), -cell(a, house.a.north.0)]);
    let count = format!("SELECT count(*) FROM chart.resource WHERE patient_id = {}", id(STRANGER));
    assert_eq!(number(&client, Some(&bound), &count).await, Ok(0));
    for sql in [
        format!(
            "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
             VALUES ({a}, {}, {}, {}, 'self', now() - interval '1 hour')",
            house.a.north,
            id(STRANGER),
            membership(a)
        ),
        format!(
            "UPDATE org.relationship SET membership_id = {} WHERE patient_id = {} AND membership_id = 555",
            membership(a),
            id(STRANGER)
        ),
    ] {
        let _ = attempt(&client, Some(&bound), &sql).await;
        assert_eq!(number(&client, Some(&bound), &count).await, Ok(0), "a context gave itself a patient: {sql}");
    }
}

#[tokio::test]
async fn through_the_store_a_bound_context_reads_and_finds_its_patients_only() {
    let mut house = House::new().await;
    let superuser = house.superuser().await;
    let all = house.everywhere(&house.a);
    let north = house.a.north;
    let mut patients = Vec::new();
    for name in ["Related", "Stranger"] {
        let made = house
            .store
            .create(
                &all,
                fhir::ResourceType::Patient,
                &patient(name),
                chart::CreateOptions { facility: Some(north), ..chart::CreateOptions::default() },
            )
            .await
            .unwrap();
        let id = made.document.id;
        let body = note(id, 1, name);
        house
            .store
            .create(&all, fhir::ResourceType::Observation, &body, chart::CreateOptions::default())
            .await
            .unwrap();
        patients.push(id);
    }
    let unbound = house.token("a", &Permission::ALL, &[north]).await;
    let post = unbound.membership();
    superuser
        .batch_execute("UPDATE org.membership SET by_relationship = true WHERE kind = 'service'")
        .await
        .unwrap();
    let tie = "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at, ends_at)
               VALUES ($1, $2, $3, $4, 'care-team', $5, $6)";
    let (now, hour) = (World::system().now(), jiff::SignedDuration::from_hours(1));
    superuser
        .execute(tie, &[&house.a.id(), &north.0, &patients[0].0, &post.0, &(now - hour), &(now + hour)])
        .await
        .unwrap();
    // The token again, in a program that has not seen it yet: now its membership is bound.
    let mut bound = None;
    for _ in 0..40 {
        let again = house.token_again().await;
        if again.grants().by_relationship {
            bound = Some(again);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let bound = bound.expect("a change of a membership is seen within seconds");
    let store = &house.store;
    for (rtype, query) in [
        (fhir::ResourceType::Patient, vec![]),
        (fhir::ResourceType::Patient, vec![("family", "Stranger")]),
        (fhir::ResourceType::Patient, vec![("identifier", "MRN-1")]),
        (fhir::ResourceType::Observation, vec![]),
        (fhir::ResourceType::Observation, vec![("code", "8716-3")]),
        (fhir::ResourceType::Observation, vec![("_summary", "count")]),
    ] {
        let pairs: Vec<(String, String)> = query
            .iter()
            .map(|(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let request = chart::SearchRequest { rtype, compartment: None, query: &pairs };
        let page = store.search(&bound, request).await.unwrap();
        let stranger = query.contains(&("family", "Stranger"));
        assert_eq!(page.total, Some(u64::from(!stranger)), "{rtype} {query:?}");
        for one in &page.entries {
            assert!(!String::from_utf8_lossy(&one.body).contains("Stranger"), "{rtype} {query:?}");
        }
    }
    assert!(store.read(&bound, fhir::ResourceType::Patient, patients[0]).await.is_ok());
    let hidden = store.read(&bound, fhir::ResourceType::Patient, patients[1]).await.map(|_| ()).unwrap_err();
    assert!(matches!(hidden, chart::Error::Db(db::Error::NotFound)), "{hidden}");
}

#[tokio::test]
async fn a_tie_that_is_made_again_keeps_what_it_was() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (a, north, who) = (house.a.id(), house.a.north.0, id(RELATED));
    let tie = format!(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({a}, {north}, {who}, {}, 'family', now() - interval '3 days')",
        membership(a)
    );
    superuser.batch_execute(&tie).await.unwrap();
    let past = async |change: &str| {
        let sql = format!("UPDATE org.relationship SET {change} WHERE patient_id = {who}");
        superuser.batch_execute(&sql).await.unwrap();
        let sql = format!(
            "SELECT round(extract(epoch FROM now() - starts_at) / 86400)::int4,
                    round(extract(epoch FROM now() - ends_at) / 86400)::int4
               FROM org.relationship_past WHERE patient_id = {who} ORDER BY starts_at"
        );
        let rows = superuser.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect::<Vec<(i32, i32)>>()
    };
    let days = |n: i32| format!("now() - interval '{n} days'");
    assert_eq!(past(&format!("ends_at = {}", days(2))).await, [], "its row says it still");
    let again = format!("starts_at = {}, ends_at = 'infinity'", days(1));
    assert_eq!(past(&again).await, [(3, 2)], "in days ago");
    // A consent is taken back: what waits is no tie, and has no past when it begins.
    assert_eq!(past("starts_at = 'infinity'").await, [(3, 2), (1, 0)]);
    assert_eq!(past("starts_at = now()").await, [(3, 2), (1, 0)]);
}

/// What the database makes of a role's tie and template is what policy says of the role.
#[tokio::test]
async fn a_role_uses_records_for_what_policy_says() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    for role in ROLES.iter().filter(|role| role.plane != Plane::Platform) {
        let tie = match role.reach {
            Reach::Related(tie) => Some(tie.key()),
            Reach::Nobody | Reach::Facility => None,
        };
        let row = superuser
            .query_one(
                "INSERT INTO org.role (organization_id, role_key, title, plane, by_relationship, tie, permissions,
                     template, created_at, changed_at)
                 VALUES ($1, $2, 'x', $3, $4, $5, '{}', $2, now(), now()) RETURNING purpose",
                &[&house.a.id(), &role.key, &role.plane.key(), &tie.is_some(), &tie],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, &str>(0), role.purpose().code(), "{}", role.key);
    }
}
