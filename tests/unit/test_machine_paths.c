/*
 * A second telling of the connection's table, written by hand from the design
 * and not from conn.def: the whole matrix once, and stories of what happens
 * to a connection. Where the two tellings differ, one of them is wrong.
 */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "machine/machine.h"
#include "suites.h"

/* ---- the matrix ---- */

/*
 * A row a state, a word an event: the state it leads to, and behind a slash
 * what is run: c connect, d disconnect, t terminate. K: it stays; -: never.
 */
/* clang-format off */
static const char *const head =
    "OK CONNECT DISCONNECT BACKOFF NOCONNECT PENDING THROTTLED STOP QUIT EXPIRED";
static const char *const told[] = {
	"starting      idle connecting/c - backing_off - - - - stopped -",
	"idle          - connecting/c disconnecting/d - - - backing_off stopped/t - -",
	"connecting    connected connecting/c disconnecting/d backing_off - connecting backing_off stopping/d stopped/t disconnecting/d",
	"connected     - connecting/c disconnecting/d - - - backing_off stopping/d - -",
	"disconnecting - connecting/c K backing_off idle disconnecting backing_off stopping stopped/t backing_off",
	"backing_off   - connecting/c disconnecting/d - - - backing_off stopped/t - connecting/c",
	"stopping      - stopped/t K stopped/t stopped/t K stopped/t K stopped/t stopped/t",
	"stopped       - - - - - - - K - -",
};
/* clang-format on */
#define TOLD ((int)(LEN(told)))

/* Lower case, as labels are; the caller's word ends at a blank. */
static const char *
next_word(const char *from, char word[32])
{
	size_t len;

	from += strspn(from, " ");
	len = strcspn(from, " ");
	ck_assert_uint_lt(len, 32);
	memcpy(word, from, len);
	word[len] = '\0';
	return from + len;
}

static unsigned
event_named(const char *upper)
{
	char lower[32];
	size_t i;
	int event;

	for (i = 0; upper[i] != '\0'; i++)
		lower[i] = (char)(upper[i] == '_' ? '_' : upper[i] | 0x20);
	lower[i] = '\0';
	event = stay_machine_find_event(stay_machine_conn(), lower);
	ck_assert_msg(event >= 0, "no event %s", upper);
	return (unsigned)event;
}

/* A row in the words of the matrix above. */
static void
row_in_words(const struct stay_machine_row *row, char text[32])
{
	const struct stay_machine *conn = stay_machine_conn();

	if (row->verb == STAY_NEVER)
		strcpy(text, "-");
	else if (row->verb == STAY_KEEP)
		strcpy(text, "K");
	else if (row->action == STAY__ACT_NONE)
		snprintf(text, 32, "%s", conn->states[row->next].label);
	else
		snprintf(text, 32, "%s/%c", conn->states[row->next].label,
		    conn->actions[row->action][0]);
}

TEST_ROWS(machine_paths_matrix_told_twice, TOLD)
{
	const struct stay_machine *conn = stay_machine_conn();
	const char *events = head;
	char state[32], event[32], expected[32], found[32];
	const char *cells = next_word(told[_i], state);
	int row = stay_machine_find_state(conn, state);

	ck_assert_int_eq(row, _i);
	for (unsigned i = 0; i < conn->event_count; i++) {
		events = next_word(events, event);
		cells = next_word(cells, expected);
		row_in_words(stay_machine_find_row(
				 conn, (unsigned)row, event_named(event)),
		    found);
		ck_assert_msg(strcmp(expected, found) == 0,
		    "%s on %s: told %s, is %s", state, event, expected, found);
	}
	ck_assert_uint_eq(strspn(cells, " "), strlen(cells));
}

/* ---- stories ---- */

/* States in lower, events in upper case; an action stands before its state. */
struct path {
	const char *because;
	const char *told;
};

