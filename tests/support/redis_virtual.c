#include "support/redis_virtual.h"
#include "support/expect.h"

#include <check.h>

const struct peer_row redis_usual[] = {
	REDIS_GREETS,
	ON("GET", "$1\r\nv\r\n"),
	ON(PEER_ANYTHING, "+OK\r\n"),
	NO_MORE,
};

static struct redis_virtual *begun; /* and not ended; NULL: none */

void
redis_virtual_open(struct redis_virtual *here, const struct peer_row *rows)
{
	begun = here;
	here->redis = NULL;
	here->world = sim_world_new(1);
	here->loop = stay_loop_new(here->world);
	here->server = (struct peer){ .rows = rows,
		.usual = redis_usual,
		.reads = peer_reads_commands,
		.log = &here->log };
	peer_log_clear(&here->server);
	peer_listen(&here->server, here->world, "10.0.0.1", 6379);
}

void
redis_virtual_start(struct redis_virtual *here, const char *url,
    const struct stay_redis_options *options)
{
	EXPECT_OK(stay_redis_start(&here->redis, here->loop, url, options));
	sim_run_ms(here->world, 10);
}

void
redis_virtual_say(struct redis_virtual *here, const char *text)
{
	peer_say(here->server.ends, text);
	sim_run_ms(here->world, 10);
}

enum stay_state
redis_virtual_state(const struct redis_virtual *here)
{
	return stay_conn_state(stay_redis_conn(here->redis));
}

const char *
redis_virtual_failure(const struct redis_virtual *here)
{
	return stay_conn_failure(stay_redis_conn(here->redis));
}

void
redis_virtual_end(struct redis_virtual *here)
{
	begun = NULL;
	if (here->redis != NULL)
		stay_redis_stop(here->redis);
	ck_assert(sim_run(here->world, 60000));
	EXPECT_OK(stay_loop_free(here->loop));
}

void
redis_virtual_after(void)
{
	if (begun != NULL && begun->loop != NULL)
		redis_virtual_end(begun);
}
