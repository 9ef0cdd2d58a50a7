//! The functions that hold, restrict and erase records, asked by those whom they are not for.

use super::furnish::furnish;
use super::tables::{membership, other, uuid};
use super::{Signer, attempt, cell, number, rehearse, runtime};
use crate::support::House;

/// A patient of A's north facility.
const PATIENT: u32 = 700_001;

async fn admitted() -> (House, testkit::pg::Client, testkit::pg::Client, Signer) {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (a, north) = (house.a.id(), house.a.north.0);
    let sql = format!(
        "INSERT INTO chart.resource (organization_id, facility_id, id, patient_id, updated_at, starts_at, ends_at, version, type,
             class, patient_by, body)
         VALUES ({a}, {north}, {0}, {0}, now() - interval '9 years', now(), now(), 1, 103, 0, 0, '\\x01');
         UPDATE org.membership SET person_id = membership_id,
                permissions = '{{records.keep, records.erase, records.approve}}'
          WHERE organization_id = {a} AND membership_id IN ({1}, {2})",
        uuid(PATIENT),
        membership(a),
        other(a)
    );
    superuser.batch_execute(&sql).await.unwrap();
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    (house, superuser, client, signer)
}

fn deeds(patient: &str) -> Vec<String> {
    vec![
        format!("SELECT org.place_hold(gen_random_uuid(), {patient}, 'audit', '\\x00', now())"),
        format!("SELECT org.release_hold(gen_random_uuid(), {patient}, now())"),
        format!("SELECT org.restrict_record(gen_random_uuid(), {patient}, 'request', now())"),
        format!("SELECT org.lift_restriction({patient}, now())"),
        format!("SELECT org.ask_erasure(gen_random_uuid(), {patient}, 'request', now())"),
    ]
}

#[tokio::test]
async fn records_are_held_restricted_and_erased_for_who_may_within_reach() {
    let (house, superuser, client, signer) = admitted().await;
    let (a, north, south) = (house.a.id(), house.a.north.0, house.a.south.0);
    let patient = uuid(PATIENT);
    let at = |post: i32, place: i64| signer.context(post, &[cell(a, 0), place]);
    let own = at(membership(a), cell(a, north));
    for sql in deeds(&patient) {
        rehearse(&client, Some(&own), &sql).await.unwrap_or_else(|refused| panic!("{sql}: {refused:?}"));
        // Elsewhere, bound to patients of one's own, in another organization, without a context: nobody.
        let nobody = [
            Some(at(membership(a), cell(a, south))),
            Some(at(membership(a), -cell(a, north))),
            Some(signer.context(
                membership(house.b.id()),
                &[cell(house.b.id(), 0), cell(house.b.id(), house.b.north.0)],
            )),
            None,
        ];
        for context in &nobody {
            let told = format!("SELECT count(*) FROM ({sql}) t (done) WHERE done");
            assert_eq!(number(&client, context.as_deref(), &told).await, Ok(0), "{sql}");
        }
    }
    // Without the right, and the program itself, which is no person.
    superuser
        .batch_execute(&format!(
            "UPDATE org.membership SET permissions = '{{chart.read}}' WHERE membership_id = {}",
            other(a)
        ))
        .await
        .unwrap();
    for post in [other(a), -1, 0] {
        for sql in deeds(&patient) {
            let refusal = rehearse(&client, Some(&at(post, cell(a, north))), &sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{post}: {sql}");
        }
    }
    // No table of them is written by hand.
    for table in ["org.legal_hold", "org.restriction", "org.erasure", "org.erased"] {
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET facility_id = facility_id")] {
            assert_eq!(attempt(&client, Some(&own), &sql).await.unwrap_err().code, "42501", "{sql}");
        }
    }
}

