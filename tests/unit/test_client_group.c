/*
 * Groups: several requests as one call. They leave as one, and complete as one,
 * whatever happens on the way.
 */
#include <stdio.h>
#include <string.h>

#include <stay/group.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/inside.h"
#include "support/line_rig.h"
#include "support/scarce.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static struct line_rig rig;
static char name[] = "g";
static unsigned told;
static enum stay_status held; /* what keeping a reply said in `done` */

/* ---- the rig ---- */

static void
note_answer(const struct stay_result *answer)
{
	const char *reply = answer->reply;

	ck_assert_ptr_nonnull(answer->why);
	line_note(&rig.notes, " %s/%s%s%s",
	    stay_status_name(answer->status) + 5,
	    stay_outcome_name(answer->outcome), reply != NULL ? " " : "",
	    reply != NULL ? reply : "");
}

/* "g OK/replied: OK/replied +1 E_SERVER/replied -2;" */
static void
on_done(void *arg, const struct stay_group_result *result)
{
	struct stay_held *kept;

	told++;
	line_check_counts(&rig);
	ck_assert_ptr_nonnull(result->why);
	line_note(&rig.notes, "%s %s/%s:", (const char *)arg,
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome));
	for (size_t i = 0; i < result->count; i++)
		note_answer(&result->answers[i]);
	line_note(&rig.notes, ";");
	if (result->count > 0)
		held =
		    stay_held_new(rig.client, result->answers[0].reply, &kept);
}

static void
on_part(void *arg, const struct stay_result *result)
{
	line_note(&rig.notes, "%s part %s;", (const char *)arg,
	    (const char *)result->reply);
}

/* One request a letter: a plain one, idempotent, reading, blocking, in this session
 * alone, telling (no answer is due), and one of two replies. Its text is "say +N". */
static struct line_request
request_of(char kind, const char *text)
{
	struct line_request request = { .text = text, .replies = 1 };

	if (kind == 'i')
		request.flags = STAY_IDEMPOTENT;
	else if (kind == 'r')
		request.flags = STAY_READ_ONLY;
	else if (kind == 'b')
		request.flags = STAY_BLOCKS, request.blocks_ms = 1000;
	else if (kind == 's')
		request.flags = STAY_THIS_SESSION;
	else if (kind == 't')
		request.replies = 0;
	else if (kind == '2')
		request.replies = 2;
	return request;
}

/* `text` is "a,b,c": the requests; `kinds` says of what kind each is. */
static struct stay_group *
make(const char *kinds, const char *text)
{
	struct stay_group *group = stay_group_new(rig.client);
	char words[512], *word = words, *end;

	EXPECT(strlen(text) < sizeof(words));
	memcpy(words, text, strlen(text) + 1);
	for (; *kinds != '\0'; kinds++, word = end + 1) {
		struct line_request request;

		end = word + strcspn(word, ",");
		*end = '\0';
		request = request_of(*kinds, word);
		request.tag = (uint64_t)*word;
		(void)stay_group_add(group, &request);
	}
	return group;
}

static struct stay_call_id id;

static enum stay_status
try_with(const char *kinds, const char *text, uint32_t flags)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS, .flags = flags,
		.id = &id, .part = on_part };

	return stay_group_send(make(kinds, text), &options, on_done, name);
}

/* Accepted for sure. */
static void
group(const char *kinds, const char *text)
{
	ck_assert_int_eq(try_with(kinds, text, 0), STAY_OK);
}

static void
begin(void)
{
	told = 0;
	line_begin(&rig, NULL);
}

static void
end(void)
{
	line_end(&rig);
	ck_assert_uint_eq(told, 1);
}

static void
say(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 1);
}

/* ---- answers ---- */

