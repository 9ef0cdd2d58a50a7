//! The committed table of routes, which an auditor can read, is the one the program answers by.

use std::path::Path;

/// `LAMPLIGHT_UPDATE=1 ./test the_committed_table` writes the file anew.
#[test]
fn the_committed_table_of_routes_is_the_one_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("routes.json");
    let mut table = serde_json::to_string_pretty(server::http::routes()).unwrap();
    table.push('\n');
    if std::env::var_os("LAMPLIGHT_UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == table,
        "routes.json is stale: a route or its policy changed; look at it and update the file"
    );
}
