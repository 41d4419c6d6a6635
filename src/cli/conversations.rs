//! `neuvo conversations`: what is kept of citizens, given out and deleted.

use crate::app::serve::{ages, place};
use crate::channel::web::ExportBody;
use crate::cli::{now, output};
use crate::config::Config;
use crate::domain::ConversationId;
use crate::exchange;
use crate::store::{Store, StoreError, Swept};
use anyhow::{Context as _, Result, bail};
use std::process::ExitCode;
use uuid::Uuid;

/// Give out or delete what is kept of conversations
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print everything that is kept of one conversation, as JSON
    Export {
        /// The conversation
        id: Uuid,
    },
    /// Delete at once what is past its retention, as the service does every hour, and say what was deleted and what is left
    Sweep,
}

pub(super) fn run(config: &Config, command: &Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&place(config)).await?;
        let done = match command {
            Command::Export { id } => export(&store, *id).await,
            Command::Sweep => sweep(&store, config).await,
        };
        store.close().await;
        done
    })
}

async fn export(store: &Store, id: Uuid) -> Result<ExitCode> {
    let exported = match store.export(ConversationId(id)).await {
        Err(StoreError::Unknown) => bail!("there is no conversation `{id}`: it was deleted, or it is another's id"),
        exported => exported.with_context(|| format!("cannot export `{id}`"))?,
    };
    output::line(&serde_json::to_string_pretty(&ExportBody::new(id, exported))?)?;
    Ok(ExitCode::SUCCESS)
}

async fn sweep(store: &Store, config: &Config) -> Result<ExitCode> {
    for Swept { class, deleted_n, left_n } in exchange::sweep(store, &ages(config), now()).await? {
        output::line(&format!("{class}: deleted {deleted_n}, left {left_n}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
