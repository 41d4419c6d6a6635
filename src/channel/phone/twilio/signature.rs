//! Whether a request is Twilio's: `X-Twilio-Signature` over the public address and the form's fields.
//!
//! Twilio itself is not consistent about the address that it signs: with or without the standard port, and with the query as it was sent or
//! encoded anew. Its own libraries accept all four, and so does this.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// What Node's `querystring.stringify` leaves as it is.
const LEGACY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// A form's fields in the order in which they came.
pub(super) type Fields = Vec<(String, String)>;

/// Whether the signature is right for one of the forms of the address.
pub(super) fn is_right(token: &str, public_url: &str, path_and_query: &str, fields: &Fields, signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    // All are computed, whichever is right.
    forms(public_url, path_and_query)
        .iter()
        .fold(false, |is_right, url| is_right | signs(token, url, fields, &signature))
}

/// Whether a body that is no form is the one whose hash the signed address names.
pub(super) fn is_body(query: &str, body: &[u8]) -> bool {
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    let hash = crate::domain::hex(&Sha256::digest(body), 32);
    named.is_some_and(|(_, named)| named.to_lowercase().as_bytes().ct_eq(hash.as_bytes()).into())
}

/// Whether the query says that the body is hashed instead of signed by its fields.
pub(super) fn names_body(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "bodySHA256")
}

/// The address without and with its port, each with the query as it came and encoded anew.
fn forms(public_url: &str, path_and_query: &str) -> [String; 4] {
    let (scheme, host) = public_url.split_once("://").unwrap_or(("https", public_url));
    let (bare, port) = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (bare, port),
        _ => (host, if scheme == "http" { "80" } else { "443" }),
    };
    let legacy = legacy(path_and_query);
    [
        format!("{scheme}://{bare}{path_and_query}"),
        format!("{scheme}://{bare}:{port}{path_and_query}"),
        format!("{scheme}://{bare}{legacy}"),
        format!("{scheme}://{bare}:{port}{legacy}"),
    ]
}

fn legacy(path_and_query: &str) -> String {
    let Some((path, query)) = path_and_query.split_once('?') else { return path_and_query.to_owned() };
    let encode = |text: &str| utf8_percent_encode(text, LEGACY).to_string();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{}={}", encode(&name), encode(&value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

fn signs(token: &str, url: &str, fields: &Fields, signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return false };
    mac.update(url.as_bytes());
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in fields {
        by_name.entry(name).or_default().push(value);
    }
    for (name, mut values) in by_name {
        values.sort_unstable();
        values.dedup();
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    mac.verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let pairs = [
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+358201234567"),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", "+358401234567"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn the_known_signature_is_right_and_others_are_not() {
        let check = |token, url, path, signature| is_right(token, url, path, &fields(), signature);
        let (url, path, signature) = ("https://bot.example.fi", "/voice/incoming?v=1", "HtgNmBoPGoyX9P7zlQmsaUwgoRs=");
        assert!(check("12345", url, path, signature));
        assert!(check("12345", "https://bot.example.fi:8443", path, signature), "signed without its port");
        assert!(!check("12346", url, path, signature));
        assert!(!check("12345", url, "/voice/incoming?v=2", signature));
        assert!(!check("12345", "http://bot.example.fi", path, signature));
        for wrong in ["", "=", "HtgNmBoPGoyX9P7zlQmsaUwgoRt=", "nonsense!"] {
            assert!(!check("12345", url, path, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_hashed_body_is_compared() {
        let body = br#"{"a":1}"#;
        let hash = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
        assert!(is_body(&format!("x=1&bodySHA256={hash}"), body));
        assert!(!is_body(&format!("bodySHA256={hash}"), b"{}") && !is_body("x=1", body));
        assert!(names_body("bodySHA256=0") && !names_body("x=1"));
    }
}
