/*
 * The front: a command of the program becomes a call. Most go a short way: without
 * options, of few and short words, and no more than a question with one answer. They are
 * written where they are sent from, see <stay/direct.h>. All else is request.c's, which
 * comes to the same; errors are found there.
 */
#include <stay/direct.h>
#include <stay/redis.h>

#include "commands.h"
#include "format_usual.h"
#include "prepared.h"
#include "request.h"
#include "session.h"

/* Of functions of their own, so that the short ways don't pay for them. */
#define APART static __attribute__((noinline))

static enum stay_status
submit(struct stay_redis *redis, const struct stay_redis__request *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	if (options == NULL)
		return stay_client_call(redis->client, request, done, arg);
	return stay_client_call_with(
	    redis->client, request, options, done, arg);
}

/* Where a command may be written; room.at is NULL: it goes the general way. */
static inline struct stay_room
begin(const struct stay_redis *redis, const struct stay_call_options *options,
    stay_done_fn *done, void *arg)
{
	return options == NULL
		   ? stay_client_begin_call(redis->client, done, arg)
		   : (struct stay_room){ NULL, 0 };
}

/* What was written up to `end` goes. */
static inline void
end_as(const struct stay_redis *redis, const struct stay_room *room,
    const char *end, struct stay_redis__sense sense)
{
	if (redis->reads_once)
		sense.flags &= ~(uint32_t)STAY_READ_ONLY;
	stay_client_end_call(
	    redis->client, (size_t)(end - room->at), sense.flags, sense.tag);
}

/* ---- from words ---- */

APART enum stay_status
submit_argv(struct stay_redis *redis, const struct stay_call_options *options,
    stay_done_fn *done, void *arg, size_t argc, const char *const *argv,
    const size_t *lens)
{
	const struct stay_redis__request request = {
		.count = argc, .argv = argv, .lens = lens
	};

	return submit(redis, &request, options, done, arg);
}

enum stay_status
stay_redis_argv(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t argc, const char *const *argv, const size_t *lens)
{
	struct stay_room room = begin(redis, options, done, arg);
	struct stay_redis__sense sense;
	const char *end = NULL;

	if (room.at != NULL && argc > 0 && argv != NULL && lens != NULL)
		end = stay_redis__put_few(room.at, room.len, argc, argv, lens);
	if (end == NULL || (sense = stay_redis__sense_of(room.at)).is_more)
		return submit_argv(redis, options, done, arg, argc, argv, lens);
	end_as(redis, &room, end, sense);
	return STAY_OK;
}

/* ---- from a format ---- */

APART enum stay_status
submit_format(struct stay_redis *redis, const struct stay_call_options *options,
    stay_done_fn *done, void *arg, const char *format,
    struct stay_redis__arguments *arguments)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_FORMAT,
		.format = format,
		.arguments = arguments
	};

	return submit(redis, &request, options, done, arg);
}

/* False: it has to go the general way, with the arguments from their beginning. */
static inline __attribute__((always_inline)) bool
submit_usual(struct stay_redis *redis, const struct stay_call_options *options,
    stay_done_fn *done, void *arg, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_room room = begin(redis, options, done, arg);
	struct stay_redis__sense sense;
	const char *end = NULL;

	if (room.at != NULL && format != NULL)
		end =
		    stay_redis__put_usual(room.at, room.len, format, arguments);
	if (end == NULL || (sense = stay_redis__sense_of(room.at)).is_more)
		return false;
	end_as(redis, &room, end, sense);
	return true;
}

enum stay_status
stay_redis_vcommand(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list list)
{
	struct stay_redis__arguments arguments;
	enum stay_status status;
	bool is_usual;

	va_copy(arguments.list, list);
	is_usual = submit_usual(redis, options, done, arg, format, &arguments);
	va_end(arguments.list);
	if (is_usual)
		return STAY_OK;
	va_copy(arguments.list, list);
	status = submit_format(redis, options, done, arg, format, &arguments);
	va_end(arguments.list);
	return status;
}

/* As stay_redis_vcommand, and without a copy of the arguments. */
enum stay_status
stay_redis_command(struct stay_redis *redis, stay_done_fn *done, void *arg,
    const char *format, ...)
{
	struct stay_redis__arguments arguments;
	enum stay_status status;
	bool is_usual;

	va_start(arguments.list, format);
	is_usual = submit_usual(redis, NULL, done, arg, format, &arguments);
	va_end(arguments.list);
	if (is_usual)
		return STAY_OK;
	va_start(arguments.list, format);
	status = submit_format(redis, NULL, done, arg, format, &arguments);
	va_end(arguments.list);
	return status;
}

enum stay_status
stay_redis_command_with(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...)
{
	enum stay_status status;
	va_list list;

	va_start(list, format);
	status = stay_redis_vcommand(redis, options, done, arg, format, list);
	va_end(list);
	return status;
}

/* ---- prepared ---- */

APART enum stay_status
submit_prepared(struct stay_redis *redis,
    const struct stay_redis_prepared *prepared,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t count, const struct stay_bytes *words)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_PREPARED,
		.count = count,
		.prepared = prepared,
		.words = words
	};

	return submit(redis, &request, options, done, arg);
}

enum stay_status
stay_redis_call(struct stay_redis *redis,
    const struct stay_redis_prepared *prepared,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t count, const struct stay_bytes *words)
{
	struct stay_room room = begin(redis, options, done, arg);
	const char *end = NULL;

	if (room.at != NULL && stay_redis__is_prepared(prepared) &&
	    prepared->is_judged &&
	    stay_redis__has_its_words(prepared, count, words))
		end = stay_redis__put_prepared(
		    room.at, room.len, prepared, words);
	if (end == NULL)
		return submit_prepared(
		    redis, prepared, options, done, arg, count, words);
	end_as(redis, &room, end,
	    (struct stay_redis__sense){
		prepared->flags, (uint16_t)prepared->tag, false });
	return STAY_OK;
}
