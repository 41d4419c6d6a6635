//! What holds for the whole tree: who may import whom, how long files are, what only one room may know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of `src/` and the modules of ours that it may name. `app` and `cli` may name all.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("words", &["domain"]),
    ("phrases", &["words"]),
    ("knowledge", &["domain", "phrases"]),
    ("models", &[]),
    ("inference", &["domain", "models"]),
    ("conversation", &["domain"]),
    ("reply", &["domain"]),
    ("assistant", &["domain", "conversation", "knowledge", "reply", "inference"]),
    ("understanding", &["domain", "words", "knowledge", "inference", "assistant"]),
    ("retrieval", &["domain", "words", "knowledge", "inference", "assistant"]),
    ("evaluation", &["domain", "knowledge", "inference", "conversation", "assistant", "retrieval"]),
    ("handoff", &["domain"]),
    ("speech", &["domain"]),
    // Settings are parsed into the types of those who use them.
    ("config", &["domain", "handoff", "inference", "speech"]),
    ("telemetry", &["domain"]),
    ("store", &["domain", "conversation"]),
    ("publication", &["domain", "knowledge"]),
    (
        "exchange",
        &["domain", "conversation", "reply", "assistant", "inference", "handoff", "store", "config", "telemetry"],
    ),
    (
        "channel",
        // Editors are shown findings and kept versions, which are `knowledge`'s.
        &[
            "domain",
            "conversation",
            "reply",
            "knowledge",
            "assistant",
            "handoff",
            "speech",
            "store",
            "exchange",
            "publication",
            "config",
            "telemetry",
        ],
    ),
    ("app", &["*"]),
    ("cli", &["*"]),
    ("lib", &["*"]),
    ("main", &["*"]),
];

/// A word that only some modules may contain, and which.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("axum::", &["channel", "cli"]),
    ("sqlx::", &["store"]),
    ("openidconnect::", &["channel"]),
    ("tantivy::", &["retrieval"]),
    // The bench times candle beside our engine.
    ("candle_core::", &["inference", "cli"]),
    ("candle_transformers::", &["inference"]),
    ("whisper_rs::", &["speech"]),
    ("env::var", &["config", "telemetry"]),
    // `app` tells editors how long a change took and since when it is live.
    ("Instant::now", &["assistant", "exchange", "channel", "store", "app", "cli"]),
    ("Timestamp::now", &["assistant", "channel", "store", "app", "cli"]),
    ("SystemTime::now", &["channel", "store", "cli"]),
];

/// A file longer than this tells more than one story.
const LINES_MAX: usize = 450;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The files of `src/` with the module that each belongs to, its path and its code: comments, and what stands behind `#[cfg(test)]`, left out.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root)
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.to_string_lossy().contains("/tests/"))
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (room, inside.to_owned(), code)
        })
        .collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut breaches = Vec::new();
    for (room, path, code) in rooms() {
        let allowed = table.get(room.as_str()).unwrap_or_else(|| panic!("`{room}` is not in the table: add it"));
        for (at, _) in code.match_indices("crate::") {
            let name: String = code[at + 7..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let is_module = table.contains_key(name.as_str());
            if is_module && name != room && !allowed.contains(&"*") && !allowed.contains(&name.as_str()) {
                breaches.push(format!("{}: `{room}` may not import `{name}`", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn only_one_room_knows_each_neighbour() {
    let mut breaches = Vec::new();
    for (room, path, code) in rooms() {
        for (word, rooms) in ONLY_IN {
            if code.contains(word) && !rooms.contains(&room.as_str()) {
                breaches.push(format!("{}: only {} may use `{word}`", path.display(), rooms.join(", ")));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn files_tell_one_story() {
    for (_, path, code) in rooms() {
        let lines_n = code.lines().count();
        assert!(lines_n <= LINES_MAX, "{} has {lines_n} lines of code: split it", path.display());
    }
}

#[test]
fn modules_begin_by_saying_what_they_are() {
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let is_test = path.ends_with("tests.rs") || path.to_string_lossy().contains("/tests/");
        assert!(is_test || text.starts_with("//!"), "{} does not begin with `//!`", path.display());
    }
}
