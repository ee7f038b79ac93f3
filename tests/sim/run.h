/*
 * The simulation program: one seed is one run. It builds a world, clients of
 * every kind and their servers, lets chance do to them whatever can be done,
 * heals the world, and looks all the while whether the promises hold.
 *
 *	main.c    what to run, and what came of it
 *	worker.c  a process a seed; smaller runs with the same fault
 *	run.c     one run: wreck, heal, look, end
 *	fork.c    another end: in a forked child
 *	plan.c    what a seed is like
 *	act.c     what the program does: any deed, from outside and inside of
 *	          callbacks
 *	books.c   what is begun by a deed, and what came of it
 *	mail.c    likewise, of what is sent to a connection
 *	keep.c    replies that outlive their callbacks
 *	pause.c   who does not read for a while
 *	leave.c   whose server goes away
 *	body.c    calls with a body
 *	wait.c    who waits for room in a queue
 *	fault.c   what the world does
 *	ledger.c  every call: what was promised, done and told
 *	check.c   the invariants, after every event
 *	rest.c    a client at rest: its buffers, its sentence
 *	watch.c   the observer: only rows of the tables, in order
 *	meter.c   metrics: they agree with all these books
 *	tale.c    what is told in words: stories of calls, logs, and no secret
 *	user.c    a client: its options, its life
 *	change.c  another URL, other options: asked for, and in force
 *	water.c   a queue that fills up: told of, and exact
 *	host.c    a server's connections, its answers, its bad days
 *	line.c echo.c redis_sim.c raw.c   protocols, each with its server
 *	tag.c tag_session.c tag_clear.c tag_lane.c tag_topics.c
 *	tag_user.c tag_desk.c
 *	          one whose answers name a tag
 *	later.c   a greeting that waits for what is no frame
 *	redis_user.c  what is asked through <stay/redis.h>
 *	pool.c    a pool, of every third seed; pool_sim.h has its files
 *	memory.c  allocations of the library: counted, and failing
 *
 * A run depends on its seed, the number of events and the kinds of faults, and
 * on nothing else: no pointer, no order of a hash, no uninitialised byte.
 */
#ifndef STAY_TESTS_RUN_H
#define STAY_TESTS_RUN_H

#include <stay/group.h>
#include <stay/redis_subscribe.h>
#include <stay/stream.h>

#include "peer_virtual.h"
#include "sim/sim.h"
#include "support/deeds.h"
#include "support/toy_filter.h"

#define USERS_MAX  8
#define PLACES_MAX 3 /* that one URL leads to */
#define PAD_MAX    40000
#define TAG_TOPICS 4 /* with messages */

/* With which clients log in: as no other word is spelt. */
#define LOGIN_NAME     "us3r"
#define LOGIN_PASSWORD "c4nary"

/* A lookup that hangs ends at last, as getaddrinfo does. */
#define LOOKUP_MS_MAX 8000

/* ---- what may go wrong ---- */

/* clang-format off */
#define FAULTS(FAULT)                                                          \
	FAULT(RESET) FAULT(CLOSE) FAULT(HALF_CLOSE) FAULT(DIE_AT_BYTE)         \
	FAULT(CLOSE_AT_BYTE)                                                   \
	FAULT(CRASH) FAULT(REFUSE) FAULT(UNREACHABLE) FAULT(NO_ROUTE)          \
	FAULT(BUSY) FAULT(BLACK_HOLE) FAULT(FREEZE) FAULT(CUT) FAULT(SLOW)     \
	FAULT(RAGGED) FAULT(SPURIOUS) FAULT(OVERLOOKED) FAULT(LOOKUP)          \
	FAULT(SYSTEM) FAULT(MEMORY) FAULT(LIE) FAULT(MUTE) FAULT(PASSWORD)     \
	FAULT(LOADING) FAULT(BABBLE) FAULT(WALL_CLOCK) FAULT(SLEEP)
/* clang-format on */

enum fault {
#define FAULT(name) FAULT_##name,
	FAULTS(FAULT)
#undef FAULT
	    FAULT_COUNT
};

extern const char *const fault_names[FAULT_COUNT];

/* ---- figures, added up over runs ---- */

