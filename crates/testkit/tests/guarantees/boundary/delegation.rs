//! Grants down chains of any depth: what is left of them at use, and what happens when two reach for them at once.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{SeededEntropy, SystemClock, World};
use testkit::pg;

use super::{Signer, attempt, cell, number, rehearse, runtime};
use crate::support::{House, say};

/// An expression of a text array.
fn texts(all: &[&str]) -> String {
    format!("'{{{}}}'", all.join(","))
}

/// A membership's row in SQL: number, parent, permissions, denied, facilities, bound, end.
fn row(
    organization: i32,
    (id, parent): (i32, Option<i32>),
    permissions: &str,
    denied: &str,
    facilities: &str,
    more: &str,
) -> String {
    let parent = parent.map_or("NULL".to_owned(), |parent| parent.to_string());
    format!(
        "({organization}, {id}, {parent}, 'person', 'x', {id}, {permissions}, {denied}, {facilities}, now(), {more})"
    )
}

fn insert(rows: &[String]) -> String {
    format!(
        "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, person_id, permissions,
             denied, facilities, created_at, by_relationship, ends_at) VALUES {}",
        rows.join(", ")
    )
}

/// A chain of 50 posts that all hold the same, beginning at 101.
async fn chain(house: &House, superuser: &pg::Client) {
    let (a, north) = (house.a.id(), format!("'{{{}}}'", house.a.north));
    let held = texts(&["chart.read", "people.invite"]);
    let rows: Vec<String> = (101..=150)
        .map(|id| row(a, (id, (id > 101).then_some(id - 1)), &held, "'{}'", &north, "false, NULL"))
        .collect();
    superuser.batch_execute(&insert(&rows)).await.unwrap();
}

fn holds(organization: i32, membership: i32) -> String {
    format!(
        "SELECT count(*) FROM org.effective({organization}, {membership}, now()) e
          WHERE e.alive AND 'chart.read' = ANY (e.permissions) AND cardinality(e.facilities) = 1"
    )
}

#[tokio::test]
async fn fifty_posts_down_a_key_holds_while_every_post_above_holds_it() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    chain(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, north) = (house.a.id(), house.a.north);
    let last = signer.context(150, &[cell(a, 0), cell(a, north.0)]);
    assert_eq!(number(&client, Some(&last), &holds(a, 150)).await, Ok(1));
    let offer = format!(
        "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, permissions, facilities,
             created_at) VALUES ({a}, 151, 150, 'person', 'x', '{{chart.read}}', '{{{north}}}', now())"
    );
    assert_eq!(rehearse(&client, Some(&last), &offer).await, Ok(1));
    for above in 101..150 {
        for taken in [
            "permissions = '{people.invite}'",
            "denied = '{chart.read}'",
            "facilities = '{}'",
            "ends_at = now() - interval '1 second'",
        ] {
            superuser.batch_execute("BEGIN").await.unwrap();
            let set = format!("UPDATE org.membership SET {taken} WHERE membership_id = {above}");
            superuser.batch_execute(&set).await.unwrap();
            let left: i64 = superuser.query_one(&holds(a, 150), &[]).await.unwrap().get(0);
            assert_eq!(left, 0, "{above}: {taken}");
            superuser.batch_execute("ROLLBACK").await.unwrap();
        }
    }
    // What it has no longer it does not give.
    for taken in ["denied = '{chart.read}'", "facilities = '{}'", "ends_at = now()"] {
        let set = format!("UPDATE org.membership SET {taken} WHERE membership_id = 120");
        superuser.batch_execute(&set).await.unwrap();
        let refused = attempt(&client, Some(&last), &offer).await.unwrap_err();
        assert_eq!(refused.code, "42501", "{taken}");
        let back =
            "UPDATE org.membership SET denied = '{}', facilities = (SELECT facilities FROM org.membership
            WHERE membership_id = 101), ends_at = NULL WHERE membership_id = 120";
        superuser.batch_execute(back).await.unwrap();
    }
    assert_eq!(rehearse(&client, Some(&last), &offer).await, Ok(1));
}

