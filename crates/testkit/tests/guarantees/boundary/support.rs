//! Support access at the connections of the runtime role and of the plane's.

use std::collections::BTreeMap;

use testkit::pg;

use super::furnish::furnish;
use super::tables::{membership, other};
use super::{Signer, attempt, cell, login, number, rehearse, runtime};
use crate::support::House;

/// On the plane: 1 may ask for support and is person 71, 2 may not and is 72. At the organization: who administers it is
/// person 81, and 82 has the post whose view is shared. A request of 1's waits there.
struct Scene {
    house: House,
    superuser: pg::Client,
    app: pg::Client,
    plane: pg::Client,
    signer: Signer,
}

const REQUEST: &str = "'00000000-0000-7000-8000-000000000077'";

async fn scene() -> Scene {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let a = house.a.id();
    let sql = format!(
        "INSERT INTO platform.administrator (administrator_id, person_id, name, permissions, invited_by, created_at)
         VALUES (1, 71, 'Olga', '{{platform.support}}', 0, now()), (2, 72, 'Paul', '{{platform.watch}}', 0, now());
         UPDATE org.membership SET person_id = 81, facilities = '{{{n}}}' WHERE membership_id = {m};
         UPDATE org.membership SET person_id = 82, facilities = '{{{n}}}',
                permissions = '{{chart.read,chart.write,people.invite,class.counselling,emergency.access}}'
          WHERE membership_id = {o};
         SELECT setval('org.membership_number', 900000);
         INSERT INTO org.support_request (organization_id, request_id, person_id, administrator_id, name, reason, minutes,
             writes, asked_at)
         VALUES ({a}, {REQUEST}, 71, 1, 'Olga', '\\x00', 60, false, now())",
        n = house.a.north.0,
        m = membership(a),
        o = other(a),
    );
    superuser.batch_execute(&sql).await.unwrap();
    let (app, plane, signer) =
        (runtime(&house).await, login(&house, "lamplight_platform").await, Signer::of(&superuser).await);
    Scene { house, superuser, app, plane, signer }
}

impl Scene {
    fn by(&self, membership: i32) -> String {
        self.signer
            .context(membership, &[cell(self.house.a.id(), 0), cell(self.house.a.id(), self.house.a.north.0)])
    }

    fn approval(&self) -> String {
        self.approval_with(&[])
    }

    /// An approval in which some columns are set otherwise.
    fn approval_with(&self, otherwise: &[(&str, &str)]) -> String {
        let a = self.house.a.id();
        let (by, target) = (membership(a).to_string(), other(a).to_string());
        let mut set = BTreeMap::from([
            ("verdict", "'approved'"),
            ("decided_by", by.as_str()),
            ("target_id", target.as_str()),
            ("granted_minutes", "30"),
            ("granted_write", "false"),
        ]);
        set.extend(otherwise.iter().copied());
        let set: Vec<String> = set.iter().map(|(column, value)| format!("{column} = {value}")).collect();
        format!("UPDATE org.support_request SET {} WHERE request_id = {REQUEST}", set.join(", "))
    }
}

fn code(done: Result<u64, super::Refusal>) -> Result<u64, String> {
    done.map_err(|refusal| refusal.code)
}

const REFUSED: Result<u64, &str> = Err("42501");

fn refused(done: Result<u64, super::Refusal>, what: &str) {
    assert_eq!(code(done).as_ref().map_err(String::as_str).copied(), REFUSED, "{what}");
}

