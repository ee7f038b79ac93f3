/*
 * Bodies of calls: where their bytes come from, late, in part or never, and that each
 * is asked for in order, within its bounds, and no more when it is over. What a server
 * makes of them is its trade's.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

#define BODY_MOST 150000

/* The longest that a source makes its call wait. */
#define LATE_MS 300

static struct call *
call_of(void *arg)
{
	struct call *call = ledger_find(the_run, (uintptr_t)arg);

	if (call == NULL || !call->body.is_there || call->body.over)
		broken(5, "a body is called back behind its end");
	return call;
}

/* ---- late ---- */

struct errand {
	uint64_t number;
};

/* Nobody may wait by then, or the body is over. */
static void
go_on(void *arg)
{
	struct errand *errand = arg;
	const struct call *call = ledger_find(the_run, errand->number);

	if (!call->body.over)
		INSIDE(stay_feed_go_on(call->body.feed));
	free(errand);
}

static struct stay_fed
be_late(const struct call *call)
{
	struct errand *errand;

	if (draw_mille(the_run, 100))
		return stay_fed_wait(); /* for ever */
	errand = sim_alloc(sizeof(*errand));
	errand->number = call->number;
	if (draw_mille(the_run, 200))
		go_on(errand);
	else
		sim_at(the_run->world, draw_below(the_run, LATE_MS), go_on,
		    errand);
	return stay_fed_wait();
}

/* ---- a piece ---- */

/* It goes on behind an answer, and behind no other end. */
static void
check_more(struct call *call, const struct stay_buf *out, size_t max)
{
	const struct user *user = &the_run->users[call->user];
	uint64_t left = call->body.len - call->body.at;

	if (call->told && call->status != STAY_OK &&
	    call->status != STAY_E_SERVER && !call->doubtful)
		broken(5, "call %" PRIu64 " is over, and its body is asked",
		    call->number);
	if (stay_buf_len(out) != 0 || max == 0 || max > STAY_BODY_PIECE ||
	    (!call->body.open && max > left))
		broken(7, "call %" PRIu64 " is asked for %zu of %" PRIu64,
		    call->number, max, left);
	if (call->body.begun && call->body.begun_in != user->connects)
		broken(3,
		    "the body of call %" PRIu64 " goes on in another session",
		    call->number);
	if (!call->body.begun && call->body.at != 0)
		broken(3, "the body of call %" PRIu64 " begins in its middle",
		    call->number);
	call->body.begun = true;
	call->body.begun_in = user->connects;
}

static size_t
size_of_piece(const struct call *call, size_t max)
{
	uint64_t left = call->body.len - call->body.at;

	return (size_t)draw_between(the_run, 1, left < max ? left : max);
}

static struct stay_fed
bring(struct call *call, struct stay_buf *out, size_t len)
{
	char *to = stay_buf_reserve(out, len);

	if (to == NULL)
		return stay_fed_failed(STAY_E_NOMEM, NULL);
	pad_write_from(call, call->pad + (size_t)call->body.at, to, len);
	stay_buf_commit(out, len);
	call->body.at += len;
	if (call->body.open && call->body.at == call->body.len)
		return stay_fed_end();
	return draw_mille(the_run, 150) ? be_late(call) : stay_fed_more();
}

/* Too early, or an open length is that. */
static struct stay_fed
end_now(struct call *call)
{
	if (call->body.open)
		call->body.len = call->body.at;
	return stay_fed_end();
}

/* What it says is lost if it is given up by then. */
static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct call *call = call_of(arg);
	unsigned user = call->user;
	struct stay_fed fed;

	called_back(the_run);
	check_more(call, out, max);
	call->body.feed = feed;
	the_run->figures->pieces++;
	act_inside(the_run, &the_run->users[user]);
	call = call_of(arg);
	if (call->body.at == call->body.len)
		fed = stay_fed_end();
	else if (draw_mille(the_run, 15))
		fed = stay_fed_failed(STAY_E_IO, "torn");
	else if (draw_mille(the_run, 5))
		fed = end_now(call);
	else if (draw_mille(the_run, 50))
		fed = be_late(call);
	else
		fed = bring(call, out, size_of_piece(call, max));
	call_is_back(the_run);
	return fed;
}

static enum stay_status
begin_anew(void *arg)
{
	struct call *call = call_of(arg);

	called_back(the_run);
	if (!call->body.begun || call->told)
		broken(3, "the body of call %" PRIu64 " begins anew",
		    call->number);
	call->body.begun = false;
	call->body.at = 0;
	act_inside(the_run, &the_run->users[call->user]);
	call_is_back(the_run);
	call = call_of(arg); /* the ledger may have grown */
	call->body.stays_over = draw_mille(the_run, 50);
	return call->body.stays_over ? STAY_E_IO : STAY_OK;
}

/* Inside of a public call it says that the call is rejected. */
static void
over(void *arg)
{
	struct run *run = the_run;
	struct call *call = call_of(arg);
	struct user *user = &run->users[call->user];
	bool rejected = run->calling;

	if (rejected ? call->id.token.generation != 0 : !call->told)
		broken(1, "the body of call %" PRIu64 " is over too early",
		    call->number);
	call->body.over = true;
	if (rejected)
		return;
	called_back(run);
	act_inside(run, user);
	call_is_back(run);
}

/* ---- for the books ---- */

/* A length that is open has an end all the same. */
struct stay_body
body_make(struct call *call)
{
	struct run *run = the_run;
	bool rewinds = draw_mille(run, 700);

	call->body.is_there = true;
	call->body.open = draw_mille(run, 300);
	call->body.len = draw_between(
	    run, call->body.open, draw_mille(run, 500) ? BODY_MOST : 2000);
	if (draw_mille(run, 200))
		call->body.len += draw_below(run, BODY_MOST);
	run->figures->bodies++;
	return (struct stay_body){ STAY_BODY,
		.len = call->body.open ? STAY_BODY_OPEN : call->body.len,
		.more = more, .rewind = rewinds ? begin_anew : NULL,
		.over = over, .arg = (void *)(uintptr_t)call->number };
}

void
body_close(const struct call *call)
{
	if (call->body.is_there && !call->body.over)
		broken(1,
		    "nobody hears that the body of call %" PRIu64 " is over",
		    call->number);
}