static const struct {
	const char *kinds, *text, *told;
} answers[] = {
	{ "www", "say +1,say +2,say +3",
	    "g OK/replied: OK/replied +1 OK/replied +2 OK/replied +3;" },
	{ "w", "say +1", "g OK/replied: OK/replied +1;" },
	/* the status is that of the first that is not good */
	{ "www", "say +1,say -2,say !3",
	    "g E_SERVER/replied: OK/replied +1 E_SERVER/replied -2 "
	    "E_SERVER/refused !3;" },
	{ "ww", "say !1,say +2",
	    "g E_SERVER/replied: E_SERVER/refused !1 OK/replied +2;" },
	{ "ww", "say +1,say !2",
	    "g E_SERVER/replied: OK/replied +1 E_SERVER/refused !2;" },
	/* refused is only what all of is refused */
	{ "ww", "say !1,say !2",
	    "g E_SERVER/refused: E_SERVER/refused !1 E_SERVER/refused !2;" },
	/* what comes between is for others, and pieces are for `part` */
	{ "ww", "say >push|*one|#skip|+1,say =2",
	    "push >push;g part *one;push =2;"
	    "g OK/replied: OK/replied +1 OK/replied =2;" },
	{ "w2w", "say +1,say +2|-3,say +4",
	    "g part +2;g E_SERVER/replied: OK/replied +1 E_SERVER/replied -3 "
	    "OK/replied +4;" },
	/* without a reply */
	{ "t", "note", "g OK/sent: OK/sent;" },
	{ "tt", "note,note", "g OK/sent: OK/sent OK/sent;" },
	{ "twtwt", "note,say +1,note,say +2,note",
	    "g OK/replied: OK/sent OK/replied +1 OK/sent OK/replied +2 "
	    "OK/sent;" },
};

TEST_ROWS(client_group_answers_come_together, LEN(answers))
{
	begin();
	group(answers[_i].kinds, answers[_i].text);
	line_call(&rig, "z", LINE("say +z"));
	line_run(&rig, 10);
	ck_assert_ptr_nonnull(strstr(rig.notes.text, answers[_i].told));
	ck_assert_ptr_nonnull(strstr(rig.notes.text, "z OK/replied +z;"));
	ck_assert_int_eq(held, STAY_E_STATE);
	end();
}

TEST_ROWS(client_group_answers_are_cut_anywhere, 6)
{
	const struct sim_limits limits = { .read_max = (size_t)_i + 1,
		.latency_ms = 1 };

	told = 0;
	line_prepare(&rig);
	sim_limits_set(rig.world, &limits);
	line_start(&rig, NULL);
	group("www", "say +one,say -two|>push,say +three");
	line_run(&rig, 100);
	ck_assert_ptr_nonnull(strstr(rig.notes.text,
	    "up;push >push;g E_SERVER/replied: OK/replied +one "
	    "E_SERVER/replied -two OK/replied +three;"));
	end();
}

/* The words of each error are kept as well. */
static void
on_words(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	told++;
	for (size_t i = 0; i < result->count; i++)
		line_note(&rig.notes, "%s;", result->answers[i].why);
	line_note(&rig.notes, "%s;", result->why);
}

TEST(client_group_errors_keep_their_words)
{
	told = 0;
	line_prepare(&rig);
	rig.config.tells_words = true;
	line_start(&rig, NULL);
	line_run(&rig, 1);
	line_told(&rig);
	ck_assert_int_eq(
	    stay_group_send(make("wwww", "say +1,say -two,say -three,say -4"),
		NULL, on_words, NULL),
	    STAY_OK);
	LINE_TELLS(&rig, 10,
	    "ok;the server replied with an error: two;"
	    "the server replied with an error: three;"
	    "the server replied with an error: 4;"
	    "the server replied with an error: two;");
	end();
}

/* Each reply is for the tag of its request, also once nobody waits any more. */
TEST(client_group_each_request_has_its_tag)
{
	told = 0;
	line_prepare(&rig);
	rig.config.tells_oldest = true;
	line_start(&rig, NULL);
	line_run(&rig, 1);
	line_told(&rig);
	group("wt2w", "a,b,c,d");
	line_run(&rig, 1);
	say("+1\n+2\n");
	ck_assert_str_eq(line_told(&rig), "oldest 97;oldest 99;g part +2;");
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_OK);
	line_run(&rig, 1);
	say("+3\n+4\n");
	ck_assert_str_eq(line_told(&rig),
	    "g E_CANCELLED/maybe executed: OK/replied +1 "
	    "E_CANCELLED/maybe executed E_CANCELLED/maybe executed "
	    "E_CANCELLED/maybe executed;"
	    "oldest 99;orphan +3;oldest 100;orphan +4;");
	end();
}

