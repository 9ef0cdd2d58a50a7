//! The SQL of events.

use db::{Ctx, Error, Row, Tx};

use super::model::Position;

/// The last event of the program's organization that nothing can come before any more.
pub(super) async fn find_tail(tx: &Tx<'_>) -> Result<Option<Position>, Error> {
    let sql = "SELECT xact, sequence FROM ops.outbox_tail($1)";
    let rows = tx.query(sql, &[&tx.ctx().organization().0]).await?;
    Ok(rows.first().map(|row| Position { xact: row.get(0), sequence: row.get(1) }))
}

/// Events after a place up to another, of records that are in sight of the context now and of these classes:
/// transaction, number, kind, type, id, patient. Sight is asked of the record as it is: one that went elsewhere is not
/// told where it was.
pub(super) async fn list(
    tx: &Tx<'_>,
    ctx: &Ctx,
    (after, to): (Position, Position),
    classes: &[i16],
    limit: i64,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT o.xact, o.sequence, o.kind, o.type, o.id, o.patient_id
           FROM ops.outbox o
           JOIN chart.resource r ON r.organization_id = o.organization_id AND r.id = o.id AND r.class = ANY ($6)
          WHERE o.organization_id = $1 AND (o.xact, o.sequence) > ($2, $3) AND (o.xact, o.sequence) <= ($4, $5)
          ORDER BY o.xact, o.sequence LIMIT $7",
        &[
            &ctx.organization().0,
            &after.xact,
            &after.sequence,
            &to.xact,
            &to.sequence,
            &classes,
            &limit,
        ],
    )
    .await
}
