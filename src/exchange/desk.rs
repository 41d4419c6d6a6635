//! What experts do at the console: sign in, look, claim, talk, give back. Every view and action goes into the audit log first.

use crate::conversation::Conversation;
use crate::domain::{
    AccountId, Answered, ConversationId, Event, ExpertMessage, Handover, HandoverState, Language, MessageId,
    Resolution, Role, Utterance,
};
use crate::exchange::{Exchange, News, Refusal, Secret, Visit, answered, password};
use crate::handoff::{Skills, Waiting, is_for};
use crate::store::{Account, Audited, CallBack, Note, Passing, Record, SessionTimes, StoreError, Ticket};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use std::num::NonZeroU32;
use tokio::sync::Semaphore;
use tokio::time::Duration;

/// What the console needs besides the store.
pub(super) struct Desk {
    /// Tries to sign in, by login.
    tries: DefaultKeyedRateLimiter<String>,
    /// Passwords that are hashed at once: each takes 19 MiB.
    hashing: Semaphore,
}

/// Why someone cannot sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Login or password is wrong, or the account may not sign in: nobody learns which.
    #[error("login or password is wrong")]
    Wrong,
    /// Too many tries.
    #[error("too many tries: wait a minute")]
    TooOften,
    /// The account may not sign in; told only to whom the identity provider vouches for.
    #[error("the account is disabled")]
    Disabled,
    /// Nothing that the identity provider says gives a role at the console.
    #[error("no role at the console")]
    NoRole,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A conversation as an expert sees it.
#[derive(Debug)]
pub struct Case {
    /// Its place in the queue, where it waits or is with an expert.
    pub ticket: Option<Ticket>,
    /// What is kept of it.
    pub record: Record,
    /// Everything that happened.
    pub events: Vec<Event>,
    /// What colleagues wrote down.
    pub notes: Vec<Note>,
}

/// The whole floor at a moment.
#[derive(Debug)]
pub struct Floor {
    /// Who waits, the most urgent first.
    pub waiting: Vec<Ticket>,
    /// Who is with an expert.
    pub claimed: Vec<Ticket>,
    /// Calls that are to be made, the next first.
    pub calls: Vec<CallBack>,
    /// All accounts.
    pub accounts: Vec<Account>,
}

/// How long a session lives: a break, and a working day.
pub const SESSION: SessionTimes =
    SessionTimes { idle_max: SignedDuration::from_mins(60), age_max: SignedDuration::from_hours(12) };
/// Tries to sign in at once for one login, and the wait for each further one.
const TRIES_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
const TRY_TIME: Duration = Duration::from_secs(12);
/// Passwords that are hashed at once.
const HASHING_N: usize = 2;
/// How the ids of prepared answers begin.
const CANNED: &str = "canned-";
/// The longest login in characters.
const LOGIN_CHARS_MAX: usize = 64;
/// More events than a conversation can have.
const EVENTS_MAX: u32 = 20_000;

impl Default for Desk {
    fn default() -> Self {
        let quota = Quota::with_period(TRY_TIME).unwrap_or(Quota::per_minute(TRIES_BURST)).allow_burst(TRIES_BURST);
        Self { tries: RateLimiter::keyed(quota), hashing: Semaphore::new(HASHING_N) }
    }
}

