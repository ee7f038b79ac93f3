/*
 * What a program does to the library, from inside or outside of a callback: a
 * deed is a row of deeds.def and a function, do_NAME, in one of deeds_*.c. Two
 * programs do them. The scenes walk the table, each deed at each moment; the
 * simulator draws from it. Each keeps books of what it has begun, the functions
 * called books_*: a deed begins through them what somebody is to be told of, and
 * checks the rest itself. It knows neither stories nor chance.
 */
#ifndef STAY_TESTS_DEEDS_H
#define STAY_TESTS_DEEDS_H

#include <stdbool.h>

#include <stay/client.h>

#include "base/list.h"

struct user; /* of the simulator */

/* Where it is done. */
struct deed_at {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_conn *conn;     /* NULL: none is alive */
	struct stay_client *client; /* NULL: it is of a behaviour */
	struct user *user;          /* NULL: in a scene */
	bool inside;                /* of a callback */
};

enum deed_needs {
	NEEDS_LOOP,
	NEEDS_CONN,
	NEEDS_CLIENT,
	NEEDS_BEHAVIOUR,
	NEEDS_ROOM,
	NEEDS_BYTES
};

enum deed_drawn { DRAWN_AT_TIMES, DRAWN_OFTEN, DRAWN_ENDS };

typedef void deed_fn(const struct deed_at *at);

struct deed {
	const char *name;
	deed_fn *make;
	enum deed_needs needs;
	enum deed_drawn drawn;
	unsigned weight;
};

extern const struct deed deeds[];
extern const size_t deed_count;

#define DEED(name, needs, drawn, weight, because) deed_fn do_##name;
#include "deeds.def"
#undef DEED

/* ---- what is told, or released, exactly once ---- */

enum deed_kind {
	DEED_LETTER, /* in the mailbox of a connection */
	DEED_TIMER,  /* the message of a state timeout */
	DEED_CALL,   /* of a connection */
	DEED_UPGRADE,
	DEED_SENT_COUNT, /* those go through books_sent */
	DEED_REPLY = DEED_SENT_COUNT,
	DEED_OTHER
};

struct deed_entry {
	struct stay__list node;
	enum deed_kind kind;
	const char *what;
	struct user *user;
	unsigned told;
	struct stay_call_id id; /* of a call of the client, in a scene */
	struct stay_from from;  /* of a call of the connection */
	unsigned version;       /* that books_next has chosen */
};

/* The entries of this process: none; each was told, and they are free. */
void deeds_open(void);
void deeds_close(void);
extern struct stay__list deed_entries;
/* What was begun on clients and connections of the deeds' own, so far. */
extern uint64_t deeds_others;
struct deed_entry *deed_entry_at(struct stay__list *node);

/* Taken back if it was refused after all. */
struct deed_entry *deed_accept(
    const struct deed_at *at, enum deed_kind kind, const char *what);
void deed_refuse(struct deed_entry *entry);
void deed_told(struct deed_entry *entry, enum stay_status status);

typedef enum stay_status deed_send_fn(struct stay_conn *, struct stay_message);

/* Its `data` is an entry. */
struct stay_reply deed_reply(const struct deed_at *at);
enum stay_status deed_mail(
    const struct deed_at *at, deed_send_fn *send, int tag);
/* NULL: it was refused. */
struct deed_entry *deed_call_conn(
    const struct deed_at *at, int tag, uint64_t timeout_ms);
enum stay_status deed_answer(const struct deed_at *at, struct stay_from from);
void deed_state_timeout(const struct deed_at *at, uint64_t ms, int tag);

/* ---- the program's books ---- */

/* A call of a client, or who waits for room. */
struct deed_call {
	struct stay_call_id id;
	bool over;       /* it was told, or cannot be cancelled here */
	uint64_t number; /* in the books */
};

#define DEED_CALLS_MAX 256

/* Whatever runs in between is inside a public call. */
void books_calling(bool now);
void books_fail(const char *file, int line, const char *what);
/* Whether its world is why a call says so: its memory, its bounds. */
bool books_excuse(enum stay_status status);
/* A time: a deed that is walked takes the least. */
uint64_t books_ms(uint64_t least, uint64_t most);
/* Submit a call, wait for room. No id: there is nothing to be cancelled, and
 * rightly. Two zeros: as a program does that has no options. */
struct deed_call books_submit(
    const struct deed_at *at, uint64_t timeout_ms, uint32_t flags);
/* The same of one whose request has a body. */
struct deed_call books_body(const struct deed_at *at, uint64_t timeout_ms);
/* The same of a group. */
struct deed_call books_group(const struct deed_at *at);
struct deed_call books_line_up(const struct deed_at *at, uint64_t timeout_ms);
/* Calls that one may think of cancelling; this one is. */
size_t books_calls(const struct deed_at *at, struct deed_call *calls);
/* So many were in flight before. */
void books_cancelled(
    const struct deed_at *at, const struct deed_call *call, uint64_t in_flight);
void books_reconfigure(const struct deed_at *at, bool options);
/* Its server goes away within so long: leave this session. */
void books_leave(
    const struct deed_at *at, struct stay_session *session, uint64_t ms);
/* Say something on the control lane of this session. */
void books_say(const struct deed_at *at, struct stay_session *session);
/* A behaviour to become. */
const struct stay_behaviour *books_next(struct deed_entry *upgrade);
void books_stream_send(const struct deed_at *at);
/* What is about to happen to it; a drain takes so long. */
enum deed_will {
	WILL_STOP,
	WILL_STOP_ALL,
	WILL_DRAIN,
	WILL_RECONNECT,
	WILL_REJECT /* a call */
};
void books_will(const struct deed_at *at, enum deed_will will, uint64_t ms);
/* What is in the entry was sent; it is told, or released. */
void books_sent(const struct deed_at *at, const struct deed_entry *entry,
    enum stay_status status);
void books_told(struct deed_entry *entry, enum stay_status status);

/* ---- for the deeds ---- */

#define INSIDE(call)            (books_calling(true), (call), books_calling(false))
#define STATUS_OF(status, call) INSIDE((status) = (call))

/* An assertion that costs nothing while it holds and says where it was. */
#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			books_fail(__FILE__, __LINE__, #condition);            \
	} while (0)

/* What its header says, or what its world forces it to say. */
#define SAYS(status, expected)                                                 \
	HOLDS((status) == (expected) || books_excuse(status))

/* A call that says so. */
#define GIVES(expected, call)                                                  \
	do {                                                                   \
		const enum stay_status promised = (expected);                  \
		enum stay_status said;                                         \
                                                                               \
		STATUS_OF(said, call);                                         \
		SAYS(said, promised);                                          \
	} while (0)

#endif
