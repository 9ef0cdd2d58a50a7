//! Reading files, compressed or not, never more of one than memory can bear.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::LARGEST_BUNDLE;
use super::files::Source;

/// Longest line of NDJSON, in bytes.
const LONGEST_LINE: u64 = 32 << 20;

/// A run of lines ends after so many, or so many bytes.
pub(super) const RUN_LINES: usize = 200;
pub(super) const RUN_BYTES: usize = 8 << 20;

fn open(source: &Source) -> io::Result<Box<dyn Read>> {
    let file = File::open(&source.path)?;
    Ok(if source.gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// Reads a whole file.
pub(super) fn whole(source: &Source) -> Result<Vec<u8>, String> {
    whole_within(source, LARGEST_BUNDLE)
}

fn whole_within(source: &Source, largest: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = open(source).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > largest {
        let how = if source.gzip { ", decompressed," } else { "" };
        return Err(format!("the bundle{how} is larger than {} MB; split it", largest >> 20));
    }
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// Whether a bundle holds a Patient, by its text: enough to put files in order.
pub(super) fn names_patient(source: &Source) -> io::Result<bool> {
    const KEY: &[u8] = b"\"resourceType\"";
    /// More than the key, the value and what is between them in any sane file.
    const OVERLAP: usize = 256;
    let mut file = open(source)?.take(LARGEST_BUNDLE);
    let mut window = vec![0; 64 << 10];
    let mut kept = 0;
    loop {
        let read = file.read(&mut window[kept..])?;
        if read == 0 {
            return Ok(false);
        }
        let text = &window[..kept + read];
        let mut from = 0;
        while let Some(at) = text[from..].windows(KEY.len()).position(|bytes| bytes == KEY) {
            from += at + KEY.len();
            let mut rest = text[from..].iter().filter(|byte| !byte.is_ascii_whitespace());
            if rest.by_ref().take(10).copied().eq(*b":\"Patient\"") {
                return Ok(true);
            }
        }
        let end = kept + read;
        kept = end.min(OVERLAP);
        window.copy_within(end - kept..end, 0);
    }
}

/// A line and its number from 0.
pub(super) type Line = (usize, Vec<u8>);

/// Reads the lines that hold something, one after the other.
pub(super) struct Lines {
    file: BufReader<Box<dyn Read>>,
    next: usize,
}

impl Lines {
    /// Opens the file.
    pub(super) fn open(source: &Source) -> Result<Self, String> {
        let file = open(source).map_err(|error| unreadable(&error))?;
        Ok(Self { file: BufReader::with_capacity(64 << 10, file), next: 0 })
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line>, String> {
        loop {
            let mut line = Vec::new();
            let read = self.file.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
            read.map_err(|error| unreadable(&error))?;
            if line.is_empty() {
                return Ok(None);
            }
            let number = self.next;
            self.next += 1;
            if line.len() as u64 > LONGEST_LINE {
                return Err(format!(
                    "line {} is longer than {} MB; it and those after it were not read",
                    number + 1,
                    LONGEST_LINE >> 20
                ));
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some((number, line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::files::Format;
    use super::*;

    struct Temporary(PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn file(name: &str, bytes: &[u8], gzip: bool) -> (Temporary, Source) {
        let path = std::env::temp_dir().join(format!("lamplight-read-{}-{name}", std::process::id()));
        let mut written = File::create(&path).unwrap();
        if gzip {
            let mut encoder = GzEncoder::new(written, Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap();
        } else {
            written.write_all(bytes).unwrap();
        }
        (Temporary(path.clone()), Source { path, format: Format::Bundle, gzip, rank: 0 })
    }

    #[test]
    fn a_gzip_bomb_is_refused() {
        let (_kept, source) = file("bomb", &vec![b' '; 3 << 20], true);
        assert_eq!(whole_within(&source, 3 << 20).unwrap().len(), 3 << 20);
        let error = whole_within(&source, 2 << 20).unwrap_err();
        assert!(error.contains("larger than 2 MB"), "{error}");
    }

    #[test]
    fn what_is_no_gzip_is_told() {
        let (_kept, mut source) = file("plain", b"{}", false);
        source.gzip = true;
        assert!(whole(&source).unwrap_err().starts_with("cannot be read: "));
    }

    #[test]
    fn a_patient_is_found_also_across_windows() {
        for (before, text, found) in [
            (0, "\"resourceType\":\"Patient\"", true),
            ((64 << 10) - 5, "\"resourceType\" :\n \"Patient\"", true),
            ((128 << 10) - 20, "\"resourceType\": \"Patient\"", true),
            (0, "\"resourceType\":\"PatientX\"", false),
            (0, "\"type\":\"Patient\"", false),
        ] {
            let bytes = [&*vec![b' '; before], text.as_bytes()].concat();
            let (_kept, source) = file(&format!("patient-{before}-{}", text.len()), &bytes, before > 0);
            assert_eq!(names_patient(&source).unwrap(), found, "{before} {text}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let (_kept, source) = file("lines", b"a\n\n  \r\nb", true);
        let mut lines = Lines::open(&source).unwrap();
        assert_eq!(lines.next().unwrap(), Some((0, b"a\n".to_vec())));
        assert_eq!(lines.next().unwrap(), Some((3, b"b".to_vec())));
        assert_eq!(lines.next().unwrap(), None);
    }
}
