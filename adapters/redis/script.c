/*
 * Scripts. A call is a request by digest; if the server says that it lacks the script, a
 * second one with the source follows, and `done` hears of that alone. What is needed for
 * it is kept in a run.
 */
#include <stdlib.h>

#include "call_options.h"
#include "request.h"
#include "session.h"
#include "sha1.h"

/* One call whose second request may follow. */
struct stay_redis__run {
	/* In redis->runs once the second one is under way, if the program has an id:
	 * that id, and the one that the client knows. */
	struct stay_redis__run *next, **link; /* `link` NULL: it is not */
	struct stay_call_id id, second;
	struct stay_redis *redis;
	struct stay_redis__script_words words;
	struct stay_call_options options; /* as the program has set them */
	stay_done_fn *done;
	void *arg;
	uint64_t since_ms; /* when it was submitted */
	/* Of the answer to the first request. */
	enum stay_outcome outcome;
	uint64_t session;
};

enum stay_status
stay_redis_script_init(
    struct stay_redis_script *script, const char *source, uint32_t flags)
{
	*script = (struct stay_redis_script){ .source = NULL };
	if (source == NULL || (flags != 0 && flags != STAY_READ_ONLY))
		return STAY_E_ARG;
	script->source = source;
	script->only_reads = flags != 0;
	stay_redis__sha1(source, strlen(source), script->digest);
	return STAY_OK;
}

/* ---- runs ---- */

static void
list(struct stay_redis__run *run)
{
	struct stay_redis__run **first = &run->redis->runs;

	run->next = *first;
	run->link = first;
	if (run->next != NULL)
		run->next->link = &run->next;
	*first = run;
}

static void
unlist(struct stay_redis__run *run)
{
	if (run->link == NULL)
		return;
	*run->link = run->next;
	if (run->next != NULL)
		run->next->link = run->link;
}

static void
free_run(struct stay_redis__run *run)
{
	unlist(run);
	stay_buf_fini(&run->words.words);
	free(run);
}

static void
tell(struct stay_redis__run *run, const struct stay_result *result)
{
	stay_done_fn *done = run->done;
	void *arg = run->arg;

	free_run(run);
	done(arg, result);
}

static void
on_piece(void *arg, struct stay_bytes piece)
{
	struct stay_redis__run *run = arg;

	run->options.piece(run->arg, piece);
}

static enum stay_status
submit(struct stay_redis__run *run, const struct stay_call_options *options,
    stay_done_fn *done)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_SCRIPT, .script = &run->words
	};
	struct stay_call_options ours = *options;

	if (ours.piece != NULL)
		ours.piece = on_piece;
	return stay_client_call_with(
	    run->redis->client, &request, &ours, done, run);
}

/* ---- with the source ---- */

/* That the second request was not sent says nothing of the first. */
static struct stay_result
result_of_both(
    const struct stay_redis__run *run, const struct stay_result *result)
{
	struct stay_result both = *result;

	if (both.outcome == STAY_NOT_SENT)
		both.outcome = run->outcome;
	if (both.session == 0)
		both.session = run->session;
	return both;
}

static void
on_second(void *arg, const struct stay_result *result)
{
	struct stay_redis__run *run = arg;
	struct stay_result both = result_of_both(run, result);

	tell(run, &both);
}

static void
reject(struct stay_redis__run *run, enum stay_status status)
{
	const struct stay_result result = { .status = status,
		.outcome = STAY_NOT_SENT,
		.why = stay_strerror(status) };

	on_second(run, &result);
}

/* What the first request has left of the time for both; for ever is as long again. 0:
 * nothing. */
static uint64_t
time_left(const struct stay_redis__run *run)
{
	struct stay_client_options client = { STAY_CLIENT_OPTIONS };
	struct stay_loop *loop = stay_conn_loop(stay_redis_conn(run->redis));
	uint64_t spent = stay_loop_now_ms(loop) - run->since_ms;
	uint64_t all = run->options.timeout_ms;

	stay_client_get_options(run->redis->client, &client);
	if (all == 0)
		all = client.call_timeout_ms;
	return all > spent ? all - spent : 0;
}

static void
send_source(struct stay_redis__run *run)
{
	struct stay_call_options options = run->options;
	enum stay_status status = STAY_E_TIMEOUT;

	run->words.is_whole = true;
	options.timeout_ms = time_left(run);
	if (options.id != NULL)
		options.id = &run->second;
	if (options.timeout_ms > 0)
		status = submit(run, &options, on_second);
	if (status != STAY_OK)
		reject(run, status);
	else if (options.id != NULL)
		list(run);
}

/* ---- by its digest ---- */

static void
on_first(void *arg, const struct stay_result *result)
{
	struct stay_redis__run *run = arg;

	if (!stay_redis__script_is_lacked(result->reply)) {
		tell(run, result);
		return;
	}
	run->outcome = result->outcome;
	run->session = result->session;
	send_source(run);
}

/* The library's own clock is right once it was asked to submit something. */
static enum stay_status
begin(struct stay_redis__run *run)
{
	enum stay_status status = submit(run, &run->options, on_first);

	if (status != STAY_OK) {
		free_run(run);
		return status;
	}
	run->since_ms =
	    stay_loop_now_ms(stay_conn_loop(stay_redis_conn(run->redis)));
	if (run->options.id != NULL)
		run->id = *run->options.id;
	return STAY_OK;
}

/* Nobody would be told that the server lacks it. */
static enum stay_status
begin_untold(struct stay_redis__run *run)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_SCRIPT, .script = &run->words
	};
	enum stay_status status;

	run->words.is_whole = true;
	status = stay_client_call_with(
	    run->redis->client, &request, &run->options, NULL, run->arg);
	free_run(run);
	return status;
}

/* `words` become the run's. */
static enum stay_status
call(struct stay_redis *redis, struct stay_redis__script_words *words,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_redis__run *run = calloc(1, sizeof(*run));

	if (run == NULL) {
		stay_buf_fini(&words->words);
		return STAY_E_NOMEM;
	}
	run->redis = redis;
	run->words = *words;
	run->options = stay_redis__call_options(options);
	run->done = done;
	run->arg = arg;
	return done == NULL ? begin_untold(run) : begin(run);
}

/* ---- what a program calls ---- */

enum stay_status
stay_redis_script_vcommand(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list given)
{
	struct stay_redis__script_words words;
	struct stay_redis__arguments arguments;

	va_copy(arguments.list, given);
	stay_redis__script_from_format(&words, script, format, &arguments);
	va_end(arguments.list);
	return call(redis, &words, options, done, arg);
}

enum stay_status
stay_redis_script_command(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...)
{
	enum stay_status status;
	va_list given;

	va_start(given, format);
	status = stay_redis_script_vcommand(
	    redis, script, options, done, arg, format, given);
	va_end(given);
	return status;
}

enum stay_status
stay_redis_script_call(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t keys, size_t count, const struct stay_bytes *list_of_words)
{
	struct stay_redis__script_words words;

	stay_redis__script_from_words(
	    &words, script, keys, count, list_of_words);
	return call(redis, &words, options, done, arg);
}

static bool
is_same(struct stay_call_id a, struct stay_call_id b)
{
	return a.token.index == b.token.index &&
	       a.token.generation == b.token.generation;
}

enum stay_status
stay_redis_script_cancel(struct stay_redis *redis, struct stay_call_id id)
{
	const struct stay_redis__run *run = redis->runs;

	while (run != NULL && !is_same(run->id, id))
		run = run->next;
	return stay_client_cancel(
	    redis->client, run == NULL ? id : run->second);
}
