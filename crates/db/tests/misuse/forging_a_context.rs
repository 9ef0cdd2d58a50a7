//! A context comes from authentication, a claimed job or the operator's login, and nowhere else.

use std::sync::Arc;

fn forge(principal: Arc<db::Principal>, request: db::Request) -> db::Ctx {
    db::Ctx::new(principal, request)
}

fn main() {}
