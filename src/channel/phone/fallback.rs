//! The instruction that a gateway keeps for the time when neuvo is down: it reaches a person without us.

use crate::channel::phone::twilio::twiml::{Verb, say, to_person};
use crate::config::phone::PhoneConfig;
use crate::domain::Language;
use crate::speech::Pace;

/// Static TwiML: the three languages' words, then the first person that is configured. `text` gives the words.
pub fn twiml(config: &PhoneConfig, text: impl Fn(Language) -> String) -> String {
    let says = Language::ALL.map(|language| say(&config.twilio, &text(language), language, Pace::Normal));
    // Who is always there first: nobody looks at the clock.
    let always = config.persons.iter().find(|person| person.opens.is_none());
    let person = always.or(config.persons.first()).map(|person| to_person(person, None));
    Verb::document(says.into_iter().chain([person.unwrap_or_else(|| Verb::new("Hangup"))]).collect())
}
