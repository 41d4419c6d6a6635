//! Content goes live in a running service as a whole or not at all, and comes back.

use crate::support::{self, DAY, QUESTION, Server, TestEncoder};
use neuvo::app::publisher::Publisher;
use neuvo::config::Config;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const ARTICLE: &str = "knowledge/housing/apply.fi.md";

/// A content folder, a data folder and a server over them.
struct House {
    folder: TempDir,
    server: Server,
}

impl House {
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in support::files() {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        // Thresholds at which small content answers.
        let mut calibration = neuvo::retrieval::Calibration::unfitted();
        (calibration.answer_from, calibration.clarify_from) = (0.5, 0.2);
        std::fs::write(folder.path().join("knowledge/calibration.toml"), calibration.write().unwrap()).unwrap();
        let server = serve(folder.path(), "data", |_| {}).await;
        Self { folder, server }
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let file = self.folder.path().join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    }
}

fn config(folder: &Path, data: &str) -> Config {
    let mut config = Config::default();
    folder.clone_into(&mut config.content.root);
    config.content.versions = folder.join("versions");
    config.content.follow_seconds = 1;
    config.data.folder = folder.join(data);
    config.admin.token_file = folder.join("token");
    config
}

async fn serve(folder: &Path, data: &str, edit: impl FnOnce(&mut Config)) -> Server {
    let of_publisher = config(folder, data);
    let load = move |gate| {
        std::fs::create_dir_all(&of_publisher.data.folder)?;
        Publisher::open(&of_publisher, || Ok(Arc::new(TestEncoder { gate })), Box::new(|| DAY))
    };
    let settings = config(folder, data);
    support::start_with(
        &folder.join(data),
        |to| {
            (to.content, to.admin) = (settings.content, settings.admin);
            edit(to);
        },
        load,
    )
    .await
}

async fn admin(server: &Server, path: &str, body: Value) -> (u16, Value) {
    let request = server.request(Method::POST, &format!("/v1/admin/content{path}")).bearer_auth(TOKEN);
    read(request.json(&body).send().await.unwrap()).await
}

async fn history(server: &Server) -> Value {
    let request = server.request(Method::GET, "/v1/admin/content").bearer_auth(TOKEN);
    read(request.send().await.unwrap()).await.1
}

