/*
 * The record of a group: its requests, and the answers that have come. It begins as
 * the caller's; once it is sent, it belongs to its call, whose `arg` it is.
 */
#ifndef STAY__GROUP_H
#define STAY__GROUP_H

#include <stay/group.h>
#include <stay/request.h>

/* One request of a group. */
struct stay__grouped {
	uint64_t tag;   /* what encode has set */
	uint64_t given; /* by `prepare`, if the call is STAY__HISTORY_TAGGED */
	uint32_t len;   /* of its bytes */
	uint32_t replies;
	uint32_t left;          /* of them: still to come */
	bool let_go;            /* its tag is not to be given again */
	bool is_over;           /* and on_over has heard so */
	struct stay_held *held; /* the reply that is its answer; NULL: none */
	char *words;            /* why it is no good one; NULL: static text */
};

struct stay_group {
	struct stay_client *client;
	struct stay_buf bytes; /* the requests, until the group is sent */
	struct stay__grouped *members;
	struct stay_result *answers; /* one a member, once it is sent */
	uint32_t count;              /* members */
	uint32_t room;               /* for members */
	uint32_t at;                 /* the member that the next reply is for */
	uint32_t replies;            /* of all members */
	uint32_t flags;              /* of the call */
	bool is_atomic;              /* STAY_GROUP_ATOMIC */
	bool has_failed; /* an answer was an error, and no refusal */
	uint64_t blocks_ms;
	uint64_t kept;           /* bytes that kept answers take */
	enum stay_status status; /* the first failure; STAY_OK: none */
	const char *why;         /* encode's, of that; NULL: nothing */
	stay_group_done_fn *done;
	stay_done_fn *part;
	void *arg;
};

/* Whether there is a place for each of its requests, or there ever can be. */
enum stay_status stay__group_check(const struct stay_group *group);

/* Make room for the answers. */
enum stay_status stay__group_prepare(struct stay_group *group);

/* No answer is there: at first, and before it is sent again. */
void stay__group_begin(struct stay_group *group);

/*
 * A reply to the member in turn. True: it is one for `part`. Else it is the answer,
 * and is kept, unless it is the last of the group: that lives until `done` returns.
 */
bool stay__group_take(
    struct stay_group *group, const struct stay_result *result, bool is_last);
/* A reply has come; another one is due. */
void stay__group_move_on(struct stay_group *group);
/* No reply will come to a member, which is not over. Returns how many were due. */
uint32_t stay__group_let_go(struct stay_group *group, uint32_t at);

/* That of the first answer that is not good; STAY_OK: all that have come are. */
enum stay_status stay__group_status(const struct stay_group *group);

/* Every reply has come: what that makes of the group, but for the outcome. Not all of
 * it may be on the wire. */
struct stay_result stay__group_result(struct stay_group *group, bool is_whole);

/* The `done` and the `part` of a call that is a group. */
void stay__group_done(void *arg, const struct stay_result *result);
void stay__group_part(void *arg, const struct stay_result *result);

/* The tag of the member in turn. */
static inline uint64_t
stay__group_tag(const struct stay_group *group)
{
	return group->members[group->at].tag;
}

/* Whether replies name the member that they are for. */
static inline bool
stay__group_is_by_tag(const struct stay_group *group)
{
	return (group->flags & STAY_BY_TAG) != 0;
}

/* Whether the server can have acted on nothing of it: only so many of its bytes have
 * left, and so many replies are due. */
static inline bool
stay__group_is_unsent(
    const struct stay_group *group, uint64_t left, uint32_t due)
{
	if (group->is_atomic)
		return !group->has_failed;
	return left < group->members[0].len && due == group->replies;
}

#endif
