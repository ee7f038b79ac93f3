/*
 * Step 4, a blocking owner: one thread has the connection, and does send and receive for
 * everyone.
 *
 * Callers put their call into its mailbox and sleep. One socket, and one place that knows
 * what to do when it breaks. But the owner encodes, sends, waits and decodes for one
 * caller at a time: it sleeps through each round trip, and the mailbox grows.
 */
#include <pthread.h>
#include <stdbool.h>

#include <stay/redis_future.h>

#include "story.h"

/* A call in the mailbox. */
struct letter {
	struct letter *next;
	const char *command;
	pthread_cond_t news; /* for the one who waits for it */
	bool answered;
	enum stay_outcome outcome;
};

static struct mailbox {
	pthread_mutex_t lock;
	pthread_cond_t news; /* for the owner */
	struct letter *first, **end;
	bool closed;
} box = { .lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER };

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .backoff = { .cap_ms = 200 } } };

/* The oldest letter; NULL: none is left, and none will come. */
static struct letter *
take(void)
{
	struct letter *letter;

	pthread_mutex_lock(&box.lock);
	while (box.first == NULL && !box.closed)
		pthread_cond_wait(&box.news, &box.lock);
	letter = box.first;
	if (letter != NULL)
		box.first = letter->next;
	if (box.first == NULL)
		box.end = &box.first;
	pthread_mutex_unlock(&box.lock);
	return letter;
}

static void
answer(struct letter *letter, enum stay_outcome outcome)
{
	pthread_mutex_lock(&box.lock);
	letter->outcome = outcome;
	letter->answered = true;
	pthread_cond_signal(&letter->news);
	pthread_mutex_unlock(&box.lock);
}

static void *
own(void *arg)
{
	struct stay_loop *loop = stay_loop_alone();
	struct stay_future *future;
	struct stay_redis *redis;
	struct letter *letter;

	if (stay_redis_start(&redis, loop, story_url(), &options) != STAY_OK)
		return arg;
	while ((letter = take()) != NULL) {
		stay_redis_command_wait(redis, &future, letter->command);
		answer(letter, stay_future_result(future)->outcome);
		stay_future_free(future);
	}
	(void)stay_loop_close(loop, 1000);
	return arg;
}

/* Post it, and wait. */
static enum stay_outcome
ask(const char *command)
{
	struct letter letter = { .command = command,
		.news = PTHREAD_COND_INITIALIZER };

	pthread_mutex_lock(&box.lock);
	*box.end = &letter;
	box.end = &letter.next;
	pthread_cond_signal(&box.news);
	while (!letter.answered)
		pthread_cond_wait(&letter.news, &box.lock);
	pthread_mutex_unlock(&box.lock);
	pthread_cond_destroy(&letter.news);
	return letter.outcome;
}

static void *
call(void *arg)
{
	struct caller *caller = arg;

	while (story_next(caller))
		story_done(caller, ask(caller->command));
	return NULL;
}

static void
work(struct caller callers[STORY_CALLERS])
{
	pthread_t owner;

	box.end = &box.first;
	box.closed = false;
	if (pthread_create(&owner, NULL, own, NULL) != 0)
		return;
	story_threads(callers, call);
	pthread_mutex_lock(&box.lock);
	box.closed = true;
	pthread_cond_signal(&box.news);
	pthread_mutex_unlock(&box.lock);
	pthread_join(owner, NULL);
}

static const struct story owner = {
	.name = "4 blocking owner",
	.codes = "the owner's thread",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&owner, argc, argv);
}
