//! What a membership makes below itself, at the runtime role's own connection: never more than it has, and what is
//! there is changed from above alone.

use super::furnish::furnish;
use super::tables::membership;
use super::{Signer, attempt, cell, number, rehearse, runtime};
use crate::support::House;
use testkit::pg;

/// The posts that the stories are about, of A.
const GRANTOR: i32 = 31;
const BOUND: i32 = 32;
const OFFERED: i32 = 33;
const TAKEN: i32 = 34;
const SERVICE: i32 = 35;
const ANN: i32 = 4_001;

struct Posts {
    house: House,
    superuser: pg::Client,
    client: pg::Client,
    signer: Signer,
}

impl Posts {
    async fn new() -> Self {
        let house = House::new().await;
        let superuser = house.superuser().await;
        furnish(&house, &superuser).await;
        let (a, north) = (house.a.id(), house.a.north);
        let posts = format!(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, person_id, permissions,
                 facilities, by_relationship, created_at, ends_at)
             VALUES ({a}, {GRANTOR}, NULL, 'person', 'x', 1, '{{chart.read,people.invite}}', '{{{north}}}', false, now(), '2040-01-01'),
                    ({a}, {BOUND}, NULL, 'person', 'x', 1, '{{chart.read}}', '{{{north}}}', true, now(), NULL),
                    ({a}, {OFFERED}, {GRANTOR}, 'person', 'x', NULL, '{{chart.read}}', '{{}}', false, now(), '2035-01-01'),
                    ({a}, {TAKEN}, {GRANTOR}, 'person', 'x', 2, '{{chart.read}}', '{{}}', false, now(), '2035-01-01'),
                    ({a}, {SERVICE}, NULL, 'service', 'x', NULL, '{{}}', '{{}}', false, now(), NULL)"
        );
        superuser.batch_execute(&posts).await.unwrap();
        let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
        Self { house, superuser, client, signer }
    }

    fn member(&self, membership: i32) -> String {
        let a = self.house.a.id();
        self.signer.context(membership, &[cell(a, 0), cell(a, self.house.a.north.0)])
    }

    fn program(&self) -> String {
        self.signer.context(-1, &[cell(self.house.a.id(), 0)])
    }

    /// The offer that `GRANTOR` may make, with one value otherwise.
    fn offer(&self, column: &str, value: &str) -> String {
        let (organization, north) = (self.house.a.id().to_string(), format!("'{{{}}}'", self.house.a.north));
        let grantor = GRANTOR.to_string();
        let mut values = vec![
            ("organization_id", organization.as_str()),
            ("membership_id", "900001"),
            ("parent_id", &grantor),
            ("kind", "'person'"),
            ("name", "'x'"),
            ("person_id", "NULL"),
            ("permissions", "'{chart.read}'"),
            ("facilities", &north),
            ("by_relationship", "false"),
            ("created_at", "now()"),
            ("ends_at", "'2039-01-01'"),
        ];
        if let Some(one) = values.iter_mut().find(|one| one.0 == column) {
            one.1 = value;
        }
        let columns: Vec<&str> = values.iter().map(|one| one.0).collect();
        let values: Vec<&str> = values.iter().map(|one| one.1).collect();
        format!("INSERT INTO org.membership ({}) VALUES ({})", columns.join(", "), values.join(", "))
    }

    #[track_caller]
    fn refused(told: Result<u64, super::Refusal>, what: &str) {
        match told {
            Err(refusal) => assert_eq!(refusal.code, "42501", "{what}: {refusal:?}"),
            Ok(touched) => panic!("{what}: {touched} rows"),
        }
    }
}

