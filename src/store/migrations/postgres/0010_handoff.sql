alter table conversations add column owner text not null default 'bot';   -- bot, queued, expert or closed

-- Conversations that wait for a person or are with one.
create table handoffs (
    conversation bytea not null primary key references conversations (id) on delete cascade,
    queue        text not null,                  -- which of the configured ones
    occasion     bigint not null,             -- the most urgent is 0
    since        bigint not null,             -- milliseconds since 1970
    language     text not null,
    benefit      text,                           -- what was last spoken of
    why          text not null,                  -- JSON: occasion, situation, signals
    expert       bytea,                           -- the account that claimed it
    claimed_at   bigint
);

create index handoffs_by_rank on handoffs (occasion, since);
create index handoffs_by_expert on handoffs (expert) where expert is not null;

-- What became of them, without the conversation: for waits and load. Kept longer than words.
create table handoffs_done (
    ended_at   bigint not null,
    since      bigint not null,
    claimed_at bigint,                         -- none where nobody came
    occasion   bigint not null,
    language   text not null,
    outcome    text not null                     -- left, returned or closed
);

create index handoffs_done_by_end on handoffs_done (ended_at);

-- Its one row is changed by whoever joins, so that of two who join at once the second counts the first.
create table gate (
    id       bigint not null primary key,
    joined_n bigint not null
);

insert into gate (id, joined_n) values (1, 0);
