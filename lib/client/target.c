/*
 * Where a client's URL points: the protocol's own schemes are tcp and unix with
 * its port, everything else is a transport's.
 */
#include "client/client.h"

/* What follows `name` in `scheme`; NULL: something else. */
static const char *
behind(const char *scheme, const char *name)
{
	size_t len = strlen(name);

	return strncmp(scheme, name, len) == 0 ? scheme + len : NULL;
}

static enum stay_status
aim_at_host(
    const struct stay_client *client, struct stay__aim *aim, const char *scheme)
{
	const struct stay_url *url = aim->url;
	const char *port = url->port;

	if (port[0] == '\0')
		port = client->protocol.port;
	if (port == NULL)
		return STAY_E_URL;
	aim->target = stay_target_make(
	    scheme, url->host[0] != '\0' ? url->host : "localhost", port, "");
	return STAY_OK;
}

static enum stay_status
aim_at_path(struct stay__aim *aim, const char *scheme)
{
	const struct stay_url *url = aim->url;

	if (url->path[0] == '\0')
		return STAY_E_URL;
	aim->target = stay_target_make(scheme, "", "", url->path);
	return STAY_OK;
}

static enum stay_status
aim_at_transport(const struct stay_client *client, struct stay__aim *aim)
{
	const struct stay_url *url = aim->url;

	if (strcmp(url->scheme, "tcp") == 0)
		return aim_at_host(client, aim, "tcp");
	if (strcmp(url->scheme, "unix") == 0)
		return aim_at_path(aim, "unix");
	if (stay__transport_find(client->loop, url->scheme) == NULL)
		return STAY_E_URL;
	aim->target =
	    stay_target_make(url->scheme, url->host, url->port, url->path);
	return STAY_OK;
}

static enum stay_status
take_aim(const struct stay_client *client, struct stay__aim *aim)
{
	const char *rest = behind(aim->url->scheme, client->protocol.name);

	if (rest != NULL && rest[0] == '\0')
		return aim_at_host(client, aim, "tcp");
	if (rest != NULL && strcmp(rest, "+unix") == 0)
		return aim_at_path(aim, "unix");
	if (rest != NULL && strcmp(rest, "s") == 0)
		return STAY_E_NO_TLS;
	return aim_at_transport(client, aim);
}

/* fd:N and fd:R,W are no URLs by RFC 3986. */
static enum stay_status
aim_at_descriptors(struct stay__aim *aim, const char *numbers)
{
	size_t size = strlen(numbers) + 1;
	enum stay_status status = stay_url_parse(&aim->url, "fd://", NULL);

	if (status != STAY_OK)
		return status;
	if (numbers[strspn(numbers, "0123456789,")] != '\0' || size == 1)
		return STAY_E_URL;
	aim->descriptors = stay__realloc(NULL, size);
	if (aim->descriptors == NULL)
		return STAY_E_NOMEM;
	memcpy(aim->descriptors, numbers, size);
	aim->target = stay_target_make("fd", "", "", aim->descriptors);
	return STAY_OK;
}

enum stay_status
stay__client_aim(
    const struct stay_client *client, struct stay__aim *aim, const char *url)
{
	const char *numbers = behind(url, "fd:");
	enum stay_status status;

	if (numbers != NULL)
		return aim_at_descriptors(aim, numbers);
	status = stay_url_parse(&aim->url, url, NULL);
	return status == STAY_OK ? take_aim(client, aim) : status;
}

void
stay__aim_fini(struct stay__aim *aim)
{
	stay_url_free(aim->url);
	stay__free(aim->descriptors);
}