struct figures {
	uint64_t events;
	uint64_t checks;
	uint64_t calls;
	uint64_t refused; /* at submission */
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t orphans;
	uint64_t resent;
	uint64_t sessions;
	uint64_t reconnects;
	uint64_t clients;
	uint64_t changes; /* planned ones */
	uint64_t marks;   /* of water, told */
	uint64_t upgrades;
	uint64_t forks;
	uint64_t executed;
	uint64_t faults[FAULT_COUNT];
	uint64_t failed_allocations;
	uint64_t inside; /* things done inside of callbacks */
	uint64_t held;   /* replies kept for a while */
	uint64_t waited; /* times in line */
	uint64_t groups;
	uint64_t leaves;  /* asked for by a server, or for it */
	uint64_t ends;    /* of sessions, by their last frame */
	uint64_t bare;    /* ...and by an answer that ended with its stream */
	uint64_t drained; /* control lanes that were full, told */
	uint64_t bodies;
	uint64_t pieces;
	uint64_t pools;
	uint64_t leases;
	uint64_t lost;    /* leases, told */
	uint64_t metered; /* looks at the metrics */
	uint64_t stories;
	uint64_t pool_changes;
	uint64_t virtual_ms;
	uint64_t hash;
};

/* What one process has to say; in memory that is shared with its parent. */
struct verdict {
	bool whole; /* it ran to its end */
	char text[400];
	struct figures figures;
};

/* ---- the ledger ---- */

/* Which of them are drawn; KIND_TAG is not, so that the other runs are what they
 * were. */
enum kind {
	KIND_LINE,
	KIND_ECHO,
	KIND_REDIS,
	KIND_RAW,
	KIND_DRAWN,
	KIND_TAG = KIND_DRAWN,
	KIND_COUNT
};

/* What is known of a call of the protocol with tags. */
struct tagged_call {
	uint64_t wire; /* the tag that it has, or the one of its request */
	uint64_t prepared_in;     /* sessions of its client, by their numbers */
	uint64_t prepared_before; /* the one before that; 0: none */
	uint64_t announced_in;
	uint64_t
	    heard_of_in;   /* the last one that the server was told of it in */
	uint64_t bound_to; /* it is for that session alone; 0: for any */
	uint64_t seen_in;  /* the last one that the server has read it in */
	uint64_t stepped_in; /* the last one in which we went a step; 0: none */
	bool given_up;       /* as on_given_up was told */
	bool let_go;
	bool mistaken; /* the tag that it was given is another's */
	unsigned overs;
	enum stay_outcome over_as;
};

/* The body of a call: the bytes behind those of its request. */
struct call_body {
	bool is_there;
	bool open; /* its length is not told before */
	uint64_t len;
	uint64_t at; /* so much of it was brought, */
	bool begun;
	uint64_t begun_in; /* in the attempt of this number */
	bool stays_over;   /* it did not begin anew */
	bool over;
	struct stay_feed *feed;
};

/* A call has a number, from 1, which travels in its request and in its reply.
 */
struct call {
	uint64_t number;
	unsigned user;
	uint64_t life;  /* of which client of that user */
	unsigned shape; /* what its protocol makes of it */
	size_t pad;     /* bytes that go with it */
	bool idempotent;
	bool read_only;
	uint64_t attempt; /* of which connection the server last read it */
	bool overtakes;   /* the server acted on it, and it is not sent again */
	uint64_t sendings_max;
	uint64_t blocks_ms; /* at the server; its deadline, with a margin */
	bool told;
	bool cancelled;
	bool doubtful;     /* answered by a liar */
	uint32_t due;      /* replies */
	uint32_t parts;    /* that came */
	bool in_pieces;    /* its reply is to come so */
	size_t pieces;     /* bytes of them that came */
	uint32_t executed; /* by the server */
	uint64_t deadline; /* ns; SIM_NEVER: none */
	uint64_t late;     /* ns it may be past that */
	enum stay_status status;
	enum stay_outcome outcome;
	struct stay_call_id id;
	uint64_t about;  /* another call, whose traces it looks for */
	uint32_t stored; /* at the server, since it lost its state */
	unsigned epoch;  /* of the server, then */
	uint64_t group;  /* its first call; 0: it is by itself */
	uint64_t group_last;
	bool atomic;    /* the server acts on all of the group or on nothing */
	bool acts;      /* ...and this is what it will do */
	bool any_order; /* its answer comes when it likes */
	struct tagged_call tagged;
	struct call_body body;
};

