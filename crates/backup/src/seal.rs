//! Files of a repository, sealed: AES-256-GCM in chunks under a key of the file's own, so that a file of any length is
//! written and read in one pass, and none is altered, cut off, appended to or put under another name unnoticed.
//!
//! `LLB1 | salt (16) | chunk...`, a chunk being `ciphertext (64 KiB; the last may have fewer) | tag (16)`. The key is HKDF
//! of the repository's secret and the salt; the nonce is the chunk's number and whether it is the last; the associated
//! data is the file's name within the repository.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use kernel::World;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"LLB1";
const SALT: usize = 16;
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

/// What a repository is sealed with. It has no `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret that nobody guesses: text, because pgBackRest takes text.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn key(&self, salt: &[u8; SALT]) -> LessSafeKey {
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, salt)
            .extract(self.0.as_bytes())
            .expand(&[b"lamplight/backup/file"], Bytes32)
            .and_then(|okm| okm.fill(key.as_mut()))
            .expect("32 bytes are within what HKDF-SHA-256 can give");
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("AES-256 takes 32 bytes"))
    }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3] = u8::from(last);
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// What was written in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Bytes of the sealed file.
    pub(crate) size: u64,
    /// SHA-256 of it, in hexadecimal.
    pub(crate) sha256: String,
}

/// Seals what is written to it.
pub(crate) struct Sealer<W: Write> {
    out: W,
    key: LessSafeKey,
    name: String,
    clear: Vec<u8>,
    number: u64,
    size: u64,
    hash: Context,
}

