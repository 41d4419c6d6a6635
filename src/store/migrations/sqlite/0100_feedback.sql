-- What citizens say about answers and about conversations, masked; it goes with its conversation.
create table answer_feedback (
    conversation blob    not null references conversations (id) on delete cascade,
    seq          integer not null,              -- the place of the reply
    rating       text    not null,              -- up or down
    words        text    not null,              -- masked; often empty
    at           integer not null,              -- milliseconds since 1970
    primary key (conversation, seq)
) without rowid;

create table conversation_feedback (
    conversation blob    not null primary key references conversations (id) on delete cascade,
    sort         text    not null,              -- suggestion, complaint or praise
    words        text    not null,              -- masked
    wants_reply  integer not null,              -- 0 or 1
    at           integer not null               -- milliseconds since 1970
) without rowid;
