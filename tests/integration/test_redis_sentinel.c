/*
 * examples/redis_sentinel.c, as a process of its own, with a real Sentinel over a primary
 * and its replica: the primary is killed, and the counting goes on where the Sentinel has
 * moved it. What a client makes of a directory's answers is test_client_endpoints.c's.
 */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/free_port.h"
#include "support/redis_bed.h"

int redis_sentinel_main(int argc, char **argv);

#define main redis_sentinel_main
#include "../../examples/redis_sentinel.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

static struct redis_server replica;
static char asked_url[64]; /* of the Sentinel itself */
static char
    sentinels_url[96]; /* of the client: nobody listens at the first one */
static pid_t sentinel, counting;
static FILE *counted; /* what it prints */

/* ---- the Sentinel ---- */

static void
become_sentinel(char *config)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	execlp(
	    "redis-server", "redis-server", config, "--sentinel", (char *)NULL);
	_exit(127);
}

static void
start_sentinel(void)
{
	char config[64];
	int port = free_port();
	FILE *file;

	snprintf(config, sizeof(config), "%s/sentinel.conf", server.dir);
	snprintf(
	    asked_url, sizeof(asked_url), "redis://:s3cret@127.0.0.1:%d", port);
	snprintf(sentinels_url, sizeof(sentinels_url),
	    "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d/it"
	    "?sentinel_password=s3cret",
	    free_port(), port);
	file = fopen(config, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file,
	    "port %d\nbind 127.0.0.1\ndir %s\nrequirepass s3cret\n"
	    "sentinel monitor it 127.0.0.1 %d 1\n"
	    "sentinel down-after-milliseconds it 500\n"
	    "sentinel failover-timeout it 5000\n",
	    port, server.dir, server.port);
	fclose(file);
	sentinel = fork();
	if (sentinel == 0)
		become_sentinel(config);
	ck_assert_int_gt(sentinel, 0);
}

/* Whether it knows of the replica, and that this one has all there is. */
static void
on_replicas(void *arg, const struct stay_result *result)
{
	const struct stay_redis_reply *first = stay_redis_at(result->reply, 0);
	int *known = arg;

	*known = first != NULL && strcmp(stay_redis_str(stay_redis_map_get(
					     first, "master-link-status")),
				      "ok") == 0;
}

static bool
is_answered(void *known)
{
	return *(int *)known >= 0;
}

static void
await_replica(void)
{
	struct stay_redis *asked = rig_connect(&rig, asked_url, NULL);
	int known;

	do {
		known = -1;
		EXPECT_OK(stay_redis_command(
		    asked, on_replicas, &known, "SENTINEL REPLICAS it"));
		rig_until(&rig, is_answered, &known, 10);
	} while (known == 0);
}

static void
open_all(void)
{
	static char port[16];
	static const char *const extra[] = { "--replicaof", "127.0.0.1", port,
		NULL };

	bed_open();
	snprintf(port, sizeof(port), "%d", server.port);
	ck_assert(redis_server_start(&replica, extra));
	start_sentinel();
	await_replica();
}

static void
end_process(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void
close_all(void)
{
	end_process(sentinel);
	redis_server_end(&replica);
	bed_close();
}

/* ---- who counts ---- */

static void
become_example(const char *times, int out)
{
	char words[3][96] = { "redis_sentinel" };
	char *argv[] = { words[0], words[1], words[2], NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	snprintf(words[1], sizeof(words[1]), "%s", times);
	snprintf(words[2], sizeof(words[2]), "%s", sentinels_url);
	_exit(redis_sentinel_main(3, argv));
}

static void
count(const char *times)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	counting = fork();
	if (counting == 0)
		become_example(times, ends[1]);
	ck_assert_int_gt(counting, 0);
	close(ends[1]);
	counted = fdopen(ends[0], "r");
	ck_assert_ptr_nonnull(counted);
}

/* The next number; what it did not come to is left out. 0: it has ended. */
static long
next_number(void)
{
	char line[512];

	while (fgets(line, sizeof(line), counted) != NULL)
		if (isdigit((unsigned char)line[0]))
			return strtol(line, NULL, 10);
	return 0;
}

TEST(redis_sentinel_counts)
{
	int status;

	count("3");
	for (long i = 1; i <= 3; i++)
		ck_assert_int_eq(next_number(), i);
	ck_assert_int_eq(next_number(), 0);
	ck_assert_int_eq(waitpid(counting, &status, 0), counting);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fclose(counted);
}

/* Of what the primary has counted the replica may not have heard. */
static void
await_copy(struct stay_redis *copy, long of)
{
	struct answer answer;

	do
		ask_now(&rig, copy, &answer, "GET count");
	while (strtol(answer.text, NULL, 10) < of);
}

TEST(redis_sentinel_moves_the_primary)
{
	struct stay_redis *copy = rig_connect(&rig, replica.url, NULL);
	long next = 0;

	count("1000");
	while (next < 3)
		next = next_number();
	await_copy(copy, next);
	redis_server_kill(&server);
	for (int i = 0; i < 3; i++) {
		next = next_number();
		ck_assert_int_gt(next, 3);
	}
	end_process(counting);
	fclose(counted);
	await_copy(copy, next);
}

static void
on_failover(void *arg, const struct stay_result *result)
{
	*(int *)arg = result->status == STAY_OK;
}

/* On purpose: both live on, and the one that was left loses what it took too late. */
TEST(redis_sentinel_changes_the_primary)
{
	struct stay_redis *copy = rig_connect(&rig, replica.url, NULL);
	struct stay_redis *asked = rig_connect(&rig, asked_url, NULL);
	long last = 0, next;
	int begun = -1, times = 0;

	count("30");
	while (last < 3)
		last = next_number();
	ck_assert_int_eq(stay_redis_command(asked, on_failover, &begun,
			     "SENTINEL FAILOVER it"),
	    STAY_OK);
	rig_until(&rig, is_answered, &begun, 10);
	ck_assert_int_eq(begun, 1);
	for (; (next = next_number()) > 0; times++)
		last = next;
	ck_assert_int_ge(times, 24);
	await_copy(copy, last);
	fclose(counted);
	ck_assert_int_eq(waitpid(counting, NULL, 0), counting);
}

TEST_SUITE_WITH(
    redis_sentinel, .before = open_all, .after = close_all, .seconds = 60)
