//! The chat widget: one script with its styles and the texts of the content in it, and what it asks for when it is opened.
//!
//! The script is written as modules under `widget/` and sent as one file: imports are dropped, and what was exported becomes the file's own.

use crate::channel::web::problem::{Problem, ProblemBody};
use crate::channel::web::state::Web;
use crate::domain::{Language, Utterance, hex};
use crate::exchange::Wording;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// The modules in the order in which they build on each other.
const MODULES: [&str; 14] = [
    include_str!("widget/dom.js"),
    include_str!("widget/wording.js"),
    include_str!("widget/identity.js"),
    include_str!("widget/markdown.js"),
    include_str!("widget/api.js"),
    include_str!("widget/stream.js"),
    include_str!("widget/talk.js"),
    include_str!("widget/turns.js"),
    include_str!("widget/composer.js"),
    include_str!("widget/paper.js"),
    include_str!("widget/sheets.js"),
    include_str!("widget/frame.js"),
    include_str!("widget/chat.js"),
    include_str!("widget/main.js"),
];
/// The styles; the script has them too, this is for browsers that cannot take them from there.
const STYLES: &str = include_str!("widget/widget.css");
/// What is shown while the content is still being loaded: the texts without figures.
const TEXTS: &str = include_str!("../../../intents/widget.toml");
/// What stands before each id of the widget's texts.
const PREFIX: &str = "widget-";
/// The longest name of a benefit.
const CONTEXT_CHARS_MAX: usize = 60;
/// Browsers ask again after some minutes, and keep the script for the days on which the service may be down.
const CACHE: &str = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800";

/// The script that was sent last. It changes with the content and with the day.
#[derive(Default)]
pub(super) struct Scripts(Mutex<Option<(String, Arc<Script>)>>);

struct Script {
    plain: String,
    gzip: Vec<u8>,
    tag: String,
}

/// What the widget needs to know: the script has it of the moment at which it was fetched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigBody {
    /// Names the texts: it changes with the content and with the day
    version: String,
    /// What can be offered
    features: Features,
    /// The most characters of a message
    chars_max: usize,
    /// Days after its last message on which a conversation is deleted
    retention_days: u32,
    /// Texts by language, then by id
    #[schema(value_type = Object)]
    texts: BTreeMap<Language, Wording>,
    /// What people can begin with on the pages of the benefit, by language
    #[schema(value_type = Object)]
    starters: BTreeMap<Language, Vec<String>>,
}

/// What the widget may offer beside the bot.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(super) struct Features {
    /// A person can be asked for in the conversation
    handoff: bool,
    /// A call back can be asked for
    callback: bool,
}

/// Which page the widget is on.
#[derive(Debug, Deserialize)]
pub(super) struct ConfigQuery {
    /// The benefit of the page.
    context: Option<String>,
}

/// What the chat widget shows and may offer
#[utoipa::path(get, path = "/v1/widget/config", tag = "service",
    params(("context" = Option<String>, Query, description = "The benefit of the page, such as `housing-allowance`")),
    responses(
        (status = 200, description = "Texts with the figures of today, and features", body = ConfigBody),
        (status = "5XX", description = "See /v1/problems", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn config(
    State(web): State<Arc<Web>>,
    Query(query): Query<ConfigQuery>,
) -> Result<Json<ConfigBody>, Problem> {
    // Says the truth to a widget that would begin to talk: while the content is loaded nothing is answered.
    web.exchange()?;
    let context = query.context.filter(|context| context.chars().count() <= CONTEXT_CHARS_MAX);
    Ok(Json(current(&web, context.as_deref())))
}

/// The script
pub(super) async fn script(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let script = web.scripts.of(&web);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    let about = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, CACHE),
        (header::VARY, "accept-encoding"),
        (header::ETAG, script.tag.as_str()),
    ];
    if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == script.tag)) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    if accepts.is_some_and(|accepted| accepted.contains("gzip")) && !script.gzip.is_empty() {
        return (about, [(header::CONTENT_ENCODING, "gzip")], script.gzip.clone()).into_response();
    }
    (about, script.plain.clone()).into_response()
}

/// The styles, for browsers without constructable style sheets
pub(super) async fn styles() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, CACHE)], STYLES)
}

fn current(web: &Web, context: Option<&str>) -> ConfigBody {
    let (version, features, texts, starters) = match web.exchange() {
        Ok(exchange) => {
            let starters = context.map(|benefit| exchange.starters(benefit)).unwrap_or_default();
            let features = Features { handoff: exchange.has_queues(), callback: exchange.takes_call_backs() };
            (exchange.wording_version(), features, exchange.wording(PREFIX), starters)
        }
        Err(_) => (String::new(), Features::default(), built_in(), Default::default()),
    };
    ConfigBody {
        version,
        features,
        chars_max: Utterance::CHARS_MAX,
        retention_days: web.limits.retention_days,
        texts: Language::ALL.into_iter().zip(texts).collect(),
        starters: Language::ALL.into_iter().zip(starters).filter(|(_, titles)| !titles.is_empty()).collect(),
    }
}

