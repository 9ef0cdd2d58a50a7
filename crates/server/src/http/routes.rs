//! The table of routes: what may be asked of this program, under which policy. The router is built from it, so that
//! what is not in it is refused.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use db::Ctx;
use policy::{Action, PlatformPermission};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::app::App;
use crate::areas::{
    accesses, announcements, branding, demonstration, documents, emergency, erasures, events, exports,
    facilities, family, fhir, fields, figures, imports, incidents, keeping, medications, merges, modules,
    notes, oauth, people, platform, providers, reviews, shifts, stays, support, tasks, terminology,
};
use crate::http::{
    Above, Account, CHECK, Call, DOWNLOAD, Doc, Failure, Incoming, Reply, STREAM, Visit, health, mailbox,
    openapi, pages,
};

/// An HTTP method of ours. `Get` answers `HEAD` as well, without the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates, searches by form, processes.
    Post,
    /// Updates.
    Put,
    /// Deletes.
    Delete,
}

/// Under which policy a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone may ask, for this reason.
    Public(&'static str),
    /// Someone who may not be signed in yet, for this reason. How often is limited by where they come from.
    Visitor(&'static str),
    /// Another program, by what it sends and never by a cookie, for this reason. Pages of any origin may ask
    /// (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
    Program(&'static str),
    /// Someone signed in, at their own account.
    Account,
    /// Any context, about itself.
    Own,
    /// A context whose membership may do this.
    Needs(Action),
    /// Someone on the plane above organizations who may do this there; to everyone else it does not exist.
    Platform(PlatformPermission),
    /// Someone on that plane, about themselves.
    OnPlatform,
    /// Any context; each entry of the body is decided on by itself.
    EachEntry,
}

impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Public(reason) => map.serialize_entry("public", reason)?,
            Self::Needs(action) => {
                map.serialize_entry("action", action.key())?;
                map.serialize_entry("permission", action.needs().key())?;
            }
            Self::Visitor(reason) => map.serialize_entry("visitor", reason)?,
            Self::Program(reason) => map.serialize_entry("program", reason)?,
            Self::Account => map.serialize_entry("account", "a signed-in person's own")?,
            Self::Own => map.serialize_entry("own", "any context, about itself")?,
            Self::Platform(permission) => map.serialize_entry("platform", permission.key())?,
            Self::OnPlatform => map.serialize_entry("platform", "anyone on the plane, about themselves")?,
            Self::EachEntry => map.serialize_entry("action", "each entry's own")?,
        }
        map.end()
    }
}

/// What a request may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Nothing; what is sent is not read.
    None,
    /// One resource.
    Resource,
    /// A bundle.
    Bundle,
    /// A form.
    Form,
    /// A small JSON document.
    Json,
    /// A file, as long as was agreed on before; read as it comes.
    File,
    /// A JSON document of some length.
    LongJson,
    /// A spreadsheet, as its bytes.
    Sheet,
}

/// The answer to come.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// Who answers.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Without a context.
    Public(fn(App) -> Answer),
    /// As [`Handler::Public`], with the context of a caller who shows one.
    Anyone(fn(App, Option<Ctx>) -> Answer),
    /// A visitor.
    Visitor(fn(Visit) -> Answer),
    /// A visitor who sends a file.
    Upload(fn(Visit, Incoming) -> Answer),
    /// Someone signed in.
    Account(fn(Account) -> Answer),
    /// Someone on the plane above organizations.
    Platform(fn(Above) -> Answer),
    /// In a context.
    Private(fn(Call) -> Answer),
}

/// One row.
#[derive(Clone, Copy, Serialize)]
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The template of the path.
    pub path: &'static str,
    /// The FHIR interaction (<https://hl7.org/fhir/R4/http.html>) or the program's own word.
    pub interaction: &'static str,
    /// Under which policy.
    pub access: Access,
    /// What it is about; `{type}` stands for the type in the path.
    pub resource: &'static str,
    /// Whether the answer may hold health data: it is then never to be stored.
    pub health_data: bool,
    /// Whether a success leaves an audit event.
    pub audited: bool,
    /// What it takes.
    pub body: Body,
    /// Whether asking says that the person is there: polling does not, and so extends no session.
    pub active: bool,
    /// What it says of itself in the description of `/api`.
    #[serde(skip)]
    pub(crate) doc: Option<&'static Doc>,
    #[serde(skip)]
    pub(crate) handler: Handler,
}

