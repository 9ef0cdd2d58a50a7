//! What is asked of the log, of whom, and how long the answers take.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::super::Fallible;
use super::super::http::{Caller, Connection};
use super::super::install::{Installation, ORGANIZATION};
use super::super::load::Latencies;
use super::fill::Asked;

/// Patients, or posts, or facilities, that a question is asked about.
const DIFFERENT: usize = 20;

/// A question of one kind.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) target: String,
}

/// A kind of question: asked about different things, and each of them once more.
pub(super) struct Line {
    title: String,
    /// Of the first answer: lines, or bytes of what is no list.
    size: String,
    first: Latencies,
    again: Latencies,
    pub(super) complaint: Option<String>,
}

/// The patients to ask about: those seen most in the organization, and usual ones.
struct People {
    most: Vec<String>,
    often: Vec<String>,
    usual: Vec<String>,
}

/// Asks everything; gives what was slowest of each kind as well.
pub(super) async fn ask(
    installation: &Installation,
    client: &Client,
    asked: &Asked,
) -> Fallible<(Vec<Line>, Vec<Question>)> {
    let people = people(client, asked.organization).await?;
    let caller = installation.caller_everywhere()?;
    let facilities = installation.facilities()?;
    let days: Vec<String> = {
        let row = client
            .query_one(
                "SELECT ARRAY(SELECT to_char((now() - make_interval(days => d)) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
                                FROM unnest(ARRAY[399, 365, 30]) WITH ORDINALITY o (d, n) ORDER BY n)",
                &[],
            )
            .await?;
        row.get(0)
    };
    let [longest, year, month] = &days[..] else { return Err("no days".into()) };
    let of = |all: &[String], ending: &str| -> Vec<Question> {
        all.iter().map(|id| Question { target: format!("/api/patients/{id}/accesses{ending}") }).collect()
    };
    let log = |all: &[String], query: &str| -> Vec<Question> {
        all.iter().map(|one| Question { target: format!("/api/audit/events?{query}{one}") }).collect()
    };
    let nothing = vec![String::new(); DIFFERENT];
    let posts: Vec<String> = (0..asked.posts).map(|post| (asked.first_post + post).to_string()).collect();
    let whole = format!("from={longest}&");
    let kinds: Vec<(&str, Vec<Question>)> = vec![
        ("report: first page, 90 days, usual patient", of(&people.usual, "")),
        ("report: first page, 90 days, often seen", of(&people.often, "")),
        ("report: first page, 400 days, usual patient", of(&people.usual, &format!("?from={longest}"))),
        ("report: first page, 400 days, most seen", of(&people.most, &format!("?from={longest}"))),
        (
            "report: first page of a period a year ago",
            of(&people.usual, &format!("?from={longest}&to={year}")),
        ),
        ("report: CSV, 90 days, usual patient", of(&people.usual, "/csv")),
        ("report: CSV, 400 days, usual patient", of(&people.usual, &format!("/csv?from={longest}"))),
        ("report: CSV, 400 days, often seen", of(&people.often, &format!("/csv?from={longest}"))),
        ("report: CSV, 400 days, most seen", of(&people.most, &format!("/csv?from={longest}"))),
        ("report: PDF, 90 days, usual patient", of(&people.usual, "/pdf")),
        ("report: PDF, 400 days, usual patient", of(&people.usual, &format!("/pdf?from={longest}"))),
        ("report: PDF, 90 days, most seen", of(&people.most, "/pdf")),
        ("search: everything, 7 days", log(&nothing, "")),
        ("search: everything, 400 days", log(&nothing, &format!("from={longest}"))),
        ("search: a patient, 400 days, usual patient", log(&people.usual, &format!("{whole}patient="))),
        ("search: a patient, 400 days, most seen", log(&people.most, &format!("{whole}patient="))),
        ("search: a post, 400 days", log(&posts, &format!("{whole}membership="))),
        ("search: a common deed (viewed), 400 days", log(&nothing, &format!("{whole}what=viewed"))),
        ("search: a rare deed (moved), 30 days", log(&nothing, &format!("from={month}&what=moved"))),
        ("search: a rare deed (moved), 400 days", log(&nothing[..3], &format!("{whole}what=moved"))),
        (
            "search: a deed that never was (restricted), 400 days",
            log(&nothing[..3], &format!("{whole}what=restricted")),
        ),
        ("search: exported, 400 days", log(&nothing, &format!("{whole}what=exported"))),
        ("search: emergencies, 400 days", log(&nothing, &format!("{whole}emergency=true"))),
        ("search: refused, 400 days", log(&nothing, &format!("{whole}outcome=refused"))),
        ("search: a facility, 7 days", log(&facilities, "facility=")),
        ("search: a facility, 400 days", log(&facilities, &format!("{whole}facility="))),
        (
            "search: emergencies of a facility, 400 days",
            log(&facilities, &format!("{whole}emergency=true&facility=")),
        ),
        ("search: exported by a post, 400 days", log(&posts, &format!("{whole}what=exported&membership="))),
    ];
    let mut connection = caller.connect().await?;
    let (mut lines, mut slowest) = (Vec::new(), Vec::new());
    for (title, questions) in kinds {
        let (line, worst) = measure(&caller, &mut connection, title, &questions).await?;
        lines.push(line);
        slowest.extend(worst);
    }
    lines.push(command(
        installation,
        &people.usual[..3.min(people.usual.len())],
        "report: `lamplight audit report`, a year, usual patient",
    )?);
    lines.push(command(installation, &people.most, "report: `lamplight audit report`, a year, most seen")?);
    Ok((lines, slowest))
}

