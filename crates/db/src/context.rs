//! On whose behalf: the authenticated context without which there is no connection.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, MembershipId, OrganizationId, PersonId, RequestId, TokenId};
use policy::fields::Fields;
use policy::{Grants, Module, ModuleSet, Permission, Plane, Purpose};
use uuid::Uuid;

use crate::phi::Shown;
use crate::signing::sha256;
use crate::{Db, Error};

/// The request that a context serves, as the audit log names it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id, also in the answer and in the program's log.
    pub id: RequestId,
    /// Where it came from, if from the network.
    pub address: Option<IpAddr>,
    /// Why.
    pub purpose: Purpose,
}

/// Who a token belongs to and what it may do. Kept for a few seconds between requests.
#[derive(Debug)]
pub struct Principal {
    pub(crate) organization: OrganizationId,
    pub(crate) slug: Box<str>,
    pub(crate) membership: MembershipId,
    pub(crate) grants: Grants,
    pub(crate) cells: Vec<i64>,
    /// When its authority ends by itself, which nobody tells us of.
    pub(crate) ends_at: Option<Timestamp>,
    /// What of the record it sees, when that is not all.
    pub(crate) fields: Option<Fields>,
    /// Which door it comes in by.
    pub(crate) plane: Plane,
    /// What it uses records for when a request says nothing else.
    pub(crate) purpose: Purpose,
    /// Whose view it has, when it is support access.
    pub(crate) on_behalf_of: Option<MembershipId>,
    /// What a program showed.
    pub(crate) credential: Option<Credential>,
}

/// What a program showed to say who it is, as far as that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A service token.
    Token(TokenId),
    /// An access token, by its digest.
    Access([u8; 32]),
}

impl Principal {
    pub(crate) fn new(
        organization: OrganizationId,
        slug: &str,
        membership: MembershipId,
        grants: Grants,
    ) -> Self {
        let sign = if grants.by_relationship { -1 } else { 1 };
        let mut cells = vec![cell(organization, FacilityId::WHOLE)];
        cells.extend(grants.facilities.iter().map(|facility| sign * cell(organization, *facility)));
        Self { slug: slug.into(), grants, ..Self::bare(organization, membership, cells) }
    }

    /// The same post with other grants: it sees no more of a record, and lives no longer.
    pub(crate) fn with_grants(&self, grants: Grants) -> Self {
        let new = Self::new(self.organization, &self.slug, self.membership, grants);
        let (plane, purpose, on_behalf_of) = (self.plane, self.purpose, self.on_behalf_of);
        let (fields, ends_at, credential) = (self.fields.clone(), self.ends_at, self.credential);
        Self { fields, ends_at, plane, purpose, on_behalf_of, credential, ..new }
    }

    pub(crate) fn until(self, ends_at: Option<Timestamp>) -> Self {
        Self { ends_at, ..self }
    }

    pub(crate) fn on_behalf_of(self, on_behalf_of: Option<MembershipId>) -> Self {
        Self { on_behalf_of, ..self }
    }

    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }
}

/// The membership of the program itself in a signed context.
const PROGRAM: MembershipId = MembershipId(-1);
/// Says in a signed context that a person's number follows.
const PERSON: MembershipId = MembershipId(-2);
/// Says in a signed context that the number of an administrator of the plane follows.
const PLATFORM: MembershipId = MembershipId(-3);

impl Principal {
    /// The program itself, or a person at their own account: no permission, no facility, and in SQL the cells given.
    fn bare(organization: OrganizationId, membership: MembershipId, cells: Vec<i64>) -> Self {
        let grants = Grants {
            permissions: policy::PermissionSet::default(),
            facilities: Vec::new(),
            by_relationship: false,
            modules: ModuleSet::all(),
            through: ModuleSet::default(),
        };
        Self {
            organization,
            slug: "".into(),
            membership,
            grants,
            cells,
            ends_at: None,
            fields: None,
            plane: Plane::Staff,
            purpose: Purpose::Treatment,
            on_behalf_of: None,
            credential: None,
        }
    }
}

