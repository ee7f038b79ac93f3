/*
 * NATS (examples/adapters/) while its server is killed and frozen. Every message that
 * the server has acknowledged comes once, in order, or lies in a gap that its
 * subscription was told. Every question has its own answer, or a true outcome.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/nats_bed.h"

#define EARS       200
#define MESSAGES   20000
#define QUESTIONS  20000
#define PATIENCE_S 60.

/* A subject and who subscribes to it. */
struct ear {
	struct nats_subscription subscription; /* the first member */
	char name[16];
	int last; /* the message that came last */
	bool on, gap;
};

static struct ear ears[EARS];
static struct {
	int ear;
	bool acknowledged;
} messages[MESSAGES];
static int published, completed, asked, answered, ons, losses;
static unsigned outcomes[STAY_OUTCOME_COUNT];
static struct stay_client *publisher, *listener, *asker, *service;

/* ---- messages ---- */

/* What is missing up to there was never acknowledged, or lies in a gap. */
static void
check_missing(const struct ear *ear, int to)
{
	for (int i = ear->last + 1; i < to; i++)
		if (&ears[messages[i].ear] == ear && messages[i].acknowledged)
			ck_assert_msg(ear->gap, "message %d is missing", i);
}

static void
on_message(
    struct nats_subscription *subscription, const struct nats_message *message)
{
	struct ear *ear = (struct ear *)subscription;
	int number = atoi(message->payload.data);

	ck_assert_ptr_eq(&ears[messages[number].ear], ear);
	ck_assert_int_gt(number, ear->last);
	check_missing(ear, number);
	ear->last = number;
	ear->gap = false;
}

static void
on_notice(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	struct ear *ear = (struct ear *)subscription;

	ck_assert_uint_eq(words.len, 0);
	ck_assert(ear->on != (notice == NATS_ON));
	ear->on = notice == NATS_ON;
	ear->gap = true;
	*(ear->on ? &ons : &losses) += 1;
}

static void
on_published(void *arg, const struct stay_result *result)
{
	int number = (int)(intptr_t)arg;

	completed++;
	outcomes[result->outcome]++;
	messages[number].acknowledged = result->outcome == STAY_REPLIED;
}

static void
publish(int count)
{
	char subject[16], text[16];
	struct nats_request request = { subject, { text, 0 }, false };

	for (; count > 0; count--) {
		ck_assert_int_lt(published, MESSAGES);
		messages[published].ear = rand() % EARS;
		snprintf(subject, sizeof(subject), "ear.%d",
		    messages[published].ear);
		request.payload.len =
		    (size_t)snprintf(text, sizeof(text), "%d", published);
		EXPECT_OK(stay_client_call(publisher, &request, on_published,
		    (void *)(intptr_t)published));
		published++;
	}
}

/* ---- questions ---- */

static void
serve(
    struct nats_subscription *subscription, const struct nats_message *question)
{
	char to[64], text[32];
	struct nats_request answer = { to, { text, 0 }, false };
	int number = atoi(question->payload.data);

	(void)subscription;
	snprintf(to, sizeof(to), "%.*s", (int)question->reply_to.len,
	    question->reply_to.data);
	answer.payload.len =
	    (size_t)snprintf(text, sizeof(text), "%d", 2 * number);
	(void)!stay_client_call(service, &answer, NULL, NULL);
}

static void ask_some(int count);

/* For each that is answered another one is asked: so many are always in flight. */
static void
on_answer(void *arg, const struct stay_result *result)
{
	const struct nats_message *answer = result->reply;

	answered++;
	outcomes[result->outcome]++;
	if (result->status == STAY_OK)
		ck_assert_int_eq(
		    atoi(answer->payload.data), 2 * (int)(intptr_t)arg);
	if (asked < QUESTIONS)
		ask_some(1);
}

static void
ask_some(int count)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 1000 };
	char text[16];
	struct nats_request request = { "double", { text, 0 }, true };

	for (; count > 0; count--) {
		request.payload.len =
		    (size_t)snprintf(text, sizeof(text), "%d", asked);
		EXPECT_OK(stay_client_call_with(asker, &request, &options,
		    on_answer, (void *)(intptr_t)asked));
		asked++;
	}
}