const KEYS: [&str; 6] =
    ["chart.read", "chart.write", "class.counselling", "people.invite", "people.end", "organization.manage"];

/// A post of the oracle's.
struct Post {
    parent: Option<i32>,
    permissions: BTreeSet<&'static str>,
    denied: BTreeSet<&'static str>,
    facilities: BTreeSet<i32>,
    bound: bool,
    ended: bool,
}

/// What the naive reading of the rule gives: permissions, facilities, bound, alive.
type Told = (BTreeSet<String>, BTreeSet<i32>, bool, bool);

fn oracle(posts: &BTreeMap<i32, Post>, id: i32) -> Told {
    let mut above = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        above.push(&posts[&id]);
        next = posts[&id].parent;
    }
    let permissions = KEYS
        .into_iter()
        .filter(|key| above.iter().all(|post| post.permissions.contains(key) && !post.denied.contains(key)));
    let facilities =
        posts[&id].facilities.iter().filter(|site| above.iter().all(|post| post.facilities.contains(site)));
    (
        permissions.map(str::to_owned).collect(),
        facilities.copied().collect(),
        above.iter().any(|post| post.bound),
        !above.iter().any(|post| post.ended),
    )
}

fn grown(dice: &World, size: i32) -> BTreeMap<i32, Post> {
    let roll = |below: u32| u32::from_le_bytes(dice.random::<4>()) % below;
    let mut posts = BTreeMap::new();
    for id in 1..=size {
        // Deep rather than broad: a parent is one of the last hundred, and a few have none.
        let parent =
            (id > 1 && roll(500) > 0).then(|| id - 1 - i32::try_from(roll(100)).unwrap().min(id - 2));
        let sites = (1..=4).filter(|_| roll(20) > 0).collect();
        let post = Post {
            parent,
            permissions: KEYS.into_iter().filter(|_| roll(15) > 0).collect(),
            denied: KEYS.into_iter().filter(|_| roll(60) == 0).collect(),
            facilities: sites,
            bound: roll(40) == 0,
            ended: roll(80) == 0,
        };
        posts.insert(id, post);
    }
    posts
}

#[tokio::test]
async fn ten_thousand_posts_of_random_trees_may_do_what_the_naive_rule_says() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let a = house.a.id();
    for seed in [7, 8] {
        let dice =
            World::new(std::sync::Arc::new(SystemClock), std::sync::Arc::new(SeededEntropy::new(seed)));
        let posts = grown(&dice, 10_000);
        let rows: Vec<String> = posts
            .iter()
            .map(|(id, post)| {
                let texts = |set: &BTreeSet<&'static str>| texts(&set.iter().copied().collect::<Vec<_>>());
                let sites: Vec<String> = post.facilities.iter().map(i32::to_string).collect();
                let end = if post.ended { "now()" } else { "NULL" };
                let more = format!("{}, {end}", post.bound);
                let sites = format!("'{{{}}}'", sites.join(","));
                row(a, (*id, post.parent), &texts(&post.permissions), &texts(&post.denied), &sites, &more)
            })
            .collect();
        superuser.batch_execute(&insert(&rows)).await.unwrap();
        for sql in [
            "SELECT membership_id, permissions, facilities, by_relationship, alive FROM org.below($1, NULL, now())",
            "SELECT m.membership_id, e.permissions, e.facilities, e.by_relationship, e.alive FROM org.membership m,
                    LATERAL org.effective($1, m.membership_id, now()) e WHERE m.organization_id = $1",
            "SELECT b.membership_id, b.permissions, b.facilities, b.by_relationship, b.alive
               FROM org.below($1, (SELECT max(parent_id) / 2 FROM org.membership WHERE organization_id = $1), now()) b",
        ] {
            let began = std::time::Instant::now();
            let told = superuser.query(sql, &[&a]).await.unwrap();
            say(&format!("{} posts in {:?}", told.len(), began.elapsed()));
            assert!(told.len() == posts.len() || sql.contains("/ 2"));
            for row in told {
                let id: i32 = row.get(0);
                let permissions: Vec<String> = row.get(1);
                let facilities: Vec<i32> = row.get(2);
                let told: Told = (
                    permissions.into_iter().collect(),
                    facilities.into_iter().collect(),
                    row.get(3),
                    row.get(4),
                );
                assert_eq!(told, oracle(&posts, id), "{seed}: {id}");
            }
        }
        superuser.batch_execute("DELETE FROM org.membership").await.unwrap();
    }
}

