//! Where citizens come in.

pub mod web;
pub mod webhook;
