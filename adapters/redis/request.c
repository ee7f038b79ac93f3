/*
 * A request: encoded by format.c, then looked up in the table of commands. This
 * file knows neither sessions nor earlier requests.
 */
#include "request.h"

#include "commands.h"
#include "config.h"

static enum stay_status
write_format(const struct stay_redis__request *request, struct stay_buf *out)
{
	struct stay_redis__arguments arguments;
	enum stay_status status;

	va_copy(arguments.list, request->arguments->list);
	status = stay_redis__write_format(out, request->format, &arguments);
	va_end(arguments.list);
	return status;
}

/* In a transaction a command is only queued: it does not block, and an error is none
 * from inside of a script. What stands around it changes nothing by itself. */
static enum stay_status
put_in_place(enum stay_redis__place place, struct stay_request *call)
{
	unsigned kind = stay_redis__tag_kind(call->tag);

	if (place == STAY_REDIS__AROUND)
		call->flags |= STAY_READ_ONLY;
	if (place != STAY_REDIS__QUEUED)
		return STAY_OK;
	if (kind == STAY_REDIS__TAG_MULTI || kind == STAY_REDIS__TAG_EXEC)
		return STAY_E_UNSUPPORTED;
	call->flags &= ~STAY_BLOCKS;
	call->tag = STAY_REDIS__TAG_QUEUED;
	return STAY_OK;
}

enum stay_status
stay_redis__request_encode(struct stay_request *call, struct stay_buf *out)
{
	const struct stay_redis__request *request = call->data;
	const struct stay_redis__config *config = call->config;
	size_t before = out->tail - out->head, len;
	const char *bytes;
	enum stay_status status;

	if (request->arguments != NULL)
		status = write_format(request, out);
	else
		status = stay_redis__write_argv(
		    out, request->argc, request->argv, request->lens);
	if (status != STAY_OK)
		return status;
	bytes = out->data + out->head + before;
	len = out->tail - out->head - before;
	status = stay_redis__classify(call, bytes, len);
	if (status == STAY_OK && request->place != STAY_REDIS__ALONE)
		status = put_in_place(request->place, call);
	if (!config->resend_reads)
		call->flags &= ~(uint32_t)STAY_READ_ONLY;
	if (status != STAY_OK)
		stay_buf_cut(out, before);
	else if (call->is_untold)
		call->tag |= stay_redis__name_tag(bytes, len);
	return status;
}