/// The texts that the program was built with, those with figures left out.
fn built_in() -> [Wording; 3] {
    #[derive(Deserialize)]
    struct File {
        text: Vec<BTreeMap<String, String>>,
    }
    let file = toml::from_str(TEXTS).unwrap_or(File { text: Vec::new() });
    Language::ALL.map(|language| {
        let texts = file.text.iter().filter_map(|text| {
            let id = text.get("id")?.strip_prefix(PREFIX)?;
            let words = text.get(language.tag()).filter(|words| !words.contains("{{"))?;
            Some((id.to_owned(), words.clone()))
        });
        texts.collect()
    })
}

impl Scripts {
    fn of(&self, web: &Web) -> Arc<Script> {
        let version = web.exchange().map(|exchange| exchange.wording_version()).unwrap_or_default();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, script)) if *of == version => Arc::clone(script),
            _ => {
                let script = Arc::new(Script::new(&current(web, None)));
                *last = Some((version, Arc::clone(&script)));
                script
            }
        }
    }
}

impl Script {
    fn new(config: &ConfigBody) -> Self {
        let plain = bundle(config);
        let tag = format!("\"{}\"", hex(&Sha256::digest(plain.as_bytes()), 8));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail; where it did, the plain form is sent.
        let gzip = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        Self { plain, gzip, tag }
    }
}

/// What a line does: not imports of what is in the same file, nor comments, which stand on lines of their own or, as casts, before the code.
fn code(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = match line.strip_prefix("/*") {
        Some(comment) => comment.split_once("*/")?.1.trim(),
        None => line,
    };
    let is_left_out = ["import ", "* ", "*/", "//"].iter().any(|start| line.starts_with(start)) || line == "*";
    (!is_left_out && !line.is_empty()).then(|| line.strip_prefix("export ").unwrap_or(line))
}

/// All modules as one, without indents and comments.
fn bundle(config: &ConfigBody) -> String {
    let json = |value| serde_json::to_string(&value).unwrap_or_else(|_| "{}".to_owned());
    let config = serde_json::to_value(config).unwrap_or_default();
    let mut script = format!("const BAKED = {};\nconst STYLES = {};\n", json(config), json(trimmed(STYLES).into()));
    for module in MODULES {
        for line in module.lines().filter_map(code) {
            script.push_str(line);
            script.push('\n');
        }
    }
    script
}

fn trimmed(styles: &str) -> String {
    styles.lines().map(str::trim).filter(|line| !line.starts_with("/*")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;
    use std::collections::BTreeSet;

    fn baked() -> ConfigBody {
        ConfigBody {
            version: "test".to_owned(),
            features: Features::default(),
            chars_max: 2_000,
            retention_days: 30,
            texts: Language::ALL.into_iter().zip(built_in()).collect(),
            starters: BTreeMap::new(),
        }
    }

    #[test]
    fn comments_are_left_out_and_code_behind_them_stays() {
        let lines = [
            ("  /** @type {HTMLElement} */ (box.part).focus();", Some("(box.part).focus();")),
            ("/** Closes the window. */", None),
            ("/**", None),
            (" * What it does.", None),
            (" */", None),
            ("// why", None),
            ("import { h } from \"./dom.js\";", None),
            ("export const a = 1;", Some("const a = 1;")),
            ("", None),
        ];
        for (line, expected) in lines {
            assert_eq!(code(line), expected, "{line}");
        }
    }

    #[test]
    fn the_script_is_small_and_clean() {
        let script = Script::new(&baked());
        assert!(script.gzip.len() <= 30 * 1024, "{} bytes", script.gzip.len());
        for bad in
            ["innerHTML", "eval(", "new Function", "document.write", "document.cookie", ".style.", "localStorage"]
        {
            assert!(!script.plain.contains(bad), "{bad}");
        }
        let imports = script.plain.lines().filter(|line| line.starts_with("import ") || line.starts_with("export "));
        assert_eq!(imports.count(), 0);
    }

    /// The modules become one script, in which a name can be declared once.
    #[test]
    fn names_of_modules_do_not_meet() {
        let declared = Regex::new(r"(?m)^(?:export )?(?:async )?(?:const|let|class|function) (\w+)").unwrap();
        let mut names = BTreeSet::new();
        for module in MODULES {
            for found in declared.captures_iter(module) {
                assert!(names.insert(found[1].to_owned()), "`{}` is declared in two modules", &found[1]);
            }
        }
    }

    #[test]
    fn every_text_is_shown_and_every_shown_text_is_there() {
        let name = Regex::new(r#"\b(?:say|plural|t)\(\s*"([a-z-]+)""#).unwrap();
        let code = MODULES.join("\n");
        let shown: BTreeSet<_> = name.captures_iter(&code).map(|found| found[1].to_owned()).collect();
        let quoted = |id: &str| code.contains(&format!("\"{id}\""));
        for id in &shown {
            assert!(TEXTS.contains(&format!("id = \"{PREFIX}{id}\"")), "`{id}` is no text of intents/widget.toml");
        }
        let ids = TEXTS.lines().filter_map(|line| line.strip_prefix("id = \"widget-")?.strip_suffix('"'));
        for id in ids {
            assert!(shown.contains(id) || quoted(id), "`{id}` is shown nowhere");
        }
    }

    #[test]
    fn texts_with_figures_wait_for_the_content() {
        let [fi, ..] = built_in();
        assert!(fi.contains_key("send") && fi.contains_key("contact-plain") && !fi.contains_key("contact"));
    }
}
