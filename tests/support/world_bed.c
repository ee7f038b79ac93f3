/* What is the same in both beds: scripts, and the library's end of a connection.
 * Knows no kernel and no simulator. */
#include "support/world_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "base/address.h"

#define PATIENCE_NS (UINT64_C(20) * 1000 * 1000 * 1000)

struct here here;

void
bed_begin(const struct bed *bed)
{
	here = (struct here){ .bed = bed, .fd = -1, .other = -1 };
	here.world = bed->open();
	here.ops = here.world->ops;
	seam_init(&here.seam, here.world);
	here.ops->hold(here.world, true);
}

const char *
bed_result(ssize_t result)
{
	static const struct {
		int error;
		const char *name;
	} errors[] = { { EAGAIN, "EAGAIN" }, { ECONNREFUSED, "ECONNREFUSED" },
		{ ENOTCONN, "ENOTCONN" }, { ECONNRESET, "ECONNRESET" },
		{ EHOSTUNREACH, "EHOSTUNREACH" },
		{ ENETUNREACH, "ENETUNREACH" }, { EIO, "EIO" },
		{ ENOENT, "ENOENT" }, { EPIPE, "EPIPE" },
		{ ETIMEDOUT, "nothing" } };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (result == -errors[i].error)
			return errors[i].name;
	return result < 0 ? strerror((int)-result) : "ok";
}

const char *
bed_bytes(const char *bytes, ssize_t result)
{
	static char text[64];

	if (result <= 0)
		return result == 0 ? "end" : bed_result(result);
	ck_assert_int_lt(result, sizeof(text));
	memcpy(text, bytes, (size_t)result);
	text[result] = '\0';
	return text;
}

/* ---- waiting ---- */

static void
on_ready(struct stay_watch *watch, unsigned events)
{
	struct ear *ear = watch->owner;

	ear->heard |= events;
	ear->times++;
	if (ear->silences != NULL)
		ear_want(ear->silences, 0);
}

void
ear_want(struct ear *ear, unsigned interest)
{
	ck_assert_int_eq(here.ops->watch(here.world, &ear->watch, interest), 0);
	ck_assert_uint_eq(ear->watch.interest, interest);
}

void
ear_open(struct ear *ear, int fd, unsigned interest)
{
	*ear = (struct ear){ .watch = { .fd = fd, .ready = on_ready } };
	ear->watch.owner = ear;
	ear_want(ear, interest);
}

void
bed_poll(void)
{
	here.ops->again(here.world);
	here.ops->run(here.world);
}

/* Till `times` is not 0; false: not in some seconds. */
static bool
wait_for(const int *times)
{
	uint64_t limit = here.ops->now(here.world) + PATIENCE_NS;

	here.ops->timer(here.world, limit);
	while (*times == 0 && here.ops->now(here.world) < limit)
		here.ops->run(here.world);
	here.ops->timer(here.world, UINT64_MAX);
	return *times > 0;
}

static int
wait_ready(int fd, unsigned events)
{
	struct ear ear;

	ear_open(&ear, fd, events);
	wait_for(&ear.times);
	ear_want(&ear, 0);
	return ear.times > 0 ? 0 : -ETIMEDOUT;
}

static unsigned
interest_of(const char *word)
{
	return (strchr(word, 'r') != NULL ? STAY_READ : 0) |
	       (strchr(word, 'w') != NULL ? STAY_WRITE : 0);
}

VERB(wait_some, bed_result(wait_ready(here.fd, interest_of(word))))

static const char *
want(const char *word)
{
	if (here.ear.watch.interest == 0)
		ear_open(&here.ear, here.fd, interest_of(word));
	ear_want(&here.ear, interest_of(word));
	return "ok";
}

static const char *
told(const char *word)
{
	static const char *const events[] = { "no", "r", "w", "rw" };

	(void)word;
	here.ear.heard = 0;
	here.ear.times = 0;
	bed_poll();
	ck_assert_int_le(here.ear.times, 1);
	return events[here.ear.heard];
}

/* ---- the library's end ---- */

/* Unix sockets are decided at once, and of what has failed nothing is left. */
static int
connect_to(const struct stay_address *to, int *fd)
{
	static const struct stay_socket_options plain;
	int error = here.ops->connect(here.world, to, &plain, fd);

	if (error != -EINPROGRESS) {
		ck_assert_int_eq(*fd >= 0, error == 0);
		return error;
	}
	ck_assert_int_ne(to->storage.ss_family, AF_UNIX);
	error = wait_ready(*fd, STAY_WRITE);
	if (error == 0)
		error = here.ops->finish(here.world, *fd);
	if (error != 0)
		here.ops->close(here.world, *fd);
	return error;
}

static const char *
dial(const char *word)
{
	struct stay_address to;
	size_t before;
	int fd = -1, error;

	here.bed->place(word, &to);
	before = here.bed->open_fds(here.world);
	error = connect_to(&to, &fd);
	ck_assert_uint_eq(
	    here.bed->open_fds(here.world), before + (error == 0));
	here.fd = error == 0 ? fd : -1;
	return bed_result(error);
}

