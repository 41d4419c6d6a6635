//! Accounts of the console, their sessions, and the log of what they did.

use crate::domain::{AccountId, ConversationId, Language, Role};
use crate::store::events::is_duplicate;
use crate::store::handoff::{account_bytes, uuid};
use crate::store::{Store, StoreError, count, id_bytes, json, now, parse};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use uuid::Uuid;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name in the store.
    pub id: AccountId,
    /// What is typed to sign in.
    pub login: String,
    /// The first name that citizens see.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The languages that it serves; empty serves all.
    pub languages: Vec<Language>,
    /// The benefits that it serves; empty serves all.
    pub benefits: Vec<String>,
    /// How many conversations it has at once.
    pub chats_max: u32,
    /// Whether new conversations are wanted.
    pub is_available: bool,
    /// Whether it may not sign in.
    pub is_disabled: bool,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub login: String,
    /// What, from a fixed list.
    pub action: String,
    /// Which conversation, where it is about one.
    pub conversation: Option<ConversationId>,
}

/// The SHA-256 of a session's cookie.
pub type TokenHash = [u8; 32];

/// How long a session lives.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// Without use.
    pub idle_max: SignedDuration,
    /// In all.
    pub age_max: SignedDuration,
}

/// An account that was not at the console for longer serves nobody.
const PRESENT_TIME: SignedDuration = SignedDuration::from_mins(2);

macro_rules! select_accounts {
    ($rest:literal) => {
        concat!("select id, login, name, role, languages, benefits, chats_max, available, disabled, password_hash from accounts ", $rest)
    };
}
pub(super) use select_accounts;

