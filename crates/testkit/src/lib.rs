//! TestApp: the whole program on a database of its own in a real PostgreSQL, for tests that read like stories.
//!
//! ```no_run
//! # use testkit::{TestApp, Permission};
//! # use serde_json::json;
//! # async fn story() {
//! let app = TestApp::new().await;
//! let clinic = app.organization("clinic").await;
//! let north = clinic.facility("north").await;
//! let nurse = clinic.token(&[Permission::ChartWrite, Permission::ChartRead], &[&north]).await;
//! let patient = nurse.post("/fhir/R4/Patient", &json!({"resourceType": "Patient"})).await.expect_status(201);
//! # }
//! ```
//!
//! `with-postgres -- COMMAND` runs a command against one server that all its tests share; without it each test process
//! starts a server of its own, which takes some seconds.

mod app;
mod browser;
mod client;
mod cluster;
mod database;
mod listening;
mod person;

pub use app::{Facility, Listening, Organization, TestApp};
pub use browser::Browser;
pub use client::{Answer, Ask, Client};
pub use cluster::{Cluster, VARIABLE};
pub use database::TestDb;
pub use kernel::MembershipId;
pub use listening::{Heard, Listener};
pub use person::{PASSWORD, Person, enrol, totp};
pub use policy::Permission;
pub use server::app::{Limits, Quota, Settings};
// tidy: allow(driver) tests look into the tables behind the program's back, to see that it did what it said
pub use tokio_postgres as pg;
