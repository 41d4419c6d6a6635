-- Whom an identity provider knows as whom: the only way from its word to an account.
create table identities (
    issuer  text not null,
    subject text not null,
    account bytea not null references accounts (id) on delete cascade,
    primary key (issuer, subject)
);

create index identities_by_account on identities (account);

-- Sign-ins that were begun at this service and are to come back from the provider. Each comes back once, and soon.
create table sign_ins (
    token_hash bytea not null primary key,   -- SHA-256 of the browser's cookie
    created_at bigint not null
);

create index sign_ins_by_time on sign_ins (created_at);