#[tokio::test]
async fn a_post_gives_no_more_than_it_has() {
    let posts = Posts::new().await;
    let context = posts.member(GRANTOR);
    let good = posts.offer("", "");
    assert_eq!(rehearse(&posts.client, Some(&context), &good).await, Ok(1));
    let (north, south) = (posts.house.a.north, posts.house.a.south);
    let own_end = posts.offer("ends_at", "'2040-01-01'");
    assert_eq!(rehearse(&posts.client, Some(&context), &own_end).await, Ok(1), "as long as its own");
    for (what, column, value) in [
        ("a permission not held", "permissions", "'{chart.read,chart.write}'".to_owned()),
        ("only a permission not held", "permissions", "'{audit.read}'".to_owned()),
        ("no permission that can be named", "permissions", "ARRAY[NULL]::text[]".to_owned()),
        ("a facility not held", "facilities", format!("'{{{north},{south}}}'")),
        ("the organization itself as a facility", "facilities", "'{0}'".to_owned()),
        ("another organization's facility", "facilities", format!("'{{{}}}'", posts.house.b.north)),
        ("later than its own end", "ends_at", "'2040-01-02'".to_owned()),
        ("without an end", "ends_at", "NULL".to_owned()),
        ("for ever", "ends_at", "'infinity'".to_owned()),
        ("another parent", "parent_id", TAKEN.to_string()),
        ("a parent of another organization", "parent_id", membership(posts.house.b.id()).to_string()),
        ("a parent that is nowhere", "parent_id", "987654".to_owned()),
        ("no parent", "parent_id", "NULL".to_owned()),
        ("a service", "kind", "'service'".to_owned()),
        ("the operator", "kind", "'operator'".to_owned()),
        ("somebody's at once", "person_id", ANN.to_string()),
        ("another organization", "organization_id", posts.house.b.id().to_string()),
    ] {
        let sql = posts.offer(column, &value);
        Posts::refused(attempt(&posts.client, Some(&context), &sql).await, what);
    }
    // A post that is bound to its patients makes none that is not.
    let bound = posts.member(BOUND);
    let below = posts.offer("parent_id", &BOUND.to_string());
    Posts::refused(attempt(&posts.client, Some(&bound), &below).await, "by_relationship dropped");
    let below = below.replace("false, now()", "true, now()");
    assert_eq!(rehearse(&posts.client, Some(&bound), &below).await, Ok(1));
    // A post that is not there, the program and a person give nothing.
    let nobody = posts.signer.context(987_654, &[cell(posts.house.a.id(), 0)]);
    let parentless = posts.offer("parent_id", "987654");
    Posts::refused(attempt(&posts.client, Some(&nobody), &parentless).await, "a post that is not there");
    let person = posts.signer.context(-2, &[cell(posts.house.a.id(), 0)]);
    for (what, context) in [("the program", posts.program()), ("a person", person)] {
        for sql in [posts.offer("", ""), posts.offer("parent_id", "NULL")] {
            Posts::refused(attempt(&posts.client, Some(&context), &sql).await, what);
        }
    }
    Posts::refused(attempt(&posts.client, None, &posts.offer("", "")).await, "no context");
    // A job stands above posts and has its cells alone.
    let job = posts.signer.context(0, &[cell(posts.house.a.id(), 0)]);
    assert_eq!(rehearse(&posts.client, Some(&job), &posts.offer("parent_id", "NULL")).await, Ok(1));
    let there = posts.offer("organization_id", &posts.house.b.id().to_string());
    Posts::refused(attempt(&posts.client, Some(&job), &there).await, "a job at another organization");
}

/// The check reads past the wall. What it reads of another organization must not show in how it refuses.
#[tokio::test]
async fn a_post_of_the_same_number_elsewhere_does_not_show() {
    let posts = Posts::new().await;
    let b = posts.house.b.id();
    let context = posts.member(GRANTOR);
    let there = posts.offer("organization_id", &b.to_string());
    let nowhere = attempt(&posts.client, Some(&context), &there).await.unwrap_err();
    let twin = format!(
        "INSERT INTO org.membership (organization_id, membership_id, kind, name, permissions, facilities, created_at)
         VALUES ({b}, {GRANTOR}, 'person', 'x', '{{chart.read}}', '{{{}}}', now())",
        posts.house.a.north
    );
    posts.superuser.batch_execute(&twin).await.unwrap();
    assert_eq!(attempt(&posts.client, Some(&context), &there).await.unwrap_err(), nowhere);
}

