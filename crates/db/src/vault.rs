//! Sealing for what belongs to no patient: secrets and addresses of people, keys and secrets of organizations. They are
//! sealed under the key that the keyring holds for the records without a patient of the context's organization.

use std::sync::Arc;

use kernel::{DataClass, OrganizationId, ResourceId, Version, World};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::{DataKey, Place, SearchKey};
use crate::{Ctx, Db, Error};

/// What a value is. The numbers go into the seal and never change; 1 is the chart's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Drawer {
    /// `people.person.details`
    Person = 2,
    /// `people.person.password`
    Password = 3,
    /// `people.factor.secret`
    Factor = 4,
    /// `people.ticket.state`
    Ticket = 5,
    /// `people.message.content`
    Message = 6,
    /// The private half of a key that an organization signs with.
    SigningKey = 7,
    /// What an organization proves itself to an identity provider with.
    ProviderSecret = 8,
    /// `org.emergency.reason`
    EmergencyReason = 9,
    /// `org.emergency.note`
    EmergencyNote = 10,
    /// Where a follower of events is, in their own hands.
    EventPlace = 16,
    /// `org.reassignment.reason`
    ReassignmentReason = 13,
    /// The address that an upload is put to, in its holder's hands.
    UploadTicket = 32,
    /// `org.legal_hold.matter`
    HoldMatter = 44,
    /// `org.support_request.reason`
    SupportReason = 11,
    /// `ops.export.key`
    ExportKey = 33,
    /// `org.stock.body`
    Stock = 34,
    /// `org.stock_entry.note`
    StockNote = 35,
    /// `ops.import.sheet`
    Sheet = 36,
    /// `org.family_news.looked`
    FamilyLooked = 40,
    /// `org.family_news.offered`
    FamilyOffered = 41,
    /// `org.family_news.told`
    FamilyTold = 42,
    /// By what mails are stopped, in the hands of whoever gets them.
    StopMails = 43,
}

/// Seals and opens for one organization, or for the installation itself.
pub struct Vault {
    organization: OrganizationId,
    key: Arc<DataKey>,
    index: SearchKey,
    world: World,
}

impl Db {
    /// The vault of the context's organization.
    ///
    /// # Errors
    /// [`Error::Seal`] when a stored key was altered; as any statement.
    pub async fn vault(&self, ctx: &Ctx) -> Result<Vault, Error> {
        Ok(Vault {
            organization: ctx.organization(),
            key: self.keyring().directory_key(ctx).await?,
            index: self.keyring().index_key(ctx).await?,
            world: self.world().clone(),
        })
    }
}

impl Vault {
    fn place(&self, drawer: Drawer, row: Uuid) -> Place {
        Place {
            organization: self.organization,
            patient: None,
            class: DataClass::General,
            table: drawer as u8,
            row: ResourceId(row),
            version: Version::FIRST,
        }
    }

    /// Seals `clear` for this row.
    pub fn seal(&self, drawer: Drawer, row: Uuid, clear: &[u8]) -> Vec<u8> {
        self.key.seal(&self.place(drawer, row), 0, clear, &self.world)
    }

    /// Opens what was sealed for this row.
    ///
    /// # Errors
    /// [`Error::Seal`] when it was altered or moved.
    pub fn open(&self, drawer: Drawer, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.key.open(&self.place(drawer, row), sealed).map(|(_, clear)| Zeroizing::new(clear))
    }

    /// A key that lives as long as this row does, and that key sealed for it.
    pub fn new_key(&self, drawer: Drawer, row: Uuid) -> (DataKey, Vec<u8>) {
        let key = Zeroizing::new(self.world.random::<32>());
        let sealed = self.seal(drawer, row, key.as_ref());
        (DataKey::new(1, key), sealed)
    }

    /// Opens the key of a row.
    ///
    /// # Errors
    /// [`Error::Seal`] when it was altered or moved.
    pub fn open_key(&self, drawer: Drawer, row: Uuid, sealed: &[u8]) -> Result<DataKey, Error> {
        let clear = self.open(drawer, row, sealed)?;
        let key = clear.as_slice().try_into().map_err(|_| Error::Seal("no key of ours"))?;
        Ok(DataKey::new(1, Zeroizing::new(key)))
    }

    /// The blind index of a value of this kind: 32 bytes that say nothing without the key.
    pub fn index(&self, kind: &str, value: &[u8]) -> [u8; 32] {
        self.index.digest(&[b"index", kind.as_bytes(), value])
    }
}