/* The server is quick, and the last request has not left: whether it will, nobody
 * knows. */
TEST(client_group_is_answered_before_all_of_it_has_left)
{
	const struct sim_limits limits = { .send_buffer = 3 };

	begin();
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
	group("wt", "a,note");
	line_run(&rig, 1);
	say("+1\n");
	ck_assert_str_eq(
	    line_told(&rig), "g OK/replied: OK/replied +1 OK/maybe executed;");
	end();
}

TEST(client_group_leaves_as_one)
{
	told = 0;
	line_prepare(&rig);
	line_start(&rig, NULL);
	line_call(&rig, "x", LINE("x"));
	group("www", "a,b,c");
	line_call(&rig, "y", LINE("y"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "x;a;b;c;y;");
	end();
}

/* ---- counts and bounds ---- */

TEST(client_group_is_as_many_calls_as_requests)
{
	struct stay_client_counts c;

	begin();
	group("www", "a,b,c");
	c = counts_of(rig.client);
	ck_assert_uint_eq(c.submitted, 3);
	ck_assert_uint_eq(c.queued, 3);
	line_run(&rig, 1);
	c = counts_of(rig.client);
	ck_assert_uint_eq(c.queued, 0);
	ck_assert_uint_eq(c.in_flight, 3);
	say("+1\n+2\n");
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_OK);
	c = counts_of(rig.client);
	ck_assert_uint_eq(c.in_flight, 0);
	ck_assert_uint_eq(c.tombstones, 3);
	ck_assert_uint_eq(c.maybe_executed, 3);
	say("+3\n");
	c = counts_of(rig.client);
	ck_assert_uint_eq(c.tombstones, 0);
	ck_assert_uint_eq(c.orphans, 1);
	end();
}

TEST(client_group_counts_its_outcomes_one_by_one)
{
	begin();
	group("www", "say !1,say !2,say !3");
	line_run(&rig, 10);
	ck_assert_uint_eq(counts_of(rig.client).refused, 3);
	ck_assert_uint_eq(counts_of(rig.client).in_flight, 0);
	end();
}

static const struct {
	const char *kinds;
	uint64_t queue, inflight;
	size_t before; /* calls in the queue */
	enum stay_status says;
} bounds[] = {
	{ "www", 3, 3, 0, STAY_OK },
	{ "wwww", 3, 9, 0, STAY_E_TOO_BIG },
	{ "wwww", 9, 3, 0, STAY_E_TOO_BIG },
	{ "www", 4, 9, 1, STAY_OK },
	{ "www", 4, 9, 2, STAY_E_FULL },
	{ "", 4, 9, 0, STAY_E_ARG },
};

TEST_ROWS(client_group_has_a_place_for_each_request, LEN(bounds))
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_calls_max = bounds[_i].queue,
		.inflight_calls_max = bounds[_i].inflight,
		.queue_high_percent = 100, .queue_low_percent = 100 };

	told = 0;
	line_begin(&rig, &options);
	for (size_t i = 0; i < bounds[_i].before; i++)
		line_call(&rig, "x", LINE("x"));
	ck_assert_int_eq(
	    try_with(bounds[_i].kinds, "a,b,c,d", 0), bounds[_i].says);
	ck_assert_uint_eq(
	    counts_of(rig.client).rejected, bounds[_i].says != STAY_OK);
	line_end(&rig);
	ck_assert_uint_eq(told, bounds[_i].says == STAY_OK);
}

