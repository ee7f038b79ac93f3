/* Calls from other threads, of any protocol; and an inbox that is full. */
#include <stay/runner.h>

#include <pthread.h>
#include <string.h>

#include "runner/runner.h"
#include "suites.h"
#include "support/line_protocol.h"
#include "support/peer_thread.h"
#include "support/scarce.h"
#include "support/secret.h"

static struct peer_thread server;
static struct stay_runner *runner;
static struct stay_remote *remote;
static struct line_notes notes; /* of the loop's thread */
static unsigned finis;
static struct line_config config = { .notes = &notes, .finis = &finis };

static const struct peer_row answering[] = {
	ON("never", ""),
	ON("a", "+A\n"),
	NO_MORE,
};

static void
begin_with(struct stay_runner_options runs, struct stay_client_options options)
{
	const char *url = peer_thread_open(&server,
	    (struct peer){ .rows = answering, .reads = peer_reads_lines },
	    "line");

	runs.size = sizeof(runs);
	options.size = sizeof(options);
	options.config = &config;
	EXPECT_OK(stay_runner_start(&runner, &runs));
	EXPECT_OK(
	    stay_remote_start(&remote, runner, &line_protocol, url, &options));
}

static void
begin(void)
{
	begin_with((struct stay_runner_options){ 0 },
	    (struct stay_client_options){ 0 });
}

static void
end(void)
{
	stay_remote_free(remote);
	EXPECT_OK(stay_runner_free(runner));
	peer_thread_close(&server);
}

/* ---- what is told on the loop's thread ---- */

static struct told {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned count;
	char words[256]; /* what was told, in order */
	bool is_here;
} told = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER };

static void
on_done(void *arg, const struct stay_result *result)
{
	pthread_mutex_lock(&told.lock);
	told.is_here = stay_runner_is_here();
	strcat(told.words, arg);
	strcat(told.words, stay_status_name(result->status) + 5);
	strcat(told.words, ";");
	told.count++;
	pthread_cond_signal(&told.more);
	pthread_mutex_unlock(&told.lock);
}

static void
wait_told(unsigned count)
{
	pthread_mutex_lock(&told.lock);
	while (told.count < count)
		pthread_cond_wait(&told.more, &told.lock);
	pthread_mutex_unlock(&told.lock);
}

static void
hear(unsigned count, const char *words)
{
	wait_told(count);
	pthread_mutex_lock(&told.lock);
	ck_assert_str_eq(told.words, words);
	ck_assert(told.is_here);
	told.count = 0;
	told.words[0] = '\0';
	pthread_mutex_unlock(&told.lock);
}

static enum stay_status
call(
    const char *text, const struct stay_call_options *options, const char *name)
{
	return stay_remote_call(
	    remote, LINE(text), options, on_done, (void *)(uintptr_t)name);
}

static void
on_piece(void *arg, struct stay_bytes piece)
{
	(void)arg;
	(void)piece;
}

TEST(remote_call_is_told_on_the_loops_thread)
{
	struct stay_call_options here = { STAY_CALL_OPTIONS, .session = 7 };

	begin();
	EXPECT_OK(call("a", NULL, "1 "));
	EXPECT_OK(call("a", NULL, "2 "));
	hear(2, "1 OK;2 OK;");
	EXPECT_OK(call("a", &here, "3 "));
	hear(1, "3 E_OFFLINE;");
	here =
	    (struct stay_call_options){ STAY_CALL_OPTIONS, .piece = on_piece };
	EXPECT_OK(call("a", &here, "3 "));
	hear(1, "3 E_UNSUPPORTED;");
	EXPECT_OK(stay_remote_call(remote, LINE("a"), NULL, NULL, NULL));
	EXPECT_OK(call("a", NULL, "4 "));
	hear(1, "4 OK;");
}

