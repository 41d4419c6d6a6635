//! Letting content go live: what an editor or an operator can ask of a running service, and what they are told.
//!
//! Content goes live as a whole or not at all. Whatever is refused changes nothing.

use crate::knowledge::versions::Kept;
use crate::knowledge::{Changes, Finding};
use serde::Serialize;
use std::fmt;

/// What asks for content to go live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The service starts.
    Start,
    /// A request of `neuvo kb reload`.
    Request,
    /// SIGHUP.
    Signal,
    /// A file was changed under `neuvo serve --watch`.
    Watch,
    /// A request for an earlier version.
    Rollback,
    /// Another replica went ahead.
    Follow,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Request => "request",
            Self::Signal => "signal",
            Self::Watch => "watch",
            Self::Rollback => "rollback",
            Self::Follow => "follow",
        })
    }
}

/// How far content went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It answers from now on.
    Live,
    /// It was live already.
    Unchanged,
    /// It may go live: nothing was changed, as was asked.
    Checked,
}

/// What became of content that was let in.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// How far it went.
    pub state: State,
    /// Its version.
    pub version: String,
    /// The version that was live before.
    pub before: String,
    /// What differs from it.
    pub changes: Changes,
    /// Golden questions that were asked of it.
    pub golden_n: usize,
    /// The share of them that found their topic first, 0 to 1.
    pub golden_top_1: f64,
    /// Warnings; they hold nothing up.
    pub findings: Vec<Finding>,
    /// Milliseconds from the request to the swap.
    pub took_ms: u64,
    /// Where they went, step by step.
    pub steps: Vec<Step>,
}

/// A step on the way with the milliseconds that it took.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Its time.
    pub ms: u64,
}

/// Why content does not go live; what answered before still does.
#[derive(Debug, thiserror::Error)]
pub enum NotPublished {
    /// It has faults.
    #[error("the content has {} errors: mend them and reload", .0.len())]
    Findings(Vec<Finding>),
    /// It no longer finds its own questions.
    #[error("{} golden questions do not find their topic: mend the articles, or run `neuvo kb test` for all of them", .0.len())]
    Golden(Vec<String>),
    /// Such a version is not kept.
    #[error("version `{0}` is not kept: `neuvo kb history` lists those that are")]
    NoVersion(String),
    /// Other content is going live just now.
    #[error("other content is going live just now: try again in a moment")]
    Busy,
    /// It cannot be read or built.
    #[error("{0}")]
    Failed(String),
}

/// Lets content go live. Calls take as long as it takes: they belong on a thread that may wait.
pub trait Publish: Send + Sync {
    /// Takes what the content folder holds; `dry_run` stops before it answers.
    ///
    /// # Errors
    /// Where it is refused; see [`NotPublished`].
    fn reload(&self, trigger: Trigger, dry_run: bool) -> Result<Published, NotPublished>;

    /// Takes a kept version.
    ///
    /// # Errors
    /// Where it is refused; see [`NotPublished`].
    fn rollback(&self, version: &str, dry_run: bool) -> Result<Published, NotPublished>;

    /// The live version, and those that are kept, the one that was live last first.
    ///
    /// # Errors
    /// Where the record of them cannot be read.
    fn history(&self) -> Result<(String, Vec<Kept>), NotPublished>;
}
