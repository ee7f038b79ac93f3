/*
 * Literal addresses, which need no lookup, and how an address is written. Pure;
 * knows no sockets.
 */
#include "base/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/percent.h"

/* A number of `width` digits at most, or -1. */
static int64_t
read_number(const char *digits, size_t width, int64_t max)
{
	int64_t number = 0;

	if (*digits == '\0' || strlen(digits) > width)
		return -1;
	for (; *digits != '\0'; digits++) {
		if (!stay__is_digit(*digits))
			return -1;
		number = number * 10 + (*digits - '0');
	}
	return number <= max ? number : -1;
}

int
stay__port_parse(const char *port)
{
	return (int)read_number(port, 5, UINT16_MAX);
}

static void
fill(struct stay_address *address, const void *from, size_t len)
{
	memset(address, 0, sizeof(*address));
	memcpy(&address->storage, from, len);
	address->len = (socklen_t)len;
}

static bool
read_ipv6(struct in6_addr *address, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(AF_INET6, copy, address) == 1;
}

/* The zone is one if it is the number of an interface; the system knows the names. */
static bool
read_zoned(struct sockaddr_in6 *six, const char *host)
{
	size_t len = strcspn(host, "%");
	int64_t zone = 0;

	if (host[len] == '%') {
		zone = read_number(host + len + 1, 10, UINT32_MAX);
		if (zone < 1)
			return false;
	}
	six->sin6_scope_id = (uint32_t)zone;
	return read_ipv6(&six->sin6_addr, host, len);
}

bool
stay__address_parse(
    struct stay_address *address, const char *host, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	int number = stay__port_parse(port);

	if (number < 0)
		return false;
	six.sin6_port = four.sin_port = htons((uint16_t)number);
	if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		fill(address, &four, sizeof(four));
		return true;
	}
	if (read_zoned(&six, host)) {
		fill(address, &six, sizeof(six));
		return true;
	}
	return false;
}

bool
stay__address_of_path(struct stay_address *address, const char *path)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(local.sun_path))
		return false;
	memcpy(local.sun_path, path, len);
	fill(address, &local, sizeof(local));
	return true;
}

bool
stay__is_ipv6(const char *text, size_t len)
{
	struct in6_addr address;

	return read_ipv6(&address, text, len);
}

void
stay__host_describe(const char *host, char *text, size_t len)
{
	if (!stay__is_ipv6(host, strcspn(host, "%"))) {
		stay__percent_write(text, len, STAY__PART_HOST, host);
		return;
	}
	text[0] = '[';
	stay__percent_write(text + 1, len - 2, STAY__PART_ADDRESS, host);
	memcpy(text + strlen(text), "]", sizeof("]"));
}

/* Write a path as in a URL. A path that fills its room has no NUL. */
static void
describe_path(const struct sockaddr_un *local, char *text, size_t len)
{
	char path[sizeof(local->sun_path) + 1] = "";

	memcpy(path, local->sun_path, sizeof(local->sun_path));
	stay__percent_write(text, len, STAY__PART_PATH, path);
}

/* Its zone is part of where it is: the same address may be on each interface. */
static void
describe_ipv6(const struct sockaddr_in6 *six, char *text, size_t len)
{
	char host[INET6_ADDRSTRLEN] = "?", zone[16] = "";

	inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
	if (six->sin6_scope_id != 0)
		snprintf(zone, sizeof(zone), "%%25%" PRIu32,
		    (uint32_t)six->sin6_scope_id);
	snprintf(text, len, "[%s%s]:%u", host, zone, ntohs(six->sin6_port));
}

void
stay__address_describe(
    const struct stay_address *address, char *text, size_t len)
{
	char host[INET_ADDRSTRLEN] = "?";
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	struct sockaddr_un local;

	switch (address->storage.ss_family) {
	case AF_INET:
		memcpy(&four, &address->storage, sizeof(four));
		inet_ntop(AF_INET, &four.sin_addr, host, sizeof(host));
		snprintf(text, len, "%s:%u", host, ntohs(four.sin_port));
		break;
	case AF_INET6:
		memcpy(&six, &address->storage, sizeof(six));
		describe_ipv6(&six, text, len);
		break;
	case AF_UNIX:
		memcpy(&local, &address->storage, sizeof(local));
		describe_path(&local, text, len);
		break;
	default:
		snprintf(text, len, "address of family %d",
		    (int)address->storage.ss_family);
	}
}

bool
stay__address_equal(const struct stay_address *a, const struct stay_address *b)
{
	return a->len == b->len &&
	       memcmp(&a->storage, &b->storage, a->len) == 0;
}
