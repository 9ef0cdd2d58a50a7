//! Numbers and the precision their digits imply: <https://hl7.org/fhir/R4/search.html#number>.

use rust_decimal::Decimal;

/// A number and half a unit of its last digit: `100` is 100 and 0.5, `5.40e-3` is 0.0054 and 0.000005.
///
/// The specification has `1e2` mean 95 to 105; so a whole mantissa with an exponent counts as having one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Precise {
    pub(super) value: Decimal,
    pub(super) half: Decimal,
}

/// A decimal as FHIR and JSON write it. `None` when it is none, or has more than 28 digits.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    precise(text).map(|p| p.value)
}

/// A decimal with its precision.
pub(super) fn precise(text: &str) -> Option<Precise> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    if !(-60..=60).contains(&exponent) {
        return None;
    }
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (unsigned, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let implied = if exponent != 0 { fraction.len().max(1) } else { fraction.len() };
    let places = i32::try_from(implied).ok()? - exponent;
    let value = shift(Decimal::from_str_exact(mantissa).ok()?, exponent)?;
    let half = shift(Decimal::new(5, 1), -places).unwrap_or(Decimal::ZERO);
    Some(Precise { value, half })
}

/// `value` times ten to the `by`, exactly.
fn shift(value: Decimal, by: i32) -> Option<Decimal> {
    let value = value.normalize();
    if value.is_zero() {
        return Some(Decimal::ZERO);
    }
    let scale = i32::try_from(value.scale()).ok()? - by;
    if scale >= 0 {
        let scale = u32::try_from(scale).ok()?;
        return Decimal::try_from_i128_with_scale(value.mantissa(), scale).ok();
    }
    let factor = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}