TEST(remote_call_is_refused_by_encode)
{
	struct stay_future *future;

	begin_with((struct stay_runner_options){ 0 },
	    (struct stay_client_options){ .queue_bytes_max = 64 });
	ck_assert_int_eq(
	    stay_remote_call(remote, LINE_WITH("a", .refuse = STAY_E_FORMAT),
		NULL, on_done, NULL),
	    STAY_E_FORMAT);
	future = stay_remote_future(remote,
	    LINE("a line that is longer than what may wait to be sent at all, "
		 "so that it is none"),
	    NULL);
	ck_assert_int_eq(stay_future_result(future)->status, STAY_E_TOO_BIG);
	stay_future_free(future);
	ck_assert_uint_eq(told.count, 0);
}

/* Before anything else is looked at. */
TEST(remote_call_behind_a_stop_is_rejected)
{
	begin();
	stay_remote_stop(remote);
	ck_assert_int_eq(
	    stay_remote_call(remote, LINE_WITH("a", .refuse = STAY_E_FORMAT),
		NULL, on_done, NULL),
	    STAY_E_STOPPED);
}

static enum stay_status
status_with(struct stay_call_options options)
{
	struct stay_future *future =
	    stay_remote_future(remote, LINE("never"), &options);
	const struct stay_result *result = stay_future_result(future);
	enum stay_status status = result == NULL ? STAY_OK : result->status;

	stay_future_free(future);
	return status;
}

TEST(remote_call_has_no_option_of_the_loops_alone)
{
	const struct stay_body body = { STAY_BODY };
	struct stay_call_id id;

	begin();
	ck_assert_int_eq(status_with((struct stay_call_options){
			     STAY_CALL_OPTIONS, .id = &id }),
	    STAY_E_UNSUPPORTED);
	ck_assert_int_eq(status_with((struct stay_call_options){
			     STAY_CALL_OPTIONS, .part = on_done }),
	    STAY_E_UNSUPPORTED);
	ck_assert_int_eq(status_with((struct stay_call_options){
			     STAY_CALL_OPTIONS, .piece = on_piece }),
	    STAY_E_UNSUPPORTED);
	ck_assert_int_eq(status_with((struct stay_call_options){
			     STAY_CALL_OPTIONS, .body = &body }),
	    STAY_E_UNSUPPORTED);
	ck_assert_int_eq(status_with((struct stay_call_options){
			     STAY_CALL_OPTIONS, .flags = 1u << 20 }),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    status_with((struct stay_call_options){ .size = 1 }), STAY_E_ABI);
	EXPECT_OK(status_with((struct stay_call_options){
	    STAY_CALL_OPTIONS, .timeout_ms = 10000 }));
}

static void
release(const void *of)
{
	(void)of;
}

static void
count_live(void *arg, struct stay_loop *loop)
{
	*(size_t *)arg = stay_loop_live(loop);
}

/* And what was begun of it ends. */
TEST(remote_does_not_borrow_a_config)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_release = release };
	struct stay_remote *other;
	size_t live = 2;

	begin();
	ck_assert_int_eq(stay_remote_start(&other, runner, &line_protocol,
			     door_url(&server.door, "line"), &options),
	    STAY_E_ARG);
	ck_assert_ptr_null(other);
	ck_assert_str_eq(
	    stay_remote_rejection(), "a remote has no config_release");
	for (int i = 0; i < 100000 && live > 1; i++)
		EXPECT_OK(stay_runner_do(runner, 0, count_live, &live));
	ck_assert_uint_eq(live, 1);
}

static void
see_client(void *arg, struct stay_client *client)
{
	*(struct stay_client **)arg = client;
}

/* The copy for encode may have a password in it. */
TEST(remote_leaves_no_secret)
{
	const char secret[32] = "is s3cr3t";
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = secret, .config_size = sizeof(secret) };
	struct stay_client *client;
	struct stay_remote *other;

	begin();
	EXPECT_OK(stay_remote_start(&other, runner, &line_bare_protocol,
	    door_url(&server.door, "line"), &options));
	stay_remote_stop(other);
	do
		EXPECT_OK(stay_remote_do(other, see_client, &client));
	while (client != NULL);
	secret_watch("s3cr3t");
	stay_remote_free(other);
	ck_assert_uint_eq(secret_freed(), 0);
}

