//! `neuvo bench embed`: the sentence encoders, side by side in one run.

use super::qmatmul::Quantised;
use crate::cli::bench::processor;
use crate::cli::output;
use crate::config::Config;
use crate::inference::bert::{Bert, LoadError};
use crate::inference::int8::{Int8Bert, Kernel, Options};
use crate::inference::linalg::dot;
use crate::inference::{Encode, Purpose};
use crate::models::ModelFiles;
use anyhow::{Context as _, Result};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Tokens of a short question, of a long one and of a passage.
const LENGTHS: [usize; 3] = [12, 38, 120];
/// Passages of a batch.
const BATCH: usize = 24;
/// What texts are made of.
const WORDS: &str = "Paljonko asumistukea voin saada, jos asun vuokralla ja opiskelen toisella paikkakunnalla? Yleistä asumistukea \
    myönnetään pienituloiselle ruokakunnalle asumismenojen vähentämiseen, ja sen määrään vaikuttavat ruokakunnan koko, tulot ja menot. \
    Hakemus tehdään verkossa, ja liitteet kannattaa lähettää samalla kertaa, jotta päätös tulee nopeammin. Päätöksestä voi valittaa. \
    Tukea maksetaan aikaisintaan hakemuskuukautta edeltävän kuukauden alusta, ja se tarkistetaan vuosittain tai kun tilanne muuttuu.";

/// Time the sentence encoders: this engine, candle in f32 and candle's quantised products
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// How often each engine is timed; the least time counts, the median is shown beside it
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Also time these instructions (avx2, avx-vnni, portable) of this engine
    #[arg(long, value_name = "KERNEL", value_delimiter = ',')]
    kernels: Vec<String>,
    /// Figures of another engine to show beside ours: what `benches/onnx_peer.py` prints
    #[arg(long, value_name = "FILE")]
    peer: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was measured of one engine.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    engine: String,
    /// Least milliseconds for each of [`LENGTHS`], on one thread where the engine lets itself be told.
    least_ms: [f64; 3],
    /// Median milliseconds for each of [`LENGTHS`].
    median_ms: [f64; 3],
    /// Passages a second on one thread.
    passages_1: f64,
    /// Passages a second on all cores.
    passages_all: Option<f64>,
    /// Least cosine to f32.
    cosine: Option<f64>,
}

type Run<'a> = Box<dyn Fn(&[u32]) -> Result<Vec<f32>> + 'a>;
type Batch<'a> = Box<dyn Fn(&[(Purpose, String)]) -> Result<()> + 'a>;

/// One engine and how it is called.
struct Engine<'a> {
    name: String,
    /// One text on one thread, as tokens.
    one: Run<'a>,
    /// A batch on all cores.
    all: Option<Batch<'a>>,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode> {
    let files = ModelFiles::open(&config.model.folder).map_err(LoadError::from)?;
    let encoders = int8(&files, &arguments.kernels)?;
    let first = encoders.first().context("there is always an encoder")?;
    let reference = Bert::load(&files)?;
    let quantised = Quantised::load(&files).ok();
    let operation = first.hidden_states();
    let mut engines: Vec<Engine<'_>> = encoders.iter().map(of_int8).collect();
    engines.push(Engine {
        name: "int8 as a candle operation".to_owned(),
        one: Box::new(|ids| {
            let hidden: Tensor = operation.embedded(ids)?.apply_op1_no_bwd(&operation)?;
            let mean = hidden.mean(0)?;
            Ok(mean.broadcast_div(&mean.sqr()?.sum_all()?.sqrt()?)?.to_vec1()?)
        }),
        all: None,
    });
    engines.push(Engine {
        name: "candle BertModel f32".to_owned(),
        one: Box::new(|ids| Ok(reference.embed(ids)?.sentence().to_vec())),
        all: Some(Box::new(|texts| Ok(reference.encode_all(texts).map(drop)?))),
    });
    if let Some(quantised) = &quantised {
        engines.push(Engine {
            name: "candle QMatMul Q4_0 (its own threads)".to_owned(),
            one: Box::new(|ids| Ok(quantised.embed(ids)?)),
            all: None,
        });
    }
    let texts = LENGTHS.map(|tokens_n| text_of(first, tokens_n));
    let ids = texts.each_ref().map(|text| first.ids(Purpose::Query, text));
    let [a, b, c] = ids;
    let mut figures = measure(&engines, &[a?, b?, c?], &texts, arguments.rounds)?;
    if let Some(path) = &arguments.peer {
        let json = fs_err::read_to_string(path)?;
        figures.push(
            serde_json::from_str(&json)
                .with_context(|| format!("`{}` is not what benches/onnx_peer.py prints", path.display()))?,
        );
    }
    show(arguments.json, &figures, first)?;
    Ok(ExitCode::SUCCESS)
}

