//! What is hidden from a post and what was approved for a relative, at the runtime role's own connection: said by who
//! may, for others, in their own name.

use super::furnish::furnish;
use super::tables::{membership, other, uuid};
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;
use testkit::pg;

/// Posts of A besides those of every test: one below `membership`, and one that may decide nothing.
const BELOW: i32 = 6_100;
const PLAIN: i32 = 6_200;

struct Fields {
    house: House,
    client: pg::Client,
    signer: Signer,
}

impl Fields {
    async fn new() -> Self {
        let house = House::new().await;
        let superuser = house.superuser().await;
        furnish(&house, &superuser).await;
        let a = house.a.id();
        let posts = format!(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, permissions, created_at)
             VALUES ({a}, {BELOW}, {}, 'person', 'x', '{{people.invite,sharing.approve}}', now()),
                    ({a}, {PLAIN}, NULL, 'person', 'x', '{{people.read,chart.read}}', now())",
            membership(a)
        );
        superuser.batch_execute(&posts).await.unwrap();
        let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
        Self { house, client, signer }
    }

    fn a(&self) -> i32 {
        self.house.a.id()
    }

    fn as_post(&self, post: i32) -> String {
        self.signer.context(post, &[cell(self.a(), 0), cell(self.a(), self.house.a.north.0)])
    }

    async fn refused(&self, post: i32, sql: &str) {
        let refusal = attempt(&self.client, Some(&self.as_post(post)), sql).await.unwrap_err();
        assert_eq!(refusal.code, "42501", "{post}: {sql}: {refusal:?}");
    }

    async fn done(&self, post: i32, sql: &str) {
        assert_eq!(attempt(&self.client, Some(&self.as_post(post)), sql).await, Ok(1), "{post}: {sql}");
    }

    fn hide(&self, post: i32, path: &str) -> String {
        format!(
            "INSERT INTO org.hidden_field (organization_id, membership_id, path) VALUES ({}, {post}, '{path}')",
            self.a()
        )
    }

    fn share(&self, with: i32, by: i32) -> String {
        format!(
            "INSERT INTO org.sharing (organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at)
             VALUES ({}, {}, {}, {with}, 'Observation', {by}, now())",
            self.a(),
            self.house.a.north,
            uuid(77)
        )
    }
}

#[tokio::test]
async fn a_post_hides_nothing_from_itself_or_above_and_lifts_nothing_of_its_own() {
    let fields = Fields::new().await;
    let (top, peer) = (membership(fields.a()), other(fields.a()));
    fields.done(top, &fields.hide(BELOW, "Patient.telecom")).await;
    fields.refused(PLAIN, &fields.hide(BELOW, "Patient.name")).await;
    fields.refused(top, &fields.hide(top, "Patient.name")).await;
    fields.refused(BELOW, &fields.hide(BELOW, "Patient.name")).await;
    fields.refused(BELOW, &fields.hide(top, "Patient.name")).await;
    // Who sees a part decides for those below alone.
    fields.refused(BELOW, &fields.hide(peer, "Patient.name")).await;
    let lift = |post: i32| {
        format!("DELETE FROM org.hidden_field WHERE membership_id = {post} AND path = 'Patient.telecom'")
    };
    fields.refused(BELOW, &lift(BELOW)).await;
    fields.refused(PLAIN, &lift(BELOW)).await;
    fields.refused(-1, &fields.hide(peer, "Patient.name")).await;
    let update = "UPDATE org.hidden_field SET path = 'Patient.name'";
    fields.refused(top, update).await;
    fields.done(top, &lift(BELOW)).await;
}

#[tokio::test]
async fn sharing_is_approved_in_ones_own_name_for_others_and_otherwise_only_ended() {
    let fields = Fields::new().await;
    let (top, relative) = (membership(fields.a()), other(fields.a()));
    fields.refused(PLAIN, &fields.share(relative, PLAIN)).await;
    fields.refused(top, &fields.share(top, top)).await;
    fields.refused(top, &fields.share(relative, BELOW)).await;
    fields.refused(-1, &fields.share(relative, top)).await;
    fields.done(top, &fields.share(relative, top)).await;
    let set = |what: &str| format!("UPDATE org.sharing SET {what} WHERE patient_id = {}", uuid(77));
    for what in ["path = 'Patient'", "shared_by = 61", "membership_id = 61", "starts_at = '2020-01-01'"] {
        fields.refused(top, &set(what)).await;
    }
    fields.refused(PLAIN, &set("ends_at = now()")).await;
    fields.done(BELOW, &set("ends_at = now()")).await;
    fields.refused(top, &set("ends_at = 'infinity'")).await;
    fields.refused(top, "DELETE FROM org.sharing").await;
    let left = format!("SELECT count(*) FROM org.sharing WHERE patient_id = {}", uuid(77));
    assert_eq!(number(&fields.client, Some(&fields.as_post(top)), &left).await, Ok(1));
}

/// A relative's own connection: no approval for themselves, and none of another patient is seen.
#[tokio::test]
async fn a_relative_approves_nothing_and_sees_their_patients_approvals_alone() {
    let fields = Fields::new().await;
    let superuser = fields.house.superuser().await;
    let (top, relative) = (membership(fields.a()), other(fields.a()));
    fields.done(top, &fields.share(relative, top)).await;
    let bound =
        fields.signer.context(relative, &[cell(fields.a(), 0), -cell(fields.a(), fields.house.a.north.0)]);
    let count = format!("SELECT count(*) FROM org.sharing WHERE patient_id = {}", uuid(77));
    assert_eq!(number(&fields.client, Some(&bound), &count).await, Ok(0), "not tied to the patient");
    let tie = format!(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({}, {}, {}, {relative}, 'family', now() - interval '1 hour')",
        fields.a(),
        fields.house.a.north,
        uuid(77)
    );
    superuser.batch_execute(&tie).await.unwrap();
    assert_eq!(number(&fields.client, Some(&bound), &count).await, Ok(1));
    let refusal = attempt(&fields.client, Some(&bound), &fields.share(relative, relative)).await.unwrap_err();
    assert_eq!(refusal.code, "42501", "{refusal:?}");
    let refusal = attempt(&fields.client, Some(&bound), &fields.share(BELOW, relative)).await.unwrap_err();
    assert_eq!(refusal.code, "42501", "{refusal:?}");
}
