/*
 * The steps of the greeting. Each step checks that a reply is its own: a frame
 * that is no reply would shift all later ones. This file does not know the
 * order of the lines.
 */
#include "greeting_steps.h"

#include <string.h>

#include "format.h"
#include "moving.h"
#include "number.h"

#define HELLO STAY_REDIS__LINE_HELLO
#define LOGIN STAY_REDIS__LINE_LOGIN
#define PLAIN STAY_REDIS__LINE_PLAIN

/* ---- which login ---- */

bool
stay_redis__has_user(const struct stay_redis__greeting *greeting)
{
	const char *user = greeting->login.user;

	return user != NULL && user[0] != '\0' && strcmp(user, "default") != 0;
}

/* A named user may have an empty password. Without a user, an empty password
 * means no login. */
bool
stay_redis__has_login(const struct stay_redis__greeting *greeting)
{
	const char *password = greeting->login.password;

	return password != NULL &&
	       (password[0] != '\0' || stay_redis__has_user(greeting));
}

static bool
always(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)greeting;
	(void)config;
	return true;
}

static bool
is_to_log_in(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)config;
	return !greeting->logged_in && stay_redis__has_login(greeting);
}

static bool
has_name(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)greeting;
	return stay_redis__config_name(config)[0] != '\0';
}

static bool
has_db(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)greeting;
	return config->db != 0;
}

static bool
asks_moving(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)greeting;
	return config->moving != STAY_REDIS_MOVING_UNASKED;
}

static bool
wants_primary(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config)
{
	(void)greeting;
	return config->role == STAY_REDIS_WANT_PRIMARY;
}

/* ---- what is sent ---- */

static enum stay_status
write_words(struct stay_buf *out, size_t count, const char *const *words)
{
	return stay_redis__write_argv(out, count, words, NULL);
}

/* The default user in the form that servers before ACLs know. */
static enum stay_status
write_auth(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[3] = { "AUTH" };
	size_t count = 1;

	(void)config;
	if (stay_redis__has_user(greeting))
		words[count++] = greeting->login.user;
	words[count++] = greeting->login.password;
	return write_words(out, count, words);
}

static enum stay_status
write_hello(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[7] = { "HELLO", "3" };
	size_t count = 2;

	if (greeting->line == HELLO && stay_redis__has_login(greeting)) {
		words[count++] = "AUTH";
		words[count++] = stay_redis__has_user(greeting)
				     ? greeting->login.user
				     : "default";
		words[count++] = greeting->login.password;
	}
	if (stay_redis__config_name(config)[0] != '\0') {
		words[count++] = "SETNAME";
		words[count++] = stay_redis__config_name(config);
	}
	return write_words(out, count, words);
}

static enum stay_status
write_name(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "CLIENT", "SETNAME",
		stay_redis__config_name(config) };

	(void)greeting;
	return write_words(out, 3, words);
}

static enum stay_status
write_library(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "CLIENT", "SETINFO", "LIB-NAME", "stay" };

	(void)greeting;
	(void)config;
	return write_words(out, 4, words);
}

static enum stay_status
write_version(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "CLIENT", "SETINFO", "LIB-VER",
		stay_version() };

	(void)greeting;
	(void)config;
	return write_words(out, 4, words);
}

static enum stay_status
write_moving(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = {
		"CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type",
		stay_redis__moving_word((enum stay_redis_moving)config->moving)
	};

	(void)greeting;
	return write_words(out, 5, words);
}

/* HELLO would have said it. */
static enum stay_status
write_role(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "ROLE" };

	(void)greeting;
	(void)config;
	return write_words(out, 1, words);
}

static enum stay_status
write_select(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	char number[21];
	const char *words[] = { "SELECT", number };

	(void)greeting;
	*stay_redis__put_number(number, config->db) = '\0';
	return write_words(out, 2, words);
}

static enum stay_status
write_ping(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "PING" };

	(void)greeting;
	(void)config;
	return write_words(out, 1, words);
}

/* ---- the replies ---- */

static bool
is_status(const struct stay_redis_reply *reply, const char *text)
{
	return stay_redis_type_of(reply) == STAY_REDIS_STATUS &&
	       strcmp(stay_redis_str(reply), text) == 0;
}

static bool
take_ok(
    struct stay_redis__greeting *greeting, const struct stay_redis_reply *reply)
{
	(void)greeting;
	return is_status(reply, "OK");
}

static bool
take_login(
    struct stay_redis__greeting *greeting, const struct stay_redis_reply *reply)
{
	greeting->logged_in = is_status(reply, "OK");
	return greeting->logged_in;
}

static bool
take_hello(
    struct stay_redis__greeting *greeting, const struct stay_redis_reply *reply)
{
	return stay_redis__agreement_read(&greeting->agreed, reply);
}

static bool
take_role(
    struct stay_redis__greeting *greeting, const struct stay_redis_reply *reply)
{
	return stay_redis__agreement_read_role(&greeting->agreed, reply);
}

static bool
take_pong(
    struct stay_redis__greeting *greeting, const struct stay_redis_reply *reply)
{
	(void)greeting;
	return is_status(reply, "PONG");
}

#define ALL  STAY_REDIS__MINDS_ALL
#define NOT  STAY_REDIS__MINDS_NOT
#define LIFE STAY_REDIS__MINDS_LIFE

/* clang-format off */
const struct stay_redis__step stay_redis__steps[] = {
	{ "AUTH",           LOGIN | PLAIN,         ALL,  is_to_log_in, write_auth,    take_login },
	{ "HELLO",          HELLO | LOGIN,         ALL,  always,       write_hello,   take_hello },
	{ "CLIENT SETNAME", PLAIN,                 NOT,  has_name,     write_name,    take_ok },
	{ "CLIENT SETINFO", HELLO | LOGIN | PLAIN, NOT,  always,       write_library, take_ok },
	{ "CLIENT SETINFO", HELLO | LOGIN | PLAIN, NOT,  always,       write_version, take_ok },
	{ "CLIENT MAINT",   HELLO | LOGIN,         NOT,  asks_moving,  write_moving,  take_ok },
	{ "ROLE",           PLAIN,                 NOT,  wants_primary, write_role,   take_role },
	{ "SELECT",         HELLO | LOGIN | PLAIN, ALL,  has_db,       write_select,  take_ok },
	{ "PING",           HELLO | LOGIN | PLAIN, LIFE, always,       write_ping,    take_pong },
};
/* clang-format on */
const unsigned stay_redis__step_count =
    sizeof(stay_redis__steps) / sizeof(stay_redis__steps[0]);
