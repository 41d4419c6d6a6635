//! One conversation, rendered: the summary, the lines, and what an expert can do.

use crate::channel::web::console::rich::rich;
use crate::channel::web::console::session::Signed;
use crate::channel::web::console::views::{form, page, ticket_words};
use crate::channel::web::console::words::Tongue;
use crate::domain::{AccountId, Event, EventKind, HandoverState, Resolution};
use crate::exchange::Partner;
use crate::exchange::desk::Case;
use crate::store::{Account, Note};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A prepared answer.
pub(super) struct Canned {
    /// What it is called.
    pub(super) title: String,
    /// Its words.
    pub(super) text: String,
}

/// Characters of a prepared answer that name it.
const TITLE_CHARS: usize = 40;

impl Canned {
    /// Named by its first words, which are in the citizen's language as it is.
    pub(super) fn new(text: String) -> Self {
        let title: String = text.chars().take(TITLE_CHARS).collect();
        Self { title: if title == text { title } else { format!("{}…", title.trim_end()) }, text }
    }
}

/// What stands beside a conversation.
pub(super) struct Beside<'a> {
    /// Partners whose cards can be offered.
    pub(super) partners: &'a [Partner],
    /// To whom it can go.
    pub(super) colleagues: &'a [Account],
    /// What can be inserted.
    pub(super) canned: &'a [Canned],
}

/// A conversation.
pub(super) fn chat(signed: &Signed, case: &Case, id: Uuid, beside: &Beside<'_>, now: Timestamp) -> String {
    let (t, me) = (signed.tongue, &signed.account);
    let path = format!("/console/chats/{id}");
    let is_mine = case.ticket.as_ref().is_some_and(|ticket| ticket.expert == Some(me.id));
    let language = case.record.state.language.or(case.record.language);
    let language = case.ticket.as_ref().map(|ticket| ticket.language).or(language).unwrap_or(t.0);
    let last = case.events.last().map_or(0, |event| event.seq);
    let main = html! {
        h1 { (t.say("Keskustelu", "Konversation", "Conversation")) }
        section .card aria-labelledby="summary" {
            h2 id="summary" { (t.say("Yhteenveto", "Sammanfattning", "Summary")) }
            @if let Some(ticket) = &case.ticket { (ticket_words(signed, ticket, now)) }
            @let answered = answered(&case.events);
            @if !answered.is_empty() {
                p { (t.say("Botti on vastannut näistä:", "Boten har svarat om:", "The bot has answered about:")) }
                ul { @for (title, url) in &answered { li { a href=(url) rel="noreferrer" target="_blank" { (title) " ↗" } } } }
            }
            @let misses_n = case.record.state.misses_n;
            @if 0 < misses_n { p .soft { (t.say("Ilman vastausta peräkkäin: ", "Utan svar i rad: ", "Without an answer in a row: ")) (misses_n) } }
        }
        div .columns {
            section .talk aria-labelledby="log-title" {
                h2 .hidden id="log-title" { (t.say("Viestit", "Meddelanden", "Messages")) }
                div #log role="log" tabindex="0" aria-labelledby="log-title" lang=(language.tag())
                    data-stream=(format!("{path}/live?after={last}")) { (events(t, &case.events)) }
                @if is_mine {
                    (form(signed, &format!("{path}/say"), &html! {
                        input type="hidden" name="id" value=(Uuid::now_v7());
                        label for="text" { (t.say("Viesti asiakkaalle", "Meddelande till kunden", "Message to the citizen")) " (" (t.language(language)) ")" }
                        textarea id="text" name="text" rows="3" required maxlength="2000" lang=(language.tag()) {}
                        button .main #send { (t.say("Lähetä", "Skicka", "Send")) }
                        span .soft { " Ctrl + Enter" }
                    }))
                    p #typing .soft role="status" data-words=(t.say("Asiakas kirjoittaa…", "Kunden skriver…", "The citizen is writing…")) {}
                } @else if case.ticket.as_ref().is_some_and(|ticket| ticket.expert.is_none()) {
                    (form(signed, &format!("{path}/claim"), &html! { button .main { (t.say("Ota keskustelu", "Ta konversationen", "Take the conversation")) } }))
                }
            }
            aside aria-label=(t.say("Työkalut", "Verktyg", "Tools")) {
                (note_card(signed, case, &path))
                @if is_mine { (tools(signed, &path, language.tag(), beside)) }
            }
        }
    };
    page(t, t.say("Keskustelu", "Konversation", "Conversation"), Some(signed), &main)
}

