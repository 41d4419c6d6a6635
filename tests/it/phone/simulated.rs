//! A recording in the place of a caller.

use super::files;
use super::speech::Fakes;
use crate::support::{DAY, Gate, assistant_over};
use neuvo::app::serve::ages;
use neuvo::channel::phone::Phone;
use neuvo::channel::phone::simulate::{self, Simulated};
use neuvo::config::Config;
use neuvo::domain::{EventKind, Language};
use neuvo::exchange::{CallBacks, Exchange, Parts};
use neuvo::inference::Workers;
use neuvo::store::{Place, Store};
use neuvo::telemetry::metrics::Metrics;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn is_answered_and_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let (config, metrics) = (Config::default(), Arc::new(Metrics::new().unwrap()));
    let parts = Parts {
        assistant: Arc::new(assistant_over(Arc::new(Gate::default()), files()).unwrap()),
        workers: Arc::new(Workers::start("turn", 1, 4).unwrap()),
        store: Store::open(&Place::File(folder.path().join("call.sqlite"))).await.unwrap(),
        metrics: Arc::clone(&metrics),
        handoff: config.handoff.clone(),
        callbacks: CallBacks::open(&config.callback).unwrap(),
        ages: ages(&config),
        clock: Box::new(|| DAY.at(10, 0, 0, 0)),
    };
    let exchange = Arc::new(Exchange::new(parts, &config.limits));
    let phone = Phone::simulated(&config.phone, metrics, CancellationToken::new());
    phone.ready(Arc::clone(&exchange), None);
    let fakes = Fakes::default();
    let recording: Vec<i16> = vec![2_000; 8_000];
    let Simulated { events, waited, answered } =
        simulate::call(&phone, &exchange, &fakes.speech(), Some(Language::Fi), recording.into()).await.unwrap();
    assert!(waited.is_some() && waited <= answered);
    let kinds: Vec<_> = events.iter().map(EventKind::name).collect();
    assert_eq!(kinds, ["welcome", "message", "reply", "handoff"]);
    assert!(matches!(&events[1], EventKind::Message(message) if message.text == "miten haen asumistukea"));
    assert!(fakes.has_said("Asumistuen hakeminen"));
    exchange.close().await;
}
