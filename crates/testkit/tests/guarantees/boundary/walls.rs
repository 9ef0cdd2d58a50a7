//! Every table, every kind of statement: nothing of another facility or organization is seen, changed or added.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use testkit::pg;

use super::furnish::furnish;
use super::own::OWN;
use super::tables::{CLOSED, Table, all, membership};
use super::updates::updates;
use super::{Signer, attempt, cell, number, rehearse, runtime};
use crate::support::House;

/// Everything of a table outside the reach of A at the north facility, byte for byte and with its place on disk.
async fn outside(superuser: &pg::Client, house: &House, table: &Table) -> String {
    let sql = format!(
        "SELECT coalesce(string_agg(t::text || t.xmin::text || t.ctid::text || t.tableoid::text, E'\\n' ORDER BY t::text), '')
           FROM {} t WHERE organization_id <> {} OR {} NOT IN (0, {})",
        table.name,
        house.a.id(),
        table.facility(),
        house.a.north
    );
    superuser.query_one(&sql, &[]).await.unwrap().get(0)
}

fn reach(house: &House, signer: &Signer) -> String {
    let a = house.a.id();
    signer.context(membership(a), &[cell(a, 0), cell(a, house.a.north.0)])
}

/// Every table that there is a case of, and what is granted on it.
fn granted() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tenants = all().map(|table| (table.name, table.grants));
    tenants.chain(OWN.iter().map(|table| (table.name, table.grants))).chain(CLOSED.map(|name| (name, "")))
}

/// The columns that the runtime role may read.
async fn readable(superuser: &pg::Client, table: &Table) -> Vec<String> {
    let rows = superuser
        .query(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                AND has_column_privilege('lamplight_app', attrelid, attnum, 'SELECT') ORDER BY attnum",
            &[&table.name],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn every_table_has_a_case_here() {
    let house = House::new().await;
    let rows = house
        .superuser()
        .await
        .query(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'",
            &[],
        )
        .await
        .unwrap();
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known: BTreeSet<String> = granted().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(there, known);
}

#[tokio::test]
async fn the_runtime_role_holds_the_grants_listed_and_no_other() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let kinds = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
    for table in granted() {
        for kind in kinds {
            let columns = matches!(kind, "SELECT" | "INSERT" | "UPDATE" | "REFERENCES");
            let sql = if columns {
                "SELECT has_table_privilege('lamplight_app', $1::text, $2) OR has_any_column_privilege('lamplight_app', $1::text, $2)"
            } else {
                "SELECT has_table_privilege('lamplight_app', $1::text, $2)"
            };
            let held: bool = superuser.query_one(sql, &[&table.0, &kind]).await.unwrap().get(0);
            let listed = kind.len() == 6 && table.1.to_uppercase().contains(&kind[..1]);
            assert_eq!(held, listed, "{kind} on {}", table.0);
        }
        if !table.1.contains('U') {
            let columns = superuser
                .query(
                    "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0
                        AND NOT attisdropped AND has_column_privilege('lamplight_app', attrelid, attnum, 'UPDATE')
                      ORDER BY 1",
                    &[&table.0],
                )
                .await
                .unwrap();
            let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
            assert_eq!(columns, updates(table.0), "UPDATE on {}", table.0);
        }
    }
    for column in ["hash"] {
        let sql = "SELECT has_column_privilege('lamplight_app', 'org.service_token', $1::text, 'SELECT')";
        assert!(!superuser.query_one(sql, &[&column]).await.unwrap().get::<_, bool>(0));
    }
}

#[tokio::test]
async fn a_context_sees_its_own_cells_of_every_table_and_no_other() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    for table in all() {
        let (name, facility) = (table.name, table.facility());
        let foreign = format!(
            "SELECT count(*) FROM {name} WHERE NOT (organization_id = {} AND {facility} IN (0, {}))",
            house.a.id(),
            house.a.north
        );
        assert_eq!(number(&client, Some(&signed), &foreign).await, Ok(0), "{name}");
        let own = format!("SELECT count(*) FROM {name}");
        let expected = i64::from(table.by_facility) + 1;
        assert!(
            number(&client, Some(&signed), &own).await.unwrap() >= expected,
            "{name}: its own rows are there"
        );
        assert_eq!(number(&client, None, &own).await, Ok(0), "{name} without a context");
        let columns = readable(&superuser, table).await;
        let filter = format!(
            "SELECT count(*) FROM {name} WHERE organization_id = {} AND ({}) IS NOT NULL",
            house.b.id(),
            columns.iter().map(|column| format!("{column}::text")).collect::<Vec<_>>().join(" || ")
        );
        assert_eq!(number(&client, Some(&signed), &filter).await, Ok(0), "{name}");
    }
}