impl Ctx {
    /// The program itself, at work on people or on what belongs to `organization` and to no member of it, such as its
    /// sign-in. It holds no permission: the policy refuses it everything.
    pub fn program(organization: OrganizationId, request: Request) -> Self {
        let cells = vec![cell(organization, FacilityId::WHOLE)];
        Self::new(Arc::new(Principal::bare(organization, PROGRAM, cells)), request)
    }

    /// A person at their own account. It holds no permission, and row security shows it that person's rows alone.
    pub(crate) fn person(person: PersonId, request: Request) -> Self {
        // No cell of the installation: its log and keys are the program's.
        let cells = vec![i64::from(person.0)];
        Self::new(Arc::new(Principal::bare(OrganizationId::PLATFORM, PERSON, cells)), request)
    }

    /// An administrator of the plane above organizations. It holds no permission of an organization, and its statements
    /// run as the role of the plane.
    pub(crate) fn platform(administrator: i32, request: Request) -> Self {
        let cells = vec![i64::from(administrator)];
        Self::new(Arc::new(Principal::bare(OrganizationId::PLATFORM, PLATFORM, cells)), request)
    }

    pub(crate) fn is_platform(&self) -> bool {
        self.principal.membership == PLATFORM
    }
}

/// Says among the cells of a signed context that restricted records are looked at for a legal reason (`sec.closed`).
const FOR_A_LEGAL_REASON: i64 = 1;

/// The number of a facility in a signed context; `sec.cell` in SQL.
pub(crate) fn cell(organization: OrganizationId, facility: FacilityId) -> i64 {
    i64::from(organization.0) << 32 | i64::from(facility.0)
}

/// One membership at work on one request. Made only by authentication, by a claimed job and by the operator's login.
#[derive(Clone)]
pub struct Ctx {
    principal: Arc<Principal>,
    request: Request,
    shown: Shown,
}

impl Ctx {
    pub(crate) fn new(principal: Arc<Principal>, request: Request) -> Self {
        Self { principal, request, shown: Shown::default() }
    }

    /// A post that was found out, using records for what it is there for.
    pub(crate) fn of_post(principal: Arc<Principal>, request: Request) -> Self {
        let request = Request { purpose: principal.purpose, ..request };
        Self::new(principal, request).seeing_restricted()
    }

    /// With restricted records in sight, for who may look at them and says that it is for a legal reason: a person of the
    /// staff in their own name. A program, support and whoever comes from outside never are (ADR 0040).
    fn seeing_restricted(self) -> Self {
        let principal = &self.principal;
        let looks = self.request.purpose == Purpose::Legal
            && principal.plane == Plane::Staff
            && principal.grants.permissions.contains(Permission::RecordsRestricted)
            && principal.credential.is_none()
            && principal.on_behalf_of.is_none();
        if looks { self.with_restricted() } else { self }
    }

    /// Whether it may look at restricted records, by saying that it is for a legal reason.
    pub fn may_look_at_restricted(&self) -> bool {
        self.for_purpose(Purpose::Legal).is_some_and(|legal| legal.sees_restricted())
    }

    fn with_restricted(self) -> Self {
        if self.sees_restricted() {
            return self;
        }
        let mut principal = self.principal.with_grants(self.principal.grants.clone());
        principal.cells.push(FOR_A_LEGAL_REASON);
        Self { principal: Arc::new(principal), ..self }
    }

    /// Whether restricted records are in sight.
    pub fn sees_restricted(&self) -> bool {
        self.principal.cells.contains(&FOR_A_LEGAL_REASON)
    }

    /// The same post with restricted records in sight and no permission: to compute of a record what its keeping depends on,
    /// and show nothing of it.
    #[must_use]
    pub fn beside_restriction(&self) -> Self {
        let grants = Grants { permissions: policy::PermissionSet::default(), ..self.grants().clone() };
        self.narrowed(self.principal().with_grants(grants), self.request().purpose).with_restricted()
    }

