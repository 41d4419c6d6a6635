-- What experts write down for each other; citizens never see it. It goes with its conversation.
create table notes (
    conversation blob not null references conversations (id) on delete cascade,
    id           blob not null,             -- the console's name of it
    at           integer not null,           -- milliseconds since 1970
    name         text not null,              -- who wrote it
    words        text not null,              -- masked
    primary key (conversation, id)
) without rowid;

alter table handoffs_done add column resolution text;   -- how a conversation ended that a person closed
