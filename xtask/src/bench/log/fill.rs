//! A log of any length, written by the database itself: what the program would take weeks to write.
//!
//! The events are spread evenly over two years, a month's at a time, in the order of their time as real ones are. Their
//! shape is that of real ones: the same columns are set, and what a column holds is as long.

use std::time::Instant;

use tokio_postgres::Client;

use super::super::{Fallible, say};

/// How far back the log goes.
const DAYS: i64 = 730;
/// How far back any question goes: what is older is in months that no question opens.
const ASKED_DAYS: i64 = 400;
/// Events of a usual patient; so many patients there are.
const EVENTS_EACH: u64 = 2_000;
/// Patients have shares of the events: a usual one has one.
const OFTEN: (u64, i32) = (100, 10);
const MOST: (u64, i32) = (2_500, 18);
/// A step between shares that has no divisor in common with their number, so that each comes as often as any other.
const STRIDE: i64 = 1_000_003;

/// A screen shows several records of a patient at once, and is followed by another one; so many are looked at at a time.
const SCREEN: i64 = 4;
const AT_A_TIME: i64 = 40;
const BLOCK: i64 = 2 * SCREEN * AT_A_TIME;

/// How many patients a log of this length is about, in 20 organizations of ten facilities each.
pub(super) fn patients(events: u64) -> u64 {
    (events / EVENTS_EACH).max(400).next_multiple_of(200)
}

/// The shares of the patient with this number.
fn shares(number: u64) -> i32 {
    match number {
        n if n.is_multiple_of(MOST.0) => MOST.1,
        n if n % OFTEN.0 == 1 => OFTEN.1,
        _ => 1,
    }
}

/// What kinds of events there are, as rows of: how many in a hundred thousand, action, reason, outcome, purpose, FHIR type,
/// patients concerned, bodies written, detail.
const KINDS: &str = "(42000, 'chart.read', 'chart.read', 'success', 'TREAT', 103, 1, false, NULL),
    (13000, 'chart.search', 'chart.search', 'success', 'TREAT', 96, 1, false, '12 shown; parameters: patient,category'),
    (3000, 'chart.create', 'chart.write', 'success', 'TREAT', 96, 1, true, NULL),
    (1500, 'chart.update', 'chart.write', 'success', 'TREAT', 103, 1, true, NULL),
    (2500, 'medications.give', 'medications.give', 'success', 'TREAT', 86, 1, true, NULL),
    (3000, 'relationships.list', 'people.read', 'success', 'HOPERAT', NULL, 1, false, NULL),
    (600, 'shift.look', 'shift.work', 'success', 'TREAT', NULL, 10, false, '10 residents'),
    (400, 'chart.read', 'chart.read', 'denied', 'TREAT', 103, 1, false, NULL),
    (60, 'chart.read', 'chart.read', 'success', 'BTG', 103, 1, false, NULL),
    (20, 'chart.export', 'chart.export', 'success', 'HOPERAT', NULL, 1, false, NULL),
    (2, 'patients.reassign', 'patients.reassign', 'success', 'HOPERAT', 103, 1, false, NULL),
    (33918, 'chart.search', 'chart.search', 'success', 'TREAT', 140, 0, false, NULL)";

/// The organization that is asked, and its posts that have names.
pub(super) struct Asked {
    pub(super) organization: i32,
    pub(super) first_post: i32,
    pub(super) posts: i32,
}

/// Writes less ahead, which PostgreSQL learns when it starts again. What it has to be sure of the program looks after at its
/// own start: that is left alone until [`fill`].
pub(super) async fn hurry(client: &Client) -> Fallible<()> {
    // What is written to a table that was emptied in the same transaction needs no log then.
    set(client, &["wal_level = minimal", "max_wal_senders = 0", "archive_mode = off"]).await
}

/// Changes settings of the whole server.
pub(super) async fn set(client: &Client, settings: &[&str]) -> Fallible<()> {
    for setting in settings {
        client.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await?;
    }
    client.batch_execute("SELECT pg_reload_conf()").await?;
    Ok(())
}

