//! What calls need from others.

use crate::domain::{ConversationId, Language};
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
#[derive(Clone, PartialEq, Eq)]
pub struct CallBackWish {
    /// The conversation of the call.
    pub conversation: ConversationId,
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

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Speech")
    }
}

impl fmt::Debug for CallBackWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallBackWish({}, {})", self.conversation, self.language)
    }
}
