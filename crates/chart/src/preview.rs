//! A patient's records as somebody else sees them, shown to whoever decides about that.

use db::Ctx;
use fhir::ResourceType;
use kernel::{PatientId, ResourceId};
use policy::fields::Fields;
use policy::{Grants, Purpose};

use crate::model::{Document, Preview, SearchRequest};
use crate::{Error, Store, has_compartment, has_type, view};

/// Most records of one type that are looked at.
const MOST: usize = 1_000;

impl Store {
    /// What `ctx` sees of the patient's records, as far as `grants` and `theirs` let somebody else see it.
    ///
    /// # Errors
    /// As [`Store::read`] and [`Store::search`], which it is made of.
    pub async fn preview(
        &self,
        ctx: &Ctx,
        patient: PatientId,
        grants: &Grants,
        theirs: &Fields,
    ) -> Result<Preview, Error> {
        let view = theirs.view(Some(patient));
        let mut preview = Preview { resources: Vec::new(), complete: true };
        let show = |document: &Document| {
            grants
                .may_see(Purpose::FamilyRequest, document.class)
                .then(|| view::project(view, &document.body))
                .flatten()
        };
        let own = self.read(ctx, ResourceType::Patient, ResourceId::from(patient)).await?;
        preview.resources.extend(show(&own));
        for rtype in ResourceType::ALL {
            let theirs = view.shows(rtype.as_str()) && *rtype != ResourceType::Patient;
            if !theirs || !has_type(ctx, *rtype) || !has_compartment(ctx, *rtype) {
                continue;
            }
            let mut query = vec![("_count".to_owned(), "200".to_owned())];
            let mut seen = 0;
            loop {
                let request = SearchRequest { rtype: *rtype, compartment: Some(patient), query: &query };
                let page = self.search(ctx, request).await?;
                seen += page.entries.len();
                preview.resources.extend(page.entries.iter().filter_map(show));
                let Some(next) = page.next else { break };
                if seen >= MOST {
                    preview.complete = false;
                    break;
                }
                query.truncate(1);
                query.push(("_cursor".to_owned(), next));
            }
        }
        Ok(preview)
    }
}