TEST(client_group_waits_until_all_of_it_has_a_place)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.inflight_calls_max = 3 };

	told = 0;
	line_begin(&rig, &options);
	line_call(&rig, "x", LINE("x"));
	group("www", "a,b,c");
	line_call(&rig, "y", LINE("y"));
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "x;");
	say("+x\n");
	ck_assert_str_eq(line_got(&rig), "a;b;c;");
	say("+1\n+2\n");
	ck_assert_str_eq(line_got(&rig), "");
	say("+3\n");
	ck_assert_str_eq(line_got(&rig), "y;");
	end();
}

/* As a request that is larger than all that may be in flight. */
TEST(client_group_is_sent_alone_where_the_bound_was_lowered)
{
	struct stay_client_options options;

	begin();
	options = *inside_options(rig.client);
	options.inflight_calls_max = options.tombstones_max = 2;
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_OK);
	group("www", "a,b,c");
	line_call(&rig, "y", LINE("y"));
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|a;b;c;");
	say("+1\n+2\n+3\n");
	ck_assert_str_eq(line_got(&rig), "y;");
	end();
}

static enum stay_status
send_to_bare(void)
{
	return try_with("ww", "a,b", 0);
}

static enum stay_status
send_what_encode_refuses(void)
{
	const struct line_request bad = {
		.text = "x", .replies = 1, .refuse = STAY_E_FORMAT
	};
	struct stay_group *made = make("w", "a");

	ck_assert_int_eq(stay_group_add(made, &bad), STAY_E_FORMAT);
	ck_assert_int_eq(stay_group_add(made, LINE("b")), STAY_E_FORMAT);
	return stay_group_send(made, NULL, on_done, name);
}

static enum stay_status
send_what_is_empty(void)
{
	struct stay_group *made = make("w", "a");

	ck_assert_int_eq(stay_group_add(made, LINE("")), STAY_E_ARG);
	return stay_group_send(made, NULL, on_done, name);
}

static enum stay_status
send_unknown_flags(void)
{
	struct stay_group *made = make("w", "a");

	ck_assert_int_eq(
	    stay_group_add(made, LINE_WITH("x", .flags = 512)), STAY_E_ARG);
	stay_group_free(made);
	return try_with("w", "a", 512);
}

static enum stay_status
send_many_replies(void)
{
	const struct line_request many = { .text = "x", .replies = UINT32_MAX };
	struct stay_group *made = make("w", "a");

	ck_assert_int_eq(stay_group_add(made, &many), STAY_E_TOO_BIG);
	return stay_group_send(made, NULL, on_done, name);
}

static enum stay_status
send_old_options(void)
{
	struct stay_call_options options = { .size = 1 };

	return stay_group_send(make("w", "a"), &options, on_done, name);
}

static enum stay_status
send_nothing(void)
{
	ck_assert_int_eq(stay_group_add(NULL, LINE("a")), STAY_E_NOMEM);
	stay_group_free(NULL);
	return stay_group_send(NULL, NULL, on_done, name);
}

static enum stay_status
send_in_no_session(void)
{
	sim_peer_close(rig.peer);
	line_run(&rig, 1);
	return try_with("ws", "a,b", 0);
}

static enum stay_status
send_too_many_bytes(void)
{
	return try_with("ww", "0123456789,0123456789", 0);
}

static enum stay_status
send_no_room_for_bytes(void)
{
	line_call(&rig, "x", LINE("0123456789"));
	return try_with("ww", "0123,0123", 0);
}

static const struct {
	enum stay_status (*send)(void);
	enum stay_status says;
	const struct stay_protocol *protocol;
	uint64_t bytes; /* queue_bytes_max */
} rejections[] = {
	{ send_to_bare, STAY_E_UNSUPPORTED, &line_bare_protocol, 0 },
	{ send_what_encode_refuses, STAY_E_FORMAT, &line_protocol, 0 },
	{ send_what_is_empty, STAY_E_ARG, &line_protocol, 0 },
	{ send_unknown_flags, STAY_E_ARG, &line_protocol, 0 },
	{ send_many_replies, STAY_E_TOO_BIG, &line_protocol, 0 },
	{ send_old_options, STAY_E_ABI, &line_protocol, 0 },
	{ send_nothing, STAY_E_NOMEM, &line_protocol, 0 },
	{ send_in_no_session, STAY_E_OFFLINE, &line_protocol, 0 },
	{ send_too_many_bytes, STAY_E_TOO_BIG, &line_protocol, 20 },
	{ send_no_room_for_bytes, STAY_E_FULL, &line_protocol, 20 },
};

