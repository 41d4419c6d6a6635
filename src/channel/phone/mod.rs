//! The phone channel.

pub mod call;
