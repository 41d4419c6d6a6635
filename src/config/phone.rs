//! The settings of the phone. Nothing is answered unless a gateway is named.

use crate::config::ConfigError;
use crate::domain::{Language, Occasion};
use crate::handoff::{Availability, Queue};
use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The phone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhoneConfig {
    /// The address under which gateways reach this service, such as `https://bot.example`. What they sign has it.
    pub public_url: String,
    /// The language of each number that can be called, as gateways write it: `"+358201234567" = "fi"`. Others let the caller choose.
    pub numbers: BTreeMap<String, Language>,
    /// Calls at once; the next one is connected to a person.
    pub calls_max: usize,
    /// Seconds after which the bot ends a call.
    pub call_seconds_max: u64,
    /// Below this certainty of the recogniser the caller is asked whether the topic is right, 0 to 1.
    pub certain_from: f32,
    /// The same for the confidence in the topic.
    pub confident_from: f32,
    /// Who takes a call that needs a person: the first that serves its occasion and language and is at work.
    pub persons: Vec<Person>,
    /// Twilio, and gateways that speak like it.
    pub twilio: TwilioConfig,
    /// jambonz.
    pub jambonz: JambonzConfig,
    /// Asterisk.
    pub audiosocket: AudioSocketConfig,
    /// Text messages, by a gateway's interface in the form of Twilio's.
    pub sms: SmsConfig,
}

/// Where a person answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// A phone number (`+358…`), a SIP address (`sip:…`), or a queue of the gateway (`queue:NAME`).
    pub to: String,
    /// How the call gets there.
    #[serde(default)]
    pub by: Way,
    /// The occasions that it serves; empty serves all.
    #[serde(default)]
    pub occasions: Vec<Occasion>,
    /// The languages that it serves; empty serves all.
    #[serde(default)]
    pub languages: Vec<Language>,
    /// When it opens on weekdays, Helsinki time; always open without hours.
    #[serde(default)]
    pub opens: Option<Time>,
    /// When it closes on weekdays.
    #[serde(default)]
    pub closes: Option<Time>,
    /// When it closes on New Year's Eve and Maundy Thursday; it is closed on these days where nothing is said.
    #[serde(default)]
    pub closes_on_eves: Option<Time>,
    /// Seconds for which it rings.
    #[serde(default = "ring_seconds")]
    pub ring_seconds: u32,
}

/// How a call gets to a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The gateway calls them and stays between.
    #[default]
    Dial,
    /// The gateway gives the call up to the exchange that it came from, by SIP REFER. Only for SIP addresses.
    Refer,
}

/// How a gateway and this service talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Audio both ways: speech is recognised and spoken here.
    #[default]
    Stream,
    /// One turn a request: the gateway recognises and speaks.
    Turns,
}

/// Twilio, and gateways that speak like it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwilioConfig {
    /// A file with the auth token by which requests are signed; without one nothing is let in.
    pub token_file: PathBuf,
    /// The header with the signature; SignalWire has its own.
    pub signature_header: String,
    /// Audio or turns.
    pub mode: Mode,
    /// The gateway's voices for turns, in the order Finnish, Swedish, English.
    pub voices: [String; 3],
}

/// jambonz.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JambonzConfig {
    /// A file with the webhook secret; without one nothing is let in.
    pub secret_file: PathBuf,
    /// Audio or turns.
    pub mode: Mode,
}

/// Asterisk's AudioSocket.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioSocketConfig {
    /// Address and port for the audio of calls; closed without one. Nothing signs this protocol: let only the exchange reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// A file with the token by which the dial plan asks how a call goes on; without one nothing is let in.
    pub token_file: PathBuf,
    /// The language of calls; none lets the caller choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// Text messages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsConfig {
    /// Where messages are posted: `…/Accounts/SID/Messages.json` of the gateway or of a relay inside the house. None are sent without.
    pub url: String,
    /// The account's name.
    pub account: String,
    /// A file with its password.
    pub token_file: PathBuf,
    /// The sender.
    pub from: String,
}

const fn ring_seconds() -> u32 {
    30
}

impl Default for PhoneConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            numbers: BTreeMap::new(),
            calls_max: 8,
            call_seconds_max: 1_200,
            certain_from: 0.5,
            confident_from: 0.5,
            persons: Vec::new(),
            twilio: TwilioConfig::default(),
            jambonz: JambonzConfig::default(),
            audiosocket: AudioSocketConfig::default(),
            sms: SmsConfig::default(),
        }
    }
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            token_file: PathBuf::new(),
            signature_header: "x-twilio-signature".to_owned(),
            mode: Mode::Stream,
            voices: ["Polly.Suvi-Neural", "Polly.Elin-Neural", "Polly.Amy-Neural"].map(str::to_owned),
        }
    }
}

impl Person {
    /// Whether they serve a call at a time in Helsinki.
    pub fn serves(&self, occasion: Occasion, language: Language, now: DateTime) -> bool {
        (self.occasions.is_empty() || self.occasions.contains(&occasion))
            && (self.languages.is_empty() || self.languages.contains(&language))
            && self.is_open(now)
    }

