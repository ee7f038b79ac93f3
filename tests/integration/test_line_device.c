/*
 * The line device (examples/adapters/) with real processes: a device in a script, once
 * at the end of pipes, once at the end of a terminal. It answers, errs, stays silent,
 * answers too late, hangs and dies. No child is left, and no descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../../examples/adapters/line_device.h"
#include "suites.h"
#include "support/descriptors.h"
#include "support/redis_rig.h"

#define PATIENCE_S 20.
#define CALLS      300

/* What it owes it says when it is greeted the next time. */
static const char device[] = "while read -r verb rest; do\n"
			     "case $verb in\n"
			     "'') ;;\n"
			     "sync) echo \"$owed\"; owed='! up'\n"
			     "	echo \"sync $rest\" ;;\n"
			     "pid) echo ok $$ ;;\n"
			     "nothing) echo ok ;;\n"
			     "event) echo '! it rings'; echo ok ;;\n"
			     "error) echo error no $rest ;;\n"
			     "lose) ;;\n"
			     "late) owed=\"ok late\" ;;\n"
			     "hang) kill -STOP $$ ;;\n"
			     "garbage) echo what is this ;;\n"
			     "die) exit 0 ;;\n"
			     "*) echo ok $verb $rest ;;\n"
			     "esac; done; echo bye >\"$0.bye\"\n";

struct told {
	unsigned count;
	enum stay_status status;
	enum stay_outcome outcome;
	char text[64];
	char why[256];
};

static const struct stay_call_options impatient = { STAY_CALL_OPTIONS,
	.timeout_ms = 300 };

/* Only what is not answered has little time. */
static const struct stay_call_options *
time_for(enum stay_status status)
{
	return status == STAY_E_TIMEOUT ? &impatient : NULL;
}

static struct redis_rig rig;
static struct descriptors before;
static struct stay_client *client;
static char script[32], place[128], events[256];
static int master, slave;
static pid_t peer; /* at the terminal */

/* ---- what is told ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	const struct stay_bytes *reply = result->reply;
	struct told *told = arg;

	told->count++;
	told->status = result->status;
	told->outcome = result->outcome;
	snprintf(told->why, sizeof(told->why), "%s", result->why);
	if (reply != NULL)
		snprintf(told->text, sizeof(told->text), "%.*s",
		    (int)reply->len, reply->data);
}

static bool
is_told(void *told)
{
	return ((const struct told *)told)->count > 0;
}

static struct told
ask_with(const char *line, const struct stay_call_options *options)
{
	static struct told told;

	memset(&told, 0, sizeof(told));
	EXPECT_OK(stay_client_call_with(client, line, options, on_done, &told));
	rig_until(&rig, is_told, &told, PATIENCE_S);
	return told;
}

static struct told
ask_device(const char *line)
{
	return ask_with(line, NULL);
}

static void
on_event(void *arg, struct stay_bytes text)
{
	(void)arg;
	snprintf(events + strlen(events), sizeof(events) - strlen(events),
	    "%.*s;", (int)text.len, text.data);
}

static bool
is_quiet(void *arg)
{
	(void)arg;
	return stay_loop_live(rig.loop) == 0;
}

/* ---- the device ---- */

