//! Bodies made small before they are sealed: zstd (RFC 8878) with a dictionary per resource type.
//!
//! The dictionaries are trained on synthetic charts alone (`cargo xtask gen dictionaries`), so that they give nothing
//! away. A set never changes once a body may be stored with it. Frames bear no magic number, dictionary id or checksum:
//! the row says which set it is, and AES-GCM that nobody touched it.

use std::cell::RefCell;
use std::io;
use std::sync::OnceLock;

use fhir::ResourceType;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{compress_bound, find_frame_compressed_size, get_frame_content_size};

/// Stored as it is.
const STORED: u8 = 0;

/// With the dictionaries of `dictionaries/v1`.
const V1: u8 = 1;

/// Level 3 gains 4 % over level 1 for 1 us a body; 4 and above cost two to four times as much for 2 to 5 % more.
const LEVEL: i32 = 3;

/// No body is larger, whatever a frame claims.
const LARGEST: usize = 64 << 20;

/// How every zstd frame begins (RFC 8878, 3.1.1); left out of what is stored.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// The bytes of `body` as they are to be sealed, and the set they are compressed with.
pub(crate) fn compress(rtype: ResourceType, body: &[u8]) -> (u8, Vec<u8>) {
    match frame(rtype, body) {
        Ok(frame) if frame.len() < body.len() => (V1, frame),
        _ => (STORED, body.to_vec()),
    }
}

/// The body that [`compress`] was given.
///
/// # Errors
/// What is wrong with the bytes: an unknown set, or no frame that `compress` could have made.
pub(crate) fn decompress(rtype: ResourceType, set: u8, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    match set {
        STORED => Ok(bytes.to_vec()),
        V1 => body(rtype, bytes),
        _ => Err("unknown set of dictionaries"),
    }
}

fn frame(rtype: ResourceType, body: &[u8]) -> io::Result<Vec<u8>> {
    if body.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let dictionary = Dictionary::of(rtype)?;
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(compressor()?),
        };
        compressor.set_prepared_dictionary(&dictionary.encoder)?;
        let mut frame = Vec::with_capacity(compress_bound(body.len()));
        compressor.compress_to_buffer(body, &mut frame)?;
        frame.drain(..MAGIC.len());
        Ok(frame)
    })
}

fn body(rtype: ResourceType, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    const DAMAGED: &str = "not a frame of this set";
    let mut frame = Vec::with_capacity(MAGIC.len() + bytes.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(bytes);
    // One frame and nothing after it, which says how large its content is.
    if find_frame_compressed_size(&frame) != Ok(frame.len()) {
        return Err(DAMAGED);
    }
    let size = get_frame_content_size(&frame).ok().flatten().ok_or(DAMAGED)?;
    let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST).ok_or("too large a body")?;
    let dictionary = Dictionary::of(rtype).map_err(|_| "no dictionary")?;
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(|_| "no memory")?),
        };
        decompressor.set_prepared_dictionary(&dictionary.decoder).map_err(|_| "no dictionary")?;
        let mut body = Vec::with_capacity(size);
        decompressor.decompress_to_buffer(&frame, &mut body).map_err(|_| DAMAGED)?;
        Ok(body)
    })
}

thread_local! {
    // A context is a few hundred kB of tables, and dearer to make than to use.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(false)?;
    compressor.include_dictid(false)?;
    compressor.include_contentsize(true)?;
    Ok(compressor)
}

/// A dictionary in the form that zstd works with.
struct Dictionary {
    encoder: EncoderDictionary<'static>,
    decoder: DecoderDictionary<'static>,
}

impl Dictionary {
    /// That of a type, prepared when first asked for.
    fn of(rtype: ResourceType) -> io::Result<&'static Self> {
        static READY: [OnceLock<Dictionary>; TYPES.len() + 1] = [const { OnceLock::new() }; TYPES.len() + 1];
        let place = TYPES.binary_search_by_key(&rtype, |(with_own, _)| *with_own);
        let (slot, bytes) = match place {
            Ok(at) => (&READY[at], TYPES[at].1),
            Err(_) => (&READY[TYPES.len()], GENERIC),
        };
        if let Some(ready) = slot.get() {
            return Ok(ready);
        }
        let encoder = EncoderDictionary::try_copy(bytes, LEVEL)?;
        let decoder = DecoderDictionary::try_copy(bytes)?;
        Ok(slot.get_or_init(|| Dictionary { encoder, decoder }))
    }
}

macro_rules! v1 {
    ($($rtype:ident)*) => {
        [$((
            ResourceType::$rtype,
            include_bytes!(concat!("../dictionaries/v1/", stringify!($rtype), ".zdict")) as &[u8],
        )),*]
    };
}

/// The types with a dictionary of their own, in order.
static TYPES: [(ResourceType, &[u8]); 32] = v1! {
    AllergyIntolerance Appointment CarePlan CareTeam Claim Communication Composition Condition Consent Coverage
    DiagnosticReport DocumentReference Encounter ExplanationOfBenefit Flag Goal Immunization Location Medication
    MedicationAdministration MedicationRequest NutritionOrder Observation Organization Patient Practitioner
    PractitionerRole Procedure QuestionnaireResponse RelatedPerson ServiceRequest Task
};

