//! Sealed values: nothing opens that was not sealed, and what was sealed opens nowhere else and not when it was changed.
#![no_main]

use db::keys::{DataKey, Keyring, Place};
use kernel::{DataClass, OrganizationId, PatientId, ResourceId, Version, World};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fn place(row: u128) -> Place {
    Place {
        organization: OrganizationId(1),
        patient: Some(PatientId(Uuid::from_u128(2))),
        class: DataClass::General,
        table: 1,
        row: ResourceId(Uuid::from_u128(row)),
        version: Version(3),
    }
}

fuzz_target!(|data: &[u8]| {
    let key = DataKey::for_fuzzing([7; 32]);
    let here = place(5);
    assert!(key.open(&here, data).is_err(), "something opened that was not sealed");
    let _ = Keyring::number_of(data);
    let mut sealed = key.seal(&here, 1, data, &World::system());
    assert_eq!(key.open(&here, &sealed).expect("it opens where it was sealed"), (1, data.to_vec()));
    assert!(key.open(&place(6), &sealed).is_err());
    let at = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte))) % sealed.len();
    sealed[at] ^= 1 << (data.len() % 8);
    assert!(key.open(&here, &sealed).is_err(), "it opened although it was changed");
});
