//! What was done with a patient's record, to take away: on paper, or as a table. Taking it is itself in the log.

use db::{Ctx, Db, Event, Phi, Row};
use fhir::ResourceType;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{PatientId, ResourceId};
use policy::{Action, Permission};
use print::{Paper, Section};
use uuid::Uuid;

use super::model::Access;
use super::ops::{self, Asked, right, subject};
use super::store::{self, Part};
use crate::app::App;
use crate::areas::notes::patient_names;
use crate::areas::{csv, merges};
use crate::http::Failure;

const ACTION: Action = Action::TakeLog;
/// The most lines of one report: a year of a much-seen resident.
const MOST: usize = 20_000;
/// On paper, which nobody leafs through beyond.
const MOST_ON_PAPER: usize = 5_000;

/// In which form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pdf,
    Csv,
}

impl Form {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The file's name says nothing of whom it is about.
    pub(super) fn disposition(self) -> &'static str {
        match self {
            Self::Pdf => "attachment; filename=\"who-looked.pdf\"",
            Self::Csv => "attachment; filename=\"who-looked.csv\"",
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Pdf => MOST_ON_PAPER,
            Self::Csv => MOST,
        }
    }
}

/// A report, before it is drawn.
struct Report {
    /// Whom it is about: the name as far as the asker sees it, else the id.
    about: String,
    from: Timestamp,
    to: Timestamp,
    made: Timestamp,
    zone: TimeZone,
    lines: Vec<Access>,
}

/// The whole of a period, as bytes of this form.
pub(super) async fn take(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    asked: &Asked,
    form: Form,
) -> Result<Vec<u8>, Failure> {
    let db = app.store.db();
    let right = right(app, ctx).await?;
    let (from, to) = ops::period(asked, app.world.now())?;
    let (facility, sight) = ops::find(app, ctx, patient, right).await?;
    let most = form.most();
    let tx = db.begin(ctx).await?;
    let zone = store::fetch_time_zone(&tx, ctx.organization(), facility).await?;
    let mut patients = merges::list_absorbed(&tx, ctx.organization(), patient).await?;
    patients.push(patient);
    tx.commit().await?;
    let rows = list_whole(db, ctx, &patients, (from, to), most + 1).await?;
    if rows.len() > most {
        let said = "the period has more lines than one report holds: ask for a shorter one";
        return Err(Failure::coded(409, "report-too-long", said));
    }
    let names = if app.store.sees(ctx, ResourceType::Patient, ResourceId(patient.0), |_| true).await? {
        patient_names(app, ctx, &[patient]).await?
    } else {
        std::collections::HashMap::new()
    };
    let name = names.get(&patient).filter(|name| !name.is_empty());
    let report = Report {
        about: name.cloned().unwrap_or_else(|| patient.to_string()),
        from,
        to,
        made: app.world.now(),
        zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
        lines: rows.iter().map(|row| ops::access(ctx, row, sight)).collect(),
    };
    let detail = Some(format!("{} lines", report.lines.len()));
    let event = Event { detail, ..Event::success(ACTION.key(), right.key()) };
    let told_addresses = right == Permission::AuditReport;
    let closed = Phi::new(report, subject(ctx, facility, patient));
    let receipt = db.record(ctx, event.showing([&closed])).await?;
    let report = closed.open(&receipt)?;
    match form {
        Form::Csv => Ok(report.csv(told_addresses).into_bytes()),
        Form::Pdf => {
            let paper = report.paper();
            // Up to seconds of drawing.
            let drawn = tokio::task::spawn_blocking(move || paper.pdf()).await;
            drawn.ok().and_then(Result::ok).ok_or_else(|| Failure::broken("a report cannot be drawn"))
        }
    }
}

/// Everything of a period, newest first; whoever is given one line too many knows that there are more.
async fn list_whole(
    db: &Db,
    ctx: &Ctx,
    patients: &[PatientId],
    period: (Timestamp, Timestamp),
    at_most: usize,
) -> Result<Vec<Row>, db::Error> {
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let parts = db::parts(period).into_iter().map(|(from, to)| async move {
        let tx = db.begin(ctx).await?;
        let part = Part { patients, from, to, before: (to, Uuid::nil()), at_most };
        let rows = store::list_accesses(&tx, ctx.organization(), &part).await?;
        tx.commit().await?;
        Ok::<_, db::Error>(rows)
    });
    Ok(try_join_all(parts).await?.into_iter().flatten().collect())
}

impl Report {
    fn moment(&self, at: Timestamp, form: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    fn csv(&self, addresses: bool) -> String {
        let mut out = String::new();
        let mut head =
            vec!["time", "who", "role", "on_behalf_of", "what", "record", "outcome", "purpose", "facility"];
        head.extend(addresses.then_some("address"));
        head.push("event");
        csv::line(&mut out, head);
        for line in &self.lines {
            let time = self.moment(line.at, "%Y-%m-%dT%H:%M:%S%:z");
            let event = line.event.to_string();
            let (who, role, of) = line.who.parts();
            let mut cells = vec![
                time.as_str(),
                who,
                role,
                of,
                line.what,
                line.record.unwrap_or_default(),
                line.outcome,
                &line.purpose,
                line.facility.as_deref().unwrap_or_default(),
            ];
            cells.extend(addresses.then(|| line.address.as_deref().unwrap_or_default()));
            cells.push(&event);
            csv::line(&mut out, cells);
        }
        out
    }

    fn paper(&self) -> Paper {
        let day = |at| self.moment(at, "%Y-%m-%d %H:%M %Z");
        let mut sections: Vec<Section> = Vec::new();
        for line in &self.lines {
            let title = self.moment(line.at, "%A, %Y-%m-%d");
            if sections.last().is_none_or(|last| last.title != title) {
                sections.push(Section { title, lines: Vec::new() });
            }
            if let Some(last) = sections.last_mut() {
                last.lines.push(self.words(line));
            }
        }
        if sections.is_empty() {
            let lines = vec!["Nobody did anything with this record in this period.".to_owned()];
            sections.push(Section { title: String::new(), lines });
        }
        Paper {
            title: "Who looked at a record".to_owned(),
            language: "en".to_owned(),
            author: "Lamplight".to_owned(),
            facts: vec![
                ("Record of".to_owned(), self.about.clone()),
                ("Period".to_owned(), format!("{} to {}", day(self.from), day(self.to))),
                ("Lines".to_owned(), self.lines.len().to_string()),
                ("Made".to_owned(), day(self.made)),
            ],
            sections,
            foot: format!("{}, who looked, {}", self.about, self.moment(self.made, "%Y-%m-%d")),
        }
    }

    /// A line of the log as a paragraph.
    fn words(&self, line: &Access) -> String {
        let (who, role, of) = line.who.parts();
        let mut said = format!("{}  {who}", self.moment(line.at, "%H:%M:%S"));
        for more in [role, of].into_iter().filter(|more| !more.is_empty() && *more != who) {
            said.push_str(", ");
            said.push_str(more);
        }
        said.push_str(": ");
        said.push_str(line.what);
        for (before, more) in [
            (" ", line.record),
            (", ", Some(line.outcome).filter(|outcome| *outcome != "done")),
            (", for ", Some(line.purpose.as_str())),
            (", at ", line.facility.as_deref()),
            (", from ", line.address.as_deref()),
        ] {
            if let Some(more) = more {
                said.push_str(before);
                said.push_str(more);
            }
        }
        said
    }
}