static void
write_script(void)
{
	FILE *file;

	strcpy(script, "/tmp/stay-device-XXXXXX");
	close(mkstemp(script));
	file = fopen(script, "w");
	ck_assert_ptr_nonnull(file);
	fputs(device, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* The slave stays open here, so that the device never hears the end. */
static void
open_terminal(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	snprintf(place, sizeof(place), "serial://%s,9600", ptsname(master));
	peer = fork();
	if (peer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(master, STDIN_FILENO);
		dup2(master, STDOUT_FILENO);
		execl("/bin/sh", "sh", script, NULL);
		_exit(127);
	}
}

static void
open_device(void)
{
	master = slave = -1;
	peer = 0;
	events[0] = '\0';
	write_script();
	rig_open(&rig);
	descriptors_list(&before);
}

static void
remove_script(void)
{
	char bye[64];

	snprintf(bye, sizeof(bye), "%s.bye", script);
	unlink(bye);
	unlink(script);
}

/* The client is gone, and with it all that was made for it. */
static void
close_device(void)
{
	struct descriptors left;

	stay_loop_stop(rig.loop, STAY_OK);
	rig_until(&rig, is_quiet, NULL, PATIENCE_S);
	if (peer > 0) {
		kill(peer, SIGKILL);
		waitpid(peer, NULL, 0);
		close(master);
		close(slave);
	}
	descriptors_list_new(&left, &before);
	ck_assert_uint_eq(left.count, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	rig_close(&rig);
	remove_script();
}

/* At the end of pipes (0), or of a terminal (1). */
static void
start_at(int row)
{
	static const struct line_device_config config = { on_event, NULL };
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .call_timeout_ms = 10000 };

	snprintf(place, sizeof(place), "child:///bin/sh%%20%s", script);
	if (row == 1)
		open_terminal();
	EXPECT_OK(line_device_start(&client, rig.loop, place, &options));
}

/* ---- both ---- */

TEST_ROWS(line_device_answers, 2)
{
	struct told told;

	start_at(_i);
	ck_assert_str_eq(ask_device("move to 3").text, "move to 3");
	ck_assert_str_eq(ask_device("nothing").text, "");
	told = ask_device("error coin");
	ck_assert_int_eq(told.status, STAY_E_SERVER);
	ck_assert_int_eq(told.outcome, STAY_REPLIED);
	EXPECT_IN(told.why, "no coin");
	ck_assert_str_eq(ask_device("event").text, "");
	ck_assert_str_eq(events, "it rings;");
	ck_assert_uint_eq(stay_client_session_number(client), 1);
}

static const char *const bad_lines[] = { "", "two\nlines", "cr\r", "sync 3" };

TEST_ROWS(line_device_checks_a_line, 4)
{
	static char endless[1025];

	start_at(0);
	memset(endless, 'x', 1024);
	ck_assert_int_eq(
	    line_device_ask(client, bad_lines[_i], NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(
	    line_device_ask(client, endless, NULL, NULL), STAY_E_ARG);
	ck_assert_str_eq(ask_device("well").text, "well");
}

/* What is told; and whether a new device is needed. */
static const struct {
	const char *line;
	enum stay_status status;
} losses[] = { { "lose", STAY_E_TIMEOUT }, { "late", STAY_E_TIMEOUT },
	{ "garbage", STAY_E_PROTOCOL } };

/* No answer reaches the call behind, which waits: only one is in flight. */
TEST_ROWS(line_device_gets_in_step, 6)
{
	struct told told = { 0 };

	start_at(_i % 2);
	ck_assert_str_eq(ask_device("one").text, "one");
	EXPECT_OK(stay_client_call_with(client, losses[_i / 2].line,
	    time_for(losses[_i / 2].status), on_done, &told));
	ck_assert_str_eq(ask_device("behind").text, "behind");
	ck_assert_int_eq(told.status, losses[_i / 2].status);
	ck_assert_int_eq(told.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_str_eq(ask_device("two").text, "two");
	ck_assert_uint_eq(stay_client_session_number(client), 2);
	ck_assert_str_eq(events, "");
}

static bool
is_in_flight(void *arg)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	(void)arg;
	stay_client_get_counts(client, &counts);
	return counts.in_flight > 0;
}

/* A call that is cancelled in flight is answered all the same, or not. */
TEST_ROWS(line_device_cancelled, 2)
{
	struct told told = { 0 };
	struct stay_call_id id;
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = STAY_FOREVER, .id = &id };

	start_at(_i);
	ck_assert_str_eq(ask_device("one").text, "one");
	EXPECT_OK(
	    stay_client_call_with(client, "lose", &options, on_done, &told));
	rig_until(&rig, is_in_flight, NULL, PATIENCE_S);
	EXPECT_OK(stay_client_cancel(client, id));
	ck_assert_str_eq(ask_device("two").text, "two");
	ck_assert_int_eq(told.status, STAY_E_CANCELLED);
	ck_assert_int_eq(told.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_uint_eq(stay_client_session_number(client), 2);
}

/* ---- a child ---- */

static const struct {
	const char *line;
	enum stay_status status;
} ends[] = { { "die", STAY_E_LOST }, { "hang", STAY_E_TIMEOUT } };

TEST_ROWS(line_device_is_started_anew, 2)
{
	struct told told;
	pid_t first, second;

	start_at(0);
	first = atoi(ask_device("pid").text);
	told = ask_with(ends[_i].line, time_for(ends[_i].status));
	ck_assert_int_eq(told.status, ends[_i].status);
	ck_assert_int_eq(told.outcome, STAY_MAYBE_EXECUTED);
	second = atoi(ask_device("pid").text);
	ck_assert_int_ne(first, second);
	ck_assert_int_eq(kill(first, 0), -1);
	ck_assert_int_eq(kill(second, 0), 0);
}

/* It is killed from outside now and then: each call has its own answer, or a true
 * outcome. What may run twice runs until it is answered. */
TEST(promise_3_line_device_storm)
{
	static struct told told[CALLS];
	static char lines[CALLS][16];
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 20000, .flags = STAY_IDEMPOTENT };

	start_at(0);
	for (int i = 0; i < CALLS; i++) {
		memset(&told[i], 0, sizeof(told[i]));
		snprintf(lines[i], sizeof(lines[i]), "number %d", i);
		EXPECT_OK(stay_client_call_with(
		    client, lines[i], &options, on_done, &told[i]));
	}
	for (int i = 0; i < CALLS; i += 50) {
		pid_t child;

		rig_until(&rig, is_told, &told[i], PATIENCE_S);
		child = atoi(ask_device("pid").text);
		if (child > 0)
			kill(child, i % 100 == 0 ? SIGKILL : SIGTERM);
	}
	rig_until(&rig, is_told, &told[CALLS - 1], PATIENCE_S);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(told[i].count, 1);
		ck_assert_str_eq(told[i].text, lines[i]);
	}
}

/* The end of its input, and the time to say goodbye. */
TEST(line_device_ends_by_itself)
{
	char bye[64];

	start_at(0);
	ck_assert_str_eq(ask_device("one").text, "one");
	stay_client_stop(client, STAY_OK);
	rig_until(&rig, is_quiet, NULL, PATIENCE_S);
	snprintf(bye, sizeof(bye), "%s.bye", script);
	ck_assert_int_eq(access(bye, F_OK), 0);
}

/* ---- places that are none ---- */

static const struct {
	const char *place;
	const char *why;
} nowhere[] = {
	{ "child:///no/such/program", "ENOENT" },
	{ "child:///dev/null", "EACCES" },
	{ "serial:///no/such/line", "ENOENT" },
	{ "serial:///dev/null", "errno 25" },
	{ "serial:///dev/ptmx,12", "EINVAL" },
};

static bool
has_failed(void *arg)
{
	(void)arg;
	return stay_conn_failure(stay_client_conn(client))[0] != '\0';
}

TEST_ROWS(line_device_is_not_there, 5)
{
	struct told told;

	EXPECT_OK(
	    line_device_start(&client, rig.loop, nowhere[_i].place, NULL));
	rig_until(&rig, has_failed, NULL, PATIENCE_S);
	told = ask_with("one", &impatient);
	ck_assert_int_eq(told.status, STAY_E_TIMEOUT);
	ck_assert_int_eq(told.outcome, STAY_NOT_SENT);
	EXPECT_IN(told.why, nowhere[_i].why);
}

TEST(line_device_place_is_too_long)
{
	char line[600] = "child:///";

	memset(line + strlen(line), 'x', 550);
	EXPECT_OK(line_device_start(&client, rig.loop, line, NULL));
	rig_until(&rig, has_failed, NULL, PATIENCE_S);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)), "ENAMETOOLONG");
}

