//! How many records there are, by a code of theirs and by time: of the index alone, which opens nothing (ADR 0034).
//!
//! Records of the sensitive classes have no tokens of a facility, so they are not in these counts.

use std::collections::HashMap;

use db::Tx;
use db::keys::SearchKey;
use fhir::ResourceType;
use fhir::search::{Subject, param};
use jiff::Timestamp;
use kernel::FacilityId;

use crate::index::{Value, facility_token};
use crate::{Error, Store, has_parameter};

/// An element by the search parameter that reads it, and codes of it.
#[derive(Clone, Copy)]
pub struct Coded<'a> {
    /// FHIR's name of the parameter, of type token.
    pub param: &'a str,
    /// Codes, without their systems.
    pub codes: &'a [&'a str],
}

/// How many records lay over a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Those that began in it.
    pub begun: i64,
    /// Those that ended in it.
    pub ended: i64,
    /// Those that went on at its end.
    pub standing: i64,
}

/// Counts are of the index alone.
const MADE_ANEW: db::Error = db::Error::Unavailable("the search index is being made anew");

const TALLY: &str = "
    SELECT t.n, width_bucket(k.at, $4::timestamptz[]) - 1, count(DISTINCT k.id)
      FROM unnest($2::int8[], $3::int4[]) t (token, n)
      JOIN chart.token k ON k.organization_id = $1 AND k.token = t.token AND k.at >= $5 AND k.at < $6
     GROUP BY 1, 2";

/// Ends are written to the second, and a range ends behind its last moment: a second is allowed for it.
const OVERLAPS: &str = "
    WITH it AS (
        SELECT DISTINCT r.id, r.starts_at, r.ends_at - interval '1 second' AS ends_at
          FROM chart.token a
          JOIN chart.token b ON b.organization_id = $1 AND b.token = ANY ($3) AND b.at = a.at AND b.id = a.id
          JOIN chart.resource r ON r.organization_id = $1 AND r.id = a.id AND r.ends_at >= $6
         WHERE a.organization_id = $1 AND a.token = ANY ($2) AND a.at < $7)
    SELECT count(it.id) FILTER (WHERE it.starts_at >= s.low AND it.starts_at < s.high),
           count(it.id) FILTER (WHERE it.ends_at >= s.low AND it.ends_at < s.high),
           count(it.id) FILTER (WHERE it.starts_at < s.high AND it.ends_at >= s.high)
      FROM unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY s (low, high, n)
      LEFT JOIN it ON true
     GROUP BY s.n ORDER BY s.n";

impl Store {
    /// How many records of a type with each of these codes stood in each span, between one bound and the next, by their
    /// clinical date at one facility: `counts[code][span]`. Nothing where the parameter is out of the context's sight.
    ///
    /// # Errors
    /// As any statement.
    pub async fn tally(
        &self,
        tx: &Tx<'_>,
        (facility, rtype): (FacilityId, ResourceType),
        coded: Coded<'_>,
        bounds: &[Timestamp],
    ) -> Result<Option<Vec<Vec<i64>>>, Error> {
        let spans = bounds.len().saturating_sub(1);
        let mut counts = vec![vec![0; spans]; coded.codes.len()];
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(Some(counts)) };
        let keys = self.db().keyring().token_keys(tx.ctx()).await?;
        let key = keys.searched().ok_or(MADE_ANEW)?;
        let Some(tokens) = tokens(tx, key, (facility, rtype), coded) else { return Ok(None) };
        let (tokens, numbers): (Vec<i64>, Vec<i32>) = tokens.into_iter().unzip();
        let organization = tx.ctx().organization().0;
        let rows = tx.query(TALLY, &[&organization, &tokens, &numbers, &bounds, first, last]).await?;
        for row in &rows {
            let at = |index: usize| usize::try_from(row.get::<_, i32>(index)).unwrap_or(usize::MAX);
            if let Some(count) = counts.get_mut(at(0)).and_then(|spans| spans.get_mut(at(1))) {
                *count = row.get(2);
            }
        }
        Ok(Some(counts))
    }

    /// Of records of a type that have one of the codes of both elements: how many began, ended and went on, for each span
    /// of time. Nothing where one of the parameters is out of the context's sight.
    ///
    /// # Errors
    /// As any statement.
    pub async fn overlaps(
        &self,
        tx: &Tx<'_>,
        place: (FacilityId, ResourceType),
        both: [Coded<'_>; 2],
        spans: &[(Timestamp, Timestamp)],
    ) -> Result<Option<Vec<Overlap>>, Error> {
        let (Some((first, _)), Some((_, last))) = (spans.first(), spans.last()) else {
            return Ok(Some(Vec::new()));
        };
        let keys = self.db().keyring().token_keys(tx.ctx()).await?;
        let key = keys.searched().ok_or(MADE_ANEW)?;
        let [Some(one), Some(other)] = both.map(|coded| tokens(tx, key, place, coded)) else {
            return Ok(None);
        };
        let plain = |tokens: HashMap<i64, i32>| tokens.into_keys().collect::<Vec<_>>();
        let (one, other) = (plain(one), plain(other));
        let (lows, highs): (Vec<Timestamp>, Vec<Timestamp>) = spans.iter().copied().unzip();
        let organization = tx.ctx().organization().0;
        let rows = tx.query(OVERLAPS, &[&organization, &one, &other, &lows, &highs, first, last]).await?;
        let overlap = |row: &db::Row| Overlap { begun: row.get(0), ended: row.get(1), standing: row.get(2) };
        Ok(Some(rows.iter().map(overlap).collect()))
    }
}

/// The tokens of codes, each with the number of its code.
fn tokens(
    tx: &Tx<'_>,
    key: &SearchKey,
    (facility, rtype): (FacilityId, ResourceType),
    coded: Coded<'_>,
) -> Option<HashMap<i64, i32>> {
    let param = param(rtype, coded.param)?;
    if !has_parameter(tx.ctx(), rtype, Subject::Param(param)) {
        return None;
    }
    let mut tokens = HashMap::new();
    for (number, code) in (0_i32..).zip(coded.codes) {
        for path in param.paths {
            let value = Value::Code((*code).to_owned());
            tokens.insert(facility_token(key, rtype, facility, *path, &value), number);
        }
    }
    Some(tokens)
}
