/* Finding one member of a JSON object in its text, without building the whole: a decision's answer
 * has a row for every vat there is, and only a few are asked for. */
#ifndef COORDINATOR_SHELL_ANSWER_SCAN_H
#define COORDINATOR_SHELL_ANSWER_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of a text; borrowed from it. */
struct answer_span {
    const char *bytes;
    size_t size;
};

/* The value of @key in the object that @object begins with. False when there is none, or what
 * stands before it is no JSON; *@value is untouched then. Linear in the size. Keys are compared as
 * they are written: what is escaped in the text is not found. */
bool answer_scan_member(struct answer_span object, const char *key, struct answer_span *value);

#endif
