//! Separated text (RFC 4180 and what spreadsheet programs make of it), in whichever of its encodings.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Checked, Format, Limits, Unreadable};

/// How much of a file is looked at to tell what it is.
const SAMPLE: usize = 64 << 10;
/// What may stand between cells; of two that fit the same, the earlier.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// How many records are looked at to tell which.
const LOOKED_AT: usize = 30;

pub(super) fn read<R: Read + Seek>(
    mut file: R,
    limits: &Limits,
    out: &mut Checked<'_, '_>,
) -> Result<Format, Unreadable> {
    let encoding = encoding_of(&mut file, limits)?;
    let mut text = BufReader::with_capacity(SAMPLE, Decoded::new(file, encoding));
    let separator = separator_of(text.fill_buf().map_err(Unreadable::from)?);
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(SAMPLE)
        .from_reader(Bounded {
            text,
            left: limits.cell.saturating_mul(usize::from(limits.columns)),
            limits: *limits,
        });
    let (mut record, mut inner, mut number) = (::csv::StringRecord::new(), 0_u64, 0_u32);
    loop {
        reader.get_mut().left = limits.cell.saturating_mul(usize::from(limits.columns));
        let more = reader.read_record(&mut record).map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(error) => error.into(),
            _ => Unreadable::Damaged,
        })?;
        if !more {
            break;
        }
        // Line breaks within cells are no rows of their own; empty lines are.
        let breaks = record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count() as u64;
        let ended = reader.position().line();
        let row = ended.saturating_sub(1 + inner + breaks);
        inner += breaks;
        number = u32::try_from(row).unwrap_or(u32::MAX).max(number.saturating_add(1));
        let cells = record.iter().map(|cell| out.cell(number, cell)).collect::<Result<Vec<_>, _>>()?;
        if out.row(number, cells)?.is_break() {
            break;
        }
    }
    if number == 0 {
        return Err(Unreadable::Empty);
    }
    Ok(Format::Csv { separator, encoding: encoding.name() })
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidData => Self::Damaged,
            ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io(error),
        }
    }
}

/// The encoding: what a byte order mark says; else UTF-16 by its zeros, UTF-8 if all of it is, or Windows-1252.
fn encoding_of<R: Read + Seek>(file: &mut R, limits: &Limits) -> Result<&'static Encoding, Unreadable> {
    let mut sample = Vec::with_capacity(SAMPLE);
    file.by_ref().take(SAMPLE as u64).read_to_end(&mut sample)?;
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let encoding = match Encoding::for_bom(&sample) {
        Some((encoding, _)) => encoding,
        // Text in Latin letters has a zero in every pair.
        None if zeros(1) * 5 > sample.len() && zeros(0) == 0 => UTF_16LE,
        None if zeros(0) * 5 > sample.len() && zeros(1) == 0 => UTF_16BE,
        None if sample.contains(&0) => return Err(Unreadable::NotATable),
        None => {
            file.seek(SeekFrom::Start(0))?;
            if is_utf8(file, limits)? { UTF_8 } else { WINDOWS_1252 }
        }
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(encoding)
}

fn is_utf8(file: &mut impl Read, limits: &Limits) -> Result<bool, Unreadable> {
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let (mut bytes, mut text) = (vec![0; SAMPLE], vec![0; SAMPLE * 3 + 16]);
    let mut total = 0_u64;
    loop {
        let count = file.read(&mut bytes)?;
        total += count as u64;
        if total > limits.bytes {
            return Err(Unreadable::TooLarge);
        }
        let (result, ..) = decoder.decode_to_utf8_without_replacement(&bytes[..count], &mut text, count == 0);
        match result {
            encoding_rs::DecoderResult::Malformed(..) => return Ok(false),
            _ if count == 0 => return Ok(true),
            _ => {}
        }
    }
}

/// What stands between the cells: what gives the same number of them in the most records of a sample, and more than one.
fn separator_of(sample: &[u8]) -> u8 {
    let score = |separator: u8| {
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(sample);
        let widths: Vec<usize> =
            reader.byte_records().take(LOOKED_AT).flatten().map(|record| record.len()).collect();
        let first = widths.first().copied().unwrap_or_default();
        let same = widths.iter().filter(|width| **width == first).count();
        if first < 2 { (0, 0) } else { (same * 100 / widths.len().max(1), first) }
    };
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| score(*separator));
    best.filter(|separator| score(*separator) > (0, 0)).unwrap_or(b',')
}

/// Reads a file as UTF-8, whatever it is in.
struct Decoded<R> {
    file: R,
    decoder: Decoder,
    raw: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    /// The decoder has nothing more to say, and may not be asked again.
    finished: bool,
}

impl<R: Read> Decoded<R> {
    fn new(file: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { file, decoder, raw: vec![0; SAMPLE], at: 0, filled: 0, ended: false, finished: false }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.finished {
            return Ok(0);
        }
        loop {
            if self.at == self.filled && !self.ended {
                self.filled = self.file.read(&mut self.raw)?;
                self.at = 0;
                self.ended = self.filled == 0;
            }
            let raw = &self.raw[self.at..self.filled];
            let (result, read, written, replaced) = self.decoder.decode_to_utf8(raw, out, self.ended);
            self.at += read;
            if replaced {
                return Err(ErrorKind::InvalidData.into());
            }
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 || self.finished {
                return Ok(written);
            }
        }
    }
}

/// Ends with an error when a record, or the whole, is longer than it may be: an open quote would otherwise take all memory.
struct Bounded<R> {
    text: R,
    left: usize,
    limits: Limits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(out)?;
        let Some(left) = self.limits.bytes.checked_sub(count as u64) else {
            return Err(ErrorKind::FileTooLarge.into());
        };
        self.limits.bytes = left;
        self.left = self.left.checked_sub(count).ok_or(ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}
