/* Writing a document of evidence in its binary form, as one piece. */
#include "oracle/encode.h"

#include "wire/evidence.h"
#include "wire/evidence_writer.h"

static void write_places(struct mn_evidence_writer *writer, const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->domain_count; i++) {
        mn_evidence_write_domain(writer, &evidence->domains[i]);
    }
    for (size_t i = 0; i < evidence->host_count; i++) {
        mn_evidence_write_host(writer, &evidence->hosts[i]);
    }
    for (size_t i = 0; i < evidence->store_count; i++) {
        mn_evidence_write_store(writer, &evidence->stores[i]);
    }
}

static void write_vats(struct mn_evidence_writer *writer, const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->vat_count; i++) {
        mn_evidence_write_vat(writer, &evidence->vats[i]);
    }
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        mn_evidence_write_checkpoint(writer, &evidence->checkpoints[i]);
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        mn_evidence_write_open(writer, &evidence->open[i]);
    }
}

static void write_lost(struct mn_evidence_writer *writer, const struct evidence *evidence)
{
    const struct {
        enum mn_evidence_list list;
        const struct evidence_names *names;
    } lists[] = {{MN_EVIDENCE_LOST_DOMAINS, &evidence->lost.domains},
                 {MN_EVIDENCE_LOST_HOSTS, &evidence->lost.hosts},
                 {MN_EVIDENCE_LOST_STORES, &evidence->lost.stores},
                 {MN_EVIDENCE_LOST_VATS, &evidence->lost.vats},
                 {MN_EVIDENCE_UNKNOWN_VATS, &evidence->unknown.vats},
                 {MN_EVIDENCE_UNKNOWN_STORES, &evidence->unknown.stores},
                 {MN_EVIDENCE_TELL, &evidence->policy.tell}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (size_t j = 0; j < lists[i].names->count; j++) {
            mn_evidence_write_listed(writer, lists[i].list, lists[i].names->index[j]);
        }
    }
    for (size_t i = 0; i < evidence->lost.checkpoint_count; i++) {
        mn_evidence_write_lost_checkpoint(writer, &evidence->lost.checkpoints[i]);
    }
    for (size_t i = 0; i < evidence->lost.copy_count; i++) {
        mn_evidence_write_lost_copy(writer, &evidence->lost.copies[i]);
    }
}

mn_result oracle_encode(const struct evidence *evidence, struct mn_buffer *buffer)
{
    struct mn_evidence_writer writer = {.result = MN_OK};
    write_places(&writer, evidence);
    write_vats(&writer, evidence);
    write_lost(&writer, evidence);
    mn_result result = mn_evidence_begin(buffer);
    if (result == MN_OK) {
        result = mn_evidence_write_piece(&writer, evidence->policy.total_loss, buffer);
    }
    mn_evidence_writer_deinit(&writer);
    return result == MN_OK ? mn_evidence_end(buffer) : result;
}
