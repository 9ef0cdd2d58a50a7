//! The databases of an installation: the main one, and those of organizations that have one of their own (ADR 0016).

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use db::keys::{KeyServices, RootKey};
use db::{Config, Db, Endpoint, Installed, Operator, PoolSizes};
use kernel::World;

use super::Error;
use super::error::During as _;

/// PostgreSQL's limit on names.
const NAME_BYTES: usize = 63;

/// The database that every PostgreSQL has, to make others from.
const MAINTENANCE: &str = "postgres";

/// The logins at one database.
#[derive(Clone)]
pub struct Database {
    pub(super) runtime: Option<Endpoint>,
    /// As the role of the plane above organizations, which is served from the main database alone.
    pub(super) platform: Option<Endpoint>,
    /// As the role that seals the audit log, where this program may.
    pub(super) sealer: Option<Endpoint>,
    pub(super) owner: Option<Endpoint>,
    /// The installation's keyring, where it has a database of its own, as the runtime role and as the owner.
    pub(super) keyring: Option<Endpoint>,
    pub(super) keyring_owner: Option<Endpoint>,
    /// Its name, where an organization has it of its own.
    pub(super) own: Option<String>,
    pub(super) root_key_file: PathBuf,
    /// What wraps organizations' keys, beside the root key.
    pub(super) key_services: KeyServices,
    pub(super) audit_key_file: PathBuf,
    pub(super) world: World,
    /// Whether the runtime role's password is ours to set.
    pub(super) private: bool,
}

impl Database {
    /// Opens it as the runtime role, with at most `connections` for work.
    ///
    /// # Errors
    /// [`Error::NoRuntime`] when only the owner's login is known.
    pub fn open(&self, connections: usize) -> Result<Db, Error> {
        self.open_sized(PoolSizes { runtime: connections, ..PoolSizes::default() })
    }