TEST_ROWS(client_group_rejected_is_never_told, LEN(rejections))
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_bytes_max = rejections[_i].bytes };

	told = 0;
	line_prepare(&rig);
	rig.protocol = rejections[_i].protocol;
	line_start(&rig, &options);
	line_run(&rig, 10);
	ck_assert_int_eq(rejections[_i].send(), rejections[_i].says);
	ck_assert_uint_eq(counts_of(rig.client).queued, rig.call_count);
	line_end(&rig);
	ck_assert_uint_eq(told, 0);
}

/* One reply is never kept, so that a protocol need not know how. */
TEST(client_group_of_one_reply_needs_no_retain)
{
	told = 0;
	line_prepare(&rig);
	rig.protocol = &line_bare_protocol;
	line_start(&rig, NULL);
	group("w", "say +1");
	LINE_TELLS(&rig, 10, "g OK/replied: OK/replied +1;");
	end();
}

/* ---- what is kept ---- */

/* The line protocol keeps a reply in its length and a struct's. */
TEST(client_group_answers_past_the_bound_cost_nobody_else)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.group_bytes_max = 250 };

	told = 0;
	line_begin(&rig, &options);
	group("wwwww", "say +1,say +2,say +3,say !4,say +5");
	line_call(&rig, "z", LINE("say +z"));
	LINE_TELLS(&rig, 10,
	    "g E_TOO_BIG/replied: OK/replied +1 OK/replied +2 "
	    "E_TOO_BIG/replied E_TOO_BIG/refused OK/replied +5;"
	    "z OK/replied +z;");
	ck_assert_uint_eq(rig.server.accepted, 1);
	/* each group has all of it */
	group("ww", "say +1,say +2");
	LINE_TELLS(&rig, 10, "g OK/replied: OK/replied +1 OK/replied +2;");
	line_end(&rig);
}

static struct stay_group_result became;

static void
on_scarce(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	told++;
	became = *result;
	for (size_t i = 0; i < result->count; i++) {
		EXPECT(result->answers[i].outcome == STAY_REPLIED);
		EXPECT(result->answers[i].why != NULL);
	}
}

/* Whatever cannot be had, the group is rejected, or completes once, with all that the
 * server has said or could be kept of it. */
TEST(client_group_without_memory)
{
	enum stay_status says = STAY_E_NOMEM;
	unsigned rejected = 0, lacking = 0;
	bool failed = true;

	begin();
	for (unsigned nth = 1; failed; nth++) {
		told = 0;
		scarce_arm(nth);
		says = stay_group_send(
		    make("www", "say +1,say -2,say +3"), NULL, on_scarce, NULL);
		sim_run_ms(rig.world, 10);
		failed = scarce_disarm();
		ck_assert_uint_eq(told, says == STAY_OK);
		rejected += says != STAY_OK;
		lacking += told == 1 && became.status == STAY_E_NOMEM;
	}
	ck_assert_uint_ge(
	    rejected, 4); /* the group, its members, bytes, answers */
	ck_assert_uint_eq(lacking, 1); /* the first reply */
	ck_assert_int_eq(became.status, STAY_E_SERVER);
	ck_assert_uint_eq(rig.server.accepted, 1);
	line_end(&rig);
}

/* ---- the end of a session ---- */

