//! What lets content go live without a request: SIGHUP, a changed file, another replica that went ahead.

use crate::app::publisher::Publisher;
use crate::publication::{NotPublished, Publish, Published, State, Trigger};
use notify::{RecursiveMode, Watcher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Files are quiet for this long before they are read: editors save in several steps.
const QUIET_TIME: Duration = Duration::from_millis(150);
/// How many bursts of changes are waited for at most.
const BURSTS_MAX: usize = 20;

/// Obeys until `stop`, one thing after the other. `watched` is the content folder, where its changes go live at once.
pub(super) async fn obey(
    publisher: &Arc<Publisher>,
    watched: Option<&Path>,
    follow_time: Duration,
    stop: &CancellationToken,
) {
    let Ok(mut hangup) = signal(SignalKind::hangup()).inspect_err(|error| {
        tracing::error!(%error, "cannot listen for SIGHUP: content goes live by request only");
    }) else {
        return;
    };
    let (changed, mut changes) = mpsc::channel(1);
    let watcher = watched.map(|root| watch(root, changed));
    if let Some(Err(error)) = &watcher {
        tracing::error!(%error, "the content folder cannot be watched: content goes live by request and SIGHUP only");
    }
    let mut follow = interval(follow_time);
    follow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut refused = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hangup.recv() => tell(&run(publisher, |p| p.reload(Trigger::Signal, false).map(Some)).await),
            Some(()) = changes.recv() => {
                for _ in 0..BURSTS_MAX {
                    if timeout(QUIET_TIME, changes.recv()).await.is_err() {
                        break;
                    }
                }
                tell(&run(publisher, |p| p.reload(Trigger::Watch, false).map(Some)).await);
            }
            _ = follow.tick() => {
                let followed = run(publisher, Publisher::follow).await;
                let said = followed.as_ref().err().map(ToString::to_string);
                // What is refused again and again is told once.
                if said.is_none() || said != refused {
                    tell(&followed);
                }
                refused = said;
            }
        }
    }
}

/// Watches what content is made of. Dropping the watcher ends it.
fn watch(root: &Path, changed: mpsc::Sender<()>) -> notify::Result<impl Watcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the content is an event too.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A full channel has its message already.
            let _ = changed.try_send(());
        }
    })?;
    for folder in ["knowledge", "intents"] {
        watcher.watch(&root.join(folder), RecursiveMode::Recursive)?;
    }
    Ok(watcher)
}

async fn run(
    publisher: &Arc<Publisher>,
    publish: impl FnOnce(&Publisher) -> Result<Option<Published>, NotPublished> + Send + 'static,
) -> Result<Option<Published>, NotPublished> {
    let publisher = Arc::clone(publisher);
    let ran = tokio::task::spawn_blocking(move || publish(&publisher)).await;
    ran.unwrap_or_else(|_| Err(NotPublished::Failed("publishing panicked: the cause is in the log".to_owned())))
}

/// Nobody asked, so the log is told. What went live has told so itself.
fn tell(result: &Result<Option<Published>, NotPublished>) {
    match result {
        Ok(Some(published)) if published.state == State::Unchanged => {
            tracing::info!("the content is live already: version {}", published.version);
        }
        Ok(_) => {}
        Err(refused) => {
            tracing::error!(error = %refused, "content is refused, what answered before still does: {refused}");
            if let NotPublished::Findings(findings) = refused {
                for finding in findings {
                    tracing::error!("{finding}");
                }
            }
        }
    }
}
