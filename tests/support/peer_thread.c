#include "peer_thread.h"

#include <check.h>

static void
on_over(struct ev_loop *ev, ev_async *over, int events)
{
	(void)over;
	(void)events;
	ev_break(ev, EVBREAK_ALL);
}

static void *
run(void *arg)
{
	struct peer_thread *it = arg;

	ev_run(it->ev, 0);
	return NULL;
}

const char *
peer_thread_open(struct peer_thread *it, struct peer peer, const char *scheme)
{
	it->peer = peer;
	it->ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(it->ev);
	door_open(&it->door, &it->peer, it->ev, DOOR_TCP);
	ev_async_init(&it->over, on_over);
	ev_async_start(it->ev, &it->over);
	ck_assert_int_eq(pthread_create(&it->thread, NULL, run, it), 0);
	return door_url(&it->door, scheme);
}

void
peer_thread_close(struct peer_thread *it)
{
	ev_async_send(it->ev, &it->over);
	ck_assert_int_eq(pthread_join(it->thread, NULL), 0);
	door_close(&it->door);
	peer_fini(&it->peer);
	ev_async_stop(it->ev, &it->over);
	ev_loop_destroy(it->ev);
}
