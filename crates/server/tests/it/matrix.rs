//! The committed table of routes, which an auditor can read, is the one the program answers by.

use std::collections::BTreeSet;
use std::path::Path;

use policy::{ROLES, Reach, Role};
use server::http::Access;
use testkit::{Permission, TestApp};

use crate::routes;

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

/// What stands in a cell: everyone's records at the facility, those of patients it is tied to, what is no record.
fn mark(role: &Role, permission: Permission) -> &'static str {
    match (role.permissions().contains(permission), role.reach) {
        (false, _) => "",
        (true, Reach::Related(_)) if permission.key().starts_with("chart.") => "own patients",
        (true, _) => "yes",
    }
}

fn row(text: &mut String, cells: impl IntoIterator<Item = impl AsRef<str>>) {
    for cell in cells {
        text.push_str("| ");
        text.push_str(cell.as_ref());
        text.push(' ');
    }
    text.push_str("|\n");
}

/// A heading row: what is asked, then the roles.
fn head(text: &mut String, first: &str) {
    row(text, std::iter::once(first).chain(ROLES.iter().map(|role| role.title)));
    row(text, std::iter::repeat_n("---", ROLES.len() + 1));
}

fn matrix() -> String {
    let mut text = String::from(
        "# Who may do what\n\n\
         The roles that come with the program against every route that needs a permission, made from the table of routes\n\
         and the roles by a test that also asks the running program. Empty: refused. *Own patients*: those the post is tied\n\
         to. An organization's own roles are its own; this is what its kit begins with. Routes that are not here need no\n\
         permission, for the reason in `crates/server/routes.json`; a route that is not there either does not exist.\n\n\
         ## Routes\n\n",
    );
    head(&mut text, "Route");
    for route in server::http::routes() {
        let Access::Needs(action) = route.access else { continue };
        let method = serde_json::to_value(route.method).unwrap();
        let first = format!("{} `{}`", method.as_str().unwrap(), route.path);
        let cells = ROLES.iter().map(|role| mark(role, action.needs()).to_owned());
        row(&mut text, std::iter::once(first).chain(cells));
    }
    text.push_str("\n## Permissions\n\n");
    head(&mut text, "Key");
    for permission in Permission::ALL {
        let first = format!("`{}`", permission.key());
        row(
            &mut text,
            std::iter::once(first).chain(ROLES.iter().map(|role| mark(role, permission).to_owned())),
        );
    }
    text.push_str(
        "\n## Above organizations\n\nWhat is asked on the plane above organizations, and the key that it needs there. No role of an organization can hold\n\
         one, and none of them opens a record.\n\n",
    );
    row(&mut text, ["Route", "Key"]);
    row(&mut text, ["---", "---"]);
    for route in server::http::routes() {
        let Access::Platform(permission) = route.access else { continue };
        let method = serde_json::to_value(route.method).unwrap();
        let first = format!("{} `{}`", method.as_str().unwrap(), route.path);
        row(&mut text, [first, format!("`{}`", permission.key())]);
    }
    text.push_str("\n## Types of record\n\nTypes that a role with a chart does not see at all; what is not here it sees.\n\n");
    head(&mut text, "Type");
    let hidden: BTreeSet<&str> = ROLES.iter().flat_map(|role| role.hidden.iter().copied()).collect();
    for resource in hidden {
        let cell = |role: &Role| {
            let reads = role.permissions().contains(Permission::ChartRead);
            if !reads || role.hidden.contains(&resource) { "" } else { mark(role, Permission::ChartRead) }
        };
        row(&mut text, std::iter::once(resource).chain(ROLES.iter().map(cell)));
    }
    text
}

/// `LAMPLIGHT_UPDATE=1 ./test the_committed_matrix` writes the file anew.
#[test]
fn the_committed_matrix_of_roles_and_routes_is_the_one_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/matrix.md");
    let matrix = matrix();
    if std::env::var_os("LAMPLIGHT_UPDATE").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == matrix,
        "docs/matrix.md is stale: a role, a route or its policy changed; look at it and update the file"
    );
}

#[tokio::test]
async fn the_program_answers_by_the_matrix() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    for role in &ROLES {
        let held: Vec<Permission> = role.permissions().iter().collect();
        let caller = clinic.token(&held, &[&north]).await;
        for route in server::http::routes() {
            let Access::Needs(action) = route.access else { continue };
            let asked = routes::ask(&caller, route).await;
            let allowed = !mark(role, action.needs()).is_empty();
            let named = asked.text().contains(action.needs().key());
            assert_eq!(
                asked.status == 403 && named,
                !allowed,
                "{} {} as {}: {}",
                routes::method(route.method),
                route.path,
                role.key,
                asked.status
            );
        }
    }
}
