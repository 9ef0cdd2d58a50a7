//! `/api/patients/{patient}/accesses`, `/api/audit/events`: what is asked and answered, and nothing else.

use std::str::FromStr;

use jiff::Timestamp;
use kernel::{MembershipId, PatientId};
use percent_encoding::percent_decode_str;
use policy::{Action, What};

use super::model::{Accesses, Why};
use super::ops::{self, Asked};
use super::paper::{self, Form};
use super::search::{self, Page, Sought};
use super::why;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

/// The rows of the log of who did what.
pub(crate) const ROUTES: &[Route] = &[
    row("/api/patients/{patient}/accesses", &LIST, |c| Box::pin(list(c))),
    row("/api/patients/{patient}/accesses/pdf", &PDF, |c| Box::pin(take(c, Form::Pdf))),
    row("/api/patients/{patient}/accesses/csv", &CSV, |c| Box::pin(take(c, Form::Csv))),
    row("/api/audit/events/{event}/why", &WHY, |c| Box::pin(explain(c))),
    Route {
        access: Access::Needs(Action::SearchLog),
        ..row("/api/audit/events", &SEARCH, |c| Box::pin(find(c)))
    },
];

const fn row(path: &'static str, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    // With audit.report or audit.own, which the operation asks for itself.
    Route { health_data: true, ..Route::within("audit", (Verb::Get, path), Access::Own, doc, handler) }
}

const LIST: Doc = Doc::new(
    "What was done with a patient's record and by whom, newest first, a hundred at a time: with audit.report, or with \
     audit.own of one's own record",
)
.query(&[
    ("from", "From this instant on (RFC 3339); 90 days before `to`, if nobody says, at most 400"),
    ("to", "Until before this instant; until now, if nobody says"),
    ("cursor", "Goes on behind the page that gave it, with the `from` and `to` of that page"),
])
.gives::<Accesses>(200)
.problems(&["invalid"]);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx, patient(&call)?, &asked(call.query())?).await?)
}

/// The id in the address, in the one form that ids have.
fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("patient");
    let patient = text.parse().ok().filter(|id: &PatientId| id.to_string() == text);
    patient.ok_or_else(Failure::unlisted)
}

const PDF: Doc = Doc::new("The same for a whole period as PDF, 5,000 lines at most; taking it is in the log")
    .query(PERIOD)
    .status(200)
    .problems(&["invalid", "report-too-long"]);

const CSV: Doc =
    Doc::new("The same for a whole period as CSV, 20,000 lines at most; taking it is in the log")
        .query(PERIOD)
        .status(200)
        .problems(&["invalid", "report-too-long"]);

const PERIOD: &[(&str, &str)] = &[
    ("from", "From this instant on (RFC 3339); 90 days before `to`, if nobody says, at most 400"),
    ("to", "Until before this instant; until now, if nobody says"),
];

async fn take(call: Call, form: Form) -> Result<Reply, Failure> {
    let asked = asked(call.query())?;
    if asked.cursor.is_some() {
        return Err(Failure::coded(400, "invalid", "cursor: a report is whole"));
    }
    let bytes = paper::take(&call.app, &call.ctx, patient(&call)?, &asked, form).await?;
    Ok(Reply::of(200, form.media_type(), bytes).with("content-disposition", form.disposition()))
}

const SEARCH: Doc = Doc::new(
    "What was done here and by whom, newest first, a hundred at a time; each page is a look at the patients whom it names",
)
.query(&[
    ("from", "From this instant on (RFC 3339); 7 days before `to`, if nobody says, at most 400"),
    ("to", "Until before this instant; until now, if nobody says"),
    ("patient", "What concerned this patient; out of reach is 404"),
    ("membership", "What this post did"),
    ("what", "One word of what was done, as `what` of a line has it, but `other`"),
    ("outcome", "`refused`: what was refused or failed"),
    ("emergency", "`true`: what was done in an emergency, and its opening and end"),
    ("facility", "At the facility with this code"),
    ("cursor", "Goes on behind the page that gave it, with the rest of its question, its `from` and its `to`"),
])
.gives::<Page>(200)
.problems(&["invalid"]);

