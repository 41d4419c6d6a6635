//! Events that another system did not take: what was given up, and a way to try it again. For those who supervise.

use crate::channel::web::console::desk::{Plain, failed, supervises};
use crate::channel::web::console::html;
use crate::channel::web::console::session::{Refused, Signed, to};
use crate::channel::web::console::views::{form, page};
use crate::channel::web::state::Web;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use maud::html as markup;
use std::sync::Arc;

pub(super) async fn list(State(web): State<Arc<Web>>, signed: Signed) -> Result<Response, Refused> {
    supervises(&signed)?;
    let letters = web.exchange().map_err(Refused::Problem)?.dead_letters(&signed.account).await.map_err(failed)?;
    let t = signed.tongue;
    let title = t.say("Lähtemättä jääneet", "Inte levererade", "Undelivered");
    let main = markup! {
        h1 { (title) }
        @if letters.is_empty() {
            p .soft { (t.say("Kaikki on lähtenyt.", "Allt har levererats.", "Everything was delivered.")) }
        } @else {
            (form(&signed, "/console/letters/again", &markup! {
                button .main { (t.say("Yritä kaikkia uudelleen", "Försök igen med alla", "Try all again")) }
            }))
            table {
                caption { (t.say("Vanhin ensin", "Äldst först", "Oldest first")) }
                thead { tr {
                    th scope="col" { (t.say("Keskustelu", "Konversation", "Conversation")) }
                    th scope="col" { (t.say("Tapahtuma", "Händelse", "Event")) }
                    th scope="col" { (t.say("Yrityksiä", "Försök", "Tries")) }
                    th scope="col" { (t.say("Viimeisin syy", "Senaste orsak", "Last fault")) }
                } }
                tbody {
                    @for letter in &letters {
                        tr { td { (letter.conversation) } td { (letter.seq) } td { (letter.tries_n) } td { (letter.fault) } }
                    }
                }
            }
        }
    };
    Ok(html(page(t, title, Some(&signed), &main)))
}

pub(super) async fn again(
    State(web): State<Arc<Web>>,
    signed: Signed,
    Form(form): Form<Plain>,
) -> Result<Response, Refused> {
    supervises(&signed)?;
    signed.check(&form.token)?;
    web.exchange().map_err(Refused::Problem)?.revive(&signed.account).await.map_err(failed)?;
    Ok(to("/console/letters"))
}
