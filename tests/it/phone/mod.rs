//! Telephone calls over real sockets: gateways that obey their own protocols, a caller with a voice, and scripted ears and a voice for the
//! bot where no model is needed.

mod asterisk;
mod gateway;
mod jambonz;
mod simulated;
mod speech;
mod stream;
mod turns;

use crate::support::{self, Gate, Server};
use neuvo::app::AppError;
use neuvo::app::serve::Loaded;
use neuvo::channel::phone::{CallBackWish, CallBacks};
use neuvo::config::Config;
use neuvo::config::phone::Mode;
use speech::Fakes;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What the gateways are given.
pub(crate) const TOKEN: &str = "a-token-of-tests";
/// The address under which the service believes to be reached.
pub(crate) const PUBLIC: &str = "https://bot.example.fi";
/// Numbers of each language, and one that leaves it open.
pub(crate) const NUMBER_FI: &str = "+358201234567";
pub(crate) const NUMBER_ANY: &str = "+358209999999";

/// What callers can say, instead of the texts of the small content.
const PHRASES: [(&str, &str); 6] = [
    ("person", "ihminen"),
    ("yes", "kyllä, joo"),
    ("no", "ei"),
    ("repeat", "toista"),
    ("slower", "hitaammin"),
    ("goodbye", "hei hei"),
];

/// Requests for a call-back.
#[derive(Clone, Default)]
pub(crate) struct Wishes(pub(crate) Arc<Mutex<Vec<CallBackWish>>>);

impl CallBacks for Wishes {
    fn request(&self, wish: CallBackWish) -> futures_util::future::BoxFuture<'static, bool> {
        self.0.lock().unwrap().push(wish);
        Box::pin(async { true })
    }
}

/// A service that answers the phone.
pub(crate) struct Office {
    pub(crate) server: Server,
    pub(crate) fakes: Fakes,
    pub(crate) wishes: Wishes,
    pub(crate) folder: TempDir,
}

/// Starts a service with the gateways' secrets in files.
pub(crate) async fn office(mode: Mode, edit: impl FnOnce(&mut Config)) -> Office {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let (fakes, wishes) = (Fakes::default(), Wishes::default());
    let load = {
        let (fakes, wishes) = (fakes.clone(), wishes.clone());
        move |gate: Arc<Gate>| -> Result<Loaded, AppError> {
            let assistant = support::assistant_over(gate, files())?;
            let call_backs: Option<Arc<dyn CallBacks>> = Some(Arc::new(wishes));
            Ok(Loaded { speech: Some(fakes.speech()), call_backs, ..assistant.into() })
        }
    };
    let edit = |config: &mut Config| {
        let phone = &mut config.phone;
        PUBLIC.clone_into(&mut phone.public_url);
        phone.numbers.insert(NUMBER_FI.to_owned(), neuvo::domain::Language::Fi);
        phone.calls_max = 5;
        phone.confident_from = 0.0;
        (phone.twilio.token_file, phone.twilio.mode) = (file.clone(), mode);
        (phone.jambonz.secret_file, phone.jambonz.mode) = (file.clone(), mode);
        phone.audiosocket.token_file = file;
        phone.persons = vec![person("to = \"+358401111111\"")];
        edit(config);
    };
    let server = support::start_with(folder.path(), edit, load).await;
    Office { server, fakes, wishes, folder }
}

/// Somebody who takes calls.
pub(crate) fn person(text: &str) -> neuvo::config::phone::Person {
    toml::from_str(text).unwrap()
}

fn files() -> Vec<(String, String)> {
    let mut files = support::files();
    let (_, texts) = files.iter_mut().find(|(path, _)| path == "intents/texts.toml").unwrap();
    for (id, words) in PHRASES {
        for ending in ["suomeksi", "på svenska", "in English"] {
            *texts = texts.replace(&format!("\"phone-words-{id} {ending}\""), &format!("{words:?}"));
        }
    }
    for (id, place) in
        [("confirm", "{title}"), ("link-find", "{title}"), ("choice-1", "{title}"), ("callback-check", "{number}")]
    {
        for ending in ["suomeksi", "på svenska", "in English"] {
            *texts = texts.replace(&format!("\"phone-{id} {ending}\""), &format!("\"phone-{id} {place} {ending}\""));
        }
    }
    files
}

impl Office {
    /// What operators read.
    pub(crate) async fn metrics(&self) -> String {
        self.server.get("/metrics").await.text().await.unwrap()
    }

    /// The bot has said something like this by now.
    pub(crate) async fn says(&self, text: &str) {
        support::until(|| self.fakes.has_said(text)).await;
    }
}
