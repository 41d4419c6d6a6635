//! The console's own words in its three languages. What citizens read is content and stands in `intents/`.

use crate::domain::{CardState, HandOff, Language, Occasion, Resolution, SituationGroup};
use crate::exchange::Glossary;
use axum::http::{HeaderMap, header};

/// The language of the console: that of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tongue(pub(super) Language);

impl Tongue {
    /// The first language of the browser that is known here.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let known = accepted.split(',').find_map(|part| part.trim().get(..2)?.to_ascii_lowercase().parse().ok());
        Self(known.unwrap_or(Language::Fi))
    }

    /// One of three.
    pub(super) const fn say(self, fi: &'static str, sv: &'static str, en: &'static str) -> &'static str {
        match self.0 {
            Language::Fi => fi,
            Language::Sv => sv,
            Language::En => en,
        }
    }

    /// A language by its name.
    pub(super) const fn language(self, language: Language) -> &'static str {
        match language {
            Language::Fi => self.say("suomi", "finska", "Finnish"),
            Language::Sv => self.say("ruotsi", "svenska", "Swedish"),
            Language::En => self.say("englanti", "engelska", "English"),
        }
    }

    /// Why a person was asked for.
    pub(super) const fn occasion(self, occasion: Occasion) -> &'static str {
        match occasion {
            Occasion::Crisis => self.say("Kriisi", "Kris", "Crisis"),
            Occasion::Supported => self.say("Tuettava arki", "Behov av stöd", "Supported life situation"),
            Occasion::Asked => self.say("Pyysi ihmistä", "Bad om en människa", "Asked for a person"),
            Occasion::Misses => self.say("Botti ei ymmärtänyt", "Boten förstod inte", "The bot did not understand"),
        }
    }

    /// How a conversation ended.
    pub(super) const fn resolution(self, resolution: Resolution) -> &'static str {
        match resolution {
            Resolution::Solved => self.say("Asia selvisi", "Ärendet löstes", "The matter was solved"),
            Resolution::Advised => self.say("Neuvottu eteenpäin", "Fick råd om nästa steg", "Knows how to go on"),
            Resolution::Referred => self.say("Ohjattu kumppanille", "Hänvisad till partner", "Referred to a partner"),
            Resolution::Called => self.say("Soitetaan asiakkaalle", "Kunden blir uppringd", "Will be called"),
            Resolution::Silent => self.say("Asiakas ei enää vastannut", "Kunden svarade inte mer", "No more answers"),
            Resolution::Unsolved => self.say("Jäi auki", "Förblev öppet", "Stays open"),
        }
    }

    /// How the offer of a partner's card stands.
    pub(super) fn card(self, state: CardState, partner: &str) -> String {
        let state = match state {
            CardState::Offered => {
                self.say("Yhteystietoja tarjottu", "Kontaktuppgifter erbjudna", "Contact details offered")
            }
            CardState::Shown => self.say("Yhteystiedot näytetty", "Kontaktuppgifter visade", "Contact details shown"),
            CardState::Declined => self.say("Ei halunnut yhteystietoja", "Ville inte ha uppgifterna", "Declined"),
        };
        format!("{state}: {partner}")
    }

    /// The life situation and its signals, in words.
    pub(super) fn reasons(self, why: &HandOff, glossary: &Glossary) -> Vec<String> {
        let group = why.situation.as_ref().map(|situation| match situation.group {
            SituationGroup::Steady => self.say("tasainen arki", "stabil vardag", "steady life"),
            SituationGroup::Changing => self.say("muuttuva arki", "förändrad vardag", "changing life"),
            SituationGroup::Supported => self.say("tuettava arki", "vardag med behov av stöd", "supported life"),
            SituationGroup::Employer => self.say("työnantaja", "arbetsgivare", "employer"),
            SituationGroup::Crisis => self.say("kriisi", "kris", "crisis"),
        });
        let signals = why.signals.iter().map(|signal| glossary.signal(signal).to_lowercase());
        group.map(str::to_owned).into_iter().chain(signals).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn speaks_the_browsers_language() {
        let of = |accepted: &'static str| {
            Tongue::of(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted))])).0
        };
        assert_eq!(of("de-DE, sv-FI;q=0.8, en;q=0.5"), Language::Sv);
        assert_eq!(of("EN-us"), Language::En);
        assert_eq!(of("*"), Language::Fi);
        assert_eq!(Tongue::of(&HeaderMap::new()).0, Language::Fi);
    }
}
