/* A protocol whose answers name a tag and come in any order: what its adapter and its
 * server agree on, and what the files of the adapter share. */
#ifndef STAY_TESTS_TAG_H
#define STAY_TESTS_TAG_H

#include "run.h"

#define TAG_MOST 65535u

/* Where prepare writes, in "call 00000 0 NUMBER VERB PAD". */
#define TAG_AT    5
#define TAG_WIDTH 5
#define AGAIN_AT  11
#define NUMBER_AT 13

/* What encode calls a request that is answered in order: it has no tag. */
#define TAG_NONE (UINT64_C(1) << 40)

enum tag_way {
	TAG_ONCE,    /* one answer */
	TAG_PIECES,  /* two parts, and then the answer */
	TAG_STEP,    /* a push that is answered, and then the answer */
	TAG_MAYBE,   /* an answer, or none for ever */
	TAG_IN_ORDER /* one answer, without a tag */
};

struct tag_shape {
	const char *verb;
	uint32_t replies;
	uint32_t flags;
	enum tag_way way;
	char kind; /* of the answer; '!': the server does not act */
};

extern const struct tag_shape tag_shapes[];
extern const unsigned tag_shape_count;

struct tag_frame {
	char kind;
	uint64_t tag; /* 0: none */
	uint64_t number;
	const struct tag_frame *kept;
};

/* What a server says in clear that was to say no more in clear. */
#define TAG_BABBLE (UINT64_C(1) << 41)

/* How far a session has come with them. */
struct tag_topics {
	unsigned said;
	unsigned acked;
	bool ready; /* and that was said */
};

struct tag_data {
	uint64_t serial; /* 0: it has not begun */
	bool down;
	bool agreed; /* to secure */
	bool ended;  /* by us */
	bool parted; /* by bye */
	struct stay_later *later;
	uint64_t asides;
	uint64_t notes;     /* that were said, */
	unsigned notes_due; /* and are to be */
	struct tag_topics topics;
	struct tag_frame frame;
};

struct tag_request {
	struct call *call;
	bool refused; /* by encode, after all */
};

/* ---- tag_session.c: frames, greeting, control lane ---- */

extern const struct stay_protocol tag_protocol;

struct user *tag_user_of(const struct stay_session *session);
/* Of a session that has begun and is not over. */
struct tag_data *tag_data_of(struct stay_session *session);
/* ...and that we have not ended. */
struct tag_data *tag_live_data_of(struct stay_session *session);
/* ---- tag_lane.c: the control lane ---- */

/* What it takes before it is full. */
#define TAG_LANE_MAX (1u << 20)

/* "WORD NUMBER" on the control lane. */
enum stay_status tag_say(struct stay_session *session, unsigned replies,
    const char *word, uint64_t number);
/* Say a lot, which may be refused in the middle, and what is left of it. */
enum stay_status tag_lane_fill(struct stay_session *session);
enum stay_status tag_lane_go_on(struct stay_session *session);
stay_session_fn tag_on_drained;

/* ---- tag.c: a call, from its request to its end ---- */

extern const struct stay_call_ops tag_call_ops;

stay_encode_fn tag_encode;
/* Add a request to a group, of a shape that is drawn. */
enum stay_status tag_add(
    struct stay_group *group, const struct user *user, struct call *call);
stay_done_fn tag_group_part;
/* on_over comes just before, but for a tombstone. */
void tag_check_told(const struct call *call, const struct stay_result *result);
/* If there is none they may all have been let go of, and then the session is left. */
uint64_t tag_free_one(struct stay_session *session, struct user *user);
/* By us, or because it may go unanswered and was given up. */
bool tag_is_let_go(const struct call *call);
/* Behind its end nothing more comes, unless it was let go of. */
void tag_check_open(
    struct user *user, const struct call *call, const char *what);

/* ---- tag_clear.c: what is said before the toy ---- */

/* It is to go through the toy, and does not yet. */
bool tag_is_clear(const struct stay_session *session);
stay_hello_fn tag_clear_hello;
/* A line that has come in clear. */
void tag_clear_serve(struct desk *desk, const char *in, size_t len);

/* ---- tag_topics.c: what a session restores ---- */

void tag_topics_open(struct user *user);
struct stay_hello tag_topics_restore(struct stay_session *session);
/* The server has one of them. */
void tag_topics_take(struct stay_session *session, uint64_t number);
void tag_topics_hear(struct stay_session *session, uint64_t number);
void tag_topics_lose(struct user *user);

/* ---- tag_desk.c: the server ---- */

peer_act_fn tag_serve;
void tag_lie(struct desk *desk);
void tag_push(struct desk *desk);

#endif
