-- Whom an identity provider knows as whom: the only way from its word to an account.
create table identities (
    issuer  text not null,
    subject text not null,
    account blob not null references accounts (id) on delete cascade,
    primary key (issuer, subject)
) without rowid;

create index identities_by_account on identities (account);

-- Sign-ins that were begun at this service and are to come back from the provider. Each comes back once, and soon.
create table sign_ins (
    token_hash blob not null primary key,   -- SHA-256 of the browser's cookie
    created_at integer not null
) without rowid;

create index sign_ins_by_time on sign_ins (created_at);
