//! Where citizens come in.

pub mod web;
