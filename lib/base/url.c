/*
 * Parses URLs, strictly by RFC 3986. This file knows no scheme, no default port
 * and no resolver: a part that is absent stays empty.
 */
#include <stay/url.h>

#include "base/address.h"
#include "base/mem.h"
#include "base/percent.h"

#define LEN_MAX   65535u
#define PORT_MAX  65535u
#define PARTS_MAX 7u /* strings of struct stay_url, each with a NUL */

/* ---- taking apart --------------------------------------------------- */

struct parser {
	struct stay_url *url;
	char *out;       /* where the next string goes, behind the struct */
	const char *why; /* the first fault found */
};

static bool
fail(struct parser *parser, const char *why)
{
	parser->why = why;
	return false;
}

/* Cut off the front of `text`, up to the first of `stops`. */
static struct stay_bytes
cut(const char **text, const char *stops)
{
	struct stay_bytes front = { *text, strcspn(*text, stops) };

	*text += front.len;
	return front;
}

/* Split at `at`, a character of `text`, into the text before it and behind it. */
static void
split(struct stay_bytes text, const char *at, struct stay_bytes *before,
    struct stay_bytes *behind)
{
	size_t len = (size_t)(at - text.data);

	*before = (struct stay_bytes){ text.data, len };
	*behind = (struct stay_bytes){ at + 1, text.len - len - 1 };
}

/* The memory is zeroed, so that each part has its end. */
static const char *
store_verbatim(struct parser *parser, struct stay_bytes text)
{
	char *start = parser->out;

	memcpy(start, text.data, text.len);
	parser->out += text.len + 1;
	return start;
}

static bool
store(struct parser *parser, enum stay__part part, struct stay_bytes text,
    const char **to)
{
	const char *fault = stay__part_fault(part, text);

	if (fault != NULL)
		return fail(parser, fault);
	*to = parser->out;
	while (text.len > 0)
		*parser->out++ = stay__percent_take(&text);
	parser->out++;
	return true;
}

static bool
parse_scheme(struct parser *parser, struct stay_bytes text)
{
	char *start = parser->out;

	if (text.len == 0 || !stay__is_letter(text.data[0]))
		return fail(parser, "the scheme does not begin with a letter");
	for (size_t i = 0; i < text.len; i++)
		if (!stay__part_admits(STAY__PART_SCHEME, text.data[i]))
			return fail(parser,
			    "the scheme contains something other than letters, "
			    "digits, '+', '-' and '.'");
	parser->url->scheme = store_verbatim(parser, text);
	for (; *start != '\0'; start++)
		if (*start >= 'A' && *start <= 'Z')
			*start = (char)(*start - 'A' + 'a');
	return true;
}

static bool
parse_userinfo(struct parser *parser, struct stay_bytes text)
{
	const char *colon = memchr(text.data, ':', text.len);
	struct stay_bytes user = text, password = { "", 0 };

	if (colon != NULL)
		split(text, colon, &user, &password);
	return store(parser, STAY__PART_USER, user, &parser->url->user) &&
	       store(parser, STAY__PART_PASSWORD, password,
		   &parser->url->password);
}

/* Leading zeros say nothing, and not everybody who is given the port reads them. */
static struct stay_bytes
without_zeros(struct stay_bytes text)
{
	for (; text.len > 1 && text.data[0] == '0'; text.len--)
		text.data++;
	return text;
}

/* Behind the place there is an '@': what ends the place should have been escaped. */
static const char *
no_number(struct stay_bytes text)
{
	return strchr(text.data + text.len, '@') == NULL
		   ? "the port is not a number"
		   : "the port is not a number: in a password '/' must be "
		     "written as %2F, '?' as %3F and '@' as %40";
}

static bool
parse_port(struct parser *parser, struct stay_bytes text)
{
	unsigned port = 0;

	text = without_zeros(text);
	for (size_t i = 0; i < text.len; i++) {
		if (!stay__is_digit(text.data[i]))
			return fail(parser, no_number(text));
		port = port * 10 + (unsigned)(text.data[i] - '0');
		if (port > PORT_MAX)
			return fail(parser, "the port is past 65535");
	}
	parser->url->port = store_verbatim(parser, text);
	return true;
}

