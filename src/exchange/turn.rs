//! One turn of a conversation: masked, computed on a worker, written with its reply at once.

use super::{Exchange, Incoming, News, Refusal};
use crate::assistant::Turn;
use crate::domain::{Answered, ConversationId, Event, EventKind, Message, QuickReply, Reply, mask};
use crate::store::{Appended, Exchanged, Record, Said};
use std::sync::Arc;
use std::time::Instant;

/// How often a message is tried again when somebody else wrote to its conversation meanwhile.
pub(super) const TRIES_MAX: usize = 4;

impl Exchange {
    /// One turn of a conversation. An expert, a queue or another process may write between reading and writing: then it is taken anew.
    #[expect(clippy::disallowed_methods, reason = "times what a citizen waits for")]
    pub(super) async fn answer(&self, id: ConversationId, incoming: Incoming) -> Result<Exchanged, Refusal> {
        let began = Instant::now();
        // From here on nothing sees identity codes, account numbers, phone numbers or addresses.
        let incoming = Incoming { utterance: incoming.utterance.masked(), ..incoming };
        let mut refusal = Refusal::Busy;
        for _ in 0..TRIES_MAX {
            match self.try_answer(id, &incoming).await {
                Ok(Appended::Repeated(exchanged)) => return Ok(exchanged),
                Ok(Appended::Written(exchanged, last)) => {
                    self.rooms.tell(id, News::Reaches(last));
                    if let Some(Event { kind: EventKind::Reply(answered), .. }) = &exchanged.reply {
                        self.metrics.turn(answered.outcome, answered.language, began.elapsed());
                    }
                    return Ok(exchanged);
                }
                Err(Refusal::Busy) => refusal = Refusal::Busy,
                Err(other) => return Err(other),
            }
        }
        Err(refusal)
    }

    async fn try_answer(&self, id: ConversationId, incoming: &Incoming) -> Result<Appended, Refusal> {
        let (exchanged, before) = tokio::try_join!(self.store.exchanged(id, incoming.id), self.store.record(id))?;
        if let Some(exchanged) = exchanged {
            return Ok(Appended::Repeated(exchanged));
        }
        if self.messages_max <= before.messages_n {
            return Err(Refusal::ConversationFull);
        }
        let mut message = Message { id: incoming.id, text: incoming.utterance.as_str().to_owned() };
        let remasked = self.masked_across(id, &mut message).await?;
        let said = if before.owner.is_bot() {
            self.reply(&before, incoming, message).await?
        } else {
            // While a person has it, or is waited for, the bot is silent.
            let version = self.assistant.content().knowledge.version.clone();
            Said { message, version, replied: None, remasked: Vec::new(), handovers: Vec::new(), joining: None }
        };
        Ok(self.store.append(id, &before, Said { remasked, ..said }).await?)
    }

    /// Masks an identity code of which the citizen wrote the first pieces in messages before. Gives those as they are kept from now on.
    async fn masked_across(&self, id: ConversationId, message: &mut Message) -> Result<Vec<Event>, Refusal> {
        if !mask::may_go_on(&message.text) {
            return Ok(Vec::new());
        }
        let earlier = self.store.last_messages(id, mask::PARTS_BEFORE_N).await?;
        let texts = earlier.iter().filter_map(|event| match &event.kind {
            EventKind::Message(before) => Some(before.text.as_str()),
            _ => None,
        });
        let texts: Vec<_> = texts.chain([message.text.as_str()]).collect();
        let Some(mut masked) = mask::mask_across(&texts) else { return Ok(Vec::new()) };
        if let Some(text) = masked.pop().flatten() {
            message.text = text;
        }
        let remasked = earlier.into_iter().zip(masked).filter_map(|(event, text)| match (event.kind, text) {
            (EventKind::Message(before), Some(text)) => Some(Event {
                kind: EventKind::Message(Message { text, ..before }),
                seq: event.seq,
                at: event.at,
                version: event.version,
            }),
            _ => None,
        });
        Ok(remasked.collect())
    }

    /// Computes the bot's reply on a worker, and joins a queue where it asks for a person.
    async fn reply(&self, before: &Record, incoming: &Incoming, message: Message) -> Result<Said, Refusal> {
        let (assistant, day) = (Arc::clone(&self.assistant), (self.clock)().date());
        let (mut state, hint) = (before.state.clone(), incoming.hint.or(before.language));
        let utterance = incoming.utterance.clone();
        let (state, turn) = self
            .workers
            .run(move || {
                let turn = assistant.turn(&mut state, &utterance, hint, day);
                (state, turn)
            })
            .await?;
        let version = turn.version.clone();
        let mut answered = answered(turn);
        let request = match &answered.handoff {
            Some(why) => self.request(why.clone(), answered.language, &state).await?,
            None => None,
        };
        let (handovers, joining) = match request {
            Some(request) => {
                let language = answered.language;
                request.reword(&mut answered, |id| self.words(id, language));
                (request.handovers, request.joining)
            }
            None => (Vec::new(), None),
        };
        Ok(Said { message, version, replied: Some((state, answered)), remasked: Vec::new(), handovers, joining })
    }
}

pub(super) fn answered(turn: Turn) -> Answered {
    let outcome = turn.reply.outcome();
    let (citation, choices, next, handoff) = match turn.reply {
        Reply::Answer { citation, next, .. } | Reply::Again { citation, next, .. } => {
            (Some(citation), Vec::new(), next, None)
        }
        Reply::Clarify(candidates) => {
            let choices =
                candidates.into_iter().map(|candidate| QuickReply { topic: candidate.topic, title: candidate.title });
            (None, choices.collect(), Vec::new(), None)
        }
        Reply::HandOff { why, .. } => (None, Vec::new(), Vec::new(), Some(why)),
        Reply::Rephrase(_) | Reply::Declined(_) | Reply::Unavailable | Reply::Chat(_) => {
            (None, Vec::new(), Vec::new(), None)
        }
    };
    Answered {
        outcome,
        language: turn.language,
        text: turn.text,
        markdown: turn.body,
        spoken: turn.spoken,
        citation,
        choices,
        next,
        confidence: turn.confidence,
        handoff,
    }
}