static bool is_untold;

static enum stay_status
look_and_encode(struct stay_request *call, struct stay_buf *out)
{
	is_untold = call->is_untold;
	return line_protocol.encode(call, out);
}

TEST(remote_call_is_encoded_as_one_that_nobody_waits_for)
{
	static struct stay_protocol looking;
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_remote *first;

	begin();
	first = remote;
	looking = line_protocol;
	looking.encode = look_and_encode;
	EXPECT_OK(stay_remote_start(&remote, runner, &looking,
	    door_url(&server.door, "line"), &options));
	EXPECT_OK(stay_remote_call(remote, LINE("a"), NULL, NULL, NULL));
	ck_assert(is_untold);
	EXPECT_OK(call("a", NULL, "1 "));
	ck_assert(!is_untold);
	hear(1, "1 OK;");
	stay_remote_free(first);
}

/* ---- full ---- */

/* The loop is held up, so that nobody takes what is given. */
static struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool is_shut, is_held;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.moved = PTHREAD_COND_INITIALIZER };

static void
set(bool *what, bool value)
{
	pthread_mutex_lock(&gate.lock);
	*what = value;
	pthread_cond_broadcast(&gate.moved);
	pthread_mutex_unlock(&gate.lock);
}

static void
wait_until(const bool *what, bool value)
{
	pthread_mutex_lock(&gate.lock);
	while (*what != value)
		pthread_cond_wait(&gate.moved, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static void
hold_up(void *arg, struct stay_loop *loop)
{
	(void)arg;
	(void)loop;
	set(&gate.is_held, true);
	wait_until(&gate.is_shut, false);
	set(&gate.is_held, false);
}

static void *
shut_gate(void *arg)
{
	(void)arg;
	EXPECT_OK(stay_runner_do(runner, 0, hold_up, NULL));
	return NULL;
}

static pthread_t
shut(void)
{
	pthread_t thread;

	set(&gate.is_shut, true);
	ck_assert_int_eq(pthread_create(&thread, NULL, shut_gate, NULL), 0);
	wait_until(&gate.is_held, true);
	return thread;
}

static void
open_gate(pthread_t thread)
{
	set(&gate.is_shut, false);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

TEST(remote_call_is_rejected_when_the_inbox_is_full)
{
	pthread_t thread;

	begin_with((struct stay_runner_options){ .inbox_max = 2 },
	    (struct stay_client_options){ 0 });
	thread = shut();
	EXPECT_OK(call("a", NULL, "1 "));
	EXPECT_OK(call("a", NULL, "2 "));
	ck_assert_int_eq(call("a", NULL, "3 "), STAY_E_FULL);
	open_gate(thread);
	hear(2, "1 OK;2 OK;");
}

static void *
call_blocked(void *arg)
{
	enum stay_status *status = arg;

	*status = call("a", NULL, "2 ");
	return NULL;
}

static pthread_t
call_elsewhere(enum stay_status *status)
{
	pthread_t thread;

	ck_assert_int_eq(
	    pthread_create(&thread, NULL, call_blocked, status), 0);
	return thread;
}

TEST(remote_call_waits_for_room)
{
	enum stay_status status = STAY_E_ARG;
	pthread_t thread, other;

	begin_with((struct stay_runner_options){ .inbox_max = 1,
		       .full = STAY_INBOX_BLOCK },
	    (struct stay_client_options){ 0 });
	thread = shut();
	EXPECT_OK(call("a", NULL, "1 "));
	other = call_elsewhere(&status);
	open_gate(thread);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	EXPECT_OK(status);
	ck_assert_uint_eq(atomic_load(&runner->waiting), 0);
	hear(2, "1 OK;2 OK;");
}

/* The loop's thread would wait for itself. */
static enum stay_status inside[4];

static void
fill_inside(void *arg, struct stay_client *client)
{
	struct stay_remote *other;

	(void)client;
	inside[0] = call("a", NULL, "1 ");
	inside[1] = call("a", NULL, "2 ");
	inside[2] = stay_remote_do(remote, fill_inside, arg);
	inside[3] =
	    stay_remote_start(&other, runner, &line_protocol, "line://a", NULL);
}

TEST(remote_call_does_not_wait_for_room_in_a_callback)
{
	begin_with((struct stay_runner_options){ .inbox_max = 1,
		       .full = STAY_INBOX_BLOCK },
	    (struct stay_client_options){ 0 });
	EXPECT_OK(stay_remote_do(remote, fill_inside, NULL));
	hear(1, "1 OK;");
	EXPECT_OK(inside[0]);
	ck_assert_int_eq(inside[1], STAY_E_FULL);
	ck_assert_int_eq(inside[2], STAY_E_REENTRANT);
	ck_assert_int_eq(inside[3], STAY_E_REENTRANT);
}

/* It is told so, or it came in before, and is told in its `done`. What was in front of
 * the stop is answered if it had left by then. */
TEST(remote_call_that_waits_for_room_hears_of_a_stop)
{
	enum stay_status status = STAY_E_ARG;
	pthread_t thread, other;

	begin_with((struct stay_runner_options){ .inbox_max = 1,
		       .full = STAY_INBOX_BLOCK },
	    (struct stay_client_options){ 0 });
	EXPECT_OK(call("a", NULL, "0 "));
	hear(1, "0 OK;");
	thread = shut();
	EXPECT_OK(call("a", NULL, "1 "));
	stay_runner_stop(runner);
	other = call_elsewhere(&status);
	open_gate(thread);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	wait_told(status == STAY_OK ? 2 : 1);
	ck_assert_msg(strstr(told.words, "1 OK;") != NULL ||
			  strstr(told.words, "1 E_STOPPED;") != NULL,
	    "told %s", told.words);
	if (status == STAY_OK)
		EXPECT_IN(told.words, "2 E_STOPPED;");
	else
		ck_assert_int_eq(status, STAY_E_STOPPED);
}

/* Some in this turn, some in the next ones: each once, and in order. */
#define MANY 3000

static unsigned in_order;

static void
count_in_order(void *arg, const struct stay_result *result)
{
	(void)result;
	in_order += (uintptr_t)arg == in_order;
}

TEST(remote_calls_of_a_thread_come_in_its_order)
{
	pthread_t thread;

	begin();
	in_order = 0;
	thread = shut();
	for (uintptr_t i = 0; i < MANY; i++)
		EXPECT_OK(stay_remote_call(
		    remote, LINE("a"), NULL, count_in_order, (void *)i));
	EXPECT_OK(call("a", NULL, "last "));
	open_gate(thread);
	hear(1, "last OK;");
	ck_assert_uint_eq(in_order, MANY);
}

/* ---- memory ---- */

TEST(remote_future_needs_memory)
{
	const struct stay_result *result;
	struct stay_future *future;
	unsigned failed = 0;
	bool has_failed;

	begin();
	do {
		scarce_arm(++failed);
		future = stay_remote_future(remote, LINE("a"), NULL);
		has_failed = scarce_disarm();
		result = stay_future_result(future);
		if (has_failed) {
			ck_assert_int_eq(result->status, STAY_E_NOMEM);
			ck_assert_int_eq(result->outcome, STAY_NOT_SENT);
		}
		stay_future_free(future);
	} while (has_failed);
	ck_assert_uint_eq(failed, 4);
}

TEST(remote_needs_memory)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_remote *other;
	enum stay_status status;

	begin();
	scarce_arm(1);
	status = stay_remote_start(&other, runner, &line_protocol,
	    door_url(&server.door, "line"), &options);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status, STAY_E_NOMEM);
	ck_assert_ptr_null(other);
}

static void
clear(void)
{
	told.count = 0;
	told.words[0] = '\0';
	notes.len = 0;
}

TEST_SUITE_WITH(remote_call, .before = clear, .after = end)
