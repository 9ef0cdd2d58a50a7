//! What is measured at the bedside and in the laboratory. Values are whole numbers of `10^-scale` units.

use super::{Code, loinc};

/// One quantity and the values residents have.
pub(crate) struct Measure {
    pub(crate) codes: &'static [Code],
    pub(crate) text: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) ucum: &'static str,
    pub(crate) scale: u32,
    pub(crate) mean: i64,
    pub(crate) spread: i64,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

const fn measure(
    codes: &'static [Code],
    text: &'static str,
    unit: [&'static str; 2],
    scale: u32,
    values: [i64; 4],
) -> Measure {
    let [mean, spread, low, high] = values;
    Measure { codes, text, unit: unit[0], ucum: unit[1], scale, mean, spread, low, high }
}

const MMHG: [&str; 2] = ["mmHg", "mm[Hg]"];
const MGDL: [&str; 2] = ["mg/dL", "mg/dL"];
const MMOLL: [&str; 2] = ["mmol/L", "mmol/L"];
const PERCENT: [&str; 2] = ["%", "%"];

pub(crate) const BLOOD_PRESSURE: Code = loinc("85354-9", "Blood pressure panel with all children optional");
pub(crate) const SYSTOLIC: Measure =
    measure(&[loinc("8480-6", "Systolic blood pressure")], "Systolic", MMHG, 0, [132, 18, 90, 150]);
pub(crate) const DIASTOLIC: Measure =
    measure(&[loinc("8462-4", "Diastolic blood pressure")], "Diastolic", MMHG, 0, [74, 11, 55, 90]);
pub(crate) const HEIGHT: Measure =
    measure(&[loinc("8302-2", "Body height")], "Height", ["cm", "cm"], 0, [163, 12, 0, 999]);
const PULSE_OXIMETRY: Measure = measure(
    &[
        loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
        loinc("2708-6", "Oxygen saturation in Arterial blood"),
    ],
    "SpO2",
    PERCENT,
    0,
    [95, 3, 90, 100],
);

pub(crate) const VITALS: [Measure; 6] = [
    measure(&[loinc("8867-4", "Heart rate")], "Pulse", ["beats/minute", "/min"], 0, [74, 13, 50, 100]),
    measure(&[loinc("8310-5", "Body temperature")], "Temperature", ["°C", "Cel"], 1, [367, 5, 355, 378]),
    measure(
        &[loinc("9279-1", "Respiratory rate")],
        "Respirations",
        ["breaths/minute", "/min"],
        0,
        [17, 3, 12, 22],
    ),
    PULSE_OXIMETRY,
    measure(&[loinc("29463-7", "Body weight")], "Weight", ["kg", "kg"], 1, [684, 130, 0, 9999]),
    measure(
        &[loinc("72514-3", "Pain severity - 0-10 verbal numeric rating")],
        "Pain",
        ["{score}", "{score}"],
        0,
        [2, 3, 0, 4],
    ),
];

pub(crate) const LABS: [Measure; 14] = [
    measure(&[loinc("2339-0", "Glucose [Mass/volume] in Blood")], "Glucose", MGDL, 0, [118, 38, 70, 140]),
    measure(
        &[loinc("2160-0", "Creatinine [Mass/volume] in Serum or Plasma")],
        "Creatinine",
        MGDL,
        2,
        [105, 35, 60, 130],
    ),
    measure(
        &[loinc("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma")],
        "BUN",
        MGDL,
        0,
        [21, 9, 7, 25],
    ),
    measure(
        &[loinc("2951-2", "Sodium [Moles/volume] in Serum or Plasma")],
        "Sodium",
        MMOLL,
        0,
        [139, 4, 135, 145],
    ),
    measure(
        &[loinc("2823-3", "Potassium [Moles/volume] in Serum or Plasma")],
        "Potassium",
        MMOLL,
        1,
        [42, 6, 35, 51],
    ),
    measure(
        &[loinc("2075-0", "Chloride [Moles/volume] in Serum or Plasma")],
        "Chloride",
        MMOLL,
        0,
        [103, 4, 98, 107],
    ),
    measure(
        &[loinc("718-7", "Hemoglobin [Mass/volume] in Blood")],
        "Hemoglobin",
        ["g/dL", "g/dL"],
        1,
        [126, 16, 115, 165],
    ),
    measure(
        &[loinc("6690-2", "Leukocytes [#/volume] in Blood by Automated count")],
        "WBC",
        ["10*3/uL", "10*3/uL"],
        1,
        [71, 21, 40, 110],
    ),
    measure(
        &[loinc("777-3", "Platelets [#/volume] in Blood by Automated count")],
        "Platelets",
        ["10*3/uL", "10*3/uL"],
        0,
        [232, 60, 150, 400],
    ),
    measure(
        &[loinc("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count")],
        "Hematocrit",
        PERCENT,
        1,
        [382, 45, 350, 500],
    ),
    measure(
        &[loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood")],
        "HbA1c",
        PERCENT,
        1,
        [64, 10, 40, 70],
    ),
    measure(
        &[loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma")],
        "TSH",
        ["m[IU]/L", "m[IU]/L"],
        2,
        [240, 130, 40, 450],
    ),
    measure(
        &[loinc("1751-7", "Albumin [Mass/volume] in Serum or Plasma")],
        "Albumin",
        ["g/dL", "g/dL"],
        1,
        [37, 5, 34, 50],
    ),
    measure(
        &[loinc("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma")],
        "Cholesterol",
        MGDL,
        0,
        [176, 36, 100, 200],
    ),
];
