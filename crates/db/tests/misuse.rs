//! What must not compile: going round authentication, the policy, the log, or the door to the database.

#[test]
fn going_round_the_door_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
