//! The secrets behind the walls, and the functions that may look behind them.

use std::collections::BTreeSet;

use testkit::pg;

use super::furnish::furnish;
use super::own::{self, ANN, BEN};
use super::sessions::signed_in;
use super::tables::{membership, other, standing, uuid};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

#[tokio::test]
async fn the_context_key_and_the_slugs_cannot_be_read() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(0, &[cell(house.a.id(), 0)]);
    for table in [
        "sec.context_key",
        "platform.placement",
        "platform.slug",
        "public.refinery_schema_history",
        "pg_authid",
        "pg_shadow",
        "pg_largeobject",
    ] {
        for context in [None, Some(signed.as_str())] {
            let refusal =
                number(&client, context, &format!("SELECT count(*) FROM {table}")).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{table}");
        }
    }
    let refusal =
        number(&client, Some(&signed), "SELECT count(hash) FROM org.service_token").await.unwrap_err();
    assert_eq!(refusal.code, "42501");
}

#[tokio::test]
async fn every_function_the_runtime_role_may_call_has_a_case_here() {
    let house = House::new().await;
    let rows = house
        .superuser()
        .await
        .query(
            "SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND has_function_privilege('lamplight_app', p.oid, 'EXECUTE')",
            &[],
        )
        .await
        .unwrap();
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known = [
        "audit.prepare_months",
        "audit.write",
        "chart.demand",
        "chart.reassign",
        "keyring.entries",
        "keyring.erase",
        "keyring.heads",
        "keyring.home",
        "keyring.known_heads",
        "keyring.lacks",
        "keyring.note",
        "ops.claim_job",
        "ops.outbox_tail",
        "ops.sweep",
        "org.ask_erasure",
        "org.below",
        "org.carry_ties",
        "org.chain",
        "org.change_facility",
        "org.change_keeping",
        "org.change_logo",
        "org.change_organization",
        "org.change_shifts",
        "org.claim_erasure",
        "org.decide_erasure",
        "org.decide_review",
        "org.drop_ties",
        "org.effective",
        "org.erase_rows",
        "org.last_entry",
        "org.leave_erasure",
        "org.lift_restriction",
        "org.one_record",
        "org.open_facility",
        "org.place_hold",
        "org.reapply_erasure",
        "org.receive_document",
        "org.release_hold",
        "org.restrict_record",
        "org.sign_review",
        "org.stale_documents",
        "org.start_review",
        "org.swept_document",
        "org.withdraw_erasure",
        "platform.announcements",
        "platform.backup_state",
        "platform.check_access_token",
        "platform.check_session",
        "platform.check_token",
        "platform.claim_digest",
        "platform.claim_export",
        "platform.claim_import",
        "platform.consent",
        "platform.digest_ties",
        "platform.entitled",
        "platform.export_grant",
        "platform.import_grant",
        "platform.find_offer",
        "platform.find_organization",
        "platform.is_administrator",
        "platform.lost_exports",
        "platform.own_ties",
        "platform.placements",
        "platform.posts",
        "platform.sweep_oauth",
        "platform.take_up",
        "sec.cell",
        "sec.cells",
        "sec.closed",
        "sec.related",
    ];
    assert_eq!(there, known.map(str::to_owned).into());
}

#[tokio::test]
async fn a_token_is_known_only_to_its_holder() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let client = runtime(&house).await;
    for secret in ["sha256('guess')", "NULL", "''::bytea"] {
        let sql = format!(
            "SELECT count(*) FROM org.service_token t, LATERAL platform.check_token(t.organization_id, t.token_id, {secret})"
        );
        assert_eq!(number(&client, None, &sql).await, Ok(0), "{secret}");
        let token = "00000000-0000-7000-8000-000000010000";
        let sql = format!("SELECT count(*) FROM platform.check_token({}, '{token}', {secret})", house.a.id());
        assert_eq!(number(&client, None, &sql).await, Ok(0), "{secret}");
    }
}

#[tokio::test]
async fn what_the_context_says_is_all_that_its_functions_say() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    assert_eq!(number(&client, None, "SELECT coalesce(cardinality(sec.cells()), 0)::int8").await, Ok(0));
    assert_eq!(number(&client, None, "SELECT coalesce(cardinality(sec.related()), 0)::int8").await, Ok(0));
    let signed = signer.context(1, &[cell(house.a.id(), 0)]);
    assert_eq!(number(&client, Some(&signed), "SELECT cardinality(sec.cells())::int8").await, Ok(3));
    assert_eq!(number(&client, Some(&signed), "SELECT cardinality(sec.related())::int8").await, Ok(0));
}

