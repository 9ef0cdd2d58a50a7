//! The rules. Each has a test in `tests.rs` that shows it catching a bad sample.

use super::source::{AREAS, Source, after_word};

/// A line's number and what is wrong there.
type Findings = Vec<(usize, String)>;

/// What a rule finds in a file.
type Rule = fn(&Source<'_>) -> Findings;

/// Every rule with its name.
pub(super) const RULES: &[(&str, Rule)] = &[
    ("driver", driver),
    ("axum", axum),
    ("area", area),
    ("length", length),
    ("sql", sql),
    ("ambient", ambient),
    ("machine", machine),
    ("header", header),
    ("marker", marker),
];

/// The rooms of an area that belong to it alone; others come in through its `mod.rs`.
const ROOMS: [&str; 7] = ["model", "store", "ops", "routes", "fhir", "jobs", "tests"];

/// The most lines of a file written by hand.
const LONGEST: usize = 600;

/// Invariant 1: the database is entered through `db`.
fn driver(source: &Source<'_>) -> Findings {
    let in_store = source.path.starts_with(AREAS) && source.name() == "store.rs";
    if !source.is_rust()
        || !source.is_below(&["crates/"])
        || source.is_below(&["crates/db/", "crates/chart/"])
        || in_store
    {
        return Vec::new();
    }
    named(source, &["tokio_postgres", "deadpool_postgres"], "belongs to db, chart and an area's store.rs")
}

/// HTTP is the edge: `ops` and below know nothing of it.
fn axum(source: &Source<'_>) -> Findings {
    let in_routes = source.is_below(&["crates/server/src/"]) && source.name() == "routes.rs";
    let allowed = ["crates/server/src/http/", "crates/server/src/http.rs", "crates/testkit/"];
    if !source.is_rust() || !source.is_below(&["crates/"]) || source.is_below(&allowed) || in_routes {
        return Vec::new();
    }
    named(source, &["axum"], "belongs to server/src/http and an area's routes.rs")
}

fn named(source: &Source<'_>, names: &[&str], message: &str) -> Findings {
    let hits = source.lines_of_code().flat_map(|(line, code)| {
        let here = names.iter().filter(move |name| after_word(code, name).is_some());
        here.map(move |name| (line, format!("`{name}` {message}")))
    });
    hits.collect()
}

/// An area talks to another through its `mod.rs`.
fn area(source: &Source<'_>) -> Findings {
    let Some((own, _)) = source.path.strip_prefix(AREAS).and_then(|rest| rest.split_once('/')) else {
        return Vec::new();
    };
    let text = source.code.join("\n");
    let mut findings = Vec::new();
    for other in source.areas.iter().filter(|other| *other != own) {
        for (at, found) in text.match_indices(&format!("{other}::")) {
            // A crate may bear the name of an area: the way to an area is through `areas`, `super` or a group.
            let before = text[..at].trim_end();
            let through = ["areas::", "super::", "{", ","].iter().any(|end| before.ends_with(end));
            let Some(room) =
                first_names(&text[at + found.len()..]).into_iter().find(|name| ROOMS.contains(name))
            else {
                continue;
            };
            if through {
                let line = text[..at].matches('\n').count() + 1;
                findings.push((
                    line,
                    format!("reaches into `{other}::{room}`; ask through areas/{other}/mod.rs"),
                ));
            }
        }
    }
    findings.sort();
    findings
}

/// The names which may come next in a path: one, or those of a `{...}` group.
fn first_names(rest: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..name(rest)]] };
    let mut depth = 0_i32;
    let mut names = Vec::new();
    let mut expecting = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expecting = true,
            c if expecting && (c.is_alphabetic() || c == '_') => {
                names.push(&group[at..at + name(&group[at..])]);
                expecting = false;
            }
            _ => {}
        }
    }
    names
}

/// A person reads a file in one sitting.
fn length(source: &Source<'_>) -> Findings {
    let lines = source.text.lines().count();
    if source.is_source() && lines > LONGEST {
        return vec![(LONGEST + 1, format!("{lines} lines; split by {LONGEST}"))];
    }
    Vec::new()
}