/// Writes that many events, or those of them that questions can reach.
pub(super) async fn fill(client: &Client, events: u64, recent: bool, asked: &Asked) -> Fallible<()> {
    set(
        client,
        &[
            "fsync = off",
            "full_page_writes = off",
            "autovacuum = off",
            "max_wal_size = '1GB'",
            "checkpoint_timeout = '1h'",
        ],
    )
    .await?;
    prepare(client, events, asked).await?;
    let months = months(client).await?;
    let indexes = drop_indexes(client).await?;
    let (from, step): (i64, i64) = {
        let now: i64 =
            client.query_one("SELECT (extract(epoch FROM now()) * 1000000)::int8", &[]).await?.get(0);
        let length = DAYS * 86_400_000_000;
        (now - length, length / i64::try_from(events)?)
    };
    for month in &months {
        let low = if recent { month.low.max(from + (DAYS - ASKED_DAYS) * 86_400_000_000) } else { month.low };
        let first = ((low - from).max(0) + step - 1) / step;
        let last = ((month.high - 1 - from) / step).min(i64::try_from(events)? - 1);
        if first > last {
            continue;
        }
        let begun = Instant::now();
        write(client, month, (first, last), (from, step), asked).await?;
        let took = begun.elapsed().as_secs_f64();
        say(&format!("{}: {} events in {took:.0} s", month.name, last - first + 1));
    }
    for (number, index) in indexes.iter().enumerate() {
        let begun = Instant::now();
        client.batch_execute(index).await?;
        say(&format!("index {} of {} in {:.0} s", number + 1, indexes.len(), begun.elapsed().as_secs_f64()));
    }
    client.batch_execute("DROP TABLE pg_temp.patient, pg_temp.share, pg_temp.kind").await?;
    for told in ["VACUUM (ANALYZE, FREEZE) audit.event", "VACUUM (ANALYZE, FREEZE) audit.subject", "ANALYZE"]
    {
        client.batch_execute(told).await?;
    }
    // As it is wherever the program runs.
    for told in ["ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()", "CHECKPOINT"] {
        client.batch_execute(told).await?;
    }
    Ok(())
}

/// The partitions, and tables that say what comes how often. Of the organization that is asked every patient has a record;
/// those of the others are in the log alone.
async fn prepare(client: &Client, events: u64, asked: &Asked) -> Fallible<()> {
    client
        .batch_execute(
            "SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'; SET max_parallel_workers_per_gather = 0;
             SET max_parallel_maintenance_workers = 0; SET enable_mergejoin = off; SET enable_nestloop = off;
             SELECT audit.prepare_months((current_date - interval '25 months')::date, 12);
             SELECT audit.prepare_months((current_date - interval '13 months')::date, 12);
             SELECT audit.prepare_months((current_date - interval '1 month')::date, 3);",
        )
        .await?;
    let each = i64::try_from(patients(events) / 200)?;
    client
        .execute(
            "CREATE TEMP TABLE patient AS
             SELECT row_number() OVER (ORDER BY organization_id, facility_id, id) - 1 AS n, p.* FROM (
                SELECT organization_id, facility_id, patient_id AS id FROM chart.resource WHERE id = patient_id
                UNION ALL
                SELECT organization_id, facility_id, md5(facility_id || ' ' || k)::uuid
                  FROM org.facility, generate_series(1, $1::int8) k WHERE facility_id > 0 AND organization_id <> $2) p",
            &[&each, &asked.organization],
        )
        .await?;
    let number: i64 = client.query_one("SELECT count(*) FROM pg_temp.patient", &[]).await?.get(0);
    let all: Vec<i32> = (0..u64::try_from(number)?).map(shares).collect();
    client
        .execute(
            "CREATE TEMP TABLE share AS
             SELECT row_number() OVER (ORDER BY p.n, k) - 1 AS share, p.*
               FROM pg_temp.patient p JOIN unnest($1::int4[]) WITH ORDINALITY s (shares, n) ON s.n = p.n + 1
              CROSS JOIN LATERAL generate_series(1, s.shares) k",
            &[&all],
        )
        .await?;
    client
        .batch_execute(&format!(
            "CREATE TEMP TABLE kind AS
             SELECT row_number() OVER () - 1 AS kind, k.* FROM (VALUES {KINDS})
                 k (often, action, reason, outcome, purpose, type, patients, writes, detail)
              CROSS JOIN LATERAL generate_series(1, k.often);
             ANALYZE pg_temp.patient; ANALYZE pg_temp.share; ANALYZE pg_temp.kind;"
        ))
        .await?;
    Ok(())
}

