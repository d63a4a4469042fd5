/*
 * How the files of one queue get into the stream that several servers share: each once, in order, whatever is killed, cut
 * off or late. It follows WSQueueSequencer's StreamWriter, StreamOutbox and SharedOrder; the names are theirs.
 *
 * Redis carries out commands one by one and in the order of their connection. A connection that its server has given up, or
 * whose server was killed, may still have commands in the sockets of a Redis that stands still: they are carried out when it
 * goes on, or never. A server that was killed is started again, with its files and without its memory.
 *
 * scripts/models looks at all that can happen, here and with each of these left out, which must be found:
 *   NO_FENCE       a new connection does not raise the fence
 *   READ_FIRST     it reads the note before it raises the fence
 *   EARLY_WRITE    the first transaction does not wait until Redis watches the fence
 *   NO_NOTE        what was under way is written again without a look at the note
 *   NOTE_APART     the note is written beside the transaction and not in it
 *   NOTE_ALWAYS    the note is written though Redis has refused the events of its transaction
 *   NO_CATCH_UP    files are taken before the stream has been read
 *   NO_BEFORE      a new process does not look at what the note of the one before it names
 */

#define ALL 3 /* two files, a bit for each */
#ifndef CONNECTIONS
#define CONNECTIONS 4
#define KILLS 1
#define LOSSES 1
#define REFUSALS 1
#endif

/* How many answers the beginning of a connection waits for, and a transaction with what is sent behind it. */
#ifdef NO_FENCE
#define BEGUN 2
#elif defined(EARLY_WRITE)
#define BEGUN 2
#else
#define BEGUN 3
#endif
#ifdef NOTE_APART
#define CARRIED_OUT 3
#else
#define CARRIED_OUT 2
#endif

mtype = { raise, look, watch, write, note };
mtype = { done, fenced, refused };

/* A command: what, the files of its transaction, the transaction's number. */
chan commands[CONNECTIONS] = [4] of { mtype, byte, byte };
/* Its answer: how it went, and for `look` the note. */
chan answers[CONNECTIONS] = [4] of { mtype, byte, byte };

/* Redis. */
byte inStream;
byte noteFiles;
byte noteNumber;
bool isWatching[CONNECTIONS];
bool isRaised[CONNECTIONS];
bool isGivenUp[CONNECTIONS];
byte refusals = 0;

/* The queue. */
byte files = ALL;
/* The servers' own. */
byte connections = 0;
byte kills = 0;
byte losses = 0;

inline append(which) {
    /* Once, and after those before it. */
    assert((inStream & which) == 0);
    assert(((which & 2) == 0) || (((inStream | which) & 1) != 0));
    inStream = inStream | which;
}

inline setNote(which, number) {
    noteFiles = which;
    noteNumber = number;
}

inline carryOut(c) {
    commands[c] ? what, which, number;
    if
    :: what == raise ->
        for (other : 0 .. CONNECTIONS - 1) { isRaised[other] = true }
        answers[c] ! done, 0, 0
    :: what == look -> answers[c] ! done, noteFiles, noteNumber
    :: what == watch ->
        isWatching[c] = true;
        isRaised[c] = false;
        answers[c] ! done, 0, 0
    :: what == note -> setNote(which, number); answers[c] ! done, 0, 0
    :: what == write ->
        if
        :: isWatching[c] && isRaised[c] -> answers[c] ! fenced, 0, 0
        :: else ->
            if
            :: append(which);
#ifndef NOTE_APART
               setNote(which, number);
#endif
               answers[c] ! done, 0, 0
            :: refusals < REFUSALS ->
               refusals++;
#ifdef NOTE_ALWAYS
               setNote(which, number);
#endif
               answers[c] ! refused, 0, 0
            fi
        fi;
        isWatching[c] = false
    fi;
    what = done; which = 0; number = 0; other = 0
}

inline forget(c) {
    do
    :: nempty(commands[c]) -> commands[c] ? what, which, number
    :: empty(commands[c]) -> break
    od;
    what = done; which = 0; number = 0
}

/* What Redis does with one connection. */
active [CONNECTIONS] proctype Redis() {
    byte c = _pid;
    mtype what = done;
    byte which, number, other;
end:
    do
    :: atomic { nempty(commands[c]) -> carryOut(c) }
    /* It finds that the other end has gone, and drops what is left. */
    :: atomic { isGivenUp[c] && nempty(commands[c]) -> forget(c) }
    od
}

mtype = { away, fencing, idle, writing };

