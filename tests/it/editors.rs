//! What editors do on the command line, on the real content and on content of their own.

use crate::support;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs `neuvo` on a content folder, on a fixed day.
fn neuvo(root: &Path, data: &Path, arguments: &[&str]) -> Output {
    let config = data.join("neuvo.toml");
    let text = format!(
        "[content]\nroot = '{}'\nversions = '{}'\n[data]\nfolder = '{}'\n",
        root.display(),
        data.join("versions").display(),
        data.display()
    );
    fs::write(&config, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_neuvo"))
        .args(["--config", config.to_str().unwrap(), "--at", "2026-11-22"])
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs a command on the content of this tree.
#[track_caller]
fn on_ours(arguments: &[&str]) -> String {
    let data = tempfile::tempdir().unwrap();
    let output = neuvo(Path::new(env!("CARGO_MANIFEST_DIR")), data.path(), arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text(&output)
}

fn small() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in support::files() {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

#[test]
fn an_article_is_shown_as_it_is_read_and_heard() {
    let report: Value =
        serde_json::from_str(&on_ours(&["kb", "preview", "housing-allowance.changes", "--json"])).unwrap();
    let articles = report["articles"].as_array().unwrap();
    assert_eq!(articles.len(), 3);
    for article in articles {
        assert!(!article["facts"].as_array().unwrap().is_empty());
        for part in article["parts"].as_array().unwrap() {
            let speech = part["speech"].as_str().unwrap();
            assert!(!speech.is_empty() && !speech.contains(|c: char| c.is_ascii_digit()), "{speech}");
            assert!(!speech.contains("http") && !part["chat"].as_str().unwrap().contains("{{"), "{part}");
        }
    }
    let one = on_ours(&["kb", "preview", "housing-allowance.changes", "--lang", "sv"]);
    assert!(one.contains("Facts") && one.contains("sv, on 2026-11-22"), "{one}");
}

/// What a voice says has no digits and no addresses, in any article.
#[test]
fn all_articles_can_be_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = neuvo::knowledge::load(root, jiff::civil::date(2026, 11, 22)).unwrap();
    let knowledge = loaded.knowledge.unwrap();
    for article in knowledge.topics.iter().flat_map(|topic| &topic.articles) {
        for part in article.parts() {
            let pieces = part.text.pieces(&knowledge.facts, jiff::civil::date(2026, 11, 22)).unwrap();
            let said = neuvo::reply::spoken::speak(&pieces, article.language);
            let is_plain =
                !said.contains(|c: char| c.is_ascii_digit() || "€%[]{}@*".contains(c)) && !said.contains("http");
            assert!(is_plain && !said.is_empty(), "{}: {said}", article.path);
        }
    }
}

#[test]
fn what_is_due_is_listed_by_date() {
    let report: Value = serde_json::from_str(&on_ours(&["kb", "due", "--days", "120", "--json"])).unwrap();
    let days: Vec<&str> = report["due"].as_array().unwrap().iter().map(|due| due["day"].as_str().unwrap()).collect();
    assert!(!days.is_empty() && days.is_sorted(), "{days:?}");
    assert!(
        report["due"].as_array().unwrap().iter().all(|due| due["source"].as_str().unwrap().starts_with("https://"))
    );
}

#[test]
fn what_there_is_is_counted() {
    let report: Value = serde_json::from_str(&on_ours(&["kb", "stats", "--json"])).unwrap();
    let all = &report["benefits"]["all"];
    assert_eq!(all["topics_n"], 112);
    assert!(all["words_n"].as_array().unwrap().iter().all(|n| 10_000 < n.as_u64().unwrap()), "{all}");
}

#[test]
fn a_new_topic_is_a_list_of_what_to_write() {
    let (content, data) = (small(), tempfile::tempdir().unwrap());
    let output = neuvo(content.path(), data.path(), &["kb", "new", "housing.moving"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again = neuvo(content.path(), data.path(), &["kb", "new", "housing.moving"]);
    assert_eq!(again.status.code(), Some(2));
    let checked = neuvo(content.path(), data.path(), &["kb", "check", "--json"]);
    assert_eq!(checked.status.code(), Some(1));
    let report: Value = serde_json::from_str(&text(&checked)).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of_new = findings.iter().filter(|finding| finding["path"].as_str().unwrap().contains("housing/moving."));
    let lines: Vec<u64> = of_new.clone().map(|finding| finding["line"].as_u64().unwrap()).collect();
    // Title, six questions, source, lead, heading, question and step, three times.
    assert_eq!(lines.len(), 3 * 12, "{findings:?}");
    assert!(of_new.clone().all(|finding| finding["message"].as_str().unwrap().contains("TO-WRITE")));
}

#[test]
fn without_a_kept_version_diff_says_how_to_get_one() {
    let (content, data) = (small(), tempfile::tempdir().unwrap());
    let output = neuvo(content.path(), data.path(), &["kb", "diff", "--texts"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`neuvo serve` keeps the first"));
}

#[test]
fn texts_and_facts_are_compared_with_a_kept_version() {
    let (content, data) = (small(), tempfile::tempdir().unwrap());
    let versions = neuvo::knowledge::Versions::new(&data.path().join("versions"), 3);
    let source = neuvo::knowledge::Source::read(content.path()).unwrap();
    versions.keep(&source, source.version().as_str(), "start", jiff::Timestamp::UNIX_EPOCH).unwrap();
    let file = content.path().join("knowledge/housing/apply.fi.md");
    let edited = fs::read_to_string(&file).unwrap().replace("OmaKela.", "OmaKela, verkossa.");
    fs::write(file, edited).unwrap();
    let output = neuvo(content.path(), data.path(), &["kb", "diff", "--texts"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = text(&output);
    let minus = shown.contains("  - Asumistuen hakeminen: OmaKela.\n");
    assert!(minus && shown.contains("  + Asumistuen hakeminen: OmaKela, verkossa.\n"), "{shown}");
    assert!(shown.contains("knowledge/housing/apply.fi.md\n") && shown.contains("1 files differ"), "{shown}");
}

#[test]
fn reload_without_a_token_says_how_to_make_one() {
    let (content, data) = (small(), tempfile::tempdir().unwrap());
    let output = neuvo(content.path(), data.path(), &["kb", "reload"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("openssl rand -hex 32"));
}