static const char *
hang(const char *word)
{
	(void)word;
	if (here.ear.watch.interest != 0)
		ear_want(&here.ear, 0);
	if (here.fd >= 0)
		here.ops->close(here.world, here.fd);
	here.fd = -1;
	return "ok";
}

static const char *
shut(const char *word)
{
	(void)word;
	return bed_result(here.ops->shutdown(here.world, here.fd));
}

static const char *
pair(const char *word)
{
	int fds[2];

	(void)word;
	here.bed->pair(here.world, fds);
	here.fd = fds[0];
	here.other = fds[1];
	return "ok";
}

static const char *
swap(const char *word)
{
	int fd = here.fd;

	(void)word;
	here.fd = here.other;
	here.other = fd;
	return "ok";
}

void
bed_end(void)
{
	hang(NULL);
	swap(NULL);
	hang(NULL);
	seam_fini(&here.seam);
	if (here.bed->close != NULL)
		here.bed->close();
}

static ssize_t
put_bytes(const char *bytes, size_t len)
{
	static char block[1 << 16];
	struct iovec part = { block, len };

	memcpy(block, bytes, len < sizeof(block) ? len : 0);
	return here.ops->write(here.world, here.fd, &part, 1);
}

static const char *
put(const char *word)
{
	static char count[16];
	ssize_t result = put_bytes(word, strlen(word));

	if (result < 0 || result == (ssize_t)strlen(word))
		return bed_result(result);
	snprintf(count, sizeof(count), "%d", (int)result);
	return count;
}

static const char *
fill(const char *word)
{
	ssize_t result;

	(void)word;
	do {
		result = put_bytes("", 1 << 16);
		bed_poll();
	} while (result >= 0);
	return bed_result(result);
}

static const char *
read_now(const char *word)
{
	size_t len = word[0] == '\0' ? 63 : (size_t)atoi(word);
	char bytes[64];

	return bed_bytes(
	    bytes, here.ops->read(here.world, here.fd, bytes, len));
}

VERB(get, wait_ready(here.fd, STAY_READ) == 0 ? read_now(word) : "nothing")

static const char *
drain(const char *word)
{
	static char much[1 << 16];
	ssize_t got;

	(void)word;
	do {
		bed_poll();
		got = here.ops->read(here.world, here.fd, much, sizeof(much));
	} while (got > 0);
	return got == -EAGAIN ? "ok" : bed_result(got);
}

/* ---- scripts ---- */

static const struct verb verbs[] = { { "dial", dial }, { "pair", pair },
	{ "swap", swap }, { "hang", hang }, { "shut", shut }, { "put", put },
	{ "fill", fill }, { "read", read_now }, { "get", get },
	{ "drain", drain }, { "want", want }, { "told", told },
	{ "wait", wait_some }, { NULL, NULL } };

static const struct verb *
find(const char *name, const struct verb *more)
{
	const struct verb *const among[] = { verbs, here.bed->verbs, more };

	for (int i = 0; i < 3; i++)
		for (const struct verb *at = among[i]; at && at->name; at++)
			if (strcmp(at->name, name) == 0)
				return at;
	ck_abort_msg("no such verb: %s", name);
}

static void
play_part(char *part, const struct verb *more)
{
	char name[16] = "", word[48] = "";
	char *result = strstr(part, " = ");
	const char *expected = result == NULL ? "ok" : result + 3;
	const char *got;

	if (result != NULL)
		*result = '\0';
	sscanf(part, " %15s %47s", name, word);
	got = find(name, more)->act(word);
	ck_assert_msg(strcmp(got, expected) == 0, "'%s %s' gave %s, not %s",
	    name, word, got, expected);
}

void
bed_play(const char *script, const struct verb *more)
{
	char text[512];
	char *rest = text, *part;

	ck_assert_uint_lt(strlen(script), sizeof(text));
	strcpy(text, script);
	while ((part = strtok_r(rest, ";", &rest)) != NULL)
		play_part(part, more);
}

/* ---- names ---- */

static void
on_done(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct asked *asked = lookup->owner;

	asked->times++;
	asked->error = error;
	asked->count = count;
	if (count > 0)
		stay__address_describe(
		    addresses, asked->text, sizeof(asked->text));
	else
		snprintf(asked->text, sizeof(asked->text), "%s", text);
	if (asked->next != NULL)
		ck_assert_int_eq(bed_ask(asked->next, "127.0.0.1", "2"), 0);
}

/* It is never answered in here. */
int
bed_ask(struct asked *asked, const char *host, const char *port)
{
	int error;

	*asked = (struct asked){ .lookup = { .host = host, .port = port } };
	asked->lookup.done = on_done;
	asked->lookup.owner = asked;
	error = here.ops->lookup(here.world, &asked->lookup);
	ck_assert_int_eq(asked->times, 0);
	return error;
}

const char *
bed_answer(struct asked *asked)
{
	ck_assert(wait_for(&asked->times));
	ck_assert_int_eq(asked->times, 1);
	ck_assert((asked->error == 0) == (asked->count > 0));
	return asked->text;
}
