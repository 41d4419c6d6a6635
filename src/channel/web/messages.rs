//! Takes a message and gives its reply.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::channel::web::wire::ExchangedBody;
use crate::domain::{Language, MessageId, Utterance};
use crate::exchange::Incoming;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message to the bot.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "0192f0c1-7a5e-7cc3-98a4-0242ac120002", "text": "saanko asumistukea jos olen töissä"}))]
pub(super) struct SayBody {
    /// An id that the client makes, new for each message. Sending the same one again gives the first reply again and writes nothing.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The words, at most 2000 characters
    text: String,
    /// The language of the page, where it changed: fi, sv or en
    #[schema(value_type = Option<String>)]
    lang: Option<Language>,
}

/// Send a message and get its reply
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = SayBody,
    responses(
        (status = 200, description = "The message and its reply, both kept", body = ExchangedBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn say(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    Body(body): Body<SayBody>,
) -> Result<Json<ExchangedBody>, Problem> {
    let utterance = Utterance::parse(&body.text)?;
    let incoming = Incoming { id: MessageId(body.id), utterance, hint: body.lang };
    let exchanged = web.exchange()?.say(admitted, incoming).await?;
    Ok(Json(exchanged.into()))
}
