//! Signed notes (C2SP: signed-note): a text, an empty line, and a line for each signature. Ed25519 alone.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The type of an Ed25519 key, as notes name it.
const ALGORITHM: u8 = 1;
/// What a key begins with that is to be kept secret.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a note, or a key, is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not built as notes are.
    #[error("it is not a signed note")]
    Form,
    /// No signature of the key is there.
    #[error("it is not signed with the key")]
    Unsigned,
    /// The signature of the key is not one of this text.
    #[error("its signature is wrong")]
    Signature,
    /// A key that is none.
    #[error("it is not a key")]
    Key,
    /// A name that cannot stand in a note.
    #[error("a key's name has no space and no plus sign")]
    Name,
    /// A hash that is none.
    #[error("it is not a hash")]
    Hash,
    /// The text is not that of a checkpoint.
    #[error("it is not a checkpoint")]
    Checkpoint,
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.chars().any(char::is_whitespace)
}

fn id(name: &str, key: &[u8]) -> [u8; 4] {
    let hash = digest(&SHA256, &[name.as_bytes(), b"\n", &[ALGORITHM], key].concat());
    let mut id = [0; 4];
    id.copy_from_slice(&hash.as_ref()[..4]);
    id
}

/// Who signs: `PRIVATE+KEY+name+id+seed`, as Go's package `note` writes it.
pub struct Signer {
    name: String,
    key: Ed25519KeyPair,
}

impl Signer {
    /// A new key of this name, as text that [`str::parse`] reads.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::Key`] when the machine has no randomness.
    pub fn generate(name: &str) -> Result<String, Error> {
        let mut seed = [ALGORITHM; 33];
        rand::fill(&mut seed[1..]).map_err(|_| Error::Key)?;
        let signer = Self::of(name, &seed[1..])?;
        let id = u32::from_be_bytes(signer.verifier().id);
        Ok(format!("{PRIVATE}{name}+{id:08x}+{}\n", STANDARD.encode(seed)))
    }

    fn of(name: &str, seed: &[u8]) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(Error::Name);
        }
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Key)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Who can be asked whether a note is this one's.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let key = self.key.public_key().as_ref().to_vec();
        Verifier { id: id(&self.name, &key), name: self.name.clone(), key }
    }

    /// The note of a text, which ends with the end of a line.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        self.verifier().note(text, signature.as_ref())
    }

    /// The signature of a text alone: 64 bytes.
    #[must_use]
    pub fn signature(&self, text: &str) -> Vec<u8> {
        self.key.sign(text.as_bytes()).as_ref().to_vec()
    }
}

impl std::str::FromStr for Signer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, id, seed) = parts(text.trim().strip_prefix(PRIVATE).ok_or(Error::Key)?)?;
        let signer = Self::of(name, &seed)?;
        (signer.verifier().id == id).then_some(signer).ok_or(Error::Key)
    }
}

/// Name, id and the bytes of an Ed25519 key.
fn parts(text: &str) -> Result<(&str, [u8; 4], Vec<u8>), Error> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::Key);
    };
    let id = u32::from_str_radix(id, 16).map_err(|_| Error::Key)?.to_be_bytes();
    match STANDARD.decode(key).map_err(|_| Error::Key)?.split_first() {
        Some((&ALGORITHM, key)) if key.len() == 32 => Ok((name, id, key.to_vec())),
        _ => Err(Error::Key),
    }
}

/// A public key by name: `name+id+key`, as notes write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: Vec<u8>,
}

impl Verifier {
    /// Whose key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The note of a text with a signature that was kept.
    #[must_use]
    pub fn note(&self, text: &str, signature: &[u8]) -> String {
        let signed = STANDARD.encode([&self.id, signature].concat());
        format!("{text}\n\u{2014} {} {signed}\n", self.name)
    }

