//! The keys that an organization signs id tokens with. Each is published a day before it signs, so that nobody meets a
//! token whose key their copy of the set does not have, and until the last token it signed has ended.

use credentials::jwt::{self, SigningKey};
use jiff::SignedDuration;
use serde_json::Value;

use super::Server;
use crate::areas::oauth::Error;
use crate::areas::oauth::model::ACCESS_LIFE;
use crate::areas::oauth::store::{self, StoredKey};

/// How old the newest key may get.
const ROTATION: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Between publishing and signing: longer than a copy of the set is kept.
const LEAD: SignedDuration = SignedDuration::from_hours(24);
/// Beyond the last id token, for clocks that differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The keys in force, oldest first; makes the next one when it is time.
async fn keys(server: &Server<'_>) -> Result<Vec<StoredKey>, Error> {
    let (desk, organization) = (&server.desk, server.organization);
    let vault = desk.app.store.db().vault(&desk.ctx).await?;
    let tx = desk.begin().await?;
    let mut keys = store::list_keys(&tx, &vault, organization, desk.now).await?;
    let next = match keys.last() {
        // Nobody has a copy of a set without it.
        None => Some((1, desk.now)),
        Some(last) if last.created_at + ROTATION <= desk.now => Some((last.generation + 1, desk.now + LEAD)),
        Some(_) => None,
    };
    if let Some((generation, signs_at)) = next {
        let key = SigningKey::generate().map_err(|_| broken())?;
        let new = (desk.app.world.uuid(), key.pkcs8());
        let times = (desk.now, signs_at, signs_at + ACCESS_LIFE + SKEW);
        if store::insert_key(&tx, &vault, organization, new, generation, times).await? {
            server.done("oauth.key", "rotation", format!("generation {generation}")).await?;
        }
        keys = store::list_keys(&tx, &vault, organization, desk.now).await?;
    }
    tx.commit().await?;
    Ok(keys)
}

/// The public keys (RFC 7517, 5).
pub(in crate::areas::oauth) async fn jwks(server: &Server<'_>) -> Result<Value, Error> {
    let keys = keys(server).await?;
    let opened: Result<Vec<SigningKey>, _> =
        keys.iter().map(|key| SigningKey::from_pkcs8(&key.pkcs8)).collect();
    Ok(jwt::jwks(&opened.map_err(|_| broken())?))
}

/// The key that signs now.
pub(super) async fn signing(server: &Server<'_>) -> Result<SigningKey, Error> {
    let keys = keys(server).await?;
    let now = server.desk.now;
    let key = keys.iter().rev().find(|key| key.signs_at <= now).ok_or_else(broken)?;
    SigningKey::from_pkcs8(&key.pkcs8).map_err(|_| broken())
}

fn broken() -> Error {
    Error::Db(db::Error::Seal("a signing key cannot be used"))
}
