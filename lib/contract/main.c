/* All chapters, one behind the other, and the report; and the command line of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/kit.h"

static const struct {
	unsigned promise;
	const char *words;
} rules[KIT_RULE_COUNT] = {
#define RULE(name, number, words) { number, words },
#include "contract/rules.def"
};

/* ---- the report ---- */

static const char *
name_of(const struct stay_contract *contract)
{
	if (contract->name != NULL)
		return contract->name;
	return contract->protocol != NULL ? contract->protocol->name
					  : "the adapter";
}

static void
print_script(FILE *out)
{
	uint64_t count = kit_told->line_count;
	uint64_t from = count > KIT_LINES ? count - KIT_LINES : 0;

	if (from > 0)
		fprintf(out, "      ... %" PRIu64 " lines before that\n", from);
	for (uint64_t i = from; i < count; i++)
		fprintf(out, "      %s\n", kit_told->lines[i % KIT_LINES]);
}

static void
print_broken(FILE *out, const struct kit_order *order)
{
	unsigned promise = rules[kit_told->rule].promise;

	fprintf(out, "  %-11s BROKEN in run %" PRIu64 "\n",
	    order->chapter->name, kit_told->run);
	if (promise > 0)
		fprintf(out, "    promise %u: %s\n", promise,
		    rules[kit_told->rule].words);
	else
		fprintf(out, "    the rule: %s\n", rules[kit_told->rule].words);
	fprintf(out, "    %s\n    what led there:\n", kit_told->words);
	print_script(out);
	fprintf(out,
	    "    again: --seed %" PRIu64 " --only %s:%" PRIu64
	    " --trace, and --here in a debugger\n",
	    order->seed, order->chapter->name, kit_told->run);
}

static void
print_chapter(FILE *out, const struct kit_order *order)
{
	if (kit_told->is_broken)
		print_broken(out, order);
	else
		fprintf(out, "  %-11s %6" PRIu64 " runs  %s\n",
		    order->chapter->name, kit_told->runs,
		    kit_told->detail[0] != '\0' ? kit_told->detail
						: order->chapter->words);
	fflush(out);
}

/* ---- what is asked for ---- */

static const char *
fault_of(const struct stay_contract *contract)
{
	if (contract == NULL || contract->size != sizeof(*contract))
		return "the contract has another size: use STAY_CONTRACT";
	if (contract->protocol == NULL && contract->start == NULL)
		return "the contract has neither protocol nor start";
	if (contract->start != NULL && contract->url == NULL)
		return "a contract with start needs a url";
	if (contract->sample_count == 0 || contract->samples == NULL)
		return "the contract has no samples";
	if (contract->samples[0].is_long)
		return "the first sample of the contract goes on until its "
		       "session is left";
	if (contract->peer == NULL || contract->show == NULL)
		return "the contract has no peer, or no show";
	return NULL;
}

/* "late", "late:17"; false: there is no such chapter. */
static bool
is_chosen(const char *only, const struct kit_chapter *chapter)
{
	size_t len = strlen(chapter->name);

	return only == NULL || (strncmp(only, chapter->name, len) == 0 &&
				   (only[len] == '\0' || only[len] == ':'));
}

static size_t
chosen_count(const char *only)
{
	size_t count = 0;

	for (size_t i = 0; i < KIT_CHAPTER_COUNT; i++)
		count += is_chosen(only, &kit_chapters[i]);
	return count;
}

static struct kit_order
order_of(const struct stay_contract *contract,
    const struct stay_contract_options *options,
    const struct kit_chapter *chapter)
{
	const char *run =
	    options->only == NULL ? NULL : strchr(options->only, ':');

	return (struct kit_order){ .contract = contract,
		.chapter = chapter,
		.seed = options->seed == 0 ? 1 : options->seed,
		.first = run == NULL ? 0 : strtoull(run + 1, NULL, 10),
		.count = run == NULL ? chapter->count : 1,
		.time_ms = run == NULL
			       ? options->time_ms / chosen_count(options->only)
			       : 0,
		.traces = options->traces,
		.is_here = options->is_here };
}