fn tools(signed: &Signed, path: &str, lang: &str, beside: &Beside<'_>) -> Markup {
    let (t, Beside { partners, colleagues, canned }) = (signed.tongue, beside);
    html! {
        section .card {
            h2 { (t.say("Hae ohje", "Sök anvisning", "Find guidance")) }
            form method="get" action="/console/guidance" data-into="#guidance" {
                input type="hidden" name="lang" value=(lang);
                label for="q" { (t.say("Kysymys", "Fråga", "Question")) }
                input id="q" name="q" required maxlength="300" lang=(lang);
                button { (t.say("Hae", "Sök", "Search")) }
            }
            div #guidance aria-live="polite" {}
        }
        @if !canned.is_empty() {
            section .card {
                h2 { (t.say("Valmiit vastaukset", "Färdiga svar", "Prepared answers")) }
                @for one in *canned {
                    details { summary lang=(lang) { (one.title) } (insertable(t, &one.text, lang)) }
                }
            }
        }
        @if !partners.is_empty() {
            section .card {
                h2 { (t.say("Kumppanin yhteystiedot", "Partnerns kontaktuppgifter", "A partner's contact details")) }
                p .soft { (t.say("Asiakkaalta kysytään ensin.", "Kunden tillfrågas först.", "The citizen is asked first.")) }
                (form(signed, &format!("{path}/card"), &html! {
                    label for="partner" { (t.say("Kumppani", "Partner", "Partner")) }
                    select id="partner" name="partner" lang=(lang) {
                        @for partner in *partners { option value=(partner.id) { (partner.title) } }
                    }
                    button { (t.say("Tarjoa", "Erbjud", "Offer")) }
                }))
            }
        }
        section .card {
            h2 { (t.say("Siirrä tai päätä", "Flytta eller avsluta", "Pass on or end")) }
            @if !colleagues.is_empty() {
                (form(signed, &format!("{path}/pass"), &html! {
                    label for="to" { (t.say("Kollegalle", "Till kollega", "To a colleague")) }
                    select id="to" name="to" {
                        @for colleague in *colleagues { option value=(account_id(colleague.id)) { (colleague.name) } }
                    }
                    button { (t.say("Siirrä", "Flytta", "Pass on")) }
                }))
            }
            (form(signed, &format!("{path}/requeue"), &html! { button { (t.say("Takaisin jonoon", "Tillbaka till kön", "Back to the queue")) } }))
            (form(signed, &format!("{path}/return"), &html! { button { (t.say("Palauta botille", "Ge tillbaka till boten", "Give back to the bot")) } }))
            (form(signed, &format!("{path}/end"), &html! {
                label for="resolution" { (t.say("Miten kävi?", "Hur gick det?", "How did it go?")) }
                select id="resolution" name="resolution" required {
                    option value="" { (t.say("Valitse", "Välj", "Choose")) }
                    @for resolution in Resolution::ALL { option value=(resolution.as_str()) { (t.resolution(resolution)) } }
                }
                button .main { (t.say("Päätä keskustelu", "Avsluta konversationen", "End the conversation")) }
            }))
        }
    }
}

/// What colleagues wrote down, and a place to write.
fn note_card(signed: &Signed, case: &Case, path: &str) -> Markup {
    let t = signed.tongue;
    html! {
        section .card aria-labelledby="notes-title" {
            h2 id="notes-title" { (t.say("Sisäiset muistiinpanot", "Interna anteckningar", "Internal notes")) }
            p .soft { (t.say("Asiakas ei näe näitä.", "Kunden ser inte dessa.", "The citizen does not see these.")) }
            div #notes aria-live="polite" { (notes(&case.notes)) }
            @if case.ticket.is_some() {
                (form(signed, &format!("{path}/note"), &html! {
                    input type="hidden" name="id" value=(Uuid::now_v7());
                    label for="note" { (t.say("Uusi muistiinpano", "Ny anteckning", "New note")) }
                    textarea id="note" name="text" rows="2" required maxlength="2000" {}
                    button { (t.say("Tallenna", "Spara", "Save")) }
                }))
            }
        }
    }
}