    /// The same request as somebody or for something else. What it shows is shown by the request.
    pub(crate) fn narrowed(&self, principal: Principal, purpose: Purpose) -> Self {
        let request = Request { purpose, ..self.request.clone() };
        Self { principal: Arc::new(principal), request, shown: self.shown.clone() }
    }

    /// The same post using records for something else; `None` when it may not claim that.
    pub fn for_purpose(&self, purpose: Purpose) -> Option<Self> {
        let own = self.request.purpose;
        Purpose::may_claim(self.principal.plane, own, purpose).then(|| {
            let request = Request { purpose, ..self.request.clone() };
            Self { request, ..self.clone() }.seeing_restricted()
        })
    }

    /// Whether records of this class are within reach.
    pub fn may_see(&self, class: DataClass) -> bool {
        self.grants().may_see(self.request.purpose, class)
    }

    /// What the request has shown so far.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The organization.
    pub fn organization(&self) -> OrganizationId {
        self.principal.organization
    }

    /// The organization's subdomain.
    pub fn slug(&self) -> &str {
        &self.principal.slug
    }

    /// The post.
    pub fn membership(&self) -> MembershipId {
        self.principal.membership
    }

    /// Which door it comes in by.
    pub fn plane(&self) -> Plane {
        self.principal.plane
    }

    /// The post whose view it has, when it is support access (ADR 0019).
    pub fn on_behalf_of(&self) -> Option<MembershipId> {
        self.principal.on_behalf_of
    }

    /// What a program showed; a person's browser shows a session.
    pub fn credential(&self) -> Option<Credential> {
        self.principal.credential
    }

    /// What it may do.
    pub fn grants(&self) -> &Grants {
        &self.principal.grants
    }

    /// What of the record exists for it; `None`: everything.
    pub fn fields(&self) -> Option<&Fields> {
        self.principal.fields.as_ref()
    }

    /// The facilities within reach, the organization itself not among them.
    pub fn facilities(&self) -> &[FacilityId] {
        &self.principal.grants.facilities
    }

    /// Whether there is a membership behind it: not so for the program's own contexts and a person's.
    pub(crate) fn member(&self) -> MembershipId {
        MembershipId(self.principal.membership.0.max(0))
    }

    /// The request served.
    pub fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn cells(&self) -> &[i64] {
        &self.principal.cells
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("organization", &self.principal.organization)
            .field("membership", &self.principal.membership)
            .field("request", &self.request.id)
            .finish_non_exhaustive()
    }
}

/// A service token as its holder carries it: `lmp_<organization>_<token id>_<secret>`, the last two in base64url.
pub(crate) struct TokenText {
    pub(crate) organization: OrganizationId,
    pub(crate) token: TokenId,
    pub(crate) hash: [u8; 32],
}

impl TokenText {
    pub(crate) fn write(organization: OrganizationId, token: TokenId, secret: &[u8; 32]) -> String {
        format!(
            "lmp_{}_{}.{}",
            organization.0,
            URL_SAFE_NO_PAD.encode(token.0.as_bytes()),
            URL_SAFE_NO_PAD.encode(secret)
        )
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (organization, rest) = text.strip_prefix("lmp_")?.split_once('_')?;
        let (token, secret) = rest.split_once('.')?;
        let token: [u8; 16] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let secret: [u8; 32] = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self {
            organization: OrganizationId(organization.parse().ok().filter(|id| *id > 0)?),
            token: TokenId(Uuid::from_bytes(token)),
            hash: sha256(&secret),
        })
    }
}

/// An OAuth access token as its holder carries it: `lma_<organization>_<secret>`, the secret in base64url.
struct AccessText {
    organization: OrganizationId,
    digest: [u8; 32],
}

impl AccessText {
    fn parse(text: &str) -> Option<Self> {
        let (organization, secret) = text.strip_prefix("lma_")?.split_once('_')?;
        let secret: [u8; 32] = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        let organization = OrganizationId(organization.parse().ok().filter(|id| *id > 0)?);
        Some(Self { organization, digest: sha256(&secret) })
    }
}

