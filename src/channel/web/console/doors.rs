//! The console's pages for who is not signed in: the way in, and what one sees on it.

use crate::channel::web::console::views::page;
use crate::channel::web::console::words::Tongue;
use crate::channel::web::state::Web;
use maud::{Markup, html};

/// How one may sign in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// With a password.
    pub(super) password: bool,
    /// By an identity provider.
    pub(super) openid: bool,
    /// Whether the identity provider is to ask who it is, even where it knows the browser.
    pub(super) again: bool,
}

impl Ways {
    /// How one may sign in here.
    pub(super) fn of(web: &Web) -> Self {
        Self { password: web.password, openid: web.provider.get().is_some(), again: false }
    }
}

/// The page to sign in on, with what went wrong.
pub(super) fn sign_in(t: Tongue, ways: Ways, fault: Option<&str>) -> String {
    let said = html! { @if let Some(fault) = fault { p .fault role="alert" { (fault) } } };
    door(t, ways, &said)
}

/// The page after signing out. `end` is where one signs out of the identity provider too.
pub(super) fn signed_out(t: Tongue, ways: Ways, end: Option<&str>) -> String {
    let said = html! {
        p role="status" { (t.say("Olet kirjautunut ulos konsolista.", "Du har loggat ut ur konsolen.", "You have signed out of the console.")) }
        @if let Some(end) = end {
            p {
                (t.say("Organisaation kirjautuminen jatkuu.", "Organisationens inloggning fortsätter.", "Your organisation's sign-in goes on."))
                " "
                a href=(end) { (t.say("Kirjaudu ulos siitäkin", "Logga ut även där", "Sign out there too")) }
            }
        }
    };
    door(t, ways, &said)
}

fn door(t: Tongue, ways: Ways, said: &Markup) -> String {
    let main = html! {
        section .card .narrow {
            h1 { (t.say("Kirjaudu konsoliin", "Logga in i konsolen", "Sign in to the console")) }
            (said)
            @if ways.openid {
                p {
                    a .main #openid href=(if ways.again { "/console/openid?again=1" } else { "/console/openid" }) {
                        @if ways.again {
                            (t.say("Kirjaudu toisella tilillä", "Logga in med ett annat konto", "Sign in with another account"))
                        } @else {
                            (t.say("Kirjaudu organisaation tilillä", "Logga in med organisationens konto", "Sign in with your organisation's account"))
                        }
                    }
                }
            }
            @if ways.password { (password(t, ways.openid)) }
        }
    };
    page(t, t.say("Kirjaudu", "Logga in", "Sign in"), None, &main)
}

fn password(t: Tongue, is_second: bool) -> Markup {
    html! {
        @if is_second { h2 { (t.say("Tai salasanalla", "Eller med lösenord", "Or with a password")) } }
        form method="post" action="/console/sign-in" {
            label for="login" { (t.say("Käyttäjätunnus", "Användarnamn", "Login")) }
            input id="login" name="login" autocomplete="username" required maxlength="64" autofocus[!is_second];
            label for="password" { (t.say("Salasana", "Lösenord", "Password")) }
            input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200";
            button .main { (t.say("Kirjaudu", "Logga in", "Sign in")) }
        }
    }
}

/// The page between the identity provider and the console.
pub(super) fn signed_in(t: Tongue) -> String {
    let main = html! {
        section .card .narrow {
            h1 { (t.say("Kirjautuminen onnistui", "Inloggningen lyckades", "You are signed in")) }
            p { a .main href="/console" { (t.say("Siirry konsoliin", "Gå till konsolen", "Go to the console")) } }
        }
    };
    page(t, t.say("Kirjaudu", "Logga in", "Sign in"), None, &main)
}
