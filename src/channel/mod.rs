//! Where citizens come in.

pub mod phone;
pub mod web;
pub mod webhook;
