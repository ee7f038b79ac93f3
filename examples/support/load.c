/*
 * The load of the demo and its tally. Of what happens to the server it knows
 * only how often it has been started again.
 */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
sum(const uint64_t *counts, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += counts[i];
	return total;
}

/* ---- answers ---- */

/* Whether so many can have been executed. */
static bool
is_possible(uint64_t executed, uint64_t replied, uint64_t maybe)
{
	return executed >= replied && executed - replied <= maybe;
}

/* Whether a reply is the one that this call must get. */
static bool
is_right(struct life *life, const struct slot *slot,
    const struct stay_redis_reply *reply)
{
	bool is_number;
	uint64_t value = (uint64_t)stay_redis_integer(reply, &is_number);
	uint64_t last = life->ticket;

	life->replied[slot->kind]++;
	if (slot->kind == LOAD_ECHO)
		return is_number && value == slot->number;
	life->ticket = value;
	return is_number && value > last &&
	       is_possible(
		   value, life->replied[LOAD_INCR], life->maybe[LOAD_INCR]);
}

static void
note_answer(struct load *load)
{
	void (*on_answer)(void) = load->on_answer;

	load->on_answer = NULL;
	if (on_answer != NULL)
		on_answer();
}

/* "cmdstat_incr:calls=12,usec=...": 12. None of them: 0. */
static uint64_t
server_count(const char *info, const char *what)
{
	const char *at = strstr(info, what);

	return at == NULL ? 0 : strtoull(at + strlen(what), NULL, 10);
}

/* Replies come in the order of the calls. So the server has counted all that
 * was replied to before, and perhaps some of what may have been executed. */
static void
check_info(struct life *life, const char *info)
{
	life->counted_at = sum(life->replied, LOAD_KINDS);
	life->counted = server_count(info, "cmdstat_incr:calls=") +
			server_count(info, "cmdstat_echo:calls=");
	life->miscounted += !is_possible(
	    life->counted, life->counted_at, sum(life->maybe, LOAD_KINDS));
}

/* ---- calls ---- */

static void submit(struct load *load, struct slot *slot);

static void
on_done(void *arg, const struct stay_result *result)
{
	struct slot *slot = arg;
	struct load *load = slot->load;
	struct life *life = &load->lives[load->life];

	load->outcomes[result->outcome]++;
	if (result->outcome == STAY_MAYBE_EXECUTED)
		life->maybe[slot->kind]++;
	if (result->outcome == STAY_REPLIED) {
		load->wrong += !is_right(life, slot, result->reply);
		note_answer(load);
	}
	submit(load, slot);
}

static void
on_info(void *arg, const struct stay_result *result)
{
	struct load *load = arg;

	load->outcomes[result->outcome]++;
	if (result->status == STAY_OK && load->alone)
		check_info(
		    &load->lives[load->life], stay_redis_str(result->reply));
	if (load->ending && load->under_way == 0)
		stay_redis_drain(load->redis, 1000);
}

static bool
accepted(struct load *load, enum stay_status status)
{
	load->submitted += status == STAY_OK;
	load->not_accepted += status != STAY_OK;
	return status == STAY_OK;
}

void
load_ask(struct load *load)
{
	accepted(load, stay_redis_command(
			   load->redis, on_info, load, "INFO commandstats"));
}

/* Ask for the server's final count. On a server that is not ours, remove the
 * key instead. */
static void
ask_last(struct load *load)
{
	if (load->alone)
		load_ask(load);
	else
		accepted(load, stay_redis_command(load->redis, on_info, load,
				   "DEL %s", load->key));
}