#[tokio::test]
async fn without_a_context_nothing_is_said_of_backups() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let begun =
        "INSERT INTO platform.backup VALUES (gen_random_uuid(), now(), now(), '20260101-000000F', 'full', 1)";
    superuser.batch_execute(begun).await.unwrap();
    let known = "SELECT count(backed_up_at) FROM platform.backup_state()";
    assert_eq!(number(&client, None, known).await, Ok(0));
    let signed = signer.context(1, &[cell(house.a.id(), 0)]);
    assert_eq!(number(&client, Some(&signed), known).await, Ok(1));
}

async fn of_b(superuser: &pg::Client, house: &House, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE organization_id = {}", house.b.id());
    superuser.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_sweep_takes_nothing_that_is_young_whatever_it_is_asked() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    let before =
        [of_b(&superuser, &house, "ops.outbox").await, of_b(&superuser, &house, "ops.idempotency_key").await];
    assert_eq!(before, [3, 1]);
    for intervals in ["'0', '0'", "'-1 day', '-1 day'"] {
        let _ = attempt(&client, Some(&signed), &format!("SELECT ops.sweep({intervals})")).await;
    }
    let after =
        [of_b(&superuser, &house, "ops.outbox").await, of_b(&superuser, &house, "ops.idempotency_key").await];
    assert_eq!(after, before, "the runtime role took another organization's undelivered events and answers");
}

#[tokio::test]
async fn a_job_cannot_be_claimed_out_of_the_context_of_another_organization() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    superuser.batch_execute("UPDATE ops.job SET run_at = now() - interval '1 hour'").await.unwrap();
    let only_b = format!("DELETE FROM ops.job WHERE organization_id = {}", house.a.id());
    superuser.batch_execute(&only_b).await.unwrap();
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    let claim = "SELECT count(*) FROM ops.claim_job(interval '100 years')";
    for context in [Some(signed.as_str()), None] {
        let claimed = number(&client, context, claim).await;
        assert!(
            !matches!(claimed, Ok(1)),
            "with a context: {}: claimed a job of another organization",
            context.is_some()
        );
    }
}

/// A tie that waits is told to its own post, which alone agrees to it.
#[tokio::test]
async fn a_tie_is_agreed_to_by_its_own_post_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (a, b) = (house.a.id(), house.b.id());
    let waiting = format!(
        "UPDATE org.relationship SET kind = 'family', starts_at = 'infinity', patient_consent_at = now() WHERE organization_id = {a}"
    );
    superuser
        .batch_execute(&format!("ALTER TABLE org.relationship DISABLE TRIGGER check_tie; {waiting}"))
        .await
        .unwrap();
    let patient: String = superuser
        .query_one("SELECT patient_id::text FROM org.relationship WHERE organization_id = $1 LIMIT 1", &[&a])
        .await
        .unwrap()
        .get(0);
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let consent = format!("SELECT platform.consent('{patient}', now())::int::int8");
    let ties = "SELECT count(*) FROM platform.own_ties()";
    let others = [
        signer.context(membership(a), &[cell(a, 0)]),
        signer.context(other(a), &[cell(b, 0)]),
        signer.context(0, &[cell(a, 0)]),
        signer.context(-1, &[cell(a, 0)]),
    ];
    for context in &others {
        assert_eq!(number(&client, Some(context), &consent).await, Ok(0));
        let seen = number(&client, Some(context), ties).await.unwrap();
        assert_eq!(seen, 0);
    }
    let own = signer.context(other(a), &[cell(a, 0)]);
    assert!(number(&client, Some(&own), ties).await.unwrap() > 0);
    assert_eq!(number(&client, Some(&own), &consent).await, Ok(1));
}

/// Whoever calls it writes as themselves: no line into the log of another organization, and none without a context.
#[tokio::test]
async fn the_log_is_written_where_the_context_reaches_and_nowhere_else() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (house.a.id(), house.b.id());
    let line = |organization: i32, id: u32| {
        let id = uuid(id);
        format!(
            "SELECT count(*) FROM audit.write('{{{organization}}}', '{{0}}', ARRAY[now()], ARRAY[{id}], '{{0}}', '{{x.y}}',
                 '{{success}}', '{{test}}', '{{NULL}}', '{{NULL}}', '{{NULL}}', '{{NULL}}', ARRAY[{id}], '{{NULL}}',
                 '{{operations}}', '{{NULL}}', '{{NULL}}', '{{{organization}}}', '{{0}}', ARRAY[{id}], ARRAY[now()],
                 ARRAY[{id}])"
        )
    };
    let mine = signer.context(0, &[cell(a, 0)]);
    for (context, organization) in [(None, a), (Some(&mine), b)] {
        let refusal = number(&client, context.map(String::as_str), &line(organization, 1)).await.unwrap_err();
        assert_eq!(refusal.code, "42501");
    }
    assert_eq!(number(&client, Some(&mine), &line(a, 2)).await, Ok(1));
}

