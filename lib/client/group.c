/*
 * The requests and the answers of a group. This file knows neither calls nor how a
 * group is sent; what a reply needs to be kept is hold.c's.
 */
#include "client/group.h"

#include "base/mem.h"
#include "client/client.h"
#include "client/hold.h"

/* Members at first. */
#define ROOM_MIN 8u

struct stay_group *
stay_group_new(struct stay_client *client)
{
	struct stay_group *group = stay__zalloc(sizeof(*group));

	assert(client != NULL);
	if (group == NULL)
		return NULL;
	group->client = client;
	group->flags = STAY_READ_ONLY; /* as long as all its members are */
	stay_buf_init(&group->bytes, client->profile->options.queue_bytes_max);
	return group;
}

/* ---- requests ---- */

static bool
make_room(struct stay_group *group)
{
	uint32_t room = group->room == 0 ? ROOM_MIN : group->room * 2;
	struct stay__grouped *members;

	if (group->count < group->room)
		return true;
	if (room < group->room)
		return false;
	members = stay__realloc_many(group->members, room, sizeof(*members));
	if (members == NULL)
		return false;
	group->members = members;
	group->room = room;
	return true;
}

/* What one request makes of the flags of all. */
static uint32_t
join_flags(uint32_t all, uint32_t one)
{
	return (all & one & STAY_READ_ONLY) |
	       ((all | one) & ~(uint32_t)STAY_READ_ONLY);
}

static void
join(struct stay_group *group, const struct stay_request *request, size_t len)
{
	struct stay__grouped *member = &group->members[group->count++];

	*member = (struct stay__grouped){ .tag = request->tag,
		.len = (uint32_t)len,
		.replies = request->replies };
	group->replies += request->replies;
	group->flags = join_flags(group->flags, request->flags);
	if (request->flags & STAY_BLOCKS)
		group->blocks_ms =
		    request->blocks_ms > STAY_FOREVER - group->blocks_ms
			? STAY_FOREVER
			: group->blocks_ms + request->blocks_ms;
}

/* Either all are answered in order, or all by tag. */
static bool
may_join(const struct stay_group *group, uint32_t flags)
{
	if ((flags & ~(STAY__CALL_FLAGS | STAY_ACTS_ON_PARTS | STAY_BY_TAG)) !=
	    0)
		return false;
	return group->count == 0 || ((flags ^ group->flags) & STAY_BY_TAG) == 0;
}

static enum stay_status
add(struct stay_group *group, const void *data)
{
	struct stay_client *client = group->client;
	struct stay_request request = {
		.data = data, .config = client->profile->config, .replies = 1
	};
	size_t before = stay_buf_len(&group->bytes);
	enum stay_status status;

	if (!make_room(group))
		return STAY_E_NOMEM;
	status = client->profile->protocol.top.encode(&request, &group->bytes);
	if (status != STAY_OK) {
		group->why = request.why;
		return status;
	}
	if (!may_join(group, request.flags) ||
	    stay_buf_len(&group->bytes) == before)
		return STAY_E_ARG;
	if (request.replies > UINT32_MAX - group->replies)
		return STAY_E_TOO_BIG;
	join(group, &request, stay_buf_len(&group->bytes) - before);
	return STAY_OK;
}

enum stay_status
stay_group_add(struct stay_group *group, const void *request)
{
	if (group == NULL)
		return STAY_E_NOMEM;
	if (group->status == STAY_OK)
		group->status = add(group, request);
	if (group->status != STAY_OK) {
		stay__loop_say(group->client->loop, group->why);
		(void)stay__loop_reject_call(
		    group->client->loop, group->status);
	}
	return group->status;
}

enum stay_status
stay__group_check(const struct stay_group *group)
{
	const struct stay_client *client = group->client;
	const struct stay_client_options *options = &client->profile->options;
	static const char too_many[] =
	    "a group has more requests than queue_calls_max or "
	    "inflight_calls_max: raise both, or send it in parts";

	if (group->status != STAY_OK) {
		stay__loop_say(client->loop, group->why);
		return group->status;
	}
	if (group->count == 0)
		return STAY_E_ARG;
	if (group->replies > 1 && client->profile->protocol.top.retain == NULL)
		return STAY_E_UNSUPPORTED;
	if (group->count > options->queue_calls_max ||
	    group->count > options->inflight_calls_max) {
		stay__loop_say(client->loop, too_many);
		return STAY_E_TOO_BIG;
	}
	if (client->calls->counts.queued >
	    options->queue_calls_max - group->count)
		return STAY_E_FULL;
	return STAY_OK;
}

/* ---- answers ---- */

enum stay_status
stay__group_prepare(struct stay_group *group)
{
	group->answers = stay__calloc(group->count, sizeof(*group->answers));
	return group->answers == NULL ? STAY_E_NOMEM : STAY_OK;
}

