/*
 * Which verdict may be returned where: every callback in every situation, with
 * every verdict, alone and in every company. What is legal is told here by hand
 * from the design; all else must end in bad_return, and in the right order.
 */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "conn/verdict.h"
#include "probe.h"
#include "suites.h"

/* ---- verdicts and their company ---- */

static const char *const verdicts[] = { "ok", "connect(7)", "disconnect(7)",
	"backoff(9000)", "noconnect", "pending(9000)", "ignore", "stop(IO)",
	"reply(5)", "noreply", "postpone" };
#define VERDICTS ((int)(LEN(verdicts)))

/* Alone, with T, with hibernate, with a reply. */
static const char *const company[] = { "", "/5000", "/h", "+reply(6)" };
#define COMPANY ((int)(LEN(company)))

/* ---- situations ---- */

/*
 * How to get there, who speaks next, and what is legal: T behind those that a
 * message timeout or hibernate may come with, r behind those that a reply may.
 * `then` is what follows a bad return, behind the callback that made it.
 */
struct situation {
	const char *name;
	const char *script;
	const char *drive;
	const char *legal;
	const char *then;
};

#define UP       "init: connect(1) connect: ok "
#define TRY      "init: connect(1) connect: pending(9000) "
#define BAD      "terminate(BAD_RETURN) closed(BAD_RETURN)"
#define BAD_CALL "terminate(BAD_RETURN) done(2)!STOPPED closed(BAD_RETURN)"
#define LAST     "disconnect(stopping:BAD_RETURN) "

#define OF_CALL                                                                \
	"connect(7)r disconnect(7)r stop(IO)r reply(5)T noreplyT postpone"
#define OF_MAIL "connect(7) disconnect(7) stop(IO) noreplyT postpone"

/* clang-format off */
static const struct situation situations[] = {
	{ "init",
	  "init: ", "start run(1)",
	  "okT connect(7) backoff(9000)T ignore stop(IO)", "start()!BAD_RETURN" },
	{ "connect",
	  "init: connect(1) connect: ", "start run(1)",
	  "okT backoff(9000)T pending(9000) stop(IO)", BAD },
	{ "disconnect",
	  UP "cast: disconnect(1) disconnect: ", "start cast(1) run(1)",
	  "connect(7) backoff(9000)T noconnectT pending(9000) stop(IO)", BAD },
	{ "call, idle",
	  "init: ok call: ", "start call(2) run(1)",
	  OF_CALL, BAD_CALL },
	{ "call, connected",
	  UP "call: ", "start call(2) run(1)",
	  OF_CALL, LAST BAD_CALL },
	{ "call, backing off",
	  "init: backoff(9000) call: ", "start call(2) run(1)",
	  OF_CALL, BAD_CALL },
	{ "cast, idle",
	  "init: ok cast: ", "start cast(2) run(1)", OF_MAIL, BAD },
	{ "cast, connected",
	  UP "cast: ", "start cast(2) run(1)", OF_MAIL, LAST BAD },
	{ "cast, backing off",
	  "init: backoff(9000) cast: ", "start cast(2) run(1)", OF_MAIL, BAD },
	{ "info, idle",
	  "init: ok info: ", "start send(2) run(1)", OF_MAIL, BAD },
	{ "info, connected",
	  UP "info: ", "start send(2) run(1)", OF_MAIL, LAST BAD },
	{ "info, backing off",
	  "init: backoff(9000) info: ", "start send(2) run(1)", OF_MAIL, BAD },
	{ "T, idle",
	  "init: ok/0 info: ", "start run(1)",
	  "connect(7) disconnect(7) stop(IO) noreplyT", BAD },
	{ "a state timeout, connected",
	  UP "cast: {statetimeout(9,0)} noreply info: ", "start cast(1) run(1)",
	  "connect(7) disconnect(7) stop(IO) noreplyT", LAST BAD },
	{ "call, connect pending",
	  TRY "call: ", "let(calls) start call(2) run(1)",
	  "connect(7)r disconnect(7)r stop(IO)r reply(5) noreply postpone",
	  LAST BAD_CALL },
	{ "cast, connect pending",
	  TRY "cast: ", "let(casts) start cast(2) run(1)",
	  "connect(7) disconnect(7) stop(IO) noreply postpone", LAST BAD },
	{ "info, connect pending",
	  TRY "info: ", "start send(2) run(1)",
	  "okT connect(7) disconnect(7) backoff(9000)T pending(9000) stop(IO) "
	  "noreply postpone", BAD },
	{ "the end of connect's budget",
	  "init: connect(1) connect: pending(0) info: ", "start run(1)",
	  "okT connect(7) disconnect(7) backoff(9000)T pending(9000) stop(IO) "
	  "noreply", BAD },
	{ "call, disconnect pending",
	  UP "cast: disconnect(1) disconnect: pending(9000) call: ",
	  "stop_budget(1) let(calls) start cast(1) call(2) run(3)",
	  "stop(IO)r reply(5) noreply postpone", "@1 " BAD_CALL },
	{ "cast, disconnect pending",
	  UP "cast: disconnect(1) disconnect: pending(9000) cast: ",
	  "stop_budget(1) let(casts) start cast(1) cast(2) run(3)",
	  "stop(IO) noreply postpone", "@1 " BAD },
	{ "info, disconnect pending",
	  UP "cast: disconnect(1) disconnect: pending(9000) info: ",
	  "start cast(1) send(2) run(1)",
	  "connect(7) disconnect(7) backoff(9000)T noconnectT pending(9000) "
	  "stop(IO) noreply postpone", BAD },
	{ "the end of disconnect's budget",
	  UP "cast: disconnect(1) disconnect: pending(0) info: ",
	  "start cast(1) run(1)",
	  "connect(7) disconnect(7) backoff(9000)T noconnectT pending(9000) "
	  "stop(IO) noreply", BAD },
};
/* clang-format on */
#define SITUATIONS ((int)(LEN(situations)))

