//! Feedback on answers and conversations.

use crate::domain::{AnswerFeedback, ConversationFeedback, ConversationId};
use crate::store::{Store, StoreError, id_bytes, now, stored};

impl Store {
    /// Keeps or, with `None`, forgets what was said about a reply. False where the conversation has no reply in this place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rate(
        &self,
        id: ConversationId,
        seq: u64,
        feedback: Option<&AnswerFeedback>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        let replied: bool = sqlx::query_scalar(
            "select exists (select 1 from events where conversation = ? and seq = ? and kind = 'reply')",
        )
        .bind(id_bytes(id))
        .bind(stored(seq))
        .fetch_one(&mut *transaction)
        .await?;
        if !replied {
            return Ok(false);
        }
        let change = match feedback {
            Some(feedback) => sqlx::query(
                "insert into answer_feedback (conversation, seq, rating, words, at) values (?, ?, ?, ?, ?)
                 on conflict do update set rating = excluded.rating, words = excluded.words, at = excluded.at",
            )
            .bind(id_bytes(id))
            .bind(stored(seq))
            .bind(feedback.rating.name())
            .bind(feedback.words.as_str())
            .bind(now().as_millisecond()),
            None => sqlx::query("delete from answer_feedback where conversation = ? and seq = ?")
                .bind(id_bytes(id))
                .bind(stored(seq)),
        };
        change.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Keeps what was said about a conversation; it takes the place of what was said before.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where the conversation was deleted meanwhile.
    pub async fn comment(&self, id: ConversationId, feedback: &ConversationFeedback) -> Result<(), StoreError> {
        let done = sqlx::query(
            "insert into conversation_feedback (conversation, sort, words, wants_reply, at)
             select id, ?, ?, ?, ? from conversations where id = ?
             on conflict do update set sort = excluded.sort, words = excluded.words,
                 wants_reply = excluded.wants_reply, at = excluded.at",
        )
        .bind(feedback.sort.name())
        .bind(feedback.words.as_str())
        .bind(feedback.wants_reply)
        .bind(now().as_millisecond())
        .bind(id_bytes(id))
        .execute(&self.writer)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Unknown) } else { Ok(()) }
    }
}