struct ledger {
	struct call *calls;
	size_t count;
	size_t cap;
	uint64_t
	    *due; /* a heap of numbers by deadline; told ones drop out late */
	size_t due_count;
	size_t due_cap;
};

struct run;

bool run_catches_up(const struct run *run);

/* The new call is not accepted yet; ledger_forget takes it back. */
struct call *ledger_new(struct run *run, unsigned user);
/* Whether it may be executed twice, and when: as its flags say; some flags. */
void ledger_flags(struct call *call, uint32_t flags);
uint32_t ledger_draw_flags(struct run *run, struct call *call);
void ledger_forgive(struct run *run, const struct call *culprit);
void ledger_forget(struct run *run, struct call *call);
void ledger_accepted(struct run *run, struct call *call, uint64_t timeout_ms);
struct call *ledger_find(struct run *run, uint64_t number);
/* A liar has had the calls of this user: what it refused it may have done. */
void ledger_doubt(struct run *run, unsigned user);
/* A callback takes so long: what was submitted in it may be late by as much. */
void ledger_dawdle(struct run *run, uint64_t ns);
/* When a call that is not told must be, at the earliest; SIM_NEVER. */
uint64_t ledger_next_deadline(struct run *run);
/* What all of it must look like in the end. */
void ledger_close(struct run *run);
void ledger_free(struct run *run);

/* ---- servers ---- */

struct host;
struct desk;
struct user;

/* What a protocol brings. */
struct trade {
	const char *name;
	/* How its server reads requests, and what it does then. */
	peer_read_fn *reads;
	peer_act_fn *serve;
	/* Bytes that are no answer. */
	void (*lie)(struct desk *desk);
	/* Something of its own will. NULL: never. */
	void (*push)(struct desk *desk);
	/* Start a client; it fills in user->client, and redis if it is one. */
	enum stay_status (*start)(struct user *user,
	    const struct stay_client_options *options, const char *url);
	/* Either may be NULL: the same. */
	enum stay_status (*reconfigure)(struct user *user,
	    const struct stay_client_options *options, const char *url);
	/* Choose what `call` shall be, and submit it. */
	enum stay_status (*submit)(struct user *user, struct call *call,
	    struct stay_call_options *options, stay_done_fn *done);
	/* Whether it answers the call. */
	bool (*answers)(
	    const struct call *call, const struct stay_result *result);
	/* Something that a client does beside its calls. NULL: nothing. */
	void (*stir)(struct user *user);
};

extern const struct trade line_trade, echo_trade, redis_trade, raw_trade,
    tag_trade;

#define EARS_MAX     6
#define CHANNELS_MAX 3 /* "c0" and so on */

/* One connection at a server. */
struct desk {
	struct host *host;
	struct peer_end *end; /* its phase is that of its greeting */
	struct sim_peer *peer;
	uint64_t last_number;
	uint64_t group_last; /* of the group it is being sent; 0: none */
	uint64_t early;   /* the call that it has refused before it was whole */
	uint64_t attempt; /* of its user's, that it belongs to */
	unsigned pings;
	bool authed;
	bool resp3;
	bool knows_hello;
	bool refused; /* to know HELLO */
	bool agreed;  /* to secure */
	bool over;    /* it has said its last, and acts on nothing more */
	bool leaves;  /* the client does: no call comes any more */
	unsigned db;
	bool subscribed[CHANNELS_MAX];
	void *own; /* its trade's; NULL: nothing */
	void (*forget)(struct desk *desk);
};

struct host {
	struct run *run;
	struct user *user;
	const struct trade *trade;
	/* "10.0.3.1", "fd00::3", "/srv/3"; the last is its other URL's */
	char names[PLACES_MAX + 1][24];
	unsigned name_count;
	int port;
	char url[128];
	char other_url[128];
	const struct sim_place *other_place;
	char lookup[24]; /* the name it is found by; "": none */
	struct peer server;
	bool many; /* connections at once, of the same clients */
	struct toy_terms toy;
	struct peer_row rows[2]; /* one, for all that comes */

