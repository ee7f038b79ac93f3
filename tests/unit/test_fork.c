/*
 * Promise 12: a client over fork, with real sockets. The child shares the
 * parent's descriptors, and may neither speak on them nor close them for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>

#include "loop/loop.h"
#include "suites.h"
#include "support/descriptors.h"
#include "support/line_protocol.h"
#include "world/ev_process.h"

static struct ev_loop *ev;
static struct stay_loop *loop;
static struct stay_client *client;
static struct line_notes notes;
static unsigned finis;
static int ends[2]; /* the server's, the client's */
static struct line_config config = {
	.notes = &notes, .finis = &finis, .ends_long = "done", .bye = "bye"
};

/* How a call has ended. */
struct ending {
	unsigned told;
	enum stay_status status;
	enum stay_outcome outcome;
};

static void
on_done(void *arg, const struct stay_result *result)
{
	struct ending *ending = arg;

	ending->told++;
	ending->status = result->status;
	ending->outcome = result->outcome;
}

/* What a wait has seen is handled by the turn behind it. */
static void
turn_until(struct ev_loop *on, struct stay_loop *of, const unsigned *flag)
{
	stay_loop_turn(of);
	for (int i = 0; *flag == 0 && i < 1000; i++) {
		ev_run(on, EVRUN_ONCE);
		stay_loop_turn(of);
	}
}

static void
close_all(void)
{
	stay_loop_stop(loop, STAY_OK);
	stay_loop_turn(loop);
	for (int i = 0; stay_loop_live(loop) > 0 && i < 1000; i++) {
		ev_run(ev, EVRUN_ONCE);
		stay_loop_turn(loop);
	}
}

static void
setup(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .call_timeout_ms = 5000,
		.backoff.attempts_max = 1 };
	char url[32];

	notes.len = 0;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ev = ev_loop_new(EVFLAG_AUTO);
	loop = stay_loop_ev(ev);
	ck_assert_ptr_nonnull(loop);
	snprintf(url, sizeof(url), "fd:%d", ends[1]);
	EXPECT_OK(
	    stay_client_start(&client, loop, &line_protocol, url, &options));
	EXPECT_OK(stay_conn_await(stay_client_conn(client), 1000));
}

static void
teardown(void)
{
	close_all();
	EXPECT_OK(stay_loop_free(loop));
	ev_loop_destroy(ev);
	close(ends[0]);
}

/* ---- the child ---- */

/* 0: all is as promised; else which of it is not. */
static int
child(struct ending *committed)
{
	struct ending mine = { 0 };

	ev_loop_fork(ev);
	if (stay_client_call(client, LINE("mine"), on_done, &mine) != STAY_OK)
		return 1;
	turn_until(ev, loop, &mine.told);
	if (mine.told != 1 || mine.status == STAY_OK ||
	    mine.outcome != STAY_NOT_SENT)
		return 2;
	if (committed->told != 1 || committed->status == STAY_OK)
		return 3;
	close_all();
	return stay_loop_free(loop) == STAY_OK ? 0 : 4;
}

static void
await_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static bool
server_hears(const char *text)
{
	char got[64];
	ssize_t len = recv(ends[0], got, sizeof(got), MSG_DONTWAIT);

	return len == (ssize_t)strlen(text) &&
	       memcmp(got, text, strlen(text)) == 0;
}

/* The child's calls fail, the parent's own goes on, and the server hears
 * neither a word nor a farewell of the child. */