/// A month of the log: the end of its tables' names, and its bounds in microseconds.
struct Month {
    name: String,
    low: i64,
    high: i64,
}

async fn months(client: &Client) -> Fallible<Vec<Month>> {
    let rows = client
        .query(
            "SELECT name, (extract(epoch FROM low) * 1000000)::int8,
                    (extract(epoch FROM low + interval '1 month') * 1000000)::int8
               FROM (SELECT substr(relname, 7) AS name, to_timestamp(substr(relname, 7), 'YYYYMM') AS low
                       FROM pg_inherits JOIN pg_class ON oid = inhrelid
                      WHERE inhparent = 'audit.event'::regclass) months
              ORDER BY low",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| Month { name: row.get(0), low: row.get(1), high: row.get(2) }).collect())
}

/// Takes the indexes away, which are faster made when all is there; gives how to make them again, full pages each.
async fn drop_indexes(client: &Client) -> Fallible<Vec<String>> {
    let rows = client
        .query(
            "SELECT coalesce('ALTER TABLE ' || i.indrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' '
                        || pg_get_constraintdef(c.oid) || ' WITH (fillfactor = 100)',
                        CASE WHEN pg_get_indexdef(i.indexrelid) LIKE '% USING btree %' THEN
                            regexp_replace(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
                                '( WHERE .*)?$', ' WITH (fillfactor = 100)\\1')
                        ELSE replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') END),
                    coalesce('ALTER TABLE ' || i.indrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(c.conname),
                        'DROP INDEX ' || i.indexrelid::regclass)
               FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
              WHERE i.indrelid IN ('audit.event'::regclass, 'audit.subject'::regclass) ORDER BY 1",
            &[],
        )
        .await?;
    for row in &rows {
        client.batch_execute(row.get(1)).await?;
    }
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Writes the events of a month, which are those with the numbers `first` to `last`.
async fn write(
    client: &Client,
    month: &Month,
    (first, last): (i64, i64),
    (from, step): (i64, i64),
    asked: &Asked,
) -> Fallible<()> {
    let shares: i64 = client.query_one("SELECT count(*) FROM pg_temp.share", &[]).await?.get(0);
    let numbers = [
        ("{first}", first),
        ("{last}", last),
        ("{from}", from),
        ("{step}", step),
        ("{shares}", shares),
        ("{block}", BLOCK),
        ("{at_a_time}", AT_A_TIME),
        ("{screen}", SCREEN),
        ("{stride}", STRIDE),
        ("{posts}", asked.posts.into()),
        ("{post}", asked.first_post.into()),
    ];
    let mut sql = include_str!("month.sql").replace("{month}", &month.name);
    for (name, number) in numbers {
        sql = sql.replace(name, &number.to_string());
    }
    client.batch_execute(&sql).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_patients_are_seen_very_often_and_the_log_has_room_for_all() {
        assert_eq!((patients(1_000_000), patients(100_000_000)), (600, 50_000));
        assert_eq!(patients(10_000), 400, "two in each facility");
        let all: Vec<i32> = (0..50_000).map(shares).collect();
        let with = |shares: i32| all.iter().filter(|one| **one == shares).count();
        assert_eq!((with(MOST.1), with(OFTEN.1)), (20, 500));
        let events_a_share = 100_000_000 / all.iter().sum::<i32>();
        assert!((1_700..2_000).contains(&events_a_share), "of a usual patient: {events_a_share}");
        // A file of 400 days holds what the most seen patient has.
        assert!(events_a_share * MOST.1 * 400 / 730 < 20_000);
        assert_eq!(
            all.iter().sum::<i32>() % i32::try_from(STRIDE).unwrap(),
            all.iter().sum::<i32>(),
            "no divisor"
        );
    }

    #[test]
    fn kinds_are_a_hundred_thousand() {
        let counts = KINDS.split('(').filter_map(|row| row.split(',').next()?.trim().parse::<u32>().ok());
        assert_eq!(counts.sum::<u32>(), 100_000);
    }
}
