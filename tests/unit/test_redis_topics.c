/* The table of what is subscribed to: quick with many, and right with two of one hash. */
#include <stdio.h>
#include <string.h>

#include "../../adapters/redis/subscriptions.h"
#include "suites.h"

#define MANY 10000

static struct stay_redis__hub *hub;

static void
begin(void)
{
	hub = stay_redis__hub_new(NULL);
	ck_assert_ptr_nonnull(hub);
}

static void
end(void)
{
	stay_redis__topic_each(hub, stay_redis__topic_unlink);
	ck_assert_uint_eq(hub->counts.channels, 0);
	ck_assert_uint_eq(hub->counts.bytes, 0);
	stay_redis__hub_free(hub);
}

static struct stay_bytes
name(const char *text)
{
	return (struct stay_bytes){ text, strlen(text) };
}

static struct stay_bytes
name_of(int number)
{
	static char text[32];

	snprintf(text, sizeof(text), "channel %d", number);
	return name(text);
}

static struct stay_redis__topic *
add(unsigned kind, struct stay_bytes text)
{
	struct stay_redis__topic *topic =
	    stay_redis__topic_new(hub, kind, text);

	ck_assert_ptr_nonnull(topic);
	return topic;
}

static unsigned
longest_chain(void)
{
	unsigned longest = 0;

	for (uint32_t i = 0; i <= hub->mask; i++) {
		struct stay_redis__topic *topic = hub->table[i];
		unsigned count = 0;

		for (; topic != NULL; topic = topic->chain)
			count++;
		if (count > longest)
			longest = count;
	}
	return longest;
}

/* At chance no place of so many has sixteen. */
TEST(redis_topics_are_found_among_many)
{
	begin();
	for (int i = 0; i < MANY; i++)
		add(0, name_of(i));
	for (int i = 0; i < MANY; i++) {
		struct stay_bytes text = name_of(i);
		struct stay_redis__topic *topic =
		    stay_redis__topic_find(hub, 0, text);

		ck_assert_ptr_nonnull(topic);
		ck_assert_uint_eq(topic->len, text.len);
		ck_assert_mem_eq(topic->name, text.data, text.len);
	}
	ck_assert_ptr_null(stay_redis__topic_find(hub, 0, name_of(MANY)));
	ck_assert_uint_lt(longest_chain(), 16);
	end();
}

/* Found first, and of the hash of `of`. */
static void
collide(struct stay_redis__topic *topic, const struct stay_redis__topic *of)
{
	struct stay_redis__topic **place = &hub->table[topic->hash & hub->mask];

	while (*place != topic)
		place = &(*place)->chain;
	*place = topic->chain;
	topic->hash = of->hash;
	place = &hub->table[of->hash & hub->mask];
	topic->chain = *place;
	*place = topic;
}

static const struct {
	unsigned kind;
	const char *name;
} others[] = { { 1, "news" }, { 0, "newspaper" }, { 0, "nows" } };

TEST_ROWS(redis_topics_of_one_hash_are_two, (int)(LEN(others)))
{
	struct stay_redis__topic *topic, *other;

	begin();
	topic = add(0, name("news"));
	other = add(others[_i].kind, name(others[_i].name));
	collide(other, topic);
	ck_assert_ptr_eq(stay_redis__topic_find(hub, 0, name("news")), topic);
	end();
}

TEST_SUITE(redis_topics)
