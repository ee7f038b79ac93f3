/*
 * Where the URL of a client points. The protocol's own schemes mean tcp and
 * unix with its default port; every other scheme is a transport's.
 */
#include "client/target.h"
#include "base/address.h"
#include "loop/loop.h"
#include "stream/dialing.h"

#define NO_FILTER                                                              \
	"and there is none: link libstay-tls and call stay_tls_add for the "   \
	"loop, or set the option filter"

/* What follows `name` in `scheme`; NULL: something else. */
static const char *
behind(const char *scheme, const char *name)
{
	size_t len = strlen(name);

	return strncmp(scheme, name, len) == 0 ? scheme + len : NULL;
}

const char *
stay__target_suffix(const struct stay_protocol *protocol, const char *scheme)
{
	const char *rest = behind(scheme, protocol->name);

	return rest == NULL && protocol->alias != NULL
		   ? behind(scheme, protocol->alias)
		   : rest;
}

/* REJECT(loop, format, ...): the URL is wrong. */
#define REJECT(loop, ...)                                                      \
	(stay_loop_set_rejection(loop, __VA_ARGS__), STAY_E_URL)

#define NO_PORT "the URL has no port, and %s none to go by"

/* NULL: there is none. */
static const char *
port_of(const struct stay_url *url, const struct stay_protocol *protocol)
{
	return url->port[0] != '\0' ? url->port : protocol->port;
}

static enum stay_status
point_at_host(struct stay__target *target, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *scheme)
{
	const struct stay_url *url = target->url;
	const char *port = port_of(url, protocol);

	if (port == NULL)
		return REJECT(loop, NO_PORT, protocol->name);
	target->dial = stay_target_make(
	    scheme, url->host[0] != '\0' ? url->host : "localhost", port, "");
	return STAY_OK;
}

/* A part of the path that was written as the host, most likely. */
static bool
has_host(const struct stay_url *url)
{
	return url->port[0] != '\0' ||
	       (url->host[0] != '\0' && strcmp(url->host, "localhost") != 0);
}

/* One that no kernel takes is better known at start. */
static enum stay_status
point_at_path(
    struct stay__target *target, struct stay_loop *loop, const char *scheme)
{
	const struct stay_url *url = target->url;
	struct stay_address address;

	if (has_host(url))
		return REJECT(loop,
		    "the URL of a socket has a host or a port: "
		    "%s:///path has three slashes",
		    url->scheme);
	if (!stay__address_of_path(&address, url->path))
		return REJECT(loop,
		    "the path '%s' of the URL is no path of a "
		    "socket, or too long for one",
		    url->path);
	target->dial = stay_target_make(scheme, "", "", url->path);
	return STAY_OK;
}

static enum stay_status
point_at_transport(struct stay__target *target, struct stay_loop *loop,
    const struct stay_protocol *protocol)
{
	const struct stay_url *url = target->url;
	const char *port = port_of(url, protocol);

	if (strcmp(url->scheme, "tcp") == 0)
		return point_at_host(target, loop, protocol, "tcp");
	if (strcmp(url->scheme, "unix") == 0)
		return point_at_path(target, loop, "unix");
	if (stay__transport_find(loop, url->scheme) == NULL)
		return REJECT(loop,
		    "the scheme '%s' of the URL is not known: neither %s nor a "
		    "transport",
		    url->scheme, protocol->name);
	if (url->host[0] != '\0' && port == NULL)
		return REJECT(loop, NO_PORT, protocol->name);
	target->dial = stay_target_make(url->scheme, url->host,
	    url->host[0] != '\0' ? port : url->port, url->path);
	return STAY_OK;
}

static enum stay_status
point_by_scheme(struct stay__target *target, struct stay_loop *loop,
    const struct stay_protocol *protocol)
{
	const char *rest = stay__target_suffix(protocol, target->url->scheme);

	if (rest != NULL && rest[0] == '\0')
		return point_at_host(target, loop, protocol, "tcp");
	if (rest != NULL && strcmp(rest, "+unix") == 0)
		return point_at_path(target, loop, "unix");
	target->secure = rest != NULL && strcmp(rest, "s") == 0;
	if (target->secure)
		return point_at_host(target, loop, protocol, "tcp");
	return point_at_transport(target, loop, protocol);
}

