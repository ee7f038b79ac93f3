/*
 * A connection that lives through a story, and one public call made inside one
 * of its callbacks. Every slot of every kind of callback reports to
 * scene_visit; every public call is a deed, a row of the table in
 * scene_deeds.c. A test plays a story again and again, each time doing another
 * deed at another visit, and sees whether the promises hold all the same:
 * nothing runs inside a public call or another callback, nothing runs after
 * `closed`, every accepted call completes once, every message that was taken is
 * released once, and in the end nothing is left.
 *
 * There is one scene at a time.
 */
#ifndef STAY_TESTS_SCENE_H
#define STAY_TESTS_SCENE_H

#include <stdbool.h>

#include "line_rig.h"

/* clang-format off */
#define SCENE_SLOTS(SLOT)                                                      \
	/* of a client */                                                      \
	SLOT(DONE_REPLIED,     "done, of a reply")                             \
	SLOT(DONE_FAILED,      "done, of a failure")                           \
	SLOT(DONE_CANCELLED,   "done, of a call that was cancelled")           \
	SLOT(DONE_TIMED_OUT,   "done, of a call that timed out")               \
	SLOT(PART,             "part")                                         \
	SLOT(HELLO,            "hello")                                        \
	SLOT(ON_UP,            "on_up")                                        \
	SLOT(ON_DOWN,          "on_down")                                      \
	SLOT(ON_PUSH,          "on_push")                                      \
	SLOT(ON_CONTROL,       "on_control")                                   \
	SLOT(ON_ORPHAN,        "on_orphan")                                    \
	SLOT(PING,             "ping")                                         \
	SLOT(BYE,              "bye")                                          \
	SLOT(HIGH_WATER,       "on_high_water")                                \
	SLOT(LOW_WATER,        "on_low_water")                                 \
	SLOT(READY,            "ready, of stay_client_wait_room")                   \
	SLOT(CONFIG_RELEASE,   "config_release")                               \
	/* of a behaviour */                                                   \
	SLOT(INIT,             "init")                                         \
	SLOT(CONNECT,          "connect")                                      \
	SLOT(DISCONNECT,       "disconnect")                                   \
	SLOT(HANDLE_CALL,      "handle_call")                                  \
	SLOT(HANDLE_CAST,      "handle_cast")                                  \
	SLOT(MESSAGE,          "handle_info, a message")                       \
	SLOT(NEXT_EVENT,       "handle_info, next event")                      \
	SLOT(STATE_TIMEOUT,    "handle_info, state timeout")                   \
	SLOT(TIMEOUT,          "handle_info, timeout")                         \
	SLOT(PENDING_EXPIRED,  "handle_info, pending expired")                 \
	SLOT(STREAM_UP,        "handle_info, stream up")                       \
	SLOT(STREAM_DATA,      "handle_info, stream data")                     \
	SLOT(STREAM_WRITABLE,  "handle_info, stream writable")                 \
	SLOT(STREAM_DOWN,      "handle_info, stream down")                     \
	SLOT(CODE_CHANGE,      "code_change")                                  \
	SLOT(TERMINATE,        "terminate")                                    \
	SLOT(ENTERED,          "entered")                                      \
	SLOT(CALLED,           "the completion of stay_conn_call")                  \
	SLOT(UPGRADED,         "the completion of stay_conn_upgrade")          \
	SLOT(RELEASE,          "release of a message")                         \
	SLOT(REPLY_RELEASE,    "release of a reply")                           \
	/* of both, and of the loop */                                         \
	SLOT(ON_STARTED,       "on_started")                                   \
	SLOT(ON_CLOSED,        "on_closed")                                    \
	SLOT(ON_TRANSITION,    "the observer's on_transition")                 \
	SLOT(ON_FAILURE,       "the observer's on_failure")                    \
	SLOT(ON_LOST_CALL,     "the observer's on_lost_call")                  \
	SLOT(OBSERVED_CLOSED,  "the observer's on_closed")
/* clang-format on */

