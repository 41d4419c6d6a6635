-- What citizens say about answers and about conversations, masked; it goes with its conversation.
create table answer_feedback (
    conversation bytea   not null references conversations (id) on delete cascade,
    seq          bigint  not null,              -- the place of the reply
    rating       text    not null,              -- up or down
    words        text    not null,              -- masked; often empty
    at           bigint  not null,              -- milliseconds since 1970
    primary key (conversation, seq)
);

create table conversation_feedback (
    conversation bytea   not null primary key references conversations (id) on delete cascade,
    sort         text    not null,              -- suggestion, complaint or praise
    words        text    not null,              -- masked
    wants_reply  bigint  not null,              -- 0 or 1
    at           bigint  not null               -- milliseconds since 1970
);
