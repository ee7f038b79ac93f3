/* Socket addresses from text and to text, without a lookup. */
#ifndef STAY__ADDRESS_H
#define STAY__ADDRESS_H

#include <stay/world.h>

/* Enough for every text that stay__address_describe writes: of a path each byte may
 * have to be escaped. */
#define STAY__ADDRESS_TEXT (3 * 108 + 1)

/* A name may have thousands of addresses; no dial gets that far. */
#define STAY__ADDRESSES_MAX 64

/* Read a literal of IPv4 or IPv6, and a port in digits. False: `host` is a name, as
 * is one with a zone that has a name; or `port` is no port. */
bool stay__address_parse(
    struct stay_address *address, const char *host, const char *port);

/* The unix socket at a path. False: the path is too long, or empty. */
bool stay__address_of_path(struct stay_address *address, const char *path);

/* "10.0.0.7:6379", "[fe80::1%252]:6379", "/run/x.sock": as in a URL, and a zone as the
 * number of its interface. */
void stay__address_describe(
    const struct stay_address *address, char *text, size_t len);

bool stay__address_equal(
    const struct stay_address *a, const struct stay_address *b);

/* Whether these bytes are an address of IPv6, without brackets and zone. */
bool stay__is_ipv6(const char *text, size_t len);
/* Write a host as it stands in a URL: "db.example", "[fe80::1%25eth0]". `len` is 3 at
 * least. */
void stay__host_describe(const char *host, char *text, size_t len);

/* The number of a port in digits, or -1. */
int stay__port_parse(const char *port);

#endif
