/* Groups of the line protocol, and notes of what they come to. */
#include "group_rig.h"

#include <check.h>
#include <string.h>

#include "expect.h"

struct line_rig groups;
char group_name[] = "g";
unsigned group_told;
enum stay_status group_held;
struct stay_call_id group_id;

static void
note_answer(const struct stay_result *answer)
{
	const char *reply = answer->reply;

	ck_assert_ptr_nonnull(answer->why);
	line_note(&groups.notes, " %s/%s%s%s",
	    stay_status_name(answer->status) + 5,
	    stay_outcome_name(answer->outcome), reply != NULL ? " " : "",
	    reply != NULL ? reply : "");
}

void
group_done(void *arg, const struct stay_group_result *result)
{
	struct stay_held *kept;

	group_told++;
	line_check_counts(&groups);
	ck_assert_ptr_nonnull(result->why);
	line_note(&groups.notes, "%s %s/%s:", (const char *)arg,
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome));
	for (size_t i = 0; i < result->count; i++)
		note_answer(&result->answers[i]);
	line_note(&groups.notes, ";");
	if (result->count > 0)
		group_held = stay_held_new(
		    groups.client, result->answers[0].reply, &kept);
}

void
group_part(void *arg, const struct stay_result *result)
{
	line_note(&groups.notes, "%s part %s;", (const char *)arg,
	    (const char *)result->reply);
}

static struct line_request
request_of(char kind, const char *text)
{
	struct line_request request = { .text = text, .replies = 1 };

	request.tag = (uint64_t)*text;
	if (kind == 'i')
		request.flags = STAY_IDEMPOTENT;
	else if (kind == 'r')
		request.flags = STAY_READ_ONLY;
	else if (kind == 'b')
		request.flags = STAY_BLOCKS, request.blocks_ms = 1000;
	else if (kind == 's')
		request.flags = STAY_THIS_SESSION;
	else if (kind == 'p')
		request.flags = STAY_ACTS_ON_PARTS;
	else if (kind == 't')
		request.replies = 0;
	else if (kind == '2')
		request.replies = 2;
	else if (kind == 'T')
		request.flags = STAY_BY_TAG;
	else if (kind == 'R')
		request.flags = STAY_BY_TAG | STAY_READ_ONLY;
	else if (kind == 'Q')
		request.flags = STAY_BY_TAG, request.replies = 0;
	else if (kind == 'P')
		request.flags = STAY_BY_TAG, request.replies = 2;
	return request;
}

struct stay_group *
group_make(const char *kinds, const char *text)
{
	struct stay_group *group = stay_group_new(groups.client);
	char words[512], *word = words, *end;

	EXPECT(strlen(text) < sizeof(words));
	memcpy(words, text, strlen(text) + 1);
	for (; *kinds != '\0'; kinds++, word = end + 1) {
		struct line_request request;

		end = word + strcspn(word, ",");
		*end = '\0';
		request = request_of(*kinds, word);
		(void)stay_group_add(group, &request);
	}
	return group;
}

enum stay_status
group_try(const char *kinds, const char *text, uint32_t flags)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS, .flags = flags,
		.id = &group_id, .part = group_part };

	return stay_group_send(
	    group_make(kinds, text), &options, group_done, group_name);
}

void
group_send(const char *kinds, const char *text)
{
	EXPECT_OK(group_try(kinds, text, 0));
}

void
group_begin(void)
{
	group_told = 0;
	line_begin(&groups, NULL);
}

void
group_end(void)
{
	if (groups.loop == NULL)
		return;
	line_end(&groups);
	ck_assert_uint_eq(group_told, 1);
}

void
group_say(const char *text)
{
	sim_peer_print(groups.peer, text);
	line_run(&groups, 1);
}

void
group_cancel(void)
{
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
	line_run(&groups, 1);
}

void
group_time_out(void)
{
	line_run(&groups, 5000);
}
