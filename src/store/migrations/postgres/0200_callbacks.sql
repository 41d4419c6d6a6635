-- Calls that citizens asked for; a row goes as soon as the call was made, taken back or missed, and with its conversation.
create table callbacks (
    id           bytea not null primary key,
    conversation bytea not null unique references conversations (id) on delete cascade,
    slot         text not null,              -- when its time begins, Helsinki time, as 2026-11-23T09:00:00
    number       bytea not null,             -- encrypted with the key of `callback.key_file`
    language     text not null,
    interpreter  bigint not null,           -- 1 where one is wanted
    topic        text not null,              -- masked; may be empty
    expert       bytea,                      -- the account that will call
    asked_at     bigint not null            -- milliseconds since 1970
);

create index callbacks_by_slot on callbacks (slot);

-- What became of them, without number, topic and conversation.
create table callbacks_done (
    ended_at bigint not null,
    asked_at bigint not null,
    slot     text not null,
    language text not null,
    outcome  text not null                   -- called, unreached, cancelled or lapsed
);

create index callbacks_done_by_end on callbacks_done (ended_at);

-- Changed by whoever takes a time, so that of two who take the last place the second counts the first.
insert into gate (id, joined_n) values (2, 0);
