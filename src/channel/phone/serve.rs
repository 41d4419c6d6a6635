//! A line with audio that a gateway opened, from its token to its end.

use crate::channel::phone::calls::{CallKey, Entry, Found};
use crate::channel::phone::line::{self, Socket};
use crate::channel::phone::state::Phone;
use crate::channel::phone::stream::{self, Ended};
use std::sync::Arc;
use std::time::Duration;

/// A line that says whose it is.
pub(super) struct Begun {
    /// The call.
    pub(super) call: CallKey,
    /// What opens the line, once.
    pub(super) token: String,
}

/// A call that lost its line is over unless the gateway asks how it goes on.
const BROKEN_MAX: Duration = Duration::from_secs(20);

/// Leads a call on a line that shows its token; `pump` passes audio between the gateway and the call.
pub(super) async fn lead(phone: &Arc<Phone>, begun: Begun, pump: impl AsyncFnOnce(Socket)) {
    let Begun { call, token } = begun;
    if phone.calls.redeem(&token).is_none_or(|of| of != call) {
        phone.metrics.call_event("unsigned");
        return;
    }
    if let Found::Known(entry) = phone.calls.find(&call) {
        lead_known(phone, call, entry, pump).await;
    }
}

/// Leads a call on a line that is its own for sure.
pub(super) async fn lead_known(phone: &Arc<Phone>, call: CallKey, entry: Arc<Entry>, pump: impl AsyncFnOnce(Socket)) {
    let Some(speech) = phone.speech() else { return };
    let mut session = entry.session.lock().await;
    let (line, ends) = line::line();
    let leading = async {
        tokio::select! {
            ended = stream::lead(phone, &mut session, speech, line, &entry.gone) => ended,
            () = phone.stop.cancelled() => Ended::Broken,
        }
    };
    let (ended, ()) = tokio::join!(leading, pump(ends));
    let step = session.step_n;
    drop(session);
    if ended == Ended::Left || phone.stop.is_cancelled() {
        return;
    }
    // Who hung up never asks how it goes on.
    let phone = Arc::clone(phone);
    tokio::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(BROKEN_MAX) => {}
            () = entry.gone.cancelled() => return,
        }
        let goes_on = entry.session.lock().await.step_n != step;
        if !goes_on {
            phone.finish(&call);
        }
    });
}
