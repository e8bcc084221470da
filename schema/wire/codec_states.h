/* What an agent says of its vats: many at once in a hello, or one. */
#ifndef MN_WIRE_CODEC_STATES_H
#define MN_WIRE_CODEC_STATES_H

#include "codec.h"
#include "wire/control.h"

Mneme__VatStates *codec_states_out(struct codec *codec, const struct mn_vat_status *vats,
                                   uint32_t count);
const struct mn_vat_status *codec_states_in(struct codec *codec, const Mneme__VatStates *in,
                                            uint32_t *count);

Mneme__VatState *codec_state_out(struct codec *codec, const struct mn_vat_status *status,
                                 const char *reason);
void codec_state_in(struct codec *codec, const Mneme__VatState *in, struct mn_vat_status *out);

#endif