/// Whoever grants holds the chain; whoever revokes waits for the grant or is seen by it.
#[tokio::test]
async fn a_grant_that_races_a_revocation_leaves_nothing_alive() {
    const RACES: i32 = 1_000;
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (a, none) = (house.a.id(), "'{}'");
    let (everything, manage) = (texts(&["people.invite", "chart.read"]), texts(&["organization.manage"]));
    let mut rows = vec![row(a, (11, None), &everything, none, none, "false, NULL")];
    rows.push(row(a, (12, None), &manage, none, none, "false, NULL"));
    // Of each pair the upper is revoked while the lower makes a grant.
    for n in 0..RACES {
        rows.push(row(a, (1_000 + 2 * n, Some(11)), &everything, none, none, "false, NULL"));
        rows.push(row(a, (1_001 + 2 * n, Some(1_000 + 2 * n)), &everything, none, none, "false, NULL"));
    }
    superuser.batch_execute(&insert(&rows)).await.unwrap();
    let signer = Signer::of(&superuser).await;
    let (granting, revoking) = (runtime(&house).await, runtime(&house).await);
    let (mut granted, mut refused) = (0, 0);
    for n in 0..RACES {
        let (upper, lower, made) = (1_000 + 2 * n, 1_001 + 2 * n, 100_000 + n);
        let grant = format!(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, permissions, created_at)
             VALUES ({a}, {made}, {lower}, 'person', 'x', '{{chart.read}}', now())"
        );
        let revoke =
            format!("UPDATE org.membership SET ends_at = clock_timestamp() WHERE membership_id = {upper}");
        let (grantor, revoker) = (signer.context(lower, &[cell(a, 0)]), signer.context(12, &[cell(a, 0)]));
        let (first, second) = tokio::join!(
            attempt(&granting, Some(&grantor), &grant),
            attempt(&revoking, Some(&revoker), &revoke)
        );
        assert_eq!(second, Ok(1), "{n}");
        match first {
            Ok(_) => granted += 1,
            Err(refusal) => {
                assert_eq!(refusal.code, "42501", "{n}: {refusal:?}");
                refused += 1;
            }
        }
        // Now that both are through there is no more to give below it.
        let late = grant.replace(&format!("{made}, {lower}"), &format!("{}, {lower}", made + RACES));
        assert_eq!(attempt(&granting, Some(&grantor), &late).await.unwrap_err().code, "42501", "{n}");
    }
    let alive = format!(
        "SELECT count(*) FROM org.membership m, LATERAL org.effective({a}, m.membership_id, clock_timestamp()) e
          WHERE m.membership_id >= 1000 AND e.alive"
    );
    let alive: i64 = superuser.query_one(&alive, &[]).await.unwrap().get(0);
    say(&format!("{granted} grants came first, {refused} were refused"));
    assert_eq!(alive, 0);
}

