//! What answers, in parts that the next content can take over.

use super::checked::Checked;
use crate::assistant::Content;
use crate::conversation;
use crate::knowledge::Knowledge;
use crate::retrieval::Retrieval;
use crate::understanding::Comprehension;
use std::sync::Arc;

/// What answers, in parts that can be taken over.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) conversation: conversation::Calibration,
    pub(super) retrieval: Arc<Retrieval>,
    pub(super) understanding: Arc<Comprehension>,
    pub(super) unlearnt: Unlearnt,
}

/// What the second step has to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unlearnt {
    /// Nothing: all was built.
    Nothing,
    /// The words of the texts.
    Texts,
    /// Everything.
    Examples,
}

impl Live {
    /// Content with all that is learnt from it.
    pub(super) fn learnt(checked: &Checked, (understanding, retrieval): (Comprehension, Retrieval)) -> Self {
        Self {
            knowledge: Arc::clone(&checked.knowledge),
            conversation: checked.conversation.clone(),
            retrieval: Arc::new(retrieval),
            understanding: Arc::new(understanding),
            unlearnt: Unlearnt::Nothing,
        }
    }

    /// It as the assistant takes it.
    pub(super) fn content(&self) -> Content {
        Content {
            knowledge: Arc::clone(&self.knowledge),
            understanding: Box::new(Arc::clone(&self.understanding)),
            retrieval: Box::new(Arc::clone(&self.retrieval)),
            conversation: self.conversation.clone(),
        }
    }
}
