//! Asks the catalogue whether the walls stand. The server refuses to start when one does not.

use serde::Serialize;

use crate::{Db, Error};

/// A catalogue check. Its query must return no row; each row's first column names an offender.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Check {
    /// `C01` to `C26`.
    pub id: &'static str,
    /// What is wrong when it finds something.
    pub finds: &'static str,
    #[serde(skip)]
    sql: &'static str,
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Offenders, at most twenty of each database.
    pub offenders: Vec<String>,
}

impl Db {
    /// Runs every check as the runtime role, at the keyring too where that has a database of its own, and gives them in order;
    /// those without offenders passed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn doctor(&self) -> Result<Vec<Finding>, Error> {
        let pools = &self.inner.pools;
        let client = pools.runtime.get().await.map_err(Error::from_pool)?;
        let keyring = match self.inner.keyring.is_apart() {
            true => Some(pools.keyring.get().await.map_err(Error::from_pool)?),
            false => None,
        };
        let mut findings = Vec::with_capacity(CHECKS.len());
        for check in CHECKS {
            let rows = client.query(check.sql, &[]).await.map_err(Error::from_postgres)?;
            let mut offenders: Vec<String> = rows.iter().take(20).map(|row| row.get(0)).collect();
            if let Some(keyring) = &keyring {
                let rows = keyring.query(check.sql, &[]).await.map_err(Error::from_postgres)?;
                let there = |row: &tokio_postgres::Row| format!("{} (keyring)", row.get::<_, String>(0));
                offenders.extend(rows.iter().take(20).map(there));
            }
            findings.push(Finding { check: *check, offenders });
        }
        Ok(findings)
    }
}

macro_rules! tables {
    ($rest:literal) => {
        concat!(
            "WITH t AS (
                SELECT c.oid, n.nspname, c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
                       EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id'
                                  AND NOT a.attisdropped) AND n.nspname <> 'people' AS has_tenant,
                       n.nspname IN ('sec', 'platform') OR c.relname = 'refinery_schema_history' AS closed
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'ref')
                   AND n.nspname !~ '^pg_(toast|temp)') ",
            $rest
        )
    };
}

