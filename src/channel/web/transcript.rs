//! The whole conversation, to read or to save: JSON, or plain text where the client asks for it.

use crate::channel::web::problem::{Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::channel::web::wire::EventBody;
use crate::domain::{Event, EventKind, Language};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// More events than a conversation can have: the messages of both sides are bounded.
pub(super) const EVENTS_MAX: u32 = 20_000;

/// A whole conversation.
#[derive(Serialize, ToSchema)]
pub(super) struct TranscriptBody {
    /// The conversation
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// Everything that happened, in order
    events: Vec<EventBody>,
}

/// Read or save the whole conversation
///
/// JSON, or plain text with `Accept: text/plain`.
#[utoipa::path(get, path = "/v1/conversations/{id}/transcript", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "Everything that happened, in order", content(
            (TranscriptBody = "application/json"), (String = "text/plain"))),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let events = web.exchange()?.events(admitted, 0, EVENTS_MAX).await?;
    if wants_text(&headers) {
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text(&events)).into_response());
    }
    let events = events.into_iter().map(EventBody::from).collect();
    Ok(Json(TranscriptBody { id: admitted.id().0, events }).into_response())
}

/// Whether plain text comes before JSON in what the client accepts.
fn wants_text(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepted.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next()).map(str::trim);
    kinds.find(|kind| ["text/plain", "application/json", "*/*"].contains(kind)) == Some("text/plain")
}

fn text(events: &[Event]) -> String {
    let mut language = Language::Fi;
    let mut text = String::new();
    for event in events {
        let (who, words) = match &event.kind {
            EventKind::Welcome(welcome) => {
                language = welcome.language;
                ("neuvo", welcome.text.as_str())
            }
            EventKind::Message(message) => {
                let you = match language {
                    Language::Fi => "Sinä",
                    Language::Sv => "Du",
                    Language::En => "You",
                };
                (you, message.text.as_str())
            }
            EventKind::Reply(reply) => {
                language = reply.language;
                ("neuvo", reply.text.as_str())
            }
            EventKind::Handoff(handover) => {
                language = handover.language;
                ("neuvo", handover.text.as_str())
            }
            EventKind::Card(card) => ("neuvo", card.text.as_str()),
            EventKind::Expert(message) => (message.name.as_str(), message.text.as_str()),
        };
        let at = event.at.strftime("%Y-%m-%d %H:%M UTC");
        let _ = write!(text, "{who}, {at}\n{words}\n\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn reads_what_is_accepted() {
        let wants = |accept: &'static str| {
            wants_text(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wants("text/plain") && wants("text/html, text/plain;q=0.9, */*;q=0.1"));
        assert!(!wants("application/json, text/plain") && !wants("*/*") && !wants_text(&HeaderMap::new()));
    }
}
