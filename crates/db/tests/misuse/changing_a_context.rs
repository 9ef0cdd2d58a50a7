//! A context stays what it was made as.

fn become_another(ctx: &mut db::Ctx, other: &db::Ctx) {
    ctx.principal = other.principal.clone();
}

fn main() {}
