//! The role of the plane above organizations, at its own connection.

use std::collections::BTreeMap;

use testkit::pg;

use super::tables::furnish;
use super::{Signer, attempt, cell, login, number, rehearse};
use crate::support::House;

/// What the role holds: tables and, for UPDATE of some columns, which.
const GRANTS: [(&str, &str); 6] = [
    ("org.facility", "S"),
    ("org.organization", "S idle_seconds name portal_second_factor session_seconds"),
    ("platform.administrator", "SI ends_at permissions version"),
    ("platform.plan", "SI"),
    ("platform.subscription", "SI"),
    // No row of it: whose subdomain is whose is the operator's.
    ("platform.slug", ""),
];

#[tokio::test]
async fn the_plane_holds_the_grants_listed_and_no_other() {
    let house = House::new().await;
    let rows = house
        .superuser()
        .await
        .query(
            "SELECT c.oid::regclass::text,
                    concat_ws(' ', nullif(concat(
                        CASE WHEN has_table_privilege('lamplight_platform', c.oid, 'SELECT') THEN 'S' END,
                        CASE WHEN has_table_privilege('lamplight_platform', c.oid, 'INSERT') THEN 'I' END,
                        CASE WHEN has_table_privilege('lamplight_platform', c.oid, 'UPDATE') THEN 'U' END,
                        CASE WHEN has_table_privilege('lamplight_platform', c.oid, 'DELETE, TRUNCATE, REFERENCES, TRIGGER') THEN '!' END),
                        ''),
                        (SELECT string_agg(a.attname, ' ' ORDER BY a.attname) FROM pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                            AND has_column_privilege('lamplight_platform', c.oid, a.attnum, 'UPDATE')))
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND n.nspname !~ '^pg_(toast|temp)'",
            &[],
        )
        .await
        .unwrap();
    let held: BTreeMap<String, String> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .filter(|(_, held): &(_, String)| !held.is_empty())
        .collect();
    let listed = GRANTS.into_iter().filter(|(_, held)| !held.is_empty());
    let listed: BTreeMap<String, String> =
        listed.map(|(table, held)| (table.to_owned(), held.to_owned())).collect();
    assert_eq!(held, listed);
}

#[tokio::test]
async fn the_plane_sees_nothing_without_its_own_context_and_never_a_record() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    let plane = signer.context(-3, &[1]);
    let member = signer
        .context(house.a.id() * 1000 + 1, &[cell(house.a.id(), 0), cell(house.a.id(), house.a.north.0)]);
    let program = signer.context(-1, &[cell(house.a.id(), 0)]);
    for table in ["org.organization", "org.facility", "platform.plan", "platform.subscription"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert!(number(&client, Some(&plane), &sql).await.unwrap() > 1, "{table}");
        for other in [None, Some(member.as_str()), Some(program.as_str())] {
            assert_eq!(number(&client, other, &sql).await, Ok(0), "{table}");
        }
    }
    for table in [
        "chart.resource",
        "chart.resource_version",
        "chart.token",
        "keyring.patient_key",
        "audit.event",
        "audit.subject",
        "people.person",
        "people.session",
        "org.membership",
        "org.relationship",
        "platform.slug",
    ] {
        for context in [&plane, &member, &program] {
            let refused = number(&client, Some(context), &format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(refused.unwrap_err().code, "42501", "{table}");
        }
    }
}

