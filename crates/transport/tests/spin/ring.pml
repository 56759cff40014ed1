/*
 * The ring: a client and a server, each sender of one direction and receiver of the other, that sleep in
 * front of one socket each, whatever they wait for. Either may die between any two steps.
 *
 * Checked: packets arrive whole and in order; nobody sleeps for ever while the other lives and has moved on
 * (an invalid end state otherwise); whoever outlives the other finds out, after what was sent.
 *
 * Memory is sequentially consistent here; what fences are needed for that is the model of tests/loom.
 */

#define SLOTS    2
#define REQUESTS 4   /* two laps */
#define WINDOW   3   /* more than there are slots: the client waits for room */

#define CLIENT 0
#define SERVER 1

/* Of the direction that a peer sends in. */
typedef Direction {
    byte commit[SLOTS];    /* the lap of each line */
    byte number[SLOTS];    /* what a line carries */
    byte consumed;
    bit receiver_waits;
    bit sender_waits
};

Direction ring[2];
byte wakes[2];             /* in the socket of each peer */
bit gone[2];

byte sent[2];
byte taken[2];

inline may_die(me) {
    if
    :: gone[me] = 1; goto dead
    :: skip
    fi
}

/* A full queue holds wakes enough. */
inline wake(peer) {
    if
    :: wakes[peer] < 2 -> wakes[peer]++
    :: else
    fi
}

inline sleep(me, peer, ended) {
    if
    :: wakes[me] > 0 -> wakes[me] = 0
    :: wakes[me] == 0 && gone[peer] -> ended = 1
    fi
}

inline release(me, peer) {
    ring[peer].consumed = taken[me];
    may_die(me);
    if
    :: atomic { ring[peer].sender_waits -> ring[peer].sender_waits = 0 }; wake(peer)
    :: else
    fi
}

inline send(me, peer) {
    if
    :: sent[me] - ring[me].consumed < SLOTS
    /* The peer may wait for room, too. */
    :: else -> release(me, peer)
    fi;
    do
    :: sent[me] - ring[me].consumed < SLOTS -> break
    :: else ->
        ring[me].sender_waits = 1;
        may_die(me);
        if
        :: sent[me] - ring[me].consumed < SLOTS -> break
        :: else
        fi;
        ended = 0;
        sleep(me, peer, ended);
        if
        :: ended -> goto dead
        :: else
        fi
    od;
    ring[me].sender_waits = 0;
    may_die(me);
    /* The line is free: what was in it is read. */
    assert(taken[peer] + SLOTS > sent[me]);
    ring[me].number[sent[me] % SLOTS] = sent[me];
    may_die(me);
    ring[me].commit[sent[me] % SLOTS] = sent[me] / SLOTS + 1;
    sent[me]++;
    may_die(me);
    if
    :: atomic { ring[me].receiver_waits -> ring[me].receiver_waits = 0 }; wake(peer)
    :: else
    fi
}

#define ARRIVED(me, peer) (ring[peer].commit[taken[me] % SLOTS] == taken[me] / SLOTS + 1)

inline receive(me, peer) {
    if
    :: ARRIVED(me, peer)
    :: else ->
        release(me, peer);
        do
        :: ring[peer].receiver_waits = 1;
            may_die(me);
            if
            :: ARRIVED(me, peer) -> break
            :: else
            fi;
            ended = 0;
            sleep(me, peer, ended);
            if
            :: ARRIVED(me, peer) -> break
            :: !ARRIVED(me, peer) && ended -> goto dead
            :: else
            fi
        od;
        ring[peer].receiver_waits = 0
    fi;
    may_die(me);
    assert(ring[peer].number[taken[me] % SLOTS] == taken[me]);
    taken[me]++;
    may_die(me);
    /* Given back at once, or late, when somebody asks or sleeps. */
    if
    :: release(me, peer)
    :: !ring[peer].sender_waits
    fi
}

active proctype client() {
    bit ended;
    do
    :: sent[CLIENT] < REQUESTS && sent[CLIENT] - taken[CLIENT] < WINDOW -> send(CLIENT, SERVER)
    :: taken[CLIENT] < sent[CLIENT] -> receive(CLIENT, SERVER)
    :: taken[CLIENT] == REQUESTS -> break
    od;
dead:
    gone[CLIENT] = 1
}

active proctype server() {
    bit ended;
    do
    :: receive(SERVER, CLIENT);
        send(SERVER, CLIENT)
    od;
dead:
    gone[SERVER] = 1
}
