/*
 * The planned end of a session over TCP: a peer that speaks all the time hears
 * the goodbye, and the end of the stream in order. A close with unread input
 * would be a reset, which takes the goodbye with it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>
#include <stay/client.h>

#include "suites.h"

#define ROUNDS  100
#define WAIT_MS 50000
/* So long the client waits for the peer at most; a machine that is away for longer lets it
 * hang up on somebody who talks. */
#define GRACE_S .25

/* ---- a protocol of pushes, with a goodbye ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	return stay_buf_puts(out, request->data);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	(void)session;
	return stay_frame_push(in.len, NULL);
}

static void
bye(struct stay_session *session)
{
	if (stay_buf_puts(stay_session_control(session), "bye\n") == STAY_OK)
		(void)stay_session_expect(session, 0);
}

static const struct stay_session_ops pushes_session = { STAY_SESSION_OPS,
	.bye = bye };

static const struct stay_protocol pushes = { STAY_PROTOCOL, .name = "pushes",
	.port = "1", .encode = encode, .decode = decode,
	.session = &pushes_session };

/* ---- a peer that speaks until it has heard the end ---- */

struct talker {
	ev_io io;
	char heard[64];
	size_t len;
	unsigned sends;
	bool over;
	int error; /* with which it ended; 0: in order */
};

/* A reset is told once: to whoever reads or writes next. */
static void
note_error(struct talker *talker)
{
	if (errno != EAGAIN && talker->error == 0)
		talker->error = errno;
}

static void
hear(struct talker *talker)
{
	ssize_t got = read(talker->io.fd, talker->heard + talker->len,
	    sizeof(talker->heard) - 1 - talker->len);

	if (got > 0)
		talker->len += (size_t)got;
	if (got < 0)
		note_error(talker);
	talker->over = got == 0 || (got < 0 && errno != EAGAIN);
}

/* It listens now and then, as whoever is busy. */
static void
on_talker(struct ev_loop *ev, ev_io *io, int events)
{
	static char chatter[65536];
	struct talker *talker = io->data;

	(void)events;
	if (send(io->fd, chatter, sizeof(chatter), MSG_NOSIGNAL) < 0)
		note_error(talker);
	if (++talker->sends % 8 == 0)
		hear(talker);
	if (!talker->over)
		return;
	ev_io_stop(ev, io);
	close(io->fd);
}

/* ---- where it is dialled ---- */

struct entry {
	ev_io io;
	int port;
	struct talker *talker; /* NULL: nobody is expected */
};

static void
on_dialled(struct ev_loop *ev, ev_io *io, int events)
{
	struct entry *entry = io->data;
	struct talker *talker = entry->talker;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK);

	(void)events;
	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(talker);
	entry->talker = NULL;
	ev_io_init(&talker->io, on_talker, fd, EV_WRITE);
	talker->io.data = talker;
	ev_io_start(ev, &talker->io);
}

static void
entry_open(struct entry *entry, struct ev_loop *ev)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	entry->port = ntohs(at.sin_port);
	entry->talker = NULL;
	ev_io_init(&entry->io, on_dialled, fd, EV_READ);
	entry->io.data = entry;
	ev_io_start(ev, &entry->io);
}

/* ---- a round ---- */

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	bool *closed = arg;

	(void)conn;
	(void)reason;
	*closed = true;
}

static void
on_late(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events;
	ck_abort_msg("nothing ends");
}

static void
run_until(struct ev_loop *ev, const bool *holds)
{
	while (!*holds)
		ev_run(ev, EVRUN_ONCE);
}

/* False: it took so long that nothing is known. */
static bool
say_goodbye_once(
    struct ev_loop *ev, struct stay_loop *loop, struct entry *entry)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_closed = on_closed };
	struct talker talker = { .len = 0 };
	struct stay_client *client;
	bool closed = false;
	double stopped;
	char url[64];

	options.arg = &closed;
	entry->talker = &talker;
	snprintf(url, sizeof(url), "pushes://127.0.0.1:%d", entry->port);
	EXPECT_OK(stay_client_start(&client, loop, &pushes, url, &options));
	while (entry->talker != NULL ||
	       stay_conn_state(stay_client_conn(client)) != STAY_CONNECTED)
		ev_run(ev, EVRUN_ONCE);
	for (int i = 0; i < 3; i++)
		ev_run(ev, EVRUN_ONCE);
	stopped = ev_time();
	stay_client_stop(client, STAY_OK);
	run_until(ev, &closed);
	run_until(ev, &talker.over);
	if (ev_time() - stopped > GRACE_S)
		return false;
	ck_assert_str_eq(talker.heard, "bye\n");
	ck_assert_int_eq(talker.error, 0);
	return true;
}

TEST(farewell_is_heard_by_a_peer_that_talks)
{
	struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
	struct stay_loop *loop = stay_loop_ev(ev);
	struct entry entry;
	ev_timer late;

	entry_open(&entry, ev);
	ev_timer_init(&late, on_late, WAIT_MS / 1000., 0.);
	ev_timer_start(ev, &late);
	for (int known = 0; known < ROUNDS;)
		known += say_goodbye_once(ev, loop, &entry);
	ev_timer_stop(ev, &late);
	ev_io_stop(ev, &entry.io);
	close(entry.io.fd);
	EXPECT_OK(stay_loop_free(loop));
	ev_loop_destroy(ev);
}

TEST_SUITE_WITH(farewell, .seconds = 60)
