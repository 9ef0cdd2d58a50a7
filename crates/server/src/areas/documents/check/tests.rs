use proptest::prelude::*;

use super::*;

/// A grey PNG of one point.
fn png(width: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        file.extend_from_slice(kind);
        file.extend_from_slice(data);
        file.extend(sum.sum().to_be_bytes());
    };
    let header = [&width.to_be_bytes()[..], &[0, 0, 0, 1, 8, 0, 0, 0, 0]].concat();
    chunk(b"IHDR", &header);
    chunk(b"IDAT", &[0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1]);
    chunk(b"IEND", &[]);
    file
}

fn jpeg() -> Vec<u8> {
    let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, b'J', b'F'];
    file.extend([0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    file.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xff, 0, 0x34, 0xff, 0xd9]);
    file
}

/// An archive of stored entries: name, and how long each says it is when unpacked.
fn zip(entries: &[(&str, u32)]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for (name, unpacked) in entries {
        let from = u32::try_from(file.len()).unwrap();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        file.extend([&b"PK\x03\x04"[..], &[0; 22], &length, &[0; 2], name.as_bytes(), b"x"].concat());
        let sizes = [1_u32.to_le_bytes(), unpacked.to_le_bytes()].concat();
        directory.extend(
            [&b"PK\x01\x02"[..], &[0; 16], &sizes, &length, &[0; 12], &from.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let (size, from) = (u32::try_from(directory.len()).unwrap(), u32::try_from(file.len()).unwrap());
    let sizes = [size.to_le_bytes(), from.to_le_bytes()].concat();
    file.extend(directory);
    file.extend([&b"PK\x05\x06"[..], &[0; 4], &count, &count, &sizes, &[0; 2]].concat());
    file
}

const TYPES: (&str, u32) = ("[Content_Types].xml", 1);
const WORD: (&str, u32) = ("word/document.xml", 1);

fn check(format: Format, file: &[u8], step: usize) -> Result<(), Fault> {
    let mut check = Check::new(format);
    for part in file.chunks(step.max(1)) {
        check.feed(part)?;
    }
    check.end()
}

fn found(format: Format, file: &[u8]) -> Result<(), Fault> {
    let whole = check(format, file, file.len());
    for step in [1, 3, 7] {
        assert_eq!(check(format, file, step), whole, "{format:?} in steps of {step}");
    }
    whole
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";

#[test]
fn what_is_what_it_says_passes() {
    let word = zip(&[TYPES, WORD]);
    let sheet = zip(&[TYPES, ("xl/workbook.xml", 1)]);
    let heic = [&[0, 0, 0, 24][..], b"ftypheic\0\0\0\0mif1heic"].concat();
    let good: [(Format, &[u8]); 9] = [
        (Format::Pdf, PDF),
        (Format::Png, &png(1)),
        (Format::Jpeg, &jpeg()),
        (Format::Text, "Körpertemperatur 37,2 °C\n<5 mg\n".as_bytes()),
        (Format::Text, b"<5 mg twice a day"),
        (Format::Tiff, b"II*\0\x08\0\0\0\x01\0"),
        (Format::Heic, &heic),
        (Format::Docx, &word),
        (Format::Xlsx, &sheet),
    ];
    for (format, file) in good {
        assert_eq!(found(format, file), Ok(()), "{format:?}");
        for other in Format::ALL.into_iter().filter(|other| *other != format) {
            // Some of these short ones are text as well.
            let is_text = other == Format::Text && file.is_ascii() && !file.contains(&0) && file[0] != b'<';
            assert!(is_text || found(other, file).is_err(), "{format:?} as {other:?}");
        }
        assert!(
            found(format, &file[..file.len() - 1]).is_err()
                || matches!(format, Format::Text | Format::Pdf | Format::Tiff | Format::Heic),
            "{format:?}"
        );
    }
}

#[test]
fn two_files_in_one_are_none() {
    let archive = zip(&[TYPES, WORD]);
    let with = |file: &[u8]| [file, archive.as_slice()].concat();
    assert_eq!(found(Format::Png, &with(&png(1))), Err(Fault::Polyglot));
    assert_eq!(found(Format::Jpeg, &with(&jpeg())), Err(Fault::Polyglot));
    assert_eq!(found(Format::Pdf, &with(PDF)), Err(Fault::Polyglot));
    assert_eq!(found(Format::Text, &with(b"a note")), Err(Fault::Content));
    let page = [b"%PDF-1.7\n<script>alert(1)</script>\n".as_slice(), PDF].concat();
    assert_eq!(found(Format::Pdf, &page), Err(Fault::Polyglot));
    // A page first and a PDF behind it.
    assert_eq!(found(Format::Pdf, &[b"<html>".as_slice(), PDF].concat()), Err(Fault::Content));
    assert_eq!(found(Format::Png, &[png(1), b"<script>".to_vec()].concat()), Err(Fault::Polyglot));
    assert_eq!(found(Format::Png, b"GIF89a/*<svg>*/=alert(1)"), Err(Fault::Content));
    for page in ["<svg onload=alert(1)>", "<!DOCTYPE html>", "\u{feff}  <?xml version='1.0'?>", "<HTML>"] {
        assert_eq!(found(Format::Text, page.as_bytes()), Err(Fault::Content), "{page}");
    }
}

#[test]
fn what_is_far_more_than_it_looks_is_not_taken() {
    assert_eq!(found(Format::Png, &png(200_000_000)), Err(Fault::Bomb));
    assert_eq!(found(Format::Docx, &zip(&[TYPES, ("word/document.xml", 900_000_000)])), Err(Fault::Bomb));
    assert_eq!(found(Format::Docx, &zip(&[TYPES, WORD, ("word/a.bin", 400_000_000)])), Err(Fault::Bomb));
    let many: Vec<(&str, u32)> = [TYPES, WORD].into_iter().chain((0..6_000).map(|_| ("a", 1))).collect();
    assert_eq!(check(Format::Docx, &zip(&many), 4096), Err(Fault::Bomb));
    for name in ["../../etc/passwd", "/etc/passwd", "..\\evil", "c:/evil"] {
        assert_eq!(found(Format::Docx, &zip(&[TYPES, WORD, (name, 1)])), Err(Fault::Content), "{name}");
    }
    assert_eq!(found(Format::Docx, &zip(&[TYPES, WORD, ("word/vbaProject.bin", 1)])), Err(Fault::Macros));
}

proptest! {
    #[test]
    fn nothing_that_comes_makes_a_check_panic(file in proptest::collection::vec(any::<u8>(), 0..2000), step in 1_usize..64) {
        for format in Format::ALL {
            let _ = check(format, &file, step);
        }
    }

    #[test]
    fn a_bent_file_does_not_make_a_check_panic(at in 0_usize..200, byte: u8) {
        for (format, mut file) in [
            (Format::Png, png(1)), (Format::Jpeg, jpeg()), (Format::Docx, zip(&[TYPES, WORD])), (Format::Pdf, PDF.to_vec()),
        ] {
            let at = at % file.len();
            file[at] = byte;
            let _ = check(format, &file, 7);
        }
    }
}