/* RFC 6874: "%25" and the name of an interface may follow the address. */
static bool
is_ipv6(struct stay_bytes text)
{
	const char *zone = memchr(text.data, '%', text.len);
	size_t len = zone == NULL ? text.len : (size_t)(zone - text.data);

	if (zone != NULL &&
	    (text.len - len < 4 || strncmp(zone, "%25", 3) != 0))
		return false;
	return stay__is_ipv6(text.data, len);
}

/* `text` begins with a bracket. */
static bool
parse_bracketed(struct parser *parser, struct stay_bytes text)
{
	const char *close = memchr(text.data, ']', text.len);
	struct stay_bytes address, port;

	if (close == NULL)
		return fail(parser, "the bracket of the host is not closed");
	split(text, close, &address, &port);
	address.data++;
	address.len--;
	if (port.len > 0 && port.data[0] != ':')
		return fail(
		    parser, "the host goes on behind the closing bracket");
	if (port.len > 0) {
		port.data++;
		port.len--;
	}
	if (!store(parser, STAY__PART_ADDRESS, address, &parser->url->host))
		return false;
	if (!is_ipv6(address))
		return fail(
		    parser, "the host in brackets is not an IPv6 address");
	return parse_port(parser, port);
}

static bool
parse_host(struct parser *parser, struct stay_bytes text)
{
	const char *colon = memchr(text.data, ':', text.len);
	struct stay_bytes host = text, port = { "", 0 };

	if (text.len > 0 && text.data[0] == '[')
		return parse_bracketed(parser, text);
	if (colon != NULL)
		split(text, colon, &host, &port);
	if (memchr(port.data, ':', port.len) != NULL)
		return fail(parser,
		    "the host contains a colon: an IPv6 address must stand in "
		    "brackets");
	return store(parser, STAY__PART_HOST, host, &parser->url->host) &&
	       parse_port(parser, port);
}

static bool
parse_authority(struct parser *parser, struct stay_bytes text)
{
	const char *at = memrchr(text.data, '@', text.len);
	struct stay_bytes userinfo = { "", 0 }, host = text;

	if (at != NULL)
		split(text, at, &userinfo, &host);
	return parse_userinfo(parser, userinfo) && parse_host(parser, host);
}

static bool
parse_query(struct parser *parser, struct stay_bytes text)
{
	const char *fault = stay__part_fault(STAY__PART_QUERY, text);

	if (fault != NULL)
		return fail(parser, fault);
	parser->url->query = store_verbatim(parser, text);
	return true;
}

static bool
parse(struct parser *parser, const char *text)
{
	struct stay_bytes authority, path, query = { "", 0 };

	if (!parse_scheme(parser, cut(&text, ":/?#")))
		return false;
	if (strncmp(text, "://", 3) != 0)
		return fail(parser, "the scheme is not followed by \"://\"");
	text += 3;
	authority = cut(&text, "/?#");
	path = cut(&text, "?#");
	if (*text == '?') {
		text++;
		query = cut(&text, "#");
	}
	if (*text == '#')
		return fail(parser,
		    "a '#' must be percent-escaped: a fragment means "
		    "nothing here");
	return parse_authority(parser, authority) &&
	       store(parser, STAY__PART_PATH, path, &parser->url->path) &&
	       parse_query(parser, query);
}

static enum stay_status
parse_whole(struct parser *parser, const char *text)
{
	size_t len = text == NULL ? 0 : strnlen(text, LEN_MAX + 1);

	if (len == 0) {
		parser->why = "the URL is empty";
		return STAY_E_URL;
	}
	if (len > LEN_MAX) {
		parser->why = "the URL is longer than 65535 bytes";
		return STAY_E_URL;
	}
	parser->url = stay__zalloc(sizeof(*parser->url) + len + PARTS_MAX);
	if (parser->url == NULL) {
		parser->why = "out of memory";
		return STAY_E_NOMEM;
	}
	parser->out = (char *)(parser->url + 1);
	return parse(parser, text) ? STAY_OK : STAY_E_URL;
}

