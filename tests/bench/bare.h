/*
 * The least that reading a reply and writing a command can cost: bytes that are
 * all there and right, memory that is large enough.
 */
#ifndef STAY_BENCH_BARE_H
#define STAY_BENCH_BARE_H

#include <stddef.h>
#include <stdint.h>

/* A value of a reply, with its children behind it. */
struct bare_node {
	const char *text; /* ends in NUL */
	size_t len;       /* of the text; of an array: its children */
	uint32_t next;    /* the node behind it and its children */
	char type;        /* its marker */
};

/* Read the reply at `at` into `nodes`. Returns what is behind it. */
char *bare_decode(char *at, struct bare_node *nodes);

/* Write a command at `at`. Returns its end. */
char *bare_encode(
    char *at, size_t argc, const char *const *argv, const size_t *lens);

#endif
