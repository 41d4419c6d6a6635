-- Who may sign in to the console.
create table accounts (
    id            blob not null primary key,
    login         text not null unique,
    name          text not null,             -- the first name that citizens see
    role          text not null,             -- expert, supervisor, editor, analyst or admin
    password_hash text not null,             -- argon2id
    languages     text not null,             -- JSON list; empty serves all
    benefits      text not null,             -- JSON list; empty serves all
    chats_max     integer not null,         -- conversations at once
    available     integer not null,         -- 1 while new conversations are wanted
    disabled      integer not null,
    created_at    integer not null,
    seen_at       integer not null          -- when the console was last used
) without rowid;

create table sessions (
    token_hash blob not null primary key,   -- SHA-256 of the cookie
    account    blob not null references accounts (id) on delete cascade,
    created_at integer not null,
    used_at    integer not null
) without rowid;

create index sessions_by_account on sessions (account);

-- What people did and looked at. Holds no words of citizens.
create table audit (
    at           integer not null,
    login        text not null,
    action       text not null,
    conversation blob
);

create index audit_by_time on audit (at);
