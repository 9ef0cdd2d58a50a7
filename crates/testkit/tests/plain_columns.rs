//! `docs/plain-columns.md` and the migrated database name the same columns.

use std::collections::BTreeMap;
use std::path::Path;

use testkit::TestDb;

/// Every column of every table of ours and its type, by `schema.table.column`. Partitions repeat their parents.
const COLUMNS: &str = "
    SELECT c.table_schema || '.' || c.table_name || '.' || c.column_name, c.data_type::text
      FROM information_schema.columns c
     WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema')
       AND NOT EXISTS (SELECT 1 FROM pg_class p JOIN pg_namespace n ON n.oid = p.relnamespace
                        WHERE n.nspname = c.table_schema AND p.relname = c.table_name AND p.relispartition)";

/// The page's section of values that mean nothing to whoever reads the table.
const CLOSED: &str = "## Sealed, wrapped or hashed";

/// A line of a table of the page.
struct Line {
    column: String,
    why: String,
    closed: bool,
}

fn page() -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plain-columns.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let mut closed = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("## ") {
            closed = line == CLOSED;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", table, column, why, ""] = cells[..] else { continue };
        if table.contains('.') {
            lines.push(Line { column: format!("{table}.{column}"), why: why.to_owned(), closed });
        }
    }
    lines
}

#[tokio::test]
async fn the_page_of_plain_columns_is_complete_and_true() {
    let database = TestDb::new().await;
    let rows = database.superuser().await.query(COLUMNS, &[]).await.unwrap();
    let mut there: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(there.len() > 100, "{} columns", there.len());
    let mut wrong = Vec::new();
    for Line { column, why, closed } in page() {
        // A line given twice is not there any more the second time.
        match there.remove(&column) {
            None => wrong.push(format!("{column}: on the page, not in the database, or twice on the page")),
            Some(_) if why.is_empty() => wrong.push(format!("{column}: the page does not say why")),
            Some(kind) if closed && kind != "bytea" && column != "chart.token.token" => {
                wrong.push(format!("{column}: said to be closed, but it is {kind}"));
            }
            Some(_) => {}
        }
    }
    wrong.extend(there.into_keys().map(|column| format!("{column}: in the database, not on the page")));
    assert!(wrong.is_empty(), "docs/plain-columns.md:\n  {}", wrong.join("\n  "));
}
