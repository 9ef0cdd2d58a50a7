//! Nor can its parts be put together.

use std::sync::Arc;

fn forge(principal: Arc<db::Principal>, request: db::Request, shown: db::Shown) -> db::Ctx {
    db::Ctx { principal, request, shown }
}

fn main() {}
