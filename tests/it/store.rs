//! What a store promises, held against both databases: one list of cases, SQLite in a file and a PostgreSQL of the tests' own.

use crate::postgres::Postgres;
use jiff::SignedDuration;
use neuvo::conversation::Conversation;
use neuvo::domain::{
    AccountId, Answered, CallBackId, CallBackWish, CallOutcome, Card, CardState, ContentVersion, ConversationId,
    EventKind, ExpertMessage, HandOff, Handover, HandoverState, Language, Message, MessageId, Occasion, Outcome, Owner,
    PhoneNumber, Resolution, Role, Signal, Welcome,
};
use neuvo::store::{
    Account, Ages, Appended, Change, Joining, NewCallBack, NewConversation, Passing, Place, Said, SessionTimes, Store,
    StoreError,
};
use std::time::Duration;
use uuid::Uuid;

/// Runs a case on each database.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    super::$case(super::Place::File(folder.path().join("sub/neuvo.sqlite"))).await;
                }
            )*
        }

        mod postgres {
            // One server for all cases, a database for each.
            #[tokio::test]
            async fn every_case() {
                let postgres = super::Postgres::start();
                $(
                    println!("{}", stringify!($case));
                    super::$case(super::Place::Postgres(postgres.database(stringify!($case)))).await;
                )*
            }
        }
    };
}

on_both!(
    keeps_turns_in_order_over_a_restart,
    writes_a_message_once_and_notices_another_writer,
    many_writers_leave_one_sequence,
    deletes_what_was_not_used,
    hands_change_with_their_event,
    the_bot_does_not_speak_into_a_claim,
    a_full_queue_takes_nobody,
    two_experts_never_have_one_conversation,
    accounts_and_their_sessions,
    identities_and_sign_ins_that_come_back_once,
    calls_take_their_places_and_leave,
    nobody_has_more_conversations_than_one_may,
    notes_and_cards_stand_beside,
    events_leave_once_and_in_order,
    what_got_no_answer_is_found,
);

fn version() -> ContentVersion {
    ContentVersion::from_hash(b"123456")
}

fn welcome() -> EventKind {
    EventKind::Welcome(Welcome { language: Language::Fi, markdown: "Hei.".to_owned(), text: "Hei.".to_owned() })
}

fn turn(state: &Conversation, id: MessageId, text: &str) -> Said {
    let answered = Answered {
        spoken: Vec::new(),
        outcome: Outcome::Chat,
        language: Language::Fi,
        text: format!("vastaus: {text}"),
        markdown: format!("vastaus: {text}"),
        citation: None,
        choices: Vec::new(),
        next: Vec::new(),
        confidence: 0.5,
        handoff: None,
    };
    Said {
        message: Message { id, text: text.to_owned() },
        version: version(),
        replied: Some((state.clone(), answered)),
        remasked: Vec::new(),
        handovers: Vec::new(),
        joining: None,
    }
}

fn new(id: ConversationId) -> NewConversation {
    NewConversation {
        id,
        secret_hash: [7; 32],
        language: Some(Language::Sv),
        page: None,
        state: Conversation::default(),
        version: version(),
    }
}

async fn opened(place: &Place) -> (Store, ConversationId) {
    let store = Store::open(place).await.unwrap();
    let id = ConversationId(Uuid::now_v7());
    store.create(&new(id), welcome()).await.unwrap();
    (store, id)
}

