//! Diagnoses, allergies, procedures and vaccines.

use super::{Code, cvx, icd10, snomed};

/// A diagnosis and how many of 100 residents have it.
pub(crate) struct Diagnosis {
    pub(crate) icd: Code,
    pub(crate) snomed: Code,
    pub(crate) text: &'static str,
    pub(crate) percent: u32,
}

const fn diagnosis(
    percent: u32,
    icd: &'static str,
    icd_display: &'static str,
    sct: &'static str,
    text: &'static str,
) -> Diagnosis {
    Diagnosis { icd: icd10(icd, icd_display), snomed: snomed(sct, text), text, percent }
}

pub(crate) const CONDITIONS: [Diagnosis; 27] = [
    diagnosis(68, "I10", "Essential (primary) hypertension", "59621000", "Essential hypertension"),
    diagnosis(48, "E78.5", "Hyperlipidemia, unspecified", "55822004", "Hyperlipidemia"),
    diagnosis(
        28,
        "E11.9",
        "Type 2 diabetes mellitus without complications",
        "44054006",
        "Diabetes mellitus type 2",
    ),
    diagnosis(26, "F03.90", "Unspecified dementia without behavioral disturbance", "52448006", "Dementia"),
    diagnosis(16, "G30.9", "Alzheimer's disease, unspecified", "26929004", "Alzheimer's disease"),
    diagnosis(20, "I50.9", "Heart failure, unspecified", "84114007", "Heart failure"),
    diagnosis(18, "I48.91", "Unspecified atrial fibrillation", "49436004", "Atrial fibrillation"),
    diagnosis(15, "J44.9", "Chronic obstructive pulmonary disease, unspecified", "13645005", "COPD"),
    diagnosis(
        22,
        "N18.30",
        "Chronic kidney disease, stage 3 unspecified",
        "433144002",
        "Chronic kidney disease stage 3",
    ),
    diagnosis(42, "M19.90", "Unspecified osteoarthritis, unspecified site", "396275006", "Osteoarthritis"),
    diagnosis(25, "M81.0", "Age-related osteoporosis without current fracture", "64859006", "Osteoporosis"),
    diagnosis(26, "F32.A", "Depression, unspecified", "35489007", "Depressive disorder"),
    diagnosis(18, "F41.9", "Anxiety disorder, unspecified", "197480006", "Anxiety disorder"),
    diagnosis(6, "G20.A1", "Parkinson's disease without dyskinesia", "49049000", "Parkinson's disease"),
    diagnosis(
        10,
        "Z86.73",
        "Personal history of TIA and cerebral infarction",
        "275526006",
        "History of stroke",
    ),
    diagnosis(
        30,
        "K21.9",
        "Gastro-esophageal reflux disease without esophagitis",
        "235595009",
        "Gastroesophageal reflux",
    ),
    diagnosis(18, "E03.9", "Hypothyroidism, unspecified", "40930008", "Hypothyroidism"),
    diagnosis(
        25,
        "I25.10",
        "Atherosclerotic heart disease of native coronary artery",
        "53741008",
        "Coronary artery disease",
    ),
    diagnosis(
        14,
        "N40.0",
        "Benign prostatic hyperplasia without symptoms",
        "266569009",
        "Benign prostatic hyperplasia",
    ),
    diagnosis(30, "R32", "Unspecified urinary incontinence", "165232002", "Urinary incontinence"),
    diagnosis(30, "K59.00", "Constipation, unspecified", "14760008", "Constipation"),
    diagnosis(24, "H91.90", "Unspecified hearing loss, unspecified ear", "15188001", "Hearing loss"),
    diagnosis(
        10,
        "H35.30",
        "Unspecified macular degeneration",
        "267718000",
        "Age-related macular degeneration",
    ),
    diagnosis(18, "D64.9", "Anemia, unspecified", "271737000", "Anemia"),
    diagnosis(20, "E55.9", "Vitamin D deficiency, unspecified", "34713006", "Vitamin D deficiency"),
    diagnosis(15, "G47.00", "Insomnia, unspecified", "193462001", "Insomnia"),
    diagnosis(
        4,
        "L89.152",
        "Pressure ulcer of sacral region, stage 2",
        "420324007",
        "Pressure ulcer stage 2, sacrum",
    ),
];

/// `(code, category of AllergyIntolerance, text)`.
pub(crate) const ALLERGENS: [(Code, &str, &str); 8] = [
    (snomed("373270004", "Penicillin"), "medication", "Penicillin"),
    (snomed("387406002", "Sulfonamide"), "medication", "Sulfa drugs"),
    (snomed("387458008", "Aspirin"), "medication", "Aspirin"),
    (snomed("387207008", "Ibuprofen"), "medication", "Ibuprofen"),
    (snomed("111088007", "Latex"), "environment", "Latex"),
    (snomed("300913006", "Allergy to shellfish"), "food", "Shellfish"),
    (snomed("91935009", "Allergy to peanut"), "food", "Peanuts"),
    (snomed("91936005", "Allergy to penicillin"), "medication", "Penicillin (reported by family)"),
];

pub(crate) const NO_KNOWN_ALLERGY: Code = snomed("716186003", "No known allergy");

/// `(code, severity)`.
pub(crate) const REACTIONS: [(Code, &str); 5] = [
    (snomed("271807003", "Rash"), "mild"),
    (snomed("247472004", "Hives"), "moderate"),
    (snomed("422587007", "Nausea"), "mild"),
    (snomed("267036007", "Dyspnea"), "moderate"),
    (snomed("39579001", "Anaphylaxis"), "severe"),
];

pub(crate) const PROCEDURES: [(Code, &str); 7] = [
    (snomed("430193006", "Medication reconciliation"), "Medication reconciliation on admission"),
    (snomed("5880005", "Physical examination"), "Annual physical examination"),
    (snomed("91251008", "Physical therapy procedure"), "Physical therapy, gait and balance"),
    (snomed("225358003", "Wound care"), "Wound care, left shin skin tear"),
    (snomed("73761001", "Colonoscopy"), "Colonoscopy"),
    (snomed("52734007", "Total replacement of hip"), "Total hip replacement, right"),
    (snomed("609588000", "Total knee replacement"), "Total knee replacement, left"),
];

/// `(code, dose in hundredths of a millilitre)`; the first three are given every autumn.
pub(crate) const VACCINES: [(Code, i64); 8] = [
    (cvx("135", "Influenza, high dose seasonal"), 50),
    (cvx("197", "Influenza, high-dose, quadrivalent"), 70),
    (cvx("140", "Influenza, seasonal, injectable, preservative free"), 50),
    (cvx("33", "Pneumococcal polysaccharide PPV23"), 50),
    (cvx("216", "Pneumococcal conjugate PCV20"), 50),
    (cvx("187", "Zoster recombinant"), 50),
    (cvx("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose"), 30),
    (cvx("115", "Tdap"), 50),
];
