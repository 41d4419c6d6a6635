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
        let mut transaction = self.backend.begin().await?;
        let replied_n: i64 =
            sqlx::query_scalar("select count(*) from events where conversation = $1 and seq = $2 and kind = 'reply'")
                .bind(id_bytes(id))
                .bind(stored(seq))
                .fetch_one(&mut *transaction)
                .await?;
        if replied_n == 0 {
            return Ok(false);
        }
        let change = match feedback {
            Some(feedback) => sqlx::query(
                "insert into answer_feedback (conversation, seq, rating, words, at) values ($1, $2, $3, $4, $5)
                 on conflict (conversation, seq) do update set rating = excluded.rating, words = excluded.words, at = excluded.at",
            )
            .bind(id_bytes(id))
            .bind(stored(seq))
            .bind(feedback.rating.name().to_owned())
            .bind(feedback.words.as_str().to_owned())
            .bind(now().as_millisecond()),
            None => sqlx::query("delete from answer_feedback where conversation = $1 and seq = $2")
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
             select id, $1, $2, $3, $4 from conversations where id = $5
             on conflict (conversation) do update set sort = excluded.sort, words = excluded.words,
                 wants_reply = excluded.wants_reply, at = excluded.at",
        )
        .bind(feedback.sort.name().to_owned())
        .bind(feedback.words.as_str().to_owned())
        .bind(i64::from(feedback.wants_reply))
        .bind(now().as_millisecond())
        .bind(id_bytes(id))
        .execute(&self.backend.writer)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Unknown) } else { Ok(()) }
    }
}
