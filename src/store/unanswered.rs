//! The questions that were not answered: what editors look at first.

use crate::domain::{EventKind, Language, Outcome};
use crate::store::{Store, StoreError, parse};
use sqlx::Row as _;

/// How many of the last replies are looked at.
const REPLIES_MAX: i64 = 20_000;

/// A question that got no answer. It has no `Debug`: the words are a citizen's.
pub struct Unanswered {
    /// The words, personal details masked.
    pub text: String,
    /// The language in which it was replied to.
    pub language: Language,
}

impl Store {
    /// The last questions that were asked back or not understood, the latest first, at most `questions_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unanswered(&self, questions_max: usize) -> Result<Vec<Unanswered>, StoreError> {
        let rows = sqlx::query(
            "select m.payload, r.payload from
             (select conversation, answers, payload, at from events where kind = 'reply' order by at desc limit $1) r
             join events m on m.conversation = r.conversation and m.seq = r.answers
             where m.kind = 'message' order by r.at desc",
        )
        .bind(REPLIES_MAX)
        .fetch_all(&self.backend.readers)
        .await?;
        let mut unanswered = Vec::new();
        for row in rows {
            let EventKind::Reply(reply) = parse(row.try_get(1)?, "event")? else { continue };
            let EventKind::Message(message) = parse(row.try_get(0)?, "event")? else { continue };
            if unanswered.len() < questions_max && matches!(reply.outcome, Outcome::Clarify | Outcome::Fallback) {
                unanswered.push(Unanswered { text: message.text, language: reply.language });
            }
        }
        Ok(unanswered)
    }
}