    /// Opens it as the runtime role, with pools of these sizes.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_sized(&self, sizes: PoolSizes) -> Result<Db, Error> {
        let endpoint = self.runtime.clone().ok_or(Error::NoRuntime)?;
        let (platform, root, world) = (self.platform.clone(), self.root()?, self.world.clone());
        let (keyring, key_services) = (self.keyring.clone(), self.key_services.clone());
        Ok(Db::open(Config { endpoint, platform, keyring, sizes, root, key_services, world })?)
    }

    /// Signs in as the operator.
    ///
    /// # Errors
    /// [`Error::NoOwner`] when the owner's login is not known.
    pub async fn operator(&self) -> Result<Operator, Error> {
        Ok(Operator::login(self.owner()?, self.world.clone()).await?)
    }

    /// Whether the owner's login is known, so that [`Database::operator`] may be asked for.
    pub fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Its name, where an organization has it of its own.
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// Clock and dice.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Makes it when it is not there; tells whether it was made.
    ///
    /// # Errors
    /// [`Error::MakeDatabase`] when the owner's login may not make databases.
    pub async fn create(&self) -> Result<bool, Error> {
        create(self.owner()?).await
    }

    /// Makes the keyring's when it is not there.
    pub(super) async fn create_keyring(&self) -> Result<(), Error> {
        match &self.keyring_owner {
            Some(owner) => create(owner).await.map(drop),
            None => Ok(()),
        }
    }

    /// Brings it to the present schema, and joins it with the keyring where that has a database of its own; tells how many
    /// migrations ran.
    ///
    /// # Errors
    /// [`Error::OtherKey`] when it was made with another root key; as any statement.
    pub async fn migrate(&self) -> Result<usize, Error> {
        let (owner, root) = (self.owner()?, self.root()?);
        if db::installed(owner, &root).await? == Installed::WithAnotherKey {
            return Err(Error::OtherKey);
        }
        let applied = db::migrate(owner, &root, self.private).await?;
        if let Some(keyring) = &self.keyring_owner {
            let moved = db::keys::join_keyring(owner, keyring, self.world.now()).await?;
            if moved > 0 {
                tracing::info!(database = self.name(), keys = moved, "the keys moved into the keyring");
            }
        }
        Ok(applied)
    }

    /// Brings the keyring to the present schema, where it has a database of its own.
    ///
    /// # Errors
    /// As [`Database::migrate`].
    pub(super) async fn migrate_keyring(&self) -> Result<(), Error> {
        let (Some(owner), root) = (&self.keyring_owner, self.root()?) else { return Ok(()) };
        if db::installed(owner, &root).await? == Installed::WithAnotherKey {
            return Err(Error::OtherKey);
        }
        db::migrate_keyring(owner, &root, self.private).await?;
        Ok(())
    }

    /// Signs in as the operator where the keys are.
    ///
    /// # Errors
    /// [`Error::NoOwner`] when the owner's login is not known there.
    pub async fn keys_operator(&self) -> Result<Operator, Error> {
        match (&self.keyring, &self.keyring_owner) {
            (None, None) => self.operator().await,
            (_, owner) => {
                let owner = owner.as_ref().ok_or(Error::NoOwner)?;
                Ok(Operator::login(owner, self.world.clone()).await?)
            }
        }
    }

    /// As [`Database::migrate`], where there is a schema already: one without is being restored, and what is made now
    /// would stand in the way.
    ///
    /// # Errors
    /// [`Error::NotMigrated`] without one; else as [`Database::migrate`].
    pub async fn upgrade(&self) -> Result<usize, Error> {
        match db::installed(self.owner()?, &self.root()?).await? {
            Installed::No => Err(Error::NotMigrated),
            _ => self.migrate().await,
        }
    }

    /// The root key.
    ///
    /// # Errors
    /// [`Error::NoRootKey`]; when the file holds none.
    pub fn root(&self) -> Result<RootKey, Error> {
        if !self.root_key_file.exists() {
            return Err(Error::NoRootKey(self.root_key_file.clone()));
        }
        Ok(RootKey::load(&self.root_key_file)?)
    }

    /// The owner's login: of a private PostgreSQL, the superuser's.
    ///
    /// # Errors
    /// [`Error::NoOwner`] when it is not known.
    pub fn owner(&self) -> Result<&Endpoint, Error> {
        self.owner.as_ref().ok_or(Error::NoOwner)
    }

    /// The owner's login at the keyring, where that has a database of its own.
    ///
    /// # Errors
    /// [`Error::NoOwner`] when it is not known.
    pub fn keyring_owner(&self) -> Result<&Endpoint, Error> {
        self.keyring_owner.as_ref().ok_or(Error::NoOwner)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let known = self.owner.as_ref().or(self.runtime.as_ref()).or(self.sealer.as_ref());
        known.and_then(Endpoint::name).unwrap_or(super::DATABASE)
    }

    /// Whether it is another database of the same server.
    pub fn is_beside(&self, other: &Self) -> bool {
        let name = other.owner.as_ref().and_then(Endpoint::name).unwrap_or_default();
        self.owner.as_ref().map(|owner| owner.database(name)) == other.owner
    }

    /// Whether both lead to the same place with the same logins.
    pub fn is_same(&self, other: &Self) -> bool {
        self.runtime == other.runtime && self.owner == other.owner && self.sealer == other.sealer
    }
}

async fn create(owner: &Endpoint) -> Result<bool, Error> {
    let name = owner.name().unwrap_or_default();
    match db::create_database(&owner.database(MAINTENANCE), name).await {
        Err(db::Error::RowSecurity) => Err(Error::MakeDatabase(name.to_owned())),
        made => Ok(made?),
    }
}

/// Where the databases of the installation are. Cheap to clone; nothing in it is open.
#[derive(Clone)]
pub struct Databases {
    pub(super) main: Database,
    /// Addresses and logins of databases that are not beside the main one.
    pub(super) elsewhere: Option<PathBuf>,
    pub(super) ca: Option<Vec<u8>>,
}

impl Databases {
    /// The main database.
    pub fn main(&self) -> &Database {
        &self.main
    }

    /// The database that an organization of this subdomain gets when nothing else is said: beside the main one, with
    /// its name before the organization's.
    pub fn name_for(&self, slug: &str) -> String {
        let mut name = format!("{}_{slug}", self.main_name()).replace('-', "_");
        // Such names are ASCII: what is cut off is bytes. Two that become alike are refused by the placement's key.
        name.truncate(NAME_BYTES);
        name
    }

    /// The main database's name.
    pub fn main_name(&self) -> &str {
        self.main.name()
    }

