//! Rows of exports: who does them, who is told what they may, and who ends them.

use super::furnish::furnish;
use super::tables::{membership, other, uuid};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

#[tokio::test]
async fn exports_are_done_and_ended_by_the_program_and_given_up_by_their_post() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (house.a.id(), house.b.id());
    for (organization, n) in [(a, 700_001), (b, 700_002)] {
        let waits = format!(
            "INSERT INTO ops.export (organization_id, export_id, membership_id, token_id, request_id, purpose, request, patients_only,
                                     facilities, classes, slot, key, created_at, expires_at)
             VALUES ({organization}, {0}, {1}, {0}, {0}, 'TREAT', 'x', false, '{{}}', '{{}}', 1, '\\x00', now(), now() + interval '1 hour')",
            uuid(n),
            membership(organization)
        );
        superuser.batch_execute(&waits).await.unwrap();
    }
    let (mine, theirs) = (uuid(700_001), uuid(700_002));
    let claim = "SELECT count(*) FROM platform.claim_export(gen_random_uuid(), now(), interval '1 minute')";
    let lost = "SELECT count(*) FROM platform.lost_exports(now())";
    let grants = [(a, &mine), (b, &theirs)].map(|(organization, export)| {
        format!("SELECT count(*) FROM platform.export_grant({organization}, {export}, now())")
    });
    let here = [cell(a, 0), cell(a, house.a.north.0)];
    for context in [
        None,
        Some(signer.context(membership(a), &here)),
        Some(signer.context(other(a), &here)),
        Some(signer.context(0, &here)),
        Some(signer.context(-2, &[7])),
    ] {
        for sql in [claim, lost, grants[0].as_str(), grants[1].as_str()] {
            assert_eq!(number(&client, context.as_deref(), sql).await, Ok(0), "{sql} {context:?}");
        }
    }
    // The token that it was asked for with is not there: nothing may be done, and it is lost.
    let program = signer.context(-1, &[cell(a, 0)]);
    assert_eq!(number(&client, Some(&program), &grants[0]).await, Ok(0));
    assert!(number(&client, Some(&program), lost).await.unwrap() >= 2);
    assert_eq!(number(&client, Some(&program), claim).await, Ok(1));

    // A post cancels its own and does nothing else; another post and another organization nothing at all.
    let set = |export: &str, what: &str| format!("UPDATE ops.export SET {what} WHERE export_id = {export}");
    let cancel = "state = 'ended', reason = 'cancelled', key = NULL";
    let own = signer.context(membership(a), &here);
    for what in [
        "state = 'running'",
        "state = 'complete'",
        "expires_at = now() + interval '1 year'",
        "key = '\\x01'",
        "state = 'ended', reason = 'expired', key = NULL",
    ] {
        let refusal = attempt(&client, Some(&own), &set(&mine, what)).await.unwrap_err();
        assert_eq!(refusal.code, "42501", "{what}");
    }
    for context in [signer.context(other(a), &here), signer.context(0, &here)] {
        assert_eq!(attempt(&client, Some(&context), &set(&mine, cancel)).await.unwrap_err().code, "42501");
    }
    assert_eq!(attempt(&client, Some(&own), &set(&theirs, cancel)).await, Ok(0));
    assert_eq!(attempt(&client, Some(&own), &set(&mine, cancel)).await, Ok(1));
    // What ended stays ended, whoever asks.
    for context in [&own, &program] {
        let back = set(&mine, "state = 'queued', reason = NULL, key = '\\x00'");
        assert_eq!(attempt(&client, Some(context), &back).await.unwrap_err().code, "42501");
    }
}