async fn find(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &search::search(&call.app, &call.ctx, &sought(call.query())?).await?)
}

const WHY: Doc = Doc::new(
    "Why something in the log was allowed or refused: what was so then, and what is so today; with the rights of the list",
)
.gives::<Why>(200);

async fn explain(call: Call) -> Result<Reply, Failure> {
    let id = call.param("event").parse().map_err(|_| Failure::unlisted())?;
    Reply::json(200, &why::explain(&call.app, &call.ctx, id).await?)
}

fn refused(message: &'static str) -> Failure {
    Failure::coded(400, "invalid", message)
}

/// The parameters of a query as they are meant, each once.
fn pairs(query: &str) -> Result<Vec<(&str, String)>, Failure> {
    let mut all: Vec<(&str, String)> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| refused("the query is no UTF-8"))?;
        if all.iter().any(|(known, _)| *known == name) {
            return Err(refused("each parameter once"));
        }
        all.push((name, value.into_owned()));
    }
    Ok(all)
}

fn read<T: FromStr>(value: &str, message: &'static str) -> Result<Option<T>, Failure> {
    value.parse().map(Some).map_err(|_| refused(message))
}

fn asked(query: &str) -> Result<Asked, Failure> {
    let mut asked = Asked::default();
    for (name, value) in pairs(query)? {
        match name {
            "from" => asked.from = read(&value, "from: an instant")?,
            "to" => asked.to = read(&value, "to: an instant")?,
            "cursor" => asked.cursor = Some(value),
            _ => return Err(refused("from, to and cursor are the only parameters")),
        }
    }
    Ok(asked)
}

fn sought(query: &str) -> Result<Sought, Failure> {
    let mut sought = Sought::default();
    for (name, value) in pairs(query)? {
        match name {
            "from" => sought.from = read::<Timestamp>(&value, "from: an instant")?,
            "to" => sought.to = read::<Timestamp>(&value, "to: an instant")?,
            "patient" => sought.patient = read(&value, "patient: an id")?,
            "membership" => {
                sought.membership = read(&value, "membership: the number of a post")?.map(MembershipId);
            }
            "what" => {
                let what = What::find(&value).filter(|what| *what != What::Other);
                sought.what = Some(what.ok_or_else(|| refused("what: not a word of those that there are"))?);
            }
            "outcome" if value == "refused" => sought.refused = true,
            "outcome" => return Err(refused("outcome: refused")),
            "emergency" if value == "true" => sought.emergency = true,
            "emergency" => return Err(refused("emergency: true")),
            "facility" => sought.facility = Some(value),
            "cursor" => sought.cursor = Some(value),
            _ => return Err(refused("there is a parameter that is not known")),
        }
    }
    Ok(sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_understood_as_a_whole_or_refused() {
        let asked_for = asked("from=2026-01-01T00%3A00%3A00Z&cursor=abc").ok().unwrap();
        assert_eq!(asked_for.from, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!((asked_for.to, asked_for.cursor.as_deref()), (None, Some("abc")));
        for wrong in ["from=yesterday", "since=2026-01-01T00:00:00Z", "cursor=a&cursor=b", "to=%ff"] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
        let sought_for = sought("what=exported&membership=7&emergency=true").ok().unwrap();
        assert_eq!((sought_for.what, sought_for.membership), (Some(What::Exported), Some(MembershipId(7))));
        assert!(sought_for.emergency && !sought_for.refused);
        for wrong in
            ["what=other", "what=", "outcome=done", "emergency=1", "membership=a", "patient=7", "who=me"]
        {
            assert!(sought(wrong).is_err(), "{wrong}");
        }
    }
}
