/*
 * What the files of the contract kit share, from the ground up:
 *
 *	memory.c   allocations: counted, and failing
 *	guard.c    input between pages that nobody may touch
 *	shadow.c   the adapter's table, with the kit in between
 *	tell.c     what happened, and which promise is broken
 *	words.c    sets of words
 *	server.c   the peer, and what its answers come to on the way
 *	load.c     a body that a call sends, and pieces that it gets
 *	run.c      one run: a world, a client, its calls, its end
 *	books.c    what became of each call, and whether that is right
 *	chapters.c what goes wrong in which chapter
 *	order.c    ...in those of answers that name their call
 *	last.c     ...in that of answers that are the last of their session
 *	left.c     ...in that of calls that go on until their session is left
 *	peace.c    ...in those of a client that must leave others in peace
 *	child.c    a chapter in a process of its own
 *	main.c     all of them; the command line
 *
 * All of it is one thread of one process, which is why there are statics. The
 * names are local to the library, since it is linked as one object.
 */
#ifndef STAY__KIT_H
#define STAY__KIT_H

#include <stay/contract.h>

#include "sim/sim.h"

/* ---- memory.c ---- */

/* Of what the adapter and the library have allocated. */
struct kit_memory {
	uint64_t asked; /* allocations so far */
	size_t live;    /* blocks */
	size_t bytes;
	size_t bytes_most;
	uint64_t fail_at; /* the allocation that fails; 0: none */
	bool has_failed;
};

extern struct kit_memory kit_memory;

/* Whether the program was linked so that allocations can be seen. */
bool kit_memory_is_seen(void);
/* Count from now on, from zero; the nth fails. */
void kit_memory_begin(uint64_t nth);
void kit_memory_end(void);

/* ---- guard.c ---- */

enum kit_touch { KIT_TOUCH_NONE, KIT_TOUCH_BEHIND, KIT_TOUCH_LATE };

/* A copy of these bytes, with a page behind it that nobody may touch. What was
 * given out before can no longer be touched either. */
char *kit_guard(const char *bytes, size_t len);
/* Nothing that was given out may be touched any more. */
void kit_guard_retire(void);
/* What an address that could not be read is to the guard. For signal handlers. */
enum kit_touch kit_guard_touch(const void *address);

/* ---- tell.c ---- */

enum kit_rule {
#define RULE(name, number, words) KIT_##name,
#include "contract/rules.def"
	KIT_RULE_COUNT
};

#define KIT_LINES     40
#define KIT_LINE_SIZE 192
#define KIT_WORDS_MAX 1024

/* What a child tells its parent, in memory that both have. */
struct kit_told {
	uint64_t run;     /* under way */
	uint64_t runs;    /* finished */
	const char *slot; /* of the adapter, that runs; NULL: none */
	bool is_broken;
	enum kit_rule rule;
	char words[KIT_WORDS_MAX];
	char detail[KIT_LINE_SIZE]; /* what the chapter has to say of itself */
	char lines[KIT_LINES][KIT_LINE_SIZE]; /* the last that happened */
	uint64_t line_count;
	int signal; /* it ended with; 0: none */
	enum kit_touch touch;
};

extern struct kit_told *kit_told;
extern bool kit_traces;
extern bool kit_is_here;

/* A line of what happens, with the virtual time. */
void kit_note(const char *format, ...) STAY_PRINTF(1, 2);
/* Bytes to be read by people; of four of them at a time. */
const char *kit_quote(const char *bytes, size_t len);
/* The promise is broken: the run, and the chapter, end here. */
_Noreturn void kit_broken(enum kit_rule rule, const char *format, ...)
    STAY_PRINTF(2, 3);

/* ---- words.c ---- */

struct kit_words;

void kit_words_add(struct kit_words **list, const char *text, size_t len);
void kit_words_remove(struct kit_words **list, const char *text, size_t len);
struct kit_words *kit_words_copy(const struct kit_words *words);
/* The first of `words` that is not there, quoted; NULL: none. */
const char *kit_words_missing(
    const struct kit_words *words, const struct kit_words *there);
void kit_words_free(struct kit_words *words);

/* ---- server.c ---- */

enum kit_fault {
	KIT_NO_FAULT,
	KIT_LATE,     /* it comes `late_ms` later, and what follows behind it */
	KIT_RESETS,   /* in its place the connection is reset */
	KIT_CLOSES,   /* in its place the connection is closed */
	KIT_SILENCE,  /* from here on the connection says nothing */
	KIT_TWICE,    /* it comes twice */
	KIT_GARBAGE,  /* random bytes, and an end */
	KIT_CHANGED,  /* some of its bytes are others, and an end */
	KIT_CUT_OFF,  /* the beginning of it, and an end */
	KIT_INFLATED, /* its numbers are huge, and an end */
	KIT_ENDLESS,  /* its beginning, and as much rubbish as is bearable */
	KIT_FAULT_COUNT
};

