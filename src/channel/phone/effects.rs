//! Does what a call asks for, beside listening and speaking.

use crate::channel::phone::call::{Input, Output};
use crate::channel::phone::ports::CallBackWish;
use crate::channel::phone::session::{Parties, answer};
use crate::channel::phone::state::Phone;
use crate::config::phone::Person;
use crate::domain::{Language, MessageId, Occasion, Utterance};
use crate::exchange::Incoming;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use uuid::Uuid;

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    /// Something that the call is told.
    Input(Input),
    /// The call goes to this person; none is at work otherwise.
    Person(Option<Person>),
}

/// Begins what a call asks for. Nothing for what the line does itself.
pub(super) fn begin(
    phone: &Arc<Phone>,
    parties: &Parties,
    language: Language,
    output: Output,
) -> Option<BoxFuture<'static, Done>> {
    let (phone, parties) = (Arc::clone(phone), parties.clone());
    match output {
        Output::Ask { question, text, language } => Some(
            async move {
                let answer = ask(&phone, &parties, &text.0, language).await;
                Done::Input(Input::Replied { question, answer })
            }
            .boxed(),
        ),
        Output::Sms(text) => Some(
            async move {
                let sent = match (&phone.post, &parties.caller) {
                    (Some(post), Some(caller)) => post.send(caller, &text.0).await,
                    _ => false,
                };
                Done::Input(Input::Sent(sent))
            }
            .boxed(),
        ),
        Output::CallBack(number) => Some(
            async move {
                let number = number.map(|words| words.0).or_else(|| parties.caller.as_deref().map(str::to_owned));
                let kept = match (phone.call_backs(), number) {
                    (Some(call_backs), Some(number)) => {
                        let wish = CallBackWish { conversation: parties.admitted, number, language };
                        call_backs.request(wish).await
                    }
                    _ => false,
                };
                Done::Input(Input::CallBack(kept))
            }
            .boxed(),
        ),
        Output::Transfer(occasion) => {
            Some(async move { Done::Person(find_person(&phone, &parties, occasion, language).await) }.boxed())
        }
        Output::Count(what) => {
            phone.metrics.call_event(what.as_str());
            None
        }
        Output::Speak(_)
        | Output::Clear
        | Output::Recognise { .. }
        | Output::Abandon
        | Output::Listen
        | Output::End => None,
    }
}

/// Asks the assistant; none where it cannot answer now.
async fn ask(
    phone: &Phone,
    parties: &Parties,
    text: &str,
    language: Language,
) -> Option<Box<crate::channel::phone::call::Answer>> {
    let utterance = Utterance::parse(text).ok()?;
    let incoming = Incoming { id: MessageId(Uuid::now_v7()), utterance, hint: Some(language) };
    match phone.exchange()?.say(parties.admitted, incoming).await {
        Ok(exchanged) => answer(exchanged),
        Err(error) => {
            tracing::warn!(%error, "a caller's question was not answered");
            None
        }
    }
}

/// Looks who takes the call, and lets the conversation wait in the console before they say hello.
async fn find_person(phone: &Phone, parties: &Parties, occasion: Occasion, language: Language) -> Option<Person> {
    let exchange = phone.exchange()?;
    let person = phone.person(occasion, language);
    let asked = match person {
        // The assistant may have asked already.
        Some(_) => exchange.ask_for_person(parties.admitted).await.map(drop),
        None => exchange.leave_queue(parties.admitted).await.map(drop),
    };
    if let Err(error) = asked
        && !matches!(error, crate::exchange::Refusal::Taken)
    {
        tracing::warn!(%error, "the console was not told of a call for a person");
    }
    person
}

/// The caller is back from an attempt to reach a person: the bot answers again.
pub(super) async fn come_back(phone: &Phone, parties: &Parties) {
    if let Some(exchange) = phone.exchange()
        && let Err(error) = exchange.leave_queue(parties.admitted).await
        && !matches!(error, crate::exchange::Refusal::Taken)
    {
        tracing::warn!(%error, "a call came back and its conversation did not");
    }
}
