//! The words of the house: what every other module talks about. Nothing here does I/O, reads a clock or knows another module.

pub mod account;
pub mod callback;
pub mod event;
pub mod evidence;
pub mod fact;
pub mod feedback;
pub mod handoff;
pub mod language;
pub mod mask;
pub mod reply;
pub mod topic;
pub mod understanding;
pub mod utterance;

pub use account::{AccountId, Identity, Role, RoleError};
pub use callback::{CallBackId, CallBackWish, CallOutcome, PhoneNumber, PhoneNumberError};
pub use event::{Answered, ConversationId, Event, EventKind, ExpertMessage, Message, MessageId, Welcome};
pub use evidence::{Candidate, Evidence, Lookup, Passage, Stalled};
pub use fact::{Fact, FactKind, FactValue, Said};
pub use feedback::{AnswerFeedback, ConversationFeedback, FeedbackSort, FeedbackWords, Rating, WordsTooLong};
pub use handoff::{Card, CardState, HandOff, Handover, HandoverState, Occasion, Owner, Resolution, Side, Signal};
pub use language::Language;
pub use reply::{Citation, Notice, Outcome, QuickReply, Reply};
pub use topic::{ContentVersion, TopicId, hex};
pub use understanding::{Assessment, Context, Cues, Intent, Reading, Sign, Situation, SituationGroup, Understanding};
pub use utterance::{Utterance, UtteranceError};