/// The encoder with the fastest instructions first, then with those that were asked for.
fn int8(files: &ModelFiles, names: &[String]) -> Result<Vec<Int8Bert>> {
    let mut encoders = vec![Int8Bert::load(files, Options::default())?];
    for name in names {
        let known = Kernel::ALL.into_iter().find(|kernel| kernel.name() == name);
        let kernel = known.with_context(|| {
            let names: Vec<&str> = Kernel::ALL.into_iter().map(Kernel::name).collect();
            format!("there is no kernel `{name}`: expected one of {}", names.join(", "))
        })?;
        encoders.push(Int8Bert::load(files, Options { kernel, ..Options::default() })?);
    }
    Ok(encoders)
}

fn of_int8(encoder: &Int8Bert) -> Engine<'_> {
    Engine {
        name: format!("int8 {}", encoder.kernel()),
        one: Box::new(|ids| Ok(encoder.embed(&[ids])?.first().context("one text")?.sentence().to_vec())),
        all: Some(Box::new(|texts| Ok(encoder.encode_all(texts).map(drop)?))),
    }
}

/// A question of so many tokens, the special ones included.
fn text_of(encoder: &Int8Bert, tokens_n: usize) -> String {
    let count = |text: &str| encoder.ids(Purpose::Query, text).map_or(usize::MAX, |ids| ids.len());
    let mut text = String::new();
    for word in WORDS.split(' ') {
        let longer = format!("{text} {word}");
        if count(&longer) > tokens_n {
            break;
        }
        text = longer;
    }
    // One token each.
    while count(&text) < tokens_n {
        text.push_str(" ja");
    }
    text.trim_start().to_owned()
}

/// Times all engines in turn, so that a busy neighbour disturbs all alike.
fn measure(engines: &[Engine<'_>], ids: &[Vec<u32>; 3], texts: &[String; 3], rounds: usize) -> Result<Vec<Figures>> {
    let reference = engines.iter().find(|engine| engine.name.contains("f32")).context("candle is measured")?;
    let exact = ids.iter().map(|ids| (reference.one)(ids)).collect::<Result<Vec<_>>>()?;
    let passages: Vec<(Purpose, String)> =
        texts.last().into_iter().cycle().take(BATCH).map(|text| (Purpose::Query, text.clone())).collect();
    let mut times = vec![[const { Vec::new() }; 3]; engines.len()];
    let mut batches: Vec<Option<Duration>> = vec![None; engines.len()];
    for round in 0..rounds.max(1) {
        for ((engine, times), batch) in engines.iter().zip(&mut times).zip(&mut batches) {
            for (ids, times) in ids.iter().zip(times) {
                times.push(time(|| (engine.one)(ids).map(drop))?);
            }
            if let Some(all) = engine.all.as_ref().filter(|_| round % 5 == 0) {
                let took = time(|| all(&passages))?;
                *batch = Some(batch.map_or(took, |least| least.min(took)));
            }
        }
    }
    engines
        .iter()
        .zip(times)
        .zip(batches)
        .map(|((engine, mut times), batch)| {
            let found = ids.iter().map(|ids| (engine.one)(ids)).collect::<Result<Vec<_>>>()?;
            let cosine = found.iter().zip(&exact).map(|(a, b)| f64::from(dot(a, b))).fold(1.0, f64::min);
            for times in &mut times {
                times.sort();
            }
            let at = |part: usize| {
                times.each_ref().map(|times| times.get(times.len() * part / 2).map_or(0.0, |t| t.as_secs_f64() * 1e3))
            };
            let least_ms = at(0);
            #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
            let passages_all = batch.map(|batch| BATCH as f64 / batch.as_secs_f64());
            Ok(Figures {
                engine: engine.name.clone(),
                least_ms,
                median_ms: at(1),
                passages_1: least_ms.last().map_or(0.0, |ms| 1e3 / ms),
                passages_all,
                cosine: Some(cosine),
            })
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed())
}

fn show(as_json: bool, figures: &[Figures], encoder: &Int8Bert) -> Result<()> {
    let (processor, features) = processor();
    let megabytes = encoder.weights_bytes_n() / 1_000_000;
    if as_json {
        let report = serde_json::json!({ "processor": processor, "features": features, "weights_mb": megabytes, "engines": figures });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(());
    }
    output::line(&format!("{processor}: {}", features.join(" ")))?;
    output::line(&format!("weights of the int8 encoder: {megabytes} MB"))?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["engine", "12 tokens ms", "38 tokens ms", "passages/s, 1 thread", "all cores", "cosine"]);
    for of in figures {
        let [short, long, _] = of
            .least_ms
            .iter()
            .zip(of.median_ms)
            .map(|(least, median)| format!("{least:.2} ({median:.2})"))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_default();
        table.add_row([
            of.engine.clone(),
            short,
            long,
            format!("{:.1}", of.passages_1),
            of.passages_all.map_or(String::new(), |rate| format!("{rate:.1}")),
            of.cosine.map_or(String::new(), |cosine| format!("{cosine:.5}")),
        ]);
    }
    output::line(&table.to_string())?;
    output::line(&output::styled(output::DIM, "least of all rounds, median in brackets; passages have 120 tokens"))?;
    Ok(())
}
