/* Messages between a vat and the agent of its host. */
#ifndef MN_WIRE_LOCAL_H
#define MN_WIRE_LOCAL_H

#include "wire/control.h"

enum mn_from_vat_kind {
    MN_FROM_VAT_ATTACH = 3,
    MN_FROM_VAT_WRITTEN = 4,
    MN_FROM_VAT_INTERVAL = 5,
    MN_FROM_VAT_HANDLED = 6,
    MN_FROM_VAT_LOOKUP = 7,
    MN_FROM_VAT_TROUBLE = 8,
    MN_FROM_VAT_REFUSED = 9,
    MN_FROM_VAT_BEAT = 10,
    MN_FROM_VAT_WANT_LEASE = 11, /* nothing with it */
    MN_FROM_VAT_DIFFERS = 12
};

/* A vat's word to its agent. */
struct mn_from_vat {
    mn_run run;
    enum mn_from_vat_kind kind;
    union {
        struct {
            struct mn_name vat;
            mn_run run; /* 0: just started, tell me who I am */
            uint32_t pid;
            struct mn_endpoint endpoint; /* "" until it has a life */
            uint64_t frozen_round;       /* the newest that it was frozen for; 0: none */
        } attach;
        struct { /* a checkpoint file is there, whole but not yet synced */
            mn_epoch epoch;
            mn_epoch since;
            mn_epoch onto; /* 0 for a full */
            uint64_t size;
            struct mn_digest digest;
            const struct mn_name *names;
            uint32_t name_count;
            const struct mn_heard *heard;
            uint32_t heard_count;
            uint32_t heard_before; /* as in a checkpoint's record, and so is the next */
            uint64_t round;
            const struct mn_known *known; /* as there */
            uint32_t known_count;
        } written;
        struct {
            uint64_t round;
            uint32_t attempt;
            mn_epoch epoch;
            mn_epoch since;
            const struct mn_name *names;
            uint32_t name_count;
            const struct mn_heard *heard;
            uint32_t heard_count;
            uint32_t heard_before;        /* as in a checkpoint's record */
            const struct mn_known *known; /* of all peers */
            uint32_t known_count;
        } interval;
        struct {
            uint64_t round;
        } handled;
        struct {
            struct mn_name peer;
        } lookup;
        struct {
            mn_result code;
            char text[512];
        } trouble;
        struct mn_vat_run refused;
        struct {
            uint64_t number;
        } beat;
        struct mn_differs differs;
    };
};

/* All that a started vat must know: which life it is, and the settings it lives by. */
struct mn_life {
    struct mn_name vat;
    mn_run run;
    uint32_t incarnation;
    mn_epoch keep; /* 0 is birth */
    enum mn_outcome outcome;
    uint64_t round; /* the newest round applied */
    struct mn_lineage lineage;
    char store[MN_PATH_SIZE_MAX];    /* the directory of this vat's checkpoint files */
    char key_file[MN_PATH_SIZE_MAX]; /* the host's key; "" where connections are plain */
    struct mn_endpoint address;      /* what to bind for other vats: tcp://127.0.0.1:*, say */
    uint32_t interval_ms;
    uint32_t latency_ms; /* how long a held message waits for a checkpoint, if that is less */
    uint32_t full_every;
    uint32_t keep_count;
    uint32_t connect_ms;
    uint32_t send_ms;      /* how long messages wait for a peer that is out of reach; 0: for ever */
    bool early;            /* messages leave when their turn is over, not when it is durable */
    const mn_epoch *chain; /* the checkpoints that restore `keep`, the full first */
    uint32_t chain_count;
    const char (*host_keys)[MN_KEY_TEXT_SIZE]; /* of every host: whose connections to accept */
    uint32_t host_key_count;
};

enum mn_to_vat_kind {
    MN_TO_VAT_LIFE = 2,
    MN_TO_VAT_DURABLE = 3,
    MN_TO_VAT_FREEZE = 4,
    MN_TO_VAT_ROUND = 5,
    MN_TO_VAT_ADDRESS = 6,
    MN_TO_VAT_WHO = 7,
    MN_TO_VAT_END = 8,
    MN_TO_VAT_LEASE = 9,
    MN_TO_VAT_TAKE_FULL = 10
};

/* The agent's word to a vat. */
struct mn_to_vat {
    enum mn_to_vat_kind kind;
    union {
        struct mn_life life;
        struct {
            mn_epoch epoch;
            mn_epoch floor;
        } durable;
        struct {
            uint64_t round;
            uint32_t attempt;
            const struct mn_vat_run *suspects;
            uint32_t suspect_count;
        } freeze;
        struct {
            uint64_t round;
            const struct mn_notice *notices;
            uint32_t notice_count;
        } round;
        struct {
            struct mn_name peer;
            mn_run run;
            uint32_t incarnation;
            struct mn_endpoint endpoint; /* "" while it runs nowhere */
            char key[MN_KEY_TEXT_SIZE];  /* of its host */
        } address;
        struct {
            char reason[128];
        } end;
        struct {
            /* On the wire CLOCK_BOOTTIME, which is the same in every process of a machine; cores
             * have it on their own clock. What has passed is no lease. */
            mn_time until;
        } lease;
        struct {
            mn_epoch above; /* unless there is a full above this one */
        } take_full;
    };
};

mn_result mn_from_vat_encode(const struct mn_from_vat *message,
                             struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_from_vat_decode(const void *bytes, size_t size, struct mn_arena *arena,
                             struct mn_from_vat *out) MN_CHECKED;
mn_result mn_to_vat_encode(const struct mn_to_vat *message, struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_to_vat_decode(const void *bytes, size_t size, struct mn_arena *arena,
                           struct mn_to_vat *out) MN_CHECKED;

#endif