/// Notes in order.
pub(super) fn notes(notes: &[Note]) -> Markup {
    html! { @for note in notes { p .note { span .who { (note.name) " " time { (clock(note.at)) } } br; (note.words) } } }
}

fn clock(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Helsinki").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%H:%M").to_string()
}

fn account_id(id: AccountId) -> String {
    id.0.to_string()
}

/// A text that a button puts into the message.
pub(super) fn insertable(t: Tongue, text: &str, lang: &str) -> Markup {
    html! {
        div .insertable lang=(lang) { (text) }
        button type="button" data-insert=(text) { (t.say("Lisää viestiin", "Lägg till i meddelandet", "Insert")) }
    }
}

/// Articles that the bot cited, each once.
fn answered(events: &[Event]) -> BTreeSet<(String, String)> {
    let citations = events.iter().filter_map(|event| match &event.kind {
        EventKind::Reply(reply) => reply.citation.as_ref(),
        _ => None,
    });
    citations.map(|citation| (citation.title.clone(), citation.url.clone())).collect()
}

/// What was said, in order.
pub(super) fn events(t: Tongue, events: &[Event]) -> Markup {
    html! { @for event in events { (line(t, event)) } }
}

fn line(t: Tongue, event: &Event) -> Markup {
    let at = clock(event.at);
    let (class, who, text) = match &event.kind {
        EventKind::Welcome(welcome) => ("bot", "neuvo".to_owned(), welcome.text.as_str()),
        EventKind::Message(message) => {
            ("citizen", t.say("Asiakas", "Kund", "Citizen").to_owned(), message.text.as_str())
        }
        EventKind::Reply(reply) => ("bot", "neuvo".to_owned(), reply.text.as_str()),
        EventKind::Expert(message) => ("expert", message.name.clone(), message.text.as_str()),
        EventKind::Card(card) => ("step", t.card(card.state, &card.title), card.text.as_str()),
        EventKind::Handoff(handover) => {
            ("step", step(t, handover.state, handover.expert.as_deref()), handover.text.as_str())
        }
    };
    html! {
        div class=(format!("line {class}")) data-seq=(event.seq) {
            p .who { (who) " " time { (at) } }
            @if let EventKind::Card(card) = &event.kind { div .rich { (rich(&card.text)) } } @else { p .words { (marked(text)) } }
        }
    }
}

fn step(t: Tongue, state: HandoverState, expert: Option<&str>) -> String {
    let state = match state {
        HandoverState::Requested => t.say("Pyydetty ihmistä", "Människa begärd", "Person asked for"),
        HandoverState::Queued => t.say("Jonossa", "I kö", "In the queue"),
        HandoverState::Claimed => t.say("Otettu", "Tagen", "Taken"),
        HandoverState::Transferred => t.say("Siirretty", "Flyttad", "Passed on"),
        HandoverState::Returned => t.say("Botilla", "Hos boten", "With the bot"),
        HandoverState::Failed => t.say("Ketään ei paikalla", "Ingen på plats", "Nobody there"),
        HandoverState::Closed => t.say("Päätetty", "Avslutad", "Ended"),
    };
    expert.map_or_else(|| state.to_owned(), |expert| format!("{state}: {expert}"))
}

/// The marks that stand where personal details were.
const MARKS: [&str; 6] = ["[hetu]", "[iban]", "[phone]", "[email]", "[address]", "[number]"];

/// A text in which masked details stand out.
fn marked(text: &str) -> Markup {
    let first = MARKS.iter().filter_map(|mark| text.find(mark).map(|at| (at, *mark))).min();
    let Some((at, mark)) = first else { return html! { (text) } };
    let (before, rest) = text.split_at(at);
    html! { (before) mark { (mark) } (marked(rest.strip_prefix(mark).unwrap_or_default())) }
}