TEST(promise_12_a_child_cannot_speak_for_its_parent)
{
	struct ending ours = { 0 }, after = { 0 };
	char byte;
	pid_t pid;

	EXPECT_OK(stay_client_call(client, LINE("x"), on_done, &ours));
	stay_loop_turn(loop);
	ck_assert(server_hears("x\n"));
	pid = fork();
	if (pid == 0)
		_exit(child(&ours));
	await_child(pid);
	ck_assert_int_eq(recv(ends[0], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_uint_eq(ours.told, 0);
	ck_assert_int_eq(write(ends[0], "+1\n", 3), 3);
	turn_until(ev, loop, &ours.told);
	EXPECT_OK(ours.status);
	EXPECT_OK(stay_client_call(client, LINE("y"), on_done, &after));
	stay_loop_turn(loop);
	ck_assert(server_hears("y\n"));
	ck_assert_int_eq(write(ends[0], "+2\n", 3), 3);
	turn_until(ev, loop, &after.told);
	ck_assert_int_eq(after.outcome, STAY_REPLIED);
}

/* It has nothing to say, and nobody speaks to it. */
static int
child_finds_out(bool says_so)
{
	struct stay_conn *conn = stay_client_conn(client);

	if (says_so)
		ev_loop_fork(ev);
	for (int i = 0; i < 3; i++)
		ev_run(ev, EVRUN_NOWAIT);
	if (stay_conn_state(conn) == STAY_CONNECTED)
		return 1;
	if (strstr(stay_conn_failure(conn), "parent process") == NULL)
		return 2;
	return stay_client_call(client, LINE("x"), NULL, NULL) == STAY_E_FORKED
		   ? 0
		   : 3;
}

/* With and without what libev asks of a child. */
TEST_ROWS(promise_12_a_child_finds_out_by_itself, 2)
{
	char byte;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child_finds_out(_i == 0));
	await_child(pid);
	ck_assert_int_eq(recv(ends[0], &byte, 1, MSG_DONTWAIT), -1);
}

/* ---- a kernel without pages that are empty in a child ---- */

/* Till the process ends. False: it cannot be had. */
static bool
forbid_wiping(void)
{
	const uint32_t advice = offsetof(struct seccomp_data, args[2]);
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, advice),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { LEN(rules), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* A parent of its own, for which nothing is wiped. */
static int
parent_of_old(void)
{
	int status;
	pid_t pid;

	if (!forbid_wiping())
		return 0;
	setup();
	pid = fork();
	if (pid == 0)
		_exit(child_finds_out(true));
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

TEST(promise_12_a_child_finds_out_on_an_old_kernel)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(parent_of_old());
	await_child(pid);
}

/* The memory of this process that has an address, in pages. */
static long
pages(void)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return strtol(text, NULL, 10);
}

/* 0: what it had mapped is mapped no more. */
static int
process_is_known(bool of_old)
{
	struct stay__process process;
	long before = pages();

	if (of_old && !forbid_wiping())
		return 0;
	for (int i = 0; i < 3; i++) {
		stay__process_init(&process);
		if (!stay__process_is_ours(&process) ||
		    (process.mark == NULL) != of_old)
			return 1;
		stay__process_fini(&process);
	}
	return pages() == before ? 0 : 2;
}

/* The first one may have made the heap larger. */
static int
loops_leave_no_page(void)
{
	long before = 0;

	for (int i = 0; i < 20; i++) {
		if (i == 1)
			before = pages();
		if (stay_loop_free(stay_loop_poll()) != STAY_OK)
			return 1;
	}
	return pages() <= before ? 0 : 2;
}

TEST_ROWS(promise_12_whose_process_it_is_costs_a_page_at_most, 3)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(_i == 2 ? loops_leave_no_page()
			      : process_is_known(_i == 1));
	await_child(pid);
}

/* ---- what a child may start ---- */

/* At once, and the descriptor stays the caller's. */
static int
child_is_refused(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_client *other;
	char url[32];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 1;
	snprintf(url, sizeof(url), "fd:%d", pair[1]);
	if (stay_client_start(&other, loop, &line_protocol, url, &options) !=
		STAY_E_FORKED ||
	    other != NULL || stay_loop_live(loop) != 1)
		return 2;
	return fcntl(pair[1], F_GETFD) >= 0 ? 0 : 3;
}

TEST(promise_12_a_child_starts_nothing_on_its_parents_loop)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(child_is_refused());
	await_child(pid);
}

static void
is_late(struct ev_loop *on, ev_timer *timer, int events)
{
	(void)on;
	(void)events;
	*(bool *)timer->data = true;
}

