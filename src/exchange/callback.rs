//! Calls back: a citizen chooses a time, an expert calls. Numbers are encrypted before they are kept and leave with the call.

use crate::config::CallbackConfig;
use crate::domain::{CallBackId, CallBackWish, CallOutcome, PhoneNumber, mask};
use crate::exchange::seal::Sealer;
use crate::exchange::{Admitted, Exchange, Refusal};
use crate::handoff::CallHours;
use crate::store::{Account, CallBack, NewCallBack};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use std::collections::BTreeSet;
use uuid::Uuid;

/// When calls are made, and the key that hides numbers.
#[derive(Debug)]
pub struct CallBacks {
    hours: CallHours,
    sealer: Option<Sealer>,
}

/// A time that can be chosen for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it begins, Helsinki time.
    pub starts: DateTime,
    /// How long it lasts: the call comes within.
    pub minutes: u32,
}

/// How long after its time an unfinished call is kept: experts may be late, or write down the end of it the next day.
pub(super) const LATE_TIME: SignedDuration = SignedDuration::from_hours(24);

impl CallBacks {
    /// Reads the key; without one no calls are taken.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no key.
    pub fn open(config: &CallbackConfig) -> std::io::Result<Self> {
        let sealer = match config.key_file.as_path() {
            none if none.as_os_str().is_empty() => {
                tracing::info!("no calls back are taken: name a key as `callback.key_file` to take them");
                None
            }
            file => Some(Sealer::read(file)?),
        };
        Ok(Self { hours: config.hours.clone(), sealer })
    }
}

impl Exchange {
    /// Whether calls can be asked for.
    pub const fn takes_call_backs(&self) -> bool {
        self.callbacks.sealer.is_some()
    }

    /// The times that can be chosen now, those that have all their calls left out; none where no calls are taken.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn call_back_slots(&self) -> Result<Vec<Slot>, Refusal> {
        if !self.takes_call_backs() {
            return Ok(Vec::new());
        }
        let hours = &self.callbacks.hours;
        let calls = self.store.calls_by_slot().await?;
        let full: BTreeSet<_> =
            calls.into_iter().filter(|(_, n)| hours.per_slot_n <= *n).map(|(slot, _)| slot).collect();
        let free = hours.slots((self.clock)()).into_iter().filter(|slot| !full.contains(slot));
        Ok(free.map(|starts| Slot { starts, minutes: hours.slot_minutes }).collect())
    }

    /// Asks for a call, or changes what was asked for. What it is about is masked first.
    ///
    /// # Errors
    /// [`Refusal::CallsOff`], [`Refusal::SlotTaken`], and [`Refusal::Taken`] where an expert is about to make the call.
    pub async fn request_call_back(&self, admitted: Admitted, wish: CallBackWish) -> Result<CallBack, Refusal> {
        let sealer = self.callbacks.sealer.as_ref().ok_or(Refusal::CallsOff)?;
        let hours = &self.callbacks.hours;
        if !hours.slots((self.clock)()).contains(&wish.slot) {
            return Err(Refusal::SlotTaken);
        }
        let id = CallBackId(Uuid::now_v7());
        let sealed_number = sealer.seal(id.0.as_bytes(), wish.number.as_str()).ok_or(Refusal::Failed)?;
        let topic = mask::mask(&wish.topic).chars().take(CallBackWish::TOPIC_CHARS_MAX).collect();
        let wish = CallBackWish { topic, ..wish };
        let new = NewCallBack { id, conversation: admitted.id(), wish, sealed_number };
        let call = self.store.request_call_back(new, hours.per_slot_n).await?;
        self.rooms.look();
        Ok(call)
    }

    /// The call that was asked for in a conversation.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn call_back(&self, admitted: Admitted) -> Result<Option<CallBack>, Refusal> {
        Ok(self.store.call_back_of(admitted.id()).await?)
    }

    /// Takes back what was asked for.
    ///
    /// # Errors
    /// [`Refusal::NoCall`] where nothing was.
    pub async fn cancel_call_back(&self, admitted: Admitted) -> Result<(), Refusal> {
        let call = self.store.call_back_of(admitted.id()).await?.ok_or(Refusal::NoCall)?;
        if !self.store.end_call_back(&call, None, CallOutcome::Cancelled).await? {
            return Err(Refusal::NoCall);
        }
        self.rooms.look();
        Ok(())
    }

    /// The number of a call that an expert has, to be called. The view goes into the audit log first.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own, [`Refusal::NoCall`] where it is no more.
    pub async fn call_number(&self, account: &Account, id: CallBackId) -> Result<(CallBack, PhoneNumber), Refusal> {
        let call = self.own_call(account, id).await?;
        self.store.audit(&account.login, "viewed-number", Some(call.conversation)).await?;
        let sealer = self.callbacks.sealer.as_ref().ok_or(Refusal::CallsOff)?;
        let number = sealer.open(id.0.as_bytes(), &call.sealed_number);
        let Some(number) = number.and_then(|number| PhoneNumber::parse(&number).ok()) else {
            tracing::error!(
                "the number of a call cannot be decrypted: is `callback.key_file` the key that it was asked for with?"
            );
            return Err(Refusal::Failed);
        };
        Ok((call, number))
    }

    /// Takes a call to make it, or gives it back.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where a colleague has it.
    pub async fn claim_call(&self, account: &Account, id: CallBackId, is_claimed: bool) -> Result<(), Refusal> {
        let call = self.store.call_back(id).await?.ok_or(Refusal::NoCall)?;
        if !self.store.claim_call_back(id, account.id, is_claimed).await? {
            return Err(Refusal::Taken);
        }
        let action = if is_claimed { "claimed-call" } else { "returned-call" };
        self.store.audit(&account.login, action, Some(call.conversation)).await?;
        self.rooms.look();
        Ok(())
    }

    /// Moves a call that an expert has to another time; it is anybody's again.
    ///
    /// # Errors
    /// [`Refusal::SlotTaken`], and [`Refusal::Taken`] where it is not one's own.
    pub async fn move_call(&self, account: &Account, id: CallBackId, slot: DateTime) -> Result<(), Refusal> {
        let hours = &self.callbacks.hours;
        if !hours.slots((self.clock)()).contains(&slot) {
            return Err(Refusal::SlotTaken);
        }
        let call = self.own_call(account, id).await?;
        self.store.move_call_back(&call, account.id, (slot, hours.per_slot_n)).await?;
        self.store.audit(&account.login, "moved-call", Some(call.conversation)).await?;
        self.rooms.look();
        Ok(())
    }

    /// Ends a call that an expert has; number and topic are deleted.
    ///
    /// # Errors
    /// [`Refusal::Taken`] where it is not one's own, [`Refusal::NoCall`] where it is no more.
    pub async fn end_call(&self, account: &Account, id: CallBackId, outcome: CallOutcome) -> Result<(), Refusal> {
        let call = self.own_call(account, id).await?;
        if !self.store.end_call_back(&call, Some(account.id), outcome).await? {
            return Err(Refusal::NoCall);
        }
        self.store.audit(&account.login, "ended-call", Some(call.conversation)).await?;
        self.rooms.look();
        Ok(())
    }

    async fn own_call(&self, account: &Account, id: CallBackId) -> Result<CallBack, Refusal> {
        let call = self.store.call_back(id).await?.ok_or(Refusal::NoCall)?;
        if call.expert == Some(account.id) { Ok(call) } else { Err(Refusal::Taken) }
    }
}
