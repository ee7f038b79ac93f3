/*
 * Several commands as one: a pipeline, or a transaction with MULTI and EXEC around
 * it. How a group is sent and answered is the client's; what EXEC says is multi.c's.
 */
#include <stdlib.h>

#include "call_options.h"
#include "multi.h"
#include "request.h"
#include "session.h"

struct stay_redis_group {
	struct stay_group *group;
	bool is_multi;
	size_t count;            /* commands */
	enum stay_status status; /* the first failure; STAY_OK: none */
	stay_group_done_fn *done;
	void *arg;
	struct stay_result *answers; /* of a multi: one a command */
};

static enum stay_status
add(struct stay_redis_group *group, struct stay_redis__request request)
{
	enum stay_status status;

	if (group == NULL)
		return STAY_E_NOMEM;
	if (group->is_multi)
		request.place = STAY_REDIS__QUEUED;
	status = stay_group_add(group->group, &request);
	group->count += status == STAY_OK;
	if (group->status == STAY_OK)
		group->status = status;
	return status;
}

/* MULTI or EXEC. If it cannot be added, the group cannot be sent. */
static void
put_around(struct stay_redis_group *group, const char *word)
{
	const struct stay_redis__request request = {
		.place = STAY_REDIS__AROUND, .count = 1, .argv = &word
	};

	(void)stay_group_add(group->group, &request);
}

static struct stay_redis_group *
new_group(struct stay_redis *redis, bool is_multi)
{
	struct stay_redis_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return NULL;
	group->group = stay_group_new(redis->client);
	group->is_multi = is_multi;
	if (is_multi)
		put_around(group, "MULTI");
	return group;
}

struct stay_redis_group *
stay_redis_pipeline_new(struct stay_redis *redis)
{
	return new_group(redis, false);
}

struct stay_redis_group *
stay_redis_multi_new(struct stay_redis *redis)
{
	return new_group(redis, true);
}

enum stay_status
stay_redis_group_vadd(
    struct stay_redis_group *group, const char *format, va_list list)
{
	struct stay_redis__arguments arguments;
	enum stay_status status;

	va_copy(arguments.list, list);
	status = add(group,
	    (struct stay_redis__request){ .form = STAY_REDIS__FORM_FORMAT,
		.format = format,
		.arguments = &arguments });
	va_end(arguments.list);
	return status;
}

enum stay_status
stay_redis_group_add(struct stay_redis_group *group, const char *format, ...)
{
	enum stay_status status;
	va_list list;

	va_start(list, format);
	status = stay_redis_group_vadd(group, format, list);
	va_end(list);
	return status;
}

enum stay_status
stay_redis_group_argv(struct stay_redis_group *group, size_t argc,
    const char *const *argv, const size_t *lens)
{
	return add(group, (struct stay_redis__request){
			      .count = argc, .argv = argv, .lens = lens });
}

enum stay_status
stay_redis_group_call(struct stay_redis_group *group,
    const struct stay_redis_prepared *prepared, size_t count,
    const struct stay_bytes *words)
{
	return add(group,
	    (struct stay_redis__request){ .form = STAY_REDIS__FORM_PREPARED,
		.count = count,
		.prepared = prepared,
		.words = words });
}

static void
free_record(struct stay_redis_group *group)
{
	free(group->answers);
	free(group);
}

void
stay_redis_group_free(struct stay_redis_group *group)
{
	if (group == NULL)
		return;
	stay_group_free(group->group);
	free_record(group);
}

static void
multi_done(void *arg, const struct stay_group_result *all)
{
	struct stay_redis_group *group = arg;
	struct stay_group_result result =
	    stay_redis__multi_result(all, group->answers);

	group->done(group->arg, &result);
	free_record(group);
}

static enum stay_status
send_multi(struct stay_redis_group *group,
    const struct stay_call_options *options, stay_group_done_fn *done,
    void *arg)
{
	struct stay_call_options ours = stay_redis__call_options(options);

	ours.flags |= STAY_GROUP_ATOMIC;
	put_around(group, "EXEC");
	group->done = done;
	group->arg = arg;
	if (done == NULL)
		return stay_group_send(group->group, &ours, NULL, NULL);
	group->answers = calloc(group->count, sizeof(*group->answers));
	if (group->answers == NULL) {
		stay_group_free(group->group);
		return STAY_E_NOMEM;
	}
	return stay_group_send(group->group, &ours, multi_done, group);
}

enum stay_status
stay_redis_group_send(struct stay_redis_group *group,
    const struct stay_call_options *options, stay_group_done_fn *done,
    void *arg)
{
	enum stay_status status;

	if (group == NULL)
		return STAY_E_NOMEM;
	if (group->is_multi && group->count == 0) {
		status = group->status != STAY_OK ? group->status : STAY_E_ARG;
		stay_redis_group_free(group);
		return status;
	}
	status = group->is_multi
		     ? send_multi(group, options, done, arg)
		     : stay_group_send(group->group, options, done, arg);
	if (status != STAY_OK || !group->is_multi || done == NULL)
		free_record(group);
	return status;
}