/* clang-format off */
static const struct path paths[] = {
	{ "a life without trouble",
	  "starting CONNECT (connect) connecting OK connected "
	  "STOP (disconnect) stopping NOCONNECT (terminate) stopped" },
	{ "init refuses: nothing is undone",
	  "starting QUIT stopped" },
	{ "init wants no connection, a call asks for one",
	  "starting OK idle CONNECT (connect) connecting OK connected" },
	{ "the server is away at first: no disconnect between attempts",
	  "starting CONNECT (connect) connecting BACKOFF backing_off "
	  "EXPIRED (connect) connecting BACKOFF backing_off "
	  "EXPIRED (connect) connecting OK connected" },
	{ "init backs off before the first attempt",
	  "starting BACKOFF backing_off EXPIRED (connect) connecting OK connected" },
	{ "connect takes several turns",
	  "starting CONNECT (connect) connecting PENDING connecting "
	  "PENDING connecting OK connected" },
	{ "the attempt's budget is spent",
	  "starting CONNECT (connect) connecting PENDING connecting "
	  "EXPIRED (disconnect) disconnecting BACKOFF backing_off" },
	{ "the server goes away and comes back",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting BACKOFF backing_off "
	  "EXPIRED (connect) connecting OK connected" },
	{ "disconnect wants a connection at once",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting CONNECT (connect) connecting" },
	{ "disconnect wants none",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting NOCONNECT idle "
	  "STOP (terminate) stopped" },
	{ "disconnect takes several turns, and one of them too many",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting PENDING disconnecting "
	  "DISCONNECT disconnecting EXPIRED backing_off "
	  "EXPIRED (connect) connecting" },
	{ "connect while connected needs no disconnect",
	  "starting CONNECT (connect) connecting OK connected "
	  "CONNECT (connect) connecting OK connected" },
	{ "an attempt is abandoned for another, then undone",
	  "starting CONNECT (connect) connecting CONNECT (connect) connecting "
	  "DISCONNECT (disconnect) disconnecting NOCONNECT idle" },
	{ "disconnect while idle and while backing off",
	  "starting OK idle DISCONNECT (disconnect) disconnecting "
	  "BACKOFF backing_off DISCONNECT (disconnect) disconnecting "
	  "NOCONNECT idle" },
	{ "a connection is asked for during the backoff",
	  "starting BACKOFF backing_off CONNECT (connect) connecting OK connected" },
	{ "too many connects in a row, from every state",
	  "starting OK idle THROTTLED backing_off THROTTLED backing_off "
	  "EXPIRED (connect) connecting THROTTLED backing_off "
	  "EXPIRED (connect) connecting OK connected THROTTLED backing_off "
	  "EXPIRED (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting THROTTLED backing_off" },
	{ "connect itself returns stop: there is nothing to undo",
	  "starting CONNECT (connect) connecting QUIT (terminate) stopped" },
	{ "disconnect itself returns stop",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting QUIT (terminate) stopped" },
	{ "stopped while connecting: the attempt is undone",
	  "starting CONNECT (connect) connecting PENDING connecting "
	  "STOP (disconnect) stopping BACKOFF (terminate) stopped" },
	{ "stopped while a disconnect is pending: it is the last one",
	  "starting CONNECT (connect) connecting OK connected "
	  "DISCONNECT (disconnect) disconnecting PENDING disconnecting "
	  "STOP stopping CONNECT (terminate) stopped" },
	{ "stopped while backing off: there is nothing to undo",
	  "starting BACKOFF backing_off STOP (terminate) stopped STOP stopped" },
	{ "the last disconnect is pending for too long, whatever is said to it",
	  "starting CONNECT (connect) connecting OK connected "
	  "STOP (disconnect) stopping PENDING stopping STOP stopping "
	  "DISCONNECT stopping EXPIRED (terminate) stopped" },
	{ "the last disconnect is one too many connects, or has its own words",
	  "starting CONNECT (connect) connecting OK connected "
	  "STOP (disconnect) stopping THROTTLED (terminate) stopped" },
	{ "the last disconnect says stop",
	  "starting CONNECT (connect) connecting OK connected "
	  "STOP (disconnect) stopping QUIT (terminate) stopped STOP stopped" },
};
/* clang-format on */
#define PATHS ((int)(LEN(paths)))

static void
walk_path(const struct path *path)
{
	const struct stay_machine *conn = stay_machine_conn();
	struct stay__machine machine = { 0 };
	char word[32], did[32] = "";
	const char *rest = path->told;

	while (*(rest = next_word(rest, word)) != '\0' || word[0] != '\0') {
		if (word[0] >= 'A' && word[0] <= 'Z') {
			struct stay__transition transition = stay__machine_take(
			    &machine, conn, event_named(word));
			const char *action = conn->actions[transition.action];

			snprintf(did, sizeof(did),
			    action[0] == '\0' ? "%s" : "(%s)", action);
			continue;
		}
		if (word[0] != '(') {
			ck_assert_str_eq(
			    stay_state_name((enum stay_state)machine.now),
			    word);
			ck_assert_msg(did[0] == '\0', "%s: %s was not told",
			    path->because, did);
			continue;
		}
		ck_assert_str_eq(did, word);
		did[0] = '\0';
	}
}

TEST_ROWS(machine_paths_stories_end_as_told, PATHS)
{
	walk_path(&paths[_i]);
}

TEST_SUITE(machine_paths)