impl<W: Write> Sealer<W> {
    /// Begins the file `name` of the repository.
    pub(crate) fn new(out: W, secret: &Secret, name: &str, world: &World) -> io::Result<Self> {
        let salt = world.random::<SALT>();
        let mut sealer = Self {
            out,
            key: secret.key(&salt),
            name: name.to_owned(),
            clear: Vec::with_capacity(CHUNK + TAG),
            number: 0,
            size: 0,
            hash: Context::new(&SHA256),
        };
        sealer.put(&[MAGIC.as_slice(), &salt].concat())?;
        Ok(sealer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let mut chunk = std::mem::replace(&mut self.clear, Vec::with_capacity(CHUNK + TAG));
        self.key
            .seal_in_place_append_tag(nonce(self.number, last), Aad::from(self.name.as_bytes()), &mut chunk)
            .map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.number += 1;
        self.put(&chunk)
    }

    /// Seals what is left.
    pub(crate) fn finish(mut self) -> io::Result<(W, Sum)> {
        self.seal(true)?;
        self.out.flush()?;
        Ok((self.out, Sum { size: self.size, sha256: hex(self.hash.finish().as_ref()) }))
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for one byte more: it may be the last.
        if self.clear.len() == CHUNK {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.clear.len());
        self.clear.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Gives what was sealed. An error of kind `InvalidData` says that it is not what was written under this name.
pub(crate) struct Opener<R: Read> {
    from: R,
    key: LessSafeKey,
    name: String,
    /// Read ahead, because only the end of the file tells which chunk is the last.
    ahead: Vec<u8>,
    clear: Vec<u8>,
    given: usize,
    number: u64,
    over: bool,
}

impl<R: Read> Opener<R> {
    pub(crate) fn new(mut from: R, secret: &Secret, name: &str) -> io::Result<Self> {
        let mut head = Vec::with_capacity(MAGIC.len() + SALT);
        from.by_ref().take((MAGIC.len() + SALT) as u64).read_to_end(&mut head)?;
        let salt: [u8; SALT] = head
            .strip_prefix(MAGIC.as_slice())
            .and_then(|salt| salt.try_into().ok())
            .ok_or_else(|| refused("it does not begin as a sealed file does"))?;
        let mut opener = Self {
            from,
            key: secret.key(&salt),
            name: name.to_owned(),
            ahead: Vec::new(),
            clear: Vec::new(),
            given: 0,
            number: 0,
            over: false,
        };
        opener.ahead = opener.chunk()?;
        Ok(opener)
    }

    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        self.from.by_ref().take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
        Ok(chunk)
    }

    fn open(&mut self) -> io::Result<()> {
        let next = if self.ahead.len() == CHUNK + TAG { self.chunk()? } else { Vec::new() };
        let mut chunk = std::mem::replace(&mut self.ahead, next);
        self.over = self.ahead.is_empty();
        let clear = self
            .key
            .open_in_place(nonce(self.number, self.over), Aad::from(self.name.as_bytes()), &mut chunk)
            .map_err(|_| refused(&format!("chunk {} does not open", self.number)))?
            .len();
        chunk.truncate(clear);
        (self.clear, self.given) = (chunk, 0);
        self.number += 1;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.clear.len() {
            if self.over {
                return Ok(0);
            }
            self.open()?;
        }
        let count = into.len().min(self.clear.len() - self.given);
        into[..count].copy_from_slice(&self.clear[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// SHA-256 of what is read, with how much it was. Others get their turn meanwhile.
pub(crate) async fn sum(mut from: impl Read) -> io::Result<Sum> {
    let (mut hash, mut size) = (Context::new(&SHA256), 0);
    let mut part = vec![0; 16 * CHUNK];
    loop {
        tokio::task::yield_now().await;
        match from.read(&mut part)? {
            0 => return Ok(Sum { size, sha256: hex(hash.finish().as_ref()) }),
            count => {
                hash.update(&part[..count]);
                size += count as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Secret {
        Secret::new(Zeroizing::new("a secret".to_owned()))
    }

    fn sealed(clear: &[u8], name: &str) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &secret(), name, &World::system()).unwrap();
        sealer.write_all(clear).unwrap();
        let (out, sum) = sealer.finish().unwrap();
        assert_eq!(sum.size, out.len() as u64);
        out
    }

    fn opened(sealed: &[u8], name: &str) -> io::Result<Vec<u8>> {
        let mut clear = Vec::new();
        Opener::new(sealed, &secret(), name)?.read_to_end(&mut clear)?;
        Ok(clear)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_sealed_comes_out_as_it_went_in(length in 0_usize..200_000, fill: u8) {
            let clear = vec![fill; length];
            prop_assert_eq!(opened(&sealed(&clear, "a"), "a").unwrap(), clear);
        }
    }

    #[tokio::test]
    async fn the_sum_is_of_what_was_written() {
        let mut sealer = Sealer::new(Vec::new(), &secret(), "a", &World::system()).unwrap();
        sealer.write_all(&vec![1; 200_000]).unwrap();
        let (out, written) = sealer.finish().unwrap();
        assert_eq!(sum(out.as_slice()).await.unwrap(), written);
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }

    #[test]
    fn nothing_is_altered_cut_appended_to_or_renamed() {
        for length in [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let whole = sealed(&vec![7; length], "wal/1");
            assert_eq!(opened(&whole, "wal/1").unwrap().len(), length);
            assert!(opened(&whole, "wal/2").is_err(), "another name");
            for at in [0, 10, whole.len() / 2, whole.len() - 1] {
                let mut bent = whole.clone();
                bent[at] ^= 1;
                assert!(opened(&bent, "wal/1").is_err(), "byte {at} of {length}");
            }
            assert!(opened(&whole[..whole.len() - 1], "wal/1").is_err());
            assert!(opened(&[&whole[..], b"x"].concat(), "wal/1").is_err());
            if length > CHUNK {
                let first = MAGIC.len() + SALT + CHUNK + TAG;
                assert!(opened(&whole[..first], "wal/1").is_err(), "cut at a chunk's end");
            }
        }
        let other = Secret::new(Zeroizing::new("another".to_owned()));
        let whole = sealed(b"x", "a");
        assert!(Opener::new(whole.as_slice(), &other, "a").unwrap().read(&mut [0; 9]).is_err());
    }
}
