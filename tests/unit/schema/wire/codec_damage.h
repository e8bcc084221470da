/* Damage for the tests of codecs: what comes in may be anything. */
#ifndef TESTS_CODEC_DAMAGE_H
#define TESTS_CODEC_DAMAGE_H

#include "wire/control.h"
#include "wire/local.h"

/* Decode @bytes into nothing: only whether it is refused, and that it never reads outside. */
typedef mn_result decode_any(const void *bytes, size_t size, struct mn_arena *arena);

/* Every prefix, and every byte changed in three ways: refused or read, but always survived. The
 * copy has exactly the size that is told, so that a sanitizer sees any byte read past it. */
void survive_damage(decode_any *decode, const struct mn_buffer *whole);

/* With an arena bounded to any size, decoding either works or says that memory is out. */
void survive_little_memory(decode_any *decode, const struct mn_buffer *whole);

/* Encode @in and decode it again; unless it is large that is survived with any damage, and where it
 * is read also with little memory. MN_OK, or why it is refused; @out borrows from @arena. */
mn_result up_again(const struct mn_up *in, struct mn_arena *arena, struct mn_up *out);
mn_result down_again(const struct mn_down *in, struct mn_arena *arena, struct mn_down *out);
mn_result from_vat_again(const struct mn_from_vat *in, struct mn_arena *arena,
                         struct mn_from_vat *out);
mn_result to_vat_again(const struct mn_to_vat *in, struct mn_arena *arena, struct mn_to_vat *out);

#endif
