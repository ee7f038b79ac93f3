/*
 * A request: encoded by format.c or prepared.c, then looked up in the table of commands. This
 * file knows neither sessions nor earlier requests.
 */
#include "request.h"

#include "body.h"
#include "commands.h"
#include "config.h"
#include "prepared.h"

static inline enum stay_status
write_command(const struct stay_redis__request *request, struct stay_buf *out)
{
	switch (request->form) {
	case STAY_REDIS__FORM_ARGV:
		break;
	case STAY_REDIS__FORM_FORMAT:
		return stay_redis__write_format(
		    out, request->format, request->arguments);
	case STAY_REDIS__FORM_PREPARED:
		return stay_redis__write_prepared(
		    out, request->prepared, request->count, request->words);
	case STAY_REDIS__FORM_SCRIPT:
		return stay_redis__script_write(out, request->script);
	}
	return stay_redis__write_argv(
	    out, request->count, request->argv, request->lens);
}

/* In a transaction a command is only queued: it does not block, and an error is none
 * from inside of a script; but what it sets up will last. What stands around it changes
 * nothing by itself. */
static enum stay_status
put_in_place(enum stay_redis__place place, struct stay_request *call)
{
	static const char around[] =
	    "MULTI, EXEC and DISCARD are rejected in a stay_redis_multi_new: "
	    "it puts MULTI and EXEC around its commands by itself";
	unsigned kind = stay_redis__tag_kind(call->tag);

	if (place == STAY_REDIS__AROUND)
		call->flags |= STAY_READ_ONLY;
	if (place != STAY_REDIS__QUEUED)
		return STAY_OK;
	if (kind == STAY_REDIS__TAG_MULTI || kind == STAY_REDIS__TAG_EXEC ||
	    kind == STAY_REDIS__TAG_DISCARD) {
		call->why = around;
		return STAY_E_UNSUPPORTED;
	}
	call->flags &= ~STAY_BLOCKS;
	stay_redis__set_kind(call, kind == STAY_REDIS__TAG_ALTERS
				       ? STAY_REDIS__TAG_QUEUED_ALTERS
				       : STAY_REDIS__TAG_QUEUED);
	return STAY_OK;
}

static enum stay_status
classify(struct stay_request *call, const char *bytes, size_t len)
{
	const struct stay_redis__request *request = call->data;

	if (request->form != STAY_REDIS__FORM_PREPARED ||
	    !request->prepared->is_judged)
		return stay_redis__classify(call, bytes, len);
	call->flags = request->prepared->flags;
	call->tag = request->prepared->tag;
	return STAY_OK;
}

/* What is written means: how it may be sent again, and what its reply tells. */
static inline enum stay_status
judge(struct stay_request *call, const char *bytes, size_t len)
{
	const struct stay_redis__request *request = call->data;
	const struct stay_redis__config *config = call->config;
	enum stay_status status = classify(call, bytes, len);

	if (status == STAY_OK && request->place != STAY_REDIS__ALONE)
		status = put_in_place(request->place, call);
	if (request->form == STAY_REDIS__FORM_SCRIPT &&
	    !request->script->is_whole)
		stay_redis__set_kind(call, STAY_REDIS__TAG_DIGEST);
	if (!config->resend_reads)
		call->flags &= ~(uint32_t)STAY_READ_ONLY;
	if (status == STAY_OK && call->is_untold)
		call->tag |= stay_redis__name_tag(bytes);
	return status;
}

/* NULL: the status says all. */
static const char *
why_not_written(
    const struct stay_redis__request *request, enum stay_status status)
{
	if (request->form == STAY_REDIS__FORM_SCRIPT)
		return request->script->why;
	if (status != STAY_E_FORMAT)
		return NULL;
	if (request->form == STAY_REDIS__FORM_FORMAT)
		return request->arguments->why;
	return request->form == STAY_REDIS__FORM_PREPARED
		   ? "the command was not prepared: stay_redis_prepare has "
		     "failed, or was not called"
		   : "the command has no word";
}

enum stay_status
stay_redis__request_encode(struct stay_request *call, struct stay_buf *out)
{
	size_t before = out->tail - out->head, len;
	enum stay_status status = write_command(call->data, out);

	if (status != STAY_OK) {
		call->why = why_not_written(call->data, status);
		return status;
	}
	len = out->tail - out->head - before;
	status = judge(call, out->data + out->tail - len, len);
	if (status == STAY_OK && call->body != NULL)
		status = stay_redis__put_body(call, out, before);
	if (status != STAY_OK)
		stay_buf_cut(out, before);
	return status;
}
