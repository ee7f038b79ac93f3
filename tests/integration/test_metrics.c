/*
 * The page of metrics (examples/adapters/), of a client of a real server that is killed,
 * read as Prometheus does: over HTTP, by a parser that isn't ours.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stay/observe.h>

#include "../../examples/adapters/metrics_page.h"
#include "suites.h"
#include "support/redis_bed.h"

#define NO_PARSER 77

/* Each line of its arguments is a sample and its least value. Histograms are looked at as a
 * whole. */
static const char script[] =
    "import sys, urllib.request\n"
    "try:\n"
    "    from prometheus_client.parser import"
    " text_string_to_metric_families as parse\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "reply = urllib.request.urlopen(sys.argv[1], timeout=10)\n"
    "assert reply.headers['Content-Type'].startswith("
    "'text/plain; version=0.0.4'), reply.headers\n"
    "text = reply.read().decode()\n"
    "assert 's3cr3t' not in text\n"
    "samples = {}\n"
    "for family in parse(text):\n"
    "    assert family.documentation and family.type != 'unknown', family\n"
    "    last = {}\n"
    "    for s in family.samples:\n"
    "        labels = dict(s.labels)\n"
    "        assert labels.pop('db_system_name') == 'redis', s\n"
    "        le = labels.pop('le', None)\n"
    "        key = s.name + ''.join(' ' + v for v in labels.values())\n"
    "        if le is not None:\n"
    "            assert s.value >= last.get(key, 0), s\n"
    "            last[key] = s.value\n"
    "            if le == '+Inf': last[key + ' end'] = s.value\n"
    "        elif s.name.endswith('_count'):\n"
    "            base = key.replace('_count', '_bucket', 1)\n"
    "            if family.type == 'histogram':\n"
    "                assert last[base + ' end'] == s.value, s\n"
    "        samples[key] = s.value\n"
    "for wanted in sys.argv[2:]:\n"
    "    key, _, least = wanted.rpartition(' ')\n"
    "    assert samples.get(key, -1) >= float(least), "
    "(wanted, samples.get(key))\n";

/* ---- the parser's process ---- */

struct reader {
	pid_t pid;
	int fd; /* what it says; it ends with the process */
	ev_io watcher;
	bool is_over;
	char said[2048];
	size_t len;
};

static void
hear(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct reader *reader = watcher->data;
	ssize_t len = read(reader->fd, reader->said + reader->len,
	    sizeof(reader->said) - 1 - reader->len);

	(void)events;
	if (len > 0) {
		reader->len += (size_t)len;
		return;
	}
	ev_io_stop(ev, watcher);
	reader->is_over = true;
}

/* The system's own comes first: it is the one that packages are for. */
static void
become_parser(int out, const char *url, const char *const *wanted)
{
	char *argv[32] = { (char *)(uintptr_t) "python3",
		(char *)(uintptr_t) "-c", (char *)(uintptr_t)script,
		(char *)(uintptr_t)url };

	for (size_t i = 0; wanted[i] != NULL; i++)
		argv[4 + i] = (char *)(uintptr_t)wanted[i];
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv("/usr/bin/python3", argv);
	execvp("python3", argv);
	_exit(NO_PARSER);
}

static void
begin_parser(struct reader *reader, const char *url, const char *const *wanted)
{
	int ends[2];

	memset(reader, 0, sizeof(*reader));
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	reader->pid = fork();
	if (reader->pid == 0)
		become_parser(ends[1], url, wanted);
	ck_assert_int_gt(reader->pid, 0);
	close(ends[1]);
	reader->fd = ends[0];
	ev_io_init(&reader->watcher, hear, reader->fd, EV_READ);
	reader->watcher.data = reader;
	ev_io_start(rig.ev, &reader->watcher);
}

static bool
is_over(void *arg)
{
	return ((struct reader *)arg)->is_over;
}

static void
end_parser(struct reader *reader)
{
	int status;

	rig_until(&rig, is_over, reader, 30);
	close(reader->fd);
	ck_assert_int_eq(waitpid(reader->pid, &status, 0), reader->pid);
	ck_assert(WIFEXITED(status));
	ck_assert_msg(WEXITSTATUS(status) != NO_PARSER,
	    "the parser is missing (Debian: python3-prometheus-client); "
	    "`.ci/needs check` installs it");
	ck_assert_msg(WEXITSTATUS(status) == 0, "%.1500s", reader->said);
}

static void
parse(struct metrics_page *page, const char *const *wanted)
{
	static struct reader reader;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/metrics",
	    metrics_page_port(page));
	begin_parser(&reader, url, wanted);
	end_parser(&reader);
}

/* ---- the tests ---- */

static bool
is_connected(void *arg)
{
	return stay_conn_state(stay_redis_conn(arg)) == STAY_CONNECTED;
}

static bool
is_down(void *arg)
{
	return !is_connected(arg);
}

static void
ask_some(struct stay_redis *redis)
{
	struct answer answer;

	for (int i = 0; i < 100; i++)
		ask_now(&rig, redis, &answer, "GET key");
	ask_now(&rig, redis, &answer, "SET key s3cr3t");
	ask_now(&rig, redis, &answer, "UNHEARD OF");
}

TEST(metrics_are_read_by_others)
{
	static const char *const wanted[] = {
		"db_client_operation_duration_seconds_count GET replied 100",
		"db_client_operation_duration_seconds_count SET replied 1",
		"db_client_operation_duration_seconds_count _OTHER replied 1",
		"stay_client_calls_total replied 102",
		"stay_connection_attempts_total 2",
		"stay_connection_ups_total 2",
		"stay_connection_reconnects_total 1",
		"stay_connection_failures_total session STAY_E_CLOSED 1",
		"stay_connection_count connected 1",
		"stay_connection_outage_seconds_count 1",
		"stay_client_network_io_bytes_total transmit 2000", NULL
	};
	struct stay_metrics *metrics = stay_metrics_new();
	struct metrics_page *page;
	struct stay_redis *redis;

	stay_loop_set_metrics(rig.loop, metrics);
	page = metrics_page_open(rig.ev, metrics, 0);
	ck_assert_ptr_nonnull(page);
	redis = rig_connect(&rig, server.url, NULL);
	ask_some(redis);
	redis_server_kill(&server);
	rig_until(&rig, is_down, redis, 20);
	redis_server_restart(&server);
	rig_until(&rig, is_connected, redis, 10);
	parse(page, wanted);
	metrics_page_close(page);
	stay_loop_set_metrics(rig.loop, NULL);
	stay_metrics_free(metrics);
}

TEST_SUITE_WITH(metrics, .seconds = 60, .before = bed_open, .after = bed_close)
