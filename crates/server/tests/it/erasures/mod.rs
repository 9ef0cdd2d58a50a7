//! Holds, restriction and erasure of a patient's record (ADR 0040).

mod erasing;
mod restricting;
mod traces;

use serde_json::{Value, json};
use testkit::{Answer, Browser, Client, Facility, Organization, PASSWORD, Permission, Person, TestApp};

use crate::documents::Folder;
use crate::people::{patient, weight};

/// Who keeps records, and asks for erasures.
pub(crate) const KEEPER: [Permission; 7] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::AuditReport,
    Permission::RecordsKeep,
    Permission::RecordsRestricted,
    Permission::RecordsErase,
];
/// Who approves them.
pub(crate) const APPROVER: [Permission; 5] = [
    Permission::ChartRead,
    Permission::RecordsKeep,
    Permission::RecordsErase,
    Permission::RecordsApprove,
    Permission::OrganizationManage,
];
pub(crate) const NURSE: [Permission; 6] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::NotesWrite,
    Permission::ShiftWork,
    Permission::MedicationsGive,
];

/// A clinic with a patient, of whom there is a weight, and those who decide about records.
pub(crate) struct House<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) clinic: Organization<'a>,
    pub(crate) north: Facility,
    pub(crate) desk: Client,
    pub(crate) keeper: (Person, Browser),
    pub(crate) approver: (Person, Browser),
    pub(crate) patient: String,
    pub(crate) weight: String,
}

pub(crate) async fn app() -> (TestApp, Folder) {
    crate::documents::house().await
}

impl<'a> House<'a> {
    pub(crate) async fn new(app: &'a TestApp) -> Self {
        let clinic = app.organization("clinic").await;
        let north = clinic.facility("north").await;
        let desk = clinic.all_powers(&[&north]).await;
        let keeper = staff(&clinic, &north, "keeper@care.example", &KEEPER).await;
        let approver = staff(&clinic, &north, "approver@care.example", &APPROVER).await;
        let known = patient("Zwielicht", "Ottilie");
        let patient = desk.post("/fhir/R4/Patient", &known).await.expect_status(201).id();
        let weighed = desk.post("/fhir/R4/Observation", &weight(&patient, "03", "61")).await;
        let weight = weighed.expect_status(201).id();
        Self { app, clinic, north, desk, keeper, approver, patient, weight }
    }

    /// An address about the patient.
    pub(crate) fn at(&self, what: &str) -> String {
        format!("/api/patients/{}/{what}", self.patient)
    }

    /// Makes everything so old that the time of every record is over.
    pub(crate) async fn age(&self) {
        // Behind the triggers, which let nobody write to what was merged.
        let sql = "SET session_replication_role = replica;
                   UPDATE chart.resource SET updated_at = now() - interval '6 years'";
        self.app.superuser().await.batch_execute(sql).await.unwrap();
    }

    /// Has approved erasures done at once.
    pub(crate) async fn hurry(&self) {
        self.app
            .superuser()
            .await
            .batch_execute("UPDATE org.organization SET erasure_days = 0")
            .await
            .unwrap();
    }

    pub(crate) async fn keeping(&self) -> Value {
        self.keeper.1.get(&self.at("keeping")).await.expect_status(200).json()
    }

    pub(crate) async fn restrict(&self) {
        self.keeper.1.post(&self.at("restriction"), &json!({"ground": "accuracy"})).await.expect_status(204);
    }

    pub(crate) async fn ask(&self) -> Answer {
        proved(&self.keeper, &self.at("erasures"), &json!({"ground": "request"})).await
    }

    pub(crate) async fn asked(&self) -> String {
        self.ask().await.expect_status(201).json()["erasure"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn approve(&self, erasure: &str) -> Answer {
        proved(&self.approver, &decision(erasure), &json!({"approved": true})).await
    }

    /// From asking to the end.
    pub(crate) async fn erase(&self) -> String {
        self.age().await;
        self.hurry().await;
        let erasure = self.asked().await;
        self.approve(&erasure).await.expect_status(204);
        assert_eq!(self.app.app.erase_due().await.unwrap(), 1);
        erasure
    }
}

pub(crate) async fn staff(
    clinic: &Organization<'_>,
    at: &Facility,
    email: &str,
    held: &[Permission],
) -> (Person, Browser) {
    let person = clinic.person(email, held, &[at]).await;
    let tab = person.browser.open("clinic", person.membership).await;
    (person, tab)
}

pub(crate) fn decision(erasure: &str) -> String {
    format!("/api/erasures/{erasure}/decision")
}

pub(crate) async fn proved(by: &(Person, Browser), path: &str, body: &Value) -> Answer {
    let proof = by.0.browser.proof("records.erase", PASSWORD).await;
    by.1.post_proved(path, body, &proof).await
}

/// For a legal reason.
pub(crate) async fn legally(tab: &Browser, path: &str) -> Answer {
    tab.send(tab.ask("GET", path).header("lamplight-purpose", "HLEGAL")).await
}
