/* How a stream comes to be, and how it does not. */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

#define LONG_MS 3000

/* The real ones: what a program does for itself does not fail here. */
int __real_close(int fd);

void
scenario_nothing(struct rig *rig)
{
	rig_run(rig, 10);
}

void
scenario_alone(struct rig *rig)
{
	struct stay_loop *loop;

	rig_enter(rig);
	loop = stay_loop_alone();
	rig_leave(rig);
	rig_expect(loop != NULL, "there is a loop of its own");
	if (loop != NULL && stay_loop_free(loop) != STAY_OK)
		fault_violation("the loop is not freed");
}

struct polled {
	struct stay_client *client;
	unsigned done;
	enum stay_status status;
};

static void
on_polled(void *arg, const struct stay_result *result)
{
	struct polled *polled = arg;

	polled->done++;
	polled->status = result->status;
	stay_client_stop(polled->client, STAY_OK);
}

static void
call_polled(struct stay_loop *loop, const char *url)
{
	struct stay_client_options options = rig_client_options();
	struct polled polled = { .done = 0 };
	bool accepted = false;

	if (stay_echo_start(&polled.client, loop, url, &options) == STAY_OK) {
		accepted = stay_echo_call(polled.client, "x", 1, on_polled,
			       &polled) == STAY_OK;
		if (!accepted)
			stay_client_stop(polled.client, STAY_OK);
	}
	if (stay_loop_run(loop) != STAY_OK || polled.done != accepted)
		fault_violation("told %u times", polled.done);
	rig_expect(accepted && polled.status == STAY_OK, "it is answered");
}

void
scenario_polled(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);
	struct stay_loop *loop;

	rig_enter(rig);
	loop = stay_loop_poll();
	rig_leave(rig);
	rig_expect(loop != NULL, "there is a loop on poll");
	if (loop == NULL)
		return;
	call_polled(loop, door_url(&server->door, "echo"));
	if (stay_loop_free(loop) != STAY_OK)
		fault_violation("the loop is not freed");
}

/* One call over this URL, answered. */
static void
call_over(
    struct rig *rig, const char *url, const struct stay_client_options *options)
{
	struct rig_member *echo = rig_echo(rig, url, options);

	rig_send(echo, 10, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_dial_tcp(struct rig *rig)
{
	call_over(rig,
	    door_url(&server_listen(SERVER_ECHO, false)->door, "echo"), NULL);
}

void
scenario_dial_unix(struct rig *rig)
{
	call_over(rig,
	    door_url(&server_listen(SERVER_ECHO, true)->door, "echo"), NULL);
}

void
scenario_dial_options(struct rig *rig)
{
	struct stay_client_options options = rig_client_options();
	struct stay_socket_options socket = {
		.nodelay = true,
		.keepalive_ms = 5000,
		.user_timeout_ms = 5000,
	};
	const struct sockaddr_in source = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};

	socket.source.len = sizeof(source);
	memcpy(&socket.source.storage, &source, sizeof(source));
	options.socket = &socket;
	call_over(rig,
	    door_url(&server_listen(SERVER_ECHO, false)->door, "echo"),
	    &options);
}

static void
call_by_name(struct rig *rig, const char *name)
{
	struct server *server = server_listen(SERVER_ECHO, false);

	call_over(rig, door_url_at(&server->door, "echo", name), NULL);
}

void
scenario_dial_localhost(struct rig *rig)
{
	call_by_name(rig, "localhost");
}

void
scenario_dial_two_addresses(struct rig *rig)
{
	call_by_name(rig, "two.test");
}

static const struct stay_call_options hasty = { STAY_CALL_OPTIONS,
	.timeout_ms = 100 };

/* A call to where nobody answers. */
static struct rig_member *
call_in_vain(
    struct rig *rig, const char *url, const struct stay_redis_options *options)
{
	struct rig_member *redis = rig_redis(rig, url, options);