async fn read(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The text and the version of the answer to the question.
async fn ask(server: &Server) -> (String, String) {
    let talk = server.open().await;
    let said = server.say(&talk, QUESTION).await;
    let reply = &said["reply"];
    assert_eq!(reply["outcome"], "answer", "{said}");
    (reply["text"].as_str().unwrap().to_owned(), reply["citation"]["version"].as_str().unwrap().to_owned())
}

/// Waits until the live version is another one.
async fn until_not(server: &Server, version: &str) -> String {
    for _ in 0..200 {
        let now = history(server).await["version"].as_str().unwrap().to_owned();
        if now != version {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the content stays {version}");
}

#[tokio::test]
async fn nobody_reloads_without_the_token() {
    let (_folder, closed) = support::fresh(|_| {}).await;
    let (status, problem) = admin(&closed, "/reload", json!({})).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (403, "admin-closed"));

    let house = House::build().await;
    for token in ["", "0123456789abcdef0123456789abcdeg", &TOKEN.to_uppercase()] {
        let request = house.server.request(Method::POST, "/v1/admin/content/reload").bearer_auth(token);
        let (status, problem) = read(request.json(&json!({})).send().await.unwrap()).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (401, "admin-unauthorized"));
    }
    let response = house.server.get("/v1/admin/content").await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn an_edit_goes_live_and_a_fault_changes_nothing() {
    let house = House::build().await;
    let (text, first) = ask(&house.server).await;
    assert!(!text.contains("verkossa"));

    house.edit(ARTICLE, "hakeminen: OmaKela.", "hakeminen: OmaKela, verkossa.");
    let (status, checked) = admin(&house.server, "/reload", json!({ "dry_run": true })).await;
    assert_eq!((status, &checked["state"]), (200, &json!("checked")), "{checked}");
    assert_eq!(ask(&house.server).await.1, first);

    let (status, live) = admin(&house.server, "/reload", json!({})).await;
    assert_eq!((status, &live["state"]), (200, &json!("live")), "{live}");
    assert_eq!(live["changes"]["articles"], json!(["housing.apply.fi"]));
    assert!(6 <= live["golden_n"].as_u64().unwrap());
    let (text, second) = ask(&house.server).await;
    assert!(text.contains("verkossa"), "{text}");
    assert_eq!(
        (&second, live["before"].as_str().unwrap()),
        (&live["version"].as_str().unwrap().to_owned(), first.as_str())
    );
    assert_eq!(admin(&house.server, "/reload", json!({})).await.1["state"], "unchanged");

    house.edit(ARTICLE, "verkossa.", "verkossa 24 tuntia.");
    let (status, refused) = admin(&house.server, "/reload", json!({})).await;
    assert_eq!((status, refused["code"].as_str().unwrap()), (422, "content-refused"));
    let finding = &refused["findings"][0];
    assert_eq!((finding["path"].as_str().unwrap(), finding["line"].as_u64().unwrap()), (ARTICLE, 9), "{refused}");
    assert_eq!(ask(&house.server).await.1, second);
}

#[tokio::test]
async fn an_earlier_version_comes_back_and_stays_over_a_restart() {
    let house = House::build().await;
    let first = ask(&house.server).await.1;
    house.edit(ARTICLE, "OmaKela.", "OmaKela, verkossa.");
    let live = admin(&house.server, "/reload", json!({})).await.1;
    assert_eq!(live["state"], "live");
    // What went live is kept behind the answer.
    support::until(|| {
        house.folder.path().join(format!("versions/{}.zip", live["version"].as_str().unwrap())).is_file()
    })
    .await;
    let (status, back) = admin(&house.server, "/rollback", json!({ "version": first })).await;
    assert_eq!((status, &back["state"]), (200, &json!("live")), "{back}");
    assert_eq!(ask(&house.server).await.1, first);
    let (status, problem) = admin(&house.server, "/rollback", json!({ "version": "0123456789ab" })).await;
    assert_eq!((status, problem["code"].as_str().unwrap()), (404, "version-not-found"));
    let record = || std::fs::read_to_string(house.folder.path().join("versions/versions.toml")).unwrap();
    support::until(|| record().contains("rollback")).await;
    let kept = history(&house.server).await;
    assert_eq!(kept["kept"].as_array().unwrap().len(), 2);
    assert_eq!((&kept["kept"][0]["by"], &kept["kept"][0]["version"]), (&json!("rollback"), &json!(first)));

    let House { folder, server } = house;
    server.stop().await;
    let server = serve(folder.path(), "data", |_| {}).await;
    assert_eq!(ask(&server).await.1, first);
    assert_eq!(admin(&server, "/reload", json!({})).await.1["version"], live["version"]);
}

#[tokio::test]
async fn a_replica_that_missed_it_catches_up() {
    let house = House::build().await;
    let other = serve(house.folder.path(), "data-of-other", |_| {}).await;
    let first = ask(&other).await.1;
    house.edit(ARTICLE, "OmaKela.", "OmaKela, verkossa.");
    let live = admin(&house.server, "/reload", json!({})).await.1;
    assert_eq!(live["state"], "live");
    assert_eq!(until_not(&other, &first).await, live["version"].as_str().unwrap());
    assert!(ask(&other).await.0.contains("verkossa"));
    // Nobody goes back to what the record said before.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for server in [&house.server, &other] {
        assert_eq!(history(server).await["version"], live["version"]);
    }
}

#[tokio::test]
async fn only_examples_are_learnt_anew() {
    let house = House::build().await;
    let learnt = || {
        let files = std::fs::read_dir(house.folder.path().join("data")).unwrap().map(|entry| entry.unwrap().path());
        let is_intents =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("intents-");
        std::fs::read(files.into_iter().find(is_intents).unwrap()).unwrap()
    };
    let before = learnt();
    house.edit(ARTICLE, "OmaKela.", "OmaKela, verkossa.");
    let live = admin(&house.server, "/reload", json!({})).await.1;
    support::until(|| {
        house.folder.path().join(format!("versions/{}.zip", live["version"].as_str().unwrap())).is_file()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(before == learnt(), "a text was learnt");

    house.edit(ARTICLE, "mistä asumistukea haetaan", "missä asumistuki haetaan nopeasti");
    let live = admin(&house.server, "/reload", json!({})).await.1;
    assert_eq!(live["state"], "live", "{live}");
    support::until(|| before != learnt()).await;
    assert_eq!(ask(&house.server).await.1, live["version"].as_str().unwrap());
}
