//! `neuvo kb reload`, `history` and `rollback`: ask the running service, which alone can let content go live.

use crate::cli::{FAILED, output};
use crate::config::Config;
use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Duration;

/// Where the service runs, and how it is shown.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Where {
    /// The service, where it is not the one that the configuration describes; plain HTTP, so on this machine or a network of your own
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Let the content folder go live
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Reload {
    #[command(flatten)]
    at: Where,
    /// Check, build and ask the golden questions, but do not go live
    #[arg(long)]
    dry_run: bool,
}

/// Let an earlier version go live again
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rollback {
    /// A version that `neuvo kb history` lists
    version: String,
    #[command(flatten)]
    at: Where,
    /// Check, build and ask the golden questions, but do not go live
    #[arg(long)]
    dry_run: bool,
}

/// Content with new topics is learnt first.
const TIME_MAX: Duration = Duration::from_mins(6);

pub(super) fn reload(config: &Config, arguments: &Reload) -> Result<ExitCode> {
    let body = json!({ "dry_run": arguments.dry_run });
    let answer = ask(config, &arguments.at, Method::POST, "/reload", Some(&body))?;
    show(&answer, &arguments.at, published)
}

pub(super) fn rollback(config: &Config, arguments: &Rollback) -> Result<ExitCode> {
    let body = json!({ "version": arguments.version, "dry_run": arguments.dry_run });
    let answer = ask(config, &arguments.at, Method::POST, "/rollback", Some(&body))?;
    show(&answer, &arguments.at, published)
}

pub(super) fn history(config: &Config, arguments: &Where) -> Result<ExitCode> {
    let answer = ask(config, arguments, Method::GET, "", None)?;
    show(&answer, arguments, |body| {
        let kept = part(body, "kept").as_array().into_iter().flatten();
        let line = |kept: &Value| {
            let live = if part(kept, "version") == part(body, "version") { "  live" } else { "" };
            format!(
                "{}  {}  by {}{live}",
                text(part(kept, "version")),
                text(part(kept, "live_since")),
                text(part(kept, "by"))
            )
        };
        kept.map(line).collect()
    })
}

/// What the service said: whether it did as asked, and its words.
struct Answer {
    is_done: bool,
    body: Value,
}

fn ask(config: &Config, at: &Where, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
    let base = at.to.clone().unwrap_or_else(|| {
        let mut address = config.server.listen;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                IpAddr::V4(Ipv4Addr::LOCALHOST)
            } else {
                IpAddr::V6(Ipv6Addr::LOCALHOST)
            });
        }
        format!("http://{address}")
    });
    let url = format!("{}/v1/admin/content{path}", base.trim_end_matches('/'));
    if config.admin.token_file.as_os_str().is_empty() {
        bail!("no token is configured: write one with `openssl rand -hex 32 > FILE` and name it as `admin.token_file`");
    }
    let token = fs_err::read_to_string(&config.admin.token_file)?;
    let waiting = ProgressBar::new_spinner().with_message("the service reads, checks, builds and asks");
    waiting.enable_steady_tick(Duration::from_millis(100));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(TIME_MAX).build()?;
        let mut request = client.request(method, &url).bearer_auth(token.trim());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("no service answers at {base}: start it with `neuvo serve`"))?;
        let is_done = response.status().is_success();
        let body = response.json().await.with_context(|| format!("{base} answers, but not as neuvo does"))?;
        Ok::<_, anyhow::Error>(Answer { is_done, body })
    });
    waiting.finish_and_clear();
    answer
}

fn show(answer: &Answer, at: &Where, lines: impl Fn(&Value) -> Vec<String>) -> Result<ExitCode> {
    if at.json {
        output::line(&serde_json::to_string_pretty(&answer.body)?)?;
    } else if answer.is_done {
        for line in lines(&answer.body) {
            output::line(&line)?;
        }
    } else {
        for finding in part(&answer.body, "findings").as_array().into_iter().flatten() {
            let place = match (text(part(finding, "path")), part(finding, "line").as_u64()) {
                ("", _) => String::new(),
                (path, None | Some(0)) => format!("{path}: "),
                (path, Some(line)) => format!("{path}:{line}: "),
            };
            output::line(&format!("{}: {place}{}", text(part(finding, "severity")), text(part(finding, "message"))))?;
        }
        output::error(text(part(&answer.body, "detail")));
    }
    Ok(if answer.is_done { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn published(body: &Value) -> Vec<String> {
    let version = text(part(body, "version"));
    let mut lines = vec![match text(part(body, "state")) {
        "live" => format!("version {version} is live, {} ms after the request", part(body, "took_ms")),
        "checked" => format!("version {version} may go live: nothing was changed"),
        _ => format!("version {version} is live already: nothing has changed"),
    }];
    if *part(body, "golden_n") != json!(0) {
        let share = part(body, "golden_top_1").as_f64().unwrap_or_default() * 100.0;
        lines.push(format!("{} golden questions asked, {share:.1} % find their topic first", part(body, "golden_n")));
    }
    let changes = part(body, "changes");
    for (name, what) in [
        ("topics_new", "new topic"),
        ("topics_gone", "topic gone"),
        ("articles", "article"),
        ("examples", "examples"),
        ("facts", "fact"),
        ("intents", "intent or text"),
    ] {
        for id in part(changes, name).as_array().into_iter().flatten() {
            lines.push(format!("{what} {}", text(id)));
        }
    }
    let steps = part(body, "steps").as_array().into_iter().flatten();
    let steps: Vec<_> = steps.map(|step| format!("{} {} ms", text(part(step, "name")), part(step, "ms"))).collect();
    lines.push(steps.join(", "));
    lines
}

fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
