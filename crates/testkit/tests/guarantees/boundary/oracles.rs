//! Existence is not told: what is refused, and how, does not depend on whether the key exists at another organization.

use chart::{CreateOptions, SearchRequest};
use fhir::ResourceType;
use kernel::{PatientId, ResourceId, Version, World};

use super::furnish::furnish;
use super::own;
use super::tables::{OUTBOX, all, membership, standing};
use super::updates::updates;
use super::{Signer, attempt, cell, rehearse, runtime};
use crate::support::{House, into, note, patient};

const NOWHERE: u32 = 987_654;

#[tokio::test]
async fn a_key_of_another_organization_is_refused_like_one_that_exists_nowhere() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let client = runtime(&house).await;
    let (a, b) = (&house.a, &house.b);
    let signed =
        Signer::of(&superuser).await.context(membership(a.id()), &[cell(a.id(), 0), cell(a.id(), a.north.0)]);
    for table in all().filter(|table| table.may('I')) {
        let facility = if table.by_facility { b.north.0 } else { 0 };
        let exists = standing(b.id(), facility);
        let key = table.key;
        let endings = [
            String::new(),
            "ON CONFLICT DO NOTHING".to_owned(),
            format!("ON CONFLICT (organization_id, {key}) DO NOTHING"),
            format!("ON CONFLICT (organization_id, {key}) DO UPDATE SET organization_id = {}", a.id()),
            // The column that may be updated, where not all may.
            updates(table.name).first().map_or_else(String::new, |column| {
                format!("ON CONFLICT (organization_id, {key}) DO UPDATE SET {column} = NULL")
            }),
        ];
        for more in endings {
            let there = table.insert(b.id(), facility, exists, &more).unwrap();
            let nowhere = table.insert(b.id(), facility, NOWHERE, &more).unwrap();
            let there = attempt(&client, Some(&signed), &there).await.unwrap_err();
            let nowhere = attempt(&client, Some(&signed), &nowhere).await.unwrap_err();
            assert_eq!(there, nowhere, "{} {more}", table.name);
            assert_eq!(there.code, "42501", "{} {more}", table.name);
        }
    }
}

#[tokio::test]
async fn a_key_of_another_organization_is_free_here() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let client = runtime(&house).await;
    let (a, b) = (&house.a, &house.b);
    let signed =
        Signer::of(&superuser).await.context(membership(a.id()), &[cell(a.id(), 0), cell(a.id(), a.north.0)]);
    for table in all().filter(|table| table.may('I')) {
        for facility in if table.by_facility { vec![0, b.north.0, b.south.0] } else { vec![0] } {
            let sql = table.insert(a.id(), a.north.0, standing(b.id(), facility), "").unwrap();
            assert_eq!(rehearse(&client, Some(&signed), &sql).await, Ok(1), "{sql}");
        }
    }
}

/// A foreign key looks past the walls. It tells nothing where whoever may write the referring row sees every row that
/// could be named in it: those that agree with it in the columns that the wall fixes.
#[tokio::test]
async fn a_foreign_key_names_only_rows_that_its_writer_sees() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    own::furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let keys = superuser
        .query(
            "SELECT k.conrelid::regclass::text || ' ' || k.conname, k.conrelid::regclass::text,
                    k.confrelid::regclass::text,
                    ARRAY(SELECT x.attname::text FROM generate_subscripts(k.conkey, 1) s
                            JOIN pg_attribute x ON x.attrelid = k.conrelid AND x.attnum = k.conkey[s]
                            JOIN pg_attribute y ON y.attrelid = k.confrelid AND y.attnum = k.confkey[s]
                           WHERE x.attname = y.attname AND EXISTS (
                             SELECT 1 FROM pg_policy p JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                              WHERE p.polrelid = k.conrelid AND NOT p.polpermissive AND d.refclassid = 'pg_class'::regclass
                                AND d.refobjid = k.conrelid AND d.refobjsubid = x.attnum))
               FROM pg_constraint k
              WHERE k.contype = 'f' AND (has_table_privilege('lamplight_app', k.conrelid, 'INSERT, UPDATE')
                 OR has_any_column_privilege('lamplight_app', k.conrelid, 'INSERT, UPDATE'))",
            &[],
        )
        .await
        .unwrap();
    let mut telling = Vec::new();
    for key in keys {
        let (name, from, to): (String, String, String) = (key.get(0), key.get(1), key.get(2));
        let fixed: Vec<String> = key.get(3);
        let fixed: String = fixed.iter().map(|column| format!(" AND t.{column} = f.{column}")).collect();
        // Once as the writer sees it and once as it is.
        let could_name =
            format!("SELECT count(*) FROM {to} t WHERE EXISTS (SELECT 1 FROM {from} f WHERE true{fixed})");
        let mut writers = 0;
        for (who, context) in own::contexts(&house, &signer) {
            let places = format!("SELECT coalesce(string_agg(DISTINCT f.ctid::text, ','), '') FROM {from} f");
            client.batch_execute("BEGIN").await.unwrap();
            client.query("SELECT set_config('lamplight.context', $1, true)", &[&context]).await.unwrap();
            let places: String = client.query_one(&places, &[]).await.unwrap().get(0);
            let seen: i64 = client.query_one(&could_name, &[]).await.unwrap().get(0);
            client.batch_execute("ROLLBACK").await.unwrap();
            if places.is_empty() {
                continue;
            }
            writers += 1;
            let reached = format!("f.ctid::text = ANY (regexp_split_to_array('{places}', ',(?=\\()'))");
            let there = could_name.replace("WHERE true", &format!("WHERE {reached}"));
            let there: i64 = superuser.query_one(&there, &[]).await.unwrap().get(0);
            if seen != there {
                telling.push(format!("{name}: {who} sees {seen} of {there} that it could name"));
            }
        }
        assert!(writers > 0, "{name}: nobody here may write it, so nothing is shown");
    }
    assert!(telling.is_empty(), "{telling:#?}");
}

