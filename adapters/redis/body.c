/*
 * A body is the last word of its command: the words are counted anew, and its length
 * is written. This file reads what format.c wrote, and need not check it.
 */
#include "body.h"

#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "request.h"

/* Of `*n`: one more. All digits are nines: there is one digit more. */
static enum stay_status
count_up(struct stay_buf *out, size_t before)
{
	char *digits = out->data + out->head + before + 1;
	char *end = memchr(digits, '\r', stay_buf_len(out) - before - 1);
	size_t first = (size_t)(digits - (out->data + out->head));
	enum stay_status status;

	while (end > digits && end[-1] == '9')
		*--end = '0';
	if (end > digits) {
		end[-1]++;
		return STAY_OK;
	}
	status = stay_buf_append(out, "1", 1);
	if (status != STAY_OK)
		return status;
	digits = out->data + out->head + first;
	memmove(digits + 1, digits, stay_buf_len(out) - first - 1);
	*digits = '1';
	return STAY_OK;
}

/* NULL: it may be the last word. */
static const char *
why_not(const struct stay_request *call, const char *bytes)
{
	const struct stay_redis__request *request = call->data;

	if (request->form == STAY_REDIS__FORM_SCRIPT)
		return "a body is rejected behind a script, which may be sent "
		       "twice: send EVAL with it";
	if (call->body->len == STAY_BODY_OPEN)
		return "a body of open length is rejected: Redis is told the "
		       "length first, so set `len`";
	return stay_redis__sense_of(bytes).is_more
		   ? "a body is rejected behind a command that is judged by "
		     "its last words, as BLPOP and CLIENT are"
		   : NULL;
}

enum stay_status
stay_redis__put_body(
    struct stay_request *call, struct stay_buf *out, size_t before)
{
	struct stay_request_body *body = call->body;
	enum stay_status status;

	call->why = why_not(call, out->data + out->head + before);
	if (call->why != NULL)
		return STAY_E_UNSUPPORTED;
	status = count_up(out, before);
	if (status == STAY_OK)
		status = stay_buf_printf(out, "$%" PRIu64 "\r\n", body->len);
	body->follows = true;
	body->closing = (struct stay_bytes){ "\r\n", 2 };
	return status;
}