#[tokio::test]
async fn no_statement_changes_removes_or_moves_a_row_out_of_reach() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let (a, b) = (house.a.id(), house.b.id());
    for table in all() {
        let name = table.name;
        let before = outside(&superuser, &house, table).await;
        assert!(!before.is_empty(), "{name}: there is something to attack");
        for context in [None, Some(signed.as_str())] {
            for (kind, sql) in [
                ('U', format!("UPDATE {name} SET organization_id = organization_id")),
                ('U', format!("UPDATE {name} SET organization_id = {a} WHERE organization_id = {b}")),
                ('D', format!("DELETE FROM {name} WHERE organization_id = {b}")),
                ('D', format!("DELETE FROM {name} WHERE {} = {}", table.facility(), house.a.south)),
                ('S', format!("SELECT organization_id FROM {name} WHERE organization_id = {b} FOR SHARE")),
            ] {
                match attempt(&client, context, &sql).await {
                    Ok(0) => {}
                    Ok(touched) => {
                        let own = sql.ends_with("organization_id = organization_id") && context.is_some();
                        assert!(own && table.may(kind), "{sql}: {touched} rows");
                    }
                    // FOR SHARE needs UPDATE besides.
                    Err(refusal) => {
                        assert_eq!(refusal.code, "42501", "{sql}: {refusal:?}");
                        assert!(!table.may(kind) || (kind == 'S' && !table.may('U')), "{sql}: {refusal:?}");
                    }
                }
            }
        }
        for sql in [
            format!("UPDATE {name} SET organization_id = {b} WHERE organization_id = {a}"),
            format!(
                "UPDATE {name} SET facility_id = {} WHERE facility_id = {}",
                house.a.south, house.a.north
            ),
        ] {
            if sql.contains("facility_id") && !table.by_facility {
                continue;
            }
            let refusal = attempt(&client, Some(&signed), &sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{sql}: {refusal:?}");
            let by_policy = refusal.message.contains("row-level security");
            assert_eq!(by_policy, table.may('U'), "{sql}: {refusal:?}");
        }
        assert_eq!(outside(&superuser, &house, table).await, before, "{name}");
    }
}

#[tokio::test]
async fn no_row_is_added_out_of_reach_or_without_a_context() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let (a, b) = (&house.a, &house.b);
    for (at, table) in all().enumerate() {
        let before = outside(&superuser, &house, table).await;
        let fresh = 900_000 + u32::try_from(at).unwrap();
        for (organization, facility) in
            [(a.id(), a.south.0), (b.id(), 0), (b.id(), b.north.0), (b.id(), b.south.0), (77, 0)]
        {
            if !table.by_facility && (organization, facility) == (a.id(), a.south.0) {
                continue;
            }
            let Some(sql) = table.insert(organization, facility, fresh, "") else { continue };
            for context in [None, Some(signed.as_str())] {
                let refusal = attempt(&client, context, &sql).await.unwrap_err();
                assert_eq!(refusal.code, "42501", "{sql}: {refusal:?}");
                assert_eq!(
                    refusal.message.contains("row-level security"),
                    table.may('I'),
                    "{sql}: {refusal:?}"
                );
            }
        }
        assert_eq!(outside(&superuser, &house, table).await, before, "{}", table.name);
        if table.may('I') {
            // The same statement inside works: it was the wall that refused.
            let sql = table.insert(a.id(), a.north.0, fresh, "").unwrap();
            assert_eq!(rehearse(&client, Some(&signed), &sql).await, Ok(1), "{sql}");
        }
    }
}

#[tokio::test]
async fn partitions_cannot_be_addressed() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let partitions = superuser
        .query("SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'", &[])
        .await
        .unwrap();
    assert!(partitions.len() >= 10);
    for partition in partitions {
        let name: String = partition.get(0);
        for sql in [
            format!("SELECT 1 FROM {name}"),
            format!("INSERT INTO {name} DEFAULT VALUES"),
            format!("UPDATE {name} SET organization_id = 1"),
            format!("DELETE FROM {name}"),
            format!("COPY {name} TO STDOUT"),
        ] {
            assert_eq!(attempt(&client, Some(&signed), &sql).await.unwrap_err().code, "42501", "{sql}");
        }
    }
}

