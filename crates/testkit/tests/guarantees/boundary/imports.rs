//! Rows of imports: who works on them, who is told what they may, and which house sees them.

use super::furnish::furnish;
use super::tables::{hash, membership, other, uuid};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

#[tokio::test]
async fn imports_are_claimed_by_the_program_alone_and_seen_by_their_house() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (house.a.id(), house.b.id());
    let north = house.a.north.0;
    for (organization, n) in [(a, 710_001), (b, 710_002)] {
        let waits = format!(
            "INSERT INTO ops.import (organization_id, facility_id, import_id, membership_id, token_id, request_id, purpose, kind, rows,
                                     headings, fields, dates, source, state, created_at, kept_until)
             VALUES ({organization}, {north}, {0}, {1}, {0}, {0}, 'TREAT', 'patients', 1, {2}, '{{id}}', 'month-first', 'x', 'running',
                     now(), now() + interval '1 hour')",
            uuid(n),
            membership(organization),
            hash(n)
        );
        superuser.batch_execute(&waits).await.unwrap();
    }
    let (mine, theirs) = (uuid(710_001), uuid(710_002));
    let claim = "SELECT count(*) FROM platform.claim_import(gen_random_uuid(), now(), interval '1 minute')";
    let grants = [(a, &mine), (b, &theirs)].map(|(organization, import)| {
        format!("SELECT count(*) FROM platform.import_grant({organization}, {import}, now())")
    });
    let here = [cell(a, 0), cell(a, north)];
    for context in [
        None,
        Some(signer.context(membership(a), &here)),
        Some(signer.context(other(a), &here)),
        Some(signer.context(0, &here)),
        Some(signer.context(-2, &[7])),
    ] {
        for sql in [claim, grants[0].as_str(), grants[1].as_str()] {
            assert_eq!(number(&client, context.as_deref(), sql).await, Ok(0), "{sql} {context:?}");
        }
    }
    // Only their own house sees them, and nobody takes the file's own words back.
    let see = format!("SELECT count(*) FROM ops.import WHERE import_id IN ({mine}, {theirs})");
    let own = signer.context(membership(a), &here);
    assert_eq!(number(&client, Some(&own), &see).await, Ok(1));
    let elsewhere = signer.context(membership(a), &[cell(a, 0)]);
    assert_eq!(number(&client, Some(&elsewhere), &see).await, Ok(0));
    for what in ["rows = 2", "kind = 'notes'", "headings = '\\x00'", "claim = gen_random_uuid()"] {
        let sql = format!("UPDATE ops.import SET {what} WHERE import_id = {mine}");
        assert_eq!(attempt(&client, Some(&own), &sql).await.unwrap_err().code, "42501", "{what}");
    }
    // The token that it was begun with is not there: nothing may be done, and it ends.
    let program = signer.context(-1, &[cell(a, 0)]);
    assert_eq!(number(&client, Some(&program), &grants[0]).await, Ok(0));
    assert_eq!(number(&client, Some(&program), claim).await, Ok(0));
    attempt(&client, Some(&program), claim).await.unwrap();
    let ended = format!(
        "SELECT count(*) FROM ops.import WHERE state = 'failed' AND reason = 'authority' AND import_id = {mine}"
    );
    assert_eq!(number(&client, Some(&own), &ended).await, Ok(1));
}
