/*
 * The handshake as a table of steps. It knows replies, not sessions: redis.c
 * carries the bytes.
 */
#include "greeting.h"

#include <string.h>

#include "format.h"
#include "number.h"

#define RESP3 1u
#define RESP2 2u

/* What an error reply means. */
enum meaning {
	MEANS_NOTHING, /* in this step: go on */
	MEANS_RESP2,   /* the server does not know HELLO */
	MEANS_NOT_NOW,
	MEANS_NEVER
};

/* Errors that mean the same in every step. An error is told by its first words.
 */
static const struct {
	const char *words;
	enum meaning meaning;
} errors[] = {
	{ "LOADING", MEANS_NOT_NOW },
	{ "MASTERDOWN", MEANS_NOT_NOW },
	{ "BUSY", MEANS_NOT_NOW },
	{ "ERR max number of clients", MEANS_NOT_NOW },
	{ "NOAUTH", MEANS_NEVER },
	{ "WRONGPASS", MEANS_NEVER },
	{ "DENIED", MEANS_NEVER },
	{ "ERR invalid password", MEANS_NEVER },
};

typedef bool wanted_fn(const struct stay_redis__config *config);
typedef enum stay_status write_fn(
    const struct stay_redis__config *config, struct stay_buf *out);

static bool
always(const struct stay_redis__config *config)
{
	(void)config;
	return true;
}

static bool
has_login(const struct stay_redis__config *config)
{
	return config->credentials != NULL || config->user[0] != '\0' ||
	       config->password[0] != '\0';
}

static bool
has_name(const struct stay_redis__config *config)
{
	return config->name[0] != '\0';
}

static bool
has_db(const struct stay_redis__config *config)
{
	return config->db != 0;
}

static enum stay_status
write_hello(const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[7] = { "HELLO", "3" };
	size_t count = 2;

	if (has_login(config)) {
		words[count++] = "AUTH";
		words[count++] =
		    config->user[0] == '\0' ? "default" : config->user;
		words[count++] = config->password;
	}
	if (has_name(config)) {
		words[count++] = "SETNAME";
		words[count++] = config->name;
	}
	return stay_redis__write_argv(out, count, words, NULL);
}

/* Without a user in the form that servers before 6 know. */
static enum stay_status
write_auth(const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[3] = { "AUTH" };
	size_t count = 1;

	if (config->user[0] != '\0')
		words[count++] = config->user;
	words[count++] = config->password;
	return stay_redis__write_argv(out, count, words, NULL);
}

static enum stay_status
write_name(const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "CLIENT", "SETNAME", config->name };

	return stay_redis__write_argv(out, 3, words, NULL);
}

static enum stay_status
write_select(const struct stay_redis__config *config, struct stay_buf *out)
{
	char number[21];
	const char *words[] = { "SELECT", number };

	*stay_redis__put_number(number, config->db) = '\0';
	return stay_redis__write_argv(out, 2, words, NULL);
}

static enum stay_status
write_ping(const struct stay_redis__config *config, struct stay_buf *out)
{
	const char *words[] = { "PING" };

	(void)config;
	return stay_redis__write_argv(out, 1, words, NULL);
}

/* A user may lack the right to PING; a server that answers so is there. */
static const struct step {
	unsigned lines;
	wanted_fn *wanted;
	write_fn *write;
	enum meaning other; /* of an error that is not in `errors` */
} steps[] = {
	{ RESP3, always, write_hello, MEANS_RESP2 },
	{ RESP2, has_login, write_auth, MEANS_NEVER },
	{ RESP2, has_name, write_name, MEANS_NOTHING },
	{ RESP3 | RESP2, has_db, write_select, MEANS_NEVER },
	{ RESP3 | RESP2, always, write_ping, MEANS_NOTHING },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* The first step from `step` on that belongs to `line`; STEPS: none. */
static unsigned
step_from(const struct stay_redis__config *config, unsigned line, unsigned step)
{
	while (step < STEPS &&
	       ((steps[step].lines & line) == 0 || !steps[step].wanted(config)))
		step++;
	return step;
}

/* Who is to log in, as is known only now. */
static struct stay_redis__config
ask_login(const struct stay_redis__config *config)
{
	struct stay_redis__config asked = *config;
	struct stay_redis_login login = { config->user, config->password,
		{ 0 } };

	if (config->credentials == NULL)
		return asked;
	config->credentials(config->credentials_arg, &login);
	asked.user = login.user != NULL ? login.user : "";
	asked.password = login.password != NULL ? login.password : "";
	return asked;
}

/* Send a whole line; the replies to what was sent before do not matter any
 * more. */
static struct stay_hello
start(struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, unsigned line,
    struct stay_buf *out, unsigned *due)
{
	const struct stay_redis__config asked = ask_login(config);

	greeting->line = line;
	greeting->step = step_from(config, line, 0);
	for (unsigned step = greeting->step; step < STEPS;
	     step = step_from(config, line, step + 1)) {
		if (steps[step].write(&asked, out) != STAY_OK)
			return stay_hello_retry("no memory for the handshake");
		++*due;
	}
	return stay_hello_wait();
}

static struct stay_hello
fall_back(struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, struct stay_buf *out,
    unsigned *due)
{
	unsigned step = greeting->step;

	while ((step = step_from(config, greeting->line, step + 1)) < STEPS)
		greeting->ignored++;
	return start(greeting, config, RESP2, out, due);
}

static bool
begins_with(const char *text, const char *words)
{
	size_t len = strlen(words);

	return strncmp(text, words, len) == 0 &&
	       (text[len] == '\0' || text[len] == ' ');
}

static enum meaning
meaning_of(const struct stay_redis_reply *reply, enum meaning other)
{
	if (stay_redis_type_of(reply) != STAY_REDIS_ERROR)
		return MEANS_NOTHING;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (begins_with(stay_redis_str(reply), errors[i].words))
			return errors[i].meaning;
	return other;
}

struct stay_hello
stay_redis__greeting_answer(struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config,
    const struct stay_redis_reply *reply, struct stay_buf *out, unsigned *due)
{
	*due = 0;
	if (greeting->line == 0)
		return start(greeting, config,
		    config->protocol == 2 ? RESP2 : RESP3, out, due);
	if (greeting->ignored > 0) {
		greeting->ignored--;
		return stay_hello_wait();
	}
	switch (meaning_of(reply, steps[greeting->step].other)) {
	case MEANS_RESP2:
		return fall_back(greeting, config, out, due);
	case MEANS_NOT_NOW:
		return stay_hello_retry(stay_redis_str(reply));
	case MEANS_NEVER:
		return stay_hello_denied(stay_redis_str(reply));
	case MEANS_NOTHING:
		break;
	}
	greeting->step = step_from(config, greeting->line, greeting->step + 1);
	return greeting->step < STEPS ? stay_hello_wait() : stay_hello_up();
}
