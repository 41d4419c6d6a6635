//! Whether a hypothesis is what somebody said. Whisper invents sentences on noise, and goes round in circles.

/// What a recogniser came to, before it is trusted.
#[derive(Clone, PartialEq)]
pub(crate) struct Hypothesis {
    /// The words as they came.
    pub text: String,
    /// The mean log-probability of the tokens.
    pub log_probability: f32,
}

/// Below this mean log-probability words are guesses.
const LOG_PROBABILITY_MIN: f32 = -1.2;
/// Below this, a sentence that Whisper is known to invent is taken for invented.
const LOG_PROBABILITY_KNOWN_MIN: f32 = -0.35;
/// Nobody speaks faster, in characters a second.
const CHARS_A_SECOND_MAX: f32 = 32.0;
/// A stretch of words that follows itself so often is a loop.
const REPEATS_MAX: usize = 3;
const STRETCH_WORDS_MAX: usize = 6;

/// What subtitles say when nobody speaks: the training data were full of it.
const INVENTED: &[&str] = &[
    "kiitos",
    "kiitos kun katsoit",
    "kiitos että katsoit videon",
    "tekstitys",
    "suomennos",
    "moi moi",
    "hei hei",
    "tack",
    "tack för att du tittade",
    "tack för att ni tittade",
    "textning",
    "undertexter",
    "hej då",
    "musik",
    "musiikkia",
    "music",
    "you",
    "thank you",
    "thank you for watching",
    "thanks for watching",
    "bye",
    "please subscribe",
    "the end",
];
/// Begin credits, whatever follows.
const CREDITS: &[&str] = &[
    "tekstitys ",
    "suomennos ",
    "käännös ",
    "textning ",
    "undertexter ",
    "översättning ",
    "subtitles by ",
    "transcribed by ",
];

/// The words that can be trusted, or none. `speech_s` is how many seconds held speech.
pub(crate) fn trusted(hypothesis: &Hypothesis, speech_s: f32) -> Option<String> {
    let text = without_brackets(&hypothesis.text);
    let words = words(&text);
    let plain = words.join(" ");
    if plain.is_empty() || hypothesis.log_probability < LOG_PROBABILITY_MIN || is_loop(&text) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred characters")]
    let chars_n = plain.chars().count() as f32;
    if chars_n > CHARS_A_SECOND_MAX * (speech_s + 0.5) {
        return None;
    }
    let known = INVENTED.contains(&plain.as_str());
    if CREDITS.iter().any(|credit| plain.starts_with(credit))
        || (known && hypothesis.log_probability < LOG_PROBABILITY_KNOWN_MIN)
    {
        return None;
    }
    Some(text)
}

/// Whether a text goes round in circles.
pub(crate) fn is_loop(text: &str) -> bool {
    let words = words(text);
    (1..=STRETCH_WORDS_MAX).any(|len| {
        let repeated = |at: usize| words.get(at) == words.get(at + len) && at + len < words.len();
        let mut run = 0;
        (0..words.len()).any(|at| {
            run = if repeated(at) { run + 1 } else { 0 };
            run >= len * (REPEATS_MAX - 1) + usize::from(len == 1)
        })
    }) || words.iter().any(|word| has_stutter(word))
}

/// Whether a word repeats a syllable over and over.
fn has_stutter(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    (1..=4).any(|len| {
        let mut run = 0;
        letters.iter().zip(letters.iter().skip(len)).any(|(a, b)| {
            run = if a == b { run + 1 } else { 0 };
            run >= len * 4
        })
    })
}

/// Drops what describes sounds instead of words: `[Music]`, `(naurua)`, `*sighs*`, `♪`.
fn without_brackets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut closing = None;
    for c in text.chars() {
        match (closing, c) {
            (Some(end), c) if c == end => closing = None,
            (Some(_), _) | (None, '♪' | '♫') => {}
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '*') => closing = Some('*'),
            (None, c) => kept.push(c),
        }
    }
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, log_probability: f32, speech_s: f32, expected: Option<&str>) {
        let hypothesis = Hypothesis { text: text.to_owned(), log_probability };
        assert_eq!(trusted(&hypothesis, speech_s).as_deref(), expected);
    }

    #[test]
    fn words_are_kept_and_sounds_dropped() {
        check(" Miten haen asumistukea?", -0.4, 2.0, Some("Miten haen asumistukea?"));
        check("[Musiikkia] Haloo (naurua) kuuleeko?", -0.4, 2.0, Some("Haloo kuuleeko?"));
        check("[BLANK_AUDIO]", -0.1, 2.0, None);
        check("♪ ♪", -0.1, 2.0, None);
        check(" . . .", -0.1, 2.0, None);
    }

    #[test]
    fn guesses_loops_and_inventions_are_nothing() {
        check("Jotain aivan muuta.", -1.5, 2.0, None);
        check("Se on se on se on se on se on", -0.2, 3.0, None);
        check("kyllä kyllä kyllä kyllä", -0.2, 3.0, None);
        check("kyllä kyllä joo", -0.2, 3.0, Some("kyllä kyllä joo"));
        check("Hahahahahahahahaha", -0.2, 3.0, None);
        check("Tekstitys: Joku Nimi", -0.1, 2.0, None);
        check("Kiitos!", -0.6, 1.0, None);
        check("Kiitos!", -0.1, 1.0, Some("Kiitos!"));
        check("Thank you for watching.", -0.5, 1.0, None);
    }

    #[test]
    fn nobody_speaks_that_fast() {
        check("Opiskelen yliopistossa ja asun yksin, voinko saada opintotukea?", -0.3, 0.3, None);
        check(
            "Opiskelen yliopistossa ja asun yksin, voinko saada opintotukea?",
            -0.3,
            3.5,
            Some("Opiskelen yliopistossa ja asun yksin, voinko saada opintotukea?"),
        );
    }
}