/* What happens to the answers of one run. */
struct kit_plan {
	enum kit_fault fault;
	uint64_t at; /* the answer, counted from 0 over all connections */
	uint64_t late_ms;
	size_t endless;
	uint64_t latency_ms; /* before each answer */
	/* An answer that names its call is held back, up to so long; 0: it is not. */
	uint64_t overtaken_ms;
	bool repeats; /* ...and half of them come once more, as late again */
	/* In place of this answer, counted from 1, each connection ends; 0: none */
	uint64_t each_ends_at;
	/* Where the bytes of the peer come apart, in order. */
	size_t cuts[8];
	size_t cut_count;
	size_t cut_each; /* ...and after so many bytes; 0: never */
};

struct kit_end;

struct kit_server {
	struct kit_plan plan;
	struct stay__list ends;
	/* The connection that was accepted last, but for those that are closed
	 * without a word: there was no session. */
	struct kit_end *last;
	unsigned accepted;
	uint64_t answers; /* that are not empty */
	uint64_t heard;   /* requests */
	size_t said;      /* bytes, over all connections */
	unsigned left;    /* connections that it has closed behind an answer */
	bool is_narrow;   /* kit_server_narrow */
	bool struck;      /* the plan's fault has happened */
	bool lasts;       /* a request had an effect that lasts, or ended one */
	bool may_overtake; /* there was an answer that names its call */
};

struct kit_run;

void kit_server_init(struct kit_run *run);
void kit_server_free(struct kit_run *run);
/* The last connection breaks, once it got or said so many more bytes. */
void kit_server_break(struct kit_server *server, uint64_t got, uint64_t said);
/* Whether new connections are accepted. */
void kit_server_open(struct kit_run *run, bool is_open);
/* Before a connection takes more, the peer has to read: it holds so many bytes. 0: any
 * number. */
void kit_server_narrow(struct kit_run *run, size_t room);
/* Whether the peer reads at all; what it has to say of the past, it says. */
void kit_server_reads(struct kit_run *run, bool reads);
/* No faults any more. */
void kit_server_heal(struct kit_server *server);
/* What lasts on the last connection, to be compared; for kit_words_free. */
struct kit_words *kit_server_lasting(const struct kit_server *server);
/* The first of `words` that is not there; NULL: none. */
const char *kit_server_misses(
    const struct kit_server *server, const struct kit_words *words);

/* ---- run.c ---- */

/* What must be true of a call when it completes. */
enum kit_right {
	KIT_MUST_ANSWER, /* its reply, and no other */
	/* Likewise; but behind a last answer it may come to nothing, if that is told. */
	KIT_MUST_GO_ON,
	KIT_MUST_END, /* its reply, when its session is left */
	KIT_MAY_FAIL, /* any failure, but no other's reply */
	KIT_MAY_ANY   /* the peer is a liar: any end will do */
};

struct kit_call {
	struct kit_run *run;
	size_t sample;
	unsigned number; /* from 1 */
	enum kit_right right;
	bool must_time_out;
	bool cancelled;
	bool accepted;
	/* A call was asked before it whose answer is the last of its connection. */
	bool is_behind;
	unsigned connections; /* of the peer, when it was asked */
	unsigned done;
	uint64_t from_ms;
	uint64_t timeout_ms;
	enum stay_status status;
	struct stay_call_id id;
	size_t body_at; /* bytes that were asked for */
	unsigned body_over;
	struct stay_buf pieces; /* of its reply, till it completes */
};

#define KIT_CALLS_MAX 512
#define KIT_QUIET_MS  20 /* whatever was said has arrived */

/* What is known once nothing was wrong. */
struct kit_known {
	struct stay_buf *wanted; /* of each sample: what its reply reads */
	bool *lasts;             /* of each sample: its effect lasts */
	bool *leaves;            /* ...: the peer closes behind its answer */
	uint64_t *answered;      /* ...: in so many answers of the peer */
	bool some_stay;          /* ...: it does not, behind one of them */
	bool is_known;           /* all of it */
	size_t said;             /* bytes of the peer, all samples at once */
	uint64_t answers;        /* of the peer, likewise */
	uint64_t greeting;       /* ...of those, before the first call */
	size_t bytes_most;       /* of memory */
	bool overtakes;          /* there are answers that name their call */
};

