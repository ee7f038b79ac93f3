/*
 * What became of a transaction. A command was acknowledged by QUEUED, for which
 * session.c hands out no reply, or there was something wrong with it. This file knows
 * no bytes and no sessions; which errors are refusals is words.c's.
 */
#include "multi.h"

#include <string.h>

/* The parts of a transaction that is answered. */
struct parts {
	const struct stay_result *multi;
	const struct stay_result *commands;
	const struct stay_result *exec;
	size_t count; /* of the commands */
};

static struct parts
parts_of(const struct stay_group_result *all)
{
	return (struct parts){ all->answers, all->answers + 1,
		all->answers + all->count - 1, all->count - 2 };
}

/* Nothing of it was kept, and no session is named. */
static struct stay_result
told(enum stay_status status, enum stay_outcome outcome, const char *why)
{
	return (struct stay_result){
		.status = status, .outcome = outcome, .why = why
	};
}

static bool
is_queued(const struct stay_result *command)
{
	return command->status == STAY_OK && command->reply == NULL;
}

static size_t
count_queued(const struct parts *parts)
{
	size_t queued = 0;

	for (size_t i = 0; i < parts->count; i++)
		queued += is_queued(&parts->commands[i]);
	return queued;
}

/* The server has EXEC, and discards the transaction, since a command before it was
 * wrong. It may do otherwise elsewhere only if nothing but refusals were wrong. */
static struct stay_result
discarded(const struct parts *parts)
{
	struct stay_result why = *parts->exec;
	const struct stay_result *first = NULL;
	bool refused = true;

	for (size_t i = 0; i < parts->count; i++) {
		const struct stay_result *command = &parts->commands[i];

		if (command->status == STAY_OK)
			continue;
		refused = refused && command->outcome == STAY_REFUSED;
		if (first == NULL)
			first = command;
	}
	if (first != NULL) {
		why.outcome = refused ? STAY_REFUSED : STAY_REPLIED;
		why.why = first->why;
	}
	return why;
}

/* What a command has come to that was queued, if there is nothing for it in EXEC's
 * reply; STAY_OK: there is. */
static struct stay_result
judge(const struct parts *parts)
{
	const struct stay_result nil = told(STAY_E_SERVER, STAY_REFUSED,
	    "EXEC: a watched key has changed, nothing was executed");
	const struct stay_result strange = told(STAY_E_PROTOCOL, STAY_REPLIED,
	    "EXEC: the reply is no array of the replies that are due");
	const struct stay_result *exec = parts->exec;
	const struct stay_redis_reply *reply = exec->reply;

	/* An acknowledgement that could not be kept is as good as one that was. */
	if (parts->multi->status == STAY_E_SERVER)
		return told(
		    parts->multi->status, STAY_REPLIED, parts->multi->why);
	if (exec->status != STAY_OK)
		return strncmp(stay_redis_str(reply), "EXECABORT", 9) == 0
			   ? discarded(parts)
			   : *exec;
	if (stay_redis_type_of(reply) == STAY_REDIS_NIL)
		return nil;
	if (stay_redis_type_of(reply) != STAY_REDIS_ARRAY ||
	    stay_redis_count(reply) != count_queued(parts))
		return strange;
	return *exec;
}

static struct stay_result
answer_of(const struct stay_redis_reply *reply, uint64_t session)
{
	struct stay_result answer = told(STAY_OK, STAY_REPLIED, "ok");

	answer.reply = reply;
	answer.session = session;
	if (stay_redis_type_of(reply) == STAY_REDIS_ERROR) {
		answer.status = STAY_E_SERVER;
		answer.why = "EXEC: this command failed, as its reply says";
	}
	return answer;
}

/* A command that was queued has the next reply of EXEC's, if that was executed. */
static void
hand_out(const struct parts *parts, const struct stay_result *verdict,
    struct stay_result *answers)
{
	const struct stay_redis_reply *next =
	    verdict->status == STAY_OK ? stay_redis_first(verdict->reply)
				       : NULL;

	for (size_t i = 0; i < parts->count; i++) {
		answers[i] = parts->commands[i];
		if (!is_queued(&answers[i]))
			continue;
		answers[i] = *verdict;
		answers[i].reply = NULL;
		if (verdict->status == STAY_OK) {
			answers[i] = answer_of(next, verdict->session);
			next = stay_redis_next(next);
		}
	}
}

struct stay_group_result
stay_redis__multi_result(
    const struct stay_group_result *all, struct stay_result *answers)
{
	struct parts parts = parts_of(all);
	struct stay_result verdict = told(all->status, all->outcome, all->why);
	struct stay_group_result result = { .count = parts.count,
		.answers = answers };

	if (all->outcome == STAY_REPLIED)
		verdict = judge(&parts);
	hand_out(&parts, &verdict, answers);
	for (size_t i = 0; verdict.status == STAY_OK && i < parts.count; i++)
		if (answers[i].status != STAY_OK)
			verdict = told(
			    answers[i].status, STAY_REPLIED, answers[i].why);
	result.status = verdict.status;
	result.outcome = verdict.outcome;
	result.why = verdict.why;
	return result;
}