    /// The text of a note that this key signed, and its signature. Signatures of others are passed over.
    ///
    /// # Errors
    /// [`Error::Form`], [`Error::Unsigned`], [`Error::Signature`].
    pub fn opened<'n>(&self, note: &'n str) -> Result<(&'n str, Vec<u8>), Error> {
        let split = note.rfind("\n\n").ok_or(Error::Form)?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        if !signatures.ends_with('\n') {
            return Err(Error::Form);
        }
        for line in signatures.lines() {
            let (name, signed) =
                line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(Error::Form)?;
            let signed = STANDARD.decode(signed).map_err(|_| Error::Form)?;
            let (id, signature) = signed.split_at_checked(4).ok_or(Error::Form)?;
            if name == self.name && id == self.id {
                return self.check(text, signature).map(|()| (text, signature.to_vec()));
            }
        }
        Err(Error::Unsigned)
    }

    /// As [`Self::opened`], the text alone.
    ///
    /// # Errors
    /// As [`Self::opened`].
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, Error> {
        self.opened(note).map(|(text, _)| text)
    }

    /// Whether the signature is this key's, of this text.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn check(&self, text: &str, signature: &[u8]) -> Result<(), Error> {
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        key.verify(text.as_bytes(), signature).map_err(|_| Error::Signature)
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let key = STANDARD.encode([&[ALGORITHM][..], &self.key].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl std::str::FromStr for Verifier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, named, key) = parts(text.trim())?;
        let id = id(name, &key);
        if !is_name(name) || named != id {
            return Err(Error::Key);
        }
        Ok(Self { name: name.to_owned(), id, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Go's package golang.org/x/mod/sumdb/note, which the specification was made from.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str) -> Signer {
        Signer::generate(name).unwrap().parse().unwrap()
    }

    #[test]
    fn a_note_that_others_signed_is_opened() {
        let key: Verifier = KEY.parse().unwrap();
        assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", KEY));
        assert!(key.open(NOTE).unwrap().ends_with("your problem is.\n"));
        assert_eq!(key.open(&NOTE.replacen("your problem", "the problem", 1)), Err(Error::Signature));
        let signer = signer("somebody");
        assert_eq!(signer.verifier().open(NOTE), Err(Error::Unsigned));
        // Signed by both: either finds its own.
        let text = key.open(NOTE).unwrap();
        let line = signer.sign(text).split_off(text.len() + 1);
        let both = format!("{NOTE}{line}");
        assert_eq!((key.open(&both), signer.verifier().open(&both)), (Ok(text), Ok(text)));
    }

    #[test]
    fn a_note_is_opened_with_its_own_key_alone() {
        let (one, other) = (signer("log.example"), signer("log.example"));
        let note = one.sign("a\nb\n");
        assert_eq!(one.verifier().open(&note), Ok("a\nb\n"));
        assert_eq!(one.verifier().note("a\nb\n", &one.signature("a\nb\n")), note);
        assert_eq!(other.verifier().open(&note), Err(Error::Unsigned));
        assert_eq!(one.verifier().to_string().parse(), Ok(one.verifier()));
    }

    #[test]
    fn what_is_no_note_and_no_key_is_refused() {
        let signer = signer("log.example");
        let (key, note) = (signer.verifier(), signer.sign("a\n"));
        for wrong in
            ["", "a\n", "a\n\n", "a\n\nb\n", "a\n\n\u{2014} x\n", "a\n\n\u{2014} x !\n", note.trim_end()]
        {
            let opened = key.open(wrong);
            assert!(matches!(opened, Err(Error::Form | Error::Unsigned)), "{wrong:?}: {opened:?}");
        }
        for name in ["", "a b", "a+b", "a\nb"] {
            assert!(matches!(Signer::generate(name), Err(Error::Name)));
        }
        let key = Signer::generate("a").unwrap();
        for wrong in ["", "a", KEY, &key.replacen("+a+", "+b+", 1), &key[..key.len() - 5]] {
            assert!(matches!(wrong.parse::<Signer>(), Err(Error::Key)), "{wrong:?}");
        }
        for wrong in
            ["", "a", "a+b", "a+00000000+AAAA", &KEY.replacen("c74f", "c74e", 1), &KEY[..KEY.len() - 4]]
        {
            assert_eq!(wrong.parse::<Verifier>(), Err(Error::Key), "{wrong:?}");
        }
    }
}