/* ---- the storm ---- */

static bool
all_on(void *arg)
{
	(void)arg;
	return ons == losses + EARS;
}

static bool
all_completed(void *arg)
{
	(void)arg;
	return completed == published;
}

static bool
all_answered(void *arg)
{
	(void)arg;
	return answered == QUESTIONS;
}

static void
kill_server(void)
{
	peer_kill(&nats.peer);
	rig_run(&rig, 0.02);
	nats_start(&nats);
}

static bool
are_lost(void *before)
{
	return losses > *(const int *)before;
}

/* Until its silence is noticed. */
static void
freeze_server(void)
{
	int before = losses;

	peer_freeze(&nats.peer);
	publish(500);
	rig_until(&rig, are_lost, &before, PATIENCE_S);
	peer_thaw(&nats.peer);
}

/* Shorter than that. */
static void
pause_server(void)
{
	peer_freeze(&nats.peer);
	publish(500);
	rig_run(&rig, 0.1);
	peer_thaw(&nats.peer);
}

/* A disturbance, with messages before, in and behind it. */
static void
disturb(void (*strike)(void))
{
	publish(1000);
	rig_run(&rig, 0.02);
	publish(500);
	strike();
	publish(500);
	rig_run(&rig, 0.02);
	rig_until(&rig, all_on, NULL, PATIENCE_S);
	publish(500);
	rig_until(&rig, all_completed, NULL, PATIENCE_S);
}

static void
begin(void)
{
	static const struct nats_config verbose = { .verbose = true };
	static struct nats_subscription doubles = { "double", "q", serve,
		NULL };
	const struct stay_client_options impatient = { STAY_CLIENT_OPTIONS,
		.silence_ms = 300, .probe_ms = 100, .connect_budget_ms = 500 };
	struct stay_client_options options = impatient;

	nats_bed_open();
	listener = nats_client(&nats, "", &options);
	asker = nats_client(&nats, "", &options);
	service = nats_client(&nats, "", &options);
	options.config = &verbose;
	publisher = nats_client(&nats, "", &options);
	EXPECT_OK(nats_subscribe(service, &doubles));
	for (int i = 0; i < EARS; i++) {
		struct ear *ear = &ears[i];

		*ear = (struct ear){ .last = -1,
			.subscription = {
			    ear->name, NULL, on_message, on_notice } };
		snprintf(ear->name, sizeof(ear->name), "ear.%d", i);
		EXPECT_OK(nats_subscribe(listener, &ear->subscription));
	}
	published = completed = asked = answered = ons = losses = 0;
	memset(outcomes, 0, sizeof(outcomes));
	srand(1);
	rig_until(&rig, all_on, NULL, PATIENCE_S);
}

/* What was acknowledged comes before this refusal. A busy machine may be silent for long
 * enough to cost one more session. */
static bool
is_read_to_the_end(void)
{
	return nats_question(listener, "nobody", "").outcome == STAY_REFUSED;
}

TEST(promise_3_nats_storm)
{
	int before;

	ask_some(50);
	disturb(kill_server);
	disturb(pause_server);
	disturb(freeze_server);
	disturb(kill_server);
	rig_until(&rig, all_answered, NULL, PATIENCE_S);
	do {
		rig_until(&rig, all_on, NULL, PATIENCE_S);
		before = losses;
		publish(1000);
		rig_until(&rig, all_completed, NULL, PATIENCE_S);
	} while (!is_read_to_the_end() || losses > before);
	for (int i = 0; i < EARS; i++)
		check_missing(&ears[i], published);
	ck_assert_int_ge(losses, 3 * EARS);
	ck_assert_uint_gt(outcomes[STAY_MAYBE_EXECUTED], 0);
	ck_assert_uint_gt(outcomes[STAY_REPLIED], 10000);
}

TEST_SUITE_WITH(
    nats_storm, .before = begin, .after = nats_bed_close, .seconds = 240)