	bool loading;
	bool ends; /* some of its answers are the last of a session... */
	bool bare; /* ...and nothing but the end of the stream ends them */
	unsigned per_last; /* so many of a thousand; 0 when it is mended */
	uint64_t ended;    /* the last attempt whose session it ended so */
	bool babbles;      /* in clear, where the toy was to begin */
	unsigned slow_ms;
	const char *password; /* what it accepts; "": anything */
	bool old;             /* a Redis that knows no HELLO */
	unsigned epoch;       /* one more whenever it loses its state */
	uint64_t published[CHANNELS_MAX];
	uint64_t messages[TAG_TOPICS];
};

void host_open(struct host *host);
void host_mend(struct host *host);
/* It dies and is back after `down_ms`. */
void host_restart(struct host *host, uint64_t down_ms, bool loses_state);
/* `deed` to every address of it. */
void host_each(struct host *host,
    void (*deed)(struct stay_world *world, const char *name, int port));
/* What becomes of who connects to it. */
void host_fate(struct host *host, enum sim_fate fate, uint64_t after_ms);
void host_name(struct host *host, uint64_t delay_ms, int error);
/* It says something of its own will. */
void host_push(struct host *host);
/* A desk of `host` whose connection is open; NULL. */
struct desk *host_desk(struct host *host);

/* As peer_send does, and printf. */
void desk_print(struct desk *desk, unsigned ms, unsigned phase,
    const char *format, ...) STAY_PRINTF(4, 5);
/* A request of call `number` is here, in order; and it is acted upon. */
struct call *desk_ordered(struct desk *desk, uint64_t number);
void desk_executed(struct desk *desk, struct call *call);
/* It is to be behind the toy, and is not. */
bool desk_is_clear(const struct desk *desk);
/* How long the next answer takes. */
unsigned desk_delay(struct desk *desk);
void desks_free(struct host *host);
/* The desk of an end. */
struct desk *desk_of(const struct peer_end *end);

/* ---- clients ---- */

/* What a client was given with its options; the library releases it once. */
struct config {
	struct stay__list node;
	struct user *user;
	bool held; /* by the library, or it was */
	bool released;
};

/* What was asked for and is not in force yet. */
struct change {
	bool asked;
	const char *url;  /* NULL: the same */
	bool has_options; /* false: the same */
	struct stay_client_options options;
	struct config *config; /* NULL: the same */
	uint64_t connects;     /* told when it was asked for */
};

/* How full its queue is, as far as it was told. */
struct water {
	bool high;
	bool was_high; /* since then, as was seen */
	bool was_low;
	bool due;       /* to be told that it is high */
	uint64_t calls; /* before a submission */
	uint64_t bytes;
	uint64_t untold;
};

/* What was sent to its connection. */
struct mail {
	uint64_t mailbox_max;
	uint64_t callers_max;
	size_t open[DEED_SENT_COUNT]; /* accepted, neither told nor released */
};

/* Backoffs in a row, without a stable session in between. */
struct setbacks {
	unsigned count;
	uint64_t since; /* ns: the first of them, and the same of slept */
	uint64_t slept;
	uint64_t away_ms;
};

/* A subscription of a user's, to one of the channels of its Redis. */
struct ear {
	struct user *user;
	struct stay_redis_subscription *subscription; /* NULL: none */
	uint64_t last; /* the number of the message that came last; 0: none */
	bool subscribed, lost, gap, leaving, paused;
	bool ends; /* when too much is kept for it */
};

/* Its control lane: who is told that it is full is told when it has drained. */
struct lane {
	bool full;
	bool restores; /* on_up waits for room */
	uint64_t times;
};

/* Its server goes away. */
struct leave {
	uint64_t by;    /* ns: it has left the session; SIM_NEVER */
	uint64_t slept; /* run->slept when that was said */
	const struct sim_place *named; /* the next attempt goes there */
	const struct sim_place *place; /* ...and this one did; NULL: nowhere */
	uint64_t in_flight;            /* when it began to leave */
};