impl Route {
    /// A row of the app's interface in a context: logged, without records in its answer, extending the session; what
    /// makes or changes something takes JSON.
    pub(crate) const fn within(
        about: &'static str,
        (method, path): (Verb, &'static str),
        access: Access,
        doc: &'static Doc,
        handler: fn(Call) -> Answer,
    ) -> Self {
        Self {
            method,
            path,
            interaction: about,
            access,
            resource: about,
            health_data: false,
            audited: true,
            body: if matches!(method, Verb::Post | Verb::Put) { Body::Json } else { Body::None },
            active: true,
            doc: Some(doc),
            handler: Handler::Private(handler),
        }
    }

    /// Whether it is a page or file of the app, the same for everyone.
    pub(super) fn is_page(&self) -> bool {
        self.interaction == "page"
    }

    /// Whether its answer is a file.
    pub(super) fn is_download(&self) -> bool {
        self.interaction == DOWNLOAD
    }

    /// Whether who asked is asked again while it is answered.
    pub(super) fn asks_again(&self) -> bool {
        [STREAM, DOWNLOAD, CHECK].contains(&self.interaction)
    }
}

/// Every route, in the order of areas.
pub fn routes() -> &'static [Route] {
    static ALL: LazyLock<Vec<Route>> = LazyLock::new(|| {
        [
            health::ROUTES,
            openapi::ROUTES,
            pages::ROUTES,
            mailbox::ROUTES,
            people::ROUTES,
            fields::ROUTES,
            family::ROUTES,
            emergency::ROUTES,
            modules::ROUTES,
            events::ROUTES,
            accesses::ROUTES,
            facilities::ROUTES,
            documents::ROUTES,
            exports::ROUTES,
            imports::ROUTES,
            notes::ROUTES,
            announcements::ROUTES,
            branding::ROUTES,
            support::ROUTES,
            terminology::ROUTES,
            stays::ROUTES,
            tasks::ROUTES,
            shifts::ROUTES,
            incidents::ROUTES,
            medications::ROUTES,
            figures::ROUTES,
            erasures::ROUTES,
            reviews::ROUTES,
            keeping::ROUTES,
            merges::ROUTES,
            oauth::ROUTES,
            providers::ROUTES,
            demonstration::ROUTES,
            platform::ROUTES,
            fhir::ROUTES,
        ]
        .concat()
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_data_is_never_public_and_always_audited() {
        for row in routes() {
            let public = matches!(row.access, Access::Public(_) | Access::Visitor(_) | Access::Program(_));
            let fits = match row.handler {
                Handler::Public(_) | Handler::Anyone(_) => matches!(row.access, Access::Public(_)),
                Handler::Upload(_) => matches!(row.access, Access::Visitor(_)) && row.body == Body::File,
                Handler::Visitor(_) => matches!(row.access, Access::Visitor(_) | Access::Program(_)),
                Handler::Account(_) => row.access == Access::Account,
                Handler::Platform(_) => matches!(row.access, Access::Platform(_) | Access::OnPlatform),
                Handler::Private(_) => {
                    matches!(row.access, Access::Needs(_) | Access::EachEntry | Access::Own)
                }
            };
            assert!(fits, "{} {:?}", row.path, row.method);
            assert!(!row.health_data || (row.audited && !public), "{} {:?}", row.path, row.method);
        }
    }

    #[test]
    fn no_row_is_given_twice() {
        for (index, row) in routes().iter().enumerate() {
            let again = |other: &&Route| other.path == row.path && other.method == row.method;
            assert_eq!(routes()[index + 1..].iter().find(again).map(|row| row.path), None);
        }
    }
}
