/*
 * The server of a pool. It sees what no client does: whose calls a connection carries.
 * They come from one check-out after the other, each on one connection, and none finds
 * what another has left there.
 */
#include "pool_sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH, GREETED, LEFT };

/* One connection, as far as it is lent. */
struct pool_desk {
	uint32_t serial; /* from 1 */
	uint64_t lease;  /* whose call came last */
	uint64_t traces; /* who has left something; 0: nobody */
	uint64_t number; /* the call that came last */
};

static void
forget(struct desk *desk)
{
	free(desk->own);
}

static struct pool_desk *
own_of(struct desk *desk)
{
	struct pool_desk *own = desk->own;

	if (own != NULL)
		return own;
	own = sim_alloc(sizeof(*own));
	own->serial = (uint32_t)++the_run->pool->desks;
	desk->own = own;
	desk->forget = forget;
	return own;
}

static bool
lies(const struct desk *desk)
{
	const struct pool_sim *pool = the_run->pool;

	for (unsigned i = 0; i < pool->liar_count; i++)
		if (pool->liars[i] == desk->peer)
			return true;
	return false;
}

/* ---- whose calls ---- */

/* A session is lent to one after the other, and none has two of them. */
static void
check_borrower(const struct desk *desk, const struct pool_desk *own,
    const struct lent_call *call)
{
	uint32_t *where = &the_run->pool->desk_of[call->lease % LOANS_MAX];

	if (call->lease == 0 || lies(desk) || call->lease >= LOANS_MAX)
		return;
	if (call->lease < own->lease)
		broken(4,
		    "a call of check-out %" PRIu64 " comes behind one of "
		    "check-out %" PRIu64 " on the same connection",
		    call->lease, own->lease);
	if (own->traces != 0 && own->traces != call->lease)
		broken(2,
		    "check-out %" PRIu64 " finds what check-out %" PRIu64
		    " has left",
		    call->lease, own->traces);
	if (*where != 0 && *where != own->serial)
		broken(4, "check-out %" PRIu64 " has two connections",
		    call->lease);
	*where = own->serial;
}

static void
check_call(const struct desk *desk, const struct pool_desk *own,
    const struct lent_call *call, uint64_t number)
{
	if (number > the_run->pool->forked_at)
		broken(12, "the pool's server reads a call of a child");
	if (number <= own->number && !lies(desk))
		broken(4, "lent call %" PRIu64 " is read after call %" PRIu64,
		    number, own->number);
	if (call->executed > 1)
		broken(3, "lent call %" PRIu64 " is executed twice", number);
	if (call->told && !call->doubtful &&
	    (call->outcome == STAY_NOT_SENT || call->outcome == STAY_REFUSED))
		broken(3, "lent call %" PRIu64 " was told %s and is executed",
		    number, stay_outcome_name(call->outcome));
}

static const struct pool_shape *
shape_of(const struct lent_call *call, const char *in)
{
	const struct pool_shape *shape = &pool_shapes[call->shape];
	size_t len = strlen(shape->verb);

	if (strncmp(in, shape->verb, len) != 0 || in[len] != ' ')
		broken(4, "a lent call has come as %s", in);
	return shape;
}

static void
serve_call(struct desk *desk, const char *in)
{
	struct pool_sim *pool = the_run->pool;
	struct pool_desk *own = own_of(desk);
	const struct pool_shape *shape;
	struct lent_call *call;
	uint64_t lease = 0, number = 0;

	if (desk->end->phase != GREETED ||
	    sscanf(in, "%*s %" SCNu64 " %" SCNu64, &lease, &number) != 2 ||
	    number == 0 || number > pool->call_count)
		broken(4, "the pool's server in phase %u reads %s",
		    desk->end->phase, in);
	call = &pool->calls[number - 1];
	if (call->lease != lease)
		broken(4, "lent call %" PRIu64 " has come as another", number);
	shape = shape_of(call, in);
	call->executed++;
	check_call(desk, own, call, number);
	check_borrower(desk, own, call);
	own->number = number;
	own->lease = lease;
	if (shape->leaves)
		own->traces = lease;
	if (shape->replies > 0)
		desk_print(desk,
		    desk_delay(desk) + draw_below(pool->run, shape->slow_ms), 0,
		    "+%" PRIu64 " %" PRIu64 "\n", number, own->traces);
}

/* ---- the rest ---- */

static void
greet(struct desk *desk, const char *in)
{
	const struct host *host = desk->host;
	char right[64];

	if (strncmp(in, "hello ", 6) != 0 || desk->pings++ > 0)
		broken(4, "a session of a pool begins with %s", in);
	snprintf(right, sizeof(right), "hello %s", host->password);
	if (host->loading)
		desk_print(desk, desk_delay(desk), FRESH, "!later\n");
	else if (strcmp(in, right) != 0)
		desk_print(desk, desk_delay(desk), FRESH, "-denied\n");
	else
		desk_print(desk, desk_delay(desk), GREETED, "+hello\n");
}

static void
serve(struct peer_end *end, const struct peer_request *request)
{
	struct desk *desk = desk_of(end);
	char in[128];

	snprintf(in, sizeof(in), "%.*s", (int)request->words[0].len,
	    request->words[0].text);
	if (end->phase == LEFT)
		broken(4, "after the farewell comes %s", in);
	if (end->phase == FRESH) {
		greet(desk, in);
	} else if (strcmp(in, "ping") == 0) {
		desk_print(desk, desk_delay(desk), 0, "+pong\n");
	} else if (strcmp(in, "clean") == 0) {
		own_of(desk)->traces = 0;
		desk_print(desk, desk_delay(desk), 0, "+clean\n");
	} else if (strcmp(in, "bye") == 0) {
		end->phase = LEFT;
	} else {
		serve_call(desk, in);
	}
}

static void
lie(struct desk *desk)
{
	static const char *const lies[] = { "?\n", "+0\n", "+7", "-\n+",
		"+clean\n", "\r\n\r\n", "0\n", "9\n" };

	pool_doubt(the_run->pool, desk->peer);
	sim_peer_print(desk->peer, lies[draw_below(desk->host->run, 8)]);
}

static void
push(struct desk *desk)
{
	desk_print(desk, 0, 0, "#nothing\n");
}

/* Its clients are the pool's. */
const struct trade pool_trade = { .name = "line",
	.reads = peer_reads_lines,
	.serve = serve,
	.lie = lie,
	.push = push };
