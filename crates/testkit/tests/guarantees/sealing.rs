//! The log is sealed as it is written, and whoever changes it behind the program's back is found out, superuser or not:
//! what was done, in whose log, at which place (ADR 0035).

use std::collections::BTreeMap;
use std::time::Instant;

use db::seal::{Finding, Kind, Known, Logs, Sealer, Verified, verify};
use kernel::World;
use merkle::{Checkpoint, Hash, Signer, Verifier};
use testkit::{TestDb, pg};

use crate::support::{full_scale, login, say, tenant};

/// A log of some organizations, and who seals it.
pub(crate) struct Log {
    pub(crate) database: TestDb,
    pub(crate) superuser: pg::Client,
    sealer: Sealer,
    /// The key that it signs with, and who checks it.
    secret: String,
    pub(crate) key: Verifier,
    pub(crate) organizations: Vec<i32>,
    /// What a witness outside of the database was given.
    witness: Vec<String>,
}

fn signer(secret: &str) -> Signer {
    secret.parse().unwrap()
}

impl Log {
    pub(crate) async fn of(organizations: usize) -> Self {
        let database = TestDb::new().await;
        let mut operator = database.operator().await;
        let mut made = Vec::new();
        for number in 0..organizations {
            made.push(tenant(&mut operator, &format!("house-{number}")).await.id());
        }
        let superuser = database.superuser().await;
        let secret = Signer::generate("log.test").unwrap();
        let sealer = Sealer::new(Logs::new(database.sealer(), None), signer(&secret), World::system());
        let key = sealer.verifier();
        Self { database, superuser, sealer, secret, key, organizations: made, witness: Vec::new() }
    }

    /// Another program that seals this log.
    fn another(&self) -> Sealer {
        Sealer::new(self.logs(), signer(&self.secret), World::system())
    }