#[tokio::test]
async fn the_plane_asks_in_its_own_name_and_decides_nothing() {
    let scene = scene().await;
    let a = scene.house.a.id();
    let (one, two) = (scene.signer.context(-3, &[1]), scene.signer.context(-3, &[2]));
    let ask = |person: i32, administrator: i32, name: &str| {
        format!(
            "INSERT INTO org.support_request (organization_id, request_id, person_id, administrator_id, name, reason,
                 minutes, writes, asked_at)
             VALUES ({}, gen_random_uuid(), {person}, {administrator}, '{name}', '\\x00', 60, false, '2000-01-01')",
            scene.house.b.id()
        )
    };
    assert_eq!(code(rehearse(&scene.plane, Some(&one), &ask(71, 1, "Olga")).await), Ok(1));
    for (context, sql) in [
        (Some(&one), ask(72, 1, "Olga")),
        (Some(&one), ask(71, 2, "Olga")),
        (Some(&one), ask(71, 1, "Ann of the clinic")),
        (Some(&two), ask(72, 2, "Paul")),
        (None, ask(71, 1, "Olga")),
        (Some(&one), scene.approval()),
        (Some(&one), "UPDATE org.support_request SET minutes = 240".to_owned()),
        (Some(&one), "SELECT reason FROM org.support_request".to_owned()),
        (Some(&one), "SELECT target_id FROM org.support_request".to_owned()),
        (Some(&one), "SELECT membership_id FROM org.membership".to_owned()),
        (Some(&one), "DELETE FROM org.support_request".to_owned()),
    ] {
        refused(attempt(&scene.plane, context.map(String::as_str), &sql).await, &sql);
    }
    // Each sees and ends their own.
    let count = "SELECT count(request_id) FROM org.support_request";
    assert_eq!(number(&scene.plane, Some(&one), count).await, Ok(1));
    assert_eq!(number(&scene.plane, Some(&two), count).await, Ok(0));
    let end = "UPDATE org.support_request SET ended_at = now() WHERE ended_at IS NULL";
    assert_eq!(code(rehearse(&scene.plane, Some(&two), end).await), Ok(0));
    assert_eq!(code(rehearse(&scene.plane, Some(&one), end).await), Ok(1));
    // And the runtime role asks nothing.
    for who in [scene.by(membership(a)), scene.signer.context(-1, &[cell(a, 0)]), one] {
        refused(attempt(&scene.app, Some(&who), &ask(71, 1, "Olga")).await, "asked by the runtime role");
    }
}

#[tokio::test]
async fn nothing_but_the_approval_of_who_administers_makes_the_post() {
    let scene = scene().await;
    let (a, b) = (scene.house.a.id(), scene.house.b.id());
    let ann = scene.by(membership(a));
    let anyone =
        [scene.by(other(a)), scene.signer.context(-1, &[cell(a, 0)]), scene.signer.context(0, &[cell(a, 0)])];
    for who in &anyone {
        refused(attempt(&scene.app, Some(who), &scene.approval()).await, "approved by anyone");
    }
    let foreign = scene.signer.context(membership(b), &[cell(b, 0)]);
    for who in [Some(foreign.as_str()), None] {
        assert_eq!(code(attempt(&scene.app, who, &scene.approval()).await), Ok(0));
    }
    let (somebody, foreign) = (other(a).to_string(), membership(b).to_string());
    for (column, value) in [
        ("decided_by", somebody.as_str()),
        ("target_id", &foreign),
        ("granted_minutes", "61"),
        ("granted_minutes", "4"),
        ("granted_minutes", "NULL"),
        ("granted_write", "true"),
        ("ended_at", "now()"),
        ("verdict", "'refused'"),
    ] {
        let sql = scene.approval_with(&[(column, value)]);
        let done = code(attempt(&scene.app, Some(&ann), &sql).await);
        let codes = ["42501", "23514", "23503"];
        assert!(done.as_ref().is_err_and(|code| codes.contains(&code.as_str())), "{sql}: {done:?}");
    }
    let direct = format!(
        "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, person_id, permissions,
             facilities, created_at, ends_at)
         VALUES ({a}, 900500, {}, 'support', 'x', 71, '{{chart.read}}', '{{}}', now(), now() + interval '1 hour')",
        membership(a)
    );
    for who in anyone.iter().chain([&ann]) {
        refused(attempt(&scene.app, Some(who), &direct).await, "made directly");
    }
    refused(attempt(&scene.superuser, None, &direct).await, "made directly by the superuser");
    // Whoever asked does not answer, by whichever post.
    let own = format!("UPDATE org.membership SET person_id = 71 WHERE membership_id = {}", membership(a));
    scene.superuser.batch_execute(&own).await.unwrap();
    refused(attempt(&scene.app, Some(&ann), &scene.approval()).await, "approved by who asked");
    let back = format!("UPDATE org.membership SET person_id = 81 WHERE membership_id = {}", membership(a));
    scene.superuser.batch_execute(&back).await.unwrap();
    // Nor is a portal's view shared, or one that nobody has.
    for (unfit, fit) in [("plane = 'portal'", "plane = 'staff'"), ("person_id = NULL", "person_id = 82")] {
        let set = |what: &str| format!("UPDATE org.membership SET {what} WHERE membership_id = {}", other(a));
        scene.superuser.batch_execute(&set(unfit)).await.unwrap();
        refused(attempt(&scene.app, Some(&ann), &scene.approval()).await, unfit);
        scene.superuser.batch_execute(&set(fit)).await.unwrap();
    }
    assert_eq!(code(attempt(&scene.app, Some(&ann), &scene.approval()).await), Ok(1));
    let made: (Vec<String>, i32) = {
        let sql = "SELECT permissions, parent_id FROM org.membership WHERE kind = 'support'";
        let row = scene.superuser.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(made, (vec!["chart.read".to_owned()], other(a)));
}

