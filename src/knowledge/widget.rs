//! The texts that the chat widget cannot do without: `intents/widget.toml`.

/// What stands before each id in the content.
pub const PREFIX: &str = "widget-";

/// Ids without the prefix.
pub const IDS: [&str; 119] = [
    "launcher",
    "subtitle",
    "close",
    "menu",
    "back",
    "language",
    "log",
    "you",
    "bot",
    "expert",
    "expert-unnamed",
    "greeting",
    "input",
    "send",
    "hint",
    "chars-left",
    "chars-over",
    "empty",
    "identity",
    "identity-remove",
    "working",
    "starters",
    "starters-page",
    "starter-a",
    "starter-b",
    "starter-c",
    "starter-d",
    "more",
    "less",
    "source",
    "checked",
    "new-tab",
    "next",
    "helped",
    "yes",
    "no",
    "rated",
    "undo",
    "undone",
    "word",
    "word-send",
    "rate-failed",
    "sending",
    "unsent",
    "refused",
    "discard",
    "offline",
    "reconnecting",
    "online",
    "down",
    "person",
    "person-title",
    "contact",
    "contact-plain",
    "crisis",
    "call",
    "handoff-ask",
    "handoff-about",
    "handoff-requested",
    "handoff-queued",
    "handoff-position",
    "handoff-estimate",
    "handoff-claimed",
    "handoff-transferred",
    "handoff-returned",
    "handoff-failed",
    "handoff-closed",
    "handoff-leave",
    "typing",
    "callback",
    "callback-about",
    "callback-standing",
    "callback-cancel",
    "callback-cancelled",
    "callback-change",
    "callback-number-wrong",
    "callback-slot-taken",
    "callback-number",
    "callback-language",
    "callback-interpreter",
    "callback-topic",
    "callback-slot",
    "callback-send",
    "callback-done",
    "callback-none",
    "form-failed",
    "new-messages",
    "text-size",
    "size-normal",
    "size-large",
    "size-larger",
    "save",
    "print",
    "paper-title",
    "end",
    "delete",
    "delete-about",
    "delete-failed",
    "deleted",
    "cancel",
    "ended",
    "gone",
    "full",
    "new",
    "feedback",
    "feedback-about",
    "feedback-sort",
    "sort-suggestion",
    "sort-complaint",
    "sort-praise",
    "feedback-words",
    "feedback-reply",
    "feedback-reply-how",
    "feedback-send",
    "feedback-thanks",
    "feedback-choose",
    "feedback-empty",
    "privacy",
    "accessibility",
];

/// What the three versions of a text do not share, if anything: places that the widget fills in, and forms for one and for more.
pub(super) fn mismatch(id: &str, versions: [&str; 3]) -> Option<String> {
    let id = id.strip_prefix(PREFIX)?;
    if !IDS.contains(&id) {
        return Some("the widget does not show it: remove it".to_owned());
    }
    let [fi, sv, en] = versions.map(shape);
    let same = fi == sv && sv == en;
    (!same).then(|| "the languages differ in their `{…}` or `¦`: write the same in each".to_owned())
}

/// The places of each form, sorted.
fn shape(text: &str) -> Vec<Vec<String>> {
    let places = |form: &str| {
        let bare = form.replace("{{", "").replace("}}", "");
        let mut places: Vec<_> = bare.split('{').skip(1).filter_map(|rest| rest.split_once('}')).collect();
        places.sort_unstable();
        places.into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    text.split('¦').map(places).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_share_places_and_forms() {
        assert_eq!(mismatch("welcome", ["", "{n}", ""]), None, "no text of the widget");
        assert_eq!(mismatch("widget-call", ["Soita {number}", "Ring {number}", "Call {number}"]), None);
        assert_eq!(mismatch("widget-contact", ["klo {{service/a}}", "Ring", "Call {{service/b}}"]), None);
        assert!(mismatch("widget-call", ["Soita {number}", "Ring", "Call {number}"]).is_some());
        assert!(mismatch("widget-call", ["a ¦ b", "a", "a ¦ b"]).is_some());
        assert!(mismatch("widget-nothing", ["a", "a", "a"]).is_some());
    }
}