    /// Writes so many events, a hundred in a transaction, each of two patients.
    pub(crate) async fn write(&self, organization: i32, events: i64) {
        for from in (0..events).step_by(100) {
            let count = (events - from).min(100);
            self.superuser
                .execute(
                    "WITH e AS (
                         INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome,
                                reason, resource_type, writes, request_id, address, purpose)
                         SELECT $1, 1, clock_timestamp(), gen_random_uuid(), 7, 'chart.read', 'success', 'chart.read', 3,
                                decode(repeat('ab', 52), 'hex'), gen_random_uuid(), '192.0.2.7', 'TREAT'
                           FROM generate_series(1, $2)
                         RETURNING organization_id, facility_id, at, id
                     )
                     INSERT INTO audit.subject (organization_id, facility_id, patient_id, at, event_id)
                     SELECT organization_id, facility_id, gen_random_uuid(), at, id FROM e, generate_series(1, 2)",
                    &[&organization, &i32::try_from(count).unwrap()],
                )
                .await
                .unwrap();
        }
    }

    /// Seals all that there is. Others use the cluster as well: what they have not ended holds us up.
    pub(crate) async fn seal(&mut self) {
        let began = Instant::now();
        loop {
            let round = self.sealer.round().await.unwrap();
            self.witness.extend(round.notes);
            let waiting: i64 = self.number("SELECT count(*) FROM audit.event e WHERE organization_id > 0 AND NOT EXISTS (
                SELECT FROM audit.leaf l WHERE (l.organization_id, l.event_at, l.event_id) = (e.organization_id, e.at, e.id))")
                .await;
            if waiting == 0 {
                return;
            }
            assert!(began.elapsed().as_secs() < 240, "{waiting} events are not sealed");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.superuser.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Does something to one row, as nobody but a superuser could.
    pub(crate) async fn bend(&self, sql: &str) {
        let bent = self.superuser.execute(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(bent, 1, "{sql}");
    }

    pub(crate) fn logs(&self) -> Logs {
        Logs::new(self.database.sealer(), None)
    }

    pub(crate) async fn verified_with(&self, known: &Known) -> Verified {
        verify(&self.logs(), std::slice::from_ref(&self.key), known).await.unwrap()
    }

    async fn verified(&self) -> Verified {
        self.verified_with(&Known::default()).await
    }

    /// What is found with what the witness has.
    async fn witnessed(&self, notes: &[String]) -> Vec<Finding> {
        let mut witnessed: BTreeMap<i32, Vec<Checkpoint>> = BTreeMap::new();
        for note in notes {
            let checkpoint: Checkpoint = self.key.open(note).unwrap().parse().unwrap();
            let organization =
                checkpoint.origin.rsplit_once('/').map_or(0, |(_, number)| number.parse().unwrap());
            witnessed.entry(organization).or_default().push(checkpoint);
        }
        self.verified_with(&Known { witnessed, ..Known::default() }).await.findings
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_sealed_once_whoever_seals() {
    let mut log = Log::of(2).await;
    let [one, other] = log.organizations[..] else { panic!("two organizations") };
    for events in [1, 255, 300] {
        log.write(one, events).await;
        log.write(other, 3).await;
        log.seal().await;
    }
    let verified = log.verified().await;
    assert_eq!(verified.findings, []);
    assert_eq!((verified.organizations, verified.unsealed), (2, 0));
    let leaves = log.number("SELECT count(*) FROM audit.leaf").await;
    assert_eq!(u64::try_from(leaves).unwrap(), verified.events);
    assert_eq!(log.number("SELECT count(*) FROM audit.event WHERE organization_id > 0").await, leaves);
    // A second one that takes turns, and one that begins anew: the log goes on as one.
    let mut turns = [log.another(), log.another()];
    for at in 0..6 {
        log.write(one, 40).await;
        let [a, b] = &mut turns;
        let (first, second) = tokio::join!(a.round(), b.round());
        first.unwrap();
        second.unwrap();
        if at == 3 {
            turns[0] = log.another();
        }
    }
    log.sealer = log.another();
    log.seal().await;
    let verified = log.verified().await;
    assert_eq!((verified.findings, verified.unsealed), (Vec::new(), 0));
}

/// A transaction that began before others and ends after them is not passed over.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_sealed_all_the_same() {
    let mut log = Log::of(1).await;
    let organization = log.organizations[0];
    log.seal().await;
    let mut late = log.database.superuser().await;
    let tx = late.transaction().await.unwrap();
    let insert = "INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason,
                  request_id, purpose) VALUES ($1, 1, clock_timestamp(), gen_random_uuid(), 7, 'chart.read', 'success', 'x',
                  gen_random_uuid(), 'TREAT')";
    tx.execute(insert, &[&organization]).await.unwrap();
    log.write(organization, 5).await;
    let round = log.sealer.round().await.unwrap();
    assert_eq!(round.events, 0, "sealed past a transaction that is not over");
    assert!(round.waits_since.is_some(), "nobody is told that five events wait");
    assert_eq!(log.verified().await.unsealed, 5);
    tx.commit().await.unwrap();
    log.seal().await;
    let verified = log.verified().await;
    assert_eq!((verified.findings, verified.unsealed), (Vec::new(), 0));
}

/// One row each, among thousands; among a million with `LAMPLIGHT_TEST_SCALE=full`.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_one_row_is_named() {
    let (mut log, each) = (Log::of(7).await, if full_scale() { 150_000 } else { 3_000 });
    let at = each / 2;
    for share in 0..3 {
        for organization in log.organizations.clone() {
            log.write(organization, if share == 1 { 10 } else { each / 2 }).await;
        }
        log.seal().await;
    }
    let clean = log.verified().await;
    assert_eq!(clean.findings, []);
    let notes = log.witness.clone();
    assert_eq!(log.witnessed(&notes).await, []);
    let [altered, deleted, inserted, reordered, replaced, truncated, forged] = log.organizations[..] else {
        panic!("seven organizations")
    };
    let event = |organization: i32, place: i64| {
        format!(
            "(organization_id, at, id) = (SELECT organization_id, event_at, event_id FROM audit.leaf
                  WHERE organization_id = {organization} AND sequence = {place})"
        )
    };
    log.bend(&format!("UPDATE audit.event SET outcome = 'denied' WHERE {}", event(altered, at))).await;
    let subject = event(altered, at + 1).replace("at, id)", "at, event_id)");
    log.superuser
        .execute(
            &format!(
                "UPDATE audit.subject SET patient_id = gen_random_uuid() WHERE {subject} AND patient_id = (
                  SELECT min(patient_id::text)::uuid FROM audit.subject WHERE {subject})"
            ),
            &[],
        )
        .await
        .unwrap();
    log.bend(&format!(
        "UPDATE audit.event SET at = at + interval '1 minute' WHERE {}",
        event(altered, at + 2)
    ))
    .await;
    log.bend(&format!("DELETE FROM audit.event WHERE {}", event(deleted, at))).await;
    log.bend(&format!(
        "INSERT INTO audit.event SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*
           FROM audit.event e WHERE {}",
        event(inserted, at)
    ))
    .await;
    for (from, to) in [(at, -1), (at + 1, at), (-1, at + 1)] {
        log.bend(&format!(
            "UPDATE audit.leaf SET sequence = {to} WHERE organization_id = {reordered} AND sequence = {from}"
        ))
        .await;
    }
    // The event and its leaf: what another event of the same moment would have been.
    log.bend(&format!("UPDATE audit.event SET membership_id = 8 WHERE {}", event(replaced, at))).await;
    let forged_hash = log.expected_hash(replaced, at).await;
    log.superuser
        .execute(
            "UPDATE audit.leaf SET hash = $3 WHERE organization_id = $1 AND sequence = $2",
            &[&replaced, &at, &forged_hash],
        )
        .await
        .unwrap();
    let last = log
        .number(&format!("SELECT max(sequence) FROM audit.leaf WHERE organization_id = {truncated}"))
        .await;
    let subjects = event(truncated, last).replace("at, id)", "at, event_id)");
    let gone =
        log.superuser.execute(&format!("DELETE FROM audit.subject WHERE {subjects}"), &[]).await.unwrap();
    assert_eq!(gone, 2);
    log.bend(&format!("DELETE FROM audit.event WHERE {}", event(truncated, last))).await;
    log.bend(&format!("DELETE FROM audit.leaf WHERE organization_id = {truncated} AND sequence = {last}"))
        .await;
    log.bend(&format!(
        "UPDATE audit.checkpoint SET signature = decode(repeat('00', 64), 'hex') WHERE organization_id = {forged}
            AND size = (SELECT min(size) FROM audit.checkpoint WHERE organization_id = {forged})"
    ))
    .await;
    let began = Instant::now();
    let found = log.verified().await;
    say(&format!("{} events verified in {:.1} s", found.events, began.elapsed().as_secs_f64()));
    let of = |organization: i32| {
        let all = found.findings.iter().filter(move |one| one.organization == organization);
        all.map(|one| (one.kind, one.sequence.map(|place| i64::try_from(place).unwrap()))).collect::<Vec<_>>()
    };
    let places = of(altered);
    assert_eq!(places.len(), 3, "{places:?}");
    assert!((0..3).all(|more| places.contains(&(Kind::Altered, Some(at + more)))), "{places:?}");
    assert_eq!(of(deleted), [(Kind::Deleted, Some(at))]);
    assert_eq!(of(inserted), [(Kind::Inserted, None)]);
    assert_eq!(of(reordered), [(Kind::Reordered, Some(at))]);
    assert_eq!(of(truncated), [(Kind::Truncated, Some(last))]);
    assert_eq!(of(forged).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::BadSignature]);
    let [one] = &found.findings.iter().filter(|one| one.organization == replaced).collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", of(replaced))
    };
    let place = u64::try_from(at).unwrap();
    assert_eq!(one.kind, Kind::Replaced);
    assert!(
        one.sequence.unwrap() <= place
            && place <= one.until.unwrap()
            && one.until.unwrap() - one.sequence.unwrap() < 256
    );
    // The log of all is as it was: no checkpoint is gone.
    assert_eq!(of(0), []);
}

