//! A permit ends with its transaction.

async fn keep<'a>(db: &'a db::Db, ctx: &'a db::Ctx) -> Option<db::Permit<'a>> {
    let tx = db.begin(ctx).await.ok()?;
    tx.authorize(policy::Action::Read, policy::Target::default()).await.ok()
}

async fn use_after_the_end(tx: db::Tx<'_>) {
    let permit = tx.authorize(policy::Action::Read, policy::Target::default()).await.ok();
    tx.commit().await.ok();
    drop(permit);
}

fn main() {}