/* A session ends with so many bytes of "ab\ncd\n" on the wire. */
static const struct {
	size_t len;
	uint32_t flags;
	bool acts_on_parts;
	const char *said; /* by the server, before it ends */
	const char *outcome;
} cuts[] = {
	{ 1, 0, false, "", "not sent" },
	{ 2, 0, false, "", "not sent" },
	{ 3, 0, false, "", "maybe executed" },
	{ 5, 0, false, "", "maybe executed" },
	{ 6, 0, false, "", "maybe executed" },
	{ 1, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 3, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 6, STAY_GROUP_ATOMIC, false, "", "maybe executed" },
	/* an answer so early says that the server has acted... */
	{ 2, 0, false, "+1\n", "maybe executed" },
	/* ...unless it acts on all or nothing; not on an error, which is not of
	 * that kind */
	{ 5, STAY_GROUP_ATOMIC, false, "+1\n", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "!1\n", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "-1\n", "maybe executed" },
	{ 5, STAY_GROUP_ATOMIC, false, "*1\n", "maybe executed" },
	{ 1, 0, true, "", "maybe executed" },
	{ 1, STAY_GROUP_ATOMIC, true, "", "maybe executed" },
};

/* The server takes so many bytes more, and no further ones. */
static void
narrow(size_t len)
{
	const struct sim_limits limits = { .send_buffer = len };

	line_run(&rig, 1);
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
}

TEST_ROWS(promise_3_a_group_cut_is_not_sent_only_if_nothing_can_act, LEN(cuts))
{
	struct stay_protocol protocol = line_protocol;
	char says[64];

	told = 0;
	line_prepare(&rig);
	protocol.flags = cuts[_i].acts_on_parts ? STAY_ACTS_ON_PARTS : 0;
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	narrow(cuts[_i].len);
	ck_assert_int_eq(
	    try_with("ww", "ab,cd", cuts[_i].flags | STAY_THIS_SESSION),
	    STAY_OK);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, cuts[_i].said);
	line_run(&rig, 1);
	line_told(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	snprintf(says, sizeof(says), "g E_LOST/%s:", cuts[_i].outcome);
	ck_assert_ptr_nonnull(strstr(rig.notes.text, says));
	end();
}

/* What was not sent is sent in the next session, from its first byte on. */
TEST(promise_3_a_group_that_is_not_sent_waits_for_the_next_session)
{
	begin();
	narrow(5);
	ck_assert_int_eq(
	    try_with("ww", "say +1,say +2", STAY_GROUP_ATOMIC), STAY_OK);
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|say +1;say +2;");
	ck_assert_ptr_nonnull(strstr(
	    rig.notes.text, "g OK/replied: OK/replied +1 OK/replied +2;"));
	end();
}

TEST(client_group_that_was_lost_has_the_answers_that_came)
{
	begin();
	group("www", "a,b,c");
	line_run(&rig, 1);
	say("+1\n-2\n");
	ck_assert_str_eq(line_told(&rig), "");
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 10,
	    "down E_CLOSED;g E_LOST/maybe executed: OK/replied +1 "
	    "E_SERVER/replied -2 E_LOST/maybe executed;");
	end();
}

/* `kinds` is sent again after the first answer, or not. */
static const struct {
	const char *kinds;
	uint32_t flags;
	bool again;
} resends[] = {
	{ "rrr", 0, true },
	{ "rir", 0, true },
	{ "iii", 0, true },
	{ "rrw", 0, false },
	{ "wrr", 0, false },
	{ "www", STAY_IDEMPOTENT, true },
	{ "www", STAY_READ_ONLY, true },
	{ "rrs", 0, false },
};

TEST_ROWS(promise_3_a_group_is_sent_again_only_as_a_whole, LEN(resends))
{
	begin();
	ck_assert_int_eq(
	    try_with(resends[_i].kinds, "a,b,c", resends[_i].flags), STAY_OK);
	line_run(&rig, 1);
	say("+old\n");
	line_got(&rig);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), resends[_i].again ? "|a;b;c;" : "|");
	if (resends[_i].again) {
		line_told(&rig);
		ck_assert_uint_eq(counts_of(rig.client).in_flight, 3);
		say("+1\n+2\n+3\n");
		ck_assert_str_eq(line_told(&rig),
		    "g OK/replied: OK/replied +1 OK/replied +2 "
		    "OK/replied +3;");
	}
	end();
}