impl Log {
    /// What the leaf of an event would be as it is now: what somebody computes who wants to be believed.
    async fn expected_hash(&self, organization: i32, place: i64) -> Vec<u8> {
        let with_length = "CREATE FUNCTION pg_temp.f(bytea) RETURNS bytea LANGUAGE sql AS
            $$ SELECT COALESCE(int4send(length($1)) || $1, '\\xffffffff') $$";
        self.superuser.batch_execute(with_length).await.unwrap();
        let row = self
            .superuser
            .query_one(
                "SELECT sha256('\\x00'::bytea || 'lamplight audit event 1'::bytea || '\\x0a'::bytea
                        || f(int4send(e.organization_id)) || f(int4send(e.facility_id))
                        || f(int8send((extract(epoch FROM e.at) * 1000000)::int8)) || f(uuid_send(e.id))
                        || f(int4send(e.membership_id)) || f(int4send(e.on_behalf_of)) || f(e.action::bytea)
                        || f(e.outcome::bytea) || f(e.reason::bytea) || f(int2send(e.resource_type))
                        || f(uuid_send(e.resource_id)) || f(int4send(e.version)) || f(e.writes) || f(uuid_send(e.request_id))
                        || f(e.address::text::bytea) || f(e.purpose::bytea) || f(e.detail::bytea)
                        || f((SELECT string_agg(int4send(s.facility_id) || uuid_send(s.patient_id), ''::bytea
                                                ORDER BY s.patient_id, s.facility_id)
                                FROM audit.subject s WHERE (s.organization_id, s.at, s.event_id) = (e.organization_id, e.at, e.id))))
                   FROM audit.event e, audit.leaf l
                  WHERE (l.organization_id, l.event_at, l.event_id) = (e.organization_id, e.at, e.id)
                    AND l.organization_id = $1 AND l.sequence = $2"
                    .replace("f(", "pg_temp.f(")
                    .as_str(),
                &[&organization, &place],
            )
            .await
            .unwrap();
        row.get(0)
    }
}

