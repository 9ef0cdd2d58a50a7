//! Nor can its parts be put together.

use std::sync::Arc;

fn forge(principal: Arc<db::Principal>, request: db::Request) -> db::Ctx {
    db::Ctx { principal, request }
}

fn main() {}