/// The 23 checks that the design was measured with, for our names, and three more: for the tables exempt from some of them,
/// and for the role of the plane above organizations.
const CHECKS: &[Check] = &[
    Check {
        id: "C01",
        finds: "tables without forced row security",
        sql: tables!("SELECT oid::regclass::text FROM t WHERE NOT (relrowsecurity AND relforcerowsecurity)"),
    },
    Check {
        id: "C02",
        finds: "tables without organization_id",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE NOT has_tenant AND NOT closed AND nspname <> 'people'"
        ),
    },
    Check {
        id: "C03",
        finds: "nullable organization_id",
        sql: tables!(
            "SELECT t.oid::regclass::text FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'organization_id'
              WHERE NOT a.attnotnull"
        ),
    },
    Check {
        id: "C04",
        finds: "tables without a restrictive policy on all commands",
        sql: tables!(
            "SELECT t.oid::regclass::text FROM t WHERE NOT closed AND NOT EXISTS (
               SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = '*'
                  AND (p.polroles = '{0}' OR (SELECT oid FROM pg_roles WHERE rolname = 'lamplight_app') = ANY (p.polroles)))"
        ),
    },
    Check {
        id: "C05",
        finds: "policies that are literally true",
        sql: "SELECT polrelid::regclass::text || ' ' || polname FROM pg_policy
               WHERE pg_get_expr(polqual, polrelid) = 'true' OR pg_get_expr(polwithcheck, polrelid) = 'true'",
    },
    Check {
        id: "C06",
        finds: "unique or exclusion indexes without organization_id",
        sql: tables!(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN t ON t.oid = i.indrelid AND t.has_tenant AND NOT t.closed
              WHERE (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
                SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = 'organization_id'
                   AND a.attnum = ANY (i.indkey::int2[]))"
        ),
    },
    Check {
        id: "C07",
        finds: "foreign keys that do not carry organization_id on both sides",
        sql: tables!(
            "SELECT k.conrelid::regclass::text || ' ' || k.conname FROM pg_constraint k
               JOIN t a ON a.oid = k.conrelid AND a.has_tenant JOIN t b ON b.oid = k.confrelid AND b.has_tenant
              WHERE k.contype = 'f' AND NOT EXISTS (
                SELECT 1 FROM generate_subscripts(k.conkey, 1) s
                  JOIN pg_attribute x ON x.attrelid = k.conrelid AND x.attnum = k.conkey[s] AND x.attname = 'organization_id'
                  JOIN pg_attribute y ON y.attrelid = k.confrelid AND y.attnum = k.confkey[s] AND y.attname = 'organization_id')"
        ),
    },
    Check {
        id: "C08",
        finds: "TRUNCATE, REFERENCES or TRIGGER held by the runtime role",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE has_table_privilege('lamplight_app', oid, 'TRUNCATE')
                OR has_table_privilege('lamplight_app', oid, 'REFERENCES') OR has_table_privilege('lamplight_app', oid, 'TRIGGER')"
        ),
    },
    Check {
        id: "C09",
        finds: "partitions that the runtime role may address directly",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE relispartition
                AND (has_table_privilege('lamplight_app', oid, 'SELECT, INSERT, UPDATE, DELETE')
                  OR has_any_column_privilege('lamplight_app', oid, 'SELECT, INSERT, UPDATE'))"
        ),
    },
    Check {
        id: "C10",
        finds: "views that do not run as their caller",
        sql: "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp'
                 AND has_table_privilege('lamplight_app', c.oid, 'SELECT')
                 AND NOT EXISTS (SELECT 1 FROM unnest(coalesce(c.reloptions, '{}')) o
                                  WHERE o IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1'))",
    },
    Check {
        id: "C11",
        finds: "materialized views within the runtime role's reach",
        sql: "SELECT c.oid::regclass::text FROM pg_class c
               WHERE c.relkind = 'm' AND has_table_privilege('lamplight_app', c.oid, 'SELECT')",
    },
    Check {
        id: "C12",
        finds: "definer functions without a pinned search_path",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                 AND NOT EXISTS (SELECT 1 FROM unnest(coalesce(p.proconfig, '{}')) o WHERE o LIKE 'search\\_path=%')",
    },
    Check {
        id: "C13",
        finds: "definer functions that anyone may execute",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                 AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
                              WHERE x.grantee = 0 AND x.privilege_type = 'EXECUTE')",
    },
    Check {
        id: "C14",
        finds: "functions marked LEAKPROOF",
        sql: "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE p.proleakproof AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    },
    Check {
        id: "C15",
        finds: "attributes the runtime role must not have",
        sql: "SELECT rolname::text FROM pg_roles WHERE rolname IN ('lamplight_app', session_user)
                 AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    },
    Check {
        id: "C16",
        finds: "tables the runtime role owns or can come to own",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE pg_has_role('lamplight_app', relowner, 'MEMBER')
                OR pg_has_role(session_user, relowner, 'MEMBER')"
        ),
    },
    Check {
        id: "C17",
        finds: "predefined roles the runtime role is a member of",
        sql: "SELECT r.rolname::text FROM pg_roles r WHERE r.rolname IN ('pg_read_all_data', 'pg_write_all_data',
                 'pg_monitor', 'pg_read_all_stats', 'pg_read_server_files', 'pg_write_server_files',
                 'pg_execute_server_program') AND pg_has_role('lamplight_app', r.oid, 'MEMBER')",
    },
    Check {
        id: "C18",
        finds: "schemas in which the runtime role may create",
        sql: "SELECT nspname::text FROM pg_namespace
               WHERE nspname !~ '^pg_' AND has_schema_privilege('lamplight_app', oid, 'CREATE')",
    },
    Check {
        id: "C19",
        finds: "table privileges of PUBLIC",
        sql: tables!(
            "SELECT t.oid::regclass::text || ' ' || x.privilege_type FROM t JOIN pg_class c ON c.oid = t.oid,
                    aclexplode(c.relacl) x WHERE x.grantee = 0"
        ),
    },
    Check {
        id: "C20",
        finds: "audit tables that the runtime role may change",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE (nspname = 'audit' OR relname ~ '^audit')
                AND (has_table_privilege('lamplight_app', oid, 'UPDATE, DELETE')
                  OR has_any_column_privilege('lamplight_app', oid, 'UPDATE'))"
        ),
    },
    Check {
        id: "C21",
        finds: "large objects",
        sql: "SELECT oid::text FROM pg_largeobject_metadata LIMIT 1",
    },
    Check {
        id: "C22",
        finds: "server settings that must be otherwise",
        sql: "SELECT name || ' = ' || setting FROM pg_settings
               WHERE (name = 'fsync' AND setting <> 'on') OR (name = 'full_page_writes' AND setting <> 'on')
                  OR (name = 'data_checksums' AND setting <> 'on')
                  OR (name = 'synchronous_commit' AND setting NOT IN ('on', 'remote_apply'))
                  OR (name = 'log_parameter_max_length_on_error' AND setting <> '0')
                  OR (name = 'log_statement' AND setting NOT IN ('none', 'ddl'))
                  OR (name = 'log_min_error_statement' AND setting <> 'panic')
                  OR (name = 'ssl' AND setting <> 'on' AND inet_server_addr() IS NOT NULL)
                  OR (name = 'password_encryption' AND setting <> 'scram-sha-256')",
    },
    Check {
        id: "C23",
        finds: "overrides of synchronous_commit or row_security",
        sql: "SELECT coalesce(s.setrole::regrole::text, '') || ' ' || s.setconfig::text FROM pg_db_role_setting s
               WHERE EXISTS (SELECT 1 FROM unnest(s.setconfig) o WHERE o ~ '^(synchronous_commit|row_security)=')",
    },
    Check {
        id: "C24",
        finds: "closed tables (context key, slugs, migrations) within the runtime role's reach",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE closed
                AND (has_table_privilege('lamplight_app', oid, 'SELECT, INSERT, UPDATE, DELETE')
                  OR has_any_column_privilege('lamplight_app', oid, 'SELECT, INSERT, UPDATE'))"
        ),
    },
    Check {
        id: "C25",
        finds: "tables of people, or of the program alone, that a context of an organization reaches",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE (nspname IN ('people', 'oauth') OR relname IN ('identity_provider', 'identity'))
                AND NOT EXISTS (
               SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = '*'
                  AND (SELECT oid FROM pg_roles WHERE rolname = 'lamplight_app') = ANY (p.polroles)
                  AND pg_get_expr(p.polqual, p.polrelid) ~ 'sec\\.cells\\(\\).*\\[2\\] = [^0-9]*-1')"
        ),
    },
    Check {
        id: "C26",
        finds: "records, accounts, keys and logs within the reach of the plane above organizations",
        sql: tables!(
            "SELECT oid::regclass::text FROM t WHERE nspname <> 'platform' AND oid::regclass::text NOT IN ('org.organization', 'org.facility', 'org.support_request')
                AND (has_table_privilege('lamplight_platform', oid, 'SELECT, INSERT, UPDATE, DELETE')
                  OR has_any_column_privilege('lamplight_platform', oid, 'SELECT, INSERT, UPDATE'))
              UNION ALL
             SELECT rolname::text FROM pg_roles WHERE rolname = 'lamplight_platform'
                AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
              UNION ALL
             SELECT t.oid::regclass::text FROM t WHERE pg_has_role('lamplight_platform', t.relowner, 'MEMBER')"
        ),
    },
];
