//! The command line. Data goes to standard output, everything else to standard error.

mod ask;
mod batch;
mod bench;
mod call;
mod conversations;
mod eval;
mod kb;
mod models;
mod output;
mod phone;
mod replay;
mod serve;
mod spoken;
mod transcribe;
mod users;

use crate::config::Config;
use crate::telemetry;
use anyhow::Result;
use clap::{Parser, Subcommand};
use jiff::civil::{Date, DateTime};
use std::path::PathBuf;
use std::process::ExitCode;

/// Answers citizens from reviewed, dated guidance, with citations
#[derive(Debug, Parser)]
#[command(name = "neuvo", version, max_term_width = 100)]
struct Arguments {
    /// The configuration file; `neuvo.toml` in this folder is read if it exists
    #[arg(long, global = true, env = "NEUVO_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer as on this day, YYYY-MM-DD, instead of today
    #[arg(long, global = true, value_name = "DAY")]
    at: Option<Date>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask a question, or a file of questions, in the terminal
    Ask(ask::Arguments),
    /// Write, check, try out and publish the guidance
    #[command(subcommand)]
    Kb(kb::Command),
    /// Answer over HTTP, with a page to ask on
    Serve(serve::Arguments),
    /// Measure the answers on held-out questions
    Eval(eval::Arguments),
    /// Say a saved conversation once more and compare the replies
    Replay(replay::Arguments),
    /// Write down what is said in WAV files
    Transcribe(transcribe::Arguments),
    /// Measure speed
    #[command(subcommand)]
    Bench(bench::Command),
    /// Manage the accounts of the console
    #[command(subcommand)]
    Users(users::Command),
    /// Set a telephony gateway up
    #[command(subcommand)]
    Phone(phone::Command),
    /// Play a recording into a simulated call and print the conversation
    Call(call::Arguments),
    /// Give out or delete what is kept of conversations
    #[command(subcommand)]
    Conversations(conversations::Command),
    /// Fetch and convert model weights
    #[command(subcommand)]
    Models(models::Command),
}

/// Success, or failure that was already explained.
const FAILED: u8 = 1;
/// The program could not do what it was asked.
const BROKEN: u8 = 2;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::init();
    match dispatch(arguments) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&told(&error));
            ExitCode::from(BROKEN)
        }
    }
}

/// An error with its causes, each told once: many errors name theirs themselves.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    let day = arguments.at.unwrap_or_else(today);
    if let Command::Models(command) = arguments.command {
        return models::run(command);
    }
    let config = Config::read(arguments.config.as_deref())?;
    match arguments.command {
        Command::Ask(arguments) => ask::run(&config, &arguments, day),
        Command::Kb(command) => kb::run(&config, &command, day),
        Command::Serve(serve) => serve::run(&config, &serve, arguments.at),
        Command::Eval(arguments) => eval::run(&config, &arguments, day),
        Command::Replay(arguments) => replay::run(&config, &arguments, day),
        Command::Transcribe(arguments) => transcribe::run(&config, &arguments, day),
        Command::Bench(command) => bench::run(&config, &command, day),
        Command::Users(command) => users::run(&config, command),
        Command::Phone(command) => phone::run(&config, &command, day),
        Command::Call(arguments) => call::run(&config, &arguments, day),
        Command::Conversations(command) => conversations::run(&config, &command),
        Command::Models(command) => models::run(command),
    }
}

/// Today in Helsinki: the day for which figures hold.
pub(crate) fn today() -> Date {
    now().date()
}

/// The time in Helsinki.
#[expect(clippy::disallowed_methods, reason = "the command line tells the time to all others")]
pub(crate) fn now() -> DateTime {
    let zone = jiff::tz::TimeZone::get("Europe/Helsinki").unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::now().to_zoned(zone).datetime()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file").context("cannot read it: no such file").context("`neuvo.toml`");
        assert_eq!(told(&error), "`neuvo.toml`: cannot read it: no such file");
    }
}