#[tokio::test]
async fn a_post_is_changed_from_above_and_within_what_the_changer_has() {
    let posts = Posts::new().await;
    let context = posts.member(GRANTOR);
    let (north, south) = (posts.house.a.north, posts.house.a.south);
    let set = |what: &str, id: i32| format!("UPDATE org.membership SET {what} WHERE membership_id = {id}");
    for id in [OFFERED, TAKEN] {
        for what in [
            "ends_at = now()",
            "ends_at = '2034-01-01'",
            "ends_at = '2040-01-01'",
            "permissions = '{people.invite}', denied = '{chart.read}'",
            "role = 'Aide', by_relationship = true",
            &format!("facilities = '{{{north}}}'"),
        ] {
            let sql = set(what, id);
            assert_eq!(rehearse(&posts.client, Some(&context), &sql).await, Ok(1), "{sql}");
        }
    }
    for (what, sql) in [
        ("later than its own end", set("ends_at = '2040-01-02'", TAKEN)),
        ("somebody's end away", set("ends_at = NULL", TAKEN)),
        ("for ever", set("ends_at = 'infinity'", TAKEN)),
        ("a permission not held", set("permissions = '{chart.read,chart.write}'", TAKEN)),
        ("no permission that can be named", set("permissions = ARRAY[NULL]::text[]", TAKEN)),
        ("a facility not held", set(&format!("facilities = '{{{south}}}'"), TAKEN)),
        ("its own end", set("ends_at = now()", GRANTOR)),
        ("its own permissions", set("permissions = '{chart.read,audit.report}'", GRANTOR)),
        ("its own role", set("role = 'Director'", GRANTOR)),
        ("a post beside it", set("ends_at = now()", BOUND)),
        ("a service's end", set("ends_at = now()", SERVICE)),
        ("somebody's name", set("name = 'y'", TAKEN)),
        ("a post for itself", set("person_id = 1", OFFERED)),
        ("a post taken away", set("person_id = NULL", TAKEN)),
        ("a post passed on", set("person_id = 1", TAKEN)),
        ("an end with a person", set("ends_at = now(), person_id = 1", OFFERED)),
        ("the parent", set("parent_id = NULL", TAKEN)),
        ("the plane", set("plane = 'portal'", TAKEN)),
        ("the version", set("version = 1", TAKEN)),
        ("all of it", "DELETE FROM org.membership".to_owned()),
    ] {
        Posts::refused(attempt(&posts.client, Some(&context), &sql).await, what);
    }
    // Nobody changes from below or from beside.
    for by in [OFFERED, TAKEN, BOUND, 987_654] {
        let sql = set("ends_at = now()", if by == TAKEN { GRANTOR } else { TAKEN });
        Posts::refused(attempt(&posts.client, Some(&posts.member(by)), &sql).await, "not from above");
    }
    // Whoever administers the organization changes what is not below them, and no more than they have.
    let manages = set("permissions = permissions || '{organization.manage}'", BOUND);
    posts.superuser.batch_execute(&manages).await.unwrap();
    let manager = posts.member(BOUND);
    for sql in [set("ends_at = now()", TAKEN), set("permissions = '{}'", GRANTOR)] {
        assert_eq!(rehearse(&posts.client, Some(&manager), &sql).await, Ok(1), "{sql}");
    }
    for sql in [
        set("permissions = permissions || '{people.invite}'", TAKEN),
        set("ends_at = now()", SERVICE),
        set("ends_at = now()", BOUND),
    ] {
        Posts::refused(attempt(&posts.client, Some(&manager), &sql).await, &sql);
    }
    // What was denied is given back by those who have it alone.
    let denied = "permissions = '{chart.read,people.invite}', denied = '{people.invite}'";
    posts.superuser.batch_execute(&set(denied, TAKEN)).await.unwrap();
    let back = set("denied = '{}'", TAKEN);
    Posts::refused(attempt(&posts.client, Some(&manager), &back).await, "given back");
    assert_eq!(rehearse(&posts.client, Some(&context), &back).await, Ok(1));
    // Ended is ended.
    let end = set("ends_at = '2026-01-01'", TAKEN);
    assert_eq!(attempt(&posts.client, Some(&context), &end).await, Ok(1));
    let again = set("ends_at = '2039-01-01'", TAKEN);
    Posts::refused(attempt(&posts.client, Some(&context), &again).await, "an ended post revived");
    let job = posts.signer.context(0, &[cell(posts.house.a.id(), 0)]);
    assert_eq!(rehearse(&posts.client, Some(&job), &again).await, Ok(1), "the operator's work");
    // A post of another organization is not there.
    let foreign = set("ends_at = now()", membership(posts.house.b.id()));
    assert_eq!(attempt(&posts.client, Some(&manager), &foreign).await, Ok(0));
}