#[tokio::test]
async fn tables_cannot_be_emptied_watched_or_built_on() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let mut attacks: Vec<String> = Vec::new();
    for (name, _) in granted() {
        let name = if name.contains('.') { name } else { "public.refinery_schema_history" };
        attacks.push(format!("TRUNCATE {name}"));
        attacks.push(format!("ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"));
        attacks.push(format!("DROP TABLE {name}"));
        attacks.push(format!("CREATE POLICY open ON {name} USING (true)"));
        attacks.push(format!("CREATE TRIGGER spy AFTER INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"));
        attacks.push(format!("CREATE INDEX spy ON {name} ((1))"));
        attacks.push(format!("CREATE RULE spy AS ON INSERT TO {name} DO NOTHING"));
    }
    for schema in ["sec", "org", "platform", "keyring", "chart", "audit", "ops", "people", "oauth", "public"]
    {
        attacks.push(format!("CREATE TABLE {schema}.mine (id int)"));
        attacks.push(format!("CREATE TABLE {schema}.mine (id int REFERENCES org.organization)"));
        attacks.push(format!("CREATE FUNCTION {schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"));
        attacks.push(format!("CREATE VIEW {schema}.mine AS SELECT 1"));
    }
    for attack in [
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "SET ROLE lamplight_owner",
        "SET ROLE lamplight_operator",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE lamplight_app BYPASSRLS",
        "GRANT lamplight_owner TO lamplight_app",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/dev/null'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT lo_import('/dev/null')",
        "SELECT pg_ls_dir('.')",
        "CHECKPOINT",
        "SELECT pg_reload_conf()",
    ] {
        attacks.push(attack.to_owned());
    }
    for sql in attacks {
        let refusal = attempt(&client, Some(&signed), &sql).await.unwrap_err();
        assert_eq!(refusal.code, "42501", "{sql}: {refusal:?}");
    }
}

#[tokio::test]
async fn row_security_cannot_be_turned_off() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let client = runtime(&house).await;
    client.batch_execute("SET row_security = off").await.unwrap();
    for (name, _) in granted().filter(|(name, _)| name.contains('.')) {
        let refusal = number(&client, None, &format!("SELECT count(*) FROM {name}")).await.unwrap_err();
        assert_eq!(refusal.code, "42501", "{name}: {refusal:?}");
        assert!(
            refusal.message.contains("row-level security") || refusal.message.contains("permission denied")
        );
    }
}

#[tokio::test]
async fn copy_meets_the_same_walls() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let foreign = [house.b.id().to_string(), format!("{}\t{}", house.a.id(), house.a.south)];
    for table in all() {
        let mut columns = readable(&superuser, table).await;
        // COPY takes no generated column.
        columns.retain(|column| (table.name, column.as_str()) != ("org.role", "purpose"));
        let sql = format!("COPY {} ({}) TO STDOUT", table.name, columns.join(", "));
        client.batch_execute("BEGIN").await.unwrap();
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&signed]).await.unwrap();
        let copied = copy_out(&client, &sql).await;
        client.batch_execute("ROLLBACK").await.unwrap();
        let text = copied.unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"));
        // COPY under row security reads the table without its partitions.
        let partitioned = matches!(table.name, "audit.event" | "audit.subject");
        assert!(!text.is_empty() || partitioned, "{sql}");
        for line in text.lines() {
            assert!(!foreign.iter().any(|key| line.starts_with(&format!("{key}\t"))), "{sql}: {line}");
        }
        let into =
            attempt(&client, Some(&signed), &format!("COPY {} FROM STDIN", table.name)).await.unwrap_err();
        let expected = if table.may('I') { "0A000" } else { "42501" };
        assert_eq!(into.code, expected, "{}: {into:?}", table.name);
    }
}

pub(super) async fn copy_out(client: &pg::Client, sql: &str) -> Result<String, super::Refusal> {
    let stream = client.copy_out(sql).await.map_err(|error| super::Refusal::of(&error))?;
    let mut stream = std::pin::pin!(stream);
    let mut text = Vec::new();
    while let Some(chunk) = stream.next().await {
        text.extend_from_slice(&chunk.map_err(|error| super::Refusal::of(&error))?);
    }
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn statistics_show_no_values() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    superuser.batch_execute("ANALYZE").await.unwrap();
    let (client, signed) = (runtime(&house).await, reach(&house, &Signer::of(&superuser).await));
    let ours = "('sec', 'org', 'platform', 'keyring', 'chart', 'audit', 'ops', 'people', 'oauth', 'public')";
    for view in ["pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"] {
        let sql = format!("SELECT count(*) FROM {view} WHERE schemaname IN {ours}");
        assert_eq!(number(&client, Some(&signed), &sql).await, Ok(0), "{view}");
    }
    let refusal = number(&client, Some(&signed), "SELECT count(*) FROM pg_statistic").await.unwrap_err();
    assert_eq!(refusal.code, "42501");
}
