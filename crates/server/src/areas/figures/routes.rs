//! `/api/figures`: what is asked and answered, and nothing else.

use jiff::civil::Date;
use policy::Action;

use super::model::{Figures, Now};
use super::ops::{self, Asked};
use super::table;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

/// The rows of figures.
pub(crate) const ROUTES: &[Route] = &[
    row("/api/figures", &FIGURES, |c| Box::pin(figures(c))),
    row("/api/figures/csv", &TABLE, |c| Box::pin(take(c))),
    row("/api/facilities/{facility}/figures/now", &NOW, |c| Box::pin(now(c))),
];

const fn row(path: &'static str, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    let access = Access::Needs(Action::LookAtFigures);
    Route { health_data: true, ..Route::within("figures", (Verb::Get, path), access, doc, handler) }
}

const PERIOD: &[(&str, &str)] = &[
    ("from", "The first day, such as 2026-03-01; 27 days before `to`, if nobody says"),
    ("to", "The last day, 91 after `from` at most; today, if nobody says"),
    ("facility", "Of the facility with this code alone"),
];

const FIGURES: Doc = Doc::new(
    "Figures of the facilities within reach, by day; by week, and few not told, for who may not search charts",
)
.query(PERIOD)
.gives::<Figures>(200)
.problems(&["invalid"]);

async fn figures(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::figures(&call.app, &call.ctx, &asked(call.query())?).await?)
}

const TABLE: Doc = Doc::new("The same as CSV").query(PERIOD).status(200).problems(&["invalid"]);

async fn take(call: Call) -> Result<Reply, Failure> {
    let figures = ops::figures(&call.app, &call.ctx, &asked(call.query())?).await?;
    Ok(Reply::of(200, "text/csv; charset=utf-8", table::csv(&figures))
        .with("content-disposition", "attachment; filename=\"figures.csv\""))
}

const NOW: Doc = Doc::new(
    "What waits at a facility at this moment: tasks and doses; it looks at records, and so needs `chart.search` as well",
)
.gives::<Now>(200);

async fn now(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::now(&call.app, &call.ctx, call.param("facility")).await?)
}

fn asked(query: &str) -> Result<Asked, Failure> {
    let refused = |message| Failure::coded(400, "invalid", message);
    let mut asked = Asked::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let day = |message| value.parse::<Date>().map(Some).map_err(|_| refused(message));
        match name {
            "from" if asked.from.is_none() => asked.from = day("from: a day such as 2026-03-01")?,
            "to" if asked.to.is_none() => asked.to = day("to: a day such as 2026-03-01")?,
            "facility" if asked.facility.is_none() => asked.facility = Some(value.to_owned()),
            _ => return Err(refused("from, to and facility are the only parameters, each once")),
        }
    }
    Ok(asked)
}
