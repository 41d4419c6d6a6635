//! The queue for a person, pure: who is served next and by whom, when a queue is open, how long the wait is. Reads no clock, keeps nothing.
//!
//! [`calendar`] knows Finland's holidays; [`mod@callback`] the times of calls; [`queue`] is a queue's rules and hours; [`mod@line`] is the order in it and the wait.

pub mod calendar;
pub mod callback;
pub mod line;
pub mod queue;

pub use callback::CallHours;
pub use line::{Skills, Waiting, estimate_minutes, is_for, position};
pub use queue::{Availability, Queue};
