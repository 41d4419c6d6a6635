//! The console's pages, rendered here: plain forms that work without a script, and parts that the script keeps fresh.

use crate::channel::web::console::session::Signed;
use crate::channel::web::console::words::Tongue;
use crate::domain::AccountId;
use crate::exchange::desk::{Floor, is_asked};
use crate::store::{Audited, Ticket};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

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
                    a href="/console/letters" { (t.say("Lähtemättä", "Inte levererade", "Undelivered")) }
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
                    li .ticket { (ticket_words(signed, ticket, now)) a .main href=(chat_path(ticket)) { (t.say("Avaa", "Öppna", "Open")) } }
                }
            }
        }
        section aria-labelledby="waiting" {
            h2 id="waiting" data-count=(floor.waiting.len()) { (t.say("Jonossa", "I kö", "Waiting")) " (" (floor.waiting.len()) ")" }
            @if floor.waiting.is_empty() { p .soft { (t.say("Kukaan ei odota.", "Ingen väntar.", "Nobody is waiting.")) } }
            ol .tickets {
                @for (at, ticket) in asked.iter().enumerate() {
                    li .ticket { (ticket_words(signed, ticket, now)) (claim(signed, ticket, is_full, at == 0)) }
                }
            }
            @if !others.is_empty() {
                h3 { (t.say("Muiden osaamista", "Andras kunskap", "For others' skills")) }
                ol .tickets {
                    @for ticket in &others { li .ticket { (ticket_words(signed, ticket, now)) (claim(signed, ticket, is_full, false)) } }
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

/// Who waits and why, in words.
pub(super) fn ticket_words(signed: &Signed, ticket: &Ticket, now: Timestamp) -> Markup {
    let t = signed.tongue;
    let minutes = now.duration_since(ticket.since).as_mins().max(0);
    html! {
        div {
            strong .occasion data-occasion=(ticket.why.occasion.as_str()) { (t.occasion(ticket.why.occasion)) }
            " · " (t.language(ticket.language))
            @if let Some(benefit) = &ticket.benefit { " · " (benefit.replace('-', " ")) }
            " · " (minutes) " min"
            @let reasons = t.reasons(&ticket.why, &signed.glossary);
            @if !reasons.is_empty() { p .soft { (reasons.join(", ")) } }
        }
    }
}

fn chat_path(ticket: &Ticket) -> String {
    format!("/console/chats/{}", ticket.conversation)
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
        ul .tickets { @for ticket in &floor.waiting { li .ticket { (ticket_words(signed, ticket, now)) a href=(chat_path(ticket)) { (t.say("Avaa", "Öppna", "Open")) } } } }
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
