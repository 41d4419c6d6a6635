//! Partners' contact cards in a conversation: offered by the expert, then shown or declined by the citizen.

use crate::domain::{AccountId, Card, CardState, ContentVersion, ConversationId, Event, EventKind, Owner};
use crate::store::handoff::{account_bytes, advance};
use crate::store::{Change, Store, StoreError, id_bytes, now, parse};

impl Store {
    /// Writes that the expert who has the conversation offers a card.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the expert has it no more.
    pub async fn offer_card(
        &self,
        id: ConversationId,
        expert: AccountId,
        (card, version): (Card, ContentVersion),
    ) -> Result<Event, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let seq = advance(&mut transaction, id, (Owner::Expert, Owner::Expert)).await?;
        let theirs: Option<(i64,)> =
            sqlx::query_as("select occasion from handoffs where conversation = $1 and expert = $2")
                .bind(id_bytes(id))
                .bind(account_bytes(expert))
                .fetch_optional(&mut *transaction)
                .await?;
        theirs.ok_or(StoreError::Taken)?;
        let event = Event { seq, at: now(), version, kind: EventKind::Card(Box::new(card)) };
        self.insert(&mut transaction, id, &event, None).await?;
        self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
        transaction.commit().await?;
        Ok(event)
    }

    /// Writes what the citizen said to the offer of a card.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where this card was not offered last.
    pub async fn answer_card(
        &self,
        id: ConversationId,
        (card, version): (Card, ContentVersion),
    ) -> Result<Event, StoreError> {
        let owner = self.record(id).await?.owner;
        let mut transaction = self.backend.begin().await?;
        // Locks the conversation before the look, so that of two answers the second sees the first.
        let seq = advance(&mut transaction, id, (owner, owner)).await?;
        let last: Option<(String,)> = sqlx::query_as(
            "select payload from events where conversation = $1 and kind = 'card' order by seq desc limit 1",
        )
        .bind(id_bytes(id))
        .fetch_optional(&mut *transaction)
        .await?;
        let last = last.map(|(payload,)| parse::<EventKind>(&payload, "event")).transpose()?;
        let is_offered = matches!(&last, Some(EventKind::Card(last)) if last.state == CardState::Offered && last.partner == card.partner);
        if !is_offered {
            transaction.rollback().await?;
            return Err(StoreError::Taken);
        }
        let event = Event { seq, at: now(), version, kind: EventKind::Card(Box::new(card)) };
        self.insert(&mut transaction, id, &event, None).await?;
        self.backend.tell(&mut transaction, Change::Reaches(id, seq)).await?;
        transaction.commit().await?;
        Ok(event)
    }
}
