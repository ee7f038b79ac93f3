/*
 * Takes a URL of Sentinels apart:
 *
 *	redis+sentinel://user:password@a:26379,b/NAME/1?role=primary&sentinel_user=me
 *
 *	redis://user:password@NAME/1?role=primary     what the client is started with
 *	redis://a:26379  redis://b:26379              where it asks, and as whom
 *
 * Nobody goes to a host of the name NAME: sentinel.c says where to dial. What the first
 * one has of login, db and query, config.c checks.
 */
#include "sentinel_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX       65535u
#define SENTINELS_MAX STAY_ENDPOINTS_MAX
#define PORT          ":26379"

#define REJECT(loop, ...)                                                      \
	(stay_loop_set_rejection(loop, __VA_ARGS__), STAY_E_URL)

/* Pieces of the URL as it is written. */
struct pieces {
	struct stay_bytes scheme; /* without "+sentinel" */
	struct stay_bytes login;  /* with its '@', or empty */
	struct stay_bytes places;
	struct stay_bytes name;
	struct stay_bytes db; /* with its slash, or empty */
	const char *query;    /* without '?' */
};

struct reading {
	struct stay_loop *loop;
	struct pieces pieces;
	char *at;   /* what is free of the block */
	char *room; /* behind all that it may need: for texts that are parsed */
	size_t room_len;
};

/* ---- pieces ---- */

static bool
is_sentinel_url(const char *url)
{
	static const char mark[] = "+sentinel://";

	return url != NULL && strncasecmp(url + strcspn(url, "+:/?#"), mark,
				  sizeof(mark) - 1) == 0;
}

/* The front of *text, up to the first of `stops`. */
static struct stay_bytes
cut(const char **text, const char *stops)
{
	struct stay_bytes front = { *text, strcspn(*text, stops) };

	*text += front.len;
	return front;
}

static struct pieces
take_apart(const char *url)
{
	struct pieces pieces = { .scheme = cut(&url, "+") };
	struct stay_bytes all;
	const char *login_end;

	url = strstr(url, "://") + 3;
	all = cut(&url, "/?#");
	login_end = memrchr(all.data, '@', all.len);
	pieces.login = pieces.places = all;
	pieces.login.len =
	    login_end == NULL ? 0 : (size_t)(login_end + 1 - all.data);
	pieces.places.data += pieces.login.len;
	pieces.places.len -= pieces.login.len;
	if (*url == '/')
		url++;
	pieces.name = cut(&url, "/?#");
	pieces.db = cut(&url, "?#");
	pieces.query = *url == '?' ? url + 1 : url;
	return pieces;
}

static size_t
count_places(struct stay_bytes places)
{
	size_t count = 1;

	for (size_t i = 0; i < places.len; i++)
		count += places.data[i] == ',';
	return count;
}

/* ---- writing ---- */

static void
put(struct reading *reading, struct stay_bytes text)
{
	memcpy(reading->at, text.data, text.len);
	reading->at += text.len;
}

static void
put_text(struct reading *reading, const char *text)
{
	put(reading, (struct stay_bytes){ text, strlen(text) });
}

static void
end_word(struct reading *reading)
{
	*reading->at++ = '\0';
}

/* ---- the query ---- */

static bool
is_key(struct stay_bytes setting, const char *key)
{
	size_t len = strcspn(setting.data, "=&");

	return strlen(key) == len && memcmp(setting.data, key, len) == 0;
}

/* For the Sentinels alone: the client must not see it. */
static bool
is_theirs(struct stay_bytes setting)
{
	return is_key(setting, "sentinel_user") ||
	       is_key(setting, "sentinel_password");
}

/* For both: of the filter (<stay/tls.h>). */
static bool
is_of_tls(struct stay_bytes setting)
{
	static const char *const keys[] = { "cafile", "cadir", "cert", "key",
		"servername" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_key(setting, keys[i]))
			return true;
	return false;
}

/* Those settings that `is_wanted`, or all the others, as a query. */
static void
put_query(struct reading *reading, bool (*is_listed)(struct stay_bytes setting),
    bool is_wanted)
{
	const char *at = reading->pieces.query;
	const char *mark = "?";

	while (*at != '\0') {
		struct stay_bytes setting = cut(&at, "&");

		if (is_listed(setting) == is_wanted) {
			put_text(reading, mark);
			put(reading, setting);
			mark = "&";
		}
		at += *at == '&';
	}
}

