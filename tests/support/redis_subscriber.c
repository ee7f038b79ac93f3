#include "support/redis_subscriber.h"
#include "support/expect.h"

#include <stdio.h>
#include <string.h>

#include <check.h>

struct redis_virtual subscriber;
struct subscriber a = { .name = "a" }, b = { .name = "b" }, c = { .name = "c" };
struct stay_redis_notice noticed;
char noticed_words[64];

static char notes[SUBSCRIBER_MORE];

void
subscriber_note(const struct subscriber *owner, const char *text)
{
	size_t len = strlen(notes);

	snprintf(notes + len, sizeof(notes) - len, "%s %s;", owner->name, text);
}

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct subscriber *owner = arg;

	ck_assert_ptr_eq(subscription, owner->subscription);
	ck_assert_uint_eq(owner->ended, 0);
	subscriber_note(owner, message->payload.data);
	if (owner->then != NULL)
		owner->then(owner);
}

static const char *
name_of(const struct stay_redis_notice *notice)
{
	static const char *const names[] = {
		[STAY_REDIS_SUBSCRIBED] = "subscribed",
		[STAY_REDIS_LOST] = "lost",
		[STAY_REDIS_RESTORED] = "restored",
		[STAY_REDIS_DROPPED] = "dropped",
		[STAY_REDIS_ENDED] = "ended",
	};

	return names[notice->kind];
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct subscriber *owner = arg;
	bool good = notice->status == STAY_OK;
	char text[128];

	ck_assert_ptr_eq(subscription, owner->subscription);
	ck_assert_uint_eq(owner->ended, 0);
	snprintf(text, sizeof(text), "%s%s%s", name_of(notice), good ? "" : " ",
	    good ? "" : stay_status_name(notice->status) + 5);
	subscriber_note(owner, text);
	noticed = *notice;
	snprintf(noticed_words, sizeof(noticed_words), "%s",
	    stay_redis_str(notice->reply));
	owner->ended += notice->kind == STAY_REDIS_ENDED;
	if (owner->notes != NULL)
		owner->notes(owner, notice);
}

const char *
subscriber_told(void)
{
	static char all[SUBSCRIBER_MORE];

	memcpy(all, notes, sizeof(all));
	notes[0] = '\0';
	return all;
}

/* ---- the server ---- */

void
subscriber_acknowledges(
    struct peer_end *end, const struct peer_request *request)
{
	const struct peer_word *words = request->words;
	char text[64], word[16];

	snprintf(word, sizeof(word), "%.*s", (int)words[0].len, words[0].text);
	for (char *at = word; *at != '\0'; at++)
		*at |= 0x20;
	snprintf(text, sizeof(text), "%c3\r\n+%s\r\n$%zu\r\n",
	    end->peer->arg == NULL ? '>' : '*', word, words[1].len);
	peer_say(end, text);
	peer_send(end, 0, 0, words[1].text, words[1].len);
	peer_say(end, "\r\n:1\r\n");
}

const struct peer_row subscriber_rows[] = {
	DO("SUBSCRIBE", subscriber_acknowledges),
	DO("PSUBSCRIBE", subscriber_acknowledges),
	DO("SSUBSCRIBE", subscriber_acknowledges),
	DO("UNSUBSCRIBE", subscriber_acknowledges),
	DO("PUNSUBSCRIBE", subscriber_acknowledges),
	DO("SUNSUBSCRIBE", subscriber_acknowledges),
	NO_MORE,
};

const struct peer_row subscriber_silent[] = {
	ON("SUBSCRIBE", ""),
	ON("UNSUBSCRIBE", ""),
	ON("GET", ""),
	NO_MORE,
};

void
subscriber_begin(
    const struct peer_row *rows, const struct stay_redis_options *options)
{
	subscriber_end();
	notes[0] = '\0';
	a.then = b.then = c.then = NULL;
	a.notes = b.notes = c.notes = NULL;
	a.slow = b.slow = c.slow = STAY_REDIS_SLOW_DROP;
	a.kept_bytes_max = b.kept_bytes_max = c.kept_bytes_max = 0;
	redis_virtual_open(&subscriber, rows);
	redis_virtual_start(&subscriber, "redis://10.0.0.1", options);
	subscriber_got();
}

void
subscriber_begin_usual(void)
{
	subscriber_begin(subscriber_rows, NULL);
}

void
subscriber_end(void)
{
	if (subscriber.redis != NULL)
		redis_virtual_end(&subscriber);
	subscriber.redis = NULL;
}

void
subscriber_say(const char *text)
{
	redis_virtual_say(&subscriber, text);
}

void
subscriber_kill(void)
{
	peer_do(subscriber.server.ends, 0, PEER_CLOSE);
	sim_run_ms(subscriber.world, 10);
}

const char *
subscriber_got(void)
{
	static char all[PEER_LOG_MAX];

	snprintf(all, sizeof(all), "%s", subscriber.log.text);
	peer_log_clear(&subscriber.server);
	return all;
}

/* ---- the owners ---- */

enum stay_status
subscriber_try(struct subscriber *owner, enum stay_redis_subscription_kind kind,
    const char *name)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .kind = kind, .name = name,
		.on_message = on_message, .on_notice = on_notice, .arg = owner,
		.kept_max = 3, .kept_bytes_max = owner->kept_bytes_max,
		.slow = owner->slow
	};

	owner->ended = 0;
	return stay_redis_subscribe(
	    subscriber.redis, &options, &owner->subscription);
}

void
subscriber_join(struct subscriber *owner, const char *name)
{
	EXPECT_OK(subscriber_try(owner, STAY_REDIS_CHANNEL, name));
}

void
subscriber_leave(struct subscriber *owner)
{
	stay_redis_unsubscribe(owner->subscription);
}

struct stay_redis_subscription_counts
subscriber_counts(void)
{
	struct stay_redis_subscription_counts all = {
		STAY_REDIS_SUBSCRIPTION_COUNTS
	};

	stay_redis_get_subscription_counts(subscriber.redis, &all);
	return all;
}
