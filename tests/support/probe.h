/*
 * A behaviour that does what a script says and writes down what is done to it,
 * over a virtual world. A test is a story told in three lines:
 *
 *	script  what its callbacks do and return, in order:
 *	        "init: connect(1)  connect: {cast(2)} backoff(40) ok"
 *	drive   what the program around it does:
 *	        "start run(100) stop(IO) run(1)"
 *	trace   what must have happened:
 *	        "init connect(1) @40 connect(backoff) cast(2) @100 ..."
 *
 * A verdict is the name of its constructor (stop for stay_verdict_stop); "/50" after it
 * is a message timeout, "/h" hibernate, "+reply(5)" a reply, "*" for ever. In
 * braces: actions inside the callback, the same as in the drive. A callback
 * without a script says ok, noconnect or noreply. Messages, replies and calls
 * have small numbers for names; statuses are written without STAY_E_. What a
 * public call refuses is written down with its status: "cast(3)!FULL".
 * "@40" is the virtual time, in ms since the story began, where it has changed.
 *
 * Whatever the story, it is checked that callbacks run one at a time and never
 * inside a public call, that every accepted call completes once, that every
 * accepted message and reply is released once and a refused one never, that
 * `entered` tells each change, on_started comes once and before on_closed, and
 * on_closed once and last. In the end the connection is stopped and all is
 * freed.
 */
#ifndef STAY_TESTS_PROBE_H
#define STAY_TESTS_PROBE_H

#include <stay/conn.h>
#include <stay/stream.h>

#include "peer_virtual.h"

#define PROBE_TAGS      128
#define PROBE_STEPS     24
#define PROBE_TRACE_MAX 16384
#define PROBE_ARGS      3

enum probe_callback {
	ON_INIT,
	ON_CONNECT,
	ON_DISCONNECT,
	ON_CALL,
	ON_CAST,
	ON_INFO,
	ON_CODE_CHANGE,
	/* those without a verdict */
	ON_TERMINATE,
	ON_ENTERED,
	ON_DONE,
	ON_STARTED,
	ON_CLOSED,
	ON_UPGRADED,
	PROBE_CALLBACKS
};

/* What one run of a callback does. */
struct probe_step {
	const char *actions; /* inside braces; NULL: none */
	size_t actions_len;
	struct stay_verdict verdict;
	int reply;               /* its number; -1: none */
	enum stay_status status; /* of code_change */
	bool for_ever;
};

struct probe_steps {
	struct probe_step step[PROBE_STEPS];
	size_t count;
	size_t next;
};

/* The data of a message or reply, and what became of it. */
struct probe_token {
	struct probe_token *older;
	int tag;
	bool refused;
	unsigned released;
};

struct probe_call {
	struct stay_from caller; /* what stay_conn_call gave */
	struct stay_from from;   /* what handle_call was given */
	unsigned accepted;
	unsigned done;
};

struct probe {
	struct stay_world *world;
	struct stay_loop *loop; /* NULL once freed */
	struct stay_conn *conn; /* NULL when closed or not yet started */
	struct stay_behaviour behaviour;
	struct stay_behaviour next; /* what it is upgraded to */
	struct stay_conn_options options;
	struct probe_steps steps[PROBE_CALLBACKS];

	char trace[PROBE_TRACE_MAX];
	size_t trace_len;
	uint64_t trace_ms;
	char fault[256]; /* the first one; "": none */

	struct probe_token *tokens;
	struct probe_call calls[PROBE_TAGS];
	char marks[PROBE_TAGS]; /* what the data of an info points to */
	size_t busy;

	enum stay_state state; /* as far as `entered` has told */
	unsigned inside;       /* a callback */
	unsigned calling;      /* a public function that runs no callback */
	unsigned started;
	unsigned closed;
	bool starts; /* start has returned STAY_OK */
	bool shows_entered;
	bool shows_started;
	bool shows_peer;
	bool quiet; /* writes nothing down */
	struct peer server;
	struct sim_peer *peer; /* the last one accepted */
};

/* ---- probe.c: life, trace, ledger -------------------------------------------
 */

/* One at a time; it has a loop over a world of its own. */
struct probe *probe_new(void);
struct probe *probe_now(void);

/* Stop it and free everything. The first thing that was wrong, in a buffer of
 * the module; NULL: nothing. */
const char *probe_end(struct probe *probe);

void probe_note(struct probe *probe, const char *format, ...) STAY_PRINTF(2, 3);
void probe_fault(struct probe *probe, const char *format, ...)
    STAY_PRINTF(2, 3);

struct stay_message probe_message(struct probe *probe, int tag);
struct stay_reply probe_reply(struct probe *probe, int tag);
/* It stays ours: release must not run. */
void probe_refused(void *data);
int probe_tag(const void *data);

/* "IO" for STAY_E_IO; "OK" for STAY_OK. */
const char *probe_status_name(enum stay_status status);

/* ---- probe_behaviour.c
 * -------------------------------------------------------- */

extern const struct stay_behaviour probe_behaviour;
stay_called_fn probe_done;
stay_started_fn probe_started;
stay_closed_fn probe_closed;
stay_upgraded_fn probe_upgraded;

/* ---- probe_script.c
 * ------------------------------------------------------------ */

/* A word with what stands in its parentheses, parted by commas. */
struct probe_word {
	char name[32];
	char args[96]; /* as written */
	char split[96];
	const char *arg[PROBE_ARGS];
	int count;
};

/* The word at `text`; what follows it. Parentheses may nest once. */
const char *probe_word_next(const char *text, struct probe_word *word);
uint64_t probe_number(const char *text); /* "inf": STAY_FOREVER */
enum stay_status probe_status(const char *name);
enum probe_callback probe_callback_named(const char *name);

void probe_script(struct probe *probe, const char *script);
/* The next thing a callback returns; `reply` is the number of its reply or -1.
 */
void probe_say(struct probe *probe, enum probe_callback callback,
    struct stay_verdict verdict, int reply);

/* ---- probe_act.c
 * ---------------------------------------------------------------- */

void probe_act(struct probe *probe, const char *actions, size_t len);
void probe_drive(struct probe *probe, const char *actions);

/* ---- probe_option.c, probe_server.c: false if they know no such word --- */

#define PROBE_SERVER "tcp://10.0.0.1:7777"

bool probe_option(struct probe *probe, const struct probe_word *word);
bool probe_let(struct stay_behaviour *behaviour, const char *what);
void probe_without(struct probe *probe, struct stay_behaviour *behaviour,
    const char *callback);
bool probe_server(struct probe *probe, const struct probe_word *word);

/* ---- probe_story.c: with <check.h>
 * ------------------------------------------------ */

struct story {
	const char *name;
	const char *script;
	const char *drive;
	const char *trace;
};

/* Play it, and fail the test unless the trace is as told and nothing is wrong.
 */
void story_check(const struct story *story);

#define STORIES(table) ((int)(sizeof(table) / sizeof((table)[0])))

#endif