struct user {
	struct run *run;
	unsigned index;
	enum kind kind;
	struct host host;
	struct stay_client_options options; /* in force */
	struct config *config;
	struct change change;
	bool elsewhere; /* its other URL is in force */
	bool roams;     /* it was given both, or is asked where to dial */
	const struct config *released; /* it must be, in this turn */
	uint64_t forked_connects;      /* up to a fork */
	bool may_retry;                /* it ever had STAY_REFUSED_RESEND */
	bool keeps_reads;              /* Redis: resend_reads = no */
	struct stay_client *client;    /* NULL: none is alive */
	struct stay_redis *redis;
	bool subscribes; /* so it wants RESP3: its host knows one client */
	struct ear ears[EARS_MAX];
	struct raw *raw;
	uint64_t number;  /* of its connection in the loop */
	uint64_t life;    /* clients started so far */
	bool leaving;     /* stop or drain was asked */
	unsigned notices; /* on_started so far */
	uint64_t accepted;
	uint64_t told;
	uint64_t told_as[STAY_OUTCOME_COUNT];
	uint64_t rejected;
	uint64_t last_replied;
	uint64_t lined_up;     /* for room, so far */
	uint64_t last_served;  /* of them */
	uint64_t waiting;      /* of them, in line now */
	bool serving;          /* one of them is being told */
	uint64_t orphans;      /* that were handed to on_orphan */
	uint64_t given_up;     /* told while in flight */
	struct sim_peer *liar; /* the last one that lied to it */
	bool believes;         /* what a liar said may still be told */
	bool line_open;        /* a stream without its on_down */
	/* Above the bounds, if they were lowered. */
	uint64_t calls_most;
	uint64_t largest_group; /* queued and in flight */
	uint64_t held_most, held_bytes_most;
	uint64_t resends_allowed; /* of all its calls, in hundredths */
	uint64_t repeated;        /* executions but the first */
	uint64_t earned;          /* calls that it has counted for that */
	uint64_t bytes_bound;     /* of the queue: the largest of its life */
	uint64_t flight_bound;    /* likewise, of what is in flight */
	uint64_t untold_bound;    /* likewise, of calls that are over */
	struct water water;
	struct mail mail;

	/* as the observer has told */
	unsigned state[3];      /* of connection, link, session */
	uint64_t backing_since; /* ns */
	bool throttled;
	bool fatal;     /* what it backs off from */
	uint64_t slept; /* run->slept at that time */
	bool planned;   /* it ended its session for a call given up... */
	uint16_t ended; /* ...so often, and the client says since when */
	uint32_t ended_since_ms;
	struct setbacks failing, ending; /* the one is not the other */
	uint64_t up_at;                  /* ns: it was connected */
	uint64_t up_ms;    /* for so long, the last time, until it backs off */
	uint64_t connects; /* attempts begun */
	bool came_up;      /* ...and the last one has succeeded */
	bool wanted;       /* another session, by somebody */
	uint64_t ready_at; /* ns: its session came up */
	uint64_t granted_at; /* ns: its dial was, and the same of slept */
	uint64_t granted_slept;
	bool reached; /* by the last dial, maybe */
	bool moved;   /* to its other URL, at least once */
	bool strays;  /* it went where a server has sent it, at least once */
	struct leave leave;
	struct lane lane;
	uint64_t left_at; /* ns: it began to leave, and the same of slept */
	uint64_t left_slept;
	bool changed; /* the last session ended by a planned change alone */
	uint64_t sessions;
	uint64_t streams;           /* with tags: those of this life */
	uint64_t tag_max;           /* ...no tag is larger */
	uint64_t last_tag;          /* ...that was given; 0: none */
	unsigned topics;            /* ...that it has subscribed to */
	uint64_t heard[TAG_TOPICS]; /* the message of each that came last */
	bool gap_before
	    [TAG_TOPICS];    /* ...and some may be missing from then on */
	uint64_t busy_since; /* ns: answers are expected without a break */
	uint64_t poured_at;  /* ns: a body was on its way */
	bool idle;           /* so it was at the last look, */
	bool pours;          /* and that, too */
	uint64_t counted;    /* ...and so many things of its calls */
	uint64_t asked;      /* calls accepted and refused, at that look */
	uint64_t touched_at; /* ns: somebody wanted something of it */
	bool rests;          /* and it was idle then */
	bool stopped;
	uint64_t leave_by; /* ns: then it must be gone */
	bool pauses;       /* the program has paused it */
	bool paused;       /* so it was between two callbacks */
	bool paused_condemned;
	uint64_t resumed_at; /* ns */
};

