//! The words that a recogniser is told beforehand: Kela's own, which a small model does not know well enough.

use crate::domain::Language;
use std::collections::HashMap;
use whisper_rs::WhisperContext;

/// Ordinary tokens of the multilingual vocabulary.
const WORDS_N: i32 = 50_257;

/// Written as a transcript that came before: that is how Whisper takes hints.
const fn hints(language: Language) -> &'static str {
    match language {
        Language::Fi => " Kela, asumistuki, toimeentulotuki, opintotuki, työttömyysturva, lapsilisä, päätös, hakemus.",
        Language::Sv => {
            " FPA, bostadsbidrag, utkomststöd, studiestöd, arbetslöshetsersättning, barnbidrag, beslut, ansökan."
        }
        Language::En => {
            " Kela, housing allowance, social assistance, student financial aid, unemployment benefit, child benefit, decision, application."
        }
    }
}

/// Of so many words, this share or more being hints is an echo of them.
const ECHO_WORDS_MIN: usize = 3;
const ECHO_SHARE: (usize, usize) = (3, 5);

/// Whether a text says little more than the hints. Whisper falls back on them where it understands nothing.
pub(crate) fn is_echo(text: &str, language: Language) -> bool {
    let (hints, said) = (plain(hints(language)), plain(text));
    let hinted_n = said.iter().filter(|word| hints.contains(word)).count();
    said.len() >= ECHO_WORDS_MIN && hinted_n * ECHO_SHARE.1 >= said.len() * ECHO_SHARE.0
}

/// The words of a text in small letters, without punctuation.
pub(crate) fn plain(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The hints of each language as tokens, in the order of [`Language::ALL`].
///
/// whisper.cpp's own tokenizer takes letters beyond ASCII for punctuation and so cuts most Finnish and Swedish words wrongly: with its
/// tokens the hints do more harm than good.
pub(crate) fn tokens(context: &WhisperContext) -> [Vec<i32>; 3] {
    let ids: HashMap<&[u8], i32> = (0..WORDS_N).filter_map(|id| Some((context.token_to_bytes(id).ok()?, id))).collect();
    Language::ALL.map(|language| merged(&ids, hints(language)))
}

/// Byte-pair encoding: of all neighbours the pair with the lowest id is joined first.
fn merged(ids: &HashMap<&[u8], i32>, text: &str) -> Vec<i32> {
    let mut tokens = Vec::new();
    for word in words(text) {
        let mut parts: Vec<&[u8]> = word.as_bytes().chunks(1).collect();
        loop {
            let mut at = 0;
            let joined = parts.windows(2).filter_map(|pair| {
                let start = at;
                at += pair.first()?.len();
                let len = pair.iter().map(|part| part.len()).sum::<usize>();
                let id = ids.get(word.as_bytes().get(start..start + len)?)?;
                Some((id, start, len))
            });
            let Some((_, start, len)) = joined.min() else { break };
            let mut end = 0;
            parts = parts
                .iter()
                .filter_map(|part| {
                    let begin = end;
                    end += part.len();
                    match begin {
                        _ if begin == start => word.as_bytes().get(start..start + len),
                        _ if begin > start && begin < start + len => None,
                        _ => Some(*part),
                    }
                })
                .collect();
        }
        tokens.extend(parts.iter().filter_map(|part| ids.get(part)));
    }
    tokens
}

/// Runs of letters, or of other characters, each with the space before it.
fn words(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut before = None;
    for (at, c) in text.char_indices() {
        let goes_on = before
            .is_none_or(|before: char| c != ' ' && (before == ' ' || before.is_alphabetic() == c.is_alphabetic()));
        if !goes_on {
            cuts.push(at);
        }
        before = Some(c);
    }
    cuts.push(text.len());
    cuts.windows(2).filter_map(|cut| text.get(*cut.first()?..*cut.last()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_the_space_before_them_and_letters_stay_together() {
        assert_eq!(words(" Kela, työttömyys."), [" Kela", ",", " työttömyys", "."]);
        assert_eq!(words(""), [""]);
    }

    #[test]
    fn only_the_hints_said_back_are_an_echo() {
        assert!(is_echo("Ja, bostadsbidrag, bostadsbidrag, titret, utkomststöd.", Language::Sv));
        assert!(!is_echo("Hur ansöker jag om bostadsbidrag?", Language::Sv));
        assert!(!is_echo("Asumistuki.", Language::Fi));
        assert!(!is_echo("How do I apply for housing allowance?", Language::En));
    }

    #[test]
    fn the_pair_with_the_lowest_id_is_joined_first() {
        let vocabulary = ["a", "b", "c", "bc", "ab", "abc"];
        let ids = vocabulary.iter().zip(0..).map(|(text, id)| (text.as_bytes(), id)).collect();
        assert_eq!(merged(&ids, "abc"), [5]);
        assert_eq!(merged(&ids, "ab"), [4]);
        assert_eq!(merged(&ids, "cab"), [2, 4]);
    }
}
