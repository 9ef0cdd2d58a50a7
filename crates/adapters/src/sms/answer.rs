//! What Twilio's answers mean: <https://www.twilio.com/docs/usage/twilios-response> and, for the codes,
//! <https://www.twilio.com/docs/api/errors>.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::twilio_config::sid;
use crate::sms::Sent;
use crate::{SendError, Why};

/// The longest wait we let ourselves be told.
const LONGEST: Duration = Duration::from_secs(3600);

/// An answer, as far as we read it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A message resource. The rest of it repeats what we sent.
#[derive(Deserialize)]
struct Created {
    sid: String,
    status: String,
    error_code: Option<u32>,
}

/// An error. Its words are not read: they hold the number.
#[derive(Deserialize)]
struct Refusal {
    code: Option<u32>,
}

pub(super) fn judge(answer: &Answer, now: Timestamp) -> Result<Sent, SendError> {
    let status = answer.status;
    if status == 201 {
        return created(&answer.body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let code = refusal.and_then(|refusal| refusal.code);
    let shown = Some(code.unwrap_or(status.into()));
    match status {
        408 | 425 | 429 | 500..=599 => {
            let retry_after = answer.retry_after.as_deref().and_then(|text| wait(text, now));
            let why = if matches!(status, 408 | 504) { Why::Timeout } else { Why::Busy };
            Err(SendError::Transient { why, code: shown, retry_after })
        }
        401 | 403 => Err(SendError::permanent(code.map_or(Why::Credentials, meaning), shown)),
        400..=499 => Err(SendError::permanent(code.map_or(Why::Refused, meaning), shown)),
        // Neither taken nor refused: a redirect, or somebody else's page.
        _ => Err(SendError::transient(Why::Protocol, shown)),
    }
}

fn created(body: &[u8]) -> Result<Sent, SendError> {
    let unclear = || SendError::transient(Why::Protocol, Some(201));
    let created: Created = serde_json::from_slice(body).map_err(|_| unclear())?;
    let sid = sid(&created.sid, "SM").or_else(|| sid(&created.sid, "MM")).ok_or_else(unclear)?;
    if matches!(created.status.as_str(), "failed" | "undelivered" | "canceled") {
        let why = created.error_code.map_or(Why::Refused, meaning);
        return Err(SendError::permanent(why, created.error_code));
    }
    Ok(Sent { sid: Some(sid) })
}

fn meaning(code: u32) -> Why {
    match code {
        // Invalid; missing; cannot be reached; unknown; landline or unreachable carrier.
        21211 | 21214 | 21217 | 21604 | 30003 | 30005 => Why::Recipient,
        21614 | 30006 => Why::NotMobile,
        21610 => Why::OptedOut,
        21408 | 21612 => Why::Region,
        20003 | 20005 | 20006 | 20008 | 20404 => Why::Credentials,
        21212 | 21603 | 21606 | 21607 | 21611 | 21659 | 21660 | 21701 | 21703 | 21704 => Why::Sender,
        _ => Why::Refused,
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let told = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(at.duration_since(now)).unwrap_or_default()
    };
    Some(told.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_dates_and_have_an_end() {
        let now: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
        let seconds = |text: &str| wait(text, now).map(|told| told.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("99999999999999999999999"), Some(3600));
        assert_eq!(seconds("Sun, 22 Nov 2026 03:00:30 GMT"), Some(30));
        assert_eq!(seconds("Sun, 22 Nov 2026 02:00:00 GMT"), Some(0));
        for text in ["", "-1", "soon", "1.5"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
