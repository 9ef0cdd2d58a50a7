//! `/api/patients/{patient}/accesses`, `/api/audit/events/{event}/why`.

use jiff::Timestamp;
use kernel::PatientId;
use percent_encoding::percent_decode_str;

use super::model::{Accesses, Why};
use super::ops::{self, Asked};
use super::why;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

/// The rows of the log of who did what.
pub(crate) const ROUTES: &[Route] = &[
    row("/api/patients/{patient}/accesses", &LIST, |c| Box::pin(list(c))),
    row("/api/audit/events/{event}/why", &WHY, |c| Box::pin(explain(c))),
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
    let text = call.param("patient");
    let patient = text.parse().ok().filter(|id: &PatientId| id.to_string() == text);
    let patient = patient.ok_or_else(Failure::unlisted)?;
    Reply::json(200, &ops::list(&call.app, &call.ctx, patient, &asked(call.query())?).await?)
}

const WHY: Doc = Doc::new(
    "Why something in the log was allowed or refused: what was so then, and what is so today; with the rights of the list",
)
.gives::<Why>(200);

async fn explain(call: Call) -> Result<Reply, Failure> {
    let id = call.param("event").parse().map_err(|_| Failure::unlisted())?;
    Reply::json(200, &why::explain(&call.app, &call.ctx, id).await?)
}

fn asked(query: &str) -> Result<Asked, Failure> {
    let refused = |message| Failure::coded(400, "invalid", message);
    let mut asked = Asked::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| refused("the query is no UTF-8"))?;
        let instant = |message| value.parse::<Timestamp>().map(Some).map_err(|_| refused(message));
        match name {
            "from" if asked.from.is_none() => asked.from = instant("from: an instant")?,
            "to" if asked.to.is_none() => asked.to = instant("to: an instant")?,
            "cursor" if asked.cursor.is_none() => asked.cursor = Some(value.into_owned()),
            _ => return Err(refused("from, to and cursor are the only parameters, each once")),
        }
    }
    Ok(asked)
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
    }
}