/* Submit the slot's next call; at the end, none. */
static void
submit(struct load *load, struct slot *slot)
{
	enum stay_status status = STAY_OK;

	if (load->ending) {
		if (--load->under_way == 0)
			ask_last(load);
		return;
	}
	slot->number = ++load->number;
	slot->kind = (enum load_kind)(slot->number % LOAD_KINDS);
	if (slot->kind == LOAD_INCR)
		status = stay_redis_command(
		    load->redis, on_done, slot, "INCR %s", load->key);
	else
		status = stay_redis_command(
		    load->redis, on_done, slot, "ECHO %" PRIu64, slot->number);
	if (!accepted(load, status))
		load->under_way--;
}

void
load_begin(struct load *load)
{
	load->under_way = LOAD_SLOTS;
	for (size_t i = 0; i < LOAD_SLOTS; i++) {
		load->slots[i].load = load;
		submit(load, &load->slots[i]);
	}
}

void
load_end(struct load *load)
{
	load->ending = true;
	if (load->under_way == 0) /* no call was ever accepted */
		stay_redis_drain(load->redis, 1000);
}

/* ---- the tally ---- */

const char *
grouped(uint64_t number)
{
	static char texts[8][32];
	static unsigned next;
	char *at = texts[next++ % 8] + 31;

	*at = '\0';
	for (unsigned digits = 0; number > 0 || digits == 0; number /= 10) {
		if (digits > 0 && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + number % 10);
		digits++;
	}
	return at;
}

static bool
verdict(bool holds, const char *what)
{
	printf("%-5s %s\n", holds ? "yes" : "NO", what);
	return holds;
}

/* Returns whether every life of the server was asked what it had counted, and
 * never contradicted the replies. */
static bool
print_lives(const struct load *load, unsigned lives)
{
	bool all = true;

	printf("\n%-12s %12s %16s   %s\n", "server life", "replied",
	    "maybe executed", "counted by the server itself");
	for (unsigned i = 0; i < lives; i++) {
		const struct life *life = &load->lives[i];

		printf("%-12u %12s %16s   %s, after %s replies\n", i + 1,
		    grouped(sum(life->replied, LOAD_KINDS)),
		    grouped(sum(life->maybe, LOAD_KINDS)),
		    grouped(life->counted), grouped(life->counted_at));
		all = all && life->counted_at > 0 && life->miscounted == 0;
	}
	return all;
}

static bool
counts_agree(const struct load *load, const struct stay_client_counts *counts)
{
	return counts->submitted == load->submitted &&
	       counts->replied == load->outcomes[STAY_REPLIED] &&
	       counts->sent == load->outcomes[STAY_SENT] &&
	       counts->refused == load->outcomes[STAY_REFUSED] &&
	       counts->not_sent == load->outcomes[STAY_NOT_SENT] &&
	       counts->maybe_executed == load->outcomes[STAY_MAYBE_EXECUTED];
}

static bool
print_tally(const struct load *load)
{
	const uint64_t *of = load->outcomes;
	uint64_t unaccounted = load->submitted - sum(of, STAY_OUTCOME_COUNT);

	printf("\nsubmitted %" PRIu64 " = replied %" PRIu64 " + sent %" PRIu64
	       " + refused %" PRIu64 " + not sent %" PRIu64
	       " + maybe executed %" PRIu64 " · unaccounted %" PRId64 "\n\n",
	    load->submitted, of[STAY_REPLIED], of[STAY_SENT], of[STAY_REFUSED],
	    of[STAY_NOT_SENT], of[STAY_MAYBE_EXECUTED], (int64_t)unaccounted);
	return verdict(unaccounted == 0, "every call completed exactly once");
}

bool
load_report(const struct load *load, unsigned lives,
    const struct stay_client_counts *counts)
{
	bool lived = !load->alone || print_lives(load, lives);
	bool all = print_tally(load);

	all &= verdict(load->wrong == 0,
	    "every reply reached its own call, and no call ran twice");
	if (load->alone)
		all &= verdict(lived,
		    "the server itself has counted the same, life by life");
	all &= verdict(counts_agree(load, counts),
	    "the library itself has counted the same");
	all &= verdict(load->not_accepted == 0, "no call was rejected");
	return all;
}