enum stay_status
stay_url_parse(struct stay_url **url, const char *text, const char **why)
{
	struct parser parser = { 0 };
	enum stay_status status = parse_whole(&parser, text);

	if (status != STAY_OK) {
		stay_url_free(parser.url);
		parser.url = NULL;
	}
	if (why != NULL)
		*why = parser.why;
	*url = parser.url;
	return status;
}

/* A part lies behind the struct, if it was read at all. */
static void
forget(struct stay_url *url, const char *part)
{
	char *parts = (char *)(url + 1);

	if (part != NULL)
		stay__wipe(parts + (part - parts), strlen(part));
}

/* A query may have a secret, too. */
void
stay_url_free(struct stay_url *url)
{
	if (url == NULL)
		return;
	forget(url, url->password);
	forget(url, url->query);
	stay__free(url);
}

/* ---- writing a URL -------------------------------------------------- */

/* Text into a fixed space; `len` goes on counting what does not fit. */
struct writer {
	char *text;
	size_t size;
	size_t len;
};

static void
put(struct writer *writer, char c)
{
	if (writer->len < writer->size)
		writer->text[writer->len] = c;
	writer->len++;
}

static void
put_text(struct writer *writer, const char *text)
{
	while (*text != '\0')
		put(writer, *text++);
}

/* Write `text` escaped for `part` of a URL, so that no line of a log can be
 * forged. */
static void
put_part(struct writer *writer, enum stay__part part, const char *text)
{
	char piece[3];
	size_t len;

	for (; *text != '\0'; text++) {
		len = stay__percent_put(piece, part, *text);
		for (size_t i = 0; i < len; i++)
			put(writer, piece[i]);
	}
}

/* A name may hold an escaped colon, and stands without brackets all the same. */
static void
put_host(struct writer *writer, const char *host)
{
	if (!stay__is_ipv6(host, strcspn(host, "%"))) {
		put_part(writer, STAY__PART_HOST, host);
		return;
	}
	put(writer, '[');
	put_part(writer, STAY__PART_ADDRESS, host);
	put(writer, ']');
}

int
stay_url_describe(const struct stay_url *url, char *text, size_t len)
{
	struct writer writer = { text, len, 0 };

	put_text(&writer, url->scheme);
	put_text(&writer, "://");
	put_host(&writer, url->host);
	if (url->port[0] != '\0') {
		put(&writer, ':');
		put_text(&writer, url->port);
	}
	put_part(&writer, STAY__PART_PATH, url->path);
	if (len > 0)
		text[writer.len < len ? writer.len : len - 1] = '\0';
	return (int)writer.len;
}

static bool
is_key(struct stay_bytes name, const char *key)
{
	while (name.len > 0 && *key != '\0')
		if (stay__percent_take(&name) != *key++)
			return false;
	return name.len == 0 && *key == '\0';
}

/* The value, as written, of the first pair with this key. */
static bool
find_value(const char *query, const char *key, struct stay_bytes *value)
{
	struct stay_bytes pair, name;
	const char *equals;

	for (;;) {
		pair = name = cut(&query, "&");
		*value = (struct stay_bytes){ "", 0 };
		equals = memchr(pair.data, '=', pair.len);
		if (equals != NULL)
			split(pair, equals, &name, value);
		if (pair.len > 0 && is_key(name, key))
			return true;
		if (*query++ == '\0')
			return false;
	}
}

int
stay_url_query(
    const struct stay_url *url, const char *key, char *value, size_t len)
{
	struct stay_bytes raw;
	size_t used = 0;

	if (len == 0)
		return -1;
	value[0] = '\0';
	if (!find_value(url->query, key, &raw))
		return -1;
	for (; raw.len > 0 && used < len - 1; used++)
		value[used] = stay__percent_take(&raw);
	value[raw.len > 0 ? 0 : used] = '\0';
	return raw.len > 0 ? -1 : (int)used;
}