/* The value of a key of theirs becomes a word. */
static enum stay_status
put_value(
    struct reading *reading, const struct stay_url *query, const char *key)
{
	unsigned often = 0;
	int used;

	for (const char *at = reading->pieces.query; *at != '\0';
	     at += *at == '&')
		often += is_key(cut(&at, "&"), key);
	used = stay_url_query(query, key, reading->at, reading->room_len);
	if (often > 1)
		return REJECT(
		    reading->loop, "the URL has the key '%s' twice", key);
	if (often == 1 && used <= 0)
		return REJECT(
		    reading->loop, "the key '%s' of the URL has no value", key);
	reading->at += strlen(reading->at) + 1;
	return STAY_OK;
}

static enum stay_status
check_role(struct reading *reading, const struct stay_url *query)
{
	if (stay_url_query(query, "role", reading->room, reading->room_len) <
		0 ||
	    strcmp(reading->room, "primary") == 0)
		return STAY_OK;
	return REJECT(reading->loop,
	    "role of the URL is '%s', and Sentinels lead to the primary alone: "
	    "role=primary",
	    reading->room);
}

static enum stay_status
put_login(struct reading *reading, const struct stay_url *query)
{
	const char *user = reading->at, *password;
	enum stay_status status = put_value(reading, query, "sentinel_user");

	password = reading->at;
	if (status == STAY_OK)
		status = put_value(reading, query, "sentinel_password");
	if (status != STAY_OK || *user == '\0' || *password != '\0')
		return status;
	return REJECT(reading->loop,
	    "the URL has a sentinel_user, and no sentinel_password");
}

/* Its escapes are read by a URL that has nothing else. */
static enum stay_status
read_query(struct reading *reading)
{
	const char *why;
	struct stay_url *query;
	enum stay_status status;

	snprintf(
	    reading->room, reading->room_len, "x://?%s", reading->pieces.query);
	status = stay_url_parse(&query, reading->room, &why);
	if (status == STAY_E_URL)
		stay_loop_set_rejection(reading->loop, "%s", why);
	if (status != STAY_OK)
		return status;
	status = check_role(reading, query);
	if (status == STAY_OK)
		status = put_login(reading, query);
	stay_url_free(query);
	return status;
}

/* ---- places ---- */

static enum stay_status
check_place(struct reading *reading, struct stay_bytes place, bool *has_port)
{
	struct stay_url *url;
	const char *why;
	enum stay_status status;

	snprintf(reading->room, reading->room_len, "redis://%.*s",
	    (int)place.len, place.data);
	status = stay_url_parse(&url, reading->room, &why);
	if (status == STAY_E_URL)
		return REJECT(reading->loop, "a Sentinel of the URL: %s", why);
	if (status != STAY_OK)
		return status;
	*has_port = url->port[0] != '\0';
	if (url->host[0] == '\0' || place.data[place.len - 1] == ':')
		status = REJECT(reading->loop,
		    "the URL has a Sentinel without a host, or with an empty "
		    "port: redis+sentinel://HOST:26379,HOST:26379/NAME");
	stay_url_free(url);
	return status;
}

static enum stay_status
put_place(struct reading *reading, struct stay_bytes place)
{
	bool has_port;
	enum stay_status status = check_place(reading, place, &has_port);

	if (status != STAY_OK)
		return status;
	put(reading, reading->pieces.scheme);
	put_text(reading, "://");
	put(reading, place);
	if (!has_port)
		put_text(reading, PORT);
	put_query(reading, is_of_tls, true);
	end_word(reading);
	return STAY_OK;
}

static enum stay_status
put_places(struct reading *reading)
{
	struct stay_bytes left = reading->pieces.places, place;
	enum stay_status status = STAY_OK;
	const char *comma;

	do {
		comma = memchr(left.data, ',', left.len);
		place = left;
		if (comma != NULL)
			place.len = (size_t)(comma - left.data);
		status = put_place(reading, place);
		left.data += place.len + 1;
		left.len -= place.len + (comma != NULL);
	} while (comma != NULL && status == STAY_OK);
	end_word(reading);
	return status;
}

/* ---- all of it ---- */

/* As Sentinel has it: it stands between blanks in what is published. */
static bool
is_name(struct stay_bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (strchr(
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_",
			name.data[i]) == NULL)
			return false;
	return name.len > 0;
}

