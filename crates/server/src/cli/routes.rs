//! `lamplight routes`.

use clap::Args;

use super::{Done, out};
use crate::http::{Access, description, routes};

#[derive(Args)]
pub(super) struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print the description of `/api`: OpenAPI 3.1
    #[arg(long, conflicts_with = "json")]
    openapi: bool,
}

pub(super) fn run(options: &Options) -> eyre::Result<Done> {
    if options.openapi {
        out::line(description().trim_end())?;
        return Ok(Done::Wholly);
    }
    if options.json {
        out::json(&routes())?;
        return Ok(Done::Wholly);
    }
    let rows: Vec<_> = routes()
        .iter()
        .map(|route| {
            let method = format!("{:?}", route.method).to_uppercase();
            let access = match route.access {
                Access::Public(reason) => format!("anyone: {reason}"),
                Access::Needs(action) => action.needs().key().to_owned(),
                Access::Platform(permission) => permission.key().to_owned(),
                Access::OnPlatform => "anyone on the plane".to_owned(),
                Access::EachEntry => "each entry's own".to_owned(),
                Access::Visitor(reason) => format!("visitors: {reason}"),
                Access::Program(reason) => format!("other programs: {reason}"),
                Access::Account => "a signed-in person".to_owned(),
                Access::Own => "any context".to_owned(),
            };
            [method, route.path.to_owned(), route.interaction.to_owned(), access]
        })
        .collect();
    out::table(["METHOD", "PATH", "INTERACTION", "NEEDS"], &rows)?;
    Ok(Done::Wholly)
}
