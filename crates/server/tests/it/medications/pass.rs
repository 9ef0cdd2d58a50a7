//! The morning pass of a house, by tablets on a bad network: every dose exactly once, and the counts balance.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Client, Limits, Quota, Settings, TestApp};

use super::counts::{controlled, enter, sheet, stands};
use super::{AIDE, dose, give, hour, hourly, order, post, resident, with};

fn full() -> bool {
    std::env::var("LAMPLIGHT_TEST_SCALE").is_ok_and(|scale| scale == "full")
}

/// A network that loses one of five: what was sent, or the answer to it. The same dice every time.
struct Network(u64);

impl Network {
    fn loses(&mut self) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(5)
    }

    /// Sends doses until all are answered, in their order; gives the answers.
    async fn send(&mut self, client: &Client, doses: &[Value]) -> Vec<Value> {
        loop {
            if self.loses() {
                continue;
            }
            let told = post(client, "/api/medications/doses/batch", &json!({"doses": doses})).await;
            if self.loses() {
                continue;
            }
            let answers = told.expect_status(200).json()["answers"].as_array().unwrap().clone();
            if answers.iter().all(|answer| answer["result"] != "again") {
                return answers;
            }
        }
    }
}

#[tokio::test]
async fn a_pass_by_ten_tablets_on_a_bad_network_gives_every_dose_once() {
    let (residents, tablets) = if full() { (200, 10) } else { (20, 5) };
    let quota = Quota::new(100_000, 100_000);
    let limits = Limits { per_person: quota, rate_per_organization: quota, ..Limits::default() };
    let app = TestApp::with(Settings { limits, ..Settings::default() }).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&AIDE, &[&north]).await;
    let sheet = sheet(&nurse, false).await;
    let stocked = i64::from(residents) * 1_000 + 7_000;
    enter(&nurse, &sheet, json!({"kind": "received", "amount": stocked})).await.expect_status(201);
    let due = hour();
    let mut places = Vec::new();
    for number in 0..residents {
        let patient = resident(&nurse, &format!("Resident{number:03}")).await;
        for more in [json!({}), controlled()] {
            let counted = more != json!({});
            places.push((patient.clone(), order(&nurse, &patient, hourly(), more).await, counted));
        }
    }
    // Each tablet has a part of the house, and every fifth resident is somebody else's too.
    let one = |number: usize, tablet: usize| {
        let resident = number / 2;
        resident % tablets == tablet || (resident.is_multiple_of(5) && (resident + 1) % tablets == tablet)
    };
    let passes = (0..tablets).map(|tablet| {
        let mine: Vec<Value> = places
            .iter()
            .enumerate()
            .filter(|(number, _)| one(*number, tablet))
            .map(|(_, (patient, order, counted))| {
                let dose = dose(patient, order, due);
                if *counted { with(dose, json!({"stock": sheet})) } else { dose }
            })
            .collect();
        let (clinic, north) = (&clinic, &north);
        async move {
            let client = clinic.token(&AIDE, &[north]).await;
            let mut network = Network(tablet as u64 + 1);
            let mut answers = Vec::new();
            for some in mine.chunks(7) {
                answers.extend(network.send(&client, some).await);
            }
            assert_eq!(answers.len(), mine.len());
            answers
        }
    });
    let answers: Vec<Value> = join_all(passes).await.concat();
    // Whoever was told that it was done did it; everybody else was told who did.
    let mine =
        answers.iter().filter(|answer| answer["result"] == "made" || answer["result"] == "same").count();
    assert_eq!(mine, places.len());
    let others = answers.iter().filter(|answer| answer["result"] == "conflict").count();
    assert_eq!(mine + others, answers.len(), "{answers:?}");
    assert!(others > 0 && answers.iter().any(|answer| answer["result"] == "same"));
    let rows = app.superuser().await;
    let counted = "SELECT count(*), count(DISTINCT order_id) FROM chart.dose WHERE revoked_at IS NULL";
    let counted = rows.query_one(counted, &[]).await.unwrap();
    let whole = i64::try_from(places.len()).unwrap();
    assert_eq!((counted.get::<_, i64>(0), counted.get::<_, i64>(1)), (whole, whole));
    let found = nurse.get("/fhir/R4/MedicationAdministration?_summary=count").await.expect_status(200).json();
    assert_eq!(found["total"], whole);
    assert_eq!(stands(&nurse, &sheet).await, (7_000, None, 0));
    let summed = "SELECT sum(change)::int8, count(number) FROM org.stock_entry";
    let summed = rows.query_one(summed, &[]).await.unwrap();
    assert_eq!((summed.get::<_, i64>(0), summed.get::<_, i64>(1)), (7_000, i64::from(residents) + 1));

    let pass = nurse.get("/api/medications/pass").await.expect_status(200).json();
    let shown = pass["residents"].as_array().unwrap();
    assert_eq!(shown.len(), usize::try_from(residents).unwrap());
    for resident in shown {
        assert_eq!((&resident["room"], &resident["allergies"]), (&json!("Room 1"), &json!([])));
        for order in resident["orders"].as_array().unwrap() {
            let of_hour = order["doses"]
                .as_array()
                .unwrap()
                .iter()
                .find(|dose| dose["due"] == due.to_string().as_str());
            assert_eq!(of_hour.unwrap()["state"], "given");
        }
    }
    give(&nurse, &dose(&places[0].0, &places[0].1, due)).await.expect_status(409);
}