static enum stay_status
check_pieces(struct stay_loop *loop, const struct pieces *pieces)
{
	if (!is_name(pieces->name))
		return REJECT(loop,
		    "the URL does not name what the Sentinels watch, in "
		    "letters, digits and any of '.-_': "
		    "redis+sentinel://HOST:26379/NAME");
	if (count_places(pieces->places) > SENTINELS_MAX)
		return REJECT(
		    loop, "the URL has more than %d Sentinels", SENTINELS_MAX);
	return STAY_OK;
}

static void
put_front(struct reading *reading)
{
	const struct pieces *pieces = &reading->pieces;

	put(reading, pieces->scheme);
	put_text(reading, "://");
	put(reading, pieces->login);
	put(reading, pieces->name);
	put(reading, pieces->db);
	put_query(reading, is_theirs, false);
	end_word(reading);
}

static enum stay_status
read_words(struct reading *reading)
{
	enum stay_status status;

	put(reading, reading->pieces.scheme);
	end_word(reading);
	put(reading, reading->pieces.name);
	end_word(reading);
	status = read_query(reading);
	if (status != STAY_OK)
		return status;
	put_query(reading, is_of_tls, true);
	end_word(reading);
	return put_places(reading);
}

/* Nothing is longer than the URL and a scheme or a port: not the client's URL, nor all
 * words but the places, nor the query for TLS, nor the URL of a place. */
static enum stay_status
read_pieces(
    struct reading *reading, struct stay_redis__sentinel_url *made, size_t len)
{
	size_t each = len + 16;
	size_t needed = (count_places(reading->pieces.places) + 3) * each;
	enum stay_status status;

	made->size = needed + each;
	made->front = calloc(1, made->size);
	if (made->front == NULL)
		return STAY_E_NOMEM;
	reading->at = made->front;
	reading->room = made->front + needed;
	reading->room_len = each;
	put_front(reading);
	made->words.data = reading->at;
	status = read_words(reading);
	made->words.len = (size_t)(reading->at - made->words.data);
	return status;
}

static enum stay_status
check_options(struct stay_loop *loop, const struct stay_redis_options *options)
{
	const char *why = NULL;

	if (options->client.endpoints != NULL)
		why = "endpoints is set, and so is a URL of Sentinels, which "
		      "say where to dial";
	else if (options->client.urls != NULL &&
		 options->client.urls[0] != NULL)
		why = "urls are given, and Sentinels say where to dial";
	else if (options->role == STAY_REDIS_WANT_ANY)
		why = "role is any, and Sentinels lead to the primary alone";
	if (why == NULL)
		return STAY_OK;
	stay_loop_set_rejection(loop, "%s", why);
	return STAY_E_ARG;
}

enum stay_status
stay_redis__sentinel_url_read(struct stay_loop *loop,
    struct stay_redis__sentinel_url *made, const char *url,
    const struct stay_redis_options *options)
{
	struct reading reading = { .loop = loop };
	size_t len;
	enum stay_status status;

	memset(made, 0, sizeof(*made));
	if (!is_sentinel_url(url))
		return STAY_OK;
	len = strnlen(url, URL_MAX + 1);
	if (len > URL_MAX)
		return REJECT(loop, "the URL is longer than %u bytes", URL_MAX);
	reading.pieces = take_apart(url);
	status = check_options(loop, options);
	if (status == STAY_OK)
		status = check_pieces(loop, &reading.pieces);
	return status == STAY_OK ? read_pieces(&reading, made, len) : status;
}

void
stay_redis__sentinel_url_free(struct stay_redis__sentinel_url *made)
{
	if (made->front == NULL)
		return;
	explicit_bzero(made->front, made->size);
	free(made->front);
	made->front = NULL;
}

/* ---- reading it again ---- */

static const char *
behind(const char *word)
{
	return word + strlen(word) + 1;
}

struct stay_redis__sentinel_words
stay_redis__sentinel_words_of(const struct stay_redis__config *config)
{
	struct stay_redis__sentinel_words words;

	words.scheme = config->text + config->sentinels;
	words.name = behind(words.scheme);
	words.user = behind(words.name);
	words.password = behind(words.user);
	words.query = behind(words.password);
	words.urls = behind(words.query);
	return words;
}
