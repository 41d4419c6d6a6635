//! A signed webhook request.

use super::signature::{self, Fields};
use crate::channel::phone::calls::CallKey;
use crate::channel::phone::state::Phone;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode, header};
use std::sync::Arc;

/// A request that the gateway signed. Fields that nobody knows are kept and not looked at: gateways add some without notice.
pub(super) struct Signed {
    fields: Fields,
    query: Fields,
}

/// The kind of calls that come from here.
const KIND: &str = "twilio";

impl Signed {
    /// The first value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The call.
    pub(super) fn key(&self) -> Result<CallKey, StatusCode> {
        CallKey::parse(KIND, self.field("CallSid").unwrap_or_default()).ok_or(StatusCode::BAD_REQUEST)
    }

    /// The number of the request in its call, which the address has that we gave.
    pub(super) fn step(&self) -> u32 {
        let step = self.query.iter().find(|(name, _)| name == "n").and_then(|(_, value)| value.parse().ok());
        step.unwrap_or_default()
    }
}

/// The call of a name, for sockets.
pub(super) fn key(call: &str) -> Option<CallKey> {
    CallKey::parse(KIND, call)
}

impl FromRequest<Arc<Phone>> for Signed {
    type Rejection = StatusCode;

    async fn from_request(request: Request, phone: &Arc<Phone>) -> Result<Self, StatusCode> {
        let Some(token) = &phone.secrets.twilio else { return Err(StatusCode::NOT_FOUND) };
        let (parts, body) = request.into_parts();
        let signature = parts.headers.get(phone.config.twilio.signature_header.as_str());
        let signature = signature.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let is_get = parts.method == Method::GET;
        let body = Bytes::from_request(Request::from_parts(parts, body), phone);
        let body = body.await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let parsed = |text: &[u8]| -> Fields { form_urlencoded::parse(text).into_owned().collect() };
        let by_hash = signature::names_body(&query);
        let fields = if is_form && !is_get && !by_hash { parsed(&body) } else { Fields::new() };
        let is_right = signature::is_right(token, &phone.config.public_url, &path_and_query, &fields, &signature)
            && (!by_hash || signature::is_body(&query, &body));
        if !is_right {
            phone.metrics.call_event("unsigned");
            return Err(StatusCode::FORBIDDEN);
        }
        let query = parsed(query.as_bytes());
        let fields = match (by_hash, is_get) {
            (true, _) if is_form => parsed(&body),
            (true, _) => of_json(&body),
            (false, true) => query.clone(),
            (false, false) => fields,
        };
        Ok(Self { fields, query })
    }
}

/// The texts of a JSON object.
fn of_json(body: &[u8]) -> Fields {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).unwrap_or_default();
    object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}
