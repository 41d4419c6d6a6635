//! Every way in which the web channel says no: one stable code each, as `application/problem+json` (RFC 9457).

use crate::domain::UtteranceError;
use crate::exchange::Refusal;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// A refusal with what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: Option<Cow<'static, str>>,
    retry_seconds: Option<u64>,
    findings: Vec<serde_json::Value>,
}

/// The stable codes. Clients may branch on them; titles and details may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request cannot be read.
    BadRequest,
    /// The body is no JSON.
    BadJson,
    /// The body is JSON of another form.
    BadBody,
    /// The body is not declared as JSON.
    NotJson,
    /// The cursor is no number.
    BadCursor,
    /// The message has no words.
    MessageEmpty,
    /// The message is too long.
    MessageTooLong,
    /// The body is too large.
    BodyTooLarge,
    /// No such conversation, or not its secret.
    ConversationNotFound,
    /// No reply in this place of the conversation.
    AnswerNotFound,
    /// The conversation has all its messages.
    ConversationFull,
    /// The conversation has messages waiting.
    ConversationBusy,
    /// No token for editors is configured.
    AdminClosed,
    /// The token for editors is missing or wrong.
    AdminUnauthorized,
    /// Other content is going live.
    ContentBusy,
    /// The content may not go live.
    ContentRefused,
    /// No such version is kept.
    VersionNotFound,
    /// The conversation is with a person already, or no more.
    InOtherHands,
    /// No calls are taken here.
    CallbackOff,
    /// No call was asked for.
    CallbackNotFound,
    /// The time of the call cannot be chosen, or no longer.
    SlotTaken,
    /// The text is no phone number.
    BadNumber,
    /// No token for another contact centre is configured.
    DeskClosed,
    /// The token for another contact centre is missing or wrong.
    DeskUnauthorized,
    /// No such path.
    NotFound,
    /// The path knows other methods.
    MethodNotAllowed,
    /// Too many requests from one address.
    RateLimited,
    /// Too many turns wait.
    QueueFull,
    /// Too many streams are open.
    StreamsFull,
    /// The content and the model are being loaded.
    Starting,
    /// The server stops.
    Stopping,
    /// The request took too long.
    TimedOut,
    /// Something failed here.
    Internal,
}

impl Code {
    /// All codes, as they are documented.
    pub const ALL: [Self; 33] = [
        Self::BadRequest,
        Self::BadJson,
        Self::BadBody,
        Self::NotJson,
        Self::BadCursor,
        Self::MessageEmpty,
        Self::MessageTooLong,
        Self::BodyTooLarge,
        Self::ConversationNotFound,
        Self::AnswerNotFound,
        Self::ConversationFull,
        Self::ConversationBusy,
        Self::AdminClosed,
        Self::AdminUnauthorized,
        Self::ContentBusy,
        Self::ContentRefused,
        Self::VersionNotFound,
        Self::InOtherHands,
        Self::CallbackOff,
        Self::CallbackNotFound,
        Self::SlotTaken,
        Self::BadNumber,
        Self::DeskClosed,
        Self::DeskUnauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::QueueFull,
        Self::StreamsFull,
        Self::Starting,
        Self::Stopping,
        Self::TimedOut,
        Self::Internal,
    ];

