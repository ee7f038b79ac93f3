/*
 * A client of Redis in a simulated world, and its server at 10.0.0.1:6379, which
 * does what the test's rows say. What is in no row: a map for HELLO, +PONG,
 * "v" for GET, and +OK for all else.
 */
#ifndef STAY_TESTS_REDIS_VIRTUAL_H
#define STAY_TESTS_REDIS_VIRTUAL_H

#include <stay/redis.h>

#include "peer_virtual.h"

#define REDIS_HELLO                                                            \
	"%4\r\n+server\r\n+redis\r\n+version\r\n+7.2.4\r\n+proto\r\n:3\r\n"    \
	"+role\r\n+master\r\n"

/* What a server without a login says to a greeting, as rows. */
#define REDIS_GREETS                                                           \
	ON("HELLO", REDIS_HELLO), ON("PING", "+PONG\r\n"),                     \
	{                                                                      \
		.request = "CLIENT SETINFO", .answer = "+OK\r\n",              \
		.unlogged = true                                               \
	}

/* Behind the rows of a test; for a server elsewhere, too. */
extern const struct peer_row redis_usual[];

#define REDIS(...)                                                             \
	(&(const struct stay_redis_options){ STAY_REDIS_OPTIONS, __VA_ARGS__ })

struct redis_virtual {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_redis *redis;
	struct peer server;
	struct peer_log log; /* without CLIENT SETINFO, which all begin with */
};

/* Make a world, its server and a loop; `rows` may be NULL. */
void redis_virtual_open(
    struct redis_virtual *here, const struct peer_row *rows);

/* Start the client and let 10 ms pass. */
void redis_virtual_start(struct redis_virtual *here, const char *url,
    const struct stay_redis_options *options);

/* The server says so, and 10 ms pass. */
void redis_virtual_say(struct redis_virtual *here, const char *text);

/* What its client says of itself. */
enum stay_state redis_virtual_state(const struct redis_virtual *here);
const char *redis_virtual_failure(const struct redis_virtual *here);

/* Stop the client and wait until nothing of it is left. */
void redis_virtual_end(struct redis_virtual *here);
/* So ends what a test has left, as the suite's `.after`. */
void redis_virtual_after(void);

#endif