async fn keeps_turns_in_order_over_a_restart(place: Place) {
    let (store, id) = opened(&place).await;
    let message = MessageId(Uuid::now_v7());
    let state = Conversation { misses_n: 2, ..Conversation::default() };
    let before = store.record(id).await.unwrap();
    let Appended::Written(written, _) = store.append(id, &before, turn(&state, message, "yksi")).await.unwrap() else {
        panic!("the first is written")
    };
    store.close().await;
    let store = Store::open(&place).await.unwrap();
    let record = store.record(id).await.unwrap();
    assert_eq!((record.state, record.seq_last, record.messages_n), (state, 3, 1));
    assert_eq!(record.language, Some(Language::Sv));
    assert_eq!(store.secret_hash(id).await.unwrap(), Some([7; 32]));
    let events = store.events(id, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(store.events(id, 1, 1).await.unwrap(), std::slice::from_ref(&written.message));
    assert_eq!(store.exchanged(id, message).await.unwrap(), Some(written));
    assert!(store.is_ready().await);
    store.close().await;
}

async fn what_got_no_answer_is_found(place: Place) {
    let (store, id) = opened(&place).await;
    let state = Conversation::default();
    let outcomes = [Outcome::Fallback, Outcome::Answer, Outcome::Clarify, Outcome::Chat, Outcome::Handoff];
    for outcome in outcomes {
        let mut said = turn(&state, MessageId(Uuid::now_v7()), &format!("{outcome:?}"));
        if let Some((_, answered)) = &mut said.replied {
            answered.outcome = outcome;
        }
        // The times of events tell which is later.
        tokio::time::sleep(Duration::from_millis(3)).await;
        let before = store.record(id).await.unwrap();
        store.append(id, &before, said).await.unwrap();
    }
    let texts = async |n| {
        let found = store.unanswered(n).await.unwrap();
        found.into_iter().map(|question| question.text).collect::<Vec<_>>()
    };
    assert_eq!(texts(9).await, ["Clarify", "Fallback"]);
    assert_eq!(texts(1).await, ["Clarify"]);
    assert!(texts(0).await.is_empty());
    store.close().await;
}

async fn writes_a_message_once_and_notices_another_writer(place: Place) {
    let (store, id) = opened(&place).await;
    let message = MessageId(Uuid::now_v7());
    let state = Conversation::default();
    let before = store.record(id).await.unwrap();
    let Appended::Written(first, _) = store.append(id, &before, turn(&state, message, "yksi")).await.unwrap() else {
        panic!("the first is written")
    };
    // From a stale record, and from a fresh one.
    let after = store.record(id).await.unwrap();
    for record in [&before, &after] {
        let again = store.append(id, record, turn(&state, message, "muuta")).await.unwrap();
        assert_eq!(again, Appended::Repeated(first.clone()));
    }
    assert_eq!(store.events(id, 0, 10).await.unwrap().len(), 3);
    let other = turn(&state, MessageId(Uuid::now_v7()), "kaksi");
    assert!(matches!(store.append(id, &before, other.clone()).await, Err(StoreError::Conflict)));
    assert!(store.delete(id).await.unwrap());
    assert!(!store.delete(id).await.unwrap());
    assert!(matches!(store.append(id, &after, other).await, Err(StoreError::Unknown)));
    assert!(store.events(id, 0, 10).await.unwrap().is_empty());
    store.close().await;
}

/// Two stores stand for two processes.
async fn many_writers_leave_one_sequence(place: Place) {
    let (first, id) = opened(&place).await;
    let second = Store::open(&place).await.unwrap();
    let writers = (0..8).map(|n| {
        let store = if n % 2 == 0 { first.clone() } else { second.clone() };
        tokio::spawn(async move {
            let message = MessageId(Uuid::now_v7());
            loop {
                let before = store.record(id).await.unwrap();
                match store.append(id, &before, turn(&Conversation::default(), message, "rinnan")).await {
                    Ok(Appended::Written(..)) => return,
                    Err(StoreError::Conflict) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
    });
    for writer in futures_util::future::join_all(writers).await {
        writer.unwrap();
    }
    let events = first.events(id, 0, 100).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=17).collect::<Vec<_>>());
    first.close().await;
    second.close().await;
}

async fn deletes_what_was_not_used(place: Place) {
    let (store, old) = opened(&place).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let young = ConversationId(Uuid::now_v7());
    let since = store.create(&new(young), welcome()).await.unwrap().at;
    let ages = |days| Ages { conversations_days: days, audit_days: days, figures_days: days, letters_days: days };
    assert!(store.sweep(&ages(1)).await.unwrap().iter().all(|swept| (swept.deleted_n, swept.left_n) == (0, 0)));
    assert_eq!(store.delete_unused_since(since).await.unwrap(), 1);
    assert!(store.events(old, 0, 1).await.unwrap().is_empty());
    assert_eq!(store.events(young, 0, 1).await.unwrap().len(), 1);
    // Every class goes by its own age, and it is looked that nothing is left.
    let store = store.with_outbox();
    let aino = expert(&store, "aino", 3).await;
    let id = queue(&store, Occasion::Asked).await;
    store.pass(id, &Passing::Claim(aino), (step(HandoverState::Claimed), version())).await.unwrap();
    store.pass(id, &Passing::Close(aino, Resolution::Silent), (step(HandoverState::Closed), version())).await.unwrap();
    let outgoing = store.take_due(SignedDuration::from_secs(60), 1).await.unwrap().remove(0);
    store.unsent(outgoing.id, "410", None).await.unwrap();
    store.audit("aino", "viewed", Some(id)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let swept = store.sweep(&Ages { conversations_days: 1, ..ages(0) }).await.unwrap();
    let shown: Vec<_> =
        swept.iter().map(|swept| format!("{} {} {}", swept.class, swept.deleted_n, swept.left_n)).collect();
    assert_eq!(
        shown,
        ["conversations 0 0", "audit 1 0", "hand-off figures 1 0", "call figures 0 0", "undelivered webhooks 1 0"]
    );
    assert!(store.audited(9).await.unwrap().is_empty() && store.dead_letters().await.unwrap().is_empty());
    assert_eq!(store.sweep(&ages(0)).await.unwrap()[0].deleted_n, 2);
    store.close().await;
}

fn step(state: HandoverState) -> Handover {
    Handover {
        state,
        language: Language::Fi,
        text: String::new(),
        position: None,
        estimate_minutes: None,
        expert: None,
        opens: None,
        why: None,
    }
}

fn joining(occasion: Occasion, len_max: u32) -> Joining {
    let why = HandOff { occasion, situation: None, signals: vec![Signal::new("debts")] };
    Joining { queue: "general".to_owned(), why, language: Language::Fi, benefit: Some("student".to_owned()), len_max }
}

/// An account that may have so many conversations.
async fn expert(store: &Store, login: &str, chats_max: u32) -> AccountId {
    let account = Account { chats_max, ..Account::new(login, login, Role::Expert) };
    store.add_account(&account, "hash").await.unwrap();
    account.id
}

fn says(name: &str) -> ExpertMessage {
    ExpertMessage { id: MessageId(Uuid::now_v7()), text: format!("terve, {name} täällä"), name: name.to_owned() }
}

async fn queue(store: &Store, occasion: Occasion) -> ConversationId {
    let id = ConversationId(Uuid::now_v7());
    store.create(&new(id), welcome()).await.unwrap();
    let steps = vec![step(HandoverState::Requested), step(HandoverState::Queued)];
    let events = store.join(id, &joining(occasion, 5_000), steps, version()).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3]);
    id
}

async fn hands_change_with_their_event(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let (aino, olli) = (expert(&store, "aino", 3).await, expert(&store, "olli", 3).await);
    let (later, id) = (queue(&store, Occasion::Asked).await, queue(&store, Occasion::Supported).await);
    let waiting = store.waiting().await.unwrap();
    assert_eq!(waiting.iter().map(|ticket| ticket.conversation).collect::<Vec<_>>(), [id, later]);
    assert_eq!((&waiting[0].why.signals[0], waiting[0].expert), (&Signal::new("debts"), None));
    let pass = |passing: Passing, state| {
        let store = store.clone();
        async move { store.pass(id, &passing, (step(state), version())).await }
    };
    let is_taken = |result: Result<_, StoreError>| matches!(result, Err(StoreError::Taken));
    assert!(is_taken(pass(Passing::Return(aino), HandoverState::Returned).await));
    let steps = vec![step(HandoverState::Queued)];
    assert!(is_taken(
        store.join(id, &joining(Occasion::Asked, 9), steps, version()).await.map(|mut events| events.remove(0))
    ));
    assert_eq!(pass(Passing::Claim(aino), HandoverState::Claimed).await.unwrap().seq, 4);
    assert!(is_taken(pass(Passing::Claim(olli), HandoverState::Claimed).await));
    assert!(is_taken(pass(Passing::Leave, HandoverState::Returned).await));
    assert_eq!(store.record(id).await.unwrap().owner, Owner::Expert);
    // The same words sent twice are written once; nobody else speaks.
    let message = says("Aino");
    let said = store.speak(id, aino, message.clone(), version()).await.unwrap();
    assert_eq!(store.speak(id, aino, message, version()).await.unwrap(), said);
    assert!(is_taken(store.speak(id, olli, says("Olli"), version()).await));
    assert!(is_taken(pass(Passing::Pass(olli, aino), HandoverState::Transferred).await));
    pass(Passing::Pass(aino, olli), HandoverState::Transferred).await.unwrap();
    assert!(is_taken(store.speak(id, aino, says("Aino"), version()).await));
    store.speak(id, olli, says("Olli"), version()).await.unwrap();
    pass(Passing::Requeue(olli), HandoverState::Transferred).await.unwrap();
    assert_eq!(store.waiting().await.unwrap().len(), 2);
    pass(Passing::Claim(aino), HandoverState::Claimed).await.unwrap();
    assert!(store.chat_time().await.unwrap().is_none());
    pass(Passing::Close(aino, Resolution::Solved), HandoverState::Closed).await.unwrap();
    assert!(store.chat_time().await.unwrap().is_some());
    assert_eq!(store.record(id).await.unwrap().owner, Owner::Closed);
    assert!(store.ticket(id).await.unwrap().is_none());
    let events = store.events(id, 0, 50).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    // Who was served may ask again.
    store.join(id, &joining(Occasion::Asked, 9), vec![step(HandoverState::Queued)], version()).await.unwrap();
    pass(Passing::Leave, HandoverState::Returned).await.unwrap();
    assert_eq!(store.record(id).await.unwrap().owner, Owner::Bot);
    store.close().await;
}

/// A bot that computes while an expert claims writes nothing.
async fn the_bot_does_not_speak_into_a_claim(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let id = queue(&store, Occasion::Crisis).await;
    let before = store.record(id).await.unwrap();
    let claim = Passing::Claim(expert(&store, "aino", 3).await);
    store.pass(id, &claim, (step(HandoverState::Claimed), version())).await.unwrap();
    let late = turn(&Conversation::default(), MessageId(Uuid::now_v7()), "myöhässä");
    assert!(matches!(store.append(id, &before, late.clone()).await, Err(StoreError::Conflict)));
    // The words of the citizen are written all the same, at the next try.
    let now = store.record(id).await.unwrap();
    let said = Said { replied: None, ..late };
    let message = said.message.id;
    let Appended::Written(exchanged, 5) = store.append(id, &now, said).await.unwrap() else { panic!("it is written") };
    assert_eq!(exchanged.reply, None);
    assert_eq!(store.exchanged(id, message).await.unwrap(), Some(exchanged));
    store.close().await;
}

async fn a_full_queue_takes_nobody(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let ids: Vec<_> = (0..6).map(|_| ConversationId(Uuid::now_v7())).collect();
    for &id in &ids {
        store.create(&new(id), welcome()).await.unwrap();
    }
    let joins = ids.iter().map(|&id| {
        let store = store.clone();
        tokio::spawn(async move {
            store.join(id, &joining(Occasion::Asked, 3), vec![step(HandoverState::Queued)], version()).await
        })
    });
    let joined: Vec<_> = futures_util::future::join_all(joins).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(joined.iter().filter(|joined| joined.is_ok()).count(), 3);
    assert_eq!(joined.iter().filter(|joined| matches!(joined, Err(StoreError::QueueFull))).count(), 3);
    assert_eq!(store.waiting().await.unwrap().len(), 3);
    for (id, joined) in ids.iter().zip(&joined) {
        // Who did not get in has no event of it either.
        let expected = if joined.is_ok() { (Owner::Queued, 2) } else { (Owner::Bot, 1) };
        let record = store.record(*id).await.unwrap();
        assert_eq!((record.owner, record.seq_last), expected);
    }
    store.close().await;
}

async fn two_experts_never_have_one_conversation(place: Place) {
    const QUEUED_N: usize = 1_000;
    let store = Store::open(&place).await.unwrap();
    let other = Store::open(&place).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..QUEUED_N {
        ids.push(queue(&store, Occasion::Asked).await);
    }
    let claims = |store: Store, me: AccountId| {
        let ids = ids.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            for id in ids {
                match store.pass(id, &Passing::Claim(me), (step(HandoverState::Claimed), version())).await {
                    Ok(event) => {
                        assert_eq!(event.seq, 4);
                        claimed.push((id, me));
                    }
                    Err(StoreError::Taken) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            claimed
        })
    };
    let (first, second) = tokio::join!(
        claims(store.clone(), expert(&store, "aino", 2_000).await),
        claims(other.clone(), expert(&store, "olli", 2_000).await),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.len() + second.len(), QUEUED_N);
    assert!(store.waiting().await.unwrap().is_empty());
    for (id, me) in first.into_iter().chain(second) {
        assert_eq!(store.ticket(id).await.unwrap().unwrap().expert, Some(me));
        assert_eq!(store.events(id, 3, 10).await.unwrap().len(), 1);
    }
    store.close().await;
    other.close().await;
}

async fn accounts_and_their_sessions(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let aino = Account { languages: vec![Language::Sv], ..Account::new("aino", "Aino", Role::Expert) };
    store.add_account(&aino, "hash").await.unwrap();
    let again = store.add_account(&Account::new("aino", "Toinen", Role::Admin), "x").await;
    assert!(matches!(again, Err(StoreError::LoginTaken)));
    assert_eq!(store.account("aino").await.unwrap(), Some((aino.clone(), "hash".to_owned())));
    assert_eq!(store.account("olli").await.unwrap(), None);
    let times = SessionTimes { idle_max: SignedDuration::from_mins(30), age_max: SignedDuration::from_hours(10) };
    let open = |token: [u8; 32]| {
        let (store, id) = (store.clone(), aino.id);
        async move { store.open_session(&token, id).await.unwrap() }
    };
    open([1; 32]).await;
    assert_eq!(store.session(&[1; 32], times, true).await.unwrap(), Some(aino.clone()));
    assert_eq!(store.session(&[2; 32], times, true).await.unwrap(), None);
    assert_eq!(store.chats_at_once().await.unwrap(), 0);
    store.set_available(aino.id, true).await.unwrap();
    assert_eq!(store.chats_at_once().await.unwrap(), 3);
    // Idle, and old in all.
    tokio::time::sleep(Duration::from_millis(30)).await;
    let short = SignedDuration::from_millis(5);
    assert_eq!(store.session(&[1; 32], SessionTimes { idle_max: short, ..times }, true).await.unwrap(), None);
    assert_eq!(store.session(&[1; 32], SessionTimes { age_max: short, ..times }, true).await.unwrap(), None);
    assert_eq!(store.sweep_sessions(SessionTimes { idle_max: short, ..times }).await.unwrap(), 1);
    // Another role, another password and an end to all of it close what is open.
    for (n, what) in ["role", "password", "disabled"].into_iter().enumerate() {
        let token = [10 + u8::try_from(n).unwrap(); 32];
        open(token).await;
        assert!(store.session(&token, times, true).await.unwrap().is_some());
        let changed = match what {
            "role" => store.set_role("aino", Role::Supervisor).await,
            "password" => store.set_password("aino", "other").await,
            _ => store.disable("aino", true).await,
        };
        assert!(changed.unwrap());
        assert_eq!(store.session(&token, times, true).await.unwrap(), None, "{what}");
    }
    assert!(!store.disable("olli", true).await.unwrap());
    assert_eq!(store.chats_at_once().await.unwrap(), 0);
    assert!(store.accounts().await.unwrap()[0].is_disabled);
    open([9; 32]).await;
    assert_eq!(store.session(&[9; 32], times, true).await.unwrap(), None);
    store.audit("aino", "viewed", Some(ConversationId(Uuid::nil()))).await.unwrap();
    let log = store.audited(10).await.unwrap();
    assert_eq!((log[0].login.as_str(), log[0].action.as_str()), ("aino", "viewed"));
    store.close().await;
}

async fn identities_and_sign_ins_that_come_back_once(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let (issuer, other) = ("https://login.example.fi", "https://login.example.fi/");
    let aino = Account::new("aino", "Aino", Role::Expert);
    store.add_account_of(&aino, issuer, "1234").await.unwrap();
    assert_eq!(store.account_of(issuer, "1234").await.unwrap(), Some(aino.clone()));
    assert_eq!(store.account("aino").await.unwrap().unwrap().1, "", "there is no password");
    for (issuer, subject) in [(other, "1234"), (issuer, "12345"), (issuer, "")] {
        assert_eq!(store.account_of(issuer, subject).await.unwrap(), None, "{issuer} {subject}");
    }
    // Neither a login nor an identity is given twice, and nothing is left of the try.
    for (login, subject) in [("aino", "5678"), ("olli", "1234")] {
        let taken = store.add_account_of(&Account::new(login, "Olli", Role::Admin), issuer, subject).await;
        assert!(matches!(taken, Err(StoreError::LoginTaken)), "{login} {subject}");
    }
    assert_eq!(
        (store.accounts().await.unwrap(), store.account_of(issuer, "5678").await.unwrap()),
        (vec![aino.clone()], None)
    );
    let skilled =
        Account { languages: vec![Language::Sv], benefits: vec!["housing".to_owned()], chats_max: 5, ..aino.clone() };
    store.set_skills(&skilled).await.unwrap();
    assert_eq!(store.account_of(issuer, "1234").await.unwrap(), Some(skilled));
    store.open_session(&[1; 32], aino.id).await.unwrap();
    store.close_sessions(&aino).await.unwrap();
    let times = SessionTimes { idle_max: SignedDuration::from_mins(60), age_max: SignedDuration::from_hours(12) };
    assert_eq!(store.session(&[1; 32], times, false).await.unwrap(), None);

    // A sign-in comes back once, in time, and only where it was begun.
    let (soon, at_once) = (SignedDuration::from_mins(10), SignedDuration::ZERO);
    for token in [[1; 32], [2; 32]] {
        store.begin_sign_in(&token, soon).await.unwrap();
    }
    assert!(!store.take_sign_in(&[3; 32], soon).await.unwrap());
    let (a, b) = tokio::join!(store.take_sign_in(&[1; 32], soon), store.take_sign_in(&[1; 32], soon));
    assert_eq!([a.unwrap(), b.unwrap()].iter().filter(|taken| **taken).count(), 1);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(!store.take_sign_in(&[2; 32], at_once).await.unwrap(), "it is too late");
    store.begin_sign_in(&[4; 32], at_once).await.unwrap();
    assert!(!store.take_sign_in(&[2; 32], soon).await.unwrap(), "it is forgotten");
    store.close().await;
}

async fn calls_take_their_places_and_leave(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let slot: jiff::civil::DateTime = "2026-11-23T11:00:00".parse().unwrap();
    let later: jiff::civil::DateTime = "2026-11-24T09:00:00".parse().unwrap();
    let wish = CallBackWish {
        number: PhoneNumber::parse("040 123 4567").unwrap(),
        language: Language::Sv,
        wants_interpreter: true,
        topic: "asumistuki".to_owned(),
        slot,
    };
    let new_call = |conversation| NewCallBack {
        id: CallBackId(Uuid::now_v7()),
        conversation,
        wish: wish.clone(),
        sealed_number: vec![1, 2, 3],
    };
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(ConversationId(Uuid::now_v7()));
        store.create(&new(*ids.last().unwrap()), welcome()).await.unwrap();
    }
    // Six want a time for three, at once.
    let asks = ids.iter().map(|&id| {
        let (store, call) = (store.clone(), new_call(id));
        tokio::spawn(async move { store.request_call_back(call, 3).await })
    });
    let asked: Vec<_> = futures_util::future::join_all(asks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(asked.iter().filter(|asked| matches!(asked, Err(StoreError::SlotFull))).count(), 3);
    assert_eq!(store.calls_by_slot().await.unwrap(), [(slot, 3)].into());
    let calls: Vec<_> = asked.into_iter().filter_map(Result::ok).collect();
    assert_eq!(store.call_back_of(calls[0].conversation).await.unwrap().as_ref(), Some(&calls[0]));
    // Asking again changes the request in its place, unless an expert has it.
    let again = store.request_call_back(new_call(calls[0].conversation), 3).await.unwrap();
    assert_eq!(store.calls_by_slot().await.unwrap(), [(slot, 3)].into());
    let (aino, olli) = (AccountId(Uuid::now_v7()), AccountId(Uuid::now_v7()));
    assert!(store.claim_call_back(again.id, aino, true).await.unwrap());
    assert!(!store.claim_call_back(again.id, olli, true).await.unwrap());
    assert!(!store.claim_call_back(again.id, olli, false).await.unwrap());
    let changed = store.request_call_back(new_call(again.conversation), 3).await;
    assert!(matches!(changed, Err(StoreError::Taken)));
    let moved = store.move_call_back(&again, olli, (later, 3)).await;
    assert!(matches!(moved, Err(StoreError::Taken)));
    store.move_call_back(&again, aino, (later, 3)).await.unwrap();
    let kept = store.call_back(again.id).await.unwrap().unwrap();
    assert_eq!((kept.slot, kept.expert, kept.sealed_number.as_slice()), (later, None, [1u8, 2, 3].as_slice()));
    // Done, cancelled, lapsed, and gone with the conversation.
    assert!(store.claim_call_back(again.id, aino, true).await.unwrap());
    assert!(!store.end_call_back(&again, Some(olli), CallOutcome::Called).await.unwrap());
    assert!(store.end_call_back(&again, Some(aino), CallOutcome::Called).await.unwrap());
    assert!(store.end_call_back(&calls[1], None, CallOutcome::Cancelled).await.unwrap());
    assert!(!store.end_call_back(&calls[1], None, CallOutcome::Cancelled).await.unwrap());
    store.request_call_back(new_call(calls[1].conversation), 3).await.unwrap();
    assert!(store.delete(calls[1].conversation).await.unwrap());
    assert_eq!(store.sweep_call_backs(slot).await.unwrap(), 0);
    assert_eq!(store.sweep_call_backs(later).await.unwrap(), 1);
    assert_eq!(store.call_backs().await.unwrap(), []);
    let gone = store.request_call_back(new_call(calls[1].conversation), 3).await;
    assert!(matches!(gone, Err(StoreError::Unknown)));
    store.close().await;
}

async fn nobody_has_more_conversations_than_one_may(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let other = Store::open(&place).await.unwrap();
    let me = expert(&store, "aino", 3).await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(queue(&store, Occasion::Asked).await);
    }
    // Twelve claims at once, from two processes.
    let claims = ids.iter().enumerate().map(|(at, &id)| {
        let store = if at % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(
            async move { store.pass(id, &Passing::Claim(me), (step(HandoverState::Claimed), version())).await },
        )
    });
    let claimed: Vec<_> = futures_util::future::join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(claimed.iter().filter(|claimed| claimed.is_ok()).count(), 3);
    assert_eq!(claimed.iter().filter(|claimed| matches!(claimed, Err(StoreError::ChatsFull))).count(), 9);
    assert_eq!((store.claimed().await.unwrap().len(), store.waiting().await.unwrap().len()), (3, 9));
    // Who may not sign in claims nothing.
    let waiting = store.waiting().await.unwrap()[0].conversation;
    let olli = expert(&store, "olli", 3).await;
    store.disable("olli", true).await.unwrap();
    let refused = store.pass(waiting, &Passing::Claim(olli), (step(HandoverState::Claimed), version())).await;
    assert!(matches!(refused, Err(StoreError::Taken)));
    store.close().await;
    other.close().await;
}

async fn notes_and_cards_stand_beside(place: Place) {
    let store = Store::open(&place).await.unwrap();
    let (aino, olli) = (expert(&store, "aino", 3).await, expert(&store, "olli", 3).await);
    let id = queue(&store, Occasion::Supported).await;
    let note = MessageId(Uuid::now_v7());
    for words in ["soita huomenna", "toinen"] {
        store.add_note(id, note, ("Aino", words)).await.unwrap();
    }
    store.add_note(id, MessageId(Uuid::now_v7()), ("Olli", "kolmas")).await.unwrap();
    let notes = store.notes(id).await.unwrap();
    assert_eq!(notes.iter().map(|note| note.words.as_str()).collect::<Vec<_>>(), ["soita huomenna", "kolmas"]);
    let card = |state| Card {
        partner: "partner-county".to_owned(),
        state,
        language: Language::Fi,
        title: "hyvinvointialue".to_owned(),
        text: "kortti".to_owned(),
    };
    let offer = || store.offer_card(id, aino, (card(CardState::Offered), version()));
    assert!(matches!(offer().await, Err(StoreError::Taken)));
    store.pass(id, &Passing::Claim(aino), (step(HandoverState::Claimed), version())).await.unwrap();
    let others = store.offer_card(id, olli, (card(CardState::Offered), version())).await;
    assert!(matches!(others, Err(StoreError::Taken)));
    let answer = |state| store.answer_card(id, (card(state), version()));
    assert!(matches!(answer(CardState::Shown).await, Err(StoreError::Taken)));
    assert_eq!(offer().await.unwrap().seq, 5);
    assert_eq!(answer(CardState::Shown).await.unwrap().seq, 6);
    assert!(matches!(answer(CardState::Shown).await, Err(StoreError::Taken)));
    assert_eq!(store.record(id).await.unwrap().seq_last, 6);
    assert!(store.delete(id).await.unwrap());
    assert!(store.notes(id).await.unwrap().is_empty());
    let gone = store.add_note(id, note, ("Aino", "myöhässä")).await;
    assert!(matches!(gone, Err(StoreError::Unknown)));
    store.close().await;
}

async fn events_leave_once_and_in_order(place: Place) {
    let store = Store::open(&place).await.unwrap().with_outbox();
    let other = Store::open(&place).await.unwrap().with_outbox();
    let aino = expert(&store, "aino", 3).await;
    let (id, silent) = (queue(&store, Occasion::Asked).await, queue(&store, Occasion::Asked).await);
    let before = store.record(id).await.unwrap();
    let said = Said { replied: None, ..turn(&Conversation::default(), MessageId(Uuid::now_v7()), "odotan") };
    store.append(id, &before, said).await.unwrap();
    store.pass(id, &Passing::Claim(aino), (step(HandoverState::Claimed), version())).await.unwrap();
    store.speak(id, aino, says("Aino"), version()).await.unwrap();
    assert!(store.delete(silent).await.unwrap());
    let lease = SignedDuration::from_secs(60);
    let mut left = Vec::new();
    loop {
        // Two processes look at once: one has it.
        let (here, there) = tokio::join!(store.take_due(lease, 10), other.take_due(lease, 10));
        let taken: Vec<_> = here.unwrap().into_iter().chain(there.unwrap()).collect();
        assert!(taken.len() <= 1, "of a conversation one leaves at a time");
        let Some(outgoing) = taken.into_iter().next() else { break };
        left.push((outgoing.event.seq, outgoing.event.kind.name()));
        store.sent(outgoing.id).await.unwrap();
    }
    assert_eq!(left, [(2, "handoff"), (3, "handoff"), (4, "message"), (5, "handoff"), (6, "expert")]);
    // What fails waits, then is given up, and goes again when it is asked for.
    store.speak(id, aino, says("Aino"), version()).await.unwrap();
    let first = store.take_due(lease, 10).await.unwrap().remove(0);
    store.unsent(first.id, "503", Some(SignedDuration::from_secs(60))).await.unwrap();
    assert!(store.take_due(lease, 10).await.unwrap().is_empty());
    store.unsent(first.id, "503", None).await.unwrap();
    let dead = store.dead_letters().await.unwrap();
    assert_eq!((dead[0].id, dead[0].seq, dead[0].tries_n, dead[0].fault.as_str()), (first.id, 7, 1, "503"));
    store.speak(id, aino, says("Aino"), version()).await.unwrap();
    assert_eq!(store.take_due(SignedDuration::ZERO, 10).await.unwrap()[0].event.seq, 8);
    assert_eq!(store.revive().await.unwrap(), 1);
    assert_eq!(store.take_due(lease, 10).await.unwrap()[0].event.seq, 7);
    store.close().await;
    other.close().await;
}

#[tokio::test]
async fn what_is_deleted_leaves_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("neuvo.sqlite");
    let (store, id) = opened(&Place::File(file.clone())).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "nobody else reads it");
    let before = store.record(id).await.unwrap();
    let words = "kolmetoistakirjaimista";
    store.append(id, &before, turn(&Conversation::default(), MessageId(Uuid::now_v7()), words)).await.unwrap();
    let holds = || {
        fs_err::read_dir(folder.path()).unwrap().any(|file| {
            let bytes = fs_err::read(file.unwrap().path()).unwrap();
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        })
    };
    assert!(holds());
    store.delete(id).await.unwrap();
    assert!(!holds());
}

#[tokio::test]
async fn other_processes_hear_of_changes() {
    let postgres = Postgres::start();
    let place = Place::Postgres(postgres.database("changes"));
    let (here, id) = opened(&place).await;
    let there = Store::open(&place).await.unwrap();
    let mut changes = there.changes();
    // It listens from now on.
    assert_eq!(changes.next().await, Change::Missed);
    let before = here.record(id).await.unwrap();
    here.append(id, &before, turn(&Conversation::default(), MessageId(Uuid::now_v7()), "yksi")).await.unwrap();
    let soon = |mut changes: neuvo::store::Changes| async move {
        let change = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap();
        (change, changes)
    };
    let (change, mut changes) = soon(changes).await;
    assert_eq!(change, Change::Reaches(id, 3));
    postgres.down();
    postgres.up();
    // What happened meanwhile is not known: everything is looked at.
    loop {
        let (change, listening) = soon(changes).await;
        changes = listening;
        if change == Change::Missed && here.is_ready().await {
            break;
        }
    }
    assert!(here.delete(id).await.unwrap());
    loop {
        let (change, listening) = soon(changes).await;
        changes = listening;
        if change == Change::Deleted(id) {
            break;
        }
    }
}
