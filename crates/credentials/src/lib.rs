//! Proofs of who someone is: passwords, one-time codes, passkeys, signed tokens. Pure: no IO, no database, no HTTP.
//!
//! What must be remembered between two requests is handed out as bytes and handed back; keeping it, sealing it and
//! using it once is the caller's work. Nothing here says why a proof failed in words that contain the proof.

pub mod jwt;
pub mod otp;
pub mod passkey;
pub mod password;
pub mod pkce;
pub mod recovery;
pub mod secret;
pub mod totp;

mod base64url;
#[cfg(test)]
mod fixture;
