//! What leaves for another system, and what that system may do: with an account of its own, it is the human side.

use crate::exchange::{Exchange, Refusal};
use crate::store::{Account, DeadLetter, Outgoing, StoreError};
use jiff::SignedDuration;
use uuid::Uuid;

/// How long a process has for what it took: if it dies, another takes it then.
const LEASE_TIME: SignedDuration = SignedDuration::from_secs(60);

impl Exchange {
    /// Takes events that are to be sent, at most `events_max`, of each conversation the oldest only.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn take_due(&self, events_max: u32) -> Result<Vec<Outgoing>, StoreError> {
        self.store.take_due(LEASE_TIME, events_max).await
    }

    /// An event was taken by the other system.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sent(&self, id: Uuid) -> Result<(), StoreError> {
        self.store.sent(id).await
    }

    /// An event was not taken: it is tried again after a while, or given up where none is said. `fault` holds no words of citizens.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn unsent(&self, id: Uuid, fault: &str, after: Option<SignedDuration>) -> Result<(), StoreError> {
        self.store.unsent(id, fault, after).await
    }

    /// What was given up, for those who supervise.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn dead_letters(&self, account: &Account) -> Result<Vec<DeadLetter>, StoreError> {
        self.store.audit(&account.login, "viewed-dead-letters", None).await?;
        self.store.dead_letters().await
    }

    /// Tries everything again that was given up.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn revive(&self, account: &Account) -> Result<u64, StoreError> {
        self.store.audit(&account.login, "revived-dead-letters", None).await?;
        let revived_n = self.store.revive().await?;
        self.rooms.look();
        Ok(revived_n)
    }

    /// The account that another system acts with.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] where there is none with this login, or it may not serve.
    pub async fn desk_account(&self, login: &str) -> Result<Account, Refusal> {
        let known = self.store.account(login).await?;
        let account = known.map(|(account, _)| account).filter(|account| account.role.serves() && !account.is_disabled);
        account.ok_or(Refusal::Unknown)
    }
}
