/*
 * How a session begins: which line of steps is sent, what follows from each reply,
 * and what an attempt teaches the next one. greeting_steps.c writes what a step
 * sends, and session.c moves the bytes. This file knows replies, not sessions.
 */
#include "greeting.h"

#include <string.h>

#include "greeting_steps.h"
#include "words.h"

#define HELLO STAY_REDIS__LINE_HELLO
#define LOGIN STAY_REDIS__LINE_LOGIN
#define PLAIN STAY_REDIS__LINE_PLAIN

/* How long a lesson holds before the usual greeting is tried again. */
#define LESSON_MS UINT64_C(600000)

/* How long changed credentials may take to reach the server or the callback. */
#define DENIALS_MS UINT64_C(5000)

/* After so many hang-ups at HELLO in a row, HELLO is left out. */
#define HANGUPS_MAX 2u

static const char no_resp3[] =
    "protocol 3 is asked for, and the server has no RESP3";
static const char no_users[] = "the server is older than ACLs and knows no "
			       "users: log in without a user, or as default";
static const char no_command[] =
    "the server lacks a command of the greeting (AUTH, SELECT)";

/* ---- a line ---- */

/* The first step from `step` on that belongs to the line; or their count. */
static unsigned
step_from(const struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, unsigned step)
{
	while (step < stay_redis__step_count &&
	       ((stay_redis__steps[step].lines & greeting->line) == 0 ||
		   !stay_redis__steps[step].wanted(greeting, config)))
		step++;
	return step;
}

static struct stay_hello
send_line(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange, enum stay_redis__line line)
{
	const struct stay_redis__config *config = exchange->config;

	greeting->line = line;
	greeting->step = step_from(greeting, config, 0);
	for (unsigned step = greeting->step; step < stay_redis__step_count;
	     step = step_from(greeting, config, step + 1)) {
		if (stay_redis__steps[step].write(
			greeting, config, exchange->out) != STAY_OK)
			return stay_hello_retry("no memory for the greeting");
		exchange->due++;
	}
	return stay_hello_wait();
}

/* Send another line once all replies to this one are read. */
static struct stay_hello
change_line(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange, enum stay_redis__line line)
{
	unsigned step = greeting->step;

	while ((step = step_from(greeting, exchange->config, step + 1)) <
	       stay_redis__step_count)
		greeting->unread++;
	greeting->next = line;
	return greeting->unread > 0 ? stay_hello_wait()
				    : send_line(greeting, exchange, line);
}

/* ---- the beginning ---- */

/* Whether a lesson still holds. An old lesson is forgotten. */
static bool
still_holds(uint64_t *until_ms, uint64_t now_ms)
{
	if (*until_ms <= now_ms)
		*until_ms = 0;
	return *until_ms != 0;
}

static enum stay_redis__line
first_line(const struct stay_redis__greeting *greeting,
    const struct stay_redis__exchange *exchange)
{
	struct stay_redis__lessons *lessons = exchange->lessons;
	bool plain = still_holds(&lessons->plain_until_ms, exchange->now_ms);
	bool login = still_holds(&lessons->login_until_ms, exchange->now_ms);

	if (exchange->config->protocol == 2)
		return PLAIN;
	if (exchange->config->protocol == 0 &&
	    (plain || lessons->hangups >= HANGUPS_MAX))
		return PLAIN;
	return login && stay_redis__has_login(greeting) ? LOGIN : HELLO;
}

/* Get the credentials for this attempt: a place may have its own. */
static void
ask_login(struct stay_redis__greeting *greeting,
    const struct stay_redis__exchange *exchange)
{
	const struct stay_redis__config *config = exchange->config;
	const struct stay_url *url = exchange->url;

	greeting->login.user = stay_redis__config_user(config);
	greeting->login.password = stay_redis__config_password(config);
	if (url != NULL && (url->user[0] != '\0' || url->password[0] != '\0')) {
		greeting->login.user = url->user;
		greeting->login.password = url->password;
	}
	if (config->credentials != NULL)
		config->credentials(config->credentials_arg, &greeting->login);
}

static struct stay_hello
begin(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange)
{
	ask_login(greeting, exchange);
	return send_line(greeting, exchange, first_line(greeting, exchange));
}

/* ---- the role ---- */

/* Why this server will not do; NULL: it will, for all that is known. */
static const char *
unwanted(const struct stay_redis__greeting *greeting,
    const struct stay_redis__exchange *exchange)
{
	static const char *const why[] = {
		[STAY_REDIS_WANT_AS_FIRST] =
		    "the server is a replica, and the first one was a primary",
		[STAY_REDIS_WANT_PRIMARY] =
		    "the server is a replica, and role=primary is asked for",
		[STAY_REDIS_WANT_ANY] = NULL,
	};
	unsigned role = exchange->config->role;

	if (greeting->agreed.role != STAY_REDIS_REPLICA)
		return NULL;
	if (role == STAY_REDIS_WANT_AS_FIRST &&
	    exchange->lessons->first != STAY_REDIS_PRIMARY)
		return NULL;
	return why[role];
}

/* ---- a reply ---- */

static struct stay_hello
come_up(struct stay_redis__greeting *greeting,
    const struct stay_redis__exchange *exchange)
{
	struct stay_redis__lessons *lessons = exchange->lessons;

	if (greeting->line == PLAIN)
		greeting->agreed.protocol = 2;
	if (greeting->line == PLAIN && lessons->hangups >= HANGUPS_MAX)
		lessons->plain_until_ms = exchange->now_ms + LESSON_MS;
	if (greeting->line == LOGIN && lessons->login_until_ms == 0)
		lessons->login_until_ms = exchange->now_ms + LESSON_MS;
	lessons->hangups = 0;
	lessons->denied_ms = 0;
	if (lessons->first == STAY_REDIS_ROLE_UNKNOWN)
		lessons->first = (uint8_t)greeting->agreed.role;
	return stay_hello_up();
}