/* The connection is given up; nothing more is read from it. */
inline giveUp() {
    isGivenUp[c] = true;
    do
    :: nempty(answers[c]) -> answers[c] ? how, which, number
    :: empty(answers[c]) -> break
    od;
    how = done; which = 0; number = 0; late = 0;
    stage = away
}

inline finish() {
    written = written | batch;
    batch = 0
}

active proctype Server() {
    mtype stage = away;
    mtype how = done;
    byte c, which, number;
    /* Answers that nobody has waited for (EARLY_WRITE). */
    byte late = 0;
    /* Its memory, which is gone when it is killed. */
    bool hasFenced, hasCaughtUp;
    byte before, known, batch, written;
    /* Numbers of transactions are never used twice: the process' own name is part of them. */
    byte transaction = 1;
    do
    /* A new connection: raises the fence, reads the note, and watches the fence. */
    :: atomic {
        stage == away && files != 0 && connections < CONNECTIONS ->
        c = connections;
        connections++;
#ifdef READ_FIRST
        commands[c] ! look, 0, 0;
#endif
#ifndef NO_FENCE
        commands[c] ! raise, 0, 0;
#endif
#ifndef READ_FIRST
        commands[c] ! look, 0, 0;
#endif
        commands[c] ! watch, 0, 0;
        stage = fencing
       }
    :: atomic {
        stage == fencing && len(answers[c]) >= BEGUN ->
#ifdef READ_FIRST
        answers[c] ? how, which, number;
        answers[c] ? how, _, _;
#else
#ifndef NO_FENCE
        answers[c] ? how, _, _;
#endif
        answers[c] ? how, which, number;
#endif
#ifdef EARLY_WRITE
        late = 1;
#else
        answers[c] ? how, _, _;
#endif
        if
        :: !hasFenced -> hasFenced = true;
#ifndef NO_BEFORE
           before = which
#endif
        :: else
        fi;
        if
#ifndef NO_NOTE
        :: batch != 0 && number == transaction -> finish(); transaction++
#endif
        :: else
        fi;
        how = done; which = 0; number = 0;
        stage = idle
       }
    /* By another connection all of the stream is read; it may be before the fence is raised. */
    :: atomic { !hasCaughtUp -> known = inStream; hasCaughtUp = true }
    /* Files are taken in order: the first of those that are here and not known, or both. */
    :: atomic {
#ifdef NO_CATCH_UP
        hasFenced && batch == 0 && (files & ~(before | known | written)) != 0 ->
#else
        hasFenced && hasCaughtUp && batch == 0 && (files & ~(before | known | written)) != 0 ->
#endif
        which = files & ~(before | known | written);
        if
        :: which & 1 -> batch = 1
        :: which == 2 -> batch = 2
        :: which == 3 -> batch = 3
        fi;
        which = 0
       }
    :: atomic {
        stage == idle && batch != 0 ->
        commands[c] ! write, batch, transaction;
#ifdef NOTE_APART
        commands[c] ! note, batch, transaction;
#endif
        commands[c] ! watch, 0, 0;
        stage = writing
       }
    :: atomic {
        stage == writing && len(answers[c]) >= CARRIED_OUT + late ->
        if
        :: late == 1 -> answers[c] ? how, _, _; late = 0
        :: else
        fi;
        answers[c] ? how, _, _;
        if
        :: how == done ->
           do
           :: nempty(answers[c]) -> answers[c] ? how, _, _
           :: empty(answers[c]) -> break
           od;
           finish(); transaction++;
           stage = idle
        :: how == fenced -> giveUp()
        :: how == refused -> giveUp()
        fi;
        how = done
       }
    /* A file is deleted once its event is in the stream: it must be. */
    :: atomic {
        (files & (written | (hasCaughtUp -> (known | before) : 0))) != 0 ->
        which = files & (written | (hasCaughtUp -> (known | before) : 0));
        if
        :: which & 1 -> which = 1
        :: which & 2 -> which = 2
        fi;
        assert((inStream & which) == which);
        files = files & ~which;
        which = 0
       }
    /* The connection is lost. */
    :: atomic { stage != away && losses < LOSSES -> losses++; giveUp() }
    /* It is killed, and started again. */
    :: atomic {
        kills < KILLS ->
        kills++;
        if
        :: stage != away -> giveUp()
        :: else
        fi;
        hasFenced = false; hasCaughtUp = false;
        before = 0; known = 0; batch = 0; written = 0;
        transaction = 100 * kills
       }
    :: files == 0 -> assert(inStream == ALL); break
    /* So far and no further. */
    :: stage == away && connections == CONNECTIONS -> break
    od
}
