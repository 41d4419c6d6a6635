//! A person is asked for: which queue, whether it is open, what the citizen is told.

use crate::conversation::Conversation;
use crate::domain::{Answered, Event, HandOff, Handover, HandoverState, Language, Occasion, Owner};
use crate::exchange::{Admitted, Exchange, News, Refusal};
use crate::handoff::{Availability, Queue, estimate_minutes};
use crate::store::{Joining, Passing, Ticket};

/// What becomes of a wish for a person.
pub(super) struct Request {
    /// What happens, in order.
    pub(super) handovers: Vec<Handover>,
    /// The place in the queue, where there is one.
    pub(super) joining: Option<Joining>,
}

/// Who has a conversation, and how long the wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who answers.
    pub owner: Owner,
    /// The place in the queue, from 1.
    pub position: Option<u32>,
    /// The wait in minutes, rounded up.
    pub estimate_minutes: Option<u32>,
}

impl Exchange {
    /// Looks for a place in a queue; `None` where there are no queues, so that the bot's own words about reaching a person stand.
    pub(super) async fn request(
        &self,
        why: HandOff,
        language: Language,
        state: &Conversation,
    ) -> Result<Option<Request>, Refusal> {
        let benefit = state.topic.as_ref().map(|topic| topic.benefit().to_owned());
        let Some(queue) = Queue::of(&self.handoff.queues, language, benefit.as_deref()) else { return Ok(None) };
        let waiting = self.waiting_in(&queue.id).await?;
        // Nobody in danger is sent away because others wait.
        let is_crisis = why.occasion == Occasion::Crisis;
        let waiting_n = if is_crisis { 0 } else { u32::try_from(waiting.len()).unwrap_or(u32::MAX) };
        let availability = queue.availability((self.clock)(), waiting_n);
        let handover = |state, text: &str| Handover {
            state,
            language,
            text: self.words(text, language),
            position: None,
            estimate_minutes: None,
            expert: None,
            opens: None,
            why: None,
        };
        let (last, joining) = match availability {
            Availability::Open => {
                let before_n = waiting.iter().filter(|ticket| ticket.why.occasion <= why.occasion).count();
                let position = u32::try_from(before_n).unwrap_or(u32::MAX).saturating_add(1);
                let estimate_minutes = self.estimate(position).await?;
                let queued = handover(HandoverState::Queued, "handoff-queued");
                let len_max = if is_crisis { u32::MAX } else { queue.len_max };
                let joining = Joining { queue: queue.id.clone(), why: why.clone(), language, benefit, len_max };
                (Handover { position: Some(position), estimate_minutes, ..queued }, Some(joining))
            }
            Availability::Closed(opens) => {
                let failed = handover(HandoverState::Failed, "handoff-closed-now");
                (Handover { opens, text: self.with_ways(&failed.text, language).await?, ..failed }, None)
            }
            Availability::Full => {
                let failed = handover(HandoverState::Failed, "handoff-full");
                (Handover { text: self.with_ways(&failed.text, language).await?, ..failed }, None)
            }
        };
        let requested = Handover { why: Some(why), ..handover(HandoverState::Requested, "handoff-requested") };
        Ok(Some(Request { handovers: vec![requested, last], joining }))
    }

    /// Asks for a person by a button. Gives what happened.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where a person has it or is waited for already.
    pub async fn ask_for_person(&self, admitted: Admitted) -> Result<Vec<Event>, Refusal> {
        let id = admitted.id();
        let version = self.assistant.content().knowledge.version.clone();
        for _ in 0..super::TRIES_MAX {
            let record = self.store.record(id).await?;
            if !record.owner.is_bot() {
                return Err(Refusal::Taken);
            }
            let language = record.state.language.or(record.language).unwrap_or(Language::Fi);
            let why = HandOff { occasion: Occasion::Asked, situation: None, signals: Vec::new() };
            let request = self.request(why, language, &record.state).await?;
            let done = match request {
                Some(Request { handovers, joining: Some(joining) }) => {
                    self.store.join(id, &joining, handovers, version.clone()).await
                }
                other => {
                    let failed = other.and_then(|request| request.handovers.into_iter().last());
                    let failed = failed.unwrap_or_else(|| self.no_queue(language));
                    self.store.note(id, failed, version.clone()).await.map(|event| vec![event])
                }
            };
            match done.map_err(Refusal::from) {
                Ok(events) => {
                    self.rooms.tell(id, News::Reaches(events.last().map_or(0, |event| event.seq)));
                    return Ok(events);
                }
                Err(Refusal::Busy) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Refusal::Busy)
    }

    /// Leaves the queue: the bot answers again.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where nobody is waited for.
    pub async fn leave_queue(&self, admitted: Admitted) -> Result<Event, Refusal> {
        let record = self.store.record(admitted.id()).await?;
        let language = record.state.language.or(record.language).unwrap_or(Language::Fi);
        let event = self.told(HandoverState::Returned, "handoff-left", language);
        let event = self.store.pass(admitted.id(), &Passing::Leave, event).await?;
        self.rooms.tell(admitted.id(), News::Reaches(event.seq));
        Ok(event)
    }

    /// Whether people can be asked for at all.
    pub fn has_queues(&self) -> bool {
        !self.handoff.queues.is_empty()
    }

    /// Who has a conversation, and how long the wait is now.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn standing(&self, admitted: Admitted) -> Result<Standing, Refusal> {
        let owner = self.store.record(admitted.id()).await?.owner;
        let none = Standing { owner, position: None, estimate_minutes: None };
        let Some(ticket) = self.store.ticket(admitted.id()).await?.filter(|ticket| ticket.expert.is_none()) else {
            return Ok(none);
        };
        let waiting = self.waiting_in(&ticket.queue).await?;
        let position = place_of(&ticket, &waiting);
        Ok(Standing { position: Some(position), estimate_minutes: self.estimate(position).await?, ..none })
    }

