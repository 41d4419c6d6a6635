-- Who may sign in to the console.
create table accounts (
    id            bytea not null primary key,
    login         text not null unique,
    name          text not null,             -- the first name that citizens see
    role          text not null,             -- expert, supervisor, editor, analyst or admin
    password_hash text not null,             -- argon2id
    languages     text not null,             -- JSON list; empty serves all
    benefits      text not null,             -- JSON list; empty serves all
    chats_max     bigint not null,         -- conversations at once
    available     bigint not null,         -- 1 while new conversations are wanted
    disabled      bigint not null,
    created_at    bigint not null,
    seen_at       bigint not null          -- when the console was last used
);

create table sessions (
    token_hash bytea not null primary key,   -- SHA-256 of the cookie
    account    bytea not null references accounts (id) on delete cascade,
    created_at bigint not null,
    used_at    bigint not null
);

create index sessions_by_account on sessions (account);

-- What people did and looked at. Holds no words of citizens.
create table audit (
    at           bigint not null,
    login        text not null,
    action       text not null,
    conversation bytea
);

create index audit_by_time on audit (at);