	rig_ask_with(redis, NULL, &hasty, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_TIMEOUT, STAY_NOT_SENT);
	return redis;
}

void
scenario_dial_unknown_name(struct rig *rig)
{
	call_in_vain(rig, "redis://nobody.test", NULL);
}

void
scenario_dial_slow_name(struct rig *rig)
{
	struct stay_redis_options options = rig_redis_options();

	options.client.connect_budget_ms = 30;
	call_in_vain(rig, "redis://slow.test", &options);
}

void
scenario_dial_refused(struct rig *rig)
{
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.backoff.attempts_max = 2;
	redis = rig_redis(rig, "redis://127.0.0.1:1", &options);
	rig_ask(redis, NULL, NULL);
	rig_run(rig, LONG_MS);
	rig_expect(rig->calls[0].outcome == STAY_NOT_SENT, "it is never sent");
}

static unsigned times_asked;

static void
name_places(void *arg, struct stay_client *client)
{
	(void)arg;
	if (times_asked++ == 0)
		(void)stay_client_no_endpoints(client, "not yet");
	else
		(void)stay_client_endpoints(client, NULL);
}

void
scenario_dial_places(struct rig *rig)
{
	struct stay_client_options options = rig_client_options();
	struct server *server = server_listen(SERVER_ECHO, false);
	const char *const urls[] = { door_url(&server->door, "echo"), NULL };

	times_asked = 0;
	options.urls = urls;
	options.endpoints = name_places;
	call_over(rig, "echo://127.0.0.1:1", &options);
}

void
scenario_dial_clogged(struct rig *rig)
{
	struct stay_redis_options options = rig_redis_options();
	struct server *server = server_listen(SERVER_CLOGGED, false);

	options.client.connect_budget_ms = 30;
	rig_explain(
	    call_in_vain(rig, door_url(&server->door, "redis"), &options));
}

void
scenario_dial_closed_at_once(struct rig *rig)
{
	struct server *server = server_listen(SERVER_CLOSES, true);

	call_in_vain(rig, door_url(&server->door, "redis"), NULL);
	rig_expect(server->peer.accepted > 1, "it comes back");
}

void
scenario_governor_of_one(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);

	rig_expect(
	    stay_loop_set_dials_max(rig->loop, 1) == STAY_OK, "it is set");
	for (int i = 0; i < 3; i++)
		rig_send(rig_echo(rig, door_url(&server->door, "echo"), NULL),
		    9, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
}

/* ---- behaviours whose connect opens a stream of another kind ---- */

static int given[RIG_MEMBERS][2]; /* what the n-th member adopts */
static unsigned given_count;

static void
give(int read_fd, int write_fd)
{
	given[given_count][0] = read_fd;
	given[given_count++][1] = write_fd;
}

/* What nobody took is still ours. */
static void
take_back(void)
{
	while (given_count-- > 0) {
		int *fds = given[given_count];

		if (fds[0] >= 0)
			__real_close(fds[0]);
		if (fds[1] >= 0 && fds[1] != fds[0])
			__real_close(fds[1]);
	}
	given_count = 0;
}

static struct stay_verdict
hello_init(struct stay_conn *conn, void *state, void *arg)
{
	struct rig_member **member = state;

	(void)conn;
	*member = arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
adopt_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct rig_member *member = *(struct rig_member **)state;
	int *fds = given[member - member->rig->members];

	(void)info;
	if (stay_stream_adopt(conn, fds[0], fds[1]) != STAY_OK)
		return stay_verdict_stop(STAY_E_IO);
	fds[0] = fds[1] = -1;
	return stay_verdict_pending(100);
}

/* Says something whenever it is up, and counts what comes back. */
static struct stay_verdict
hello_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct rig_member *member = *(struct rig_member **)state;

	if (event->type == STAY_STREAM_UP) {
		if (stay_stream_send(conn, "hello", 5) != STAY_OK)
			return stay_verdict_stop(STAY_E_NOMEM);
		return stay_verdict_ok();
	}
	if (event->type == STAY_STREAM_DATA)
		member->seen += (unsigned)event->bytes.len;
	if (event->type == STAY_MESSAGE &&
	    stay_stream_send(conn, "again", 5) != STAY_OK)
		return stay_verdict_stop(STAY_E_NOMEM);
	return stay_verdict_noreply();
}

static struct stay_verdict
gone(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	return stay_verdict_stop(
	    info.status == STAY_OK ? STAY_E_IO : info.status);
}

static const struct stay_behaviour adopter = {
	STAY_BEHAVIOUR,
	.name = "adopter",
	.state_size = sizeof(struct rig_member *),
	.init = hello_init,
	.connect = adopt_connect,
	.disconnect = gone,
	.handle_info = hello_info,
};

static struct server *
give_pair(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fds) != 0)
		fault_violation("no socket pair: %s", strerror(errno));
	give(fds[0], fds[0]);
	return server_adopt(SERVER_ECHO, fds[1], fds[1]);
}