#[tokio::test]
async fn months_are_prepared_within_reason() {
    let house = House::new().await;
    let client = runtime(&house).await;
    let tables = "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'";
    let before = number(&client, None, tables).await.unwrap();
    // A year is enough for a program that was asleep; thousands of tables are an attack.
    let _ = attempt(&client, None, "SELECT audit.prepare_months('2100-01-01', 120)").await;
    let after = number(&client, None, tables).await.unwrap();
    assert!(after - before <= 48, "{} partitions were made at once", after - before);
}

/// Who does not hold the right, or does not reach both facilities whole, moves nobody and opens nothing.
#[tokio::test]
async fn patients_and_facilities_move_for_who_may_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, north, south) = (house.a.id(), house.a.north.0, house.a.south.0);
    let (whole, other_house) = (cell(a, 0), cell(house.b.id(), house.b.north.0));
    let post = membership(a);
    let moves = format!(
        "SELECT records FROM chart.reassign({}, {north}, {south}, {}, '\\x00', now(), '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')",
        uuid(standing(a, north)),
        uuid(900_001)
    );
    let open = "SELECT org.open_facility('x', 'x', 'UTC', 'live', now())::int8";
    let change = format!("SELECT org.change_facility({north}, 1, 'x', 'UTC', 'live', '[]')::int8");
    let set = "SELECT org.change_organization(1, 'x', '#000000', 900, 9000, true)::int8";
    let logo = "SELECT org.change_logo(1, '\\x00')::int8";
    let shifts = format!("SELECT org.change_shifts({north}, 1, '{{390,1110}}')::int8");
    let both = [whole, cell(a, north), cell(a, south)];
    let refused = [
        None,
        Some(signer.context(-1, &both)),
        Some(signer.context(other(a), &both)),
        Some(signer.context(post, &[whole, other_house])),
        Some(signer.context(post, &[whole, -cell(a, north), -cell(a, south)])),
    ];
    for context in &refused {
        for sql in [&moves, &change, &shifts] {
            let refusal = number(&client, context.as_deref(), sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{sql} {context:?}");
        }
    }
    for context in &refused[..3] {
        for sql in [open, set, logo] {
            let refusal = number(&client, context.as_deref(), sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{sql} {context:?}");
        }
    }
    let mine = signer.context(post, &both);
    // Administering is not moving: that is a right of its own.
    assert_eq!(number(&client, Some(&mine), &moves).await.unwrap_err().code, "42501");
    let grant = format!(
        "UPDATE org.membership SET permissions = permissions || '{{patients.reassign}}', facilities = '{{{north},{south}}}'
          WHERE membership_id = {post}"
    );
    superuser.batch_execute(&grant).await.unwrap();
    let half = signer.context(post, &[whole, cell(a, north)]);
    assert_eq!(number(&client, Some(&half), &moves).await.unwrap_err().code, "42501");
    assert!(number(&client, Some(&mine), &moves).await.unwrap() > 0);
    assert!(number(&client, Some(&mine), open).await.unwrap() > 0);
    assert_eq!(number(&client, Some(&mine), &change).await, Ok(2));
    assert_eq!(number(&client, Some(&mine), &shifts).await, Ok(2));
    assert_eq!(number(&client, Some(&mine), set).await, Ok(2));
    assert_eq!(number(&client, Some(&mine), logo).await, Ok(2));
}

/// What the database does by itself is called by nobody.
#[tokio::test]
async fn the_functions_behind_triggers_and_walls_cannot_be_called() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), 0)]);
    let program = signer.context(-1, &[cell(house.a.id(), 0)]);
    for sql in [
        "SELECT org.check_grant()",
        "SELECT org.check_emergency()",
        "SELECT ops.check_export()",
        "SELECT org.check_document()",
        "SELECT org.move_documents()",
        "SELECT org.carry_document()",
        "SELECT org.take_turns()",
        "SELECT org.hold_chain(1, 1)",
        "SELECT org.administrators(1)",
        "SELECT org.all_administrators_below(1, 1)",
        "SELECT org.asks_for_support(1, 1, NULL)",
        "SELECT org.open_support(NULL)",
        "SELECT org.check_support()",
        "SELECT org.keep_support()",
        "SELECT org.refuse_support()",
        "SELECT org.end_support()",
        "SELECT org.check_tie()",
        "SELECT org.check_place()",
        "SELECT org.check_merge()",
        "SELECT org.check_handover()",
        "SELECT org.reviews(1)",
        "SELECT chart.check_merged()",
        "SELECT chart.move_drafts()",
        "SELECT chart.check_draft()",
        "SELECT chart.move_doses()",
        "SELECT chart.carry_doses()",
        "SELECT chart.check_dose()",
        "SELECT org.begin_stock()",
        "SELECT org.enter_stock()",
        "SELECT org.check_admission()",
        "SELECT org.admit(1, 1)",
        "SELECT org.may_reassign(1, 1)",
        "SELECT org.manages()",
        "SELECT org.add_facility(1, 'x', 'x', 'UTC', 'live', now())",
        "SELECT org.check_role()",
        "SELECT org.bring_role()",
        "SELECT org.leave_role()",
        "SELECT org.apply_role()",
        "SELECT org.sees_part(1, 1)",
        "SELECT org.holds(1, 1, 'chart.read')",
        "SELECT org.posts_above(1, 1)",
        "SELECT org.check_hidden_field()",
        "SELECT org.check_sharing()",
        "SELECT sec.tell_revoked()",
        "SELECT sec.wall('org.membership'::regclass, '0', false)",
        "SELECT sec.person_wall('people.person'::regclass, true)",
        "SELECT sec.program_wall('oauth.client'::regclass)",
    ] {
        for context in [None, Some(signed.as_str()), Some(program.as_str())] {
            let refusal = attempt(&client, context, sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{sql}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn posts_are_told_to_the_person_and_the_program_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    signed_in(&house, &superuser).await;
    let client = runtime(&house).await;
    let ended = format!(
        "UPDATE org.membership SET ends_at = now() WHERE membership_id = {}",
        membership(house.b.id())
    );
    // Ben's post hangs on the one that ends.
    for (of_ann, of_ben, change) in [(2, 1, ""), (1, 0, ended.as_str())] {
        superuser.batch_execute(change).await.unwrap();
        let signer = Signer::of(&superuser).await;
        for (who, context) in own::contexts(&house, &signer) {
            for (person, posts) in [(ANN, of_ann), (BEN, of_ben)] {
                let told =
                    who.starts_with("the program") || who == (if person == ANN { "Ann" } else { "Ben" });
                let sql = format!("SELECT count(*) FROM platform.posts({person}, now())");
                let expected = if told { posts } else { 0 };
                assert_eq!(number(&client, Some(&context), &sql).await, Ok(expected), "{who}: {sql}");
            }
        }
        let sql = format!("SELECT count(*) FROM platform.posts({ANN}, now())");
        assert_eq!(number(&client, None, &sql).await, Ok(0), "no context");
    }
}

/// They run as their caller: what the wall hides has no chain, no grant and nothing below it.
#[tokio::test]
async fn the_chain_of_another_organizations_post_is_not_there() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (house.a.id(), house.b.id());
    let signed = signer.context(membership(a), &[cell(a, 0)]);
    let calls = |organization: i32| {
        let (post, child) = (membership(organization), standing(organization, 0));
        [
            (2, format!("SELECT count(*) FROM org.chain({organization}, {child})")),
            (1, format!("SELECT count(*) FROM org.effective({organization}, {child}, now())")),
            (2, format!("SELECT count(*) FROM org.below({organization}, {post}, now())")),
            (3, format!("SELECT count(*) FROM org.below({organization}, NULL, now())")),
        ]
    };
    for (there, sql) in calls(a) {
        assert_eq!(number(&client, Some(&signed), &sql).await, Ok(there), "{sql}");
        assert_eq!(number(&client, None, &sql).await, Ok(0), "without a context: {sql}");
    }
    for (_, sql) in calls(b) {
        assert_eq!(number(&client, Some(&signed), &sql).await, Ok(0), "{sql}");
    }
}

#[tokio::test]
async fn an_organization_is_found_by_its_whole_address_and_not_listed() {
    let house = House::new().await;
    let client = runtime(&house).await;
    let found = |slug: &str| {
        format!("SELECT coalesce(sum(organization_id), 0)::int8 FROM platform.find_organization({slug})")
    };
    assert_eq!(number(&client, None, &found("'a'")).await, Ok(i64::from(house.a.id())));
    for slug in ["'%'", "''", "'A'", "'_'", "'a '", "NULL", "'nobody'"] {
        assert_eq!(number(&client, None, &found(slug)).await, Ok(0), "{slug}");
    }
}

#[tokio::test]
async fn only_the_program_sweeps_what_was_handed_out() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    signed_in(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let kept = of_b(&superuser, &house, "oauth.assertion_jti").await;
    let sweep = "SELECT platform.sweep_oauth('infinity')";
    assert_eq!(attempt(&client, None, sweep).await.unwrap_err().code, "42501");
    for (who, context) in own::contexts(&house, &signer) {
        if !who.starts_with("the program") {
            assert_eq!(attempt(&client, Some(&context), sweep).await.unwrap_err().code, "42501", "{who}");
        }
    }
    assert_eq!(of_b(&superuser, &house, "oauth.assertion_jti").await, kept);
}

#[tokio::test]
async fn the_program_alone_learns_where_organizations_are_placed() {
    let mut house = House::new().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&house.superuser().await).await);
    let reserved = house.operator.reserve_placement("elm", "somewhere").await.unwrap().unwrap();
    let listed = "SELECT coalesce(sum(organization_id), 0)::int8 FROM platform.placements()";
    for ready in [false, true] {
        assert_eq!(number(&client, None, listed).await, Ok(0));
        for (who, context) in own::contexts(&house, &signer) {
            let known = if ready && who.starts_with("the program") { reserved.organization.0 } else { 0 };
            assert_eq!(number(&client, Some(&context), listed).await, Ok(i64::from(known)), "{who}");
        }
        house.operator.placement_is_ready(reserved.organization).await.unwrap();
    }
    assert_eq!(house.database.db.placements().await.unwrap(), [reserved]);
    assert_eq!(house.operator.reserve_placement("elm", "elsewhere").await.unwrap(), None, "made wholly");
    assert_eq!(house.operator.reserve_placement("a", "elsewhere").await.unwrap(), None, "it is here");
}

