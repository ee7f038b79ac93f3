/*
 * A connection that lives through a story, and one deed done inside one of its
 * callbacks. Every slot of every kind of callback reports to scene_visit; the
 * deeds are those of deeds.def. A test plays a story again and again, each time
 * doing another deed at another visit, and sees whether the promises hold:
 * nothing runs inside a public call or another callback, nothing runs after
 * `closed`, every accepted call completes once, every message that was taken is
 * released once, and in the end nothing is left.
 *
 * There is one scene at a time.
 */
#ifndef STAY_TESTS_SCENE_H
#define STAY_TESTS_SCENE_H

#include <stdbool.h>

#include "deeds.h"
#include "line_rig.h"

/* Of a client before INIT, of a behaviour from there on, of both from ON_STARTED
 * on. */
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
	SLOT(ON_LEAVING,       "on_leaving")                                   \
	SLOT(BYE,              "bye")                                          \
	SLOT(HIGH_WATER,       "on_high_water")                                \
	SLOT(LOW_WATER,        "on_low_water")                                 \
	SLOT(READY,            "ready, of stay_client_wait_room")                   \
	SLOT(MORE,             "more, of a body")                              \
	SLOT(REWIND,           "rewind, of a body")                            \
	SLOT(BODY_OVER,        "over, of a body")                              \
	SLOT(CONFIG_RELEASE,   "config_release")                               \
	SLOT(ON_LOST_CALL,     "the observer's on_lost_call")                  \
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
	SLOT(OBSERVED_CLOSED,  "the observer's on_closed")
/* clang-format on */

enum scene_slot {
#define SLOT(name, label) SCENE_##name,
	SCENE_SLOTS(SLOT)
#undef SLOT
	    SCENE_SLOT_COUNT
};

#define SCENE_CONFIGS_MAX 8

struct scene_config {
	struct line_config config; /* first */
	struct deed_entry *entry;
};

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
	struct deed_at at;
	size_t config_count;
	struct scene_config configs[SCENE_CONFIGS_MAX];

	/* What is to be done, where, and whether it was. */
	const struct scene_story *story;
	const struct deed *deed;
	enum scene_slot slot;
	unsigned visit; /* the how many-th, from 1 */
	bool done;
};

extern struct scene scene;

/* At the top of each callback. */
void scene_visit(enum scene_slot slot);

/* Play the story with the deed at that visit; false: it was not that often
 * there, or the deed is not for that moment. */
bool scene_play(const struct scene_story *story, const struct deed *deed,
    enum scene_slot slot, unsigned visit);

/* Every deed that this slot can do, at each of its visits in the stories; fails
 * for a deed that was never done there. */
void scene_exhaust(
    const struct scene_story *stories, size_t count, enum scene_slot slot);

/* Where deeds are done now; valid till the next call of it. */
const struct deed_at *scene_at(void);
struct deed_entry *scene_accept(const char *what);

stay_done_fn scene_done;
stay_done_fn scene_part;
stay_started_fn scene_started;
stay_closed_fn scene_conn_closed;

/* A config of the line protocol whose release is entered in the ledger. */
struct line_config *scene_config_new(void);
void scene_config_release(const void *config);

/* ---- scene_client.c, scene_raw.c ---- */

extern const struct scene_story scene_client_stories[];
extern const size_t scene_client_story_count;
extern const struct scene_story scene_raw_stories[];
extern const size_t scene_raw_story_count;
extern const struct stay_behaviour scene_raw_behaviour;

#endif
