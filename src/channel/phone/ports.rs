//! What calls need from others.

use crate::domain::{self, Language, PhoneNumber};
use crate::exchange::{Admitted, Exchange, Refusal};
use crate::speech::{Listen, Recognise, Synthesise};
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Hears and speaks, for calls with audio.
#[derive(Clone)]
pub struct Speech {
    /// Turns utterances into words.
    pub recogniser: Arc<dyn Recognise>,
    /// Turns words into a voice.
    pub voice: Arc<dyn Synthesise>,
    /// Makes a listener for a new call.
    pub listener: Arc<dyn Fn() -> Box<dyn Listen> + Send + Sync>,
}

/// A caller who wants to be called back. The number is in no log: `Debug` hides it.
#[derive(Clone)]
pub struct CallBackWish {
    /// The conversation of the call.
    pub conversation: Admitted,
    /// The number to call.
    pub number: String,
    /// The language to speak.
    pub language: Language,
}

/// Takes requests for a call-back.
pub trait CallBacks: Send + Sync {
    /// Keeps a request. Says whether it is kept.
    fn request(&self, wish: CallBackWish) -> BoxFuture<'static, bool>;
}

/// Keeps requests with those of the chat, at the first time that is free.
pub(super) struct FirstFree(pub(super) Arc<Exchange>);

impl CallBacks for FirstFree {
    fn request(&self, wish: CallBackWish) -> BoxFuture<'static, bool> {
        let exchange = Arc::clone(&self.0);
        Box::pin(async move {
            let CallBackWish { conversation, number, language } = wish;
            let Ok(number) = PhoneNumber::parse(&number) else { return false };
            let slots = exchange.call_back_slots().await.unwrap_or_default();
            // A time that has just been taken is followed by another.
            for slot in slots.iter().take(SLOTS_TRIED_MAX) {
                let wish = domain::CallBackWish {
                    number: number.clone(),
                    language,
                    wants_interpreter: false,
                    topic: String::new(),
                    slot: slot.starts,
                };
                match exchange.request_call_back(conversation, wish).await {
                    Ok(_) => return true,
                    Err(Refusal::SlotTaken) => {}
                    Err(error) => {
                        tracing::warn!(%error, "a request for a call-back could not be kept");
                        return false;
                    }
                }
            }
            false
        })
    }
}

/// How many times of day are tried for a call-back.
const SLOTS_TRIED_MAX: usize = 3;

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Speech")
    }
}

impl fmt::Debug for CallBackWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallBackWish({}, {})", self.conversation.id(), self.language)
    }
}
