/*
 * Ticks: a timer and a turn of its own for a protocol that keeps time: heartbeats, a
 * subscription that is restored piece by piece. Who never asks pays nothing. What the
 * protocol does then is its own.
 */
#include "client/tick.h"

#include "base/mem.h"
#include "client/client.h"
#include "client/tagged.h"

struct stay__tick {
	struct stay__timer timer;
	struct stay__task task;
	struct stay_session *session;
};

static void
tick(struct stay__task *task)
{
	struct stay__tick *own = STAY__CONTAINER(task, struct stay__tick, task);
	struct stay_session *session = own->session;

	stay__output_forget(session);
	session->client->profile->protocol.session.tick(session);
	stay__output_forget(session);
	stay__remark_tell(session);
	stay__renew_ask(session);
	stay__tagged_go_on(session->client->calls);
	stay__output_ask(session->client);
	stay__output_trim(session);
}

/* Not from among the timers: the slot may take as long as any callback. */
static void
tick_soon(struct stay__timer *timer)
{
	struct stay__tick *own =
	    STAY__CONTAINER(timer, struct stay__tick, timer);

	stay__loop_run_soon(own->session->client->loop, &own->task);
}

static struct stay__tick *
tick_of(struct stay_session *session)
{
	struct stay__tick *own = session->client->rare->tick;

	if (own != NULL)
		return own;
	if (!stay__rare_begin(session->client))
		return NULL;
	own = stay__zalloc(sizeof(*own));
	if (own == NULL)
		return NULL;
	stay__timer_init(&own->timer, tick_soon);
	stay__task_init(&own->task, tick);
	own->session = session;
	session->client->rare->tick = own;
	return own;
}

enum stay_status
stay__tick_after(struct stay_session *session, uint64_t ms)
{
	struct stay_loop *loop = session->client->loop;
	struct stay__tick *own;

	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return STAY_E_STATE;
	own = tick_of(session);
	if (own == NULL)
		return STAY_E_NOMEM;
	stay__task_cancel(&own->task);
	stay__loop_timer(loop, &own->timer, stay__loop_after(loop, ms));
	return STAY_OK;
}

void
stay__tick_stop(struct stay_session *session)
{
	struct stay__tick *own = session->client->rare->tick;

	if (own == NULL)
		return;
	stay__timer_stop(&own->timer);
	stay__task_cancel(&own->task);
}

void
stay__tick_fini(struct stay_session *session)
{
	struct stay__rare *rare = session->client->rare;

	if (rare->tick == NULL)
		return;
	stay__tick_stop(session);
	stay__free(rare->tick);
	rare->tick = NULL;
}