#[tokio::test]
async fn two_people_and_the_program_erase_and_nobody_alone() {
    let (house, superuser, client, signer) = admitted().await;
    let (a, north) = (house.a.id(), house.a.north.0);
    let post = |post: i32| signer.context(post, &[cell(a, 0), cell(a, north)]);
    let (one, two, job) = (post(membership(a)), post(other(a)), post(0));
    let program = signer.context(-1, &[cell(a, 0)]);
    let erasure = uuid(700_002);
    let ask = format!("SELECT org.ask_erasure({erasure}, {}, 'request', now())", uuid(PATIENT));
    attempt(&client, Some(&one), &ask).await.unwrap();
    let decide = format!("SELECT org.decide_erasure({erasure}, true, now())");
    assert_eq!(attempt(&client, Some(&one), &decide).await.unwrap_err().code, "23514", "one's own");
    // Another post of the same person is no other person.
    let same =
        format!("UPDATE org.membership SET person_id = {} WHERE membership_id = {}", membership(a), other(a));
    superuser.batch_execute(&same).await.unwrap();
    assert_eq!(attempt(&client, Some(&two), &decide).await.unwrap_err().code, "23514");
    let apart =
        format!("UPDATE org.membership SET person_id = membership_id WHERE membership_id = {}", other(a));
    superuser.batch_execute(&apart).await.unwrap();
    // Nothing is erased that was not approved, whoever asks.
    let erase = format!("SELECT org.erase_rows({erasure}, now())");
    for context in [&one, &two, &job, &program] {
        assert_eq!(attempt(&client, Some(context), &erase).await.unwrap_err().code, "42501");
    }
    attempt(&client, Some(&two), &decide).await.unwrap();
    let claim = "SELECT count(*) FROM org.claim_erasure(gen_random_uuid(), now() + interval '8 days', interval '1 minute')";
    for context in [None, Some(&one), Some(&two), Some(&job)] {
        assert_eq!(number(&client, context.map(String::as_str), claim).await, Ok(0));
    }
    // What is restricted is out of sight, but for the number that says it is looked at for a legal reason.
    let seen = format!("SELECT count(*) FROM chart.resource WHERE id = {}", uuid(PATIENT));
    let legal = signer.context(membership(a), &[cell(a, 0), cell(a, north), 1]);
    assert_eq!(number(&client, Some(&one), &seen).await, Ok(0));
    assert_eq!(number(&client, Some(&legal), &seen).await, Ok(1));
    let write = format!("UPDATE chart.resource SET version = 2 WHERE id = {}", uuid(PATIENT));
    assert_eq!(attempt(&client, Some(&legal), &write).await.unwrap_err().code, "23514");
    let closed = format!("SELECT count(*) FROM unnest(sec.closed()) c WHERE c = {}", uuid(PATIENT));
    assert_eq!(number(&client, Some(&one), &closed).await, Ok(1));
    for open in [&legal, &job] {
        assert_eq!(number(&client, Some(open), &closed).await, Ok(0));
    }
    attempt(&client, Some(&program), claim).await.unwrap();
    for context in [&one, &two, &program] {
        assert_eq!(attempt(&client, Some(context), &erase).await.unwrap_err().code, "42501");
    }
    let leave = format!("SELECT count(org.leave_erasure({erasure}, now()))");
    number(&client, Some(&one), &leave).await.unwrap();
    let locked = "SELECT count(*) FROM org.erasure WHERE locked_until > now()";
    assert_eq!(number(&client, Some(&one), locked).await, Ok(1), "a post lets nobody else try");
    attempt(&client, Some(&job), &erase).await.unwrap();
    assert_eq!(
        attempt(&client, Some(&two), &format!("SELECT org.withdraw_erasure({erasure}, now())"))
            .await
            .unwrap_err()
            .code,
        "23514"
    );
    let again = format!("SELECT org.reapply_erasure({}, {erasure}, now())::int4::int8", uuid(PATIENT));
    for context in [&one, &program] {
        assert_eq!(number(&client, Some(context), &again).await, Ok(0), "there is nothing left");
    }
    let whole = format!(
        "SELECT cardinality(org.one_record({a}, {0}))::int8 - count(org.last_entry({a}, ARRAY[{0}]))",
        uuid(PATIENT)
    );
    assert_eq!(number(&client, Some(&one), &whole).await, Ok(0));
}
