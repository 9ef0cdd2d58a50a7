//! Sessions and access tokens are known to their holder, and only while they live.

use testkit::pg;

use super::furnish::furnish;
use super::own::{self, ANN, BEN};
use super::tables::{hash, membership, standing, uuid};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

/// Ann's and Ben's sessions, and posts of theirs at both organizations.
pub(super) async fn signed_in(house: &House, superuser: &pg::Client) {
    furnish(house, superuser).await;
    own::furnish(house, superuser).await;
    let posts = format!(
        "UPDATE org.membership SET person_id = {ANN}, permissions = '{{chart.read}}' WHERE membership_id IN ({}, {});
         UPDATE org.membership SET person_id = {BEN} WHERE membership_id = {};
         UPDATE people.context SET organization_id = {}, membership_id = {}",
        membership(house.a.id()),
        membership(house.b.id()),
        standing(house.b.id(), 0),
        house.a.id(),
        membership(house.a.id()),
    );
    superuser.batch_execute(&posts).await.unwrap();
}

fn number_of(person: i32) -> u32 {
    u32::try_from(person).unwrap()
}

/// How many sessions, and how many memberships, the function gives for a person's cookie and a person's context.
async fn checked(client: &pg::Client, cookie: u32, context: u32) -> (i64, i64) {
    let call = format!("platform.check_session({}, {}, now())", hash(cookie), uuid(context));
    let sessions = number(client, None, &format!("SELECT count(*) FROM {call}")).await.unwrap();
    let members = number(client, None, &format!("SELECT count(membership_id) FROM {call}")).await.unwrap();
    (sessions, members)
}

#[tokio::test]
async fn a_session_is_known_only_to_its_holder_and_only_while_it_lives() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    signed_in(&house, &superuser).await;
    let (client, ann, ben) = (runtime(&house).await, number_of(ANN), number_of(BEN));
    assert_eq!(checked(&client, ann, ann).await, (1, 1));
    for secret in ["sha256('guess')", "NULL", "''::bytea", "repeat('\\000', 32)::bytea"] {
        for context in [uuid(ann), "NULL".to_owned()] {
            let sql = format!("SELECT count(*) FROM platform.check_session({secret}, {context}, now())");
            assert_eq!(number(&client, None, &sql).await, Ok(0), "{sql}");
        }
    }
    assert_eq!(checked(&client, ann, 999).await, (1, 0), "a context that is nowhere");
    assert_eq!(checked(&client, ann, ben).await, (1, 0), "a context of another's session");
    assert_eq!(checked(&client, ben, ben).await, (1, 0), "a context at a post of somebody else's");
    // Somebody puts a context into their own session that names another's post.
    let signer = Signer::of(&superuser).await;
    let as_ben = signer.context(-2, &[i64::from(BEN), cell(kernel::OrganizationId::PLATFORM.0, 0)]);
    let planted = format!(
        "INSERT INTO people.context (context_id, session_id, person_id, organization_id, membership_id, opened_at)
         VALUES ({}, {}, {BEN}, {}, {}, now())",
        uuid(5_001),
        uuid(ben),
        house.a.id(),
        membership(house.a.id())
    );
    assert_eq!(attempt(&client, Some(&as_ben), &planted).await, Ok(1));
    assert_eq!(checked(&client, ben, 5_001).await, (1, 0), "a context that was planted");
    let planted = planted.replace(&uuid(5_001), &uuid(5_002)).replace(&uuid(ben), &uuid(ann));
    assert_eq!(attempt(&client, Some(&as_ben), &planted).await, Ok(1));
    assert_eq!(checked(&client, ann, 5_002).await, (1, 1), "Ann's own post, in Ann's own session");
    assert_eq!(checked(&client, ben, 5_002).await, (1, 0), "a context planted in another's session");

    let post = membership(house.a.id());
    for (what, change, left) in [
        (
            "the session ended",
            format!("UPDATE people.session SET ended_at = now() WHERE person_id = {ANN}"),
            (0, 0),
        ),
        (
            "its time is over",
            format!("UPDATE people.session SET ends_at = now() WHERE person_id = {ANN}"),
            (0, 0),
        ),
        (
            "it lay idle",
            format!(
                "UPDATE people.session SET used_at = now() - interval '900 seconds' WHERE person_id = {ANN}"
            ),
            (0, 0),
        ),
        (
            "the person is disabled",
            format!("UPDATE people.person SET disabled_at = now() WHERE person_id = {ANN}"),
            (0, 0),
        ),
        (
            "the context is closed",
            format!("UPDATE people.context SET closed_at = now() WHERE person_id = {ANN}"),
            (1, 0),
        ),
        (
            "the post ended",
            format!("UPDATE org.membership SET ends_at = now() WHERE membership_id = {post}"),
            (1, 0),
        ),
        (
            "another has the post",
            format!("UPDATE org.membership SET person_id = {BEN} WHERE membership_id = {post}"),
            (1, 0),
        ),
        (
            "nobody has the post",
            format!("UPDATE org.membership SET person_id = NULL WHERE membership_id = {post}"),
            (1, 0),
        ),
    ] {
        let house = House::new().await;
        let superuser = house.superuser().await;
        signed_in(&house, &superuser).await;
        let client = runtime(&house).await;
        assert_eq!(checked(&client, ann, ann).await, (1, 1), "before: {what}");
        superuser.batch_execute(&change).await.unwrap();
        assert_eq!(checked(&client, ann, ann).await, left, "{what}");
    }
}

