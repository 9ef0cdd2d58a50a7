//! JPEG, segment by segment (ITU-T T.81, annex B). Cameras write further pictures behind the first, so what follows its
//! end is left as it is: it is shown as a picture and never as anything else.

use super::Fault;

/// The most points a picture may have.
const POINTS: u64 = 150_000_000;

#[derive(Default)]
enum At {
    #[default]
    Start,
    /// Before a marker: fill bytes are allowed.
    Marker,
    /// The code of a marker comes.
    Code,
    /// The length of a segment: what came of it.
    Length(Option<u8>),
    /// Inside a segment.
    Segment(u32),
    /// Compressed data.
    Data,
    /// Compressed data, behind 0xff.
    DataCode,
    End,
}

#[derive(Default)]
pub(super) struct Jpeg {
    at: At,
    code: u8,
    /// The beginning of a frame's segment.
    frame: Vec<u8>,
    started: u8,
    has_frame: bool,
    has_data: bool,
}

impl Jpeg {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for byte in bytes {
            match self.at {
                At::End => return Ok(()),
                // Most of a picture is this.
                At::Data if *byte != 0xff => {}
                _ => self.step(*byte)?,
            }
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), Fault> {
        self.at = match self.at {
            At::Start => match (self.started, byte) {
                (0, 0xff) => {
                    self.started = 1;
                    At::Start
                }
                (1, 0xd8) => At::Marker,
                _ => return Err(Fault::Content),
            },
            At::Marker if byte == 0xff => At::Code,
            At::Marker => return Err(Fault::Content),
            At::Code => self.marker(byte)?,
            At::Length(None) => At::Length(Some(byte)),
            At::Length(Some(high)) => {
                let length = u32::from(u16::from_be_bytes([high, byte]));
                let rest = length.checked_sub(2).ok_or(Fault::Content)?;
                self.frame.clear();
                if rest == 0 { self.segment_ended()? } else { At::Segment(rest) }
            }
            At::Segment(left) => {
                if self.frame.len() < 8 {
                    self.frame.push(byte);
                }
                if left == 1 { self.segment_ended()? } else { At::Segment(left - 1) }
            }
            At::Data => At::DataCode,
            At::DataCode => match byte {
                0x00 | 0xd0..=0xd7 => At::Data,
                0xff => At::DataCode,
                code => self.marker(code)?,
            },
            At::End => At::End,
        };
        Ok(())
    }

    fn marker(&mut self, code: u8) -> Result<At, Fault> {
        self.code = code;
        match code {
            0xff => Ok(At::Code),
            0xd9 => Ok(At::End),
            0x01 | 0xd0..=0xd7 => Ok(At::Marker),
            0x00 | 0x02..=0xbf | 0xd8 => Err(Fault::Content),
            _ => Ok(At::Length(None)),
        }
    }

    fn segment_ended(&mut self) -> Result<At, Fault> {
        let is_frame = matches!(self.code, 0xc0..=0xcf) && !matches!(self.code, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let [_, h1, h2, w1, w2, ..] = self.frame.as_slice() else { return Err(Fault::Content) };
            let points =
                u64::from(u16::from_be_bytes([*h1, *h2])) * u64::from(u16::from_be_bytes([*w1, *w2]));
            if points > POINTS {
                return Err(Fault::Bomb);
            }
            self.has_frame = true;
        }
        if self.code == 0xda {
            self.has_data = true;
            return Ok(At::Data);
        }
        Ok(At::Marker)
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        let whole = matches!(self.at, At::End) && self.has_frame && self.has_data;
        if whole { Ok(()) } else { Err(Fault::Content) }
    }
}