static struct stay_hello
go_on(struct stay_redis__greeting *greeting,
    const struct stay_redis__exchange *exchange)
{
	greeting->step =
	    step_from(greeting, exchange->config, greeting->step + 1);
	return greeting->step < stay_redis__step_count
		   ? stay_hello_wait()
		   : come_up(greeting, exchange);
}

/*
 * Credentials from a callback may just be changing, and the server or the callback
 * may be a moment late. So the first denials are no fatal failure. The clock of the
 * world may begin at 0, which denied_ms uses for none.
 */
static struct stay_hello
deny_login(const struct stay_redis__exchange *exchange, const char *text)
{
	struct stay_redis__lessons *lessons = exchange->lessons;

	if (exchange->config->credentials == NULL)
		return stay_hello_denied(text);
	if (lessons->denied_ms == 0)
		lessons->denied_ms = exchange->now_ms + 1;
	return exchange->now_ms + 1 - lessons->denied_ms < DENIALS_MS
		   ? stay_hello_retry(text)
		   : stay_hello_denied(text);
}

static bool
is_step(const struct stay_redis__greeting *greeting, const char *name)
{
	return strcmp(stay_redis__steps[greeting->step].name, name) == 0;
}

/* The server does not know the command, or not in this form. */
static struct stay_hello
take_unsupported(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange)
{
	if (is_step(greeting, "HELLO"))
		return exchange->config->protocol == 3
			   ? stay_hello_denied(no_resp3)
			   : change_line(greeting, exchange, PLAIN);
	if (is_step(greeting, "AUTH") && stay_redis__has_user(greeting))
		return stay_hello_denied(no_users);
	return stay_hello_denied(no_command);
}

/* The login was sent, and the server still asks for one: it is a proxy that
 * wants AUTH as a command of its own. */
static struct stay_hello
take_noauth(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange, const char *text)
{
	if (!stay_redis__has_login(greeting))
		return deny_login(exchange, text);
	if (is_step(greeting, "HELLO") && greeting->line == HELLO)
		return change_line(greeting, exchange, LOGIN);
	return stay_hello_retry(text);
}

/* Some errors to PING still show a working server: the user may lack the right
 * to PING, the server may not have the command, or cannot write to its disk. */
static bool
is_life(const char *text)
{
	return stay_redis__begins_with(text, "NOPERM") ||
	       stay_redis__begins_with(text, "MISCONF") ||
	       stay_redis__begins_with(text, "ERR unknown command");
}

static struct stay_hello
take_error(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange, const char *text)
{
	enum stay_redis__minds minds = stay_redis__steps[greeting->step].minds;

	if (minds == STAY_REDIS__MINDS_NOT ||
	    (minds == STAY_REDIS__MINDS_LIFE && is_life(text)))
		return go_on(greeting, exchange);
	if (stay_redis__begins_with(text, "NOAUTH"))
		return take_noauth(greeting, exchange, text);
	switch (stay_redis__word_of(text)->meaning) {
	case STAY_REDIS__WORD_UNSUPPORTED:
		return take_unsupported(greeting, exchange);
	case STAY_REDIS__WORD_FINAL:
		return is_step(greeting, "AUTH") || is_step(greeting, "HELLO")
			   ? deny_login(exchange, text)
			   : stay_hello_denied(text);
	case STAY_REDIS__WORD_OTHER:
	case STAY_REDIS__WORD_REFUSED:
	case STAY_REDIS__WORD_BLOCKED:
	case STAY_REDIS__WORD_NO_SCRIPT:
	case STAY_REDIS__WORD_TRANSIENT:
		break;
	}
	return stay_hello_retry(text);
}

static struct stay_hello
take_reply(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange)
{
	const struct stay_redis_reply *reply = exchange->reply;
	const char *why;

	if (stay_redis_type_of(reply) == STAY_REDIS_ERROR)
		return take_error(greeting, exchange, stay_redis_str(reply));
	if (!stay_redis__steps[greeting->step].take(greeting, reply))
		return stay_hello_bad(
		    "a reply that is to nothing in the greeting");
	if (is_step(greeting, "HELLO") && exchange->config->protocol == 3 &&
	    greeting->agreed.protocol != 3)
		return stay_hello_denied(no_resp3);
	why = unwanted(greeting, exchange);
	if (why != NULL)
		return stay_hello_retry(why);
	return go_on(greeting, exchange);
}

struct stay_hello
stay_redis__greeting_answer(struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange)
{
	exchange->due = 0;
	if (greeting->line == STAY_REDIS__LINE_NONE)
		return begin(greeting, exchange);
	greeting->heard = true;
	if (greeting->unread == 0)
		return take_reply(greeting, exchange);
	if (--greeting->unread > 0)
		return stay_hello_wait();
	return send_line(greeting, exchange, greeting->next);
}

/* ---- the end ---- */

void
stay_redis__greeting_over(const struct stay_redis__greeting *greeting,
    struct stay_redis__lessons *lessons, enum stay_status why)
{
	bool hung_up = why == STAY_E_CLOSED || why == STAY_E_RESET;

	if (greeting->line == PLAIN || !hung_up || greeting->heard)
		lessons->hangups = 0;
	else if (lessons->hangups < HANGUPS_MAX)
		lessons->hangups++;
}
