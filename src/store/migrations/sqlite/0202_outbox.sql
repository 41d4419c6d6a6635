-- Events that another system is told of by webhook. A row goes once it was taken; the words stay in the event.
create table outbox (
    id           blob not null primary key, -- a time-ordered uuid: the webhook's id
    conversation blob not null,
    seq          integer not null,
    tries_n      integer not null,
    next_at      integer not null,           -- when it is tried next, milliseconds since 1970
    dead         integer not null,           -- 1 once it is given up
    fault        text,                       -- how the last try failed: a status, or what kind of trouble
    foreign key (conversation, seq) references events (conversation, seq) on delete cascade
) without rowid;

create index outbox_by_next on outbox (dead, next_at);
create index outbox_by_event on outbox (conversation, seq);
