//! Everything that is kept of one conversation.

use crate::domain::{ConversationId, Event};
use crate::store::{CallBack, Note, Store, StoreError, count, id_bytes};
use jiff::Timestamp;
use sqlx::Row as _;

/// Everything that is kept of one conversation.
#[derive(Debug)]
pub struct Exported {
    /// When it was opened.
    pub created_at: Timestamp,
    /// The page that the citizen came from.
    pub page: Option<String>,
    /// Everything that happened, in order.
    pub events: Vec<Event>,
    /// What was said about replies: their places, `up` or `down`, and the words.
    pub ratings: Vec<(u64, String, String)>,
    /// What was said about the conversation: the sort and the words.
    pub comment: Option<(String, String)>,
    /// The call that was asked for.
    pub call: Option<CallBack>,
    /// What experts wrote down for each other.
    pub notes: Vec<Note>,
}

/// More events than a conversation can have.
const EVENTS_MAX: u32 = 20_000;

impl Store {
    /// Everything that is kept of one conversation.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where there is none.
    pub async fn export(&self, id: ConversationId) -> Result<Exported, StoreError> {
        let readers = &self.backend.readers;
        let row = sqlx::query("select created_at, page from conversations where id = $1")
            .bind(id_bytes(id))
            .fetch_optional(readers)
            .await?
            .ok_or(StoreError::Unknown)?;
        let ratings: Vec<(i64, String, String)> = sqlx::query_as(
            "select seq, rating, words from answer_feedback where conversation = $1 order by seq limit $2",
        )
        .bind(id_bytes(id))
        .bind(i64::from(EVENTS_MAX))
        .fetch_all(readers)
        .await?;
        let comment: Option<(String, String)> =
            sqlx::query_as("select sort, words from conversation_feedback where conversation = $1")
                .bind(id_bytes(id))
                .fetch_optional(readers)
                .await?;
        Ok(Exported {
            created_at: Timestamp::from_millisecond(row.try_get(0)?).map_err(|_| StoreError::Form { what: "time" })?,
            page: row.try_get(1)?,
            events: self.events(id, 0, EVENTS_MAX).await?,
            ratings: ratings.into_iter().map(|(seq, rating, words)| (count(seq), rating, words)).collect(),
            comment,
            call: self.call_back_of(id).await?,
            notes: self.notes(id).await?,
        })
    }
}