/// SQL is written out, values are parameters.
fn sql(source: &Source<'_>) -> Findings {
    const VERBS: [&str; 4] = ["SELECT", "INSERT INTO", "UPDATE", "DELETE FROM"];
    if !source.is_rust() {
        return Vec::new();
    }
    let code: Vec<(usize, &str)> = source.code_outside_tests().collect();
    let mut findings = Vec::new();
    for (index, (line, text)) in code.iter().enumerate() {
        for call in ["format!(", "push_str(", "write!(", "writeln!("] {
            let Some((_, inside)) = text.split_once(call) else { continue };
            // The literal may begin on the next line.
            let next = code.get(index + 1).map_or("", |(_, next)| next);
            let literal =
                inside.split_once('"').or_else(|| next.trim_start().split_once('"')).map_or("", |(_, l)| l);
            let starts = literal.trim_start_matches(|c: char| !c.is_alphabetic());
            let verb = VERBS.iter().find(|verb| after_word(starts, verb).is_some());
            if let Some(verb) = verb {
                findings.push((
                    *line,
                    format!("`{verb}` in `{call}..)`: write the statement out, with parameters"),
                ));
            }
        }
    }
    findings
}

/// Time and randomness are arguments.
fn ambient(source: &Source<'_>) -> Findings {
    const SOURCES: [&str; 9] = [
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "rand::rng",
        "thread_rng",
        "rand::random",
        "Uuid::new_v4",
        "Uuid::now_v7",
    ];
    if !source.is_rust() || source.is_below(&["crates/kernel/", "xtask/src/bench", "xtask/src/tidy"]) {
        return Vec::new();
    }
    let hits = source.code_outside_tests().flat_map(|(line, code)| {
        let here = SOURCES.iter().filter(move |name| after_word(code, name).is_some());
        here.map(move |name| (line, format!("`{name}` is ambient: take it from kernel's Clock or Rng")))
    });
    hits.collect()
}

/// The repository builds anywhere: no path of one machine, no download host.
fn machine(source: &Source<'_>) -> Findings {
    // In pieces, so that the rule does not find itself.
    const PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    const HOSTS: [&str; 7] = [
        concat!("registry.npmjs", ".org"),
        concat!("registry.yarnpkg", ".com"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("files.pythonhosted", ".org"),
        concat!("deb.debian", ".org"),
        concat!("\"resolved\"", ": \"http"),
    ];
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for path in PATHS {
            let begins =
                |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-./}~*".contains(c));
            if line.match_indices(path).any(|(at, _)| begins(at)) {
                findings.push((index + 1, format!("`{path}` is a path of one machine")));
            }
        }
        for host in HOSTS.iter().filter(|host| line.contains(**host)) {
            findings.push((index + 1, format!("`{host}` names a download host")));
        }
    }
    findings
}

/// The first line says what the file is.
fn header(source: &Source<'_>) -> Findings {
    // A module's own tests are told by their name.
    let unit_tests = source.path.contains("/src/")
        && (source.name() == "tests.rs"
            || source.name().ends_with("_tests.rs")
            || source.path.contains("/tests/"));
    if source.is_rust() && source.is_source() && !unit_tests && !source.text.starts_with("//!") {
        return vec![(1, "begins without a `//!` line that says what it is".to_owned())];
    }
    Vec::new()
}

/// Open work is in the tracker, not in the tree.
fn marker(source: &Source<'_>) -> Findings {
    // In pieces, so that the rule does not find itself.
    const WORDS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
    if !source.is_source() && !source.path.ends_with(".md") {
        return Vec::new();
    }
    let hits = source.text.lines().enumerate().filter_map(|(index, line)| {
        let loud = WORDS.iter().find(|word| after_word(line, word).is_some());
        let quiet = WORDS.iter().find(|word| {
            let comment =
                line.split_once("//").map_or("", |(_, comment)| comment.trim_start_matches(['/', '!', ' ']));
            comment.to_lowercase().starts_with(&format!("{}:", word.to_lowercase()))
        });
        loud.or(quiet).map(|word| (index + 1, format!("`{word}`: do it or file it")))
    });
    hits.collect()
}
