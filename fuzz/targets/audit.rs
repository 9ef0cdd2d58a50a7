//! Files of auditors: notes, checkpoints, keys, bundles. Whatever is accepted is written as it was read.
#![no_main]

use std::collections::BTreeMap;

use db::seal::verify_bundle;
use libfuzzer_sys::fuzz_target;
use merkle::{Checkpoint, Hash, Verifier};

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|data: &[u8]| {
    let key: Verifier = KEY.parse().expect("the key is one");
    if let Ok(found) = verify_bundle(data, std::slice::from_ref(&key), |_| BTreeMap::new()) {
        assert!(found.proved.is_empty() || found.verified.findings.is_empty());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = key.open(text);
    if let Ok(read) = text.parse::<Checkpoint>() {
        assert_eq!(read.text(), text);
    }
    if let Ok(read) = text.parse::<Verifier>() {
        assert_eq!(read.to_string(), text.trim());
    }
    if let Ok(read) = text.parse::<Hash>() {
        assert_eq!(read.to_string(), text);
    }
});
