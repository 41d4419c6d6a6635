//! What citizens say about answers, and about the conversation as a whole. Personal details are masked before anything is kept.

use crate::channel::web::json::Body;
use crate::channel::web::problem::{Code, Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::domain::{AnswerFeedback, ConversationFeedback, FeedbackSort, FeedbackWords, Rating};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a citizen says about an answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RateBody {
    /// up, down, or null to take it back
    #[schema(value_type = Option<String>, example = "up")]
    rating: Option<Rating>,
    /// Why, at most 500 characters
    #[serde(default)]
    words: String,
}

/// What a citizen says about the conversation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentBody {
    /// suggestion, complaint or praise
    #[schema(value_type = String, example = "suggestion")]
    sort: FeedbackSort,
    /// The words, at most 2000 characters
    words: String,
    /// Whether the citizen would like a reply
    #[serde(default)]
    wants_reply: bool,
}

/// Say whether an answer helped, or take it back
#[utoipa::path(put, path = "/v1/conversations/{id}/feedback/{seq}", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation"),
        ("seq" = u64, Path, description = "The `seq` of the reply")),
    request_body = RateBody,
    responses(
        (status = 204, description = "Kept, or forgotten where the rating is null"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn rate(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    path: Result<Path<(Uuid, u64)>, axum::extract::rejection::PathRejection>,
    Body(body): Body<RateBody>,
) -> Result<StatusCode, Problem> {
    let Path((_, seq)) = path.map_err(|_| Code::AnswerNotFound)?;
    let words = words(&body.words, FeedbackWords::ANSWER_CHARS_MAX)?;
    let feedback = body.rating.map(|rating| AnswerFeedback { rating, words });
    if web.exchange()?.rate(admitted, seq, feedback.as_ref()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::AnswerNotFound.into())
    }
}

/// Give feedback on the conversation; it takes the place of what was given before
#[utoipa::path(post, path = "/v1/conversations/{id}/feedback", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")), request_body = CommentBody,
    responses(
        (status = 204, description = "Kept"),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn comment(
    State(web): State<Arc<Web>>,
    Key(admitted): Key,
    Body(body): Body<CommentBody>,
) -> Result<StatusCode, Problem> {
    let words = words(&body.words, FeedbackWords::CONVERSATION_CHARS_MAX)?;
    if words.as_str().is_empty() {
        return Err(Problem::with_detail(Code::BadBody, "`words` is empty: write the feedback"));
    }
    let feedback = ConversationFeedback { sort: body.sort, words, wants_reply: body.wants_reply };
    web.exchange()?.comment(admitted, &feedback).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn words(text: &str, chars_max: usize) -> Result<FeedbackWords, Problem> {
    FeedbackWords::parse(text, chars_max).map_err(|error| Problem::with_detail(Code::BadBody, error.to_string()))
}
