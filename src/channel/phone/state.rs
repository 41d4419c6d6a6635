//! What all calls of one server share.

use crate::channel::phone::call::{Call, Rules, Script};
use crate::channel::phone::calls::{CallKey, Calls, Entry, Found};
use crate::channel::phone::ports::{CallBacks, FirstFree, Speech};
use crate::channel::phone::post::Post;
use crate::channel::phone::session::{Parties, Session};
use crate::config::phone::{Person, PhoneConfig};
use crate::domain::{Language, Occasion};
use crate::exchange::{Admitted, Exchange};
use crate::telemetry::metrics::Metrics;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What all calls of one server share.
pub struct Phone {
    pub(super) config: PhoneConfig,
    pub(super) calls: Calls,
    /// Lines that have not said yet whose they are.
    pub(super) doors: Arc<Semaphore>,
    pub(super) metrics: Arc<Metrics>,
    /// Ends streams.
    pub(super) stop: CancellationToken,
    pub(super) secrets: Secrets,
    pub(super) post: Option<Post>,
    exchange: OnceLock<Arc<Exchange>>,
    speech: OnceLock<Speech>,
    call_backs: OnceLock<Arc<dyn CallBacks>>,
    script: Mutex<Option<(String, Arc<Script>)>>,
    tasks: TaskTracker,
}

/// What gateways prove themselves by; a gateway without a secret is not let in.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) twilio: Option<String>,
    pub(super) jambonz: Option<String>,
    pub(super) audiosocket: Option<String>,
}

/// A call that rings.
pub(super) enum Ring {
    /// It is led by this.
    Call(Arc<Entry>),
    /// It is over already.
    Over,
    /// There is no room, or nothing is loaded: a person takes it.
    Full,
}

/// Lines that may be opened at once beyond the calls that there is room for.
const DOORS_N: usize = 16;
/// A secret that is shorter can be guessed.
const SECRET_CHARS_MIN: usize = 8;
/// A call whose gateway tells nothing more is forgotten after a call with the bot and one with a person.
const AWAY_TIME: Duration = Duration::from_hours(5);

impl Phone {
    /// The phone that the configuration names; none where it names no gateway.
    ///
    /// # Errors
    /// Where a file with a secret cannot be read, or its secret is too short.
    pub fn new(
        config: &PhoneConfig,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> std::io::Result<Option<Arc<Self>>> {
        if !config.is_on() {
            return Ok(None);
        }
        let secrets = Secrets {
            twilio: secret(&config.twilio.token_file)?,
            jambonz: secret(&config.jambonz.secret_file)?,
            audiosocket: secret(&config.audiosocket.token_file)?,
        };
        let post = secret(&config.sms.token_file)?.and_then(|token| Post::new(&config.sms, token));
        Ok(Some(Arc::new(Self { secrets, post, ..Self::bare(config, metrics, stop) })))
    }

    /// A phone without gateways, for calls that are simulated.
    pub fn simulated(config: &PhoneConfig, metrics: Arc<Metrics>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self::bare(config, metrics, stop))
    }

