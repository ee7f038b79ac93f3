/* Echo: the peer says what it hears, and so a reply reads as its request. */
#include <stay/echo.h>

#include "contracts.h"

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	(void)stay_buf_append(peer->out, in.data, in.len);
	return in.len;
}

static void
show(const void *reply, struct stay_buf *out)
{
	const struct stay_bytes *bytes = reply;

	(void)stay_buf_append(out, bytes->data, bytes->len);
}

#define ECHO(text)                                                             \
	{                                                                      \
		.name = "echo of " #text,                                      \
		.request =                                                     \
		    &(const struct stay_bytes){ text, sizeof(text) - 1 },      \
		.reply = text                                                  \
	}

static const struct stay_contract_sample samples[] = {
	ECHO("hello"),
	ECHO("x"),
	ECHO("two\r\nlines\r\n"),
};

const struct stay_contract echo_contract = { STAY_CONTRACT,
	.protocol = &stay_echo_protocol, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.show = show };
