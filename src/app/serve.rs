//! The service from its start to its end: listens at once, loads beside that, answers, finishes what it began.

use crate::app::publisher::{Publisher, Today};
use crate::app::{self, AppError, triggers};
use crate::assistant::Assistant;
use crate::channel::openid::Provider;
use crate::channel::phone::{CallBacks, Phone, Speech, audiosocket};
use crate::channel::web::{self, Token, Web};
use crate::channel::webhook::Webhook;
use crate::config::Config;
use crate::exchange::{self, Clock, Exchange, Parts};
use crate::inference::Workers;
use crate::store::{Ages, Place, Store, StoreError, Swept};
use crate::telemetry::metrics::Metrics;
use metrics_exporter_prometheus::BuildError;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Why the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The content or the model cannot be had.
    #[error(transparent)]
    App(#[from] AppError),
    /// The conversations cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The counters cannot be made.
    #[error("cannot count: {0}")]
    Metrics(#[from] BuildError),
    /// A thread or the listener failed.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// Loading panicked.
    #[error("loading the content failed: the cause is in the log")]
    Loading,
}

/// The file of the data folder that holds conversations.
const STORE_FILE: &str = "neuvo.sqlite";
/// How often addresses and counters are tidied.
const TIDY_TIME: Duration = Duration::from_secs(10);
/// How often retention is enforced.
const SWEEP_TIME: Duration = Duration::from_hours(1);

/// What answers, and what lets other content answer.
pub struct Loaded {
    /// What answers.
    pub assistant: Arc<Assistant>,
    /// What lets other content answer; none where the content is fixed.
    pub publisher: Option<Arc<Publisher>>,
    /// Whether content goes live as soon as its files change.
    pub watch: bool,
    /// Hears and speaks on the phone; without it only gateways that do so themselves are answered.
    pub speech: Option<Speech>,
    /// Keeps requests for a call-back; without it none are offered.
    pub call_backs: Option<Arc<dyn CallBacks>>,
}

impl From<Assistant> for Loaded {
    fn from(assistant: Assistant) -> Self {
        Self { assistant: Arc::new(assistant), publisher: None, watch: false, speech: None, call_backs: None }
    }
}

impl From<Arc<Publisher>> for Loaded {
    fn from(publisher: Arc<Publisher>) -> Self {
        let assistant = Arc::clone(publisher.assistant());
        Self { assistant, publisher: Some(publisher), watch: false, speech: None, call_backs: None }
    }
}

/// Loads the configured content and model; for [`serve`].
///
/// # Errors
/// Where any part of it cannot be had.
pub fn load(config: &Config, today: Today, watch: bool) -> Result<Loaded, AppError> {
    let publisher = Publisher::open(config, || app::encoder(config), today)?;
    let speech = if config.phone.is_on() { speech(config, publisher.assistant())? } else { None };
    Ok(Loaded { watch, speech, ..publisher.into() })
}

/// The configured recogniser and voices; none where no model is there: gateways then hear and speak themselves.
fn speech(config: &Config, assistant: &Assistant) -> Result<Option<Speech>, AppError> {
    let model = &config.speech.model;
    if !model.try_exists()? {
        tracing::warn!(model = %model.display(), "no speech on this machine: `neuvo models pull` fetches it");
        return Ok(None);
    }
    let spellings = app::speech::spellings(&assistant.content().knowledge);
    Ok(Some(app::speech::Speech::open(config, spellings)?.of_calls()))
}

/// Serves until `stop`. `load` runs on a thread of its own while the port is open already: `/readyz` tells when it is done, and so does
/// `ready`.
///
/// # Errors
/// Where a part cannot be had or the listener fails.
pub async fn serve<L: Into<Loaded>>(
    config: &Config,
    listener: TcpListener,
    clock: Clock,
    load: impl FnOnce() -> Result<L, AppError> + Send + 'static,
    (ready, stop): (impl FnOnce(), CancellationToken),
) -> Result<(), ServeError> {
    let metrics = Arc::new(Metrics::new()?);
    let web = Arc::new(Web::new(config, Arc::clone(&metrics), stop.clone()));
    if let Some(token) = Token::read(&config.admin.token_file)? {
        web.admit(token);
    }
    if let Some(token) = Token::read(&config.contact_centre.token_file)? {
        web.admit_desk(token, &config.contact_centre.login);
    }
    if let Some(provider) = Provider::open(&config.openid)? {
        web.trust(provider);
    }
    let webhook = Webhook::open(&config.contact_centre)?;
    let time_max = Duration::from_secs(config.limits.shutdown_seconds_max);
    // Whatever ends first ends the rest.
    let _ends_all = stop.clone().drop_guard();
    let phone = Phone::new(&config.phone, Arc::clone(&metrics), stop.clone())?;
    let audio = match config.phone.audiosocket.listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    if let Some(phone) = &phone {
        web.connect(Arc::clone(phone));
    }
    let serving = web::serve(listener, Arc::clone(&web), stop.clone(), time_max);
    let running = async {
        let load = || load().map(Into::into);
        let Started { exchange, publisher, watch, speech, call_backs } = tokio::select! {
            started = start(config, clock, load, &metrics) => started.inspect_err(|_| stop.cancel())?,
            () = stop.cancelled() => return Ok(None),
        };
        if let Some(publisher) = &publisher {
            web.publish(Arc::clone(publisher) as _);
        }
        if let Some(phone) = &phone {
            if let Some(call_backs) = call_backs {
                phone.take_call_backs(call_backs);
            }
            phone.ready(Arc::clone(&exchange), speech);
        }
        web.ready(Arc::clone(&exchange));
        ready();
        let listening = async {
            if let (Some(phone), Some(audio)) = (&phone, audio)
                && let Err(error) = audiosocket::serve(Arc::clone(phone), audio).await
            {
                tracing::error!(%error, "calls by AudioSocket cannot come in any more");
            }
        };
        let publishing = async {
            if let Some(publisher) = &publisher {
                let watched = watch.then_some(config.content.root.as_path());
                triggers::obey(publisher, watched, Duration::from_secs(config.content.follow_seconds), &stop).await;
            }
        };
        let telling = async {
            if let Some(webhook) = &webhook {
                webhook.run(&exchange, &stop).await;
            }
        };
        tokio::join!(keep(&web, &exchange, &stop), publishing, listening, exchange.follow(&stop), telling);
        Ok::<_, ServeError>(Some(exchange))
    };
    let (served, ran) = tokio::join!(
        async {
            let served = serving.await;
            stop.cancel();
            served
        },
        running
    );
    if let Some(exchange) = ran? {
        if let Some(phone) = &phone
            && timeout(time_max, phone.close()).await.is_err()
        {
            tracing::warn!("the end of some calls was not noted");
        }
        // Connections are done or cut; turns whose clients have gone are stored all the same.
        if timeout(time_max, exchange.finish()).await.is_err() {
            tracing::warn!("some turns did not finish in time and are lost, unacknowledged");
        }
        if timeout(time_max, exchange.close()).await.is_err() {
            tracing::warn!("a worker did not stop in time");
        }
    }
    served?;
    Ok(())
}

/// Where the configuration keeps conversations.
pub fn place(config: &Config) -> Place {
    match config.store.url.as_str() {
        "" => Place::File(config.data.folder.join(STORE_FILE)),
        url => Place::Postgres(url.to_owned()),
    }
}

/// What was started.
struct Started {
    exchange: Arc<Exchange>,
    publisher: Option<Arc<Publisher>>,
    watch: bool,
    speech: Option<Speech>,
    call_backs: Option<Arc<dyn CallBacks>>,
}

/// How long what is kept may be.
pub fn ages(config: &Config) -> Ages {
    let retention = config.retention;
    Ages {
        conversations_days: config.limits.retention_days,
        audit_days: retention.audit_days,
        figures_days: retention.figures_days,
        letters_days: retention.letters_days,
    }
}

/// Says what retention did, and proves it.
fn tell(swept: Swept) {
    let Swept { class, deleted_n, left_n } = swept;
    if 0 < left_n {
        tracing::error!(class, deleted_n, left_n, "retention left {left_n} of {class} that are too old");
    } else if 0 < deleted_n {
        tracing::info!(class, deleted_n, left_n, "deleted {deleted_n} of {class} past their retention, none is left");
    }
}

async fn start(
    config: &Config,
    clock: Clock,
    load: impl FnOnce() -> Result<Loaded, AppError> + Send + 'static,
    metrics: &Arc<Metrics>,
) -> Result<Started, ServeError> {
    let mut store = Store::open(&place(config)).await?;
    if !config.contact_centre.webhook_url.is_empty() {
        store = store.with_outbox();
    }
    let Loaded { assistant, publisher, watch, speech, call_backs } =
        tokio::task::spawn_blocking(load).await.map_err(|_| ServeError::Loading)??;
    let threads_n = match config.server.turn_threads_n {
        0 => std::thread::available_parallelism()?.get(),
        n => n,
    };
    let workers = Workers::start("turn", threads_n, config.limits.turn_queue_len_max)?;
    let parts = Parts {
        assistant,
        workers: Arc::new(workers),
        store,
        metrics: Arc::clone(metrics),
        handoff: config.handoff.clone(),
        callbacks: exchange::CallBacks::open(&config.callback)?,
        ages: ages(config),
        clock,
    };
    let exchange = Arc::new(Exchange::new(parts, &config.limits));
    Ok(Started { exchange, publisher, watch, speech, call_backs })
}

/// Keeps the house until the end: forgets what is too old and what is no longer needed.
async fn keep(web: &Web, exchange: &Exchange, stop: &CancellationToken) {
    let (mut tidy, mut sweep) = (interval(TIDY_TIME), interval(SWEEP_TIME));
    tidy.set_missed_tick_behavior(MissedTickBehavior::Skip);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tidy.tick() => web.tidy(),
            _ = sweep.tick() => match exchange.sweep().await {
                Ok(swept) => swept.into_iter().for_each(tell),
                Err(error) => tracing::error!(%error, "retention could not be enforced: it is tried again in an hour"),
            },
        }
    }
}
