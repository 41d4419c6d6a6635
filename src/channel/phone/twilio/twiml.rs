//! TwiML: what Twilio is told to do next.

use crate::channel::phone::call::Segment;
use crate::channel::phone::turns::{Next, Turn};
use crate::config::phone::{Person, TwilioConfig, Way};
use crate::domain::Language;
use crate::speech::Pace;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::channel::phone) struct Verb {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Verb>,
}

/// Seconds of silence after which the gateway tells that it heard nothing.
const GATHER_SECONDS: u32 = 8;
/// Seconds of silence after which it takes what was said for all.
const SPEECH_END_SECONDS: u32 = 2;

impl Verb {
    pub(in crate::channel::phone) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub(in crate::channel::phone) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(in crate::channel::phone) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(in crate::channel::phone) fn holding(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// The whole document.
    pub(in crate::channel::phone) fn document(verbs: Vec<Self>) -> String {
        let mut writer = Writer::new(Vec::new());
        let root = Self::new("Response").holding(verbs);
        // Writing to memory cannot fail.
        let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let _ = root.write(&mut writer);
        String::from_utf8(writer.into_inner()).unwrap_or_default()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let attributes = self.attributes.iter().map(|(name, value)| (*name, value.as_str()));
        let start = BytesStart::new(self.name).with_attributes(attributes);
        if self.text.is_empty() && self.children.is_empty() {
            return writer.write_event(Event::Empty(start));
        }
        writer.write_event(Event::Start(start))?;
        if !self.text.is_empty() {
            writer.write_event(Event::Text(BytesText::new(&self.text)))?;
        }
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

/// The name of a language for voices and recognisers.
pub(in crate::channel::phone) const fn locale(language: Language) -> &'static str {
    match language {
        Language::Fi => "fi-FI",
        Language::Sv => "sv-SE",
        Language::En => "en-GB",
    }
}

/// Says a text in the gateway's voice.
pub(in crate::channel::phone) fn say(config: &TwilioConfig, text: &str, language: Language, pace: Pace) -> Verb {
    let verb = Verb::new("Say").with("language", locale(language));
    let verb = match config.voices.get(language.index()).filter(|voice| !voice.is_empty()) {
        Some(voice) => verb.with("voice", voice.as_str()),
        None => verb,
    };
    match pace {
        Pace::Normal => verb.text(text),
        Pace::Slow => verb.holding([Verb::new("prosody").with("rate", "slow").text(text)]),
    }
}

/// Audio both ways. What the socket's end leads to is asked at `next`.
pub(super) fn stream(socket: &str, token: &str, next: &str) -> String {
    let parameter = Verb::new("Parameter").with("name", "token").with("value", token);
    let stream = Verb::new("Stream").with("url", socket).holding([parameter]);
    let connect = Verb::new("Connect").with("action", next).with("method", "POST").holding([stream]);
    Verb::document(vec![connect])
}

/// One turn: says something, then listens, hangs up or calls a person.
pub(super) fn turn(config: &TwilioConfig, turn: Turn, here: &str) -> String {
    let says = sentences(config, &turn.says);
    let mut verbs = Vec::new();
    match turn.next {
        Next::Listen => {
            let gather = Verb::new("Gather")
                .with("input", "speech dtmf")
                .with("action", here)
                .with("method", "POST")
                .with("actionOnEmptyResult", "true")
                .with("language", locale(turn.language))
                .with("timeout", GATHER_SECONDS.to_string())
                .with("speechTimeout", SPEECH_END_SECONDS.to_string());
            let gather = if turn.wants_number {
                gather.with("finishOnKey", "#")
            } else {
                // Any key is a choice of its own.
                gather.with("numDigits", "1").with("finishOnKey", "")
            };
            verbs.push(gather.holding(says));
        }
        Next::Person(person) => {
            verbs.extend(says);
            verbs.push(to_person(&person, Some(here)));
        }
        Next::HangUp => {
            verbs.extend(says);
            verbs.push(Verb::new("Hangup"));
        }
    }
    Verb::document(verbs)
}

fn sentences(config: &TwilioConfig, says: &[Segment]) -> Vec<Verb> {
    // What follows in one language and pace is one text, which sounds better than its sentences.
    let mut verbs = Vec::new();
    for run in says.chunk_by(|a, b| a.language == b.language && a.pace == b.pace) {
        let text = run.iter().map(|segment| &*segment.text).collect::<Vec<_>>().join(" ");
        verbs.extend(run.first().map(|first| say(config, &text, first.language, first.pace)));
    }
    verbs
}

/// Calls a person; how that went is told at `dialled`.
pub(in crate::channel::phone) fn to_person(person: &Person, dialled: Option<&str>) -> Verb {
    let with = |verb: Verb| match dialled {
        Some(dialled) => verb.with("action", dialled).with("method", "POST"),
        None => verb,
    };
    if let Some(queue) = person.to.strip_prefix("queue:") {
        return with(Verb::new("Enqueue")).text(queue);
    }
    let is_sip = person.to.starts_with("sip:");
    match person.by {
        Way::Refer => with(Verb::new("Refer")).holding([Verb::new("Sip").text(&person.to)]),
        Way::Dial => {
            let dial = with(Verb::new("Dial")).with("timeout", person.ring_seconds.to_string());
            let to = Verb::new(if is_sip { "Sip" } else { "Number" }).text(&person.to);
            dial.with("answerOnBridge", "true").holding([to])
        }
    }
}

/// Calls a person, or says goodbye where there is none.
pub(super) fn leave(person: Option<&Person>, dialled: Option<&str>) -> String {
    Verb::document(vec![person.map_or_else(|| Verb::new("Hangup"), |person| to_person(person, dialled))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_cannot_break_out() {
        let say = say(&TwilioConfig::default(), "a < b & \"c\" </Say>", Language::Fi, Pace::Slow);
        let document = Verb::document(vec![say]);
        assert_eq!(
            document,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"fi-FI\" voice=\"Polly.Suvi-Neural\">\
             <prosody rate=\"slow\">a &lt; b &amp; &quot;c&quot; &lt;/Say&gt;</prosody></Say></Response>"
        );
    }
}
