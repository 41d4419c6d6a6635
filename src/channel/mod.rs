//! Where citizens come in.

pub mod openid;
pub mod phone;
pub mod web;
pub mod webhook;
