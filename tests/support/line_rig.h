/*
 * A client of the line protocol on a virtual world, and its server, which does
 * what it is told:
 *
 *	say +a|+b     it sends the two lines
 *	close, reset  it ends the connection
 *	hold          it answers no more
 *	anything else is not answered
 *
 * All that happens is written down in one line of notes, such as
 * "init 10.0.0.1;hello -;up;a OK/replied +x;down E_RESET;closed OK;". Whenever
 * a call is told, and at the end, the counts are checked to balance.
 */
#ifndef STAY_TESTS_LINE_RIG_H
#define STAY_TESTS_LINE_RIG_H

#include <stdbool.h>

#include "line_protocol.h"
#include "peer_virtual.h"

#define LINE_CALLS_MAX 512
#define LINE_HOST      "10.0.0.1"
#define LINE_PORT      7777
#define LINE_PLACE     "10.0.0.1:7777"
#define LINE_URL       "line://" LINE_PLACE

struct line_rig;
struct line_call;
typedef void line_then_fn(struct line_call *call);

/* One accepted call. */
struct line_call {
	struct line_rig *rig;
	const char *name;
	unsigned told;
	uint64_t told_ms;          /* when */
	struct stay_result result; /* without its reply */
	char reply[32];
	struct stay_call_id id;
	line_then_fn *then;       /* runs inside done; NULL: nothing */
	line_then_fn *then_piece; /* the same in `piece` */
};

struct line_rig {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_client *client;
	struct stay_observer observer;
	const struct stay_protocol *protocol; /* before line_start */
	const char *url;                      /* before line_start */
	struct line_config config;            /* before line_start */
	struct line_notes notes;
	char lost[512]; /* what was said of the last call without `done` */
	struct line_call calls[LINE_CALLS_MAX];
	size_t call_count;
	bool is_ours; /* started by line_start */
	bool closed;
	bool released;
	unsigned inits;
	unsigned finis;

	struct peer server;    /* at LINE_HOST, its usual rows as above */
	struct sim_peer *peer; /* the last to be accepted */
	struct peer_log log;   /* "a;b;|a;": '|' where a session began anew */
};

#define OPTIONS(...)                                                           \
	(&(const struct stay_client_options){                                  \
	    STAY_CLIENT_OPTIONS, __VA_ARGS__ })
#define WITHIN(ms)                                                             \
	((struct stay_call_options){ STAY_CALL_OPTIONS, .timeout_ms = (ms) })

/* World, loop and server; then the client. `options` may be NULL. */
void line_prepare(struct line_rig *rig);
void line_start(
    struct line_rig *rig, const struct stay_client_options *options);
/* Both, and the session is up; no notes of that. */
void line_begin(
    struct line_rig *rig, const struct stay_client_options *options);
/* The same of a protocol made of the usual one, and what its slots do. */
void line_begin_as(struct line_rig *rig, const struct stay_protocol *protocol,
    struct line_tagging *tagging, const struct stay_client_options *options);
/* Stop it if need be; everything is told, nothing is left. */
void line_end(struct line_rig *rig);
/* So ends what a test has left, as the suite's `.after`. */
void line_after(void);

/* Accepted for sure. */
struct line_call *line_call(
    struct line_rig *rig, const char *name, const struct line_request *request);
struct line_call *line_call_with(struct line_rig *rig, const char *name,
    const struct line_request *request, struct stay_call_options options);
/* The same, in pieces: "a piece some bytes;". */
struct line_call *line_call_in_pieces(struct line_rig *rig, const char *name,
    const struct line_request *request, struct stay_call_options options);
/* Maybe not. */
enum stay_status line_try(
    struct line_rig *rig, const char *name, const struct line_request *request);

void line_run(struct line_rig *rig, uint64_t ms);
/* The notes so far, which are forgotten; valid till the next call of it. */
const char *line_told(struct line_rig *rig);
/* The server says so of its own accord: what is told in the next millisecond. */
const char *line_hear(struct line_rig *rig, const char *text);
/* The notes of what the server got. */
const char *line_got(struct line_rig *rig);

/* After so long these are the notes. */
#define LINE_TELLS(rig, ms, text)                                              \
	do {                                                                   \
		line_run(rig, ms);                                             \
		ck_assert_str_eq(line_told(rig), text);                        \
	} while (0)

/* What its client says of itself; the text is valid till the next call. */
enum stay_state line_state(const struct line_rig *rig);
const char *line_failure(const struct line_rig *rig);
const char *line_explained(const struct line_rig *rig);
uint64_t line_due_ms(const struct line_rig *rig);
struct stay_client_counts line_counts(const struct line_rig *rig);
/* The server says this, and then these are the notes. */
#define LINE_HEARS(rig, says, text) ck_assert_str_eq(line_hear(rig, says), text)

void line_check_counts(const struct line_rig *rig);

/* The act of `say`. */
void line_say(struct peer_end *end, const struct peer_request *request);

#endif
