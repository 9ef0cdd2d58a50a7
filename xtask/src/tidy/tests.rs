//! Each rule catches a bad sample and lets a good one pass.

use super::check;
use std::collections::BTreeSet;

/// The names of the rules that a sample breaks. The header is put before it.
fn broken(path: &str, text: &str) -> Vec<&'static str> {
    let areas = BTreeSet::from(["billing".to_owned(), "scheduling".to_owned()]);
    let text = format!("//! A sample.\n{text}");
    check(path, &text, &areas).into_iter().map(|finding| finding.rule).collect()
}

const OPS: &str = "crates/server/src/areas/scheduling/ops.rs";

#[test]
fn the_driver_stays_in_its_houses() {
    let bad = "use tokio_postgres::Client;";
    assert_eq!(broken(OPS, bad), ["driver"]);
    assert_eq!(broken("crates/policy/src/lib.rs", "fn f(p: &deadpool_postgres::Pool) {}"), ["driver"]);
    assert_eq!(broken("crates/server/src/http/store.rs", bad), ["driver"]);
    for good in
        ["crates/server/src/areas/scheduling/store.rs", "crates/db/src/pool.rs", "crates/chart/src/read.rs"]
    {
        assert!(broken(good, bad).is_empty(), "{good}");
    }
    assert!(broken(OPS, "/// Not tokio_postgres.\nfn f() {} // no tokio_postgres").is_empty());
    assert!(broken(OPS, "use tokio_postgres_x::Client;").is_empty());
}

#[test]
fn axum_stays_at_the_edge() {
    let bad = "use axum::Json;";
    assert_eq!(broken(OPS, bad), ["axum"]);
    assert_eq!(broken("crates/db/src/lib.rs", bad), ["axum"]);
    for good in [
        "crates/server/src/areas/scheduling/routes.rs",
        "crates/server/src/http/auth.rs",
        "crates/testkit/src/lib.rs",
    ] {
        assert!(broken(good, bad).is_empty(), "{good}");
    }
}

#[test]
fn an_area_asks_another_through_its_door() {
    for bad in [
        "use crate::areas::billing::store::Charges;",
        "use super::super::billing::ops;",
        "use crate::areas::{\n    billing::model::Charge,\n};",
        "use crate::areas::billing::{charge, store::{A, B}};",
        "fn f() { crate::areas::billing::ops::charge(); }",
    ] {
        assert_eq!(broken(OPS, bad), ["area"], "{bad}");
    }
    for good in [
        "use crate::areas::billing;\nfn f() { billing::charge(); }",
        "use crate::areas::billing::{Charge, charge};",
        "use crate::areas::scheduling::store;",
        "use ::billing::model::Charge;",
    ] {
        assert!(broken(OPS, good).is_empty(), "{good}");
    }
    assert!(broken("crates/server/src/http/mod.rs", "use crate::areas::billing::routes;").is_empty());
}

#[test]
fn a_file_is_read_in_one_sitting() {
    let lines = "fn f() {}\n".repeat(600);
    assert_eq!(broken(OPS, &lines), ["length"]);
    assert_eq!(broken("web/src/page.tsx", &lines), ["length"]);
    assert!(broken(OPS, &lines[10..]).is_empty());
    assert!(broken("crates/fhir/src/types.rs", &format!("// @generated\n{lines}")).is_empty());
    assert!(broken("docs/long.md", &lines).is_empty());
}

#[test]
fn sql_is_written_out() {
    for bad in [
        "let s = format!(\"SELECT * FROM {table}\");",
        "let s = format!(\n    \"DELETE FROM person WHERE name = '{name}'\"\n);",
        "sql.push_str(\" UPDATE person SET name = \");",
        "write!(sql, \"INSERT INTO person VALUES ({id})\").ok();",
    ] {
        assert_eq!(broken("crates/db/src/lib.rs", bad), ["sql"], "{bad}");
    }
    for good in [
        "const S: &str = \"SELECT 1\";",
        "let s = format!(\"an UPDATED {thing}\");",
        "#[cfg(test)]\nmod tests {\n fn f() { format!(\"SELECT {x}\"); }\n}",
    ] {
        assert!(broken("crates/db/src/lib.rs", good).is_empty(), "{good}");
    }
}

