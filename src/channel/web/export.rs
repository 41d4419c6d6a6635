//! Everything that is kept of one conversation, for the citizen whom it is about, and for an operator who answers her.

use crate::channel::web::callback::CallBody;
use crate::channel::web::problem::{Problem, ProblemBody};
use crate::channel::web::state::{Key, Web};
use crate::channel::web::wire::EventBody;
use crate::store::Exported;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Everything that is kept of one conversation.
#[derive(Serialize, ToSchema)]
pub struct ExportBody {
    /// The conversation
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// When it was opened
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The page that the citizen came from
    page: Option<String>,
    /// Everything that happened, in order
    events: Vec<EventBody>,
    /// What was said about replies
    ratings: Vec<RatingBody>,
    /// What was said about the conversation
    comment: Option<CommentedBody>,
    /// The call that was asked for; its number is kept encrypted and not told
    callback: Option<CallBody>,
    /// What experts wrote down for each other; the citizen's own export has none
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<NoteBody>,
}

/// What was said about a reply.
#[derive(Serialize, ToSchema)]
struct RatingBody {
    /// Place of the reply
    seq: u64,
    /// up or down
    rating: String,
    /// The words, masked
    words: String,
}

/// What was said about the conversation.
#[derive(Serialize, ToSchema)]
struct CommentedBody {
    /// suggestion, complaint or praise
    sort: String,
    /// The words, masked
    words: String,
}

/// What an expert wrote down.
#[derive(Serialize, ToSchema)]
struct NoteBody {
    /// When
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// First name of the expert
    name: String,
    /// The words, masked
    words: String,
}

/// Read everything that is kept of the conversation
#[utoipa::path(get, path = "/v1/conversations/{id}/export", tag = "conversations", security(("secret" = [])),
    params(("id" = String, Path, format = "uuid", description = "The conversation")),
    responses(
        (status = 200, description = "Everything that is kept", body = ExportBody),
        (status = "4XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(State(web): State<Arc<Web>>, Key(admitted): Key) -> Result<Json<ExportBody>, Problem> {
    let exported = web.exchange()?.export(admitted).await?;
    Ok(Json(ExportBody::new(admitted.id().0, exported)))
}

impl ExportBody {
    /// What is kept of a conversation, as it is told.
    pub fn new(id: Uuid, exported: Exported) -> Self {
        let Exported { created_at, page, events, ratings, comment, call, notes } = exported;
        let note = |note: crate::store::Note| NoteBody { at: note.at, name: note.name, words: note.words };
        Self {
            id,
            created_at,
            page,
            events: events.into_iter().map(EventBody::from).collect(),
            ratings: ratings.into_iter().map(|(seq, rating, words)| RatingBody { seq, rating, words }).collect(),
            comment: comment.map(|(sort, words)| CommentedBody { sort, words }),
            callback: call.map(CallBody::from),
            notes: notes.into_iter().map(note).collect(),
        }
    }
}