/* What the session before has done to it, nobody knows. */
TEST(promise_3_a_group_sent_again_and_refused_was_maybe_executed)
{
	begin();
	group("rr", "a,b");
	line_run(&rig, 1);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	line_told(&rig);
	say("!1\n!2\n");
	ck_assert_str_eq(line_told(&rig),
	    "g E_SERVER/maybe executed: E_SERVER/maybe executed !1 "
	    "E_SERVER/maybe executed !2;");
	end();
}

/* What a caller has seen a piece of is not done anew. */
TEST_ROWS(client_group_with_a_piece_handed_out_is_not_sent_again, 2)
{
	begin();
	group(_i == 0 ? "rr" : "2r", "a,b");
	if (_i == 1) {
		line_run(&rig, 1);
		ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_OK);
		line_run(&rig, 1);
		told = 0;
		say("+1\n+2\n+3\n");
		ck_assert_int_eq(
		    try_with("2r", "a,b", STAY_READ_ONLY), STAY_OK);
	}
	line_run(&rig, 1);
	say(_i == 0 ? "*piece\n" : "+first\n");
	line_got(&rig);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|");
	ck_assert_ptr_nonnull(
	    strstr(line_told(&rig), "g E_LOST/maybe executed:"));
	end();
}

/* A write behind it was not sent again: it would be overtaken. */
TEST(promise_4_a_group_does_not_overtake)
{
	begin();
	group("ii", "a,b");
	line_call(&rig, "w", LINE("w"));
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|");
	end();
}

/* Three calls' worth of the budget. */
TEST_ROWS(client_group_spends_the_budget_one_by_one, 2)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.resend_burst = 3, .resend_percent = 1 };

	told = 0;
	line_begin(&rig, &options);
	group("rrr", "a,b,c");
	if (_i == 1)
		line_call(&rig, "r", LINE_WITH("r", .flags = STAY_READ_ONLY));
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	/* the newest is paid for first, and the group not by half */
	ck_assert_str_eq(line_got(&rig), _i == 0 ? "|a;b;c;" : "|r;");
	end();
}

TEST(client_group_refused_is_not_kept_for_another_session)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_refused = STAY_REFUSED_RESEND };

	told = 0;
	line_begin(&rig, &options);
	group("w", "say !1");
	LINE_TELLS(&rig, 10, "g E_SERVER/refused: E_SERVER/refused !1;");
	ck_assert_uint_eq(rig.server.accepted, 1);
	end();
}

/* ---- given up ---- */

static void
by_cancel(void)
{
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_OK);
	line_run(&rig, 1);
}

static void
by_time(void)
{
	line_run(&rig, 5000);
}

static const struct {
	void (*give_up)(void);
	const char *status;
} ways[] = { { by_cancel, "E_CANCELLED" }, { by_time, "E_TIMEOUT" } };

TEST_ROWS(promise_2_a_group_given_up_is_a_tombstone, LEN(ways))
{
	char says[256];

	begin();
	group("www", "a,b,c");
	line_run(&rig, 1);
	say("+1\n");
	ways[_i].give_up();
	snprintf(says, sizeof(says),
	    "g %s/maybe executed: OK/replied +1 %s/maybe executed "
	    "%s/maybe executed;",
	    ways[_i].status, ways[_i].status, ways[_i].status);
	ck_assert_str_eq(line_told(&rig), says);
	line_call(&rig, "z", LINE("z"));
	line_run(&rig, 1);
	say("+2\n-3\n+z\n");
	ck_assert_str_eq(
	    line_told(&rig), "orphan +2;orphan -3;z OK/replied +z;");
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_E_STALE);
	end();
}

TEST(client_group_given_up_in_the_queue_was_never_sent)
{
	told = 0;
	line_prepare(&rig);
	line_start(&rig, NULL);
	group("ww", "a,b");
	by_cancel();
	line_run(&rig, 10);
	ck_assert_ptr_nonnull(strstr(line_told(&rig),
	    "g E_CANCELLED/not sent: E_CANCELLED/not sent "
	    "E_CANCELLED/not sent;"));
	ck_assert_str_eq(line_got(&rig), "");
	end();
}