    async fn waiting_in(&self, queue: &str) -> Result<Vec<Ticket>, Refusal> {
        let mut waiting = self.store.waiting().await?;
        waiting.retain(|ticket| ticket.queue == queue);
        Ok(waiting)
    }

    /// The wait that is told at a place in the queue.
    async fn estimate(&self, position: u32) -> Result<Option<u32>, Refusal> {
        Ok(estimate_minutes(position, self.store.chats_at_once().await?, self.chat_minutes().await?))
    }

    /// How long a conversation with an expert takes.
    pub(super) async fn chat_minutes(&self) -> Result<f64, Refusal> {
        Ok(match self.store.chat_time().await? {
            Some(time) => time.as_secs_f64() / 60.0,
            None => f64::from(self.handoff.chat_minutes),
        })
    }

    /// A step of a hand-off with its words, and the version of the content that has them.
    pub(super) fn told(
        &self,
        state: HandoverState,
        text: &str,
        language: Language,
    ) -> (Handover, crate::domain::ContentVersion) {
        let text = self.words(text, language);
        let handover = Handover {
            state,
            language,
            text,
            position: None,
            estimate_minutes: None,
            expert: None,
            opens: None,
            why: None,
        };
        (handover, self.assistant.content().knowledge.version.clone())
    }

    fn no_queue(&self, language: Language) -> Handover {
        self.told(HandoverState::Failed, "person", language).0
    }

    /// The other ways to a person: a call back where times are free, and the numbers with their hours.
    async fn with_ways(&self, text: &str, language: Language) -> Result<String, Refusal> {
        let calls = if self.call_back_slots().await?.is_empty() { None } else { Some("handoff-callback") };
        let ways = calls.into_iter().chain(["handoff-ways"]).map(|id| self.words(id, language));
        Ok(std::iter::once(text.to_owned()).chain(ways).collect::<Vec<_>>().join("\n\n"))
    }

    pub(super) fn words(&self, id: &str, language: Language) -> String {
        self.assistant.content().text(id, language, (self.clock)().date())
    }
}

/// The place of somebody who waits among all who do, from 1.
pub(super) fn place_of(ticket: &Ticket, waiting: &[Ticket]) -> u32 {
    let rank = |ticket: &Ticket| (ticket.why.occasion, ticket.since);
    let before_n = waiting.iter().filter(|other| other.queue == ticket.queue && rank(other) < rank(ticket)).count();
    u32::try_from(before_n).unwrap_or(u32::MAX).saturating_add(1)
}

impl Request {
    /// Says in the bot's reply what happens: the reply to a wish for a person tells of other ways, which is wrong where a person comes. Who is
    /// in a hard situation is first told why; what a crisis is answered stays as it is. `words` gives prepared texts.
    pub(super) fn reword(&self, answered: &mut Answered, words: impl Fn(&str) -> String) {
        let Some(occasion) = answered.handoff.as_ref().map(|why| why.occasion) else { return };
        let before = match occasion {
            Occasion::Crisis => return,
            Occasion::Supported => Some(words("supported")),
            Occasion::Misses => Some(words("misses")),
            Occasion::Asked => None,
        };
        if let Some(requested) = self.handovers.first() {
            let text = before.into_iter().chain([requested.text.clone()]).collect::<Vec<_>>().join("\n\n");
            answered.markdown.clone_from(&text);
            answered.text = text;
        }
    }
}