/// Asks each once, then each once more.
async fn measure(
    caller: &Caller,
    connection: &mut Connection,
    title: &str,
    questions: &[Question],
) -> Fallible<(Line, Option<Question>)> {
    let mut line = Line {
        title: title.to_owned(),
        size: String::new(),
        first: Latencies::default(),
        again: Latencies::default(),
        complaint: questions.is_empty().then(|| "there is nobody to ask about".to_owned()),
    };
    let mut slowest = (Duration::ZERO, None);
    for turn in 0..2 {
        for question in questions {
            let begun = Instant::now();
            let answer = connection.ask(&caller.get(&question.target)).await?;
            let took = begun.elapsed();
            let latencies = if turn == 0 { &mut line.first } else { &mut line.again };
            latencies.count(begun);
            if answer.status != 200 {
                line.complaint = Some(answer.complaint());
                return Ok((line, None));
            }
            if line.size.is_empty() {
                line.size = size(answer.body);
            }
            if turn == 0 && took > slowest.0 {
                slowest = (took, Some(question.clone()));
            }
        }
    }
    Ok((line, slowest.1))
}

/// How many lines an answer has: of a list, of a table, of a report on paper none can be told.
fn size(body: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(page) => {
            let lines = page["accesses"].as_array().or(page["lines"].as_array()).map_or(0, Vec::len);
            format!("{lines} lines")
        }
        Err(_) if body.starts_with(b"%PDF") => format!("{} KB", body.len() / 1024),
        Err(_) => format!("{} lines", body.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1)),
    }
}

/// The same at the command line, which starts a program each time.
fn command(installation: &Installation, patients: &[String], title: &str) -> Fallible<Line> {
    let mut line = Line {
        title: title.to_owned(),
        size: String::new(),
        first: Latencies::default(),
        again: Latencies::default(),
        complaint: None,
    };
    for latencies in [&mut line.first, &mut line.again] {
        for patient in patients {
            let begun = Instant::now();
            let asked =
                ["audit", "report", "--organization", ORGANIZATION, "--patient", patient, "--limit", "20000"];
            let ran = installation.run(&asked)?;
            latencies.count(begun);
            if line.size.is_empty() {
                line.size = format!("{} lines", ran.output.lines().count());
            }
        }
    }
    Ok(line)
}

/// Whom to ask about, by how much there is in the log of them.
async fn people(client: &Client, organization: i32) -> Fallible<People> {
    let rows = client
        .query(
            "SELECT s.patient_id::text, count(*) FROM audit.subject s
               JOIN chart.resource r ON r.organization_id = $1 AND r.id = s.patient_id
              WHERE s.organization_id = $1 AND s.at > now() - interval '60 days' GROUP BY 1 ORDER BY 2 DESC, 1",
            &[&organization],
        )
        .await?;
    let usual = rows.get(rows.len() / 2).map_or(0, |row| row.get::<_, i64>(1)).max(1);
    let between = |low: i64, high: i64| -> Vec<String> {
        let within = rows.iter().filter(|row| (low * usual..high * usual).contains(&row.get::<_, i64>(1)));
        let all: Vec<String> = within.map(|row| row.get(0)).collect();
        // Spread over the facilities.
        let every = all.len().div_ceil(DIFFERENT).max(1);
        all.into_iter().step_by(every).take(DIFFERENT).collect()
    };
    Ok(People { most: between(14, 100), often: between(5, 14), usual: between(0, 2) })
}

/// The figures: milliseconds of the first time that each was asked, and of the second.
pub(super) fn table(lines: &[Line]) -> String {
    let mut out = String::from(
        "| question | an answer | first: p50 | p95 | max | again: p50 | p95 | max |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for line in lines {
        if let Some(complaint) = &line.complaint {
            let _ = writeln!(out, "| {} | {complaint} |", line.title);
            continue;
        }
        let _ = write!(out, "| {} | {} |", line.title, line.size);
        for latencies in [&line.first, &line.again] {
            for share in [0.5, 0.95, 1.0] {
                let _ = write!(out, " {:.0} |", latencies.quantile(share));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_size_of_an_answer_is_told_as_what_it_is() {
        assert_eq!(super::size(br#"{"accesses":[{},{}]}"#), "2 lines");
        assert_eq!(super::size(br#"{"lines":[{}]}"#), "1 lines");
        assert_eq!(super::size(b"time,who\r\na,b\r\nc,d\r\n"), "2 lines");
        assert_eq!(super::size(&[&b"%PDF-1.7"[..], &[0; 4096]].concat()), "4 KB");
    }
}
