/*
 * A server that is going away is left, and may say for which other place. What it says
 * is not trusted further than that: it names a host and a port, and nothing else of
 * the URL. How a session is left is leave.c's.
 */
#include <stdio.h>

#include "base/mem.h"
#include "client/client.h"
#include "client/detour.h"
#include "client/settings.h"

/* A scheme, a host and a port. */
#define PLACE_MAX 320

#define REFUSED "the server goes away, and the place it names is refused: "

/* ---- what it says ---- */

struct named {
	char scheme[PLACE_MAX];
	char place[PLACE_MAX]; /* host:port */
	const char *refused;   /* NULL: it will do */
};

static const char *
fault_of_scheme(const struct stay_protocol *protocol,
    const struct stay__target *now, const char *scheme)
{
	const char *suffix = stay__target_suffix(protocol, scheme);

	if (strcmp(scheme, now->url->scheme) == 0)
		return NULL;
	if (suffix == NULL || (suffix[0] != '\0' && strcmp(suffix, "s") != 0))
		return REFUSED "it is of another protocol";
	if (now->secure && suffix[0] == '\0')
		return REFUSED "it is less secure than this session";
	return NULL;
}

/* Letters, digits and what else a host and a port can have. */
static bool
is_place(const char *text)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    ".-_:[]";

	return text[0] != '\0' && text[strspn(text, known)] == '\0';
}

static void
split(struct named *named, const struct stay__target *now, const char *text)
{
	const char *mark = strstr(text, "://");
	char *slash;

	if (mark == NULL) {
		snprintf(named->scheme, PLACE_MAX, "%s", now->url->scheme);
		snprintf(named->place, PLACE_MAX, "%s", text);
		return;
	}
	memcpy(named->scheme, text, (size_t)(mark - text));
	snprintf(named->place, PLACE_MAX, "%s", mark + strlen("://"));
	slash = strchr(named->place, '/');
	if (slash != NULL && slash[1] == '\0')
		*slash = '\0';
}

/* `named` is zeroed. */
static void
read_words(struct named *named, const struct stay_protocol *protocol,
    const struct stay__target *now, struct stay_bytes words)
{
	char text[PLACE_MAX] = "";

	if (strcmp(now->dial.scheme, "tcp") != 0 ||
	    strlen(now->url->scheme) >= PLACE_MAX) {
		named->refused = REFUSED "this session has no host";
		return;
	}
	if (words.len >= PLACE_MAX) {
		named->refused = REFUSED "it is too long for one";
		return;
	}
	memcpy(text, words.data, words.len);
	split(named, now, text);
	named->refused = fault_of_scheme(protocol, now, named->scheme);
	if (named->refused == NULL &&
	    (strlen(text) < words.len || !is_place(named->place)))
		named->refused = REFUSED "it is no host and port";
}

/* ---- the place ---- */

/* The client's own URL with another host: login, path and query stay. */
static char *
compose(const struct stay_client *client, const struct named *named)
{
	const char *own = strstr(stay__endpoints_url(client), "://") + 3;
	size_t authority = strcspn(own, "/?"), size;
	const char *at = memrchr(own, '@', authority);
	int login = at == NULL ? 0 : (int)(at + 1 - own);
	char *url;

	size = strlen(named->scheme) + strlen("://") + strlen(named->place) +
	       strlen(own) + 1;
	url = stay__realloc(NULL, size);
	if (url != NULL)
		snprintf(url, size, "%s://%.*s%s%s", named->scheme, login, own,
		    named->place, own + authority);
	return url;
}

static enum stay_status
fill(struct stay__detour *detour, const struct stay_client *client,
    const struct named *named)
{
	enum stay_status status;

	detour->url = compose(client, named);
	if (detour->url == NULL)
		return STAY_E_NOMEM;
	status = stay__target_parse(&detour->target, client->loop,
	    &client->profile->protocol.top, client->profile->options.filter,
	    detour->url);
	stay__loop_forget_rejection(client->loop);
	if (status != STAY_OK)
		return status;
	detour->name = stay__settings_label(&detour->target, detour->url);
	return detour->name == NULL ? STAY_E_NOMEM : STAY_OK;
}

/* If there is no memory, what was named before is the place still. */
static enum stay_status
name(struct stay_client *client, const struct named *named)
{
	struct stay__detour *detour = stay__zalloc(sizeof(*detour));
	enum stay_status status;

	if (detour == NULL)
		return STAY_E_NOMEM;
	status = fill(detour, client, named);
	if (status == STAY_OK && !stay__rare_begin(client))
		status = STAY_E_NOMEM;
	if (status == STAY_OK)
		stay__detour_set(client, detour);
	else
		stay__detour_free(detour);
	return status;
}

/* ---- for a protocol ---- */

/* What is said of it in the log; NULL: no memory for it. */
static const char *
sentence_of(enum stay_status status, const struct named *named)
{
	if (named->refused != NULL)
		return named->refused;
	if (status == STAY_OK)
		return "the server goes away, and names another place";
	return status == STAY_E_NOMEM ? stay_strerror(status)
				      : REFUSED "it is no host and port";
}

static enum stay_status
hear(struct stay_session *session, struct stay_bytes words)
{
	struct stay_client *client = session->client;
	struct named named = { .refused = NULL };
	enum stay_status status = STAY_E_URL;

	read_words(&named, &client->profile->protocol.top,
	    stay__endpoints_now(client), words);
	if (named.refused == NULL)
		status = name(client, &named);
	stay__remark_make(session, sentence_of(status, &named));
	return status == STAY_OK || status == STAY_E_NOMEM ? status
							   : STAY_E_URL;
}

/* In the first half of the time; the rest is for replies. */
enum stay_status
stay_session_leave(struct stay_session *session, const char *place, size_t len,
    uint64_t within_ms)
{
	enum stay_status status = STAY_OK;

	assert(session != NULL);
	if (!stay__session_is_ready(session))
		return STAY_E_STATE;
	if (place != NULL)
		status = hear(session, (struct stay_bytes){ place, len });
	else
		stay__remark_make(session, "the server goes away");
	stay__leave_within(session, within_ms / 2);
	return status;
}