    fn bare(config: &PhoneConfig, metrics: Arc<Metrics>, stop: CancellationToken) -> Self {
        Self {
            calls: Calls::new(config.calls_max),
            doors: Arc::new(Semaphore::new(config.calls_max + DOORS_N)),
            config: config.clone(),
            metrics,
            stop,
            secrets: Secrets::default(),
            post: None,
            exchange: OnceLock::new(),
            speech: OnceLock::new(),
            call_backs: OnceLock::new(),
            script: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Begins to answer calls; with audio where there is speech.
    pub fn ready(&self, exchange: Arc<Exchange>, speech: Option<Speech>) {
        if let Some(speech) = speech {
            let _ = self.speech.set(speech);
        }
        if exchange.takes_call_backs() {
            let _ = self.call_backs.set(Arc::new(FirstFree(Arc::clone(&exchange))));
        }
        let _ = self.exchange.set(exchange);
    }

    /// Lets callers ask others for a call-back than the chat's: before [`Phone::ready`].
    pub fn take_call_backs(&self, call_backs: Arc<dyn CallBacks>) {
        let _ = self.call_backs.set(call_backs);
    }

    /// Forgets calls of which nobody tells any more: to be called every some seconds.
    pub fn tidy(self: &Arc<Self>) {
        let age_max = Duration::from_secs(self.config.call_seconds_max) + AWAY_TIME;
        for (key, entry) in self.calls.all() {
            // Who works on a call keeps it.
            let is_done = entry.session.try_lock().is_ok_and(|session| age_max < session.age());
            if is_done {
                self.finish(&key);
            }
        }
    }

    /// Waits until what is written of ended calls is written.
    pub async fn close(self: &Arc<Self>) {
        for (key, _) in self.calls.all() {
            self.finish(&key);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(super) fn exchange(&self) -> Option<&Arc<Exchange>> {
        self.exchange.get()
    }

    pub(super) fn speech(&self) -> Option<&Speech> {
        self.speech.get()
    }

    pub(super) fn call_backs(&self) -> Option<&Arc<dyn CallBacks>> {
        self.call_backs.get()
    }

    /// A call by its name, begun where it is new.
    pub(super) async fn ring(&self, key: &CallKey, language: Option<Language>, caller: Option<&str>) -> Ring {
        match self.calls.find(key) {
            Found::Known(entry) => return Ring::Call(entry),
            Found::Over => return Ring::Over,
            Found::Full => return self.full(),
            Found::New => {}
        }
        let Some(exchange) = self.exchange.get() else { return self.full() };
        let admitted = match exchange.open_call(language).await {
            Ok(admitted) => admitted,
            Err(error) => {
                tracing::error!(%error, "a call could not be begun: a person takes it");
                return Ring::Full;
            }
        };
        let session = self.session(exchange, admitted, language, caller.and_then(number));
        let Some((entry, is_new)) = self.calls.add(key, session) else {
            self.drop_conversation(admitted);
            return self.full();
        };
        if is_new {
            self.metrics.call_event("begun");
            self.metrics.calls_open(self.calls.len());
        } else {
            self.drop_conversation(admitted);
        }
        Ring::Call(entry)
    }

    fn full(&self) -> Ring {
        self.metrics.call_event("refused");
        Ring::Full
    }

    /// Another request was quicker: its conversation is the call's.
    fn drop_conversation(&self, admitted: Admitted) {
        if let Some(exchange) = self.exchange.get().cloned() {
            self.tasks.spawn(async move { drop(exchange.delete(admitted).await) });
        }
    }

    /// A call with its conversation.
    pub(super) fn session(
        &self,
        exchange: &Exchange,
        admitted: Admitted,
        language: Option<Language>,
        caller: Option<Arc<str>>,
    ) -> Session {
        let rules = Rules {
            language,
            call_max: Duration::from_secs(self.config.call_seconds_max),
            questions_max: QUESTIONS_MAX,
            has_sms: self.post.is_some(),
            has_call_back: self.call_backs.get().is_some(),
            knows_number: caller.is_some(),
            certain_from: self.config.certain_from,
            confident_from: self.config.confident_from,
        };
        Session::new(Call::new(rules, self.script(exchange)), Parties { admitted, caller })
    }

    /// The words of the content that answers now.
    fn script(&self, exchange: &Exchange) -> Arc<Script> {
        let version = exchange.wording_version();
        let mut kept = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, script)) = kept.as_ref().filter(|(of, _)| *of == version) {
            return Arc::clone(script);
        }
        let script = Arc::new(Script::new(exchange.wording_said(PREFIX), exchange.wording(PREFIX)));
        *kept = Some((version, Arc::clone(&script)));
        script
    }

    /// Ends a call: what runs for it stops, and its conversation is over.
    pub(super) fn finish(self: &Arc<Self>, key: &CallKey) {
        let Some(entry) = self.calls.remove(key) else { return };
        self.metrics.call_event("ended");
        self.metrics.calls_open(self.calls.len());
        let Some(exchange) = self.exchange.get().cloned() else { return };
        self.tasks.spawn(async move {
            let mut session = entry.session.lock().await;
            let was_with_person = session.call.is_away() && session.person.is_some();
            let language = session.call.language();
            drop(session.take(crate::channel::phone::call::Input::HungUp));
            // Whoever talks or has talked with a person leaves the conversation to them.
            if !was_with_person && let Err(error) = exchange.hang_up(session.parties.admitted, language).await {
                tracing::warn!(%error, "the end of a call could not be noted");
            }
        });
    }

    /// Who takes a call now.
    pub(super) fn person(&self, occasion: Occasion, language: Language) -> Option<Person> {
        let now = self.exchange.get()?.now();
        self.config.persons.iter().find(|person| person.serves(occasion, language, now)).cloned()
    }

    /// Who takes a call where nothing is said about being closed: who is at work, else whoever is named.
    pub(super) fn person_of_any_time(&self, occasion: Occasion, language: Language) -> Option<Person> {
        self.person(occasion, language).or_else(|| self.config.persons.first().cloned())
    }

    /// A text of the phone; empty before the content is loaded.
    pub(super) fn text(&self, id: &str, language: Language) -> String {
        let script = self.exchange.get().map(|exchange| self.script(exchange));
        script.map(|script| script.text(id, language)).unwrap_or_default()
    }

    /// The language of a number that was called.
    pub(super) fn language_of(&self, number: &str) -> Option<Language> {
        self.config.numbers.get(number).copied()
    }

    /// An address of this service as gateways reach it.
    pub(super) fn url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.config.public_url)
    }

    /// The same for sockets.
    pub(super) fn socket_url(&self, path: &str) -> String {
        self.url(path).replacen("http", "ws", 1)
    }
}

/// What stands before the ids of the phone's texts.
const PREFIX: &str = "phone-";
/// Questions of one call.
const QUESTIONS_MAX: u32 = 60;

/// A number that can be called and written to; gateways also tell words such as `anonymous`.
fn number(text: &str) -> Option<Arc<str>> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_one = (5..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.into())
}

/// Reads a secret; none where no file is named.
fn secret(file: &Path) -> std::io::Result<Option<String>> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(file)?;
    let secret = text.trim();
    if secret.chars().count() < SECRET_CHARS_MIN {
        return Err(std::io::Error::other(format!(
            "`{}`: the secret has fewer than {SECRET_CHARS_MIN} characters: copy it from the gateway's settings",
            file.display()
        )));
    }
    Ok(Some(secret.to_owned()))
}
