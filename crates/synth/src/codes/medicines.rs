//! A small formulary.

use super::{Code, rxnorm};

/// A product, what it is given for, and when.
pub(crate) struct Drug {
    pub(crate) code: Code,
    /// ICD-10-CM code of the diagnosis it treats; empty for what anyone may have.
    pub(crate) treats: &'static str,
    pub(crate) sig: &'static str,
    /// Local hours of the day at which it is given; none where it is given as needed.
    pub(crate) hours: &'static [u8],
    pub(crate) quantity: i64,
    pub(crate) unit: &'static str,
    pub(crate) form: &'static str,
}

const fn tablet(
    treats: &'static str,
    code: &'static str,
    name: &'static str,
    sig: &'static str,
    hours: &'static [u8],
) -> Drug {
    Drug { code: rxnorm(code, name), treats, sig, hours, quantity: 1, unit: "tablet", form: "{tbl}" }
}

pub(crate) const MEDICINES: [Drug; 26] = [
    tablet("I10", "314076", "lisinopril 10 MG Oral Tablet", "1 tablet by mouth every morning", &[8]),
    tablet("I10", "197361", "amlodipine 5 MG Oral Tablet", "1 tablet by mouth once daily", &[8]),
    tablet("I10", "310798", "hydrochlorothiazide 25 MG Oral Tablet", "1 tablet by mouth every morning", &[8]),
    tablet("E78.5", "617311", "atorvastatin 40 MG Oral Tablet", "1 tablet by mouth at bedtime", &[20]),
    tablet("E78.5", "314231", "simvastatin 10 MG Oral Tablet", "1 tablet by mouth at bedtime", &[20]),
    tablet(
        "E11.9",
        "861007",
        "metformin hydrochloride 500 MG Oral Tablet",
        "1 tablet by mouth twice daily with meals",
        &[8, 17],
    ),
    tablet(
        "F03.90",
        "997223",
        "donepezil hydrochloride 10 MG Oral Tablet",
        "1 tablet by mouth at bedtime",
        &[20],
    ),
    tablet(
        "G30.9",
        "997223",
        "donepezil hydrochloride 10 MG Oral Tablet",
        "1 tablet by mouth at bedtime",
        &[20],
    ),
    tablet("I50.9", "313988", "furosemide 40 MG Oral Tablet", "1 tablet by mouth every morning", &[8]),
    tablet(
        "I50.9",
        "866924",
        "metoprolol tartrate 25 MG Oral Tablet",
        "1 tablet by mouth twice daily; hold if pulse below 55",
        &[8, 20],
    ),
    tablet("I48.91", "1364445", "apixaban 5 MG Oral Tablet", "1 tablet by mouth twice daily", &[8, 20]),
    tablet(
        "I48.91",
        "855332",
        "warfarin sodium 5 MG Oral Tablet",
        "1 tablet by mouth every evening per INR",
        &[17],
    ),
    Drug {
        code: rxnorm("745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"),
        treats: "J44.9",
        sig: "2 puffs every 4 to 6 hours as needed for shortness of breath",
        hours: &[],
        quantity: 2,
        unit: "puff",
        form: "{puff}",
    },
    tablet(
        "J44.9",
        "312617",
        "prednisone 5 MG Oral Tablet",
        "1 tablet by mouth every morning with food",
        &[8],
    ),
    tablet(
        "M19.90",
        "313782",
        "acetaminophen 325 MG Oral Tablet",
        "1 tablet by mouth every 6 hours as needed for pain",
        &[],
    ),
    tablet(
        "M81.0",
        "904419",
        "alendronic acid 10 MG Oral Tablet",
        "1 tablet by mouth before breakfast, sit upright 30 minutes",
        &[6],
    ),
    tablet("F32.A", "312941", "sertraline 50 MG Oral Tablet", "1 tablet by mouth every morning", &[8]),
    tablet("F41.9", "312940", "sertraline 25 MG Oral Tablet", "1 tablet by mouth every morning", &[8]),
    capsule(
        "K21.9",
        "198051",
        "omeprazole 20 MG Delayed Release Oral Capsule",
        "1 capsule by mouth before breakfast",
        &[6],
    ),
    tablet(
        "E03.9",
        "966222",
        "levothyroxine sodium 0.075 MG Oral Tablet",
        "1 tablet by mouth on an empty stomach",
        &[6],
    ),
    tablet("I25.10", "243670", "aspirin 81 MG Oral Tablet", "1 tablet by mouth once daily", &[8]),
    capsule(
        "N40.0",
        "863669",
        "tamsulosin hydrochloride 0.4 MG Oral Capsule",
        "1 capsule by mouth at bedtime",
        &[20],
    ),
    tablet("Z86.73", "243670", "aspirin 81 MG Oral Tablet", "1 tablet by mouth once daily", &[8]),
    Drug {
        code: rxnorm(
            "106892",
            "insulin isophane 70 UNT/ML / insulin regular 30 UNT/ML Injectable Suspension",
        ),
        treats: "E11.9",
        sig: "12 units under the skin before breakfast; check glucose first",
        hours: &[7],
        quantity: 12,
        unit: "unit",
        form: "[iU]",
    },
    tablet(
        "",
        "313782",
        "acetaminophen 325 MG Oral Tablet",
        "2 tablets by mouth every 6 hours as needed for fever",
        &[],
    ),
    tablet(
        "",
        "310429",
        "furosemide 20 MG Oral Tablet",
        "1 tablet by mouth every morning for ankle swelling",
        &[8],
    ),
];

const fn capsule(
    treats: &'static str,
    code: &'static str,
    name: &'static str,
    sig: &'static str,
    hours: &'static [u8],
) -> Drug {
    Drug { code: rxnorm(code, name), treats, sig, hours, quantity: 1, unit: "capsule", form: "{capsule}" }
}

/// What is counted, and who has it: every so many residents, from this one on. None of it is in a directory.
pub(crate) const CONTROLLED: [(u32, u32, Drug); 3] = [
    (
        5,
        1,
        tablet(
            "",
            "835603",
            "tramadol hydrochloride 50 MG Oral Tablet",
            "1 tablet by mouth every 6 hours",
            &[0, 6, 12, 18],
        ),
    ),
    (
        5,
        2,
        tablet(
            "",
            "1049621",
            "oxycodone hydrochloride 5 MG Oral Tablet",
            "1 tablet by mouth every 6 hours as needed for severe pain",
            &[],
        ),
    ),
    (4, 0, tablet("", "197900", "lorazepam 0.5 MG Oral Tablet", "1 tablet by mouth at bedtime", &[22])),
];