void
scenario_adopt_socket(struct rig *rig)
{
	struct server *server = give_pair();
	struct rig_member *member = rig_conn(rig, &adopter, NULL);

	rig_run(rig, 10);
	rig_expect(member->seen == 5, "it is answered");
	server_hang_up(server, false);
	rig_run(rig, 10);
	rig_expect(member->closed == 1, "it ends");
	rig_finish(rig);
	take_back();
}

void
scenario_adopt_pipes(struct rig *rig)
{
	int to[2], from[2];
	struct rig_member *member;
	struct server *server;

	if (pipe2(to, O_NONBLOCK | O_CLOEXEC) != 0 ||
	    pipe2(from, O_NONBLOCK | O_CLOEXEC) != 0)
		fault_violation("no pipes: %s", strerror(errno));
	give(from[0], to[1]);
	server = server_adopt(SERVER_ECHO, to[0], from[1]);
	member = rig_conn(rig, &adopter, NULL);
	rig_run(rig, 10);
	rig_expect(member->seen == 5, "it is answered");
	rig_tell(member, 1);
	server_hang_up(server, false);
	rig_run(rig, 10);
	rig_expect(member->closed == 1, "it ends, and no signal comes");
	rig_finish(rig);
	take_back();
}

void
scenario_many_connections(struct rig *rig)
{
	unsigned answered = 0;

	for (int i = 0; i < 60; i++) {
		give_pair();
		rig_conn(rig, &adopter, NULL);
	}
	rig_run(rig, 10);
	for (unsigned i = 0; i < rig->member_count; i++)
		answered += rig->members[i].seen == 5;
	rig_expect(answered == 60, "all are answered");
	rig_finish(rig);
	take_back();
}

/* ---- several targets ---- */

static const struct server *listed;

static struct stay_verdict
list_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	char port[8];
	const struct stay_target targets[] = {
		stay_target_make("unix", "", "", "/nowhere/at/all"),
		stay_target_make("tcp", "127.0.0.1", "1", ""),
		stay_target_make("tcp", "127.0.0.1", port, ""),
	};

	(void)state;
	(void)info;
	snprintf(port, sizeof(port), "%d", listed->door.port);
	if (stay_stream_dial_to(conn, targets, 3) != STAY_OK)
		return stay_verdict_backoff(10);
	return stay_verdict_pending(100);
}

static const struct stay_behaviour lister = {
	STAY_BEHAVIOUR,
	.name = "lister",
	.state_size = sizeof(struct rig_member *),
	.init = hello_init,
	.connect = list_connect,
	.disconnect = gone,
	.handle_info = hello_info,
};

void
scenario_dial_list(struct rig *rig)
{
	struct rig_member *member;

	listed = server_listen(SERVER_ECHO, false);
	member = rig_conn(rig, &lister, NULL);
	rig_run(rig, 400);
	rig_expect(member->seen == 5, "the third answers");
}

/* ---- a transport of the program's own: an address with a twist ---- */

struct mirror {
	int fd;
};

static int
mirror_open(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	struct mirror *mirror = state;
	int result;

	(void)target;
	if (address == NULL)
		return -EINVAL;
	result = world->ops->connect(world, address, options, &mirror->fd);
	fds[0] = fds[1] = mirror->fd;
	return result;
}

static int
mirror_finish(void *state, struct stay_world *world)
{
	return world->ops->finish(world, ((struct mirror *)state)->fd);
}

static ssize_t
mirror_read(void *state, struct stay_world *world, void *bytes, size_t len)
{
	return world->ops->read(
	    world, ((struct mirror *)state)->fd, bytes, len);
}

static ssize_t
mirror_write(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	return world->ops->write(
	    world, ((struct mirror *)state)->fd, parts, count);
}

static void
mirror_close(void *state, struct stay_world *world)
{
	world->ops->close(world, ((struct mirror *)state)->fd);
}

static const struct stay_transport mirror = {
	STAY_TRANSPORT,
	.scheme = "mirror",
	.state_size = sizeof(struct mirror),
	.open = mirror_open,
	.finish = mirror_finish,
	.read = mirror_read,
	.write = mirror_write,
	.close = mirror_close,
};

void
scenario_user_transport(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);
	enum stay_status status = stay_loop_add_transport(rig->loop, &mirror);

	rig_expect(status == STAY_OK, "the scheme is taken");
	if (status == STAY_OK)
		call_over(rig, door_url(&server->door, "mirror"), NULL);
}
