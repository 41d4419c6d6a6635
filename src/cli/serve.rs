//! `neuvo serve`: the web channel, until it is asked to stop.

use crate::app::serve as service;
use crate::cli::{now, output, today};
use crate::config::Config;
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Answer over HTTP, with a page to ask on
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address and port to listen on instead of the configured ones
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Let content go live as soon as its files are saved, if it is sound
    #[arg(long)]
    watch: bool,
}

/// `at` answers as on that day instead of today.
pub(super) fn run(config: &Config, arguments: &Arguments, at: Option<Date>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let listen = arguments.listen.unwrap_or(config.server.listen);
    let served = runtime.block_on(serve(config, listen, arguments.watch, at));
    // Loading or a turn that hangs must not keep a process that was asked to stop; what could be finished has been.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config, listen: SocketAddr, watch: bool, at: Option<Date>) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: choose another address with --listen"))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    output::note(&format!("neuvo listens on http://{address}, loading"));
    let load = {
        let config = config.clone();
        move || service::load(&config, Box::new(move || at.unwrap_or_else(today)), watch)
    };
    let clock = Box::new(move || {
        let now = now();
        at.map_or(now, |day| day.to_datetime(now.time()))
    });
    let ready = move || output::note(&example(address));
    let serving = service::serve(config, listener, clock, load, (ready, stop.clone()));
    let (served, stopped) = tokio::join!(serving, until_asked(stop));
    served?;
    stopped
}

/// Passes SIGTERM and Ctrl-C on, or ends when something else stopped the service.
async fn until_asked(stop: CancellationToken) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    tokio::select! {
        _ = terminate.recv() => output::note("stopping: finishing what runs"),
        _ = interrupt.recv() => output::note("stopping: finishing what runs"),
        () = stop.cancelled() => {}
    }
    stop.cancel();
    Ok(())
}

/// Commands that need nothing but a shell and curl.
fn example(address: SocketAddr) -> String {
    let base = format!("http://{address}");
    format!(
        "ready: open {base} in a browser, read {base}/docs, or ask:\n\n\
         eval $(curl -s {base}/v1/conversations -H 'content-type: application/json' -d '{{}}' | \
         sed -E 's/.*\"id\":\"([0-9a-f-]+)\",\"secret\":\"([0-9a-f]+)\".*/ID=\\1 SECRET=\\2/')\n\
         curl -s {base}/v1/conversations/$ID/messages -H \"authorization: Bearer $SECRET\" -H 'content-type: application/json' \
         -d \"{{\\\"id\\\": \\\"$(cat /proc/sys/kernel/random/uuid)\\\", \\\"text\\\": \\\"saanko asumistukea jos olen töissä\\\"}}\"\n"
    )
}
