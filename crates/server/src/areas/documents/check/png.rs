//! PNG, chunk by chunk (<https://www.w3.org/TR/png-3/#5DataRep>): every chunk whole, nothing behind the last.

use flate2::Crc;

use super::Fault;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// The most points a picture may have.
const POINTS: u64 = 150_000_000;

enum At {
    Signature,
    Head,
    Data(u64),
    Sum,
    End,
}

pub(super) struct Png {
    at: At,
    /// Bytes of the part that has not come whole.
    part: Vec<u8>,
    sum: Crc,
    kind: [u8; 4],
    chunks: u64,
    data: bool,
}

impl Default for Png {
    fn default() -> Self {
        let at = At::Signature;
        Self { at, part: Vec::with_capacity(16), sum: Crc::new(), kind: [0; 4], chunks: 0, data: false }
    }
}

impl Png {
    /// Takes bytes until the part is `length` long; whether it is.
    fn gather(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let wanted = (length - self.part.len()).min(bytes.len());
        self.part.extend_from_slice(&bytes[..wanted]);
        *bytes = &bytes[wanted..];
        self.part.len() == length
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.at {
                At::Signature => {
                    if self.gather(&mut bytes, 8) {
                        if self.part != SIGNATURE {
                            return Err(Fault::Content);
                        }
                        self.next(At::Head);
                    }
                }
                At::Head => {
                    if self.gather(&mut bytes, 8) {
                        self.head()?;
                    }
                }
                At::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    self.sum.update(&bytes[..taken]);
                    if self.kind == *b"IHDR" {
                        self.part.extend_from_slice(&bytes[..taken]);
                    }
                    bytes = &bytes[taken..];
                    let left = left - taken as u64;
                    if left == 0 {
                        self.data_ended()?;
                    } else {
                        self.at = At::Data(left);
                    }
                }
                At::Sum => {
                    if self.gather(&mut bytes, 4) {
                        if self.part != self.sum.sum().to_be_bytes() {
                            return Err(Fault::Content);
                        }
                        let last = self.kind == *b"IEND";
                        self.next(if last { At::End } else { At::Head });
                    }
                }
                At::End => return Err(Fault::Polyglot),
            }
        }
        Ok(())
    }

    fn next(&mut self, at: At) {
        self.part.clear();
        self.at = at;
    }

    fn head(&mut self) -> Result<(), Fault> {
        let (length, kind) = self.part.split_at(4);
        let length = u32::from_be_bytes(length.try_into().map_err(|_| Fault::Content)?);
        self.kind = kind.try_into().map_err(|_| Fault::Content)?;
        let first = self.chunks == 0;
        if length > i32::MAX as u32
            || !self.kind.iter().all(u8::is_ascii_alphabetic)
            || first != (self.kind == *b"IHDR")
            || (first && length != 13)
            || (self.kind == *b"IEND" && length != 0)
        {
            return Err(Fault::Content);
        }
        self.data |= self.kind == *b"IDAT";
        self.chunks += 1;
        self.sum = Crc::new();
        self.sum.update(&self.kind);
        self.next(if length == 0 { At::Sum } else { At::Data(length.into()) });
        Ok(())
    }

    fn data_ended(&mut self) -> Result<(), Fault> {
        if self.kind == *b"IHDR" {
            let side = |from: usize| {
                let bytes = self.part.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
                bytes.map_or(0, |bytes| u64::from(u32::from_be_bytes(bytes)))
            };
            let points = side(0).saturating_mul(side(4));
            if points == 0 {
                return Err(Fault::Content);
            }
            if points > POINTS {
                return Err(Fault::Bomb);
            }
        }
        self.next(At::Sum);
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        if matches!(self.at, At::End) && self.data { Ok(()) } else { Err(Fault::Content) }
    }
}