struct kit_run {
	const struct stay_contract *contract;
	struct kit_known *known;
	uint64_t random;
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_client *client;
	struct kit_server server;
	struct kit_call calls[KIT_CALLS_MAX];
	unsigned call_count;
	unsigned open; /* calls that have not completed */
	/* Nobody is drawn whose answer is the last of its connection. */
	bool stays;
	bool has_last;    /* one was asked whose answer is the last of all */
	uint64_t fail_at; /* the allocation that fails; 0: none */
	unsigned closed;  /* how often on_closed ran */
	uint64_t reply_bytes_max;
};

extern struct kit_run *kit_run;

/* In a world of its own, with an empty client; false: it did not start, for want of
 * memory. */
bool kit_run_begin(struct kit_run *run);
/* The client, till it has closed; kit_run_end does so by itself. */
void kit_stop(struct kit_run *run);
void kit_run_end(struct kit_run *run);
/* Between two worlds of one run: nothing has happened yet. */
void kit_run_anew(struct kit_run *run);

uint64_t kit_now(void);
uint64_t kit_draw(struct kit_run *run, uint64_t below);

struct kit_asked {
	size_t sample;
	enum kit_right right;
	uint64_t timeout_ms; /* 0: a long one */
};

/* NULL: it was rejected, for want of memory. */
struct kit_call *kit_ask(struct kit_run *run, const struct kit_asked *asked);
/* So many calls of any samples, together or one by one; none of those whose effect
 * would last, if `fleeting`. */
void kit_ask_some(struct kit_run *run, uint64_t count, enum kit_right right,
    uint64_t timeout_ms, bool fleeting);
/* Whether it is answered when its session is left, and not before. */
bool kit_is_long(const struct kit_run *run, size_t sample);
/* Each sample once, but for those. */
void kit_ask_all(struct kit_run *run, enum kit_right right);
void kit_cancel(struct kit_call *call);
/* One of all that were asked so far, if there are any. */
void kit_cancel_any(struct kit_run *run);
void kit_pass(struct kit_run *run, uint64_t ms);
/* Until no call is open, or every deadline has passed. */
void kit_settle(struct kit_run *run);
/* Whether a session is up within `ms`. */
bool kit_comes_up(struct kit_run *run, uint64_t ms);
/* Nothing is wrong from now on: each sample gets its reply again. */
void kit_heal(struct kit_run *run);

/* ---- load.c ---- */

/* Its body and its pieces, into `options`; `body` lives as long as these. */
void kit_load(struct kit_call *call, struct stay_call_options *options,
    struct stay_body *body);
bool kit_has_body(const struct kit_call *call);
/* The client has closed: nothing more is asked of a body. */
void kit_check_body(const struct kit_call *call);

/* ---- books.c ---- */

void kit_books_done(struct kit_call *call, const struct stay_result *result);
/* All have completed. */
void kit_books_close(struct kit_run *run);
/* Nothing was wrong, so no session has ended, but by the peer's own will. */
void kit_books_quiet(struct kit_run *run);

/* ---- shadow.c ---- */

/* The next client that starts is the one of a run. */
void kit_shadow_begin(void);
/* Whether its adapter takes the end of a stream for that of an answer; and whether any
 * answer of it may be the last of a session. */
bool kit_shadow_reads_ends(void);
bool kit_shadow_has_last_frames(void);
/* As stay_client_start, with the kit between the engine and the adapter. */
enum stay_status kit_client_start(struct stay_client **client,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options);

/* ---- chapters.c, order.c, last.c, left.c, peace.c ---- */

/* Whether to go on behind a run: there are more; only if there is time; no more. */
enum kit_more { KIT_MORE, KIT_ENOUGH, KIT_ALL };

typedef enum kit_more kit_chapter_fn(struct kit_run *run, uint64_t number);

struct kit_chapter {
	const char *name;
	uint64_t count;
	const char *words;
	kit_chapter_fn *fn;
};

#define CHAPTER(name, count, words) +1
enum {
	KIT_CHAPTER_COUNT = 0
#include "contract/chapters.def"
};

extern const struct kit_chapter kit_chapters[KIT_CHAPTER_COUNT];

#define CHAPTER(name, count, words) kit_chapter_fn kit_chapter_##name;
#include "contract/chapters.def"

/* The samples' replies when nothing is wrong. */
void kit_learn(struct kit_run *run);
void kit_forget(struct kit_run *run);

/* ---- child.c ---- */

struct kit_order {
	const struct stay_contract *contract;
	const struct kit_chapter *chapter;
	uint64_t seed;
	uint64_t first;
	uint64_t count;
	uint64_t time_ms;
	bool traces;
	bool is_here;
};

/* Run a chapter; what came of it is in kit_told. */
void kit_child(const struct kit_order *order);

#endif
