//! What the handlers of one server share.

use crate::channel::openid::Provider;
use crate::channel::phone::Phone;
use crate::channel::web::admin::Token;
use crate::channel::web::contact_centre::Desk;
use crate::channel::web::limiter::Limiter;
use crate::channel::web::problem::{Code, Problem};
use crate::channel::web::widget::Scripts;
use crate::config::{Config, Limits};
use crate::domain::ConversationId;
use crate::exchange::{Admitted, Exchange, Secret};
use crate::publication::Publish;
use crate::telemetry::metrics::Metrics;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// What a server can do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The content and the model are being loaded.
    Starting,
    /// Messages are answered.
    Ready,
    /// What runs is finished; nothing new is begun.
    Stopping,
}

/// What the handlers of one server share.
pub struct Web {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Bounds.
    pub(super) limits: Limits,
    pub(super) allowed_origins: Vec<String>,
    pub(super) behind_proxy: bool,
    /// Whether accounts may sign in with a password.
    pub(super) password: bool,
    pub(super) limiter: Limiter,
    pub(super) streams: Arc<Semaphore>,
    pub(super) scripts: Scripts,
    /// Ends streams.
    pub(super) stop: CancellationToken,
    /// What opens `/v1/admin`; closed without.
    pub(super) admin: OnceLock<Token>,
    /// What opens `/v1/desk`; closed without.
    pub(super) desk: OnceLock<Desk>,
    /// Lets content go live.
    pub(super) publisher: OnceLock<Arc<dyn Publish>>,
    /// Answers gateways; none without one.
    pub(super) phone: OnceLock<Arc<Phone>>,
    /// Tells who somebody is; only passwords do without one.
    pub(super) provider: OnceLock<Arc<Provider>>,
    exchange: OnceLock<Arc<Exchange>>,
    phase: watch::Sender<Phase>,
}

impl Web {
    /// A server that is starting. `stop` ends its streams.
    pub fn new(config: &Config, metrics: Arc<Metrics>, stop: CancellationToken) -> Self {
        Self {
            metrics,
            allowed_origins: config.server.allowed_origins.clone(),
            behind_proxy: config.server.behind_proxy,
            password: config.openid.password,
            limiter: Limiter::new(&config.limits),
            streams: Arc::new(Semaphore::new(config.limits.streams_max.min(Semaphore::MAX_PERMITS))),
            scripts: Scripts::default(),
            stop,
            admin: OnceLock::new(),
            desk: OnceLock::new(),
            publisher: OnceLock::new(),
            phone: OnceLock::new(),
            provider: OnceLock::new(),
            exchange: OnceLock::new(),
            phase: watch::Sender::new(Phase::Starting),
            limits: config.limits.clone(),
        }
    }

    /// Begins to answer.
    pub fn ready(&self, exchange: Arc<Exchange>) {
        // A second exchange would belong to a second server.
        if self.exchange.set(exchange).is_ok() {
            self.enter(Phase::Ready);
        }
    }

    /// Lets whoever has the token ask for content to go live.
    pub fn admit(&self, token: Token) {
        // The first token holds for the life of the server.
        let _ = self.admin.set(token);
    }

    /// Lets another system be the human side, with the account of this login.
    pub fn admit_desk(&self, token: Token, login: &str) {
        let _ = self.desk.set(Desk { token, login: login.to_owned() });
    }

    /// Lets telephony gateways in: before the first request.
    pub fn connect(&self, phone: Arc<Phone>) {
        let _ = self.phone.set(phone);
    }

    /// Lets experts sign in by an identity provider.
    pub fn trust(&self, provider: Arc<Provider>) {
        let _ = self.provider.set(provider);
    }

    /// What lets content go live.
    pub fn publish(&self, publisher: Arc<dyn Publish>) {
        let _ = self.publisher.set(publisher);
    }

    /// What the server can do now.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Forgets client addresses and folds counters: to be called every some seconds.
    pub fn tidy(&self) {
        self.limiter.tidy();
        if let Some(phone) = self.phone.get() {
            phone.tidy();
        }
        self.metrics.tidy();
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            // A server that stops never becomes ready again.
            let later = *now != Phase::Stopping && *now != phase;
            if later {
                *now = phase;
            }
            later
        });
    }

    /// Whether browsers come by TLS: a proxy ends it.
    pub(super) fn is_secure(&self) -> bool {
        self.behind_proxy || self.provider.get().is_some_and(|provider| provider.is_secure)
    }

    /// What answers, once it was loaded.
    pub(super) fn exchange(&self) -> Result<&Arc<Exchange>, Problem> {
        self.exchange.get().ok_or(Code::Starting.into())
    }
}

/// A conversation whose secret came with the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(pub(super) Admitted);

impl FromRequestParts<Arc<Web>> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let exchange = web.exchange()?;
        // A missing secret, a wrong one and an unknown conversation look the same.
        let unknown = || Problem::from(Code::ConversationNotFound);
        let path = RawPathParams::from_request_parts(parts, web).await.map_err(|_| unknown())?;
        let id = path.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok()).ok_or_else(unknown)?;
        let secret = bearer(&parts.headers).and_then(Secret::parse).ok_or_else(unknown)?;
        Ok(Self(exchange.admit(ConversationId(id), &secret).await?))
    }
}

/// What `Authorization: Bearer` carries.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