/// Holds what the other has begun until it is known which of two connections came first.
#[tokio::test]
async fn a_revocation_waits_for_the_grant_below_it_and_a_grant_for_the_revocation() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    chain(&house, &superuser).await;
    let (a, signer) = (house.a.id(), Signer::of(&superuser).await);
    let (one, other) = (runtime(&house).await, runtime(&house).await);
    let grantor = signer.context(150, &[cell(a, 0)]);
    let root = signer.context(101, &[cell(a, 0)]);
    let grant = |id: i32| {
        format!(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, created_at)
             VALUES ({a}, {id}, 150, 'person', 'x', now())"
        )
    };
    let end = "UPDATE org.membership SET ends_at = clock_timestamp() WHERE membership_id = 125";
    let begin = async |client: &pg::Client, context: &str, sql: &str| {
        client.batch_execute("BEGIN").await.unwrap();
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&context]).await.unwrap();
        client.execute(sql, &[]).await.unwrap();
    };
    // The grant is first: who ends a post far above it waits.
    begin(&one, &grantor, &grant(200)).await;
    other.batch_execute("SET lock_timeout = '200ms'").await.unwrap();
    assert_eq!(attempt(&other, Some(&root), end).await.unwrap_err().code, "55P03");
    one.batch_execute("COMMIT").await.unwrap();
    // The revocation is first: the grant waits, and then sees it.
    begin(&other, &root, end).await;
    let waiting = async {
        let refused = attempt(&one, Some(&grantor), &grant(201)).await;
        refused.unwrap_err().code
    };
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (refused, ()) = tokio::join!(waiting, ending);
    assert_eq!(refused, "42501");
    assert_eq!(number(&one, Some(&root), &holds(a, 200)).await, Ok(0));
}

/// How many administrators are left.
async fn administrators(superuser: &pg::Client) -> i64 {
    let sql =
        "SELECT count(*) FROM org.membership m, LATERAL org.effective(m.organization_id, m.membership_id,
                      clock_timestamp()) e WHERE e.alive AND 'organization.manage' = ANY (e.permissions)
                  AND m.kind = 'person' AND m.person_id IS NOT NULL";
    superuser.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn of_two_administrators_who_end_each_other_at_once_one_stays() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (a, manage) = (house.a.id(), texts(&["organization.manage"]));
    let signer = Signer::of(&superuser).await;
    let (one, other) = (runtime(&house).await, runtime(&house).await);
    for n in 0..100 {
        let (ann, ben) = (1_000 + 2 * n, 1_001 + 2 * n);
        let rows = [ann, ben].map(|id| row(a, (id, None), &manage, "'{}'", "'{}'", "false, NULL"));
        superuser.batch_execute(&insert(&rows)).await.unwrap();
        let end = |id: i32| match n % 3 {
            0 => format!("UPDATE org.membership SET ends_at = clock_timestamp() WHERE membership_id = {id}"),
            1 => format!("UPDATE org.membership SET permissions = '{{}}' WHERE membership_id = {id}"),
            _ => format!("UPDATE org.membership SET denied = permissions WHERE membership_id = {id}"),
        };
        let (by_ann, by_ben) = (signer.context(ann, &[cell(a, 0)]), signer.context(ben, &[cell(a, 0)]));
        let (end_ben, end_ann) = (end(ben), end(ann));
        let (first, second) =
            tokio::join!(attempt(&one, Some(&by_ann), &end_ben), attempt(&other, Some(&by_ben), &end_ann));
        let done = [&first, &second].into_iter().filter(|done| done.is_ok()).count();
        assert_eq!(done, 1, "{n}: {first:?} {second:?}");
        for refusal in [first, second].into_iter().filter_map(Result::err) {
            // Not a deadlock: whoever comes second is no administrator any more.
            assert_eq!(refusal.code, "42501", "{n}: {refusal:?}");
        }
        assert_eq!(administrators(&superuser).await, 1, "{n}");
        superuser.batch_execute("DELETE FROM org.membership").await.unwrap();
    }
}

