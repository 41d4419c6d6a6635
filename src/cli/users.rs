//! `neuvo users`: the accounts of the console.

use crate::app::serve::place;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::domain::{Language, Role};
use crate::exchange::{Secret, password};
use crate::store::{Account, Store};
use anyhow::{Context as _, Result, bail};
use std::io::Read as _;
use std::process::ExitCode;

/// Manage the accounts of the console
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add an account; its password is made here and shown once, unless it comes in
    Add {
        /// What is typed to sign in
        login: String,
        /// The first name that citizens see
        #[arg(long)]
        name: String,
        /// expert, supervisor, editor, analyst or admin
        #[arg(long, default_value = "expert")]
        role: Role,
        /// The languages that it serves: fi, sv, en; all where none is said
        #[arg(long, value_delimiter = ',')]
        languages: Vec<Language>,
        /// The benefits that it serves, by their folder under `knowledge/`; all where none is said
        #[arg(long, value_delimiter = ',')]
        benefits: Vec<String>,
        /// Conversations at once
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        chats: u32,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change what an account serves and how it is called; what is not named stays
    Set {
        /// The login
        login: String,
        /// The first name that citizens see
        #[arg(long)]
        name: Option<String>,
        /// The languages that it serves: fi, sv, en; without a value all
        #[arg(long, value_delimiter = ',', num_args = 0..)]
        languages: Option<Vec<Language>>,
        /// The benefits that it serves, by their folder under `knowledge/`; without a value all
        #[arg(long, value_delimiter = ',', num_args = 0..)]
        benefits: Option<Vec<String>>,
        /// Conversations at once
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        chats: Option<u32>,
    },
    /// List all accounts
    List,
    /// Let an account sign in no more; whoever is signed in with it is signed out at once
    Disable {
        /// The login
        login: String,
        /// Let it sign in again
        #[arg(long)]
        undo: bool,
    },
    /// Give an account another role; it has to sign in again
    Role {
        /// The login
        login: String,
        /// expert, supervisor, editor, analyst or admin
        role: Role,
    },
    /// Give an account another password, made here and shown once, unless it comes in
    Password {
        /// The login
        login: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Characters of a password that is made here: 96 random bits.
const PASSWORD_CHARS: usize = 24;

pub(super) fn run(config: &Config, command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&place(config)).await?;
        let done = carry_out(&store, command).await;
        store.close().await;
        done
    })
}

async fn carry_out(store: &Store, command: Command) -> Result<ExitCode> {
    match command {
        Command::Add { login, name, role, languages, benefits, chats, password_stdin } => {
            let is_login = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-@".contains(c);
            if login.is_empty() || 64 < login.len() || !login.chars().all(is_login) {
                bail!("`{login}` is no login: expected up to 64 lower-case letters, digits and . _ - @");
            }
            let account = Account { languages, benefits, chats_max: chats, ..Account::new(&login, &name, role) };
            let (password, is_made) = password(password_stdin)?;
            store.add_account(&account, &password::hash(&password)?).await?;
            store.audit("cli", "account-added", None).await?;
            output::note(&format!("added `{login}` as {role}"));
            show(is_made, &password)
        }
        Command::Set { login, name, languages, benefits, chats } => {
            let Some((account, _)) = store.account(&login).await? else { return Ok(changed_or_not(false, &login)) };
            let account = Account {
                name: name.unwrap_or(account.name),
                languages: languages.unwrap_or(account.languages),
                benefits: benefits.unwrap_or(account.benefits),
                chats_max: chats.unwrap_or(account.chats_max),
                ..account
            };
            store.set_skills(&account).await?;
            store.audit("cli", "account-changed", None).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::List => {
            for account in store.accounts().await? {
                let state = if account.is_disabled { "disabled" } else { "enabled" };
                let line = [&account.login, account.role.as_str(), state, &account.name];
                output::line(&line.join("\t"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Disable { login, undo } => {
            let changed = store.disable(&login, !undo).await?;
            store.audit("cli", if undo { "account-enabled" } else { "account-disabled" }, None).await?;
            Ok(changed_or_not(changed, &login))
        }
        Command::Role { login, role } => {
            let changed = store.set_role(&login, role).await?;
            store.audit("cli", "role-changed", None).await?;
            Ok(changed_or_not(changed, &login))
        }
        Command::Password { login, password_stdin } => {
            let (password, is_made) = password(password_stdin)?;
            let changed = store.set_password(&login, &password::hash(&password)?).await?;
            store.audit("cli", "password-changed", None).await?;
            if changed { show(is_made, &password) } else { Ok(changed_or_not(changed, &login)) }
        }
    }
}

/// A password, and whether it was made here.
fn password(is_given: bool) -> Result<(String, bool)> {
    if !is_given {
        let made = Secret::random().expose().chars().take(PASSWORD_CHARS).collect();
        return Ok((made, true));
    }
    let mut text = String::new();
    let bytes_max = 4 * password::CHARS_MAX as u64 + 2;
    std::io::stdin().take(bytes_max).read_to_string(&mut text).context("cannot read the password")?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), false))
}

fn show(is_made: bool, password: &str) -> Result<ExitCode> {
    if is_made {
        output::line(password)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn changed_or_not(changed: bool, login: &str) -> ExitCode {
    if changed {
        return ExitCode::SUCCESS;
    }
    output::error(&format!("there is no account `{login}`: see `neuvo users list`"));
    ExitCode::from(FAILED)
}
