/* The messages by which a disk that was found is adopted. Private to schema/wire. */
#ifndef MN_WIRE_CODEC_ADOPT_H
#define MN_WIRE_CODEC_ADOPT_H

#include "codec.h"

Mneme__Adopt *codec_adopt_out(struct codec *codec, const struct mn_adopt *adopt);
Mneme__Adopted *codec_adopted_out(struct codec *codec, const struct mn_adopted *adopted);

void codec_adopt_in(struct codec *codec, const Mneme__Adopt *in, struct mn_adopt *out);
void codec_adopted_in(struct codec *codec, const Mneme__Adopted *in, struct mn_adopted *out);

#endif