#[tokio::test]
async fn the_ledger_of_erasures_is_told_to_the_program_and_written_for_a_whole_organization() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (house.a.id(), house.b.id());
    let worker = signer.context(0, &[cell(a, 0), cell(a, house.a.north.0)]);
    let whole = signer.context(membership(a), &[cell(a, 0), cell(a, house.a.north.0)]);
    let bound = signer.context(membership(a), &[-cell(a, 0), -cell(a, house.a.north.0)]);
    let calls = |organization: i32| {
        let patient = uuid(organization.unsigned_abs());
        [
            format!("SELECT keys FROM keyring.erase({organization}, {patient}, {patient}, now())"),
            format!("SELECT count(keyring.note({organization}, 9, sha256('')))"),
        ]
    };
    for (context, organization) in [(&bound, a), (&whole, a), (&worker, b)] {
        for call in calls(organization) {
            let refusal = number(&client, Some(context), &call).await.unwrap_err();
            assert_eq!(refusal.code, "LL401", "{call}");
        }
    }
    for call in calls(a) {
        number(&client, Some(&worker), &call).await.unwrap();
    }
    let entries = format!(
        "INSERT INTO keyring.erasure SELECT {a}, 1, gen_random_uuid(), gen_random_uuid(), now(), sha256('');
         INSERT INTO keyring.known SELECT {a}, 1, sha256('')"
    );
    superuser.batch_execute(&entries).await.unwrap();
    let program = signer.context(-1, &[cell(a, 0)]);
    for function in ["heads()".to_owned(), "known_heads()".to_owned(), format!("entries({a})")] {
        let call = format!("SELECT count(*) FROM keyring.{function}");
        assert!(number(&client, Some(&program), &call).await.unwrap() > 0, "{function}");
        for context in [None, Some(whole.as_str()), Some(&bound)] {
            assert_eq!(number(&client, context, &call).await.unwrap(), 0, "{function}");
        }
    }
    let lacks = format!("SELECT count(*) FROM keyring.lacks(ARRAY[{a}], ARRAY[99::int8], ARRAY[sha256('')])");
    assert_eq!(number(&client, Some(&program), &lacks).await.unwrap(), 1);
    assert_eq!(number(&client, Some(&whole), &lacks).await.unwrap(), 0);
}