    fn is_open(&self, now: DateTime) -> bool {
        let (Some(opens), Some(closes)) = (self.opens, self.closes) else { return true };
        let hours = Queue {
            id: String::new(),
            languages: Vec::new(),
            benefits: Vec::new(),
            opens,
            closes,
            closes_on_eves: self.closes_on_eves,
            len_max: 1,
        };
        hours.availability(now, 0) == Availability::Open
    }

    fn is_sound(&self) -> bool {
        let is_number = |number: &str| (3..=16).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        let has_place = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic() && c != '"');
        let is_sip = self.to.strip_prefix("sip:").is_some_and(has_place);
        let is_place = is_sip
            || self.to.strip_prefix("queue:").is_some_and(has_place)
            || is_number(self.to.strip_prefix('+').unwrap_or(&self.to));
        let is_open = match (self.opens, self.closes) {
            (Some(opens), Some(closes)) => opens < closes,
            (None, None) => true,
            _ => false,
        };
        is_place && is_open && (self.by == Way::Dial || is_sip) && (5..=600).contains(&self.ring_seconds)
    }
}

impl PhoneConfig {
    /// Whether any gateway may come in.
    pub fn is_on(&self) -> bool {
        let named = |file: &Path| !file.as_os_str().is_empty();
        named(&self.twilio.token_file) || named(&self.jambonz.secret_file) || self.audiosocket.listen.is_some()
    }

    /// Files with secrets, which lie beside the configuration.
    pub(super) fn files(&mut self) -> [&mut PathBuf; 4] {
        let Self { twilio, jambonz, audiosocket, sms, .. } = self;
        [&mut twilio.token_file, &mut jambonz.secret_file, &mut audiosocket.token_file, &mut sms.token_file]
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, message| Err(ConfigError::Range { setting, message });
        if !(1..=1_000).contains(&self.calls_max) {
            return wrong("phone.calls_max", "expected 1 to 1000");
        }
        if !(60..=7_200).contains(&self.call_seconds_max) {
            return wrong("phone.call_seconds_max", "expected 60 to 7200");
        }
        if !(0.0..=1.0).contains(&self.certain_from) {
            return wrong("phone.certain_from", "expected 0 to 1");
        }
        if !(0.0..=1.0).contains(&self.confident_from) {
            return wrong("phone.confident_from", "expected 0 to 1");
        }
        let url = &self.public_url;
        if !url.is_empty() && !super::is_origin(url) {
            return wrong("phone.public_url", "expected an address such as `https://bot.example`, without a path");
        }
        let by_webhook = [&self.twilio.token_file, &self.jambonz.secret_file];
        if url.is_empty() && by_webhook.iter().any(|file| !file.as_os_str().is_empty()) {
            return wrong("phone.public_url", "expected the address under which the gateway reaches this service");
        }
        if !self.persons.iter().all(Person::is_sound) {
            let message = "expected `to` as `+358…`, `sip:…` or `queue:…`, both hours or none, `closes` after `opens`, \
                           `by = \"refer\"` for `sip:` only, `ring_seconds` from 5 to 600";
            return wrong("phone.persons", message);
        }
        let sms = &self.sms;
        if !sms.url.is_empty() && (sms.token_file.as_os_str().is_empty() || sms.from.is_empty()) {
            return wrong("phone.sms", "expected `account`, `token_file` and `from` beside `url`");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str) -> Person {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn persons_have_hours() {
        let working = person("to = \"+358201234567\"\nopens = \"09:00\"\ncloses = \"16:00\"\noccasions = [\"asked\"]");
        let monday = "2026-11-23T10:00".parse().unwrap();
        let sunday = "2026-11-22T10:00".parse().unwrap();
        assert!(working.is_sound() && working.serves(Occasion::Asked, Language::Fi, monday));
        assert!(!working.serves(Occasion::Asked, Language::Fi, sunday));
        assert!(!working.serves(Occasion::Crisis, Language::Fi, monday));
        let always = person("to = \"sip:kriisi@example.fi\"\nby = \"refer\"\nlanguages = [\"sv\"]");
        assert!(always.is_sound() && always.serves(Occasion::Crisis, Language::Sv, sunday));
        assert!(!always.serves(Occasion::Crisis, Language::Fi, sunday));
        for wrong in
            ["to = \"nobody\"", "to = \"+358201234567\"\nby = \"refer\"", "to = \"queue:a\"\nopens = \"09:00\""]
        {
            assert!(!person(wrong).is_sound(), "{wrong}");
        }
    }

    #[test]
    fn is_off_unless_a_gateway_is_named() {
        let mut config = PhoneConfig::default();
        assert!(!config.is_on() && config.check().is_ok());
        config.twilio.token_file = "token".into();
        assert!(config.is_on() && config.check().is_err(), "the address is missing");
        config.public_url = "https://bot.example".to_owned();
        assert!(config.check().is_ok());
        config.calls_max = 0;
        assert!(config.check().is_err());
    }
}
