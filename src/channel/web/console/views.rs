//! The console's pages, rendered here: plain forms that work without a script, and parts that the script keeps fresh.

use crate::channel::web::console::session::Signed;
use crate::channel::web::console::words::Tongue;
use crate::domain::{AccountId, Event, EventKind, HandoverState};
use crate::exchange::desk::{Case, Floor, is_asked};
use crate::store::{Account, Audited, Ticket};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A whole page.
pub(super) fn page(tongue: Tongue, title: &str, signed: Option<&Signed>, main: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(tongue.0.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – neuvo" }
                link rel="stylesheet" href="/console/console.css";
                link rel="icon" href="/icon.svg";
                script src="/console/console.js" defer {}
            }
            body {
                a .skip href="#main" { (tongue.say("Siirry sisältöön", "Gå till innehållet", "Skip to content")) }
                @if let Some(signed) = signed { (head(signed)) }
                main id="main" tabindex="-1" { (main) }
                p #status role="status" {}
            }
        }
    };
    page.into_string()
}

fn head(signed: &Signed) -> Markup {
    let (t, account) = (signed.tongue, &signed.account);
    html! {
        header .bar {
            nav aria-label=(t.say("Konsoli", "Konsol", "Console")) {
                a href="/console" accesskey="q" { (t.say("Jono", "Kö", "Queue")) }
                a href="/console/calls" { (t.say("Soittopyynnöt", "Samtal", "Calls")) }
                @if account.role.supervises() {
                    a href="/console/floor" { (t.say("Tilanne", "Läget", "Floor")) }
                    a href="/console/audit" { (t.say("Lokitiedot", "Logg", "Audit log")) }
                }
            }
            span .who { (account.name) }
            (form(signed, "/console/available", &html! {
                input type="hidden" name="available" value=(if account.is_available { "0" } else { "1" });
                button .quiet aria-pressed=(account.is_available.to_string()) {
                    (t.say("Otan uusia keskusteluja", "Jag tar nya samtal", "I take new conversations"))
                }
            }))
            button .quiet #alerts type="button" aria-pressed="false" hidden { (t.say("Ilmoitukset ja ääni", "Aviseringar och ljud", "Alerts and sound")) }
            (form(signed, "/console/sign-out", &html! { button .quiet { (t.say("Kirjaudu ulos", "Logga ut", "Sign out")) } }))
        }
    }
}

/// A form that carries the session's proof.
pub(super) fn form(signed: &Signed, action: &str, inside: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="token" value=(signed.token());
            (inside)
        }
    }
}

/// The page to sign in on.
pub(super) fn sign_in(tongue: Tongue, fault: Option<&str>) -> String {
    let t = tongue;
    let main = html! {
        section .card .narrow {
            h1 { (t.say("Kirjaudu konsoliin", "Logga in i konsolen", "Sign in to the console")) }
            @if let Some(fault) = fault { p .fault role="alert" { (fault) } }
            form method="post" action="/console/sign-in" {
                label for="login" { (t.say("Käyttäjätunnus", "Användarnamn", "Login")) }
                input id="login" name="login" autocomplete="username" required maxlength="64" autofocus;
                label for="password" { (t.say("Salasana", "Lösenord", "Password")) }
                input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200";
                button .main { (t.say("Kirjaudu", "Logga in", "Sign in")) }
            }
        }
    };
    page(tongue, t.say("Kirjaudu", "Logga in", "Sign in"), None, &main)
}

/// The queue and one's own conversations.
pub(super) fn queue(signed: &Signed, floor: &Floor, notice: Option<&str>, now: Timestamp) -> String {
    let t = signed.tongue;
    let main = html! {
        h1 { (t.say("Keskustelut", "Konversationer", "Conversations")) }
        @if let Some(notice) = notice { p .fault role="alert" { (notice) } }
        div data-live="/console/live" { (lists(signed, floor, now)) }
    };
    page(t, t.say("Jono", "Kö", "Queue"), Some(signed), &main)
}