void user_init(struct run *run, unsigned index);
/* A client of its own, if none is alive. */
void user_start(struct user *user);
/* A drain within `ms` has been asked; a stop. */
void user_drains(struct user *user, uint64_t ms);
void user_stops(struct user *user);
bool user_is_lied_to(const struct user *user);
/* A call of it, or who waits for room. */
bool user_may_be_refused(const struct user *user, enum stay_status status);
/* Clean up behind a client that never was, or has closed. */
void user_gone(struct user *user);
struct stay_conn *user_conn(const struct user *user);

/* For options; not held yet. */
struct config *config_new(struct user *user);
/* To be filled into options. */
void config_give(struct config *config, struct stay_client_options *options);
/* It was not taken after all. */
void config_keep(struct config *config);
/* Each was released, and they are free. */
void configs_close(struct run *run);

/* What a trade does about it that has nothing of its own. */
enum stay_status change_client(struct user *user,
    const struct stay_client_options *options, const char *url);
/* Look whether what was asked for is in force; then it is ours, too. */
void change_follow(struct user *user);
/* A change that is late, or early. */
void change_check(struct user *user);

/* ---- body.c ---- */

/* For a new call. */
struct stay_body body_make(struct call *call);
/* Nothing is asked of it any more. */
void body_close(const struct call *call);

/* ---- leave.c ---- */

/* Within so long; and where to, with what the library said to that. */
void leave_asked(struct user *user, uint64_t ms);
void leave_named(struct user *user, const char *words, enum stay_status status);
/* Where a server might send it. */
const char *leave_words(struct user *user, char *words, size_t size);
/* An attempt begins, a change takes effect, its session begins to leave. */
void leave_attempt(struct user *user);
void leave_overridden(struct user *user);
void leave_begins(struct user *user);
void leave_check(const struct user *user);

/* Look at its queue, in any case before anything is added to it. */
void water_look(struct user *user);
void water_check(struct user *user);
/* Around a submission. */
void water_before(struct user *user);
void water_after(
    struct user *user, const struct call *call, enum stay_status status);
extern stay_water_fn water_on_high, water_on_low;

void rest_check(struct user *user);
/* After a long time of idling. */
void rest_check_memory(const struct run *run);

/* The bytes that go with a call: the same for ever. */
void pad_write(const struct call *call, char *to);
/* ...and some of these, its body's among them. */
void pad_write_from(const struct call *call, size_t at, char *to, size_t len);
/* All of them. */
bool pad_is(const struct call *call, const char *from);

/* ---- raw behaviours ---- */

/* Of an attempt. */
#define RAW_BUDGET_MS 3000

void raw_start(struct user *user);
struct stay_conn *raw_conn(const struct raw *raw);
/* Its T is told in time. */
void raw_check(const struct user *user);

/* Bounds of 0 are the library's own. */
void mail_open(struct user *user, uint64_t mailbox_max, uint64_t callers_max);
void mail_check(const struct user *user);
void mail_close(const struct user *user);

/* ---- the program ---- */

void act(struct run *run);
/* From inside a callback: sometimes, something. */
void act_inside(struct run *run, struct user *user);
void act_submit(struct user *user);
void act_often(struct user *user);

/* Time passes and nobody notices. */
void act_sleep(struct run *run, uint64_t ms);

/* A call has completed with this: enter it, and see whether it may be so. */
void books_enter(
    struct user *user, struct call *call, const struct stay_result *result);

/* ---- group.c ---- */
/* So are all others of its group. */
void group_cancelled(struct run *run, const struct call *call);
/* line.c: add a request to a group, for a call that is drawn. */
enum stay_status line_add(struct stay_group *group, struct user *user,
    struct call *call, bool may_block);
stay_done_fn line_group_part;

/* ---- tag.c, tag_lane.c, line.c, later.c ---- */

/* Say something on its control lane, if it has one. */
void tag_speak(struct stay_session *session);
void line_speak(struct stay_session *session);
/* So much waits on it that a slow connection would take ages. */
bool tag_lane_is_long(const struct user *user);
/* Who waits for room on it. */
void tag_lane_check(const struct user *user);
/* In the end each was over once. */
void tag_close(const struct call *call);
/* Whether hello shall wait, with this answer. `later` is what it waited for, and
 * becomes what it waits for. */