#[tokio::test]
async fn the_post_makes_nothing_lends_nothing_and_only_ends() {
    let scene = scene().await;
    let a = scene.house.a.id();
    let ann = scene.by(membership(a));
    assert_eq!(code(attempt(&scene.app, Some(&ann), &scene.approval()).await), Ok(1));
    let post: i32 = scene
        .superuser
        .query_one("SELECT membership_id FROM org.membership WHERE kind = 'support'", &[])
        .await
        .unwrap()
        .get(0);
    let support = scene.by(post);
    let below = format!(
        "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, created_at, ends_at)
         VALUES ({a}, {}, {post}, 'person', 'x', now(), now() + interval '1 minute')",
        post + 1
    );
    let tie = format!(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({a}, {}, gen_random_uuid(), {post}, 'care-team', now())",
        scene.house.a.north.0
    );
    let emergency = format!(
        "INSERT INTO org.emergency (organization_id, emergency_id, facility_id, patient_id, membership_id, reason,
             opened_at, ends_at)
         VALUES ({a}, gen_random_uuid(), {}, gen_random_uuid(), {post}, '\\x00', now(), now() + interval '1 hour')",
        scene.house.a.north.0
    );
    for sql in [below.clone(), tie.clone(), emergency] {
        for who in [&support, &ann] {
            refused(attempt(&scene.app, Some(who), &sql).await, &sql);
        }
    }
    refused(attempt(&scene.superuser, None, &tie).await, "tied by the superuser");
    for (table, columns, values) in [
        (
            "oauth.code",
            "digest, client_id, redirect_uri, challenge, scope, person_id, session_id, auth_time, two_factors, expires_at",
            "sha256('c'), gen_random_uuid(), 'x', repeat('c', 43), '{lamplight}', 71, gen_random_uuid(), now(), true, now()",
        ),
        (
            "oauth.access",
            "digest, client_id, scope, created_at, expires_at",
            "sha256('c'), gen_random_uuid(), '{lamplight}', now(), now()",
        ),
        (
            "org.service_token",
            "token_id, hash, name, permissions, facilities, created_at, expires_at",
            "gen_random_uuid(), sha256('c'), 'x', '{}', '{}', now(), now()",
        ),
    ] {
        let sql = format!(
            "INSERT INTO {table} (organization_id, membership_id, {columns}) VALUES ({a}, {post}, {values})"
        );
        refused(attempt(&scene.superuser, None, &sql).await, table);
    }
    refused(attempt(&scene.superuser, None, &below).await, "below, by the superuser");
    for set in [
        "ends_at = ends_at + interval '1 minute'",
        "ends_at = now()",
        "permissions = permissions || '{chart.write}'",
        "by_relationship = true",
        "person_id = 82",
        "name = 'Ann'",
    ] {
        let sql = format!("UPDATE org.membership SET {set} WHERE membership_id = {post}");
        for who in [&support, &ann, &scene.by(other(a)), &scene.signer.context(-1, &[cell(a, 0)])] {
            refused(attempt(&scene.app, Some(who), &sql).await, &sql);
        }
    }
    let access = format!("SELECT count(*) FROM org.administrators({a}) WHERE membership_id = {post}");
    assert_eq!(scene.superuser.query_one(&access, &[]).await.unwrap().get::<_, i64>(0), 0);
    let end = format!(
        "UPDATE org.support_request SET ended_at = now() + interval '1 day' WHERE request_id = {REQUEST}"
    );
    refused(attempt(&scene.app, Some(&scene.by(other(a))), &end).await, "ended by anyone");
    for change in [
        "granted_minutes = 60",
        "verdict = NULL",
        "verdict = 'refused'",
        "decided_by = NULL",
        "target_id = NULL",
    ] {
        let sql = format!("UPDATE org.support_request SET {change} WHERE request_id = {REQUEST}");
        refused(attempt(&scene.app, Some(&ann), &sql).await, change);
    }
    assert_eq!(code(rehearse(&scene.app, Some(&ann), &end).await), Ok(1));
    assert_eq!(code(attempt(&scene.app, Some(&support), &end).await), Ok(1));
    let over = "SELECT count(*) FROM org.membership WHERE kind = 'support' AND ends_at <= now()";
    assert_eq!(scene.superuser.query_one(over, &[]).await.unwrap().get::<_, i64>(0), 1);
    let again = format!("UPDATE org.support_request SET ended_at = NULL WHERE request_id = {REQUEST}");
    refused(attempt(&scene.app, Some(&ann), &again).await, "it stays ended");
}
