//! For another contact centre that is the human side: it is told of events by webhook and acts here, with one account of its own and the
//! name of whoever speaks. Behind a token that the configuration names; without one, closed.

use crate::channel::web::admin::Token;
use crate::channel::web::json::Body;
use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Web, bearer};
use crate::channel::web::wire::EventBody;
use crate::domain::{ConversationId, HandOff, Language, MessageId, Owner, Resolution, Utterance};
use crate::exchange::Exchange;
use crate::store::{Account, Ticket};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// What opens these endpoints, and the login of the account that they act with.
pub(super) struct Desk {
    pub(super) token: Token,
    pub(super) login: String,
}

/// Proof that the token came with the request.
pub(super) struct Colleague(Account);

impl FromRequestParts<Arc<Web>> for Colleague {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let desk = web.desk.get().ok_or(Code::DeskClosed)?;
        if !bearer(&parts.headers).is_some_and(|presented| desk.token.is(presented)) {
            return Err(Code::DeskUnauthorized.into());
        }
        let account = web.exchange()?.desk_account(&desk.login).await;
        account.map(Self).map_err(|_| {
            Problem::with_detail(
                Code::DeskClosed,
                "the account of `contact_centre.login` is missing or may not serve: add it with `neuvo users add`",
            )
        })
    }
}

impl Colleague {
    /// The account under the name of whoever speaks.
    fn named(self, name: &str) -> Result<Account, Problem> {
        let name = name.trim();
        if name.is_empty() || NAME_CHARS_MAX < name.chars().count() {
            return Err(Problem::with_detail(Code::BadBody, "`name` has 1 to 60 characters: send a first name"));
        }
        Ok(Account { name: name.to_owned(), ..self.0 })
    }
}

/// The longest name of who speaks.
const NAME_CHARS_MAX: usize = 60;

/// Who waits.
#[derive(Serialize, ToSchema)]
pub(super) struct QueueBody {
    /// The most urgent first
    waiting: Vec<TicketBody>,
}

/// A conversation that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketBody {
    /// The conversation
    #[schema(value_type = String, format = "uuid")]
    conversation: Uuid,
    /// Which queue
    queue: String,
    /// Since when
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    lang: Language,
    /// What was last spoken of
    #[schema(example = "housing-allowance")]
    benefit: Option<String>,
    /// The occasion, the life situation and its signals
    #[schema(value_type = Object)]
    why: HandOff,
}

/// A conversation as a person sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct CaseBody {
    /// The conversation
    #[schema(value_type = String, format = "uuid")]
    conversation: Uuid,
    /// bot, queued, expert or closed
    #[schema(value_type = String, example = "queued")]
    owner: Owner,
    /// Everything that happened, in order
    events: Vec<EventBody>,
}

/// Who takes a conversation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimBody {
    /// First name, which the citizen is told
    #[schema(example = "Aino")]
    name: String,
}

/// What a person writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpeakBody {
    /// An id that the client makes, new for each message: sending the same one again writes nothing
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// First name
    #[schema(example = "Aino")]
    name: String,
    /// The words, at most 2000 characters
    text: String,
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseBody {
    /// solved, advised, referred, called, silent or unsolved
    #[schema(value_type = String, example = "solved")]
    resolution: Resolution,
}

type Id = Result<Path<Uuid>, PathRejection>;

/// Who waits for a person
#[utoipa::path(get, path = "/v1/desk/queue", tag = "contact centre", security(("secret" = [])),
    responses(
        (status = 200, description = "The most urgent first", body = QueueBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn queue(State(web): State<Arc<Web>>, _: Colleague) -> Result<Json<QueueBody>, Problem> {
    let waiting = web.exchange()?.floor().await.map_err(crate::exchange::Refusal::Store)?.waiting;
    Ok(Json(QueueBody { waiting: waiting.into_iter().map(TicketBody::from).collect() }))
}

/// Read a conversation that waits or that the account has
#[utoipa::path(get, path = "/v1/desk/conversations/{id}", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "Everything that happened, in order", body = CaseBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
) -> Result<Json<CaseBody>, Problem> {
    let id = id(path)?;
    let case = web.exchange()?.case(&colleague.0, id).await?;
    let events = case.events.into_iter().map(EventBody::from).collect();
    Ok(Json(CaseBody { conversation: id.0, owner: case.record.owner, events }))
}

/// Take a conversation out of the queue
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/claim", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = ClaimBody,
    responses(
        (status = 200, description = "The account has it; the bot is silent", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn claim(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
    Body(body): Body<ClaimBody>,
) -> Result<Json<EventBody>, Problem> {
    Ok(Json(exchange(&web)?.claim(&colleague.named(&body.name)?, id(path)?).await?.into()))
}

/// Write to the citizen
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/messages", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = SpeakBody,
    responses(
        (status = 200, description = "Kept, identifiers masked", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn speak(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
    Body(body): Body<SpeakBody>,
) -> Result<Json<EventBody>, Problem> {
    let words = Utterance::parse(&body.text)?;
    let message = (MessageId(body.id), &words);
    Ok(Json(exchange(&web)?.speak(&colleague.named(&body.name)?, id(path)?, message).await?.into()))
}

/// Tell the citizen that somebody writes
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/typing", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 204, description = "Told, unless it was a moment ago"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn typing(State(web): State<Arc<Web>>, colleague: Colleague, path: Id) -> Result<StatusCode, Problem> {
    exchange(&web)?.expert_types(&colleague.0, id(path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a conversation back into the queue
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/requeue", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "It waits again, with the waiting time that it had", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn requeue(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
) -> Result<Json<EventBody>, Problem> {
    Ok(Json(exchange(&web)?.requeue(&colleague.0, id(path)?).await?.into()))
}

/// Give a conversation back to the bot
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/return", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "The bot answers again", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn give_back(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
) -> Result<Json<EventBody>, Problem> {
    Ok(Json(exchange(&web)?.give_back(&colleague.0, id(path)?).await?.into()))
}

/// Close a conversation with how it ended
#[utoipa::path(post, path = "/v1/desk/conversations/{id}/close", tag = "contact centre", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = CloseBody,
    responses(
        (status = 200, description = "Closed; what the citizen asks after that, the bot answers", body = EventBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn close(
    State(web): State<Arc<Web>>,
    colleague: Colleague,
    path: Id,
    Body(body): Body<CloseBody>,
) -> Result<Json<EventBody>, Problem> {
    Ok(Json(exchange(&web)?.end(&colleague.0, id(path)?, body.resolution).await?.into()))
}

fn exchange(web: &Web) -> Result<&Arc<Exchange>, Problem> {
    web.exchange()
}

fn id(path: Id) -> Result<ConversationId, Problem> {
    let Path(id) = path.map_err(|_| Code::ConversationNotFound)?;
    Ok(ConversationId(id))
}

impl From<Ticket> for TicketBody {
    fn from(ticket: Ticket) -> Self {
        let Ticket { conversation, queue, why, since, language, benefit, expert: _ } = ticket;
        Self { conversation: conversation.0, queue, since, lang: language, benefit, why }
    }
}
