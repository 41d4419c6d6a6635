//! The texts that the phone cannot do without, and what callers can say to steer a call: `intents/phone.toml`.

/// What stands before each id in the content.
pub const PREFIX: &str = "phone-";
/// What stands before the ids of phrases that steer a call, behind [`PREFIX`]. Such a text is a list with commas.
pub const WORDS: &str = "words-";

/// What stands, behind [`PREFIX`], before the id of a reply that has another form on the phone.
pub const SAY: &str = "say-";

/// Ids without the prefix.
pub const IDS: [&str; 58] = [
    "languages",
    "greeting",
    "can",
    "ask",
    "language-set",
    "after-first",
    "after",
    "more",
    "help",
    "choose",
    "choice-1",
    "choice-2",
    "choice-3",
    "choose-else",
    "confirm",
    "denied",
    "yes-or-no",
    "silence-1",
    "silence-2",
    "unclear-1",
    "unclear-2",
    "busy",
    "moment",
    "hold",
    "slower",
    "link-sent",
    "link-find",
    "link-none",
    "transfer",
    "transfer-misses",
    "transfer-supported",
    "transfer-trouble",
    "back-busy",
    "back-no-answer",
    "back-failed",
    "back-closed",
    "callback-offer",
    "callback-key",
    "callback-check",
    "callback-done",
    "callback-failed",
    "callback-declined",
    "time",
    "goodbye",
    "down",
    "full",
    "hung-up",
    "words-person",
    "words-repeat",
    "words-slower",
    "words-simpler",
    "words-link",
    "words-more",
    "words-help",
    "words-yes",
    "words-no",
    "words-language",
    "words-goodbye",
];

/// What is wrong with a text, if anything.
pub(super) fn mismatch(id: &str, versions: [&str; 3]) -> Option<String> {
    let id = id.strip_prefix(PREFIX)?;
    if !IDS.contains(&id) && !id.starts_with(SAY) {
        return Some("the phone does not say it: remove it".to_owned());
    }
    let [fi, sv, en] = versions.map(places);
    if fi != sv || sv != en {
        return Some("the languages differ in their `{…}`: write the same in each".to_owned());
    }
    None
}

/// The names in single braces, sorted.
fn places(text: &str) -> Vec<String> {
    let bare = text.replace("{{", "").replace("}}", "");
    let mut places: Vec<_> = bare.split('{').skip(1).filter_map(|rest| rest.split_once('}')).collect();
    places.sort_unstable();
    places.into_iter().map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_share_places() {
        assert_eq!(mismatch("welcome", ["", "{n}", ""]), None, "no text of the phone");
        assert_eq!(mismatch("phone-confirm", ["Asia: {title}", "Sak: {title}", "Matter: {title}"]), None);
        assert_eq!(mismatch("phone-back-closed", ["klo {{service/a}}", "nu", "now {{service/b}}"]), None);
        assert!(mismatch("phone-confirm", ["Asia: {title}", "Sak", "Matter: {title}"]).is_some());
        assert!(mismatch("phone-nothing", ["a", "a", "a"]).is_some());
    }
}
