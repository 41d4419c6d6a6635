//! Asks for a call back at a time of the citizen's choice, looks at it, takes it back.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::domain::{CallBackWish, Language, PhoneNumber};
use crate::exchange::Slot;
use crate::store::CallBack;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The times that can be chosen.
#[derive(Serialize, ToSchema)]
pub(super) struct SlotsBody {
    /// In order; none where all are taken, or no calls are
    slots: Vec<SlotBody>,
}

/// A time for a call.
#[derive(Serialize, ToSchema)]
pub(super) struct SlotBody {
    /// Its name: send it as `slot`
    #[schema(value_type = String, example = "2026-11-23T09:00:00")]
    slot: DateTime,
    /// When it begins
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Minutes within which the call comes
    minutes: u32,
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WishBody {
    /// The number to call; one without a country's code is Finnish
    #[schema(example = "040 123 4567")]
    number: String,
    /// The language of the call: fi, sv or en
    #[schema(value_type = String, example = "fi")]
    lang: Language,
    /// Whether an interpreter is wanted
    #[serde(default)]
    interpreter: bool,
    /// What it is about, at most 200 characters
    #[serde(default)]
    topic: String,
    /// One of the times of `/v1/callback/slots`
    #[schema(value_type = String, example = "2026-11-23T09:00:00")]
    slot: DateTime,
}

/// A call that was asked for. Its number is told to nobody but who calls.
#[derive(Serialize, ToSchema)]
pub(super) struct CallBody {
    /// The time
    #[schema(value_type = String, example = "2026-11-23T09:00:00")]
    slot: DateTime,
    /// When it begins
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    lang: Language,
    /// Whether an interpreter is wanted
    interpreter: bool,
    /// What it is about, masked
    topic: String,
    /// Whether an expert is about to call: then it can be cancelled, not changed
    claimed: bool,
}

/// The times at which Kela can call back
#[utoipa::path(get, path = "/v1/callback/slots", tag = "hand-off",
    responses(
        (status = 200, description = "Today's times that are still to come, and those of the next working day", body = SlotsBody),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn slots(State(web): State<Arc<Web>>) -> Result<Json<SlotsBody>, Problem> {
    let slots = web.exchange()?.call_back_slots().await?;
    let body = |Slot { starts, minutes }| SlotBody { slot: starts, starts_at: timestamp(starts), minutes };
    Ok(Json(SlotsBody { slots: slots.into_iter().map(body).collect() }))
}

/// Ask for a call back, or change what was asked for
#[utoipa::path(put, path = "/v1/conversations/{id}/callback", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = WishBody,
    responses(
        (status = 200, description = "Kept; the number is encrypted and deleted after the call", body = CallBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn ask(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    Body(body): Body<WishBody>,
) -> Result<Json<CallBody>, Problem> {
    let WishBody { number, lang, interpreter, topic, slot } = body;
    let number =
        PhoneNumber::parse(&number).map_err(|error| Problem::with_detail(Code::BadNumber, error.to_string()))?;
    if CallBackWish::TOPIC_CHARS_MAX < topic.chars().count() {
        return Err(Problem::with_detail(Code::BadBody, "`topic` has more than 200 characters: shorten it"));
    }
    let topic = topic.trim().to_owned();
    let wish = CallBackWish { number, language: lang, wants_interpreter: interpreter, topic, slot };
    Ok(Json(web.exchange()?.request_call_back(admitted, wish).await?.into()))
}

/// The call back that was asked for
#[utoipa::path(get, path = "/v1/conversations/{id}/callback", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "What was asked for", body = CallBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<Json<CallBody>, Problem> {
    let call = web.exchange()?.call_back(admitted).await?.ok_or(Code::CallbackNotFound)?;
    Ok(Json(call.into()))
}

/// Cancel the call back
#[utoipa::path(delete, path = "/v1/conversations/{id}/callback", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 204, description = "Cancelled; number and topic are deleted"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn cancel(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<StatusCode, Problem> {
    web.exchange()?.cancel_call_back(admitted).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn timestamp(starts: DateTime) -> Timestamp {
    let zone = TimeZone::get("Europe/Helsinki").unwrap_or(TimeZone::UTC);
    // In the hour that clocks skip the later one is meant: no calls are made at night.
    zone.to_ambiguous_timestamp(starts).compatible().unwrap_or_default()
}

impl From<CallBack> for CallBody {
    fn from(call: CallBack) -> Self {
        Self {
            slot: call.slot,
            starts_at: timestamp(call.slot),
            lang: call.language,
            interpreter: call.wants_interpreter,
            topic: call.topic,
            claimed: call.expert.is_some(),
        }
    }
}