#[tokio::test]
async fn a_post_stands_below_an_older_one_and_stays_there() {
    let posts = Posts::new().await;
    let a = posts.house.a.id();
    for parent in [TAKEN, 987_654, 40] {
        let sql = format!(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, created_at)
             VALUES ({a}, {}, {parent}, 'person', 'x', now())",
            parent.min(40)
        );
        let error = posts.superuser.batch_execute(&sql).await.unwrap_err();
        let code = error.as_db_error().unwrap().code().code().to_owned();
        assert!(["23514", "23503", "23505"].contains(&code.as_str()), "{parent}: {code}");
    }
    for (id, parent) in [(TAKEN, "NULL"), (TAKEN, "31"), (GRANTOR, "34"), (GRANTOR, "31")] {
        let sql = format!("UPDATE org.membership SET parent_id = {parent} WHERE membership_id = {id}");
        let moved = posts.superuser.batch_execute(&sql).await;
        assert_eq!(moved.is_ok(), (id, parent) == (TAKEN, "31"), "{sql}");
    }
}

#[tokio::test]
async fn the_program_lets_a_person_take_up_an_offer_and_changes_nothing_else() {
    let posts = Posts::new().await;
    let context = posts.program();
    let set = |what: &str, id: i32| format!("UPDATE org.membership SET {what} WHERE membership_id = {id}");
    for (what, sql) in [
        ("permissions", set("permissions = '{audit.read}'", OFFERED)),
        ("a longer offer", set("ends_at = NULL", OFFERED)),
        ("a longer offer, taken", set("person_id = 1, ends_at = '2036-01-01'", OFFERED)),
        ("an ended offer", set("ends_at = now()", OFFERED)),
        ("a name without a person", set("name = 'y'", OFFERED)),
        ("a taken post", set("person_id = 1", TAKEN)),
        ("a taken post given back", set("person_id = NULL", TAKEN)),
        ("a taken post's name", set("name = 'y'", TAKEN)),
        ("a taken post's end", set("ends_at = now()", TAKEN)),
        ("a service's person", set("person_id = 1", SERVICE)),
    ] {
        Posts::refused(attempt(&posts.client, Some(&context), &sql).await, what);
    }
    let take = set(&format!("person_id = {ANN}, name = 'Ann'"), OFFERED);
    let elsewhere = posts.signer.context(-1, &[cell(posts.house.b.id(), 0)]);
    assert_eq!(attempt(&posts.client, Some(&elsewhere), &take).await, Ok(0), "the program at B");
    assert_eq!(attempt(&posts.client, Some(&context), &take).await, Ok(1));
    let again = set("person_id = 1", OFFERED);
    Posts::refused(attempt(&posts.client, Some(&context), &again).await, "taken up twice");
}

/// A portal is a patient's or a relative's, and the table is readable.
#[tokio::test]
async fn a_portal_post_is_called_by_its_role() {
    let posts = Posts::new().await;
    let offer = posts.offer("membership_id", "900002");
    let offer = offer
        .replace("ends_at)", "ends_at, plane, role)")
        .replace("'2039-01-01')", "'2039-01-01', 'portal', 'Daughter')");
    assert_eq!(attempt(&posts.client, Some(&posts.member(GRANTOR)), &offer).await, Ok(1));
    let named = "SELECT count(*) FROM org.membership WHERE membership_id = 900002 AND name = 'Daughter'";
    assert_eq!(number(&posts.client, Some(&posts.program()), named).await, Ok(1));
    let take = "UPDATE org.membership SET person_id = 5, name = 'Ann Alder' WHERE membership_id = 900002";
    assert_eq!(attempt(&posts.client, Some(&posts.program()), take).await, Ok(1));
    assert_eq!(number(&posts.client, Some(&posts.program()), named).await, Ok(1));
}