/// The part of the queue's page that is kept fresh.
pub(super) fn lists(signed: &Signed, floor: &Floor, now: Timestamp) -> Markup {
    let (t, me) = (signed.tongue, &signed.account);
    let mine: Vec<_> = floor.claimed.iter().filter(|ticket| ticket.expert == Some(me.id)).collect();
    let is_full = usize::try_from(me.chats_max).unwrap_or(usize::MAX) <= mine.len();
    let (asked, others): (Vec<_>, Vec<_>) = floor.waiting.iter().partition(|ticket| is_asked(ticket, me, now));
    html! {
        section aria-labelledby="mine" {
            h2 id="mine" { (t.say("Omat", "Mina", "Mine")) " (" (mine.len()) "/" (me.chats_max) ")" }
            @if mine.is_empty() { p .soft { (t.say("Ei keskusteluja.", "Inga konversationer.", "No conversations.")) } }
            ul .tickets {
                @for ticket in &mine {
                    li .ticket { (ticket_words(t, ticket, now)) a .main href=(chat_path(ticket)) { (t.say("Avaa", "Öppna", "Open")) } }
                }
            }
        }
        section aria-labelledby="waiting" {
            h2 id="waiting" data-count=(floor.waiting.len()) { (t.say("Jonossa", "I kö", "Waiting")) " (" (floor.waiting.len()) ")" }
            @if floor.waiting.is_empty() { p .soft { (t.say("Kukaan ei odota.", "Ingen väntar.", "Nobody is waiting.")) } }
            ol .tickets {
                @for (at, ticket) in asked.iter().enumerate() {
                    li .ticket { (ticket_words(t, ticket, now)) (claim(signed, ticket, is_full, at == 0)) }
                }
            }
            @if !others.is_empty() {
                h3 { (t.say("Muiden osaamista", "Andras kunskap", "For others' skills")) }
                ol .tickets {
                    @for ticket in &others { li .ticket { (ticket_words(t, ticket, now)) (claim(signed, ticket, is_full, false)) } }
                }
            }
        }
    }
}

fn claim(signed: &Signed, ticket: &Ticket, is_full: bool, is_next: bool) -> Markup {
    let t = signed.tongue;
    form(
        signed,
        &format!("{}/claim", chat_path(ticket)),
        &html! {
            // Many buttons say the same: each tells a screen reader whom it takes.
        button .main aria-label=(format!("{}: {}, {}", t.say("Ota", "Ta", "Take"), t.occasion(ticket.why.occasion), t.language(ticket.language)))
            disabled[is_full] accesskey=[is_next.then_some("n")] { (t.say("Ota", "Ta", "Take")) }
        },
    )
}

fn ticket_words(t: Tongue, ticket: &Ticket, now: Timestamp) -> Markup {
    let minutes = now.duration_since(ticket.since).as_mins().max(0);
    html! {
        div {
            strong .occasion data-occasion=(ticket.why.occasion.as_str()) { (t.occasion(ticket.why.occasion)) }
            " · " (t.language(ticket.language))
            @if let Some(benefit) = &ticket.benefit { " · " (benefit.replace('-', " ")) }
            " · " (minutes) " min"
            @let reasons = t.reasons(&ticket.why);
            @if !reasons.is_empty() { p .soft { (reasons.join(", ")) } }
        }
    }
}

fn chat_path(ticket: &Ticket) -> String {
    format!("/console/chats/{}", ticket.conversation)
}

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
            @if let Some(ticket) = &case.ticket { (ticket_words(t, ticket, now)) }
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
                } @else if case.ticket.as_ref().is_some_and(|ticket| ticket.expert.is_none()) {
                    (form(signed, &format!("{path}/claim"), &html! { button .main { (t.say("Ota keskustelu", "Ta konversationen", "Take the conversation")) } }))
                }
            }
            @if is_mine { (tools(signed, &path, language.tag(), beside)) }
        }
    };
    page(t, t.say("Keskustelu", "Konversation", "Conversation"), Some(signed), &main)
}

