/*
 * What is sent again when a session is lost that may have executed it: only
 * what may be, and nothing that would then be done behind its successors.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

/*
 * Calls of one session by their kinds, called "a", "b" and so on: idempotent,
 * reading, writing, and telling (no answer is due); in capitals one is given up
 * in flight. Of what stands behind a '/' only half has left.
 */
static const struct {
	const char *kinds;
	uint64_t burst; /* 0: far more than there are */
	const char *again;
	const char *lost;
} losses[] = {
	{ "i", 0, "a;", "" },
	{ "w", 0, "", "a" },
	{ "iii", 0, "a;b;c;", "" },
	{ "wii", 0, "b;c;", "a" },
	{ "iwi", 0, "c;", "ab" },
	{ "iiw", 0, "", "abc" },
	/* what was given up may have been executed as well */
	{ "iWi", 0, "c;", "a" },
	{ "iIi", 0, "c;", "a" },
	{ "iRi", 0, "a;c;", "" },
	/* and what was told that it was sent */
	{ "iti", 0, "c;", "a" },
	{ "it", 0, "", "a" },
	/* reading does not mind, and is not minded */
	{ "rw", 0, "a;", "b" },
	{ "rt", 0, "a;", "" },
	{ "irw", 0, "b;", "ac" },
	{ "iri", 0, "a;b;c;", "" },
	{ "irR", 0, "a;b;", "" },
	/* what was cut cannot have been executed */
	{ "i/w", 0, "a;b;", "" },
	{ "i/W", 0, "a;", "" },
	{ "i/t", 0, "a;b;", "" },
	{ "iw/i", 0, "c;", "ab" },
	/* the budget is for the newest */
	{ "iiiii", 3, "c;d;e;", "ab" },
	{ "rrrrr", 3, "c;d;e;", "ab" },
	{ "iri", 1, "c;", "ab" },
};

static const char names[][2] = { "a", "b", "c", "d", "e" };

static void
submit(const char *name, char kind)
{
	const struct line_request request = { .text = name,
		.replies = kind != 't',
		.flags = kind == 'i'   ? STAY_IDEMPOTENT
			 : kind == 'r' ? STAY_READ_ONLY
				       : 0 };

	line_call(&rig, name, &request);
}

/* The server takes one byte more. */
static void
take_half(void)
{
	const struct sim_limits narrow = { .send_buffer = 1 };

	line_run(&rig, 1);
	sim_peer_limits(rig.peer, &narrow);
	sim_peer_freeze(rig.peer, true);
}

static void
submit_all(const char *kinds)
{
	for (size_t i = 0; *kinds != '\0'; kinds++) {
		if (*kinds == '/')
			take_half();
		else
			submit(names[i++], (char)tolower(*kinds));
	}
	line_run(&rig, 1);
}

static void
give_up(const char *kinds)
{
	for (size_t i = 0; *kinds != '\0'; kinds++) {
		if (*kinds == '/')
			continue;
		if (isupper((unsigned char)*kinds))
			EXPECT_OK(
			    stay_client_cancel(rig.client, rig.calls[i].id));
		i++;
	}
	line_run(&rig, 1);
}

/* Who was the oldest is alone now, and the others follow. */
static void
answer_first(void)
{
	if (line_counts(&rig).in_flight == 1)
		sim_peer_print(rig.peer, "+x\n");
	line_run(&rig, 10);
}

static void
check_lost(const char *lost)
{
	for (size_t i = 0; i < rig.call_count; i++) {
		const struct line_call *call = &rig.calls[i];
		bool is_lost = call->told > 0 &&
			       call->result.status == STAY_E_LOST &&
			       call->result.outcome == STAY_MAYBE_EXECUTED;

		ck_assert_int_eq(is_lost, strchr(lost, *call->name) != NULL);
	}
}

TEST_ROWS(promise_3_4_what_is_sent_again_keeps_its_order, (LEN(losses)))
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	char again[32];

	options.resend_burst = losses[_i].burst;
	line_begin(&rig, &options);
	submit_all(losses[_i].kinds);
	give_up(losses[_i].kinds);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 500);
	answer_first();
	snprintf(again, sizeof(again), "|%s", losses[_i].again);
	ck_assert_str_eq(line_got(&rig), again);
	check_lost(losses[_i].lost);
	line_told(&rig);
}

/* What an earlier session has told, says nothing of the next. */
TEST(promise_3_4_each_loss_is_judged_alone)
{
	line_begin(&rig, NULL);
	submit_all("rt");
	sim_peer_reset(rig.peer);
	line_run(&rig, 500);
	submit("b", 'i');
	answer_first();
	submit("c", 'i');
	line_run(&rig, 10);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 500);
	answer_first();
	ck_assert_str_eq(line_got(&rig), "|b;c;");
	line_told(&rig);
}

TEST_SUITE_WITH(client_again, .after = line_after)