#[tokio::test]
async fn an_access_token_is_known_only_to_its_holder_and_at_its_organization() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    signed_in(&house, &superuser).await;
    let lives = "UPDATE oauth.access SET expires_at = now() + interval '1 hour', scope = '{lamplight}';
                 UPDATE oauth.family SET scope = '{offline_access}'";
    superuser.batch_execute(lives).await.unwrap();
    let client = runtime(&house).await;
    let (a, b) = (house.a.id(), house.b.id());
    let check = |organization: i32, digest: &str| {
        format!("SELECT count(*) FROM platform.check_access_token({organization}, {digest}, now())")
    };
    let secret = hash(standing(a, 0));
    assert_eq!(number(&client, None, &check(a, &secret)).await, Ok(1));
    assert_eq!(number(&client, None, &check(b, &secret)).await, Ok(0), "at another organization");
    for guess in ["sha256('guess')", "NULL", "''::bytea"] {
        assert_eq!(number(&client, None, &check(a, guess)).await, Ok(0), "{guess}");
    }
    for (what, change, undo) in [
        ("it ended", "UPDATE oauth.access SET ended_at = now()", "UPDATE oauth.access SET ended_at = NULL"),
        (
            "its family ended",
            "UPDATE oauth.family SET ended_at = now()",
            "UPDATE oauth.family SET ended_at = NULL",
        ),
        (
            "its client is disabled",
            "UPDATE oauth.client SET disabled_at = now()",
            "UPDATE oauth.client SET disabled_at = NULL",
        ),
        (
            "the person is disabled",
            "UPDATE people.person SET disabled_at = now()",
            "UPDATE people.person SET disabled_at = NULL",
        ),
        (
            "the post ended",
            "UPDATE org.membership SET ends_at = now()",
            "UPDATE org.membership SET ends_at = NULL",
        ),
        (
            "its session ended",
            "UPDATE oauth.family SET scope = '{}'; UPDATE people.session SET ended_at = now()",
            "UPDATE people.session SET ended_at = NULL",
        ),
        ("its time is over", "UPDATE oauth.access SET expires_at = now()", ""),
    ] {
        superuser.batch_execute(change).await.unwrap();
        assert_eq!(number(&client, None, &check(a, &secret)).await, Ok(0), "{what}");
        superuser.batch_execute(undo).await.unwrap();
        let again = i64::from(!undo.is_empty());
        assert_eq!(number(&client, None, &check(a, &secret)).await, Ok(again), "after: {what}");
    }
}
