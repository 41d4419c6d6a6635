//! `neuvo bench`: how fast the engines are, side by side in one run.

mod embed;
mod qmatmul;

use crate::config::Config;
use anyhow::Result;
use std::process::ExitCode;

/// Measure speed
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Time the sentence encoders: this engine, candle in f32 and candle's quantised products
    Embed(embed::Arguments),
}

pub(super) fn run(config: &Config, command: &Command) -> Result<ExitCode> {
    match command {
        Command::Embed(arguments) => embed::run(config, arguments),
    }
}
