//! One visitor of the lab: who it is, and what it may be told.

use super::super::ledger::Key;
use super::super::outbox::Outbox;
use super::super::wire::{Hello, Role, Tell};
use crate::lab::message::Event;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

pub(super) struct Visitor {
    /// None before its hello.
    pub hello: Option<Hello>,
    pub outbox: Arc<Outbox>,
    pub writer: JoinHandle<()>,
}

/// It has a screen.
pub(super) fn looks(visitor: &Visitor) -> bool {
    visitor.hello.is_some() && !is_stopper(visitor)
}

pub(super) fn is_stopper(visitor: &Visitor) -> bool {
    visitor.hello.as_ref().is_some_and(|h| h.role == Role::Stop)
}

/// News may name participants: not for the one who rates.
pub(super) fn hears_news(visitor: &Visitor) -> bool {
    visitor.hello.as_ref().is_some_and(|h| !matches!(h.role, Role::Rate | Role::Stop))
}

pub(super) fn answer(visitors: &BTreeMap<u64, Visitor>, key: Key, event: Event) {
    if let Some(visitor) = visitors.values().find(|v| v.hello.as_ref().is_some_and(|h| h.nonce == key.0)) {
        visitor.outbox.answered();
        visitor.outbox.tell(Tell::Event(event));
    }
}
