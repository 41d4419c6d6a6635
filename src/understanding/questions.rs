//! Finds the questions in a message: the first of several, and the one in a long story.

use crate::domain::{Language, Utterance};
use crate::knowledge::threads::{Cue, Threads};
use crate::words::words;

/// A message of more words than this is a story: its question is looked at by itself, too.
const STORY_WORDS_MIN: usize = 25;
/// A question has at least this many words; less is a call like *eikö?*.
const QUESTION_WORDS_MIN: usize = 3;
/// What begins a question stands among the first words of its sentence.
const BEGINNING_WORDS: usize = 3;
/// Further questions that are looked at.
const FURTHER_MAX: usize = 2;

/// The questions of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// What to look up: the message, without its further questions.
    pub first: Option<Utterance>,
    /// The question of a long story by itself.
    pub core: Option<Utterance>,
    /// Questions after the first.
    pub further: Vec<Utterance>,
}

/// Finds the questions in a message of a language.
pub fn find(threads: &Threads, utterance: &Utterance, language: Language) -> Questions {
    let text = utterance.as_str();
    let sentences: Vec<&str> = text.split_inclusive(['.', '!', '?', '\n']).filter(|s| !words(s).is_empty()).collect();
    let is_question = |sentence: &&str| {
        QUESTION_WORDS_MIN <= words(sentence).len()
            && (sentence.trim_end().ends_with('?') || begins_as_question(threads, sentence, language))
    };
    let asked: Vec<usize> = sentences.iter().enumerate().filter(|(_, s)| is_question(s)).map(|(at, _)| at).collect();
    let parse = |text: String| Utterance::parse(&text).ok();
    let mut questions = Questions::default();
    let (Some(&first), marked_n) = (asked.first(), text.matches('?').count()) else { return questions };
    if 1 < asked.len() && 1 < marked_n {
        questions.first = sentences.get(..=first).and_then(|upto| parse(upto.concat()));
        let further = asked.iter().skip(1).take(FURTHER_MAX).filter_map(|&at| sentences.get(at));
        questions.further = further.filter_map(|sentence| parse((*sentence).to_owned())).collect();
    }
    if 1 < sentences.len() && STORY_WORDS_MIN < words(text).len() {
        questions.core = sentences.get(first).and_then(|sentence| parse((*sentence).to_owned()));
    }
    questions
}

/// The clauses of a message: what stands between its marks.
pub fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split(['.', '!', '?', '\n', ',', ';', ':']).map(str::trim).filter(|clause| !words(clause).is_empty())
}

fn begins_as_question(threads: &Threads, sentence: &str, language: Language) -> bool {
    let Some(cues) = threads.cues.get(language.index()) else { return false };
    let question = Cue::ALL.iter().position(|cue| *cue == Cue::Question);
    cues.find(sentence).into_iter().any(|found| Some(found.means) == question && found.word < BEGINNING_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, first: Option<&str>, core: Option<&str>, further: &[&str]) {
        let found = find(&Threads::default(), &Utterance::parse(text).unwrap(), Language::Fi);
        let shown = |utterance: &Option<Utterance>| utterance.as_ref().map(|u| u.as_str().to_owned());
        assert_eq!(shown(&found.first).as_deref(), first);
        assert_eq!(shown(&found.core).as_deref(), core);
        assert_eq!(found.further.iter().map(Utterance::as_str).collect::<Vec<_>>(), further);
    }

    #[test]
    fn finds_the_first_of_several_questions() {
        check("Paljonko asumistuki on?", None, None, &[]);
        check(
            "Muutin juuri. Miten haen asumistukea? Ja milloin se maksetaan?",
            Some("Muutin juuri. Miten haen asumistukea?"),
            None,
            &["Ja milloin se maksetaan?"],
        );
        check("Saanko tukea? Eikö?", None, None, &[]);
    }

    #[test]
    fn clauses_stand_between_marks() {
        let found: Vec<&str> = clauses("Voitko vastata suomeksi, entä äitiyspakkaus?!").collect();
        assert_eq!(found, ["Voitko vastata suomeksi", "entä äitiyspakkaus"]);
    }

    #[test]
    fn finds_the_question_in_a_story() {
        let story = "Jäin työttömäksi toukokuussa kun firma meni nurin ja olen sen jälkeen hakenut töitä joka viikko. \
                     Saanko yleistukea jos teen keikkaa viikonloppuisin? Säästöjä on vähän ja vuokra nousi viime kuussa.";
        check(story, None, Some("Saanko yleistukea jos teen keikkaa viikonloppuisin?"), &[]);
    }
}
