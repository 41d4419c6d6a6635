//! Logging. What citizens write or say never enters a log: types that hold it do not show it.

pub mod metrics;

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Sends logs to standard error: readable on a terminal, else one JSON object a line. `NEUVO_LOG` sets what is logged, `info` by default.
pub fn init() {
    let filter = EnvFilter::try_from_env("NEUVO_LOG").unwrap_or_else(|_| EnvFilter::new("info,tantivy=warn,sqlx=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, from a test, keeps the first.
    let _ =
        if std::io::stderr().is_terminal() { builder.with_target(false).try_init() } else { builder.json().try_init() };
}