#[tokio::test]
async fn the_last_administrator_is_not_ended_from_above_below_or_beside() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (a, manage) = (house.a.id(), texts(&["organization.manage", "chart.read"]));
    let none = "'{}'";
    // A service above all; below it a director, and below the director the administrator and an offer nobody took.
    let rows = [
        row(a, (21, None), &manage, none, none, "false, NULL")
            .replace("'person', 'x', 21", "'service', 'x', NULL"),
        row(a, (22, Some(21)), &manage, none, none, "false, NULL").replace("'x', 22", "'x', NULL"),
        row(a, (23, Some(22)), &manage, none, none, "false, NULL"),
        row(a, (24, Some(22)), &manage, none, none, "false, NULL").replace("'x', 24", "'x', NULL"),
        row(a, (25, Some(22)), &manage, none, none, "false, now() - interval '1 day'"),
        row(a, (26, Some(23)), "'{chart.read}'", none, none, "false, NULL"),
    ];
    superuser.batch_execute(&insert(&rows)).await.unwrap();
    assert_eq!(administrators(&superuser).await, 1);
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let service = signer.context(21, &[cell(a, 0)]);
    let set = |what: &str, id: i32| format!("UPDATE org.membership SET {what} WHERE membership_id = {id}");
    for id in [22, 23] {
        for what in [
            "ends_at = clock_timestamp()",
            "ends_at = now() + interval '1 year'",
            "permissions = '{chart.read}'",
            "denied = '{organization.manage}'",
        ] {
            let refusal = attempt(&client, Some(&service), &set(what, id)).await.unwrap_err();
            assert_eq!(refusal.code, "23514", "{id}: {what}: {refusal:?}");
            assert!(refusal.message.contains("keeps an administrator"), "{refusal:?}");
        }
    }
    let below = signer.context(23, &[cell(a, 0)]);
    let from_below = attempt(&client, Some(&below), &set("permissions = '{}'", 22)).await;
    assert_eq!(from_below.unwrap_err().code, "23514");
    // What is not the administration is theirs to lose; who is no administrator may go.
    for sql in [
        set("permissions = '{organization.manage}', role = 'Director'", 22),
        set("ends_at = clock_timestamp()", 24),
        set("ends_at = clock_timestamp()", 26),
    ] {
        assert_eq!(rehearse(&client, Some(&service), &sql).await, Ok(1), "{sql}");
    }
    // With a second one beside, the first may go; the operator may end the last.
    let second = [row(a, (27, None), &manage, none, none, "false, NULL")];
    superuser.batch_execute(&insert(&second)).await.unwrap();
    let end = set("ends_at = clock_timestamp()", 22);
    assert_eq!(attempt(&client, Some(&service), &end).await, Ok(1));
    let last = set("ends_at = clock_timestamp()", 27);
    assert_eq!(attempt(&client, Some(&service), &last).await.unwrap_err().code, "23514");
    let job = signer.context(0, &[cell(a, 0)]);
    assert_eq!(attempt(&client, Some(&job), &last).await, Ok(1));
    assert_eq!(administrators(&superuser).await, 0);
}

#[tokio::test]
async fn a_scribe_reaches_the_patients_whom_every_bound_post_above_shares() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (a, north, none) = (house.a.id(), house.a.north.0, "'{}'");
    // An unbound chief, a bound physician, an unbound assistant, a bound scribe.
    let rows = [(31, None, false), (32, Some(31), true), (33, Some(32), false), (34, Some(33), true)]
        .map(|(id, parent, bound)| row(a, (id, parent), none, none, none, &format!("{bound}, NULL")));
    superuser.batch_execute(&insert(&rows)).await.unwrap();
    let patient = |n: u32| format!("00000000-0000-7000-8000-{n:012}");
    for (membership, patients) in [(31, vec![9]), (32, vec![1, 2, 3]), (33, vec![4]), (34, vec![2, 3, 4, 9])]
    {
        for n in patients {
            // Tied twice, and tied once before.
            for (kind, ends) in [("care-team", "'infinity'"), ("client", "'infinity'"), ("family", "now()")] {
                let tie = format!(
                    "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind,
                         starts_at, ends_at) VALUES ({a}, {north}, '{}', {membership}, '{kind}', '2020-01-01', {ends})",
                    patient(n)
                );
                superuser.batch_execute(&tie).await.unwrap();
            }
        }
    }
    let ended = format!(
        "UPDATE org.relationship SET ends_at = now() WHERE membership_id = 32 AND patient_id = '{}'",
        patient(3)
    );
    superuser.batch_execute(&ended).await.unwrap();
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    for (membership, reached) in [(32, vec![1, 2]), (33, vec![1, 2]), (34, vec![2]), (31, vec![9])] {
        let context = signer.context(membership, &[cell(a, 0), -cell(a, north)]);
        let listed: Vec<String> = reached.iter().map(|n| format!("'{}'", patient(*n))).collect();
        let sql = format!(
            "SELECT count(*) FROM unnest(sec.related()) p
              WHERE (p::text IN ({})) AND cardinality(sec.related()) = {}",
            listed.join(", "),
            reached.len()
        );
        assert_eq!(
            number(&client, Some(&context), &sql).await,
            Ok(i64::try_from(reached.len()).unwrap()),
            "{membership}"
        );
    }
}

