//! The private PostgreSQL, against the real programs of this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use embedded::{Config, Embedded, Error, State, attach, locate};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// A data folder which every user may enter, removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new("/tmp").join(format!("lamplight-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn config(&self) -> Config {
        let settings = vec![("shared_buffers".to_owned(), "16MB".to_owned())];
        Config { data_dir: self.0.join("data"), bin_dir: None, settings }
    }

    async fn start(&self) -> Embedded {
        Embedded::start(self.config()).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn psql(connection: &str, sql: &str) -> Result<String, String> {
    let mut command = Command::new(locate(None).unwrap().program("psql"));
    command
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d", connection])
        .env("PGCONNECT_TIMEOUT", "5");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn ask(server: &Embedded, sql: &str) -> Result<String, String> {
    psql(&server.connection_string(server.superuser(), "postgres"), sql)
}

fn kill(pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().unwrap().success());
}

fn pid_of(server: &Embedded) -> u32 {
    match server.state() {
        State::Running { pid } => pid,
        other => panic!("{other:?}"),
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Waits until the supervisor has another postmaster than `old`.
async fn another_than(server: &Embedded, old: u32) -> u32 {
    let mut watch = server.watch();
    let changed = watch.wait_for(|state| matches!(state, State::Running { pid } if *pid != old));
    tokio::time::timeout(Duration::from_secs(30), changed).await.expect("restarted in time").unwrap();
    server.ensure_running().await.unwrap();
    pid_of(server)
}

#[tokio::test]
async fn starts_keeps_its_data_and_starts_again() {
    let folder = Folder::new("again");
    let server = folder.start().await;
    ask(&server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
    let pid = pid_of(&server);
    server.stop().await.unwrap();
    assert!(!is_alive(pid));
    let server = folder.start().await;
    assert_eq!(ask(&server, "SELECT n FROM kept").unwrap(), "7");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn is_set_up_as_promised() {
    let folder = Folder::new("settings");
    let server = folder.start().await;
    for (name, value) in [
        ("listen_addresses", ""),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("log_min_error_statement", "panic"),
        ("log_parameter_max_length_on_error", "0"),
        ("fsync", "on"),
        ("shared_buffers", "16MB"),
        ("password_encryption", "scram-sha-256"),
        ("jit", "off"),
        ("TimeZone", "UTC"),
    ] {
        let answer = ask(&server, &format!("SELECT current_setting('{name}')"));
        // lc_collate is no setting from version 16 on.
        if name != "lc_collate" || server.binaries().major < 16 {
            assert_eq!(answer.as_deref(), Ok(value), "{name}");
        }
    }
    let collation = "SELECT datcollate FROM pg_database WHERE datname = 'postgres'";
    assert_eq!(ask(&server, collation).unwrap(), "C");
    assert!(matches!(ask(&server, "SHOW wal_compression").unwrap().as_str(), "lz4" | "on" | "pglz"));
    assert_eq!(ask(&server, "SELECT upper('é')").unwrap(), "É");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(server.socket_dir()), 0o700);
    assert_eq!(mode(&folder.0.join("data/postgres")), 0o700);
    assert_eq!(mode(&folder.0.join("data/postgres.password")), 0o600);
}

#[tokio::test]
async fn nobody_enters_without_the_password() {
    let folder = Folder::new("password");
    let server = folder.start().await;
    let with = server.connection_string(server.superuser(), "postgres");
    let without = with.split(" password=").next().unwrap();
    assert!(
        psql(&format!("{without} password='wrong'"), "SELECT 1")
            .unwrap_err()
            .contains("authentication failed")
    );
    let password = with.split("password='").nth(1).unwrap().trim_end_matches('\'');
    assert!(password.len() == 64 && !format!("{server:?}").contains(password));
    ask(&server, "CREATE ROLE nurse LOGIN PASSWORD 'of the night'").unwrap();
    let nurse = server.connection_string("nurse", "postgres");
    assert!(!nurse.contains("password="));
    assert_eq!(psql(&format!("{nurse} password='of the night'"), "SELECT current_user").unwrap(), "nurse");
}

#[tokio::test]
async fn no_value_reaches_the_log() {
    let folder = Folder::new("log");
    let mut config = folder.config();
    config.settings.push(("log_statement".to_owned(), "all".to_owned()));
    let server = Embedded::start(config).await.unwrap();
    ask(&server, "CREATE TABLE people (name text PRIMARY KEY)").unwrap();
    ask(&server, "INSERT INTO people VALUES ('Margarethe Quist')").unwrap();
    ask(&server, "INSERT INTO people VALUES ('Margarethe Quist')").unwrap_err();
    ask(&server, "SELECT 'Margarethe Quist'::date").unwrap_err();
    ask(&server, "PREPARE p(text) AS SELECT $1::int; EXECUTE p('Margarethe Quist')").unwrap_err();
    server.stop().await.unwrap();
    let log = fs::read_to_string(folder.0.join("data/postgres.log")).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    assert!(!log.contains("Margarethe") && !log.contains("people"), "{log}");
}

#[tokio::test]
async fn a_second_program_on_one_folder_is_refused() {
    let folder = Folder::new("second");
    let server = folder.start().await;
    let error = Embedded::start(folder.config()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(matches!(error, Error::InUse { .. }));
    assert_eq!(ask(&server, "SELECT 1").unwrap(), "1");
}

#[tokio::test]
async fn a_second_program_attaches_to_the_server_of_the_first() {
    let folder = Folder::new("attach");
    let data_dir = folder.config().data_dir;
    assert!(matches!(attach(&data_dir), Err(Error::Io { .. })), "there is no folder yet");
    let server = folder.start().await;
    let attached = attach(&data_dir).unwrap();
    assert_eq!(attached.socket_dir(), server.socket_dir());
    let connection = attached.connection_string(attached.superuser(), "postgres");
    assert_eq!(psql(&connection, "SELECT 7").unwrap(), "7");
    assert!(!attached.connection_string("nurse", "postgres").contains("password="));
    assert!(!format!("{attached:?}").contains(connection.split("password='").nth(1).unwrap()));
    drop(attached);
    assert_eq!(ask(&server, "SELECT 1").unwrap(), "1");
    server.stop().await.unwrap();
    assert!(matches!(attach(&data_dir), Err(Error::NotRunning { .. })));
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again() {
    let folder = Folder::new("killed");
    let server = folder.start().await;
    ask(&server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
    // A session that is busy, so that it does not notice the end of its postmaster.
    let connection = server.connection_string(server.superuser(), "postgres");
    let busy = std::thread::spawn(move || {
        psql(&connection, "SELECT count(*) FROM generate_series(1, 100000000000)")
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut pid = pid_of(&server);
    for _ in 0..2 {
        kill(pid);
        pid = another_than(&server, pid).await;
        assert_eq!(ask(&server, "SELECT n FROM kept").unwrap(), "7");
    }
    busy.join().unwrap().unwrap_err();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_stops_the_server() {
    let folder = Folder::new("drop");
    let server = folder.start().await;
    let pid = pid_of(&server);
    drop(server);
    assert!(!is_alive(pid));
    assert!(!folder.0.join("data/postgres/postmaster.pid").exists());
}

#[tokio::test]
async fn a_stale_pid_file_of_a_crashed_machine_does_not_block() {
    let folder = Folder::new("stale");
    folder.start().await.stop().await.unwrap();
    let cluster = folder.0.join("data/postgres");
    // A process of the user that PostgreSQL runs as, which now has the number: PostgreSQL alone would refuse to start.
    let mut command = Command::new("sleep");
    command.arg("60");
    if let Some((uid, gid)) = other_owner(&cluster) {
        command.uid(uid).gid(gid);
    }
    let mut stranger = command.spawn().unwrap();
    for pid in [stranger.id(), 4_000_000] {
        let stale =
            format!("{pid}\n{}\n1700000000\n5432\n/nowhere\n\n 1234567 1\nready   \n", cluster.display());
        fs::write(cluster.join("postmaster.pid"), stale).unwrap();
        if let Some((uid, gid)) = other_owner(&cluster) {
            std::os::unix::fs::chown(cluster.join("postmaster.pid"), Some(uid), Some(gid)).unwrap();
        }
        let server = folder.start().await;
        assert_eq!(ask(&server, "SELECT 1").unwrap(), "1");
        server.stop().await.unwrap();
    }
    assert!(is_alive(stranger.id()), "a process of somebody else is left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// The owner of a path when that is not root, that is, when this test runs as root for somebody else.
fn other_owner(path: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let ours = fs::metadata("/proc/self").unwrap().uid();
    let meta = fs::metadata(path).unwrap();
    (ours == 0 && meta.uid() != 0).then(|| (meta.uid(), meta.gid()))
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket_folder_which_is_remembered() {
    let folder = Folder::new("long");
    let mut config = folder.config();
    config.data_dir = folder.0.join("a".repeat(60)).join("b".repeat(60));
    let server = Embedded::start(config.clone()).await.unwrap();
    let short = server.socket_dir().to_path_buf();
    assert!(!short.starts_with(&folder.0) && short.as_os_str().len() < 80, "{}", short.display());
    assert_eq!(ask(&server, "SELECT 1").unwrap(), "1");
    server.stop().await.unwrap();
    let server = Embedded::start(config).await.unwrap();
    assert_eq!(server.socket_dir(), short);
    server.stop().await.unwrap();
    fs::remove_dir_all(short).unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_in_the_way() {
    let folder = Folder::new("interrupted");
    let half = folder.0.join("data/postgres.new/base");
    fs::create_dir_all(&half).unwrap();
    let server = folder.start().await;
    assert_eq!(ask(&server, "SELECT 1").unwrap(), "1");
    assert!(!folder.0.join("data/postgres.new").exists());
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused() {
    let folder = Folder::new("version");
    fs::create_dir_all(folder.0.join("data/postgres")).unwrap();
    fs::write(folder.0.join("data/postgres/PG_VERSION"), "9\n").unwrap();
    let error = Embedded::start(folder.config()).await.unwrap_err();
    assert!(matches!(error, Error::WrongVersion { made_by: 9, .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let folder = Folder::new("cannot");
    let mut config = folder.config();
    config.settings.push(("no_such_setting".to_owned(), "1".to_owned()));
    let error = Embedded::start(config).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_folder_closed_to_the_servers_user_is_named() {
    let folder = Folder::new("closed");
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
    let started = Embedded::start(folder.config()).await;
    if fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0) {
        let text = started.unwrap_err().to_string();
        assert!(text.contains("may not enter") && text.contains("lamplight-closed"), "{text}");
    } else {
        // An ordinary user's closed folder is open to himself.
        started.unwrap();
    }
}

const HELPER_FOLDER: &str = "LAMPLIGHT_EMBEDDED_HELPER";

/// Not a test by itself: the program that the next tests run as a process of its own, and kill.
#[tokio::test]
async fn helper_program() {
    let Some(folder) = env::var_os(HELPER_FOLDER) else { return };
    let settings = vec![("shared_buffers".to_owned(), "16MB".to_owned())];
    let config = Config { data_dir: folder.into(), bin_dir: None, settings };
    let server = Embedded::start(config).await.unwrap();
    ask(&server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
    println!("\nrunning {} at {}", pid_of(&server), server.socket_dir().display());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// Starts the helper and waits for its line; gives the process and the postmaster's number.
fn helper(program: &Path, data_dir: &Path, user: Option<u32>) -> (std::process::Child, u32) {
    let mut command = Command::new(program);
    command.args(["--exact", "helper_program", "--nocapture"]).env(HELPER_FOLDER, data_dir);
    command.stdout(Stdio::piped()).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user).env("HOME", "/nonexistent");
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line =
        lines.find(|line| line.starts_with("running ") && line.contains(" at ")).expect("the helper starts");
    let pid = line.split(' ').nth(1).unwrap().parse().unwrap();
    (child, pid)
}

#[tokio::test]
async fn the_server_of_a_killed_program_is_taken_over() {
    let folder = Folder::new("orphan");
    let (mut program, orphan) = helper(&env::current_exe().unwrap(), &folder.config().data_dir, None);
    let error = Embedded::start(folder.config()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", program.id())), "{error}");
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(is_alive(orphan), "the server outlives its killed program");
    let server = folder.start().await;
    assert!(!is_alive(orphan));
    assert_eq!(ask(&server, "SELECT n FROM kept").unwrap(), "7");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_ordinary_user_runs_it_himself() {
    let folder = Folder::new("ordinary");
    // As root, become `nobody` (PostgreSQL wants a user with a name); a copy of this program lies where he can reach it.
    let root = fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let program = folder.0.join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let user = root.then_some(65_534);
    let home = folder.0.join("home");
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, user, user).unwrap();
    let data_dir = home.join("data");
    let (mut child, pid) = helper(&program, &data_dir, user);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    if let Some(user) = user {
        assert!(status.contains(&format!("Uid:\t{user}")), "{status}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Root may go on with the folder of a user: the server then runs as that user.
    let server = Embedded::start(Config { data_dir, ..folder.config() }).await.unwrap();
    assert_eq!(ask(&server, "SELECT n FROM kept").unwrap(), "7");
    server.stop().await.unwrap();
}