/* Whether it is whole. */
static bool
run_chapter(const struct stay_contract *contract,
    const struct stay_contract_options *options,
    const struct kit_chapter *chapter, FILE *out)
{
	struct kit_order order = order_of(contract, options, chapter);

	kit_child(&order);
	print_chapter(out, &order);
	return !kit_told->is_broken;
}

/* Without a plain run that is well, the others have nothing to compare with. */
static int
run_chapters(const struct stay_contract *contract,
    const struct stay_contract_options *options, FILE *out)
{
	int broken = 0;

	for (size_t i = 0; i < KIT_CHAPTER_COUNT && (i != 1 || broken == 0);
	     i++)
		if (is_chosen(options->only, &kit_chapters[i]))
			broken += !run_chapter(
			    contract, options, &kit_chapters[i], out);
	return broken;
}

int
stay_contract_run(const struct stay_contract *contract,
    const struct stay_contract_options *options)
{
	struct stay_contract_options own = { STAY_CONTRACT_OPTIONS };
	const char *fault = fault_of(contract);
	FILE *out;
	int broken;

	if (options != NULL)
		own = *options;
	out = own.out == NULL ? stdout : own.out;
	if (own.size != sizeof(own))
		fault = "the options have another size: use "
			"STAY_CONTRACT_OPTIONS";
	else if (fault == NULL && chosen_count(own.only) == 0)
		fault = "there is no such chapter";
	if (fault != NULL) {
		fprintf(out, "%s\n", fault);
		return -1;
	}
	fprintf(out, "%s: %zu samples, seed %" PRIu64 "\n", name_of(contract),
	    contract->sample_count, own.seed == 0 ? 1 : own.seed);
	broken = run_chapters(contract, &own, out);
	fprintf(out,
	    broken == 0 ? "no promise is broken\n" : "%d chapters are broken\n",
	    broken);
	return broken;
}

/* ---- the command line ---- */

static int
usage(const char *program)
{
	fprintf(stderr,
	    "usage: %s [--seed N] [--seconds N] [--only CHAPTER[:RUN]] "
	    "[--trace] [--here] [--help]\n",
	    program);
	return 2;
}

static int
help(const char *program)
{
	usage(program);
	for (size_t i = 0; i < KIT_CHAPTER_COUNT; i++)
		printf("  %-11s %s\n", kit_chapters[i].name,
		    kit_chapters[i].words);
	return 0;
}

static bool
take_number(uint64_t *to, const char *text, uint64_t times)
{
	char *end;

	if (text == NULL)
		return false;
	*to = strtoull(text, &end, 10) * times;
	return *text >= '0' && *text <= '9' && *end == '\0';
}

/* How many words it took; 0: it is none. */
static int
take_option(struct stay_contract_options *options, char **argv)
{
	if (strcmp(argv[0], "--trace") == 0) {
		options->traces = true;
		return 1;
	}
	if (strcmp(argv[0], "--here") == 0) {
		options->is_here = true;
		return 1;
	}
	if (strcmp(argv[0], "--seed") == 0)
		return take_number(&options->seed, argv[1], 1) ? 2 : 0;
	if (strcmp(argv[0], "--seconds") == 0)
		return take_number(&options->time_ms, argv[1], 1000) ? 2 : 0;
	if (strcmp(argv[0], "--only") == 0) {
		options->only = argv[1];
		return argv[1] != NULL && chosen_count(argv[1]) > 0 ? 2 : 0;
	}
	return 0;
}

int
stay_contract_main(const struct stay_contract *contract, int argc, char **argv)
{
	struct stay_contract_options options = { STAY_CONTRACT_OPTIONS };
	int broken;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help(argv[0]);
	for (int at = 1; at < argc;) {
		int took = take_option(&options, argv + at);

		if (took == 0)
			return usage(argv[0]);
		at += took;
	}
	broken = stay_contract_run(contract, &options);
	return broken < 0 ? 2 : broken > 0;
}