fn tools(signed: &Signed, path: &str, lang: &str, beside: &Beside<'_>) -> Markup {
    let (t, Beside { colleagues, canned }) = (signed.tongue, beside);
    html! {
        aside aria-label=(t.say("Työkalut", "Verktyg", "Tools")) {
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
                (form(signed, &format!("{path}/end"), &html! { button .main { (t.say("Päätä keskustelu", "Avsluta konversationen", "End the conversation")) } }))
            }
        }
    }
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
    let zone = TimeZone::get("Europe/Helsinki").unwrap_or(TimeZone::UTC);
    let at = event.at.to_zoned(zone).strftime("%H:%M").to_string();
    let (class, who, text) = match &event.kind {
        EventKind::Welcome(welcome) => ("bot", "neuvo".to_owned(), welcome.text.as_str()),
        EventKind::Message(message) => {
            ("citizen", t.say("Asiakas", "Kund", "Citizen").to_owned(), message.text.as_str())
        }
        EventKind::Reply(reply) => ("bot", "neuvo".to_owned(), reply.text.as_str()),
        EventKind::Expert(message) => ("expert", message.name.clone(), message.text.as_str()),
        EventKind::Handoff(handover) => {
            ("step", step(t, handover.state, handover.expert.as_deref()), handover.text.as_str())
        }
    };
    html! {
        div class=(format!("line {class}")) data-seq=(event.seq) {
            p .who { (who) " " time { (at) } }
            p .words { (marked(text)) }
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
const MARKS: [&str; 5] = ["[hetu]", "[iban]", "[phone]", "[email]", "[number]"];

/// A text in which masked details stand out.
fn marked(text: &str) -> Markup {
    let first = MARKS.iter().filter_map(|mark| text.find(mark).map(|at| (at, *mark))).min();
    let Some((at, mark)) = first else { return html! { (text) } };
    let (before, rest) = text.split_at(at);
    html! { (before) mark { (mark) } (marked(rest.strip_prefix(mark).unwrap_or_default())) }
}

/// The whole floor, for those who supervise.
pub(super) fn floor(signed: &Signed, floor: &Floor, now: Timestamp) -> String {
    let t = signed.tongue;
    let main = html! {
        h1 { (t.say("Tilanne", "Läget", "Floor")) }
        div data-live="/console/floor/live" { (floor_tables(signed, floor, now)) }
    };
    page(t, t.say("Tilanne", "Läget", "Floor"), Some(signed), &main)
}

/// The part of the floor's page that is kept fresh.
pub(super) fn floor_tables(signed: &Signed, floor: &Floor, now: Timestamp) -> Markup {
    let t = signed.tongue;
    let longest = floor.waiting.iter().map(|ticket| now.duration_since(ticket.since).as_mins()).max().unwrap_or(0);
    let has = |id: AccountId| floor.claimed.iter().filter(|ticket| ticket.expert == Some(id)).count();
    html! {
        p .figures {
            strong { (floor.waiting.len()) } " " (t.say("odottaa", "väntar", "waiting")) " · "
            strong { (longest) " min" } " " (t.say("pisin odotus", "längsta väntan", "longest wait")) " · "
            strong { (floor.claimed.len()) } " " (t.say("palveltavana", "betjänas", "being served"))
        }
        ul .tickets { @for ticket in &floor.waiting { li .ticket { (ticket_words(t, ticket, now)) a href=(chat_path(ticket)) { (t.say("Avaa", "Öppna", "Open")) } } } }
        table {
            caption { (t.say("Asiantuntijat", "Sakkunniga", "Experts")) }
            thead { tr {
                th scope="col" { (t.say("Nimi", "Namn", "Name")) }
                th scope="col" { (t.say("Ottaa uusia", "Tar nya", "Takes new ones")) }
                th scope="col" { (t.say("Keskusteluja", "Konversationer", "Conversations")) }
            } }
            tbody {
                @for account in floor.accounts.iter().filter(|account| account.role.serves() && !account.is_disabled) {
                    tr {
                        th scope="row" { (account.name) " (" (account.login) ")" }
                        td { (if account.is_available { t.say("kyllä", "ja", "yes") } else { t.say("ei", "nej", "no") }) }
                        td { (has(account.id)) "/" (account.chats_max) }
                    }
                }
            }
        }
    }
}

/// The audit log.
pub(super) fn audit(signed: &Signed, entries: &[Audited]) -> String {
    let t = signed.tongue;
    let main = html! {
        h1 { (t.say("Lokitiedot", "Logg", "Audit log")) }
        table {
            caption { (t.say("Uusin ensin", "Nyaste först", "Newest first")) }
            thead { tr {
                th scope="col" { (t.say("Aika (UTC)", "Tid (UTC)", "Time (UTC)")) }
                th scope="col" { (t.say("Tunnus", "Användare", "Login")) }
                th scope="col" { (t.say("Teko", "Åtgärd", "Action")) }
                th scope="col" { (t.say("Keskustelu", "Konversation", "Conversation")) }
            } }
            tbody {
                @for entry in entries {
                    tr {
                        td { (entry.at.strftime("%Y-%m-%d %H:%M:%S").to_string()) } td { (entry.login) } td { (entry.action) }
                        td { @if let Some(id) = entry.conversation { (id.to_string()) } }
                    }
                }
            }
        }
    };
    page(t, t.say("Lokitiedot", "Logg", "Audit log"), Some(signed), &main)
}
