//! neuvo: answers citizens from reviewed, dated guidance, with citations, on the web and on the phone.
//!
//! In reading order: [`domain`] has the words; [`knowledge`] reads the guidance; [`models`] fetches weights and [`inference`] computes with
//! them; [`understanding`] and [`retrieval`] say what a message means and what answers it; [`conversation`] decides what is replied and
//! [`reply`] words it; [`assistant`] runs one turn; [`store`] keeps conversations and [`exchange`] takes each message to a
//! stored reply; [`channel`] is where citizens come in; [`evaluation`]
//! measures the answers; [`app`] puts the parts together and [`cli`] is the command line.

pub mod app;
pub mod assistant;
pub mod channel;
pub mod cli;
pub mod config;
pub mod conversation;
pub mod domain;
pub mod evaluation;
pub mod exchange;
pub mod handoff;
pub mod inference;
pub mod knowledge;
pub mod models;
pub mod phrases;
pub mod publication;
pub mod reply;
pub mod retrieval;
pub mod speech;
pub mod store;
pub mod telemetry;
pub mod understanding;
pub mod words;