    /// Code, status, title and the usual detail: the one list of all refusals.
    const fn entry(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", 400, "Bad request", "the request cannot be read: see /docs"),
            Self::BadJson => ("bad-json", 400, "Not JSON", "the body is no JSON: check its syntax"),
            Self::BadBody => ("bad-body", 422, "Unexpected body", "the body has another form than /docs describes"),
            Self::NotJson => ("not-json", 415, "JSON expected", "send `content-type: application/json`"),
            Self::BadCursor => {
                ("bad-cursor", 400, "Bad cursor", "expected the `seq` of an event in `Last-Event-ID` or `after`")
            }
            Self::MessageEmpty => ("message-empty", 422, "Empty message", "the message has no words: write a question"),
            Self::MessageTooLong => {
                ("message-too-long", 422, "Message too long", "at most 2000 characters are read: send it in parts")
            }
            Self::BodyTooLarge => ("body-too-large", 413, "Body too large", "send less in one request"),
            Self::ConversationNotFound => (
                "conversation-not-found",
                404,
                "No such conversation",
                "there is no conversation with this id and secret: open a new one with POST /v1/conversations",
            ),
            Self::AnswerNotFound => (
                "answer-not-found",
                404,
                "No such reply",
                "the conversation has no reply with this `seq`: read its events",
            ),
            Self::ConversationFull => (
                "conversation-full",
                409,
                "Conversation is full",
                "the conversation has all the messages it may have: open a new one",
            ),
            Self::ConversationBusy => (
                "conversation-busy",
                429,
                "Conversation is busy",
                "earlier messages of this conversation are being answered: send it again in a moment",
            ),
            Self::AdminClosed => {
                ("admin-closed", 403, "Closed", "no token is configured: name a file with one as `admin.token_file`")
            }
            Self::AdminUnauthorized => (
                "admin-unauthorized",
                401,
                "Not authorized",
                "send the token of `admin.token_file` as `Authorization: Bearer`",
            ),
            Self::ContentBusy => (
                "content-busy",
                409,
                "Content is going live",
                "other content is going live just now: try again in a moment",
            ),
            Self::ContentRefused => (
                "content-refused",
                422,
                "Content refused",
                "the content may not go live, and what answered before still does: see `findings`",
            ),
            Self::VersionNotFound => (
                "version-not-found",
                404,
                "No such version",
                "this version is not kept: GET /v1/admin/content lists those that are",
            ),
            Self::InOtherHands => (
                "in-other-hands",
                409,
                "In other hands",
                "a person has the conversation already, is waited for, or is so no more: read its events",
            ),
            Self::CallbackOff => (
                "callback-off",
                409,
                "No calls are taken",
                "no calls can be asked for here: see `features` of GET /v1/widget/config",
            ),
            Self::CallbackNotFound => (
                "callback-not-found",
                404,
                "No such call",
                "no call was asked for in this conversation, or it was made: ask for one with PUT",
            ),
            Self::SlotTaken => (
                "slot-taken",
                409,
                "The time is taken",
                "this time has all its calls or cannot be chosen: GET /v1/callback/slots lists those that can",
            ),
            Self::BadNumber => {
                ("bad-number", 422, "No phone number", "this is no phone number: write one such as `040 123 4567`")
            }
            Self::DeskClosed => (
                "desk-closed",
                403,
                "Closed",
                "no token is configured: name a file with one as `contact_centre.token_file`",
            ),
            Self::DeskUnauthorized => (
                "desk-unauthorized",
                401,
                "Not authorized",
                "send the token of `contact_centre.token_file` as `Authorization: Bearer`",
            ),
            Self::NotFound => ("not-found", 404, "No such path", "there is nothing here: see /docs"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", 405, "Method not allowed", "this path knows the methods in the `Allow` header")
            }
            Self::RateLimited => {
                ("rate-limited", 429, "Too many requests", "many requests came from your address: wait a moment")
            }
            Self::QueueFull => (
                "queue-full",
                503,
                "Many people are asking",
                "many people are asking just now: please send the message again in a few seconds",
            ),
            Self::StreamsFull => {
                ("streams-full", 503, "Too many streams", "too many event streams are open: try again in a moment")
            }
            Self::Starting => ("starting", 503, "Starting", "the service is starting: try again in a few seconds"),
            Self::Stopping => ("stopping", 503, "Stopping", "the service is being restarted: try again in a moment"),
            Self::TimedOut => (
                "timed-out",
                503,
                "Took too long",
                "the request took too long: send it again, a message with the same id is answered once",
            ),
            Self::Internal => {
                ("internal", 500, "Something went wrong", "something went wrong at our end: please try again")
            }
        }
    }

    /// The code as clients read it.
    pub const fn as_str(self) -> &'static str {
        self.entry().0
    }

    fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Seconds to wait where waiting helps.
    const fn retry_seconds(self) -> Option<u64> {
        match self {
            Self::ConversationBusy | Self::ContentBusy => Some(1),
            Self::RateLimited | Self::QueueFull | Self::TimedOut => Some(2),
            Self::StreamsFull | Self::Starting | Self::Stopping => Some(5),
            _ => None,
        }
    }
}

