//! `neuvo bench`: speed, as ratios against a named peer measured in the same run.

mod embed;
mod exchange;
mod hearing;
mod http;
mod phone;
mod qmatmul;
mod reload;
mod speech;
mod turn;

use crate::config::Config;
use anyhow::Result;
use jiff::civil::Date;
use std::process::ExitCode;
use std::time::Duration;

/// Measure speed
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Whole turns beside the embedding alone, in process and over HTTP
    Turn(turn::Arguments),
    /// The sentence encoders: this engine, candle in f32 and candle's quantised products
    Embed(embed::Arguments),
    /// Questions at half the capacity while content goes live again and again: none may fail, or wait over 50 ms more
    Reload(reload::Arguments),
    /// How well and fast callers are understood: error rates, times, voice activity, silence on noise
    Speech(speech::Arguments),
    /// How long callers wait for the first sound of an answer
    Phone(phone::Arguments),
    /// Messages between citizen and expert, and many open conversations
    Exchange(exchange::Arguments),
}

pub(in crate::cli) fn run(config: &Config, command: &Command, day: Date) -> Result<ExitCode> {
    match command {
        Command::Turn(arguments) => turn::run(config, arguments, day),
        Command::Embed(arguments) => embed::run(config, arguments),
        Command::Reload(arguments) => reload::run(config, arguments, day),
        Command::Speech(arguments) => speech::run(config, arguments, day),
        Command::Phone(arguments) => phone::run(config, arguments, day),
        Command::Exchange(arguments) => exchange::run(config, arguments),
    }
}

/// The value below which a percentage of sorted times lies, in milliseconds.
fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
}

/// The memory that this process holds now and held at most, in megabytes, where the system tells.
fn memory_mb() -> (f64, f64) {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse::<f64>().ok());
        kib.unwrap_or_default() / 1024.0
    };
    (value("VmRSS:"), value("VmHWM:"))
}

/// The processor's name and those of its features that matter here.
fn processor() -> (String, Vec<String>) {
    let text = fs_err::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |key: &str| {
        text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    };
    let wanted = ["avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimd", "asimddp", "i8mm"];
    let features = value("flags").or_else(|| value("Features")).unwrap_or_default();
    let features = features.split(' ').filter(|feature| wanted.contains(feature)).map(str::to_owned).collect();
    (value("model name").unwrap_or(std::env::consts::ARCH).to_owned(), features)
}
