//! Only the policy's answer makes a permit.

fn make<'t>(tx: &'t db::Tx<'t>) -> db::Permit<'t> {
    db::Permit { tx, action: policy::Action::Read }
}

fn main() {}