/// The dictionary of all other types.
static GENERIC: &[u8] = include_bytes!("../dictionaries/v1/generic.zdict");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(rtype: ResourceType, body: &[u8]) -> (u8, usize) {
        let (set, bytes) = compress(rtype, body);
        assert!(bytes.len() <= body.len());
        assert!(decompress(rtype, set, &bytes).unwrap() == body, "{rtype}");
        (set, bytes.len())
    }

    #[test]
    fn every_type_of_chart_comes_back_and_is_small() {
        for (name, samples) in synth::training(7, 50) {
            let rtype = ResourceType::parse(name).unwrap();
            assert!(TYPES.iter().any(|(with_own, _)| *with_own == rtype), "{name} has a dictionary");
            let full: usize = samples.iter().map(String::len).sum();
            let small: usize = samples.iter().map(|sample| check(rtype, sample.as_bytes()).1).sum();
            assert!(full > 3 * small, "{name}: {full} to {small} bytes");
        }
    }

    #[test]
    fn every_type_has_a_dictionary_that_zstd_accepts() {
        for rtype in ResourceType::ALL {
            let body =
                format!("{{\"resourceType\":\"{rtype}\",\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}}");
            assert_eq!(check(*rtype, body.as_bytes()).0, V1, "{rtype}");
        }
        assert!(TYPES.is_sorted_by_key(|(rtype, _)| *rtype));
    }

    #[test]
    fn the_first_set_never_changes() {
        let mut all = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        TYPES.iter().map(|(_, bytes)| *bytes).chain([GENERIC]).for_each(|bytes| all.update(bytes));
        let hex: String = all.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "3afb78f5e9d8f095b29878a75604dc15116caf46bd4d9d1c4059400dcf0d878c");
    }

    #[test]
    fn a_body_stored_long_ago_can_be_read() {
        let body =
            br#"{"resourceType":"Patient","id":"example","active":true,"name":[{"family":"Chalmers"}]}"#;
        let stored = [
            32, 86, 5, 1, 0, 104, 34, 67, 104, 97, 108, 109, 101, 114, 115, 34, 125, 93, 125, 5, 252, 11, 99,
            0, 60, 27, 68, 6, 23, 42, 8, 56, 250, 162, 44, 135, 1,
        ];
        assert_eq!(decompress(ResourceType::Patient, V1, &stored).unwrap(), body);
    }

    #[test]
    fn what_does_not_shrink_is_stored_as_it_is() {
        for body in [&b""[..], b"{}", b"\x00\x01\x02\x03\x04\x05"] {
            assert_eq!(compress(ResourceType::Patient, body), (STORED, body.to_vec()));
        }
    }

    #[test]
    fn large_bodies_come_back() {
        let body = "{\"data\":\"0123456789 abcdefghij\"}".repeat(200_000);
        assert_eq!(check(ResourceType::Binary, body.as_bytes()).0, V1);
        let huge = vec![b'a'; LARGEST + 1];
        assert_eq!(compress(ResourceType::Binary, &huge).0, STORED);
    }

    #[test]
    fn what_no_compress_made_is_refused() {
        let sample = &synth::training(7, 1)["Patient"][0];
        let (set, frame) = compress(ResourceType::Patient, sample.as_bytes());
        assert_eq!(set, V1);
        for unknown in 2..=u8::MAX {
            assert!(decompress(ResourceType::Patient, unknown, &frame).is_err());
        }
        for end in 0..frame.len() {
            assert!(decompress(ResourceType::Patient, V1, &frame[..end]).is_err(), "cut at {end}");
        }
        let trailing = [&frame[..], &[0]].concat();
        assert!(decompress(ResourceType::Patient, V1, &trailing).is_err());
        let twice = [&frame[..], &MAGIC, &frame[..]].concat();
        assert!(decompress(ResourceType::Patient, V1, &twice).is_err());
    }

    #[test]
    fn a_frame_that_would_explode_is_refused_before_memory_is_taken() {
        // Single segment, eight bytes of content size (RFC 8878, 3.1.1.1.1), then one empty last block.
        let claim = |size: u64| [&[0xE0][..], &size.to_le_bytes(), &[1, 0, 0]].concat();
        for size in [LARGEST as u64 + 1, 1 << 40, u64::MAX - 2] {
            assert!(decompress(ResourceType::Patient, V1, &claim(size)).is_err());
        }
        assert!(decompress(ResourceType::Patient, V1, &claim(1 << 20)).is_err());
        assert_eq!(decompress(ResourceType::Patient, V1, &claim(0)), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(which in 0..146_usize, body in prop::collection::vec(any::<u8>(), 0..3000)) {
            check(ResourceType::ALL[which], &body);
        }

        #[test]
        fn any_text_comes_back(which in 0..146_usize, body in "[a-z{}\":,0-9]{0,400}") {
            check(ResourceType::ALL[which], body.as_bytes());
        }

        #[test]
        fn any_frame_is_read_or_refused(which in 0..146_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decompress(ResourceType::ALL[which], V1, &bytes);
        }

        #[test]
        fn a_damaged_frame_is_read_or_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let (_, mut frame) = compress(ResourceType::Coverage, br#"{"resourceType":"Coverage","status":"active"}"#);
            let at = at.index(frame.len());
            frame[at] ^= 1 << bit;
            let _ = decompress(ResourceType::Coverage, V1, &frame);
        }
    }
}
