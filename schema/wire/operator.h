/* Messages between an operator's command and the coordinator. */
#ifndef MN_WIRE_OPERATOR_H
#define MN_WIRE_OPERATOR_H

#include "wire/common.h"

enum mn_command {
    MN_COMMAND_STATUS = 1,
    MN_COMMAND_ROUNDS = 2,
    MN_COMMAND_EXPLAIN = 3,
    MN_COMMAND_RECALL = 4, /* go on with the keepers that answered */
    MN_COMMAND_PLAN = 5,
    MN_COMMAND_APPROVE = 6,
    MN_COMMAND_REJECT = 7,
    MN_COMMAND_ADOPT = 8,
    MN_COMMAND_KEEPERS = 9,
    MN_COMMAND_REPLACE = 10 /* a keeper */
};

struct mn_operator_request {
    uint64_t request; /* comes back in the reply */
    enum mn_command command;
    uint64_t round;                  /* for explain, plan, approve and reject */
    struct mn_name vat;              /* for explain and adopt; "" otherwise */
    char reason[MN_REASON_SIZE_MAX]; /* for all that become a record: kept in the journal */
    uint64_t plan;       /* for approve and reject: the digest of the plan that was seen; 0: any */
    struct mn_name host; /* for adopt: where the disk is; "": on the vat's own host; for
                            replace: the new keeper, */
    struct mn_name keeper;        /* and the old one */
    char store[MN_PATH_SIZE_MAX]; /* and its path there */
    uint64_t adoption;            /* not 0: only tell how far this adoption is */
};

struct mn_operator_reply {
    uint64_t request;
    mn_result code;
    char text[512];   /* for people, when code is not MN_OK */
    const char *json; /* the facts */
    size_t json_size;
};

mn_result mn_operator_request_encode(const struct mn_operator_request *message,
                                     struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_operator_request_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                     struct mn_operator_request *out) MN_CHECKED;
mn_result mn_operator_reply_encode(const struct mn_operator_reply *message,
                                   struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_operator_reply_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                   struct mn_operator_reply *out) MN_CHECKED;

#endif