/* Nobody waits, and the session ends: its record goes, too. */
TEST(client_group_given_up_ends_with_its_session)
{
	begin();
	group("www", "a,b,c");
	line_run(&rig, 1);
	by_cancel();
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	ck_assert_uint_eq(counts_of(rig.client).tombstones, 0);
	end();
}

TEST(client_group_counts_against_tombstones_one_by_one)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.tombstones_max = 2 };

	told = 0;
	line_begin(&rig, &options);
	group("www", "a,b,c");
	line_run(&rig, 1);
	by_cancel();
	ck_assert_ptr_nonnull(strstr(line_told(&rig), "down E_SILENT;"));
	end();
}

/* It alone blocks: the server keeps what it would have been given. */
TEST(client_group_that_blocks_ends_its_session)
{
	begin();
	group("wb", "a,b");
	line_run(&rig, 1);
	by_cancel();
	ck_assert_ptr_nonnull(strstr(line_told(&rig), "down E_RECONNECT;"));
	end();
}

/* A second each, and one for the margin. */
TEST(client_group_that_blocks_has_the_time_of_all)
{
	begin();
	group("bwb", "a,b,c");
	line_run(&rig, 2999);
	ck_assert_uint_eq(told, 0);
	line_run(&rig, 2);
	ck_assert_uint_eq(told, 1);
	end();
}

/* Given up by who is handed a piece of it. */
static void
on_part_cancel(void *arg, const struct stay_result *result)
{
	on_part(arg, result);
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_OK);
}

TEST_ROWS(client_group_given_up_in_its_part, 2)
{
	static const char *const pieces[] = { "*piece\n", "+first\n" };
	struct stay_call_options options = { STAY_CALL_OPTIONS, .id = &id,
		.part = on_part_cancel };

	begin();
	ck_assert_int_eq(
	    stay_group_send(make("2w", "a,b"), &options, on_done, name),
	    STAY_OK);
	line_run(&rig, 1);
	say(pieces[_i]);
	ck_assert_ptr_nonnull(
	    strstr(line_told(&rig), "g E_CANCELLED/maybe executed:"));
	say(_i == 0 ? "+1\n+2\n+3\n" : "+2\n+3\n");
	ck_assert_uint_eq(counts_of(rig.client).tombstones, 0);
	end();
}

/* ---- without done, and in a turn ---- */

static const struct {
	const char *text, *told;
} untold[] = {
	{ "say +1,say +2", "" },
	{ "say +1,say -2", "lost E_SERVER;" },
	{ "say -1,say +2", "lost E_SERVER;" },
	{ "say +1,close", "down E_CLOSED;lost E_LOST;" },
};

TEST_ROWS(client_group_without_done_tells_the_observer, LEN(untold))
{
	begin();
	ck_assert_int_eq(
	    stay_group_send(make("ww", untold[_i].text), NULL, NULL, NULL),
	    STAY_OK);
	LINE_TELLS(&rig, 10, untold[_i].told);
	line_end(&rig);
	ck_assert_uint_eq(told, 0);
}

TEST(client_group_takes_several_turns_if_it_must)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.turn_calls_max = 2 };

	told = 0;
	line_begin(&rig, &options);
	group("wwwww", "a,b,c,d,e");
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n+4\n+5\n");
	line_run(&rig, 1);
	ck_assert_uint_eq(told, 1);
	end();
}

TEST(client_group_is_finished_by_a_drain)
{
	begin();
	group("ww", "a,b");
	stay_client_drain(rig.client, 1000);
	line_run(&rig, 1);
	say("+1\n+2\n");
	line_run(&rig, 10);
	ck_assert_ptr_nonnull(strstr(
	    rig.notes.text, "g OK/replied: OK/replied +1 OK/replied +2;"));
	end();
}

TEST_SUITE(client_group)