impl Exchange {
    /// Opens a session; the secret goes into a cookie and is not kept.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(&self, login: &str, password: String) -> Result<(Account, Secret), SignInError> {
        if LOGIN_CHARS_MAX < login.chars().count() {
            return Err(SignInError::Wrong);
        }
        self.desk.tries.retain_recent();
        self.desk.tries.check_key(&login.to_owned()).map_err(|_| SignInError::TooOften)?;
        let _hashing = self.desk.hashing.try_acquire().map_err(|_| SignInError::TooOften)?;
        let known = self.store.account(login).await?;
        let (account, hash) = known.unzip();
        // Accounts of an identity provider have no password.
        let hash = hash.filter(|hash| !hash.is_empty());
        let right = tokio::task::spawn_blocking(move || password::is_right(&password, hash.as_deref())).await;
        let account = account.filter(|account| right.unwrap_or(false) && !account.is_disabled);
        let Some(account) = account else {
            // The login may be a password typed into the wrong field: it is not written down.
            self.store.audit("", "sign-in-refused", None).await?;
            return Err(SignInError::Wrong);
        };
        let secret = self.open_session(&account).await?;
        Ok((account, secret))
    }

    pub(super) async fn open_session(&self, account: &Account) -> Result<Secret, StoreError> {
        let secret = Secret::random();
        self.store.open_session(&secret.hash(), account.id).await?;
        self.store.audit(&account.login, "signed-in", None).await?;
        Ok(secret)
    }

    /// The account of a session. `is_use` keeps the session alive; an open page alone does not.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn session(&self, secret: &Secret, is_use: bool) -> Result<Option<Account>, StoreError> {
        self.store.session(&secret.hash(), SESSION, is_use).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sign_out(&self, account: &Account, secret: &Secret) -> Result<(), StoreError> {
        self.store.close_session(&secret.hash()).await?;
        self.store.set_available(account.id, false).await?;
        self.store.audit(&account.login, "signed-out", None).await
    }

    /// Says whether an account wants new conversations.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn set_available(&self, account: &Account, is_available: bool) -> Result<(), StoreError> {
        self.store.set_available(account.id, is_available).await?;
        self.store.audit(&account.login, if is_available { "available" } else { "away" }, None).await?;
        self.rooms.look();
        Ok(())
    }

    /// Everyone who waits or is served.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn floor(&self) -> Result<Floor, StoreError> {
        Ok(Floor {
            waiting: self.store.waiting().await?,
            claimed: self.store.claimed().await?,
            calls: self.store.call_backs().await?,
            accounts: self.store.accounts().await?,
        })
    }

    /// The last entries of the audit log, for those who supervise.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn audited(&self, account: &Account, entries_max: u32) -> Result<Vec<Audited>, StoreError> {
        self.store.audit(&account.login, "viewed-audit-log", None).await?;
        self.store.audited(entries_max).await
    }

    /// Opens a conversation for an expert: one that waits, one's own, or any for those who supervise.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is a colleague's, [`Refusal::Unknown`] where no person was asked for.
    pub async fn case(&self, account: &Account, id: ConversationId) -> Result<Case, Refusal> {
        let ticket = self.store.ticket(id).await?;
        let is_theirs = match &ticket {
            Some(ticket) => ticket.expert.is_none_or(|expert| expert == account.id),
            None => false,
        };
        if !is_theirs && !account.role.supervises() {
            return Err(if ticket.is_some() { Refusal::Taken } else { Refusal::Unknown });
        }
        self.store.audit(&account.login, "viewed", Some(id)).await?;
        let (record, events) = (self.store.record(id).await?, self.store.events(id, 0, EVENTS_MAX).await?);
        Ok(Case { ticket, record, events, notes: self.store.notes(id).await? })
    }

    /// What came after a place in a conversation that was opened with [`Exchange::case`].
    ///
    /// # Errors
    /// Where the store fails, or the conversation went to someone else.
    pub async fn case_events(&self, account: &Account, id: ConversationId, after: u64) -> Result<Vec<Event>, Refusal> {
        let ticket = self.store.ticket(id).await?.ok_or(Refusal::Taken)?;
        if ticket.expert.is_some_and(|expert| expert != account.id) && !account.role.supervises() {
            return Err(Refusal::Taken);
        }
        Ok(self.store.events(id, after, EVENTS_MAX).await?)
    }

    /// Listens for what happens in a conversation; `None` where as many listen as may.
    pub fn visit_case(&self, id: ConversationId) -> Option<Visit> {
        self.rooms.visit(id)
    }

    /// Hears that something happened in any conversation.
    pub fn anything(&self) -> tokio::sync::watch::Receiver<()> {
        self.rooms.anything()
    }

    /// What the bot would answer to a question: for an expert to read and to pass on.
    ///
    /// # Errors
    /// Where too many turns wait.
    pub async fn guidance(&self, language: Language, question: Utterance) -> Result<Answered, Refusal> {
        let (assistant, day) = (std::sync::Arc::clone(&self.assistant), (self.clock)().date());
        let question = question.masked();
        let turn = self.workers.run(move || {
            let mut fresh = Conversation { language: Some(language), ..Conversation::default() };
            assistant.turn(&mut fresh, &question, Some(language), day)
        });
        Ok(answered(turn.await?))
    }

    /// The prepared answers of the content, `canned-…`, in a language.
    pub fn canned(&self, language: Language) -> Vec<String> {
        let (content, day) = (self.assistant.content(), (self.clock)().date());
        let ids = content.knowledge.intents.texts.keys().filter(|id| id.starts_with(CANNED));
        ids.map(|id| content.text(id, language, day)).collect()
    }

    /// Takes a conversation out of the queue.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where a colleague was quicker, [`Refusal::Busy`] where one has as many conversations as one may.
    pub async fn claim(&self, account: &Account, id: ConversationId) -> Result<Event, Refusal> {
        let handover = self.handover(id, HandoverState::Claimed, "handoff-claimed").await?;
        let handover = Handover { expert: Some(account.name.clone()), ..handover };
        self.pass(account, id, &Passing::Claim(account.id), (handover, "claimed")).await
    }

    /// Gives a conversation to a colleague.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own, [`Refusal::Unknown`] where the colleague serves nobody.
    pub async fn pass_on(&self, account: &Account, id: ConversationId, to: AccountId) -> Result<Event, Refusal> {
        let accounts = self.store.accounts().await?;
        let colleague = accounts.into_iter().find(|other| other.id == to && other.role.serves() && !other.is_disabled);
        let colleague = colleague.ok_or(Refusal::Unknown)?;
        let handover = self.handover(id, HandoverState::Transferred, "handoff-transferred").await?;
        let handover = Handover { expert: Some(colleague.name), ..handover };
        self.pass(account, id, &Passing::Pass(account.id, to), (handover, "passed-on")).await
    }

    /// Puts a conversation back into the queue, with the waiting time that it has.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own.
    pub async fn requeue(&self, account: &Account, id: ConversationId) -> Result<Event, Refusal> {
        let handover = self.handover(id, HandoverState::Transferred, "handoff-transferred").await?;
        self.pass(account, id, &Passing::Requeue(account.id), (handover, "requeued")).await
    }

    /// Gives a conversation back to the bot.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own.
    pub async fn give_back(&self, account: &Account, id: ConversationId) -> Result<Event, Refusal> {
        let handover = self.handover(id, HandoverState::Returned, "handoff-returned").await?;
        self.pass(account, id, &Passing::Return(account.id), (handover, "returned")).await
    }

    /// Closes a conversation.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own.
    pub async fn end(&self, account: &Account, id: ConversationId, resolution: Resolution) -> Result<Event, Refusal> {
        let handover = self.handover(id, HandoverState::Closed, "handoff-ended").await?;
        self.pass(account, id, &Passing::Close(account.id, resolution), (handover, "closed")).await
    }

    /// Writes to the citizen. Personal identifiers are masked here too: an expert may paste one.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where the conversation is not one's own.
    pub async fn speak(
        &self,
        account: &Account,
        id: ConversationId,
        (name, words): (MessageId, &Utterance),
    ) -> Result<Event, Refusal> {
        let text = words.masked().as_str().to_owned();
        let message = ExpertMessage { id: name, text, name: account.name.clone() };
        let version = self.assistant.content().knowledge.version.clone();
        let event = self.store.speak(id, account.id, message, version).await?;
        self.store.audit(&account.login, "wrote", Some(id)).await?;
        self.rooms.tell(id, News::Reaches(event.seq));
        Ok(event)
    }

    async fn pass(
        &self,
        account: &Account,
        id: ConversationId,
        passing: &Passing,
        (handover, action): (Handover, &'static str),
    ) -> Result<Event, Refusal> {
        let version = self.assistant.content().knowledge.version.clone();
        let event = self.store.pass(id, passing, (handover, version)).await?;
        self.store.audit(&account.login, action, Some(id)).await?;
        self.rooms.tell(id, News::Reaches(event.seq));
        // Queues on screens are looked at anew.
        self.rooms.look();
        Ok(event)
    }

    async fn handover(&self, id: ConversationId, state: HandoverState, text: &str) -> Result<Handover, Refusal> {
        let record = self.store.record(id).await?;
        let language = record.state.language.or(record.language).unwrap_or(Language::Fi);
        Ok(self.told(state, text, language).0)
    }
}

/// Whether someone who waits is an expert's to serve now; others are shown too, below.
pub fn is_asked(ticket: &Ticket, account: &Account, now: Timestamp) -> bool {
    let waiting = Waiting {
        occasion: ticket.why.occasion,
        since: ticket.since,
        language: ticket.language,
        benefit: ticket.benefit.clone(),
    };
    let skills = Skills { languages: account.languages.clone(), benefits: account.benefits.clone() };
    is_for(&waiting, &skills, now)
}

/// Whether a role is let in at the console.
pub const fn may_enter(role: Role) -> bool {
    role.serves()
}
