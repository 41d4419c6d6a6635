use super::*;
use crate::domain::{Answered, Message, MessageId, Outcome, Welcome};
use uuid::Uuid;

fn version() -> ContentVersion {
    ContentVersion::from_hash(b"123456")
}

fn welcome() -> EventKind {
    EventKind::Welcome(Welcome { language: Language::Fi, markdown: "Hei.".to_owned(), text: "Hei.".to_owned() })
}

fn turn(id: MessageId, text: &str) -> (Message, Answered, ContentVersion) {
    let answered = Answered {
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
    (Message { id, text: text.to_owned() }, answered, version())
}

async fn opened(file: &Path) -> (Store, ConversationId) {
    let store = Store::open(file).await.unwrap();
    let id = ConversationId(Uuid::now_v7());
    let new = NewConversation {
        id,
        secret_hash: [7; 32],
        language: Some(Language::Sv),
        page: None,
        state: Conversation::default(),
        version: version(),
    };
    store.create(&new, welcome()).await.unwrap();
    (store, id)
}

#[tokio::test]
async fn keeps_turns_in_order_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sub/neuvo.sqlite");
    let (store, id) = opened(&file).await;
    let message = MessageId(Uuid::now_v7());
    let state = Conversation { misses_n: 2, ..Conversation::default() };
    let before = store.record(id).await.unwrap();
    let Appended::Written(written) = store.append(id, &before, &state, turn(message, "yksi")).await.unwrap() else {
        panic!("the first is written")
    };
    store.close().await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "nobody else reads it");
    let store = Store::open(&file).await.unwrap();
    let record = store.record(id).await.unwrap();
    assert_eq!((record.state, record.seq_last, record.messages_n), (state, 3, 1));
    assert_eq!(record.language, Some(Language::Sv));
    assert_eq!(store.secret_hash(id).await.unwrap(), Some([7; 32]));
    let events = store.events(id, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(store.events(id, 1, 1).await.unwrap(), std::slice::from_ref(&written.message));
    assert_eq!(store.exchanged(id, message).await.unwrap(), Some(written));
}

#[tokio::test]
async fn writes_a_message_once_and_notices_another_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id) = opened(&folder.path().join("neuvo.sqlite")).await;
    let message = MessageId(Uuid::now_v7());
    let state = Conversation::default();
    let before = store.record(id).await.unwrap();
    let Appended::Written(first) = store.append(id, &before, &state, turn(message, "yksi")).await.unwrap() else {
        panic!("the first is written")
    };
    // From a stale record, and from a fresh one.
    let after = store.record(id).await.unwrap();
    for record in [&before, &after] {
        let again = store.append(id, record, &state, turn(message, "muuta")).await.unwrap();
        assert_eq!(again, Appended::Repeated(first.clone()));
    }
    assert_eq!(store.events(id, 0, 10).await.unwrap().len(), 3);
    let other = turn(MessageId(Uuid::now_v7()), "kaksi");
    assert!(matches!(store.append(id, &before, &state, other.clone()).await, Err(StoreError::Conflict)));
    assert!(store.delete(id).await.unwrap());
    assert!(!store.delete(id).await.unwrap());
    assert!(matches!(store.append(id, &after, &state, other).await, Err(StoreError::Unknown)));
    assert!(store.events(id, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_deleted_leaves_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id) = opened(&folder.path().join("neuvo.sqlite")).await;
    let before = store.record(id).await.unwrap();
    let words = "kolmetoistakirjaimista";
    store.append(id, &before, &Conversation::default(), turn(MessageId(Uuid::now_v7()), words)).await.unwrap();
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
async fn retention_deletes_what_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let (store, old) = opened(&folder.path().join("neuvo.sqlite")).await;
    sqlx::query("update conversations set used_at = used_at - 31 * 86400000").execute(&store.writer).await.unwrap();
    let new = NewConversation {
        id: ConversationId(Uuid::now_v7()),
        secret_hash: [1; 32],
        language: None,
        page: None,
        state: Conversation::default(),
        version: version(),
    };
    store.create(&new, welcome()).await.unwrap();
    assert_eq!(store.sweep(30).await.unwrap(), 1);
    assert!(store.events(old, 0, 1).await.unwrap().is_empty());
    assert_eq!(store.events(new.id, 0, 1).await.unwrap().len(), 1);
    assert_eq!(store.sweep(30).await.unwrap(), 0);
}
