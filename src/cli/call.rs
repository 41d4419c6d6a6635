//! `neuvo call`: a recording in the place of a caller.

use crate::app;
use crate::app::serve::ages;
use crate::app::speech::{Speech, spellings};
use crate::channel::phone::simulate::{self, Simulated};
use crate::channel::phone::{self, Phone};
use crate::cli::{now, output};
use crate::config::Config;
use crate::domain::{EventKind, Language};
use crate::exchange::{CallBacks, Exchange, Parts};
use crate::inference::Workers;
use crate::speech::{LINE_RATE_HZ, Pcm, Recording, Synthesise};
use crate::store::{Place, Store};
use crate::telemetry::metrics::Metrics;
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Play a recording into a simulated call and print the conversation
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A WAV file of any rate; it is heard as the telephone carries it
    file: PathBuf,
    /// The language of the number that was called: fi, sv or en; without it the caller may choose
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
}

/// A minute is the longest recording that is played.
const SAMPLES_MAX: usize = 60 * LINE_RATE_HZ as usize;

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let recording = read(&arguments.file)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(call(config, arguments.lang, recording, day))?;
    Ok(ExitCode::SUCCESS)
}

async fn call(config: &Config, language: Option<Language>, recording: Pcm, day: Date) -> Result<()> {
    let line = Line::open(config, day).await?;
    for event in line.call(language, recording).await?.events {
        show(&event)?;
    }
    line.close().await;
    Ok(())
}

/// A telephone line without a gateway.
pub(super) struct Line {
    phone: Arc<Phone>,
    exchange: Arc<Exchange>,
    speech: phone::Speech,
    /// The voices of this machine.
    pub(super) voices: Arc<dyn Synthesise>,
    /// Calls are kept nowhere.
    _folder: tempfile::TempDir,
}

impl Line {
    /// Puts a line together as the service does.
    pub(super) async fn open(config: &Config, day: Date) -> Result<Self> {
        let assistant = Arc::new(app::assistant(config, day)?);
        let speech = Speech::open(config, spellings(&assistant.content().knowledge))
            .context("cannot hear or speak: fetch the models with `neuvo models pull`, and see `[speech]`")?;
        let folder = tempfile::tempdir()?;
        let metrics = Arc::new(Metrics::new()?);
        let exchange = Exchange::new(
            Parts {
                assistant,
                workers: Arc::new(Workers::start("turn", 1, 4)?),
                store: Store::open(&Place::File(folder.path().join("call.sqlite"))).await?,
                metrics: Arc::clone(&metrics),
                handoff: config.handoff.clone(),
                callbacks: CallBacks::open(&config.callback)?,
                ages: ages(config),
                clock: Box::new(move || day.to_datetime(now().time())),
            },
            &config.limits,
        );
        let exchange = Arc::new(exchange);
        let phone = Phone::simulated(&config.phone, metrics, CancellationToken::new());
        phone.ready(Arc::clone(&exchange), None);
        let voices = Arc::clone(&speech.synthesise);
        Ok(Self { phone, exchange, speech: speech.of_calls(), voices, _folder: folder })
    }

    /// Leads a call over a recording.
    pub(super) async fn call(&self, language: Option<Language>, recording: Pcm) -> Result<Simulated> {
        Ok(simulate::call(&self.phone, &self.exchange, &self.speech, language, recording).await?)
    }

    /// Ends it.
    pub(super) async fn close(self) {
        self.exchange.close().await;
    }
}

fn show(event: &EventKind) -> Result<()> {
    let (who, text) = match event {
        EventKind::Welcome(welcome) => ("neuvo", welcome.text.clone()),
        EventKind::Message(message) => ("caller", message.text.clone()),
        EventKind::Reply(answered) => ("neuvo", answered.text.clone()),
        EventKind::Handoff(handover) => ("person", handover.text.clone()),
        EventKind::Expert(message) => ("expert", message.text.clone()),
        EventKind::Card(card) => ("expert", card.text.clone()),
    };
    output::line(&output::styled(output::BOLD, who))?;
    Ok(output::line(&output::wrapped(&text))?)
}

fn read(file: &Path) -> Result<Pcm> {
    let at = || format!("cannot play `{}`", file.display());
    let file_of = BufReader::new(fs_err::File::open(file)?);
    let samples = Recording::read(file_of).and_then(|recording| recording.line()).with_context(at)?;
    if SAMPLES_MAX < samples.len() {
        bail!("`{}` is longer than a minute: cut it", file.display());
    }
    Ok(samples.into())
}
