//! The role of the plane above organizations, at its own connection.

use std::collections::BTreeMap;

use testkit::pg;

use super::furnish::furnish;
use super::{Signer, attempt, cell, login, number, rehearse};
use crate::support::House;

/// What the role holds: tables and, for UPDATE of some columns, which.
const GRANTS: [(&str, &str); 9] = [
    ("org.facility", "S"),
    ("org.organization", "S idle_seconds name portal_second_factor session_seconds version"),
    // Of requests for support it reads and writes columns: see support.rs.
    ("org.support_request", "ended_at"),
    ("platform.administrator", "SI ends_at permissions version"),
    ("platform.announcement", "SI withdrawn_at"),
    ("platform.plan", "SI"),
    ("platform.reading", "SI"),
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
    superuser
        .batch_execute(&format!(
            "INSERT INTO platform.reading (organization_id, month, clinicians, lines, taken_at, taken_by)
             VALUES ({a}, '2026-01-01', 1, '[]', now(), 1), ({b}, '2026-01-01', 1, '[]', now(), 1);
             INSERT INTO platform.announcement (announcement_id, title, text, level, starts_at, ends_at, created_at, created_by)
             VALUES (gen_random_uuid(), 'x', 'x', 'info', now(), now() + interval '1 day', now(), 1),
                    (gen_random_uuid(), 'x', 'x', 'info', now(), now() + interval '1 day', now(), 1)",
            a = house.a.id(),
            b = house.b.id()
        ))
        .await
        .unwrap();
    for table in [
        "org.organization",
        "org.facility",
        "platform.plan",
        "platform.subscription",
        "platform.reading",
        "platform.announcement",
    ] {
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

/// What the plane may call, and what each function gives to a context of anyone else.
#[tokio::test]
async fn what_the_plane_counts_is_counted_for_the_plane_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let rows = superuser
        .query(
            "SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND has_function_privilege('lamplight_platform', p.oid, 'EXECUTE') ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let known = [
        "platform.count_clinicians",
        "platform.count_sessions",
        "platform.create_house",
        "platform.entitled",
        "platform.figures",
        "platform.find_administrator",
        "platform.vitals",
        "sec.cells",
    ];
    assert_eq!(there, known);
    let (client, signer) = (login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    let plane = signer.context(-3, &[1]);
    let member = signer.context(house.a.id() * 1000 + 1, &[cell(house.a.id(), 0)]);
    let program = signer.context(-1, &[cell(house.a.id(), 0)]);
    let (a, since) = (house.a.id(), "now() - interval '1 year', now() + interval '1 day'");
    // The events that stand in the tables are of a post that is a person's here, and of a type that is asked for.
    superuser
        .batch_execute(
            "UPDATE org.membership SET person_id = membership_id;
             UPDATE audit.event e SET action = 'chart.create', resource_type = 7, at = now(),
                    membership_id = (SELECT min(m.membership_id) FROM org.membership m WHERE m.organization_id = e.organization_id)",
        )
        .await
        .unwrap();
    for (sql, at_least) in [
        (format!("SELECT platform.count_clinicians({a}, '{{7}}', {since})::int8"), 1),
        ("SELECT count(*) FROM platform.count_sessions(now())".to_owned(), 3),
        ("SELECT count(*) FROM platform.figures(1::int2, now())".to_owned(), 2),
        ("SELECT count(*) FROM platform.vitals(now())".to_owned(), 1),
    ] {
        assert!(number(&client, Some(&plane), &sql).await.unwrap() >= at_least, "{sql}");
        for other in [None, Some(member.as_str()), Some(program.as_str())] {
            assert_eq!(number(&client, other, &sql).await, Ok(0), "{sql}");
        }
    }
    // What the operator's functions lean on is nobody else's.
    for sql in [
        format!("SELECT records FROM chart.count_records({a}, 1::int2)"),
        format!("SELECT chart.wrote_one_of({a}, ''::bytea, '{{1}}')::int::int8"),
    ] {
        assert_eq!(number(&client, Some(&plane), &sql).await.unwrap_err().code, "42501", "{sql}");
        let runtime = super::runtime(&house).await;
        assert_eq!(number(&runtime, Some(&member), &sql).await.unwrap_err().code, "42501", "{sql}");
    }
}

#[tokio::test]
async fn a_reading_and_an_announcement_are_not_written_anew() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    let plane = signer.context(-3, &[1]);
    let reading = |month: &str| {
        format!(
            "INSERT INTO platform.reading (organization_id, month, clinicians, lines, taken_at, taken_by)
             VALUES ({}, {month}, 1, '[]', now(), 1)",
            house.a.id()
        )
    };
    assert_eq!(attempt(&client, Some(&plane), &reading("'2026-01-01'")).await, Ok(1));
    // Not twice, and not of a month that runs.
    assert_eq!(attempt(&client, Some(&plane), &reading("'2026-01-01'")).await.unwrap_err().code, "23505");
    let running = "date_trunc('month', now() AT TIME ZONE 'UTC')::date";
    assert_eq!(attempt(&client, Some(&plane), &reading(running)).await.unwrap_err().code, "23514");
    for sql in [
        "UPDATE platform.reading SET clinicians = 0",
        "DELETE FROM platform.reading",
        "UPDATE platform.announcement SET text = 'other'",
        "UPDATE platform.announcement SET organizations = NULL",
        "DELETE FROM platform.announcement",
    ] {
        assert_eq!(attempt(&client, Some(&plane), sql).await.unwrap_err().code, "42501", "{sql}");
    }
}

#[tokio::test]
async fn an_announcement_is_read_by_whom_it_names() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (a, b) = (house.a.id(), house.b.id());
    let announce = |organizations: &str, starts: &str, ends: &str, withdrawn: &str| {
        format!(
            "INSERT INTO platform.announcement (announcement_id, title, text, level, organizations, starts_at, ends_at, created_at,
                 created_by, withdrawn_at)
             VALUES (gen_random_uuid(), 'x', 'x', 'info', {organizations}, now() + {starts}, now() + {ends}, now(), 1, {withdrawn});"
        )
    };
    let (past, soon, day) = ("interval '-1 hour'", "interval '1 hour'", "interval '1 day'");
    let all = [
        announce("NULL", past, day, "NULL"),
        announce(&format!("'{{{b}}}'"), past, day, "NULL"),
        announce(&format!("'{{{b}}}'"), past, day, "NULL"),
        announce("NULL", soon, day, "NULL"),
        announce("NULL", past, "interval '-1 minute'", "NULL"),
        announce("NULL", past, day, "now()"),
    ];
    superuser.batch_execute(&all.concat()).await.unwrap();
    let (client, signer) = (super::runtime(&house).await, Signer::of(&superuser).await);
    let count = "SELECT count(*) FROM platform.announcements(now())";
    let north = house.a.north.0;
    for (context, seen) in [
        (Some(signer.context(1, &[cell(a, 0), cell(a, north)])), 1),
        (Some(signer.context(1, &[cell(a, 0), -cell(a, north)])), 1),
        (Some(signer.context(1, &[cell(b, 0)])), 3),
        (Some(signer.context(-1, &[cell(b, 0)])), 0),
        (Some(signer.context(-2, &[1])), 0),
        (None, 0),
    ] {
        assert_eq!(number(&client, context.as_deref(), count).await, Ok(seen));
    }
}
