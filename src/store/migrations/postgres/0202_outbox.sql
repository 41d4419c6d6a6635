-- Events that another system is told of by webhook. A row goes once it was taken; the words stay in the event.
create table outbox (
    id           bytea not null primary key, -- a time-ordered uuid: the webhook's id
    conversation bytea not null,
    seq          bigint not null,
    tries_n      bigint not null,
    next_at      bigint not null,           -- when it is tried next, milliseconds since 1970
    dead         bigint not null,           -- 1 once it is given up
    fault        text,                       -- how the last try failed: a status, or what kind of trouble
    foreign key (conversation, seq) references events (conversation, seq) on delete cascade
);

create index outbox_by_next on outbox (dead, next_at);
create index outbox_by_event on outbox (conversation, seq);
