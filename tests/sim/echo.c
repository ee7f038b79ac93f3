/*
 * The echo adapter through <stay/echo.h>, and its server, which sends back what
 * it gets in pieces of any size. A message says whose it is: its call's number
 * and how many bytes follow.
 */
#include <stay/echo.h>

#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* "0000000000000012:00000345:" */
#define HEAD 26

static size_t
write_message(const struct call *call, char *to)
{
	int len = snprintf(
	    to, HEAD + 1, "%016" PRIu64 ":%08zu:", call->number, call->pad);

	pad_write(call, to + len);
	return (size_t)len + call->pad;
}

static enum stay_status
start(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	return stay_echo_start(&user->client, user->run->loop, url, options);
}

static enum stay_status
submit(struct user *user, struct call *call, struct stay_call_options *options,
    stay_done_fn *done)
{
	char message[HEAD + PAD_MAX + 1];
	struct stay_bytes bytes = { message, write_message(call, message) };
	void *arg = (void *)(uintptr_t)call->number;

	if (draw_mille(user->run, 300)) {
		options->timeout_ms = user->options.call_timeout_ms;
		return stay_echo_call(
		    user->client, bytes.data, bytes.len, done, arg);
	}
	options->flags = ledger_draw_flags(user->run, call);
	return stay_client_call_with(user->client, &bytes, options, done, arg);
}

static bool
answers(const struct call *call, const struct stay_result *result)
{
	char message[HEAD + PAD_MAX + 1];
	size_t len = write_message(call, message);
	const struct stay_bytes *got = result->reply;

	return got != NULL && got->len == len &&
	       memcmp(got->data, message, len) == 0;
}

/* ---- the server ---- */

/* All of a message, or what there is of it; the desk remembers in `pings` how
 * much of the first one has been sent back already. */
static size_t
reads(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	struct desk *desk = desk_of(end);
	struct call *call;
	size_t whole, sent = desk->pings;

	if (len > sent && (len - sent > 64 || len < HEAD + 8)) {
		peer_send(
		    desk->end, desk_delay(desk), 0, in + sent, len - sent);
		sent = len;
	}
	desk->pings = (unsigned)sent;
	if (len < HEAD)
		return 0;
	if (desk->end->phase == 0) {
		call = desk_ordered(desk, strtoull(in, NULL, 10));
		desk_executed(desk, call);
		desk->end->phase = 1;
	}
	call = ledger_find(desk->host->run, desk->last_number);
	whole = HEAD + call->pad;
	if (len < whole)
		return 0;
	if (strtoull(in + 17, NULL, 10) != call->pad ||
	    !pad_is(call, in + HEAD))
		broken(4, "call %" PRIu64 " has come with other bytes",
		    call->number);
	if (sent < whole) {
		peer_send(
		    desk->end, desk_delay(desk), 0, in + sent, whole - sent);
		sent = whole;
	}
	request->count = 0;
	desk->pings = (unsigned)(sent - whole);
	desk->end->phase = 0;
	return whole;
}

static void
lie(struct desk *desk)
{
	char bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)draw(desk->host->run);
	sim_peer_send(
	    desk->peer, bytes, 1 + draw_below(desk->host->run, sizeof(bytes)));
}

const struct trade echo_trade = { "echo", reads, NULL, lie, NULL, start,
	change_client, submit, answers, NULL };
