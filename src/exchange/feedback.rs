//! Feedback on what was answered.

use crate::domain::{AnswerFeedback, ConversationFeedback};
use crate::exchange::{Admitted, Exchange, Refusal};

impl Exchange {
    /// Keeps what a citizen says about a reply; `None` takes it back. False where there is no such reply.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn rate(&self, admitted: Admitted, seq: u64, feedback: Option<&AnswerFeedback>) -> Result<bool, Refusal> {
        Ok(self.store.rate(admitted.id(), seq, feedback).await?)
    }

    /// Keeps what a citizen says about the conversation.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn comment(&self, admitted: Admitted, feedback: &ConversationFeedback) -> Result<(), Refusal> {
        Ok(self.store.comment(admitted.id(), feedback).await?)
    }
}
