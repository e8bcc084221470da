/* What must happen sometimes: a simulation in which one of these never does proves less than it
 * seems to. Counted in every run, added up by the swarm. */
#ifndef SIM_SOMETIMES_H
#define SIM_SOMETIMES_H

/* X(NAME, "what") */
#define SIM_SOMETIMES(X)                                                                           \
    X(REVIVED, "a vat was revived")                                                                \
    X(ROLLED_BACK, "a vat was rolled back")                                                        \
    X(RUNNING_ROLLED_BACK, "a running vat was rolled back")                                        \
    X(RESET, "a vat was reset")                                                                    \
    X(TOLD, "a vat was told of a peer's rollback")                                                 \
    X(TOLD_RESET, "a vat was told of a peer's reset")                                              \
    X(HEARD_FORGOTTEN, "a notice said which forgotten epochs were heard")                          \
    X(FORGOT_HEARD, "a notice said what a peer had heard and forgot")                              \
    X(GAP, "a gap was handed out")                                                                 \
    X(RESTORED_NORMAL, "a vat was handed that it was restored, and nobody can tell")               \
    X(RESTORED_ROLLED_BACK, "a vat was handed that it was restored, and forgot")                   \
    X(RESTORED_RESET, "a vat was handed that it begins again from nothing")                        \
    X(UNREACHABLE, "a vat was handed that a peer is unreachable")                                  \
    X(PEER_BACK, "a vat was handed that a peer is back")                                           \
    X(ROUND, "a round was begun")                                                                  \
    X(WIDENED, "a round was widened by another loss")                                              \
    X(FREEZE_NUMBERED, "a freeze told suspects by their numbers")                                  \
    X(FREEZE_NAMED, "a freeze told suspects by name")                                              \
    X(SETTLED_AGAIN, "settling stopped further vats")                                              \
    X(CALLED_OFF, "a round was called off")                                                        \
    X(QUEUED, "a loss after a decision opened the next round")                                     \
    X(RESUMED, "a decision was carried on by another coordinator")                                 \
    X(REPLACED, "a coordinator that stood still was replaced")                                     \
    X(HELD, "a coordinator held")                                                                  \
    X(ROUND_HELD, "a round waited for an answer")                                                  \
    X(EVIDENCE_WAITED, "evidence waited for the coordinator's disk")                               \
    X(SILENT, "a vat did not answer a freeze")                                                     \
    X(AGENT_ONLY, "only an agent was silent")                                                      \
    X(HOST_LOST, "a host was found lost")                                                          \
    X(HOST_BACK, "a lost host was heard again")                                                    \
    X(FORMER_LIFE, "a former life was stopped")                                                    \
    X(SET_ASIDE, "what died of a former life was set aside")                                       \
    X(FORMER_LIFE_REFUSED, "a vat refused a former life")                                          \
    X(ADOPTED, "an agent adopted a process")                                                       \
    X(FETCHED, "a checkpoint was fetched from another host")                                       \
    X(PARTNER_CHANGED, "another host was chosen to hold copies")                                   \
    X(DROPPED, "a copy was deleted on its owner's word")                                           \
    X(DROP_REFUSED, "a deletion was refused")                                                      \
    X(SYNC_FAILED, "a checkpoint could not be synced")                                             \
    X(WRITE_FAILED, "a checkpoint could not be written")                                           \
    X(WENT_BAD, "a checkpoint was found damaged or missing by reading it over")                    \
    X(UNREAD, "a checkpoint could not be read when it was read over")                              \
    X(READ_AGAIN, "a checkpoint that could not be read could be when it was tried again")          \
    X(FULL_ASKED, "a vat was asked for a full checkpoint, because a link of its chain was lost")   \
    X(TORN, "a power cut took what was not synced")                                                \
    X(AHEAD, "a partner had what a power cut took from its owner")                                 \
    X(MOVED, "a vat was restored on another host")                                                 \
    X(HELLO_REVIVED, "a peer that was revived was greeted")                                        \
    X(HELLO_AGREED, "a peer that had forgotten was agreed with")                                   \
    X(HELLO_WAITS, "a peer that had forgotten waited for the notice of it")                        \
    X(HELLO_BEHIND, "a vat found that a peer remembered more of it than it did itself")            \
    X(HELLO_FORGOT, "a peer was found to have forgotten what it had acknowledged")                 \
    X(FORGOT, "a round was opened for a vat that had forgotten without being told so")             \
    X(THIRD_WAITS, "a message waited for a round that its sender had applied")                     \
    X(GAP_SENT, "a sender was told of a gap at the receiver")                                      \
    X(TOLD_AGAIN, "a notice was handed out again after a crash")                                   \
    X(RESENT, "a message of an earlier run was sent")                                              \
    X(WHO, "a vat attached to an agent that was started anew")                                     \
    X(CRASH_IN_STEP, "a process died between two effects of a step")                               \
    X(LEASED, "a vat was given a lease")                                                           \
    X(LEASE_OVER, "a vat outlived its lease")                                                      \
    X(LEASE_FORMER, "a run was up while a former one's lease still ran")                           \
    X(SECOND, "a second coordinator ran beside the first, with a copy of its journal")             \
    X(FORGOTTEN, "a journal had forgotten what a keeper still had")                                \
    X(KEPT_AHEAD, "a coordinator ended when a keeper had what its journal had not")                \
    X(KEPT_BEHIND, "a coordinator ended when its journal had what no keeper had")                  \
    X(NEVER, "records of a journal that were never in force were set aside")                       \
    X(OVERTAKEN, "a coordinator was overtaken by another")                                         \
    X(KEEPER_BLANK, "a keeper had forgotten everything")                                           \
    X(KEEPER_RETURNED, "a keeper began anew with what its disk had")                               \
    X(KEEPER_WHOLE, "a keeper that had forgotten was made whole")                                  \
    X(KEEPER_REPLACED, "a keeper was replaced by another")                                         \
    X(KEEPER_STAYED, "a keeper stayed one, after one was to come for it")                          \
    X(KEEPERS_MISSING, "a coordinator held because keepers were missing")                          \
    X(UNKNOWN_ACCEPTED, "an operator had it go on without a majority of the keepers")              \
    X(JOURNAL_GONE, "records that were in force were left in nobody's journal")                    \
    X(PIECES, "a message was put together of its pieces")                                          \
    X(UNDELIVERED, "messages waited too long for a peer and were given up")                        \
    X(PLAN_WAITED, "a plan waited for an approval")                                                \
    X(PLAN_APPROVED, "a plan was approved")                                                        \
    X(PLAN_REJECTED, "a plan was rejected")                                                        \
    X(RESTED, "a vat that kept ending rested before it was started again")                         \
    X(AIMED, "a fault came in the step of a round that it was aimed at")                           \
    X(DISK_ADOPTED, "a disk that was found was adopted")                                           \
    X(DISK_NOT_ADOPTED, "an adoption came to nothing")                                             \
    X(DISK_TOO_LATE, "a disk was found when a later life had spoken, and was refused")             \
    X(DISK_COUNTED, "a vat went on from a checkpoint that only an adopted disk had")               \
    X(PLAN_OUTSIDE, "a plan took more than was approved, and waited again")                        \
    X(PARTS, "an answer to a freeze was more than one message")

enum sim_sometimes {
#define SIM_SOMETIMES_ENUM(name, what) SIM_SOMETIMES_##name,
    SIM_SOMETIMES(SIM_SOMETIMES_ENUM)
#undef SIM_SOMETIMES_ENUM
        SIM_SOMETIMES_COUNT
};

/* The words. */
const char *sim_sometimes_text(enum sim_sometimes which);

/* The name in small letters, "gap_sent" say. SIM_SOMETIMES_COUNT when there is none of that name.
 */
enum sim_sometimes sim_sometimes_find(const char *name);

#endif