impl Store {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::LoginTaken`] where the login is another's.
    pub async fn add_account(&self, account: &Account, password_hash: &str) -> Result<(), StoreError> {
        let mut connection = self.backend.writer.acquire().await?;
        insert_account(&mut connection, account, password_hash).await
    }

    /// All accounts, by login.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query(select_accounts!("order by login")).fetch_all(&self.backend.readers).await?;
        rows.iter().map(account).collect()
    }

    /// The account with a login, and its password's hash.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn account(&self, login: &str) -> Result<Option<(Account, String)>, StoreError> {
        let row =
            sqlx::query(select_accounts!("where login = $1")).bind(login).fetch_optional(&self.backend.readers).await?;
        row.as_ref().map(|row| Ok((account(row)?, row.try_get(9)?))).transpose()
    }

    /// Lets an account in again, or no more; then its sessions end at once. False where there is none.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn disable(&self, login: &str, is_disabled: bool) -> Result<bool, StoreError> {
        let statement = "update accounts set disabled = $1, available = 0 where login = $2";
        self.change_account(sqlx::query(statement).bind(i64::from(is_disabled)).bind(login), login).await
    }

    /// Gives an account another role; its sessions end, so that nothing of the old one is left.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_role(&self, login: &str, role: Role) -> Result<bool, StoreError> {
        let statement = "update accounts set role = $1 where login = $2";
        self.change_account(sqlx::query(statement).bind(role.as_str()).bind(login), login).await
    }

    /// Changes an account's name, what it serves, and how many conversations it has at once.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_skills(&self, account: &Account) -> Result<(), StoreError> {
        let statement = "update accounts set name = $1, languages = $2, benefits = $3, chats_max = $4 where id = $5";
        sqlx::query(statement)
            .bind(account.name.clone())
            .bind(json(&account.languages, "languages")?)
            .bind(json(&account.benefits, "benefits")?)
            .bind(i64::from(account.chats_max))
            .bind(account_bytes(account.id))
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// Gives an account another password; its sessions end.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_password(&self, login: &str, password_hash: &str) -> Result<bool, StoreError> {
        let statement = "update accounts set password_hash = $1 where login = $2";
        self.change_account(sqlx::query(statement).bind(password_hash).bind(login), login).await
    }

    async fn change_account(
        &self,
        change: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
        login: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let changed = change.execute(&mut *transaction).await?.rows_affected() == 1;
        sqlx::query("delete from sessions where account in (select id from accounts where login = $1)")
            .bind(login)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// Says whether an account wants new conversations.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_available(&self, id: AccountId, is_available: bool) -> Result<(), StoreError> {
        sqlx::query("update accounts set available = $1, seen_at = $2 where id = $3")
            .bind(i64::from(is_available))
            .bind(now().as_millisecond())
            .bind(account_bytes(id))
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// How many conversations go on at once when everybody who is there is busy.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn chats_at_once(&self) -> Result<u32, StoreError> {
        let rows: Vec<(i64,)> =
            sqlx::query_as("select chats_max from accounts where available = 1 and disabled = 0 and seen_at > $1")
                .bind((now() - PRESENT_TIME).as_millisecond())
                .fetch_all(&self.backend.readers)
                .await?;
        let sum = rows.into_iter().map(|(chats_n,)| count(chats_n)).sum::<u64>();
        Ok(u32::try_from(sum).unwrap_or(u32::MAX))
    }

    /// Opens a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn open_session(&self, token: &TokenHash, account: AccountId) -> Result<(), StoreError> {
        let at = now().as_millisecond();
        sqlx::query("insert into sessions (token_hash, account, created_at, used_at) values ($1, $2, $3, $3)")
            .bind(token.to_vec())
            .bind(account_bytes(account))
            .bind(at)
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// The account of a session that lives. `is_use` keeps it alive.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(
        &self,
        token: &TokenHash,
        times: SessionTimes,
        is_use: bool,
    ) -> Result<Option<Account>, StoreError> {
        let at = now();
        let row = sqlx::query(select_accounts!(
            "where disabled = 0
             and id in (select account from sessions where token_hash = $1 and used_at > $2 and created_at > $3)"
        ))
        .bind(token.to_vec())
        .bind((at - times.idle_max).as_millisecond())
        .bind((at - times.age_max).as_millisecond())
        .fetch_optional(&self.backend.readers)
        .await?;
        let Some(account) = row.as_ref().map(account).transpose()? else { return Ok(None) };
        if is_use {
            sqlx::query("update sessions set used_at = $1 where token_hash = $2")
                .bind(at.as_millisecond())
                .bind(token.to_vec())
                .execute(&self.backend.writer)
                .await?;
        }
        sqlx::query("update accounts set seen_at = $1 where id = $2")
            .bind(at.as_millisecond())
            .bind(account_bytes(account.id))
            .execute(&self.backend.writer)
            .await?;
        Ok(Some(account))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn close_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        sqlx::query("delete from sessions where token_hash = $1")
            .bind(token.to_vec())
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// Deletes the sessions that are over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sweep_sessions(&self, times: SessionTimes) -> Result<u64, StoreError> {
        let at = now();
        let swept = sqlx::query("delete from sessions where used_at <= $1 or created_at <= $2")
            .bind((at - times.idle_max).as_millisecond())
            .bind((at - times.age_max).as_millisecond())
            .execute(&self.backend.writer)
            .await?;
        Ok(swept.rows_affected())
    }

    /// Writes into the audit log.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit(
        &self,
        login: &str,
        action: &'static str,
        conversation: Option<ConversationId>,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into audit (at, login, action, conversation) values ($1, $2, $3, $4)")
            .bind(now().as_millisecond())
            .bind(login)
            .bind(action)
            .bind(conversation.map(id_bytes))
            .execute(&self.backend.writer)
            .await?;
        Ok(())
    }

    /// The last entries of the audit log, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audited(&self, entries_max: u32) -> Result<Vec<Audited>, StoreError> {
        let rows = sqlx::query("select at, login, action, conversation from audit order by at desc limit $1")
            .bind(i64::from(entries_max))
            .fetch_all(&self.backend.readers)
            .await?;
        rows.iter()
            .map(|row| {
                let conversation: Option<Vec<u8>> = row.try_get(3)?;
                Ok(Audited {
                    at: Timestamp::from_millisecond(row.try_get(0)?).map_err(|_| StoreError::Form { what: "time" })?,
                    login: row.try_get(1)?,
                    action: row.try_get(2)?,
                    conversation: conversation.map(|id| uuid(&id).map(ConversationId)).transpose()?,
                })
            })
            .collect()
    }
}

impl Account {
    /// A new account with the bounds that all begin with.
    pub fn new(login: &str, name: &str, role: Role) -> Self {
        Self {
            id: AccountId(Uuid::now_v7()),
            login: login.to_owned(),
            name: name.to_owned(),
            role,
            languages: Vec::new(),
            benefits: Vec::new(),
            chats_max: 3,
            is_available: false,
            is_disabled: false,
        }
    }
}

/// Writes a new account.
///
/// # Errors
/// [`StoreError::LoginTaken`] where the login is another's.
pub(super) async fn insert_account(
    connection: &mut AnyConnection,
    account: &Account,
    password_hash: &str,
) -> Result<(), StoreError> {
    let added = sqlx::query(
        "insert into accounts (id, login, name, role, password_hash, languages, benefits, chats_max, available, disabled, created_at, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, 0)",
    )
    .bind(account_bytes(account.id))
    .bind(account.login.clone())
    .bind(account.name.clone())
    .bind(account.role.as_str())
    .bind(password_hash)
    .bind(json(&account.languages, "languages")?)
    .bind(json(&account.benefits, "benefits")?)
    .bind(i64::from(account.chats_max))
    .bind(now().as_millisecond())
    .execute(connection)
    .await;
    match added {
        Err(error) if is_duplicate(&error) => Err(StoreError::LoginTaken),
        result => Ok(result.map(|_| ())?),
    }
}

pub(super) fn account(row: &AnyRow) -> Result<Account, StoreError> {
    let id: Vec<u8> = row.try_get(0)?;
    let role: String = row.try_get(3)?;
    Ok(Account {
        id: AccountId(uuid(&id)?),
        login: row.try_get(1)?,
        name: row.try_get(2)?,
        role: role.parse().map_err(|_| StoreError::Form { what: "role" })?,
        languages: parse(&row.try_get::<String, _>(4)?, "languages")?,
        benefits: parse(&row.try_get::<String, _>(5)?, "benefits")?,
        chats_max: u32::try_from(count(row.try_get(6)?)).unwrap_or(u32::MAX),
        is_available: row.try_get::<i64, _>(7)? != 0,
        is_disabled: row.try_get::<i64, _>(8)? != 0,
    })
}