/* ---- a terminal ---- */

/* Its speed and its modes are set, and put back in the end. */
TEST(line_device_sets_the_line_up)
{
	struct termios was, is;

	start_at(1);
	ck_assert_int_eq(tcgetattr(slave, &was), 0);
	ck_assert(was.c_lflag & ECHO);
	ck_assert_str_eq(ask_device("one").text, "one");
	ck_assert_int_eq(tcgetattr(slave, &is), 0);
	ck_assert_int_eq((int)cfgetospeed(&is), B9600);
	ck_assert(!(is.c_lflag & (ECHO | ICANON)));
	stay_client_stop(client, STAY_OK);
	rig_until(&rig, is_quiet, NULL, PATIENCE_S);
	ck_assert_int_eq(tcgetattr(slave, &is), 0);
	ck_assert_uint_eq(is.c_lflag, was.c_lflag);
}

/* The other end is pulled out. */
TEST(line_device_loses_its_line)
{
	struct told told = { 0 };

	start_at(1);
	ck_assert_str_eq(ask_device("one").text, "one");
	EXPECT_OK(line_device_ask(client, "lose", on_done, &told));
	rig_until(&rig, is_in_flight, NULL, PATIENCE_S);
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	close(master);
	close(slave);
	peer = 0;
	rig_until(&rig, is_told, &told, PATIENCE_S);
	ck_assert_int_eq(told.status, STAY_E_LOST);
	ck_assert_int_eq(told.outcome, STAY_MAYBE_EXECUTED);
	EXPECT_IN(told.why, "closed");
}

TEST_SUITE_WITH(
    line_device, .before = open_device, .after = close_device, .seconds = 60)