/* How often the loop waits in a tenth of a second. */
static unsigned
waits(void)
{
	unsigned count = 0;
	bool late = false;
	ev_timer timer;

	ev_now_update(ev);
	ev_timer_init(&timer, is_late, .1, 0.);
	timer.data = &late;
	ev_timer_start(ev, &timer);
	do {
		ev_run(ev, EVRUN_ONCE);
		count++;
	} while (!late);
	return count;
}

/* With and without what libev asks of a child. It must not spin, either. */
static int
child_waits(bool says_so)
{
	if (says_so)
		ev_loop_fork(ev);
	for (int i = 0; i < 3; i++)
		ev_run(ev, EVRUN_NOWAIT);
	return waits() < 10 ? 0 : 1;
}

static bool
is_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

/* Whether the loop is woken, and has not looked: by its descriptor, of which no other
 * is a counter. */
static bool
is_woken(void)
{
	struct descriptors all;
	bool woken = false;

	descriptors_list(&all);
	for (size_t i = 0; i < all.count; i++) {
		char link[32], name[32] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", all.fds[i]);
		if (readlink(link, name, sizeof(name) - 1) > 0 &&
		    strcmp(name, "anon_inode:[eventfd]") == 0)
			woken |= is_readable(all.fds[i]);
	}
	return woken;
}

/* A thread has something for the parent, and the child waits first. */
TEST_ROWS(promise_12_a_child_leaves_its_parent_the_wake_up, 2)
{
	pid_t pid;

	ev_run(ev, EVRUN_NOWAIT);
	for (int i = 0; i < 2; i++) {
		ck_assert(!is_woken());
		loop->ops->wake(loop->world);
		pid = fork();
		if (pid == 0)
			_exit(child_waits(_i == 0));
		await_child(pid);
		ck_assert(is_woken());
		ev_run(ev, EVRUN_NOWAIT);
	}
}

static unsigned answers;
static bool in_child;

static void
count_answer(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	(void)lookup;
	(void)error;
	(void)text;
	(void)addresses;
	(void)count;
	answers++;
}

/* Before any other watcher hears of what the wait has seen. */
static void
fork_first(struct ev_loop *on, ev_check *check, int events)
{
	pid_t pid;

	(void)on;
	(void)check;
	(void)events;
	if (in_child)
		return;
	pid = fork();
	in_child = pid == 0;
	if (!in_child)
		await_child(pid);
}

/* The answer to a lookup is its parent's, if it is there already. */
TEST(promise_12_a_child_leaves_its_parent_the_answer)
{
	struct stay_lookup lookup = {
		.host = "127.0.0.1", .port = "1", .done = count_answer
	};
	ev_check check;

	answers = 0;
	in_child = false;
	ev_check_init(&check, fork_first);
	ev_set_priority(&check, EV_MAXPRI);
	ev_check_start(ev, &check);
	ck_assert_int_eq(loop->ops->lookup(loop->world, &lookup), 0);
	while (answers == 0) {
		ev_run(ev, EVRUN_ONCE);
		if (in_child)
			_exit(answers != 0);
	}
	ev_check_stop(ev, &check);
}

/* A loop of the child's own is as good as any. */
static int
child_starts_anew(void)
{
	struct ending mine = { 0 };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct ev_loop *own = ev_loop_new(EVFLAG_AUTO);
	struct stay_loop *fresh = stay_loop_ev(own);
	struct stay_client *other;
	char url[32];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 1;
	snprintf(url, sizeof(url), "fd:%d", pair[1]);
	if (stay_client_start(&other, fresh, &line_protocol, url, &options) !=
		STAY_OK ||
	    stay_client_call(other, LINE("x"), on_done, &mine) != STAY_OK ||
	    write(pair[0], "+1\n", 3) != 3)
		return 2;
	turn_until(own, fresh, &mine.told);
	return mine.outcome == STAY_REPLIED && mine.told == 1 ? 0 : 3;
}

TEST(promise_12_a_child_may_start_anew)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(child_starts_anew());
	await_child(pid);
}

TEST_SUITE_WITH(fork, .before = setup, .after = teardown)
