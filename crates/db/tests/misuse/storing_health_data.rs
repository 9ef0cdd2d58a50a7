//! Health data in clear is no parameter of a statement.

async fn store(tx: &db::Tx<'_>, value: db::Phi<String>) {
    tx.query("SELECT $1", &[&value]).await.ok();
}

fn main() {}