bool later_hello(struct stay_session *session, struct stay_later **later,
    struct stay_hello *hello);
/* It goes on: then it was resumed. */
void later_check(struct stay_later *later);
void later_close(struct run *run);

void keep_reply(struct user *user, const struct call *call,
    const struct stay_result *result);
unsigned keep_count(const struct user *user);
void keep_release_some(struct run *run);
void keep_release_all(struct run *run);

void fault_strike(struct run *run);
void fault_mend(struct run *run, bool all);

/* A forked child goes on with all that its parent has begun. */
void fork_away(struct run *run);

/* ---- one run ---- */

struct plan {
	uint64_t events;
	uint32_t faults; /* bits of the kinds that may happen */
	unsigned user_count;
	unsigned per_act;    /* per mille: a step of the program, not of time */
	unsigned per_fault;  /* per mille of acts that are faults */
	unsigned per_end;    /* per mille of acts that stop or drain a client */
	unsigned per_inside; /* per mille of callbacks that act */
	unsigned burst;      /* calls submitted together, at most */
	uint64_t pause_ms;   /* the longest wait at a time */
	size_t pad_max;
	unsigned dials_max;
	uint64_t stagger_ms; /* between two dials */
	bool forks;          /* in the end */
	unsigned per_slow;   /* per mille of callbacks that take their time */
};

/* ---- a pool: pool_sim.h ---- */

struct pool_sim;

bool pool_is_planned(uint64_t seed);
/* If this seed has one. */
void pool_open(struct run *run);
void pool_heal(struct run *run);
/* Some acts before and behind a fork. */
void pool_fork(struct run *run);
/* The loop is stopped; and nothing is left. */
void pool_stop_all(struct run *run);
void pool_close(struct run *run);
void pool_slept(struct run *run, uint64_t ms);
void pool_acts(struct pool_sim *pool);
/* After whatever has happened; when the library is at rest. */
void pool_look(struct run *run);
void pool_look_restful(struct run *run);
struct host *pool_host(struct run *run);
/* Connections at most, the time that their dials may take, and their memory; 0: there
 * is none. */
unsigned pool_width(const struct run *run);
uint64_t pool_dials_ms(const struct run *run);
uint64_t pool_bytes_max(const struct run *run);

/* How long a client may take to come back; all of them. */
uint64_t run_return_ms(
    const struct user *user, const struct stay_client_options *o);
uint64_t run_patience_ms(const struct run *run);

#define KEPT_MAX 8

/* A reply that is kept, and whose it is. */
struct kept {
	struct stay_held *held; /* NULL: none */
	uint64_t number;
	const struct user *user;
	uint64_t life;
};

/* When dials were let go. */
struct grants {
	uint64_t at,
	    before; /* the last moment, and the one before it; 0: none */
	bool
	    doubtful; /* one of the last moment had to wait for the one before */
};

struct run {
	uint64_t seed;
	uint64_t random;
	struct plan plan;
	struct stay_world *world;
	struct sim *sim;
	struct stay_loop *loop;
	struct stay_observer observer;
	struct toy_filter toy;
	const struct deed *deed; /* the last one done */
	struct ledger ledger;
	struct user users[USERS_MAX];
	struct pool_sim *pool; /* NULL: this seed has none */
	struct kept kept[KEPT_MAX];
	struct stay__list configs;
	struct stay__list errands; /* later.c */
	struct figures *figures;
	struct verdict *verdict;
	uint64_t turn_at;  /* when the last turn began */
	uint64_t slept;    /* ns the machine was asleep, in all */
	uint64_t struck;   /* faults so far */
	uint64_t checks;   /* of clients at rest */
	uint64_t acted_at; /* number of the wait the program last acted in */
	struct grants granted;
	bool ops_failed;     /* the world was told to let one fail */
	uint64_t idle_waits; /* waits in which nothing happened */
	uint64_t idle_since;
	uint64_t idle_mark;
	uint64_t excused; /* ns: so long nobody could be found silent */
	size_t settled;   /* calls that were in the ledger at the last turn */
	uint64_t dozed;  /* of that, inside of callbacks since it was at rest */
	bool calling;    /* inside a public call */
	unsigned inside; /* callbacks */
	bool healing;
	uint64_t served_from; /* the first call that must go well */
	uint64_t forked_at; /* the last call before that; SIM_NEVER: not yet */
	bool over;
};

