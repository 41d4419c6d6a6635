create table conversations (
    id          bytea   not null primary key,   -- uuid
    secret_hash bytea   not null,               -- SHA-256 of the secret; the secret itself is never kept
    language    text,                           -- what the channel said at the start
    page        text,                           -- the page that the citizen came from
    state       text    not null,               -- JSON of what the core remembers
    seq_last    bigint  not null,               -- the place of the last event
    messages_n  bigint  not null,               -- how many messages the citizen wrote
    created_at  bigint  not null,               -- milliseconds since 1970
    used_at     bigint  not null                -- likewise; decides on retention
);

create index conversations_by_use on conversations (used_at);

create table events (
    conversation bytea   not null references conversations (id) on delete cascade,
    seq          bigint  not null,              -- from 1 without gaps
    kind         text    not null,
    payload      text    not null,              -- JSON
    content      text    not null,              -- version of the content
    message_id   bytea,                         -- the client's name of a citizen's message
    answers      bigint,                        -- of a reply: the place of its message
    at           bigint  not null,              -- milliseconds since 1970
    primary key (conversation, seq)
);

-- The index, not a look before the write, keeps a message from being written twice.
create unique index events_by_message on events (conversation, message_id) where message_id is not null;
create index events_by_answer on events (conversation, answers) where answers is not null;
