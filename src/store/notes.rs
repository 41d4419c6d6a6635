//! What experts write down for each other about a conversation.

use crate::domain::{ConversationId, MessageId};
use crate::store::{Change, Store, StoreError, id_bytes, now};
use jiff::Timestamp;
use sqlx::Row as _;

/// A note of an expert. Its `Debug` hides the words.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// The console's name of it.
    pub id: MessageId,
    /// When it was written.
    pub at: Timestamp,
    /// The first name of who wrote it.
    pub name: String,
    /// The words, masked.
    pub words: String,
}

/// Notes of one conversation.
const NOTES_MAX: i64 = 200;

impl Store {
    /// Writes a note; the same one again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where the conversation is no more.
    pub async fn add_note(
        &self,
        conversation: ConversationId,
        id: MessageId,
        (name, words): (&str, &str),
    ) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let written = sqlx::query(
            "insert into notes (conversation, id, at, name, words)
             select id, $1, $2, $3, $4 from conversations where id = $5
             on conflict (conversation, id) do update set words = notes.words",
        )
        .bind(id.0.as_bytes().to_vec())
        .bind(now().as_millisecond())
        .bind(name.to_owned())
        .bind(words.to_owned())
        .bind(id_bytes(conversation))
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Err(StoreError::Unknown);
        }
        self.backend.tell(&mut transaction, Change::Reaches(conversation, 0)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The notes of a conversation, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn notes(&self, conversation: ConversationId) -> Result<Vec<Note>, StoreError> {
        let rows =
            sqlx::query("select id, at, name, words from notes where conversation = $1 order by at, id limit $2")
                .bind(id_bytes(conversation))
                .bind(NOTES_MAX)
                .fetch_all(&self.backend.readers)
                .await?;
        rows.iter()
            .map(|row| {
                let id: Vec<u8> = row.try_get(0)?;
                Ok(Note {
                    id: MessageId(super::handoff::uuid(&id)?),
                    at: Timestamp::from_millisecond(row.try_get(1)?).map_err(|_| StoreError::Form { what: "time" })?,
                    name: row.try_get(2)?,
                    words: row.try_get(3)?,
                })
            })
            .collect()
    }
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Note({}, {} chars)", self.id, self.words.chars().count())
    }
}