/// A problem as it is sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is described.
    #[schema(example = "/v1/problems#queue-full")]
    pub r#type: String,
    /// What went wrong, in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    #[schema(example = "queue-full")]
    pub code: &'static str,
    /// What to do about it.
    pub detail: Cow<'static, str>,
    /// Faults of refused content, each with `severity`, `path`, `line` and `message`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<serde_json::Value>,
}

impl Problem {
    /// The problem with a detail of its own. Details never quote what a citizen wrote.
    pub fn with_detail(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..code.into() }
    }

    /// The problem that goes away after some time.
    pub const fn with_retry(code: Code, retry_seconds: u64) -> Self {
        Self { code, detail: None, retry_seconds: Some(retry_seconds), findings: Vec::new() }
    }

    /// The problem with the faults of refused content.
    pub fn with_findings(code: Code, detail: impl Into<Cow<'static, str>>, findings: Vec<serde_json::Value>) -> Self {
        Self { detail: Some(detail.into()), findings, ..code.into() }
    }

    /// The stable code.
    pub const fn code(&self) -> Code {
        self.code
    }

    fn body(self) -> ProblemBody {
        let (code, status, title, detail) = self.code.entry();
        ProblemBody {
            r#type: format!("/v1/problems#{code}"),
            title,
            status,
            code,
            detail: self.detail.unwrap_or(Cow::Borrowed(detail)),
            findings: self.findings,
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, detail: None, retry_seconds: None, findings: Vec::new() }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Unknown => Code::ConversationNotFound,
            Refusal::Busy => Code::ConversationBusy,
            Refusal::Taken => Code::InOtherHands,
            Refusal::CallsOff => Code::CallbackOff,
            Refusal::NoCall => Code::CallbackNotFound,
            Refusal::SlotTaken => Code::SlotTaken,
            Refusal::QueueFull => Code::QueueFull,
            Refusal::ConversationFull => Code::ConversationFull,
            Refusal::Failed => {
                tracing::error!("a turn failed");
                Code::Internal
            }
            Refusal::Store(error) => {
                tracing::error!(%error, "the store failed");
                Code::Internal
            }
        };
        code.into()
    }
}

impl From<UtteranceError> for Problem {
    fn from(error: UtteranceError) -> Self {
        let code = match error {
            UtteranceError::Empty => Code::MessageEmpty,
            UtteranceError::TooLong { .. } => Code::MessageTooLong,
        };
        Self::with_detail(code, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry_seconds) = (self.code, self.retry_seconds.or(self.code.retry_seconds()));
        let mut response = (code.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(code);
        response
    }
}

/// Every problem that the service can answer with
#[utoipa::path(get, path = "/v1/problems", tag = "service",
    responses((status = 200, description = "All stable codes", body = [ProblemBody])))]
pub(super) async fn list() -> Json<Vec<ProblemBody>> {
    Json(Code::ALL.into_iter().map(|code| Problem::from(code).body()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_tell_the_way_out() {
        let codes: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            let (name, status, title, detail) = code.entry();
            assert_eq!(u16::from(code.status()), status, "{name}");
            assert!(400 <= status && !title.is_empty() && !detail.ends_with('.'), "{name}");
            assert!(detail.starts_with(char::is_lowercase), "{name}");
        }
    }
}
