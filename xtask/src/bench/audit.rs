//! What the event of a read costs: the same reads of the same installation, with the log and with one that writes nothing
//! down. What the program itself does for an event, making it and waiting for its batch, is in both.

use std::time::Duration;

use tokio_postgres::Client;

use super::data::Data;
use super::http::Caller;
use super::load::{Load, Window, drive};
use super::rows::Row;
use super::{CLIENTS, Fallible, connect};

/// How often each is measured, by turns: what a machine does meanwhile falls on both.
const TURNS: usize = 3;

/// Reads with 32 clients and with one.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) many: Load,
    pub(super) one: Load,
}

/// Reads whose events are durable, and reads whose events are not written.
#[derive(Default)]
pub(super) struct Audit {
    pub(super) with: Reads,
    pub(super) without: Reads,
}

/// Measures it, and leaves the log as it was.
pub(super) async fn audit(database: &str, caller: &Caller, data: &Data, window: Window) -> Fallible<Audit> {
    let client = connect(database).await?;
    let written = definition(&client).await?;
    let silent = silenced(&written).ok_or("the function that writes the log is not as expected")?;
    let mut seen = Audit::default();
    let measured = async {
        for _ in 0..TURNS {
            reads(&mut seen.with, caller, data, window).await?;
            client.batch_execute(&silent).await?;
            reads(&mut seen.without, caller, data, window).await?;
            client.batch_execute(&written).await?;
        }
        Ok(())
    };
    let measured: Fallible<()> = measured.await;
    client.batch_execute(&written).await?;
    measured.map(|()| seen)
}

async fn definition(client: &Client) -> Fallible<String> {
    let sql = "SELECT pg_get_functiondef('audit.write'::regproc)";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// The function with nothing in it.
fn silenced(definition: &str) -> Option<String> {
    const QUOTE: &str = "$function$";
    let (head, rest) = definition.split_once(QUOTE)?;
    let (_, tail) = rest.split_once(QUOTE)?;
    Some(format!("{head}{QUOTE}BEGIN END{QUOTE}{tail}"))
}

async fn reads(into: &mut Reads, caller: &Caller, data: &Data, window: Window) -> Fallible<()> {
    let row = Row::Read;
    let window = Window { warm: Duration::from_millis(500), length: window.length / 2, ..window };
    for (load, clients) in [(&mut into.many, CLIENTS), (&mut into.one, 1)] {
        let seen = drive(caller, row.status(), row.scripts(caller, data, clients).await?, window).await?;
        if seen.failed * 100 > seen.done {
            return Err(seen.complaint.unwrap_or_default().into());
        }
        load.join(seen);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_function_is_emptied_and_keeps_its_head() {
        let whole = "CREATE OR REPLACE FUNCTION audit.write(a integer)\n RETURNS void\nAS $function$\nBEGIN\n  x;\nEND\n$function$\n";
        let empty = super::silenced(whole).unwrap();
        assert!(
            empty.starts_with("CREATE OR REPLACE FUNCTION audit.write(a integer)")
                && empty.contains("BEGIN END")
        );
        assert!(!empty.contains("x;") && super::silenced("SELECT 1").is_none());
    }
}
