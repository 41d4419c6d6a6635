//! Asks for a person, leaves the queue, tells how the wait stands.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::channel::web::wire::EventBody;
use crate::domain::Owner;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Who has a conversation, and how long the wait is.
#[derive(Serialize, ToSchema)]
pub(super) struct StandingBody {
    /// bot, queued, expert or closed
    #[schema(value_type = String, example = "queued")]
    owner: Owner,
    /// Place in the queue, from 1
    position: Option<u32>,
    /// Wait in minutes, rounded up; nothing where no honest one can be told
    estimate_minutes: Option<u32>,
}

/// What a wish for a person led to.
#[derive(Serialize, ToSchema)]
pub(super) struct AskedBody {
    /// What happened, in order, with `kind` = `handoff`: the last is `queued`, or `failed` where nobody can come now
    events: Vec<EventBody>,
}

/// What a citizen says to the offer of a contact card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerCardBody {
    /// The `partner` of the offer
    #[schema(example = "partner-wellbeing-county")]
    partner: String,
    /// Whether the card may be shown
    wanted: bool,
}

/// Ask for a person
#[utoipa::path(post, path = "/v1/conversations/{id}/handoff", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "In the queue, or told why not", body = AskedBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn ask(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<Json<AskedBody>, Problem> {
    let events = web.exchange()?.ask_for_person(admitted).await?;
    Ok(Json(AskedBody { events: events.into_iter().map(EventBody::from).collect() }))
}

/// How the wait for a person stands
#[utoipa::path(get, path = "/v1/conversations/{id}/handoff", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "Who has it, and how long the wait is", body = StandingBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn standing(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<Json<StandingBody>, Problem> {
    let standing = web.exchange()?.standing(admitted).await?;
    let (owner, position, estimate_minutes) = (standing.owner, standing.position, standing.estimate_minutes);
    Ok(Json(StandingBody { owner, position, estimate_minutes }))
}

/// Leave the queue
#[utoipa::path(delete, path = "/v1/conversations/{id}/handoff", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "The bot answers again", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn leave(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<Json<EventBody>, Problem> {
    Ok(Json(web.exchange()?.leave_queue(admitted).await?.into()))
}

/// Say whether a partner's contact card may be shown
#[utoipa::path(post, path = "/v1/conversations/{id}/card", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = AnswerCardBody,
    responses(
        (status = 200, description = "The card, or a word that it is not shown", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn card(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    Body(body): Body<AnswerCardBody>,
) -> Result<Json<EventBody>, Problem> {
    Ok(Json(web.exchange()?.answer_card(admitted, &body.partner, body.wanted).await?.into()))
}

/// Tell a person that the citizen is writing
///
/// Nothing is kept; say it every few seconds at most.
#[utoipa::path(post, path = "/v1/conversations/{id}/typing", tag = "hand-off", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 204, description = "Told, unless it was a moment ago"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn typing(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<StatusCode, Problem> {
    web.exchange()?.citizen_types(admitted).await?;
    Ok(StatusCode::NO_CONTENT)
}
