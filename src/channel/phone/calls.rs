//! All calls of this process: bounded, found by the gateway's name of them, forgotten when they are over.

use crate::channel::phone::session::Session;
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The name of a call: the gateway's kind and its own name of the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallKey(&'static str, String);

/// One call.
pub(super) struct Entry {
    /// The call itself. Who works on it holds it.
    pub(super) session: tokio::sync::Mutex<Session>,
    /// Ends what runs for the call: it vanished.
    pub(super) gone: CancellationToken,
    /// The newest event of the gateway that was seen, and one more.
    seen: AtomicU64,
}

/// All calls.
pub(super) struct Calls {
    open: Mutex<HashMap<CallKey, Arc<Entry>>>,
    /// As many may be open.
    room: usize,
    /// Calls that are over: what is told of them later is old news.
    over: Cache<CallKey, ()>,
    /// What opens a stream, once, and for which call.
    tokens: Cache<String, CallKey>,
}

/// What a call is found to be.
pub(super) enum Found {
    /// It is known.
    Known(Arc<Entry>),
    /// It is new, and there is room.
    New,
    /// It is over.
    Over,
    /// There is no room.
    Full,
}

/// The longest name of a call that a gateway gives.
const NAME_BYTES_MAX: usize = 128;
/// Calls that are over are remembered for this long.
const OVER_TIME: Duration = Duration::from_mins(30);
/// A stream begins this soon or never.
const TOKEN_TIME: Duration = Duration::from_mins(1);

impl CallKey {
    /// A name; none where it can be none.
    pub(super) fn parse(kind: &'static str, name: &str) -> Option<Self> {
        let is_one = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        is_one.then(|| Self(kind, name.to_owned()))
    }
}

impl Entry {
    /// Whether an event with this number is news: events may come twice and in any order.
    pub(super) fn is_news(&self, sequence: u64) -> bool {
        self.seen.fetch_max(sequence.saturating_add(1), Ordering::Relaxed) <= sequence
    }
}

impl Calls {
    pub(super) fn new(room: usize) -> Self {
        let over = Cache::builder().max_capacity(10_000).time_to_live(OVER_TIME).build();
        let tokens = Cache::builder().max_capacity(10_000).time_to_live(TOKEN_TIME).build();
        Self { open: Mutex::default(), room, over, tokens }
    }

    /// Looks for a call.
    pub(super) fn find(&self, key: &CallKey) -> Found {
        let calls = self.lock();
        match calls.get(key) {
            Some(entry) => Found::Known(Arc::clone(entry)),
            None if self.over.contains_key(key) => Found::Over,
            None if self.room <= calls.len() => Found::Full,
            None => Found::New,
        }
    }

    /// Adds a call, unless another request was quicker or there is no room any more.
    pub(super) fn add(&self, key: &CallKey, session: Session) -> Option<(Arc<Entry>, bool)> {
        let mut calls = self.lock();
        if let Some(entry) = calls.get(key) {
            return Some((Arc::clone(entry), false));
        }
        if self.room <= calls.len() {
            return None;
        }
        let entry = Entry {
            session: tokio::sync::Mutex::new(session),
            gone: CancellationToken::new(),
            seen: AtomicU64::new(0),
        };
        let entry = Arc::new(entry);
        calls.insert(key.clone(), Arc::clone(&entry));
        Some((entry, true))
    }

    /// Forgets a call. Gives it back where it was there.
    pub(super) fn remove(&self, key: &CallKey) -> Option<Arc<Entry>> {
        self.over.insert(key.clone(), ());
        let entry = self.lock().remove(key);
        if let Some(entry) = &entry {
            entry.gone.cancel();
        }
        entry
    }

    /// What opens a stream of a call, once.
    pub(super) fn token(&self, key: &CallKey) -> String {
        let token = Uuid::from_bytes(rand::random()).simple().to_string();
        self.tokens.insert(token.clone(), key.clone());
        token
    }

    /// The call that a token opens. It opens nothing again.
    pub(super) fn redeem(&self, token: &str) -> Option<CallKey> {
        self.tokens.remove(token)
    }

    /// All calls.
    pub(super) fn all(&self) -> Vec<(CallKey, Arc<Entry>)> {
        self.lock().iter().map(|(key, entry)| (key.clone(), Arc::clone(entry))).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallKey, Arc<Entry>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
