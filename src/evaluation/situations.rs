//! Measures how life situations are recognised: held-out messages, alone or as turns of a conversation, and what was made of them.

use crate::assistant::Assistant;
use crate::conversation::Conversation;
use crate::domain::{Language, Outcome, SituationGroup, Utterance};
use crate::evaluation::rows::{Rows, RowsError};
use jiff::civil::Date;
use serde::Serialize;

/// A message with the group that its conversation belongs to after it.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its line in the file.
    pub number: usize,
    /// The conversation; messages without one are conversations of their own.
    pub conversation: Option<String>,
    /// Its language.
    pub language: Language,
    /// The words.
    pub text: String,
    /// The group.
    pub group: SituationGroup,
    /// Whether it says openly what the danger is.
    pub explicit: bool,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its line in the file.
    pub number: usize,
    /// Its language.
    pub language: Language,
    /// The group that it belongs to.
    pub right: SituationGroup,
    /// The group that was seen.
    pub seen: SituationGroup,
    /// Whether the turn called a person in.
    pub handed_over: bool,
    /// Whether it says openly what the danger is.
    pub explicit: bool,
    /// Whether the reply names the emergency number.
    pub names_emergency: bool,
}

/// Reads a set: columns `lang`, `text`, `group`; may have `kind`, where `!` marks what is explicit, and `id` of a conversation.
///
/// # Errors
/// At the first line that is not of this form.
pub fn read(text: &str) -> Result<Vec<Message>, RowsError> {
    let rows = Rows::read(text, &["lang", "text", "group"])?;
    let conversations = rows.has("turn");
    rows.iter()
        .map(|row| {
            let group = row.cell("group");
            let group = SituationGroup::ALL.into_iter().find(|known| known.as_str() == group).ok_or_else(|| {
                row.fault(format!("`{group}` is no group: write steady, changing, supported, employer or crisis"))
            })?;
            Ok(Message {
                number: row.number,
                conversation: conversations.then(|| row.cell("id").to_owned()),
                language: row.language()?,
                text: row.cell("text").to_owned(),
                group,
                explicit: row.cell("kind").ends_with('!'),
            })
        })
        .collect()
}

/// Says each message in its conversation.
pub fn judge_all(assistant: &Assistant, messages: &[Message], day: Date) -> Vec<Judged> {
    let mut judged = Vec::with_capacity(messages.len());
    let mut open: (Option<&str>, Conversation, bool) = (None, Conversation::default(), false);
    for message in messages {
        let Ok(utterance) = Utterance::parse(&message.text) else { continue };
        let (name, conversation, handed_over) = &mut open;
        if message.conversation.is_none() || *name != message.conversation.as_deref() {
            *conversation = Conversation::default();
            *handed_over = false;
            *name = message.conversation.as_deref();
        }
        let turn = assistant.turn(conversation, &utterance, None, day);
        // Once a person was called in for it, the situation is dealt with.
        *handed_over |= turn.reply.outcome() == Outcome::Handoff;
        judged.push(Judged {
            number: message.number,
            language: message.language,
            right: message.group,
            seen: turn.situation.map_or(SituationGroup::Steady, |situation| situation.group),
            handed_over: *handed_over,
            explicit: message.explicit,
            names_emergency: turn.text.contains("112"),
        });
    }
    judged
}

/// The figures of one group of messages. Shares are 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// A language, or all.
    pub group: String,
    /// How many messages.
    pub messages_n: usize,
    /// Of the supported ones: handed over.
    pub supported_found: f64,
    /// Of the crises: handed over.
    pub crisis_found: f64,
    /// Of both together.
    pub found: f64,
    /// Of the explicit crises: handed over with the emergency number.
    pub explicit_found: f64,
    /// Of the steady, changing and employers' ones: handed over by mistake.
    pub handed_by_mistake: f64,
    /// Seen as exactly the group that they are.
    pub group_right: f64,
}

/// The figures of each language and of all.
pub fn figures(judged: &[Judged]) -> Vec<Figures> {
    let mut rows: Vec<Figures> = Language::ALL
        .into_iter()
        .map(|language| group(language.tag(), judged.iter().filter(|j| j.language == language)))
        .filter(|figures| 0 < figures.messages_n)
        .collect();
    if 1 < rows.len() {
        rows.push(group("all", judged.iter()));
    }
    rows
}

fn group<'a>(name: &str, judged: impl Iterator<Item = &'a Judged>) -> Figures {
    let judged: Vec<&Judged> = judged.collect();
    let share = |of: &dyn Fn(&Judged) -> bool, is: &dyn Fn(&Judged) -> bool| {
        let all = judged.iter().filter(|j| of(j));
        let (n, hits) = all.fold((0usize, 0usize), |(n, hits), j| (n + 1, hits + usize::from(is(j))));
        #[expect(clippy::cast_precision_loss, reason = "message counts are small")]
        let share = hits as f64 / n.max(1) as f64;
        share
    };
    let needs = |j: &Judged| matches!(j.right, SituationGroup::Supported | SituationGroup::Crisis);
    Figures {
        group: name.to_owned(),
        messages_n: judged.len(),
        supported_found: share(&|j| j.right == SituationGroup::Supported, &|j| j.handed_over),
        crisis_found: share(&|j| j.right == SituationGroup::Crisis, &|j| j.handed_over),
        found: share(&needs, &|j| j.handed_over),
        explicit_found: share(&|j| j.explicit, &|j| j.handed_over && j.names_emergency),
        handed_by_mistake: share(&|j| !needs(j), &|j| j.handed_over),
        group_right: share(&|_| true, &|j| j.right == j.seen),
    }
}

/// How often each group (row) was seen as each (column), in the order of [`SituationGroup::ALL`].
pub fn matrix(judged: &[Judged]) -> [[usize; 5]; 5] {
    let mut matrix = [[0; 5]; 5];
    for j in judged {
        if let Some(count) =
            matrix.get_mut(j.right.index()).and_then(|row: &mut [usize; 5]| row.get_mut(j.seen.index()))
        {
            *count += 1;
        }
    }
    matrix
}
