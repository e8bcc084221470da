/* Messages between two vats.
 *
 * Each direction has a connection of its own, from the sender's DEALER to the receiver's ROUTER:
 * Greet, Data and Skip go out on it; Greeted, Marks, Who, Refused and Waits come back on it. Data
 * has a second frame, the payloads one after the other, so that they are never copied through
 * protobuf.
 */
#ifndef MN_WIRE_SESSION_H
#define MN_WIRE_SESSION_H

#include "wire/common.h"

enum mn_session_kind {
    MN_SESSION_GREET = 6,
    MN_SESSION_GREETED = 7,
    MN_SESSION_DATA = 8,
    MN_SESSION_MARKS = 9,
    MN_SESSION_WHO = 10,
    MN_SESSION_REFUSED = 11,
    MN_SESSION_SKIP = 12,
    MN_SESSION_WAITS = 13
};

/* While the two have not compared since the speaker was restored: the other may have taken numbers
 * with other content, in epochs that died at one of these forks. */
struct mn_unsure {
    struct mn_lineage lineage;           /* none: they have compared */
    uint64_t anew[MN_LINEAGE_COUNT_MAX]; /* the first number that was given after each of them */
};

struct mn_session {
    struct mn_name vat; /* the speaker */
    mn_run run;
    uint32_t incarnation;
    uint64_t round; /* the newest round the speaker has applied */
    enum mn_session_kind kind;
    union {
        struct {
            uint64_t next;          /* the next number it would send */
            uint64_t oldest;        /* the oldest it still keeps; next if none */
            uint64_t taken_of_you;  /* what it has taken of the other */
            struct mn_bases bases;  /* of what it sends to the other */
            uint32_t known_of_you;  /* the other's incarnation that its numbers are agreed with; 0:
                                       none yet */
            struct mn_gaps gaps;    /* in what it has taken of the other */
            struct mn_name to;      /* the other: its address may have become another vat's */
            mn_epoch taken_epoch;   /* the other's, in which the last that it has taken was sent; 0
                                       if not known */
            uint64_t covered;       /* what the other said it has in a durable checkpoint, */
            mn_epoch covered_epoch; /* and in which; 0 if not known */
            mn_epoch durable;       /* its newest durable checkpoint; 0 if none */
            struct mn_unsure unsure;
            struct mn_fork fork; /* that its incarnation began with; next 0: not known */
            bool behind;         /* it has found that it has forgotten what the other took of it */
        } greet;
        struct {
            uint64_t taken;
            uint64_t covered;
            uint64_t floor; /* up to this number nothing need be kept for the speaker */
            uint64_t next;
            uint64_t oldest;
            struct mn_bases bases;
            uint32_t known_of_you;
            struct mn_gaps gaps;
            mn_epoch durable; /* its newest durable checkpoint; 0 if none */
            mn_epoch taken_epoch;
            struct mn_unsure unsure;
            struct mn_fork fork;
        } greeted;
        struct {
            mn_epoch epoch; /* the interval in which all of these were first sent */
            uint64_t first; /* the first message's number */
            const uint32_t *sizes;
            uint32_t count;               /* at least 1 */
            const unsigned char *payload; /* the second frame: the sum of sizes, in bytes */
            size_t payload_size;
            uint32_t total;  /* of one piece of message `first`: the whole's size; otherwise 0 */
            uint32_t offset; /* of a piece: where it belongs */
        } data;
        struct {
            uint64_t taken;
            uint64_t covered;
            uint64_t floor;
            uint32_t begun; /* bytes of message taken + 1 that are here, when it comes in pieces */
            mn_epoch durable;
        } marks;
        struct {            /* these numbers were withdrawn, and will never come */
            mn_epoch epoch; /* the interval in which they were */
            uint64_t first;
            uint64_t last;
        } skip;
        struct {
            mn_run run; /* the newest run known of the one that is refused */
        } refused;
        struct {
            bool behind; /* as in Greet; otherwise a round or an address is waited for */
        } waits;
    };
};

/* The header frame. The payload of Data is the caller's to send as a second frame. */
mn_result mn_session_encode(const struct mn_session *message, struct mn_buffer *buffer) MN_CHECKED;

/* @payload is the second frame, NULL and 0 where there is none; Data borrows it. Also checks that
 * the sizes add up to @payload_size, and that other messages have no second frame. */
mn_result mn_session_decode(const void *bytes, size_t size, const void *payload,
                            size_t payload_size, struct mn_arena *arena,
                            struct mn_session *out) MN_CHECKED;

#endif