/* "3", "3,4"; no descriptor has more than seven digits. */
static bool
are_descriptors(const char *numbers)
{
	size_t first = strspn(numbers, "0123456789"), second;

	if (first == 0 || first > 7)
		return false;
	if (numbers[first] == '\0')
		return true;
	second = strspn(numbers + first + 1, "0123456789");
	return numbers[first] == ',' && second > 0 && second <= 7 &&
	       numbers[first + 1 + second] == '\0';
}

/* fd:N and fd:R,W are not URLs in the sense of RFC 3986. */
static enum stay_status
point_at_descriptors(
    struct stay__target *target, struct stay_loop *loop, const char *numbers)
{
	size_t size = strlen(numbers) + 1;
	enum stay_status status = stay_url_parse(&target->url, "fd://", NULL);

	if (status != STAY_OK)
		return status;
	if (!are_descriptors(numbers))
		return REJECT(loop,
		    "'fd:%.64s' is none of fd:N and fd:R,W, with the numbers "
		    "of descriptors",
		    numbers);
	target->descriptors = stay__realloc(NULL, size);
	if (target->descriptors == NULL)
		return STAY_E_NOMEM;
	memcpy(target->descriptors, numbers, size);
	target->dial = stay_target_make("fd", "", "", target->descriptors);
	return STAY_OK;
}

struct stay_filter *
stay__target_filter(const struct stay_loop *loop, struct stay_filter *own)
{
	return own != NULL ? own : loop->dialing->filter;
}

/* *why may stay empty. */
static enum stay_status
adapt(struct stay__target *target, struct stay_filter *from, char *why,
    size_t len)
{
	enum stay_status status;

	if (from->ops->adapt == NULL) {
		from->ops->hold(from);
		target->filter = from;
		return STAY_OK;
	}
	status = from->ops->adapt(from, target->url, &target->filter, why, len);
	if (status != STAY_OK)
		target->filter = NULL;
	return status;
}

static enum stay_status
secure(struct stay__target *target, struct stay_loop *loop,
    struct stay_filter *from)
{
	enum stay_status status;
	char why[256] = "";

	if (!target->secure)
		return STAY_OK;
	if (from == NULL) {
		stay_loop_set_rejection(loop, "%s:// asks for TLS, " NO_FILTER,
		    target->url->scheme);
		return STAY_E_NO_TLS;
	}
	status = adapt(target, from, why, sizeof(why));
	if (why[0] != '\0')
		stay_loop_set_rejection(loop, "%s", why);
	return status;
}

enum stay_status
stay__target_secure(struct stay__target *target, struct stay_filter *from,
    char *why, size_t len)
{
	enum stay_status status;

	snprintf(why, len, "the server asks for TLS, " NO_FILTER);
	if (target->filter != NULL)
		return STAY_OK;
	if (from == NULL)
		return STAY_E_INSECURE;
	why[0] = '\0';
	status = adapt(target, from, why, len);
	if (why[0] == '\0')
		snprintf(why, len, "%s", stay_strerror(status));
	return status == STAY_OK || status == STAY_E_NOMEM ? status
							   : STAY_E_INSECURE;
}

enum stay_status
stay__target_parse(struct stay__target *target, struct stay_loop *loop,
    const struct stay_protocol *protocol, struct stay_filter *filter,
    const char *url)
{
	const char *numbers = behind(url, "fd:"), *why;
	enum stay_status status;

	if (numbers != NULL)
		return point_at_descriptors(target, loop, numbers);
	status = stay_url_parse(&target->url, url, &why);
	if (status == STAY_E_URL)
		return REJECT(loop, "%s", why);
	if (status == STAY_OK)
		status = point_by_scheme(target, loop, protocol);
	return status == STAY_OK ? secure(target, loop, filter) : status;
}

void
stay__target_fini(struct stay__target *target)
{
	if (target->filter != NULL)
		target->filter->ops->drop(target->filter);
	stay_url_free(target->url);
	stay__free(target->descriptors);
}
