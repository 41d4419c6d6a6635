//! What stands beside a conversation with a person: who writes just now, notes among colleagues, partners' contact cards.

use crate::domain::{Card, CardState, ConversationId, Event, Language, MessageId, Side, Utterance};
use crate::exchange::{Admitted, Exchange, News, Refusal};
use crate::store::{Account, Note};

/// A partner whose card can be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The id of its text.
    pub id: String,
    /// Its name.
    pub title: String,
}

/// How the ids of partners' cards begin; the rest of the console's texts about them are named otherwise.
const PARTNER: &str = "partner-";

impl Exchange {
    /// The citizen writes just now.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn citizen_types(&self, admitted: Admitted) -> Result<(), Refusal> {
        self.types(admitted.id(), Side::Citizen).await
    }

    /// The expert who has a conversation writes just now.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own.
    pub async fn expert_types(&self, account: &Account, id: ConversationId) -> Result<(), Refusal> {
        self.own_ticket(account, id).await?;
        self.types(id, Side::Expert).await
    }

    async fn types(&self, id: ConversationId, side: Side) -> Result<(), Refusal> {
        if self.rooms.typing(id, side) {
            self.store.whisper(id, side).await?;
        }
        Ok(())
    }

    /// Writes a note for colleagues about a conversation that one may read. Citizens never see it.
    ///
    /// # Errors
    /// See [`Exchange::case`].
    pub async fn add_note(
        &self,
        account: &Account,
        id: ConversationId,
        (name, words): (MessageId, &Utterance),
    ) -> Result<(), Refusal> {
        self.case_events(account, id, u64::MAX >> 1).await?;
        self.store.add_note(id, name, (&account.name, words.masked().as_str())).await?;
        self.store.audit(&account.login, "noted", Some(id)).await?;
        self.rooms.tell(id, News::Reaches(0));
        Ok(())
    }

    /// The notes of a conversation that one may read.
    ///
    /// # Errors
    /// See [`Exchange::case`].
    pub async fn notes(&self, account: &Account, id: ConversationId) -> Result<Vec<Note>, Refusal> {
        self.case_events(account, id, u64::MAX >> 1).await?;
        Ok(self.store.notes(id).await?)
    }

    /// The partners whose cards can be offered, in a language.
    pub fn partners(&self, language: Language) -> Vec<Partner> {
        let content = self.assistant.content();
        let ids = content.knowledge.intents.texts.keys().filter(|id| id.starts_with(PARTNER));
        ids.map(|id| Partner { id: id.clone(), title: split(&self.words(id, language)).0 }).collect()
    }

    /// Asks the citizen whether a partner's card may be shown.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where the conversation is not one's own, [`Refusal::Unknown`] where there is no such partner.
    pub async fn offer_card(&self, account: &Account, id: ConversationId, partner: &str) -> Result<Event, Refusal> {
        let ticket = self.own_ticket(account, id).await?;
        let (title, _) = self.card(partner, ticket).ok_or(Refusal::Unknown)?;
        let text = self.words("card-offer", ticket).replace("{partner}", &title);
        let card = Card { partner: partner.to_owned(), state: CardState::Offered, language: ticket, title, text };
        let version = self.assistant.content().knowledge.version.clone();
        let event = self.store.offer_card(id, account.id, (card, version)).await?;
        self.store.audit(&account.login, "offered-card", Some(id)).await?;
        self.rooms.tell(id, News::Reaches(event.seq));
        Ok(event)
    }

    /// The citizen wants the card that was offered last, or does not.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where this card was not offered last.
    pub async fn answer_card(&self, admitted: Admitted, partner: &str, is_wanted: bool) -> Result<Event, Refusal> {
        let id = admitted.id();
        let record = self.store.record(id).await?;
        let language = record.state.language.or(record.language).unwrap_or(Language::Fi);
        let (title, text) = self.card(partner, language).ok_or(Refusal::Taken)?;
        let (state, text) = if is_wanted {
            (CardState::Shown, text)
        } else {
            (CardState::Declined, self.words("card-declined", language))
        };
        let card = Card { partner: partner.to_owned(), state, language, title, text };
        let version = self.assistant.content().knowledge.version.clone();
        let event = self.store.answer_card(id, (card, version)).await?;
        self.rooms.tell(id, News::Reaches(event.seq));
        Ok(event)
    }

    fn card(&self, partner: &str, language: Language) -> Option<(String, String)> {
        let is_known =
            partner.starts_with(PARTNER) && self.assistant.content().knowledge.intents.texts.contains_key(partner);
        is_known.then(|| split(&self.words(partner, language)))
    }

    /// The language of a conversation that an expert has.
    async fn own_ticket(&self, account: &Account, id: ConversationId) -> Result<Language, Refusal> {
        let ticket = self.store.ticket(id).await?.filter(|ticket| ticket.expert == Some(account.id));
        Ok(ticket.ok_or(Refusal::Taken)?.language)
    }
}

/// A card's first line is the partner's name.
fn split(card: &str) -> (String, String) {
    let (title, text) = card.split_once('\n').unwrap_or((card, ""));
    (title.trim().to_owned(), text.trim().to_owned())
}
