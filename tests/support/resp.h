/* For the tests of the Redis adapter: replies from text, and to text. */
#ifndef STAY_TESTS_RESP_H
#define STAY_TESTS_RESP_H

#include <stay/buf.h>
#include <stay/redis.h>

#include "../../adapters/redis/reply_parser.h"

/* What is wrong with bytes of another protocol. */
#define NO_TYPE                                                                \
	"a value begins with a byte that is no type of RESP: is this a Redis " \
	"server?"

/*
 * A parser with the bytes it was given. Each time, the bytes lie in other
 * memory of just their size, as they may in a session, so that a sanitizer sees
 * who reads past them or keeps an address.
 */
struct resp {
	struct stay_redis__parser parser;
	char *bytes;
	size_t len;
};

/* Bounds as by default. */
void resp_init(struct resp *resp);
void resp_fini(struct resp *resp);

/* `len` bytes more arrive. */
enum stay_redis__parsed resp_feed(
    struct resp *resp, const char *bytes, size_t len);

/* The frame is done with: the bytes behind it, if any, are the next one's. */
void resp_next(struct resp *resp);

/* The reply of a whole frame. */
const struct stay_redis_reply *resp_reply(const struct resp *resp);

/* A frame from its text, which must be whole. */
const struct stay_redis_reply *resp_parse(struct resp *resp, const char *wire);

/*
 * A reply as a line of text, read through <stay/redis.h> alone:
 *   nil +OK -ERR :7 #t ,1.5 (12 "text" txt"text" [a b] {k v} ~[a b] >[a b]
 * An attribute stands before what it is about: |{k v}:7
 */
void resp_dump(const struct stay_redis_reply *reply, struct stay_buf *out);

#endif
