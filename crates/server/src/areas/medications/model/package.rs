//! Whether what a scanner read is the package of what is ordered. Pure.

/// What is compared: letters and digits, in capitals.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A national drug code in eleven digits, of its written forms 4-4-2, 5-3-2, 5-4-1 and 5-4-2.
fn eleven(code: &str) -> Option<String> {
    let parts: Vec<&str> = code.split('-').collect();
    let [labeler, product, package] = parts.as_slice() else { return None };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.iter().all(|part| digits(part)) && labeler.len() <= 5 && product.len() <= 4 && package.len() <= 2)
        .then(|| format!("{labeler:0>5}{product:0>4}{package:0>2}"))
}

/// The ten digits of a drug code that a UPC or a GTIN holds (12 to 14 digits, `3` before them and a check digit behind).
fn ten(scanned: &str) -> Option<&str> {
    let digits = scanned.bytes().all(|byte| byte.is_ascii_digit());
    let inner = match scanned.len() {
        12 => scanned.strip_prefix('3'),
        13 => scanned.strip_prefix("03"),
        14 => scanned.strip_prefix("003"),
        _ => None,
    };
    inner.filter(|_| digits).and_then(|inner| inner.get(..10))
}

/// Whether a scanned code is one of these.
pub(in super::super) fn fits(scanned: &str, codes: &[String]) -> bool {
    // GS1: the number of the item comes first, behind its identifier.
    let read = plain(scanned);
    let item = read.strip_prefix("01").and_then(|rest| rest.get(..14)).filter(|_| read.len() >= 16);
    let read = item.unwrap_or(&read);
    if read.is_empty() {
        return false;
    }
    codes.iter().any(|code| {
        let known = plain(code);
        known == read
            || eleven(code).is_some_and(|eleven| eleven == read)
            || ten(read).is_some_and(|ten| known == ten)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_each_way_its_code_is_written() {
        let codes = ["861007".to_owned(), "0093-1048-01".to_owned()];
        for scanned in
            ["861007", "0093-1048-01", "0093104801", "00093104801", "300931048016", "00300931048019"]
        {
            assert!(fits(scanned, &codes), "{scanned}");
        }
        assert!(fits("01003009310480191726010110ABC", &codes), "with date and lot behind it");
        for wrong in ["", "861008", "0093-1048-02", "300931049016"] {
            assert!(!fits(wrong, &codes), "{wrong}");
        }
    }
}
