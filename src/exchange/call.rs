//! A conversation by telephone: how it begins and ends. What lies between is a conversation like any other.

use crate::conversation::Conversation;
use crate::domain::{ConversationId, EventKind, HandoverState, Language, Welcome};
use crate::exchange::{Admitted, Exchange, Refusal, Secret, Wording};
use crate::store::NewConversation;
use uuid::Uuid;

/// What stands in the place of a page for a conversation by telephone.
const PHONE: &str = "phone";

impl Exchange {
    /// Opens a conversation by telephone. Only the call itself holds it: its secret is told to nobody.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn open_call(&self, language: Option<Language>) -> Result<Admitted, Refusal> {
        let content = self.assistant.content();
        let spoken = language.unwrap_or(Language::Fi);
        let text = content.text("phone-greeting", spoken, (self.clock)().date());
        let new = NewConversation {
            id: ConversationId(Uuid::now_v7()),
            secret_hash: Secret::random().hash(),
            language,
            page: Some(PHONE.to_owned()),
            state: Conversation { language, by_voice: true, ..Conversation::default() },
            version: content.knowledge.version.clone(),
        };
        let welcome = Welcome { language: spoken, markdown: text.clone(), text };
        self.store.create(&new, EventKind::Welcome(welcome)).await?;
        self.metrics.conversation();
        Ok(Admitted::of(new.id))
    }

    /// The caller has hung up, or the call ended: nobody waits for a person any more, and the conversation says that it is over.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn hang_up(&self, admitted: Admitted, language: Language) -> Result<(), Refusal> {
        match self.leave_queue(admitted).await {
            Ok(_) | Err(Refusal::Taken) => {}
            Err(error) => return Err(error),
        }
        let (handover, version) = self.told(HandoverState::Closed, "phone-hung-up", language);
        match self.store.note(admitted.id(), handover, version).await.map_err(Refusal::from) {
            Ok(event) => {
                self.rooms.tell(admitted.id(), crate::exchange::News::Reaches(event.seq));
                Ok(())
            }
            // A person has it: they close it.
            Err(Refusal::Busy | Refusal::Taken) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The texts whose ids begin with `prefix` as a voice says them, by language, with the figures of today.
    pub fn wording_said(&self, prefix: &str) -> [Wording; 3] {
        let (content, day) = (self.assistant.content(), (self.clock)().date());
        let texts = &content.knowledge.intents.texts;
        Language::ALL.map(|language| {
            let ids = texts.keys().filter_map(|id| Some((id, id.strip_prefix(prefix)?)));
            ids.map(|(id, name)| (name.to_owned(), content.said(id, language, day))).collect()
        })
    }

    /// The time in Helsinki, by which people are at work or not.
    pub fn now(&self) -> jiff::civil::DateTime {
        (self.clock)()
    }
}
