/* A greeting waits for what another thread does, and lives through its end. */
#include <pthread.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;
static struct stay_later *later; /* the last one that was made */
static unsigned asked;           /* hello, in this session */
static bool early;               /* resumed before hello has returned */
static unsigned rounds;          /* of later, before hello is content */

struct job {
	char key[8];
};

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct line_session *line = stay_session_data(session);
	struct job *job;

	asked = line->text[0] == '\0' ? 1 : asked + 1;
	snprintf(line->text, sizeof(line->text), "begun");
	line_note(&rig.notes, "hello %s;",
	    frame == NULL ? "-" : (const char *)frame->reply);
	if (asked > 1 && later != NULL) {
		job = stay_later_data(later);
		line_note(&rig.notes, "key %s;", job->key);
	}
	if (asked > rounds)
		return stay_hello_up();
	later = stay_session_later(session, sizeof(struct job));
	if (later != NULL && early)
		stay_later_resume(later);
	return stay_hello_later(later);
}

static struct stay_protocol protocol;

static void
prepare(void)
{
	line_prepare(&rig);
	protocol = line_protocol;
	protocol.hello = hello;
	rig.protocol = &protocol;
	later = NULL;
	asked = 0;
	early = false;
	rounds = 1;
}

static void
begin(const struct stay_client_options *options)
{
	prepare();
	line_start(&rig, options);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 50, "init 10.0.0.1;hello -;");
	ck_assert_str_eq(line_got(&rig), "");
}

static void *
derive(void *arg)
{
	struct stay_later *of = arg;
	struct job *job = stay_later_data(of);

	snprintf(job->key, sizeof(job->key), "s3cr3t");
	stay_later_resume(of);
	stay_later_free(of);
	return NULL;
}

static void
run_thread(struct stay_later *of)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, derive, of), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

TEST(client_later_is_resumed_by_a_thread)
{
	begin(NULL);
	run_thread(later);
	LINE_TELLS(&rig, 10, "hello -;key s3cr3t;up;a OK/replied +1;");
}

/* Its stream is closed, and the next dial has to wait: what comes now is too late. */
TEST(client_later_is_resumed_while_the_next_attempt_waits)
{
	struct stay_later *mine = NULL;

	begin(NULL);
	for (int i = 0; i < 100 && line_state(&rig) != STAY_BACKING_OFF; i++) {
		if (mine != later)
			stay_later_free(mine);
		mine = later;
		stay_client_reconnect(rig.client, STAY_OK);
		line_run(&rig, 1);
	}
	ck_assert_ptr_eq(mine, later);
	line_told(&rig);
	stay_later_resume(later);
	LINE_TELLS(&rig, 1, "");
	line_run(&rig, 500);
	ck_assert_ptr_ne(mine, later);
	stay_later_free(mine);
	line_told(&rig);
	stay_later_resume(later);
	LINE_TELLS(&rig, 10, "hello -;key ;up;a OK/replied +1;");
	stay_later_free(later);
}

/* Once is enough; again is nothing, now and when the session is up. */
TEST(client_later_is_resumed_twice)
{
	begin(NULL);
	stay_later_resume(later);
	stay_later_resume(later);
	LINE_TELLS(&rig, 10, "hello -;key ;up;a OK/replied +1;");
	stay_later_resume(later);
	LINE_TELLS(&rig, 10, "");
	stay_later_free(later);
}

TEST(client_later_is_resumed_inside_hello)
{
	prepare();
	early = true;
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;hello -;key ;up;");
	stay_later_free(later);
}

/* Each round waits for its own; the one before it means nothing any more. */
TEST(client_later_takes_several_rounds)
{
	struct stay_later *first;

	prepare();
	rounds = 2;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	first = later;
	stay_later_resume(first);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;hello -;key ;");
	stay_later_resume(first);
	LINE_TELLS(&rig, 10, "");
	stay_later_free(first);
	run_thread(later);
	LINE_TELLS(&rig, 10, "hello -;key s3cr3t;up;");
}

/* What the server says meanwhile waits, whole or not, and comes in order. */
TEST(client_later_keeps_frames_waiting)
{
	begin(NULL);
	sim_peer_print(rig.peer, ">one\n>tw");
	LINE_TELLS(&rig, 10, "");
	sim_peer_print(rig.peer, "o\n");
	LINE_TELLS(&rig, 10, "");
	run_thread(later);
	LINE_TELLS(&rig, 10,
	    "hello -;key s3cr3t;up;push >one;push >two;a OK/replied +1;");
}

/* Behind the frame with which hello begins to wait, too. */
static struct stay_hello
hello_of_frame(struct stay_session *session, const struct stay_frame *frame)
{
	if (frame == NULL && asked++ == 0)
		return stay_hello_wait();
	line_note(&rig.notes, "hello %s;",
	    frame == NULL ? "-" : (const char *)frame->reply);
	if (frame == NULL)
		return stay_hello_up();
	later = stay_session_later(session, 0);
	return stay_hello_later(later);
}