/// Figures for whoever runs the tests: what authentication and row security pay for depth.
#[tokio::test]
async fn depth_costs_little() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    chain(&house, &superuser).await;
    let (a, north) = (house.a.id(), house.a.north);
    let tokens = format!(
        "INSERT INTO org.service_token (organization_id, token_id, membership_id, hash, name, permissions, facilities,
             created_at, expires_at)
         SELECT {a}, ('00000000-0000-7000-8000-' || lpad(m::text, 12, '0'))::uuid, m, sha256(m::text::bytea), 'x',
                '{{chart.read}}', '{{{north}}}', now(), now() + interval '1 day' FROM unnest(ARRAY[101, 150]) m;
         ANALYZE org.membership"
    );
    superuser.batch_execute(&tokens).await.unwrap();
    let client = runtime(&house).await;
    let sql = "SELECT * FROM platform.check_token($1, $2::text::uuid, $3)";
    let check = client.prepare(sql).await.unwrap();
    let mut fastest = Vec::new();
    for membership in [101, 150] {
        let token = format!("00000000-0000-7000-8000-{membership:012}");
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, membership.to_string().as_bytes());
        let mut times = Vec::new();
        for _ in 0..200 {
            let began = std::time::Instant::now();
            let rows = client.query(&check, &[&a, &token, &hash.as_ref()]).await.unwrap();
            times.push(began.elapsed());
            assert_eq!(rows.len(), 1);
        }
        times.sort_unstable();
        say(&format!("depth {}: fastest {:?}, median {:?}", membership - 100, times[0], times[100]));
        fastest.push(times[0]);
    }
    assert!(fastest[1] - fastest[0].min(fastest[1]) < std::time::Duration::from_millis(2), "{fastest:?}");
}

#[tokio::test]
async fn the_index_alone_says_who_is_related() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    chain(&house, &superuser).await;
    let (a, north) = (house.a.id(), house.a.north);
    let ties = format!(
        "UPDATE org.membership SET by_relationship = true WHERE membership_id IN (130, 140, 150);
         INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         SELECT {a}, {north}, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, m, 'care-team', '2020-01-01'
           FROM generate_series(1, 400) n, generate_series(101, 150) m"
    );
    superuser.batch_execute(&ties).await.unwrap();
    superuser.batch_execute("VACUUM ANALYZE org.relationship").await.unwrap();
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    for (membership, bound) in [(101, 1), (150, 3)] {
        let context = signer.context(membership, &[cell(a, 0), -cell(a, north.0)]);
        let mut times = Vec::new();
        for _ in 0..50 {
            let began = std::time::Instant::now();
            let related = number(&client, Some(&context), "SELECT cardinality(sec.related())::int8").await;
            times.push(began.elapsed());
            assert_eq!(related, Ok(400));
        }
        times.sort_unstable();
        say(&format!("400 patients, {bound} bound of a chain of {}: {:?}", membership - 100, times[25]));
    }
    let explain = format!(
        "SET ROLE lamplight_owner; EXPLAIN SELECT r.patient_id FROM org.relationship r
          WHERE r.organization_id = {a} AND r.membership_id = ANY ('{{130,140,150}}') AND r.starts_at <= now()
            AND r.ends_at > now() AND (- sec.cell(r.organization_id, r.facility_id)) = ANY ('{{-1}}')
          GROUP BY r.patient_id HAVING count(DISTINCT r.membership_id) = 3"
    );
    let plan = superuser.simple_query(&explain).await.unwrap();
    let plan = format!("{plan:?}");
    assert!(plan.contains("Index Only Scan using relationship_reach"), "{plan}");
}