/* The next member that is answered at all; the others have no turn. */
static void
turn_to(struct stay_group *group, uint32_t at)
{
	while (at < group->count && group->members[at].left == 0)
		at++;
	group->at = at < group->count ? at : 0;
}

static void
forget_answers(struct stay_group *group)
{
	for (uint32_t i = 0; i < group->count; i++) {
		struct stay__grouped *member = &group->members[i];

		stay_held_free(member->held);
		stay__free(member->words);
		member->held = NULL;
		member->words = NULL;
	}
	group->kept = 0;
}

void
stay__group_begin(struct stay_group *group)
{
	forget_answers(group);
	memset(group->answers, 0, group->count * sizeof(*group->answers));
	for (uint32_t i = 0; i < group->count; i++) {
		group->members[i].left = group->members[i].replies;
		group->members[i].let_go = false;
	}
	group->has_failed = false;
	turn_to(group, 0);
}

void
stay__group_move_on(struct stay_group *group)
{
	if (--group->members[group->at].left == 0 &&
	    !stay__group_is_by_tag(group))
		turn_to(group, group->at + 1);
}

uint32_t
stay__group_let_go(struct stay_group *group, uint32_t at)
{
	struct stay__grouped *member = &group->members[at];
	uint32_t left = member->left;

	member->left = 0;
	member->let_go = true;
	return left;
}

static uint64_t
room_left(const struct stay_group *group)
{
	uint64_t max = group->client->profile->options.group_bytes_max;

	return max > group->kept ? max - group->kept : 0;
}

/* The words stand in the caller's memory. Without a copy the status has to say it. */
static void
keep_words(struct stay_group *group, struct stay__grouped *member,
    struct stay_result *answer)
{
	size_t size = strlen(answer->why) + 1;

	if (size <= room_left(group))
		member->words = stay__zalloc(size);
	if (member->words == NULL) {
		answer->why = stay_strerror(answer->status);
		return;
	}
	memcpy(member->words, answer->why, size);
	answer->why = member->words;
	group->kept += size;
}

static void
keep_reply(struct stay_group *group, struct stay__grouped *member,
    struct stay_result *answer)
{
	enum stay_status status = stay__held_apart(
	    group->client, answer->reply, room_left(group), &member->held);

	if (status == STAY_OK) {
		answer->reply = stay_held_reply(member->held);
		group->kept += stay__held_cost(member->held);
		return;
	}
	answer->reply = NULL;
	answer->status = status;
	answer->why = stay_strerror(status);
}

bool
stay__group_take(
    struct stay_group *group, const struct stay_result *result, bool is_last)
{
	struct stay__grouped *member = &group->members[group->at];
	struct stay_result *answer = &group->answers[group->at];
	bool is_error = result->status != STAY_OK;

	if (is_error && result->outcome != STAY_REFUSED)
		group->has_failed = true;
	if (member->left > 1)
		return true;
	*answer = *result;
	if (is_last)
		return false;
	if (is_error)
		keep_words(group, member, answer);
	if (group->done == NULL)
		answer->reply = NULL;
	if (answer->reply != NULL)
		keep_reply(group, member, answer);
	return false;
}

/* What has no answer yet gets this one. */
static void
fill(struct stay_group *group, const struct stay_result *result)
{
	for (uint32_t i = 0; i < group->count; i++) {
		if (group->answers[i].why != NULL)
			continue;
		group->answers[i] = *result;
		group->answers[i].reply = NULL;
	}
}

/* The first answer that is not good; NULL: there is none. */
static const struct stay_result *
first_bad(const struct stay_group *group)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (group->answers[i].status != STAY_OK)
			return &group->answers[i];
	return NULL;
}

enum stay_status
stay__group_status(const struct stay_group *group)
{
	const struct stay_result *bad = first_bad(group);

	return bad != NULL ? bad->status : STAY_OK;
}

/* What has no reply is behind the last one that has: it may not have left. */
struct stay_result
stay__group_result(struct stay_group *group, bool is_whole)
{
	struct stay_result result = { .status = STAY_OK,
		.outcome = is_whole ? STAY_SENT : STAY_MAYBE_EXECUTED,
		.why = "ok" };
	const struct stay_result *bad;

	fill(group, &result);
	bad = first_bad(group);
	if (bad != NULL)
		result = *bad;
	return result;
}

void
stay__group_done(void *arg, const struct stay_result *result)
{
	struct stay_group *group = arg;
	struct stay_group_result whole = { result->status, result->outcome,
		result->why, group->count, group->answers };

	fill(group, result);
	group->done(group->arg, &whole);
	forget_answers(group);
}

void
stay__group_part(void *arg, const struct stay_result *result)
{
	const struct stay_group *group = arg;

	group->part(group->arg, result);
}

void
stay_group_free(struct stay_group *group)
{
	if (group == NULL)
		return;
	forget_answers(group);
	stay_buf_fini(&group->bytes);
	stay__free(group->members);
	stay__free(group->answers);
	stay__free(group);
}
