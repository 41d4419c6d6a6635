//! A signed webhook request: `Jambonz-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`.

use crate::channel::phone::calls::CallKey;
use crate::channel::phone::state::Phone;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::sync::Arc;

/// A request that the gateway signed. Fields that nobody knows are not looked at.
pub(super) struct Signed {
    body: Value,
    /// The number of the request in its call, which the address has that we gave.
    pub(super) step: u32,
}

/// The header with the signature.
const HEADER: &str = "jambonz-signature";
/// The kind of calls that come from here.
const KIND: &str = "jambonz";
/// A signature is good for so long before and after its time: clocks differ, and what was overheard is soon of no use.
const SECONDS_MAX: i64 = 300;

impl Signed {
    /// A text by its JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// A text or a number, as text.
    pub(super) fn word(&self, pointer: &str) -> Option<String> {
        match self.body.pointer(pointer)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A number by its JSON pointer.
    #[expect(clippy::cast_possible_truncation, reason = "a probability")]
    pub(super) fn number(&self, pointer: &str) -> Option<f32> {
        Some(self.body.pointer(pointer)?.as_f64()? as f32)
    }

    /// The call.
    pub(super) fn key(&self) -> Result<CallKey, StatusCode> {
        key(self.text("/call_sid").unwrap_or_default()).ok_or(StatusCode::BAD_REQUEST)
    }
}

/// The call of a name, for sockets.
pub(super) fn key(call: &str) -> Option<CallKey> {
    CallKey::parse(KIND, call)
}

impl FromRequest<Arc<Phone>> for Signed {
    type Rejection = StatusCode;

    #[expect(clippy::disallowed_methods, reason = "a channel reads the clock")]
    async fn from_request(request: Request, phone: &Arc<Phone>) -> Result<Self, StatusCode> {
        let Some(secret) = &phone.secrets.jambonz else { return Err(StatusCode::NOT_FOUND) };
        let header = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = Bytes::from_request(request, phone).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        if !is_right(secret, &header, &body, jiff::Timestamp::now().as_second()) {
            phone.metrics.call_event("unsigned");
            return Err(StatusCode::FORBIDDEN);
        }
        let step = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "n");
        let step = step.and_then(|(_, value)| value.parse().ok()).unwrap_or_default();
        let body = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(Self { body, step })
    }
}

/// Whether a signature is of this body and of this time.
fn is_right(secret: &str, header: &str, body: &[u8], now: i64) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let Some((_, time)) = parts().find(|(name, _)| *name == "t") else { return false };
    let is_now = time.parse().is_ok_and(|time: i64| now.abs_diff(time) <= SECONDS_MAX.unsigned_abs());
    // While a secret is changed there may be several.
    let signs = parts().filter(|(name, _)| *name == "v1").fold(false, |signs, (_, hex)| {
        let Some(signature) = unhex(hex) else { return signs };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return signs };
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        signs | mac.verify_slice(&signature).is_ok()
    });
    is_now && signs
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_signature_is_right_in_its_time() {
        let body = br#"{"call_sid":"abc","direction":"inbound"}"#;
        let good = "t=1700000000,v1=74faef780d190678ad286de7c00c5fe32cfb35a03661bdd0d3213180861cf60c";
        assert!(is_right("secret", good, body, 1_700_000_100));
        assert!(!is_right("secret", good, body, 1_700_000_301) && !is_right("secret", good, body, 1_699_999_000));
        assert!(!is_right("other", good, body, 1_700_000_000) && !is_right("secret", good, b"{}", 1_700_000_000));
        for wrong in ["", "t=1700000000", "v1=74", "t=x,v1=zz", "t=1700000000,v1=74f"] {
            assert!(!is_right("secret", wrong, body, 1_700_000_000), "{wrong}");
        }
    }
}