/// Who takes the checkpoints as well is found out by the witness, and so is a second history.
#[tokio::test(flavor = "multi_thread")]
async fn a_witness_knows_what_the_database_forgot() {
    let mut log = Log::of(2).await;
    let [short, fork] = log.organizations[..] else { panic!("two organizations") };
    for _ in 0..3 {
        log.write(short, 30).await;
        log.write(fork, 30).await;
        log.seal().await;
    }
    let notes = log.witness.clone();
    // The end of a log with all that tells of it.
    let size =
        log.number(&format!("SELECT max(size) FROM audit.checkpoint WHERE organization_id = {short}")).await;
    for sql in [
        format!("DELETE FROM audit.event e USING audit.leaf l WHERE (l.organization_id, l.event_at, l.event_id) =
                 (e.organization_id, e.at, e.id) AND l.organization_id = {short} AND l.sequence >= {size} - 30"),
        format!("DELETE FROM audit.subject s WHERE organization_id = {short} AND NOT EXISTS (SELECT FROM audit.event e
                 WHERE (e.organization_id, e.at, e.id) = (s.organization_id, s.at, s.event_id))"),
        format!("DELETE FROM audit.leaf WHERE organization_id = {short} AND sequence >= {size} - 30"),
        format!("DELETE FROM audit.checkpoint WHERE organization_id = {short} AND size > {size} - 30"),
    ] {
        log.superuser.execute(&sql, &[]).await.unwrap();
    }
    // The log of all does not fit any more; the witness says whose is cut off.
    let blind = log.verified().await.findings;
    assert!(blind.iter().all(|one| one.organization == 0) && !blind.is_empty(), "{blind:?}");
    let seen = log.witnessed(&notes).await;
    let cut = seen.iter().find(|one| one.organization == short).unwrap();
    assert_eq!((cut.kind, cut.sequence), (Kind::Truncated, Some(u64::try_from(size - 30).unwrap())));
    // A second history of the same length, signed with the same key: somebody has it.
    let signed = log.fork(fork).await;
    let seen = log.witnessed(&[notes, vec![signed]].concat()).await;
    assert!(seen.iter().any(|one| one.organization == fork && one.kind == Kind::Forked), "{seen:?}");
}

impl Log {
    /// A checkpoint of a history that this database never had, with the log's own key.
    async fn fork(&self, organization: i32) -> String {
        let sql = format!("SELECT max(size) FROM audit.checkpoint WHERE organization_id = {organization}");
        let forked = Checkpoint {
            origin: format!("log.test/{organization}"),
            size: u64::try_from(self.number(&sql).await).unwrap(),
            root: Hash::of_leaf(b"another"),
            at: World::system().now(),
        };
        signer(&self.secret).sign(&forked.text())
    }
}

/// The sealer's role reads the log and nothing else, and changes nothing that is there.
#[tokio::test(flavor = "multi_thread")]
async fn who_seals_can_do_nothing_else() {
    let mut log = Log::of(1).await;
    log.write(log.organizations[0], 3).await;
    log.seal().await;
    let client = login(&log.database, "lamplight_sealer").await;
    for refused in [
        "UPDATE audit.leaf SET sequence = sequence",
        "DELETE FROM audit.leaf",
        "UPDATE audit.checkpoint SET size = size",
        "DELETE FROM audit.tile",
        "TRUNCATE audit.leaf",
        "INSERT INTO audit.event SELECT * FROM audit.event",
        "UPDATE audit.event SET outcome = 'success'",
        "DELETE FROM audit.event",
        "SELECT * FROM chart.resource",
        "SELECT * FROM org.person",
        "SELECT * FROM keyring.organization_key",
        "SET ROLE lamplight_owner",
        "CREATE TABLE audit.mine (one int4)",
    ] {
        let error = client.batch_execute(refused).await.expect_err(refused);
        let code = error.code().map(|code| code.code().to_owned());
        assert!(matches!(code.as_deref(), Some("42501" | "3F000" | "42P01")), "{refused}: {code:?}");
    }
}
