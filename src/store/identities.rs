//! Whom an identity provider knows as whom, and the sign-ins by it that are under way.

use crate::store::accounts::{account, insert_account, select_accounts};
use crate::store::events::is_duplicate;
use crate::store::handoff::account_bytes;
use crate::store::{Account, Store, StoreError, TokenHash, now};
use jiff::SignedDuration;

/// Sign-ins that are under way at once; the oldest give way.
const SIGN_INS_N_MAX: i64 = 10_000;

impl Store {
    /// The account of a person at a provider.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn account_of(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreError> {
        let statement =
            select_accounts!("where id in (select account from identities where issuer = $1 and subject = $2)");
        let row = sqlx::query(statement).bind(issuer).bind(subject).fetch_optional(&self.backend.readers).await?;
        row.as_ref().map(account).transpose()
    }

    /// Adds the account of a person at a provider. It has no password.
    ///
    /// # Errors
    /// [`StoreError::LoginTaken`] where the login is another's, or the person has an account by now.
    pub async fn add_account_of(&self, account: &Account, issuer: &str, subject: &str) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        insert_account(&mut transaction, account, "").await?;
        let linked = sqlx::query("insert into identities (issuer, subject, account) values ($1, $2, $3)")
            .bind(issuer)
            .bind(subject)
            .bind(account_bytes(account.id))
            .execute(&mut *transaction)
            .await;
        match linked {
            Err(error) if is_duplicate(&error) => return Err(StoreError::LoginTaken),
            result => result?,
        };
        transaction.commit().await?;
        Ok(())
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn close_sessions(&self, account: &Account) -> Result<(), StoreError> {
        sqlx::query("delete from sessions where account = $1")
            .bind(account_bytes(account.id))
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// Keeps that a sign-in was begun, and forgets those that are older than `age_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin_sign_in(&self, token: &TokenHash, age_max: SignedDuration) -> Result<(), StoreError> {
        self.sweep_sign_ins(age_max).await?;
        let mut transaction = self.backend.begin().await?;
        sqlx::query(
            "delete from sign_ins where token_hash in
             (select token_hash from sign_ins order by created_at desc limit $1 offset $2)",
        )
        .bind(SIGN_INS_N_MAX)
        .bind(SIGN_INS_N_MAX - 1)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("insert into sign_ins (token_hash, created_at) values ($1, $2)")
            .bind(token.to_vec())
            .bind(now().as_millisecond())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets the sign-ins that are older than `age_max`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sweep_sign_ins(&self, age_max: SignedDuration) -> Result<u64, StoreError> {
        let swept = sqlx::query("delete from sign_ins where created_at <= $1")
            .bind((now() - age_max).as_millisecond())
            .execute(&self.backend.writer)
            .await?;
        Ok(swept.rows_affected())
    }

    /// Ends a sign-in that was begun within `age_max`: true once for each.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_sign_in(&self, token: &TokenHash, age_max: SignedDuration) -> Result<bool, StoreError> {
        let taken = sqlx::query("delete from sign_ins where token_hash = $1 and created_at > $2")
            .bind(token.to_vec())
            .bind((now() - age_max).as_millisecond())
            .execute(&self.backend.writer)
            .await?;
        Ok(taken.rows_affected() == 1)
    }
}