    /// The logins at the database of this name: those that the placements file gives, else the main one's, beside it; the main
    /// one itself by its own.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or others can read it.
    pub fn placed(&self, name: &str) -> Result<Database, Error> {
        if let Some(Logins { runtime, owner, sealer }) = self.listed()?.remove(name) {
            let (runtime, platform, own) = (Some(runtime), None, Some(name.to_owned()));
            return Ok(Database {
                runtime,
                platform,
                sealer,
                owner,
                own,
                private: false,
                ..self.main.clone()
            });
        }
        let beside = |main: &Option<Endpoint>| main.as_ref().map(|main| main.database(name));
        let own = (name != self.main_name()).then(|| name.to_owned());
        Ok(Database {
            runtime: beside(&self.main.runtime),
            platform: None,
            sealer: beside(&self.main.sealer),
            owner: beside(&self.main.owner),
            own,
            ..self.main.clone()
        })
    }

    /// The names of the databases that the placements file gives.
    ///
    /// # Errors
    /// As [`Databases::placed`].
    pub fn listed_names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = self.listed()?.into_keys().collect();
        names.sort_unstable();
        Ok(names)
    }

    fn listed(&self) -> Result<HashMap<String, Logins>, Error> {
        match &self.elsewhere {
            Some(file) => read(file, self.ca.as_deref()),
            None => Ok(HashMap::new()),
        }
    }
}

/// The logins at a database that is elsewhere.
struct Logins {
    runtime: Endpoint,
    owner: Option<Endpoint>,
    sealer: Option<Endpoint>,
}

/// Reads the placements file: `database runtime-url [owner-url [sealer-url]]` a line, `-` for what is left out before
/// another, `#` before remarks. Errors name lines, never what stands there: it holds passwords.
fn read(file: &Path, ca: Option<&[u8]>) -> Result<HashMap<String, Logins>, Error> {
    let what = || format!("read {}", file.display());
    if fs::metadata(file).during(what)?.permissions().mode() & 0o077 != 0 {
        return Err(Error::PlacementsOpen(file.to_owned()));
    }
    parse(&fs::read_to_string(file).during(what)?, ca)
        .map_err(|line| Error::Placements { file: file.to_owned(), line })
}

/// `Err` is the number of the first line that cannot be understood, or names a database again.
fn parse(text: &str, ca: Option<&[u8]>) -> Result<HashMap<String, Logins>, usize> {
    let mut known = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = at + 1;
        let endpoint = |url: &str| Endpoint::parse(url, ca.map(<[u8]>::to_vec)).map_err(|_| wrong);
        let mut words = line.split_whitespace();
        let (Some(name), Some(runtime)) = (words.next(), words.next()) else { return Err(wrong) };
        let mut more = || words.next().filter(|word| *word != "-").map(endpoint).transpose();
        let logins = Logins { runtime: endpoint(runtime)?, owner: more()?, sealer: more()? };
        if words.next().is_some() {
            return Err(wrong);
        }
        if known.insert(name.to_owned(), logins).is_some() {
            return Err(wrong);
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placements_file_is_understood_wholly_or_refused_by_line() {
        let text = "# ours\n\nlamplight_oak postgres://a@one.example/x postgres://b@one.example/x\nelm postgres:///y\n\
                    ash postgres:///z - postgres://c@one.example/z\n";
        let known = parse(text, None).unwrap();
        let has = |name: &str| (known[name].owner.is_some(), known[name].sealer.is_some());
        assert_eq!(known["lamplight_oak"].runtime.name(), Some("x"));
        assert_eq!(
            (has("lamplight_oak"), has("elm"), has("ash")),
            ((true, false), (false, false), (false, true))
        );
        assert_eq!(parse("oak\n", None).err(), Some(1));
        assert_eq!(parse("\noak nonsense://x\n", None).err(), Some(2));
        assert_eq!(parse("oak postgres:///a\noak postgres:///b\n", None).err(), Some(2));
        assert_eq!(parse("oak postgres:///a - - -\n", None).err(), Some(1));
    }

    #[test]
    fn a_placements_file_that_others_can_read_is_refused() {
        let file = std::env::temp_dir().join(format!("lamplight-placements-{}", std::process::id()));
        fs::write(&file, "oak postgres:///a\n").unwrap();
        let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        assert!(matches!(read(&file, None), Err(Error::PlacementsOpen(_))));
        mode(0o600);
        assert!(read(&file, None).unwrap().contains_key("oak"));
        fs::remove_file(file).unwrap();
    }
}
