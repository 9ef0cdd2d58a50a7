use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { bytes: 1 << 20, rows: 100, columns: 10, cell: 1_000 };

type Rows = Vec<(u32, Vec<String>)>;

fn rows(bytes: &[u8]) -> Result<(Format, Rows), String> {
    let mut rows = Vec::new();
    let format = read(Cursor::new(bytes), &SMALL, &mut |row| {
        rows.push((row.number, row.cells));
        ControlFlow::Continue(())
    });
    format.map(|format| (format, rows)).map_err(|error| error.to_string())
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    rows(bytes).unwrap_or_else(|error| panic!("{error}")).1.into_iter().map(|(_, cells)| cells).collect()
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn text_is_read_in_every_encoding_and_with_every_separator() {
    let table = "id;name;town\n1;Zoë Müller;Köln\n2;Ann;Bonn\n";
    let expected = cells(table.as_bytes());
    assert_eq!(expected[1], ["1", "Zoë Müller", "Köln"]);
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(table);
    assert_eq!(cells(&latin), expected);
    assert_eq!(cells(format!("\u{feff}{table}").as_bytes()), expected);
    for big in [false, true] {
        assert_eq!(cells(&utf16(&format!("\u{feff}{table}"), big)), expected);
        assert_eq!(cells(&utf16(table, big)), expected);
    }
    for separator in [",", "\t", "|"] {
        assert_eq!(cells(table.replace(';', separator).as_bytes()), expected, "{separator:?}");
    }
    assert_eq!(cells(table.replace('\n', "\r\n").as_bytes()), expected);
    assert_eq!(cells(table.replace('\n', "\r").as_bytes()), expected);
}

#[test]
fn rows_have_the_numbers_that_a_spreadsheet_shows() {
    let text = "id,note\n\n1,\"two\nlines, \"\"quoted\"\"\"\n\n\n2,x\n,\n3,y";
    let (_, rows) = rows(text.as_bytes()).unwrap();
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 3, 6, 8]);
    assert_eq!(rows[1].1[1], "two\nlines, \"quoted\"");
}

#[test]
fn what_is_no_table_or_too_much_of_one_is_refused() {
    let check = |bytes: &[u8], words: &str| {
        let refused = rows(bytes).expect_err(words);
        assert!(refused.contains(words), "{refused} / {words}");
    };
    check(b"", "empty");
    check(b"\x00\x01\x02\x03PNG\x00\x00\x00\x00\x00", "neither CSV nor XLSX");
    check(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more", "password");
    check(b"PK\x03\x04 and then nothing of an archive", "damaged");
    check(&b"a,b\n".repeat(101), "too many rows");
    check(",".repeat(11).replace(',', "a,").as_bytes(), "too many columns");
    check(format!("a,{}\n", "x".repeat(1_001)).as_bytes(), "too long");
    // A quote that nobody closes takes the rest of the file for its cell.
    check(format!("a,\"{}", "x\n".repeat(300_000)).as_bytes(), "too large");
    check(&[utf16("\u{feff}a,b\n1,", false), vec![0x00, 0xD8]].concat(), "damaged");
}

/// A workbook with one sheet of these rows, as XML.
pub(crate) fn workbook(rows: &str, more: &[(&str, &str)], book: &str) -> Vec<u8> {
    let sheet = format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    let book = format!(
        r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{book}<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let parts: [(&str, &str); 6] = [
        (
            "[Content_Types].xml",
            r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#,
        ),
        (
            "_rels/.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
        ),
        (
            "xl/styles.xml",
            r#"<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
        ),
        ("xl/workbook.xml", &book),
        ("xl/worksheets/sheet1.xml", &sheet),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in parts.iter().chain(more) {
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const HEADINGS: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>born</t></is></c><c r="C1" t="inlineStr"><is><t>sum</t></is></c></row>"#;

#[test]
fn a_workbook_says_what_its_reader_sees() {
    let rows = format!(
        r#"{HEADINGS}<row r="4"><c r="A4"><v>1234567890123</v></c><c r="B4" s="1"><v>15039</v></c><c r="C4"><f>1+1</f><v>2</v></c></row><row r="5"><c r="A5"><v>0.1</v></c><c r="B5" s="1"><v>15039.5</v></c><c r="C5" t="e"><v>#N/A</v></c></row><row r="6"><c r="C6" t="b"><v>1</v></c></row>"#
    );
    let (format, read) = super::tests::rows(&workbook(&rows, &[], "")).unwrap();
    assert_eq!(format, Format::Xlsx);
    assert_eq!(read[0], (1, vec!["id".into(), "born".into(), "sum".into()]));
    assert_eq!(read[1], (4, vec!["1234567890123".into(), "1941-03-04".into(), "2".into()]));
    assert_eq!(read[2], (5, vec!["0.1".into(), "1941-03-04 12:00".into(), "#N/A".into()]));
    assert_eq!(read[3], (6, vec![String::new(), String::new(), "yes".into()]));
    // The same serial of a workbook that counts from 1904.
    let read = cells(&workbook(&rows, &[], r#"<workbookPr date1904="1"/>"#));
    assert_eq!(read[1][1], "1945-03-05");
}

#[test]
fn a_bomb_is_not_unpacked_and_entities_are_not_opened() {
    let bomb = "<row>".repeat(2 << 20);
    let packed = workbook(HEADINGS, &[("xl/media/image1.bin", &bomb)], "");
    assert!(packed.len() < 200_000, "{} bytes", packed.len());
    assert!(rows(&packed).unwrap_err().contains("too large"));
    let laughs = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    let opened = rows(&workbook(
        &format!("{laughs}{HEADINGS}<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>&b;</t></is></c></row>"),
        &[],
        "",
    ));
    assert!(opened.is_err() || !format!("{opened:?}").contains("aaaaaaaaaa"));
    // A column far out would be a row of millions of cells.
    let far = workbook(r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#, &[], "");
    assert!(rows(&far).unwrap_err().contains("too many columns"));
    let backwards = format!(r#"<row r="7"><c r="A7"><v>1</v></c></row>{HEADINGS}"#);
    assert!(rows(&workbook(&backwards, &[], "")).unwrap_err().contains("damaged"));
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = rows(&bytes);
        let _ = rows(&[b"PK\x03\x04".to_vec(), bytes].concat());
    }

    #[test]
    fn a_table_comes_back_as_it_was_written(
        table in prop::collection::vec(prop::collection::vec("[a-zé\",;\n]{1,8}", 3), 1..12)
    ) {
        let mut text = String::from("one,two,three\n");
        for row in &table {
            let quoted: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            text.push_str(&quoted.join(","));
            text.push('\n');
        }
        let read = cells(text.as_bytes());
        let filled: Vec<Vec<String>> = table
            .iter()
            .map(|row| {
                let mut row: Vec<String> = row.iter().map(|cell| cell.trim().to_owned()).collect();
                while row.last().is_some_and(String::is_empty) { row.pop(); }
                row
            })
            .filter(|row| !row.is_empty())
            .collect();
        prop_assert_eq!(&read[1..], &filled[..]);
    }

    #[test]
    fn a_damaged_workbook_is_an_error_or_a_table(at in 0_usize..2_000, to in any::<u8>()) {
        let mut bytes = workbook(HEADINGS, &[], "");
        let length = bytes.len();
        bytes[at % length] = to;
        let _ = rows(&bytes);
    }
}
