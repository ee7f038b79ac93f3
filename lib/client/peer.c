/*
 * The server that a session has, as a URL: for a second connection to it. A host of
 * several addresses is named by the one that was reached. This file dials nothing.
 */
#include <stdio.h>

#include "base/address.h"
#include "base/percent.h"
#include "client/client.h"

/* The zone of an address is escaped; in a URL that was parsed it is not. */
static void
unescape(char *text)
{
	struct stay_bytes left = { text, strlen(text) };

	while (left.len > 0)
		*text++ = stay__percent_take(&left);
	*text = '\0';
}

/* "[fe80::1%252]:7777" is split in place; `url` points into it. */
static void
put_address(struct stay_url *url, char *peer)
{
	char *colon = strrchr(peer, ':');
	char *bracket = strrchr(peer, ']');

	assert(colon != NULL);
	*colon = '\0';
	url->port = colon + 1;
	url->host = peer;
	if (bracket == NULL)
		return;
	*bracket = '\0';
	url->host = peer + 1;
	unescape(peer + 1);
}

static int
write_url(const struct stay_url *url, char *text, size_t len)
{
	int used = stay_url_describe(url, text, len);
	size_t at = (size_t)used < len ? (size_t)used : len;

	if (url->query[0] == '\0')
		return used;
	return used + snprintf(len == 0 ? NULL : text + at, len - at, "?%s",
			  url->query);
}

/* A place without a host, as a path, is what the URL says. */
int
stay_session_peer(const struct stay_session *session, char *text, size_t len)
{
	const struct stay__target *target;
	char peer[STAY__ADDRESS_TEXT];
	struct stay_url url;

	assert(session != NULL);
	target = stay__endpoints_now(session->client);
	if (stay_stream_describe(session->client->conn, peer, sizeof(peer)) ==
		0 ||
	    target->descriptors != NULL)
		return snprintf(text, len, "%s", "");
	url = *target->url;
	if (target->dial.host[0] != '\0')
		put_address(&url, peer);
	return write_url(&url, text, len);
}
