/* NATS: the adapter of examples/adapters/, and a server that answers each question with
 * the question, but for one that nobody hears. Once acknowledging, once not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/adapters/nats.h"
#include "contracts.h"

/* A connection of the peer's. */
struct end {
	bool greeted;
	bool verbose;
};

static size_t
greet(struct stay_contract_peer *peer)
{
	struct end *end = peer->state;

	if (!end->greeted)
		(void)stay_buf_puts(peer->out,
		    "INFO {\"server_id\":\"NKIT\",\"headers\":true,"
		    "\"max_payload\":1048576,\"client_id\":1} \r\n");
	end->greeted = true;
	return 0;
}

/* "PUB subject [reply-to] bytes"; 0: not all of it is there. */
static size_t
take_message(struct stay_contract_peer *peer, struct stay_bytes in, size_t line)
{
	const struct end *end = peer->state;
	char words[128], subject[32], to[64], bytes[16];
	bool asks;
	size_t len;

	snprintf(words, sizeof(words), "%.*s", (int)line, in.data);
	asks = sscanf(words, "PUB %31s %63s %15s", subject, to, bytes) == 3;
	len = (size_t)atol(asks ? bytes : to);

	if (in.len < line + len + 2)
		return 0;
	if (end->verbose)
		(void)stay_buf_puts(peer->out,
		    strcmp(subject, "secret") == 0
			? "-ERR 'Permissions Violation for Publish to "
			  "\"secret\"'\r\n"
			: "+OK\r\n");
	peer->overtakes = asks && !end->verbose;
	if (asks && strcmp(subject, "nobody") == 0)
		(void)stay_buf_printf(peer->out,
		    "HMSG %s 0 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", to);
	else if (asks)
		(void)stay_buf_printf(peer->out, "MSG %s 0 %zu\r\n%.*s\r\n", to,
		    len, (int)len, in.data + line);
	else
		(void)stay_buf_puts(
		    peer->out, "MSG mail 1001 answers 4\r\nnews\r\n");
	return line + len + 2;
}

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	struct end *end = peer->state;
	size_t seen = 0, len = stay_bytes_line(in, &seen);

	if (len == 0)
		return greet(peer);
	if (strncmp(in.data, "PUB ", 4) == 0)
		return take_message(peer, in, len);
	if (strncmp(in.data, "CONNECT {\"verbose\":true", 23) == 0)
		end->verbose = true;
	if (strncmp(in.data, "SUB mail", 8) == 0)
		stay_contract_lasts(peer, (struct stay_bytes){ "mail", 4 });
	if (strncmp(in.data, "PING", 4) == 0)
		(void)stay_buf_puts(peer->out, "PONG\r\nPING\r\n");
	else if (strncmp(in.data, "PONG", 4) != 0 && end->verbose)
		(void)stay_buf_puts(peer->out, "+OK\r\n");
	return len;
}

static void
show(const void *reply, struct stay_buf *out)
{
	const struct nats_message *message = reply;

	if (message == NULL)
		return;
	(void)stay_buf_append(out, message->headers.data, message->headers.len);
	(void)stay_buf_append(out, message->payload.data, message->payload.len);
}

/* ---- what is asked ---- */

static void
on_message(
    struct nats_subscription *subscription, const struct nats_message *message)
{
	(void)subscription;
	if (message->payload.len != 4)
		abort();
}

static struct nats_subscription mail = { .subject = "mail",
	.on_message = on_message };

/* To "mail" a program subscribes before. */
static enum stay_status
submit(void *arg, struct stay_client *client, const void *data,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	const struct nats_request *request = data;
	enum stay_status status = STAY_OK;

	(void)arg;
	if (strcmp(request->subject, "mail") == 0)
		status = nats_subscribe(client, &mail);
	if (status != STAY_OK)
		return status;
	return stay_client_call_with(client, request, options, done, done_arg);
}

#define SAY(subject, text)                                                     \
	&(const struct nats_request)                                           \
	{                                                                      \
		subject, TEXT(text), false                                     \
	}
#define ASK(subject, text)                                                     \
	&(const struct nats_request)                                           \
	{                                                                      \
		subject, TEXT(text), true                                      \
	}
#define TEXT(text)                                                             \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct stay_contract_sample questions[] = {
	{ .name = "a word",
	    .request = ASK("echo", "a word"),
	    .reply = "a word" },
	{ .name = "another",
	    .request = ASK("echo", "another"),
	    .reply = "another" },
	{ .name = "nothing", .request = ASK("echo", ""), .reply = "" },
	{ .name = "MSG",
	    .request = ASK("echo", "MSG\r\nPONG\r\n"),
	    .reply = "MSG\r\nPONG\r\n" },
	{ .name = "nobody",
	    .request = ASK("nobody", "there"),
	    .status = STAY_E_SERVER,
	    .is_refused = true },
	{ .name = "say", .request = SAY("news", "text"), .reply = "" },
	{ .name = "mail", .request = SAY("mail", "text"), .reply = "" },
};

static const struct stay_contract_sample messages[] = {
	{ .name = "say", .request = SAY("news", "text"), .reply = "" },
	{ .name = "say +OK", .request = SAY("news", "+OK\r\n"), .reply = "" },
	{ .name = "secret",
	    .request = SAY("secret", "text"),
	    .reply = "Permissions Violation for Publish to \"secret\"",
	    .status = STAY_E_SERVER,
	    .is_refused = true },
	{ .name = "mail", .request = SAY("mail", "text"), .reply = "" },
};

static const struct nats_config verbose = { .verbose = true };

#define CONTRACT(name_, samples_, config_)                                     \
	{                                                                      \
		STAY_CONTRACT,                                                 \
		    .name = name_, .protocol = &nats_protocol,                 \
		    .config = config_, .url = "nats://me:secret@peer:7777",    \
		    .samples = samples_,                                       \
		    .sample_count = sizeof(samples_) / sizeof(samples_[0]),    \
		    .peer = peer, .peer_size = sizeof(struct end),             \
		    .show = show, .submit = submit                             \
	}

const struct stay_contract nats_contract = CONTRACT("nats", questions, NULL);
const struct stay_contract nats_verbose_contract =
    CONTRACT("nats-verbose", messages, &verbose);