/* The one of this process. */
extern struct run *the_run;

void plan_make(struct run *run, uint64_t events, uint32_t faults);
void plan_options(struct run *run, struct stay_client_options *options);
void run_seed(struct verdict *verdict, uint64_t seed, uint64_t events,
    uint32_t faults, bool trace);

/* Chance of the program's own: the world's is not disturbed by it. */
uint64_t draw(struct run *run);
/* Below `max`. */
unsigned draw_below(struct run *run, unsigned max);
bool draw_mille(struct run *run, unsigned per_mille);
uint64_t draw_between(struct run *run, uint64_t least, uint64_t most);

/* ---- invariants ---- */

/* A promise is broken: says which, and ends the process. */
_Noreturn void broken(unsigned promise, const char *format, ...)
    STAY_PRINTF(2, 3);
/* After whatever has happened. */
void check_after(void *arg);
void check_counts(struct user *user);
void check_restful(struct run *run);
/* A session of it ends. */
void check_silent(const struct user *user);

extern stay_on_transition_fn watch_transition;
extern stay_on_text_fn watch_failure, watch_closed;
extern stay_on_up_fn watch_up;

/* At the top of every callback. */
void called_back(struct run *run);
void call_is_back(struct run *run);

/* ---- pause.c ---- */

/* Pause it, or go on; maybe. */
void pause_act(struct user *user);
void pause_note_over(struct user *user);
void pause_maybe_over(struct user *user);
/* After whatever has happened; after a callback, behind which its frame may go on. */
void pause_look(struct user *user);
void pause_look_over(struct user *user);
/* A frame is handed out; a session ends. */
void pause_frame(const struct user *user);
void pause_silent(const struct user *user);
void pause_end(struct run *run);
/* redis_user.c's. */
void ear_pause(struct user *user, struct ear *ear, bool paused);

/* ---- meter.c ---- */

struct stay_up;

/* Some seeds have metrics. Each look needs the library at rest; the loop must be gone
 * when they are closed. */
void meter_open(struct run *run);
void meter_look(struct run *run);
void meter_close(const struct run *run);
/* At the top of every callback; and what all of them may do. */
void meter_called_back(struct run *run);
void meter_ask(void);
/* What the observer tells. */
void meter_step(uint64_t number, unsigned from, unsigned to, bool dials);
void meter_failure(enum stay_status status);
void meter_up(const struct stay_up *up);
void meter_closed(uint64_t number);
/* What the program knows: a client has ended, a group is told, a lease is given back. */
void meter_gone(const struct user *user);
void meter_group(const struct stay_group_result *all);
void meter_hand_back(void);

/* ---- tale.c ---- */

struct stay_subject;
struct stay_transition;

/* Before the observer is set; when the loop is gone. */
void tale_open(struct run *run);
void tale_close(void);
/* A call is told; a turn is over. */
void tale_call(const struct run *run, const struct call *call,
    const struct stay_result *result);
void tale_turn(const struct run *run);
/* No secret is among these words. */
void tale_words(const char *text);
/* What the observer tells. */
void tale_transition(
    const struct stay_subject *who, const struct stay_transition *turn);
void tale_failure(
    const struct stay_subject *who, enum stay_status status, const char *text);
void tale_closed(
    const struct stay_subject *who, enum stay_status status, const char *text);
void tale_up(const struct stay_subject *who, const struct stay_up *up);

/* ---- memory.c ---- */

struct memory {
	uint64_t live;
	uint64_t bytes;
	uint64_t bytes_most;
	uint64_t failed;
	unsigned per_10000; /* of the library's allocations fail */
	uint64_t random;
	bool wall_jumps;
	uint64_t asked; /* looks at the wall clock */
};

extern struct memory memory;

/* ---- worker.c ---- */

struct worker_plan {
	uint64_t events;
	uint32_t faults;
	bool trace;
	bool hashes;
	bool quick; /* show what failed, and no smaller run */
};

/* False: it failed, and everything has been said. */
bool worker_run(
    uint64_t seed, const struct worker_plan *plan, struct figures *figures);

#endif