#[test]
fn time_and_randomness_are_arguments() {
    for bad in [
        "SystemTime::now()",
        "std::time::Instant::now()",
        "jiff::Timestamp::now()",
        "rand::rng()",
        "rand::thread_rng()",
    ] {
        let code = format!("fn f() {{ {bad}; }}");
        assert_eq!(broken(OPS, &code), ["ambient"], "{bad}");
        for good in ["crates/kernel/src/clock.rs", "crates/db/tests/all.rs", "xtask/src/bench/mod.rs"] {
            assert!(broken(good, &code).is_empty(), "{good}");
        }
        assert!(broken(OPS, &format!("#[cfg(test)]\nmod tests {{\n{code}\n}}")).is_empty());
    }
    let declared = "#[cfg(test)]\nmod tests;\nfn f() { SystemTime::now(); }";
    assert_eq!(broken(OPS, declared), ["ambient"], "a module in its own file ends nothing");
}

#[test]
fn no_path_or_host_of_one_machine() {
    let path = concat!("/wo", "rk/main");
    assert_eq!(broken("docs/build.md", &format!("Go to `{path}`.")), ["machine"]);
    assert_eq!(broken("run", &format!("cd {path}")), ["machine"]);
    assert_eq!(broken("web/.npmrc", concat!("registry=https://registry.npmjs", ".org/")), ["machine"]);
    assert_eq!(
        broken("web/package-lock.json", concat!("\"resolved\"", ": \"https://x/y.tgz\"")),
        ["machine"]
    );
    assert!(broken("docs/x.md", concat!("home/wo", "rk/mobile, https://example.org/wo", "rk/")).is_empty());
    assert!(broken("run", "cd \"$HOME/work/\"").is_empty());
}

#[test]
fn a_module_says_what_it_is() {
    let areas = BTreeSet::new();
    assert_eq!(check("crates/db/src/x.rs", "use std::fmt;\n", &areas)[0].rule, "header");
    assert!(check("crates/db/src/x.rs", "//! X.\n", &areas).is_empty());
    assert_eq!(check("crates/db/tests/x.rs", "use std::fmt;\n", &areas)[0].rule, "header");
    assert!(check("crates/db/src/x_tests.rs", "use super::*;\n", &areas).is_empty());
    assert!(check("web/src/x.ts", "import x;\n", &areas).is_empty());
}

#[test]
fn open_work_is_not_marked_in_the_tree() {
    let (to_do, fix_me) = (concat!("TO", "DO"), concat!("FIX", "ME"));
    assert_eq!(broken(OPS, &format!("// {to_do} later")), ["marker"]);
    assert_eq!(broken(OPS, &format!("// {}: later", to_do.to_lowercase())), ["marker"]);
    assert_eq!(broken("docs/x.md", &format!("{fix_me}!")), ["marker"]);
    assert!(broken(OPS, "let todos = 3; // the todo list of a nurse").is_empty());
}

#[test]
fn an_allowance_needs_a_use_and_a_reason() {
    let mark = concat!("// tidy: ", "allow(");
    let bad = "fn f() { SystemTime::now(); }";
    assert!(broken(OPS, &format!("{mark}ambient) the log's own clock\n{bad}")).is_empty());
    assert_eq!(broken(OPS, &format!("{mark}ambient)\n{bad}")), ["ambient", "allowance"]);
    assert_eq!(broken(OPS, &format!("{mark}sql) the log's own clock\n{bad}")), ["ambient", "allowance"]);
    assert_eq!(broken(OPS, &format!("{mark}ambient) nothing here is bad")), ["allowance"]);
}
