//! The program as its users run it, on the real content and the real weights.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The day of these tests, so that figures stay what they are.
const DAY: &str = "2026-11-22";

/// Runs `neuvo` on this tree with a data folder that all these tests share, so that the content is embedded once.
fn neuvo(arguments: &[&str], input: &str) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("content.toml");
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("content-data");
    let text = format!(
        "[content]\nroot = '{}'\n[model]\nfolder = '{}'\n[data]\nfolder = '{}'\n",
        root.display(),
        root.join("models/multilingual-e5-small").display(),
        data.display(),
    );
    fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_neuvo"))
        .args(["--config", config.to_str().unwrap(), "--at", DAY])
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_content_has_no_findings() {
    let report: Value = serde_json::from_str(&stdout(&neuvo(&["kb", "check", "--json"], ""))).unwrap();
    assert_eq!(report["findings"], Value::Array(Vec::new()));
}

/// Several questions through one process: learning the content takes longer than asking.
mod models {
    use super::*;

    #[test]
    fn a_batch_answers_in_order_and_goes_on_after_a_bad_line() {
        let input = r#"{"id": 1, "text": "Paljonko lääkekatto eli vuosiomavastuu on vuonna 2026?"}
{"id": "två", "text": "hur ansöker man om allmänt bostadsbidrag"}
this is not JSON
{"id": 3, "text": "how many working days of parental allowance are paid in total for one child"}
{"id": 4, "text": "kiitos", "conversation": "a"}
{"id": 5, "text": "haluan puhua ihmisen kanssa", "conversation": "a"}
{"id": 6, "text": "   "}
{"id": 7, "text": "kuka voitti eilisen liiga ottelun"}
{"id": 8, "text": "010594Y9032 on tunnukseni, miten haen lapsilisää", "lang": "fi"}
{"id": 9, "text": "en halua enää elää kun tukea ei tule"}
"#;
        let output = neuvo(&["ask", "--batch", "-"], input);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(errors.contains("line 3: ") && errors.contains("line 7: the message is empty"), "{errors}");
        let lines: Vec<Value> =
            String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ids: Vec<String> = lines.iter().map(|line| line["id"].to_string()).collect();
        assert_eq!(ids, ["1", "\"två\"", "3", "4", "5", "7", "8", "9"]);
        let shown = |line: &Value| {
            format!("{} {} {}", line["lang"].as_str().unwrap(), line["outcome"].as_str().unwrap(), line["topic"])
        };
        assert_eq!(shown(&lines[0]), "fi answer \"medicine.annual-cap\"");
        assert!(lines[0]["reply"].as_str().unwrap().contains("636,12"));
        assert_eq!(shown(&lines[1]), "sv answer \"housing-allowance.apply\"");
        assert_eq!(lines[2]["lang"], "en");
        assert_eq!(lines[2]["candidates"][0]["topic"], "family.parental-allowance");
        assert_eq!(shown(&lines[3]), "fi chat null");
        assert_eq!(shown(&lines[4]), "fi handoff null");
        assert_eq!(lines[4]["conversation"], "a");
        assert_eq!(lines[5]["topic"], Value::Null);
        assert_eq!(shown(&lines[7]), "fi handoff null");
        assert!(lines[7]["reply"].as_str().unwrap().contains("112"));
        for line in &lines {
            let confidence = line["confidence"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&confidence) && line["candidates"].as_array().unwrap().len() <= 5);
            assert!(line["micros"].as_u64().unwrap() < 60_000_000);
            let answered = line["outcome"] == "answer";
            assert_eq!(line["sources"].as_array().unwrap().len(), usize::from(answered));
            if answered {
                let source = &line["sources"][0];
                assert!(source["url"].as_str().unwrap().starts_with("https://"));
                assert_eq!(source["version"].as_str().unwrap().len(), 12);
                assert_eq!(source["checked"].as_str().unwrap().len(), 10);
            }
        }
    }

    #[test]
    fn the_answers_stay_as_good_as_recorded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sets = ["questions/test.tsv", "questions/test-off-topic.tsv", "sections/test.tsv", "sections/tune.tsv"];
        let sets = sets.map(|set| root.join("tests").join(set).display().to_string());
        let arguments: Vec<&str> = ["eval", "--json"].into_iter().chain(sets.iter().map(String::as_str)).collect();
        let reports: Value = serde_json::from_str(&stdout(&neuvo(&arguments, ""))).unwrap();
        for figures in reports[0]["figures"].as_array().unwrap() {
            let figure = |name: &str| figures[name].as_f64().unwrap();
            assert!(0.88 <= figure("top_1") && 0.965 <= figure("top_3"), "{figures}");
            assert!(figure("answered_wrong") <= 0.04, "{figures}");
            assert!(0.985 <= figure("language_right"), "{figures}");
        }
        for figures in reports[1]["figures"].as_array().unwrap() {
            assert!(figures["answered_wrong"].as_f64().unwrap() <= 0.12, "{figures}");
        }
        for figures in reports[2]["figures"].as_array().unwrap() {
            let figure = |name: &str| figures[name].as_f64().unwrap();
            assert!(0.83 <= figure("shown") && 0.57 <= figure("first"), "{figures}");
        }
    }

    #[test]
    fn a_question_on_the_terminal_shows_its_source() {
        let text = stdout(&neuvo(&["ask", "hur ansöker man om allmänt bostadsbidrag"], ""));
        assert!(text.contains("Källa: ") && text.contains("https://kela.fi/"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 200), "{text}");
    }
}