/// Facilities of one organization share its keys, so a key of the neighbour's is taken. That tells nothing to someone
/// who cannot guess the key: it must hold a UUID or a hash, or be given by the database.
#[tokio::test]
async fn keys_that_facilities_share_cannot_be_guessed() {
    let house = House::new().await;
    let rows = house
        .superuser()
        .await
        .query(
            "SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text,
                    bool_or(a.attname = 'facility_id' OR a.atttypid IN ('uuid'::regtype, 'bytea'::regtype)),
                    has_table_privilege('lamplight_app', i.indrelid, 'INSERT')
               FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
               JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE i.indisunique AND NOT c.relispartition AND n.nspname IN ('org', 'keyring', 'chart', 'audit', 'ops')
                AND EXISTS (SELECT 1 FROM pg_attribute f WHERE f.attrelid = i.indrelid AND f.attname = 'facility_id')
              GROUP BY 1, 2, 4, i.indrelid",
            &[],
        )
        .await
        .unwrap();
    assert!(rows.len() >= 9, "{}", rows.len());
    for row in rows {
        let (table, index): (String, String) = (row.get(0), row.get(1));
        let (closed, insertable): (bool, bool) = (row.get(2), row.get(3));
        assert!(closed || !insertable || table == OUTBOX.name, "{index}");
    }
}

/// What the store answers, in all that a caller can see of it.
fn answer<T>(told: Result<T, chart::Error>) -> (u16, String) {
    match told {
        Ok(_) => (200, String::new()),
        Err(error) => (error.status(), format!("{:?}", error.issues())),
    }
}

#[tokio::test]
async fn through_the_store_a_record_out_of_reach_answers_like_one_that_does_not_exist() {
    let house = House::new().await;
    let (store, a, b) = (&house.store, &house.a, &house.b);
    let mut there = Vec::new();
    for (ctx, facility) in [(house.everywhere(a), a.south), (house.everywhere(b), b.north)] {
        let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
        let person =
            store.create(&ctx, ResourceType::Patient, &patient("There"), options).await.unwrap().document.id;
        let body = note(person, 1, "there");
        let note =
            store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
        there.push((person, note.document.id));
    }
    let ctx = house.at(a, &[a.north]);
    let nowhere = (ResourceId(World::system().uuid()), ResourceId(World::system().uuid()));
    let mut answers: Vec<Vec<(u16, String)>> = Vec::new();
    for (person, observation) in there.into_iter().chain([nowhere]) {
        let (version, body) = (Some(Version::FIRST), note(person, 1, "x"));
        let kind = ResourceType::Observation;
        let query = [("patient".to_owned(), person.to_string())];
        let search = SearchRequest { rtype: kind, compartment: None, query: &query };
        let inside = SearchRequest { rtype: kind, compartment: Some(PatientId(person.0)), query: &[] };
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"request":{{"method":"DELETE","url":"Observation/{observation}","ifMatch":"W/\"1\""}}}}]}}"#
        );
        let found = store
            .search(&ctx, search)
            .await
            .map(|page| assert_eq!((page.entries.len(), page.total), (0, Some(0))));
        let compartment = store
            .search(&ctx, inside)
            .await
            .map(|page| assert_eq!((page.entries.len(), page.total), (0, Some(0))));
        answers.push(vec![
            answer(store.read(&ctx, ResourceType::Patient, person).await),
            answer(store.read(&ctx, kind, observation).await),
            answer(store.read_version(&ctx, kind, observation, Version::FIRST).await),
            answer(store.history(&ctx, kind, observation, 10, None).await),
            answer(store.update(&ctx, kind, observation, version, &body).await),
            answer(store.update(&ctx, kind, observation, None, &body).await),
            answer(store.delete(&ctx, kind, observation, version).await),
            answer(store.delete(&ctx, kind, observation, Some(Version(7))).await),
            answer(store.create(&ctx, kind, &body, CreateOptions::default()).await),
            answer(store.process(&ctx, bundle.as_bytes(), None).await),
            answer(store.facility_of(&ctx, PatientId(person.0)).await),
            answer(found),
            answer(compartment),
        ]);
    }
    let nowhere = answers.pop().unwrap();
    for there in answers {
        assert_eq!(there, nowhere);
    }
}

#[tokio::test]
async fn an_import_does_not_tell_what_a_neighbouring_facility_has() {
    let house = House::new().await;
    let (store, a) = (&house.store, &house.a);
    let line = |id: &str| format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female"}}"#);
    let south = house.at(a, &[a.south]);
    store.import_lines(&south, &[line("mrn-1").as_bytes()], &into(a.south)).await.unwrap();
    let north = house.at(a, &[a.north]);
    let mut outcomes = Vec::new();
    for id in ["mrn-1", "mrn-2"] {
        let told = store.import_lines(&north, &[line(id).as_bytes()], &into(a.north)).await;
        outcomes
            .push(told.map(|report| report.records[0].outcome.clone()).map_err(|error| error.to_string()));
    }
    assert_eq!(outcomes[0], outcomes[1], "the same number at another facility of the organization shows");
}