#[tokio::test]
async fn the_plane_makes_organizations_and_no_posts() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    let new = |number: i32, id: i32| {
        format!(
            "SELECT platform.create_house(jsonb_build_object('organization', {number}, 'slug', 's{number}', 'name', 'x',
                'kind', 'clinic', 'kit', 'clinic', 'accent', '#112233', 'idle_seconds', 900, 'session_seconds', 3600,
                'plan', 'complete',
                'facility', jsonb_build_object('id', {id}, 'code', 'north', 'name', 'x', 'time_zone', 'UTC', 'state', 'preparing', 'hours', '[]'::jsonb),
                'roles', jsonb_build_array(jsonb_build_object('key', 'a', 'title', 'A', 'plane', 'staff', 'permissions', '[\"organization.manage\"]'::jsonb, 'hidden', '[]'::jsonb)),
                'administrator', jsonb_build_object('id', {id}, 'name', 'x', 'role', 'a')),
             sha256('x{number}'), 'x', now(), gen_random_uuid(), 'x', now())"
        )
    };
    for context in
        [None, Some(signer.context(-1, &[1])), Some(signer.context(1001, &[cell(house.a.id(), 0)]))]
    {
        let refused = attempt(&client, context.as_deref(), &new(900_001, 900_001)).await;
        assert_eq!(refused.unwrap_err().code, "42501");
    }
    let plane = signer.context(-3, &[1]);
    assert!(attempt(&client, Some(&plane), &new(900_001, 900_001)).await.is_ok());
    // Into one that is there nothing is written.
    let refused = rehearse(&client, Some(&plane), &new(house.a.id(), 900_002)).await;
    assert_eq!(refused.unwrap_err().code, "23505");
    for sql in [
        "INSERT INTO org.membership (organization_id, membership_id, kind, name, created_at) VALUES (1, 5, 'person', 'x', now())",
        "UPDATE org.membership SET permissions = '{chart.read}'",
        "UPDATE org.organization SET modules_off = '{}'",
        "INSERT INTO people.ticket (digest, purpose, state, created_at, ends_at) VALUES (sha256('y'), 'invitation', 'x', now(), now())",
        "SELECT platform.take_up(1, 1, 'x', now())",
        "SELECT platform.check_session(sha256('x'), NULL, now())",
        "SET ROLE lamplight_operator",
    ] {
        assert_eq!(attempt(&client, Some(&plane), sql).await.unwrap_err().code, "42501", "{sql}");
    }
}

#[tokio::test]
async fn who_is_on_the_plane_is_not_widened_by_sql() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    superuser
        .batch_execute(
            "INSERT INTO platform.administrator (administrator_id, person_id, name, permissions, invited_by, created_at)
             VALUES (1, 1, 'a', '{platform.watch,platform.administrators}', 0, now()),
                    (2, 2, 'b', '{platform.watch}', 0, now())",
        )
        .await
        .unwrap();
    let insert = |keys: &str, person: &str| {
        format!(
            "INSERT INTO platform.administrator (administrator_id, person_id, name, permissions, invited_by, created_at)
             VALUES (9, {person}, 'c', '{{{keys}}}', 1, now())"
        )
    };
    let (one, two) = (signer.context(-3, &[1]), signer.context(-3, &[2]));
    let code = |done: Result<u64, super::Refusal>| done.map_err(|refusal| refusal.code);
    assert_eq!(code(rehearse(&client, Some(&one), &insert("platform.watch", "NULL")).await), Ok(1));
    for (context, sql) in [
        (&one, insert("platform.plans", "NULL")),
        (&one, insert("platform.watch", "7")),
        (&two, insert("platform.watch", "NULL")),
        (&two, "UPDATE platform.administrator SET permissions = '{platform.watch}'".to_owned()),
        (
            &one,
            "UPDATE platform.administrator SET permissions = '{platform.plans}' WHERE administrator_id = 2"
                .to_owned(),
        ),
        (&one, "UPDATE platform.administrator SET person_id = 2 WHERE administrator_id = 1".to_owned()),
    ] {
        assert_eq!(code(rehearse(&client, Some(context), &sql).await), Err("42501".to_owned()), "{sql}");
    }
    let last = "UPDATE platform.administrator SET ends_at = now() WHERE administrator_id = 1";
    assert_eq!(code(rehearse(&client, Some(&one), last).await), Err("23514".to_owned()));
}

#[tokio::test]
async fn what_is_in_use_is_told_to_whom_it_concerns() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer): (pg::Client, _) = (super::runtime(&house).await, Signer::of(&superuser).await);
    let asked = |of: i32| {
        format!("SELECT coalesce(cardinality(platform.entitled({of}, now() + interval '1 hour')), -1)::int8")
    };
    let own = signer.context(1, &[cell(house.a.id(), 0)]);
    assert!(number(&client, Some(&own), &asked(house.a.id())).await.unwrap() > 0);
    assert_eq!(number(&client, Some(&own), &asked(house.b.id())).await, Ok(-1));
    assert_eq!(number(&client, None, &asked(house.a.id())).await, Ok(-1));
    // Who does not administer does not switch.
    let off = "UPDATE org.organization SET modules_off = '{family-portal}'";
    assert_eq!(attempt(&client, Some(&own), off).await.unwrap_err().code, "42501");
}
