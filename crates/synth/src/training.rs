//! Samples for compression dictionaries: our own charts, and the same matter as other systems write it.

mod styles;

use crate::profile::Profile;
use crate::sheet::SynthResource;
use crate::world::World;
use jiff::civil::date;
use std::collections::BTreeMap;

/// 400 samples of a resource type, or fewer where a type is rare; none for a type that charts do not have. Always the
/// same samples.
pub fn training_corpus(resource_type: &str) -> Vec<String> {
    training(0x7261_696e, 400).remove(resource_type).unwrap_or_default()
}

/// At most `n` samples of each type: about half as this crate writes them, the rest in other common styles (US Core
/// profiles, literal references, narratives, claims-system shapes).
pub fn training(seed: u64, n: usize) -> BTreeMap<&'static str, Vec<String>> {
    let mut samples: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let world = World::new(Profile::Demo, seed, date(2026, 1, 15));
    let directory = world.directory(0);
    let shared: BTreeMap<String, &'static str> = types(&directory).collect();
    add(&mut samples, &directory, &shared, n);
    for extra in 1..6 {
        let directory = World::new(Profile::Demo, seed.wrapping_add(extra), date(2026, 1, 15)).directory(0);
        add(&mut samples, &directory, &types(&directory).collect(), n);
    }
    for k in 0..n {
        let chart = world.patient(0, k % 5, (k / 5) as u32);
        let mut known = shared.clone();
        known.extend(types(&chart));
        add(&mut samples, &chart, &known, n);
        // Nearly every type is in every chart, so the lists fill long before the last of `n` charts.
        if k > 40 && samples.values().filter(|list| list.len() < n).count() <= RARE {
            break;
        }
    }
    for (resource_type, foreign) in styles::claims_system(seed, n / 4) {
        let list = samples.entry(resource_type).or_default();
        let keep = n.saturating_sub(foreign.len());
        list.truncate(keep);
        list.extend(foreign);
    }
    samples
}

/// Number of types that only a directory has, of which there are never many.
const RARE: usize = 5;

fn types(resources: &[SynthResource]) -> impl Iterator<Item = (String, &'static str)> {
    resources.iter().map(|resource| (resource.full_url.clone(), resource.resource_type))
}

fn add(
    samples: &mut BTreeMap<&'static str, Vec<String>>,
    resources: &[SynthResource],
    known: &BTreeMap<String, &'static str>,
    n: usize,
) {
    for resource in resources {
        let list = samples.entry(resource.resource_type).or_default();
        if list.len() < n {
            list.push(match list.len() % 2 {
                0 => resource.json.clone(),
                _ => styles::literal(resource, known, list.len()),
            });
        }
    }
}
