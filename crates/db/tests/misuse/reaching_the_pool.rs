//! There is no connection without a context.

fn reach(db: &db::Db) {
    let _ = &db.inner;
}

fn name(_: &db::pool::Pools) {}

async fn connect(endpoint: &db::Endpoint) {
    let _ = endpoint.connect().await;
}

fn borrow(tx: &db::Tx<'_>) {
    let _ = &tx.client;
}

fn main() {}