/* Where `verdict` stands in the list of the legal ones; NULL: it doesn't. */
static const char *
find_legal(const char *legal, const char *verdict)
{
	size_t len = strlen(verdict);

	while (*legal != '\0') {
		size_t word = strcspn(legal, " ");

		if (strncmp(legal, verdict, len) == 0 &&
		    strcspn(legal + len, "Tr ") == 0)
			return legal + len;
		legal += word + strspn(legal + word, " ");
	}
	return NULL;
}

static bool
is_legal(const struct situation *in, const char *verdict, const char *with)
{
	const char *mark = find_legal(in->legal, verdict);

	if (mark == NULL)
		return false;
	if (with[0] == '/')
		return mark[0] == 'T';
	if (with[0] == '+')
		return mark[0] == 'r' || strcmp(verdict, "reply(5)") == 0;
	return true;
}

static void
try_verdict(const struct situation *in, const char *verdict, const char *with)
{
	struct probe *probe = probe_new();
	char script[256], trace[PROBE_TRACE_MAX];
	bool legal = is_legal(in, verdict, with);
	const char *fault, *end;

	snprintf(script, sizeof(script), "%s%s%s", in->script, verdict, with);
	probe_script(probe, script);
	probe_drive(probe, in->drive);
	memcpy(trace, probe->trace, sizeof(trace));
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s: %s: %s", in->name, script, fault);
	end = strstr(trace, "BAD_RETURN");
	ck_assert_msg((end == NULL) == legal, "%s: %s should be %s: %s",
	    in->name, script, legal ? "legal" : "bad", trace);
	if (legal)
		return;
	end = strlen(trace) < strlen(in->then)
		  ? trace
		  : trace + strlen(trace) - strlen(in->then);
	ck_assert_msg(strcmp(end, in->then) == 0, "%s: %s should end in %s: %s",
	    in->name, script, in->then, trace);
}

TEST_ROWS(behaviour_legal_in_every_situation, SITUATIONS)
{
	const struct situation *in = &situations[_i];

	for (int verdict = 0; verdict < VERDICTS; verdict++)
		for (int with = 0; with < COMPANY; with++)
			try_verdict(in, verdicts[verdict], company[with]);
}

static unsigned released;

static void
count_release(void *data)
{
	(void)data;
	released++;
}

/* A verdict that no constructor has made, with a reply or not, which is released if
 * it can be. */
TEST_ROWS(behaviour_legal_none_but_the_constructed, 4)
{
	struct probe *probe = probe_new();
	struct stay_verdict made = stay_verdict_ok();
	const char *fault;

	made.kind = 200;
	made.with = (_i & 1) != 0 ? STAY__WITH_REPLY : 0;
	made.reply.release = (_i & 2) != 0 ? count_release : NULL;
	released = 0;
	probe_say(probe, ON_INIT,
	    stay_verdict_connect(stay_info_status(STAY_OK)), -1);
	probe_say(probe, ON_CONNECT, made, -1);
	probe_drive(probe, "start run(1)");
	ck_assert_str_eq(probe->trace, "init connect(0) " BAD);
	ck_assert_uint_eq(released, _i == 3);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

TEST_SUITE(behaviour_legal)
