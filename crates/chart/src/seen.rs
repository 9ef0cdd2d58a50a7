//! All of a patient's records that somebody sees who does not see everything: what a relative's page shows, and what whoever
//! approves it looks at beforehand. There is one way to it, so that the two cannot differ.

use db::Ctx;
use fhir::ResourceType;
use fhir::compartment::patient_paths;
use kernel::{PatientId, ResourceId};

use crate::model::{SearchRequest, Seen};
use crate::{Error, Store};

impl Store {
    /// What `ctx` sees of a patient's records, the patient's own first, of each type at most `most`: the newest ones where
    /// their dates are seen. Each search is in the log.
    ///
    /// # Errors
    /// As [`Store::read`] and [`Store::search`], which it is made of.
    pub async fn seen(&self, ctx: &Ctx, patient: PatientId, most: usize) -> Result<Seen, Error> {
        let own = self.read(ctx, ResourceType::Patient, ResourceId::from(patient)).await?;
        let mut seen = Seen { documents: vec![own], complete: true };
        for rtype in ResourceType::ALL.iter().copied().filter(|rtype| *rtype != ResourceType::Patient) {
            if !shows(ctx, rtype, patient) {
                continue;
            }
            let mut query = vec![("_count".to_owned(), most.min(200).to_string())];
            let mut left = most;
            loop {
                let request = SearchRequest { rtype, compartment: Some(patient), query: &query };
                let page = self.search_of(ctx, request).await?;
                let taken = page.entries.len().min(left);
                seen.complete &= taken == page.entries.len();
                left -= taken;
                seen.documents.extend(page.entries.into_iter().take(taken));
                let Some(next) = page.next else { break };
                if left == 0 {
                    seen.complete = false;
                    break;
                }
                query.truncate(1);
                query.push(("_cursor".to_owned(), next));
            }
        }
        Ok(seen)
    }
}

/// Whether records of this type exist for the context, and whose they are is not hidden from it.
fn shows(ctx: &Ctx, rtype: ResourceType, patient: PatientId) -> bool {
    let paths = patient_paths(rtype);
    !paths.is_empty()
        && ctx.fields().is_none_or(|fields| {
            let view = fields.view(Some(patient));
            let hides = |path: &&[&str]| view.hides(&[rtype.as_str(), ".", &path.join(".")].concat());
            view.shows(rtype.as_str()) && !paths.iter().any(hides)
        })
}