/// A bearer token of either kind.
enum Bearer {
    Service(TokenText),
    Access(AccessText),
}

impl Bearer {
    fn parse(text: &str) -> Option<Self> {
        let service = TokenText::parse(text).map(Self::Service);
        service.or_else(|| AccessText::parse(text).map(Self::Access))
    }
}

/// What is stored of a membership's authority, as the policy reads it.
pub(crate) fn grants(permissions: Vec<&str>, facilities: Vec<i32>, by_relationship: bool) -> Grants {
    Grants {
        // A key that this version does not know grants nothing.
        permissions: permissions.iter().filter_map(|key| key.parse::<Permission>().ok()).collect(),
        facilities: facilities.into_iter().filter(|id| *id > 0).map(FacilityId).collect(),
        by_relationship,
        modules: ModuleSet::default(),
        through: ModuleSet::default(),
    }
}

impl Db {
    /// Finds out who a bearer token belongs to. Positive answers are remembered for seconds, and forgotten when the
    /// database tells that an authority ended.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for every kind of wrong token alike; [`Error::Unavailable`] when the database is.
    pub async fn authenticate(&self, bearer: &str, request: Request) -> Result<Ctx, Error> {
        let text = Bearer::parse(bearer).ok_or(Error::Unauthenticated)?;
        let digest = sha256(bearer.as_bytes());
        let memory = self.memory();
        let epoch = memory.as_ref().map(|memory| memory.epoch());
        if let Some(principal) = memory.as_ref().and_then(|memory| memory.tokens.get(&digest))
            && principal.is_alive(self.world().now())
        {
            return Ok(Ctx::of_post(principal, request));
        }
        let principal = Arc::new(self.check_bearer(&text).await?);
        if let (Some(memory), Some(epoch)) = (memory, epoch) {
            memory.remember_token(digest, Arc::clone(&principal), epoch);
        }
        Ok(Ctx::of_post(principal, request))
    }

    async fn check_bearer(&self, text: &Bearer) -> Result<Principal, Error> {
        let client = self.inner.pools.runtime.get().await.map_err(Error::from_pool)?;
        let (organization, row) = match text {
            Bearer::Service(text) => {
                let statement = client
                    .prepare_cached(
                        "SELECT membership_id, permissions, facilities, by_relationship, slug, grant_ends_at
                           FROM platform.check_token($1, $2, $3)",
                    )
                    .await
                    .map_err(Error::from_postgres)?;
                let found = client
                    .query_opt(&statement, &[&text.organization.0, &text.token.0, &text.hash.as_slice()])
                    .await;
                (text.organization, found)
            }
            Bearer::Access(text) => {
                let statement = client
                    .prepare_cached(
                        "SELECT membership_id, permissions, facilities, by_relationship, slug, grant_ends_at
                           FROM platform.check_access_token($1, $2, $3)",
                    )
                    .await
                    .map_err(Error::from_postgres)?;
                let now = self.world().now();
                let found = client
                    .query_opt(&statement, &[&text.organization.0, &text.digest.as_slice(), &now])
                    .await;
                (text.organization, found)
            }
        };
        let row = row.map_err(Error::from_postgres)?.ok_or(Error::Unauthenticated)?;
        // Before another is asked for.
        drop(client);
        let grants = grants(row.get(1), row.get(2), row.get(3));
        let credential = Some(match text {
            Bearer::Service(text) => Credential::Token(text.token),
            Bearer::Access(text) => Credential::Access(text.digest),
        });
        let principal = Principal::new(organization, row.get(4), MembershipId(row.get(0)), grants);
        let principal = Principal { credential, ..principal };
        // A program works by the part of the product that programs work by, on whoever's behalf.
        self.completed(principal.until(row.get(5)), ModuleSet::from_iter([Module::Api])).await
    }
}
