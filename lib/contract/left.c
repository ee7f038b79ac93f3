/*
 * The chapter of calls that go on until their session is left, as planned: the adapter
 * ends them then, so that they have their replies. Which samples these are the contract
 * says.
 */
#include "contract/kit.h"

/* One of them, by its turn; the count of all: there is none. */
static size_t
long_sample(const struct kit_run *run, uint64_t turn)
{
	size_t count = run->contract->sample_count, at = 0;

	for (size_t i = 0; i < count; i++)
		at += kit_is_long(run, i);
	if (at == 0)
		return count;
	turn %= at;
	for (at = 0; !kit_is_long(run, at) || turn-- > 0; at++)
		continue;
	return at;
}

static void
leave(struct kit_run *run, uint64_t how)
{
	struct stay_session *session = stay_client_session(run->client);

	kit_note(how == 0   ? "the client is told to stop"
		 : how == 1 ? "the client is told to reconnect"
			    : "the server is to go away");
	if (how == 0)
		kit_stop(run);
	else if (how == 1 || session == NULL)
		stay_client_reconnect(run->client, STAY_OK);
	else
		(void)stay_session_leave(session, NULL, 0, kit_draw(run, 2000));
}

/* It is the last of its session: an answer in order would wait behind it. */
static void
ask_long(struct kit_run *run, size_t sample)
{
	if (!kit_comes_up(run, 3000))
		kit_broken(KIT_COMES_BACK, "no session comes up: %s",
		    stay_conn_failure(stay_client_conn(run->client)));
	kit_ask_some(run, kit_draw(run, 4), KIT_MUST_ANSWER, 0, false);
	kit_settle(run);
	kit_ask(run, &(struct kit_asked){ sample, KIT_MUST_END, 0 });
	kit_pass(run, 1 + kit_draw(run, 300));
}

enum kit_more
kit_chapter_left(struct kit_run *run, uint64_t number)
{
	size_t sample = long_sample(run, number);

	if (sample == run->contract->sample_count) {
		snprintf(kit_told->detail, KIT_LINE_SIZE,
		    "nothing to try: no sample goes on until its session is "
		    "left");
		return KIT_ALL;
	}
	kit_run_begin(run);
	for (uint64_t i = 0; i <= number % 3; i++) {
		ask_long(run, sample);
		leave(run, i == number % 3 ? number % 2 : 1 + i % 2);
		if (run->closed == 0)
			kit_settle(run);
	}
	kit_run_end(run);
	return KIT_MORE;
}