enum scene_slot {
#define SLOT(name, label) SCENE_##name,
	SCENE_SLOTS(SLOT)
#undef SLOT
	    SCENE_SLOT_COUNT
};

#define SCENE_LEDGER_MAX  256
#define SCENE_CONFIGS_MAX 8

/* What was accepted, by whatever call, and how often it came back. */
struct scene_entry {
	const char *what;
	unsigned told;
	struct stay_call_id id; /* of a call of the client */
	struct stay_from from;  /* of a call of the connection */
};

struct scene_config {
	struct line_config config; /* first */
	struct scene_entry *entry;
};

struct scene_deed {
	const char *name;
	void (*make)(void);
	bool needs_client;
	bool needs_raw;          /* a behaviour of the test's own */
	bool outlives;           /* may be made when the connection is dead */
	enum scene_slot only_in; /* SCENE_SLOT_COUNT: anywhere */
	enum scene_slot not_in;  /* SCENE_SLOT_COUNT: anywhere */
	const char *because;     /* of the two */
};

extern const struct scene_deed scene_deeds[];
extern const size_t scene_deed_count;

struct scene_story {
	const char *name;
	bool raw;            /* a behaviour of the test's own, no client */
	void (*begin)(void); /* starts the connection of rig.loop */
	void (*const *steps)(void);
	size_t count;
};

struct scene {
	struct line_rig rig; /* its world, loop, server */
	struct stay_client *client;
	struct stay_conn *conn; /* NULL before init and after closed */
	unsigned visits[SCENE_SLOT_COUNT];
	unsigned calling; /* public calls that run nothing */
	unsigned inside;  /* callbacks */
	bool closed;
	unsigned others_started;
	unsigned others_closed;
	struct scene_entry *current; /* whose completion runs */
	size_t entries;
	struct scene_entry ledger[SCENE_LEDGER_MAX];
	size_t config_count;
	struct scene_config configs[SCENE_CONFIGS_MAX];

	/* What is to be done, where, and whether it was. */
	const struct scene_story *story;
	const struct scene_deed *deed;
	enum scene_slot slot;
	unsigned visit; /* the how many-th, from 1 */
	bool done;
};

extern struct scene scene;

/* At the top of each callback. */
void scene_visit(enum scene_slot slot);

/* Play the story with the deed at that visit; false: it was not that often
 * there, or the deed is not for that moment. */
bool scene_play(const struct scene_story *story, const struct scene_deed *deed,
    enum scene_slot slot, unsigned visit);

/* Every deed that this slot can do, at each of its visits in the stories; fails
 * for a deed that was never done there. */
void scene_exhaust(
    const struct scene_story *stories, size_t count, enum scene_slot slot);

/* An entry of the ledger; taken back if it was refused after all. */
struct scene_entry *scene_accept(const char *what);
void scene_refuse(struct scene_entry *entry);
void scene_told(void *entry);

/* A message or a reply that is in the ledger till it is released. */
struct stay_message scene_message(int tag);
struct stay_reply scene_reply(void);
stay_called_fn scene_called;
stay_done_fn scene_done;
stay_done_fn scene_part;
stay_room_fn scene_ready;
stay_upgraded_fn scene_upgraded;
stay_started_fn scene_started;
stay_closed_fn scene_conn_closed;

/* The first call that has not come back: of the client, of the connection. */
struct scene_entry *scene_open_call(void);
struct scene_entry *scene_open_from(void);

/* A config of the line protocol whose release is entered in the ledger. */
struct line_config *scene_config_new(void);
void scene_config_release(const void *config);

/* ---- scene_client.c, scene_raw.c ---- */

extern const struct scene_story scene_client_stories[];
extern const size_t scene_client_story_count;
extern const struct scene_story scene_raw_stories[];
extern const size_t scene_raw_story_count;
extern const struct stay_behaviour scene_raw_behaviour;

void scene_fail(const char *file, int line, const char *what);

/* An assertion that costs nothing while it holds and says where it was. */
#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			scene_fail(__FILE__, __LINE__, #condition);            \
	} while (0)

#endif