TEST(client_later_keeps_what_came_with_its_frame)
{
	prepare();
	protocol.hello = hello_of_frame;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+challenge\n>one\n");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello +challenge;");
	stay_later_resume(later);
	LINE_TELLS(&rig, 10, "hello -;up;push >one;");
	stay_later_free(later);
}

/* It was begun before hello waited for it, and is done by then. */
static struct stay_hello
hello_that_begins_early(
    struct stay_session *session, const struct stay_frame *frame)
{
	if (frame == NULL && asked++ == 0) {
		later = stay_session_later(session, 0);
		return stay_hello_wait();
	}
	line_note(&rig.notes, "hello %s;",
	    frame == NULL ? "-" : (const char *)frame->reply);
	return frame == NULL ? stay_hello_up() : stay_hello_later(later);
}

TEST(client_later_is_resumed_before_hello_waits_for_it)
{
	prepare();
	protocol.hello = hello_that_begins_early;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	stay_later_resume(later);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;");
	sim_peer_print(rig.peer, "+challenge\n");
	LINE_TELLS(&rig, 10, "hello +challenge;hello -;up;");
	stay_later_free(later);
}

/* A bound holds for what waits. */
TEST(client_later_keeps_no_more_than_its_bound)
{
	char text[512] = { 0 };

	begin(OPTIONS(.reply_bytes_max = 256));
	memset(text, '\n', sizeof(text) - 1);
	sim_peer_print(rig.peer, text);
	LINE_TELLS(&rig, 10, "down E_TOO_BIG;");
	stay_later_free(later);
}

/* The end of the stream is seen, and what is resumed then is nobody's. */
TEST(client_later_of_a_dead_session)
{
	struct stay_later *first;

	begin(NULL);
	first = later;
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 1000, "down E_CLOSED;hello -;");
	ck_assert_ptr_ne(first, later);
	run_thread(first);
	LINE_TELLS(&rig, 10, "");
	run_thread(later);
	LINE_TELLS(&rig, 10, "hello -;key s3cr3t;up;a OK/replied +1;");
}

TEST(client_later_of_a_dead_loop)
{
	begin(NULL);
	line_end(&rig);
	run_thread(later);
}

/* Knocked, and not answered before the loop has ended. */
TEST(client_later_of_a_loop_that_ends)
{
	struct stay_later *of;

	begin(NULL);
	of = later;
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 100);
	stay_later_resume(of);
	line_end(&rig);
	stay_later_free(of);
}

TEST(client_later_has_the_connect_budget)
{
	begin(OPTIONS(.connect_budget_ms = 500,
	    .backoff = stay_backoff_constant(60000)));
	LINE_TELLS(&rig, 500, "down E_TIMEOUT;");
	stay_later_free(later);
}

/* No memory for it, and one of another session. */
static struct stay_later *made;

static struct stay_hello
without(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_later *none;

	(void)frame;
	scarce_drought();
	none = stay_session_later(session, 8);
	scarce_disarm();
	ck_assert_ptr_null(none);
	ck_assert_ptr_null(stay_session_later(session, SIZE_MAX));
	return stay_hello_later(made);
}

TEST(client_later_that_is_none)
{
	prepare();
	protocol.hello = without;
	made = NULL;
	line_start(&rig, OPTIONS(.backoff = stay_backoff_constant(60000)));
	LINE_TELLS(&rig, 10, "init 10.0.0.1;down E_NOMEM;");
	line_end(&rig);
	begin(NULL);
	made = later;
	protocol.hello = without;
	line_end(&rig);
	prepare();
	protocol.hello = without;
	line_start(&rig, OPTIONS(.backoff = stay_backoff_constant(60000)));
	LINE_TELLS(&rig, 10, "init 10.0.0.1;down E_NOT_READY;");
	stay_later_free(made);
}

/* Nobody waits in a session that is up. */
TEST(client_later_is_for_a_greeting)
{
	line_begin(&rig, NULL);
	ck_assert_ptr_null(
	    stay_session_later(stay_client_session(rig.client), 8));
	stay_later_free(NULL);
}

/* on_up may wait as well, and its tick is what it waits for. */
static struct stay_hello
restore(struct stay_session *session, const struct stay_frame *frame)
{
	(void)frame;
	if (asked++ > 0)
		return stay_hello_up();
	later = stay_session_later(session, 0);
	EXPECT_OK(stay_session_tick_after(session, 100));
	return stay_hello_later(later);
}

static void
go_on(struct stay_session *session)
{
	(void)session;
	stay_later_resume(later);
	stay_later_free(later);
}

TEST(client_later_may_wait_for_its_tick)
{
	line_prepare(&rig);
	asked = 0;
	rig.config.restore = restore;
	rig.config.on_tick = go_on;
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 90, "init 10.0.0.1;hello -;up;");
	LINE_TELLS(&rig, 20, "tick;up;");
	ck_assert_ptr_nonnull(stay_client_session(rig.client));
}

TEST_SUITE_WITH(client_later, .after = line_after)
