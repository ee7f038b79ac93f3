/* The contract kit over our own adapters, and over one with bugs. With the name of
 * an adapter first, it is the program that its author would have. */
#include <string.h>

#include "contracts.h"
#include "support/runner.h"

static const struct named_suite suites[] = { { "contract", suite_contract } };

static const struct {
	const char *name;
	const struct stay_contract *contract;
} programs[] = { { "echo", &echo_contract },
	{ "memcached", &memcached_contract }, { "nats", &nats_contract },
	{ "nats-verbose", &nats_verbose_contract },
	{ "postgres", &postgres_contract }, { "redis", &redis_contract } };

#define COUNT (sizeof(programs) / sizeof(programs[0]))

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < COUNT; i++)
		if (strcmp(argv[1], programs[i].name) == 0)
			return stay_contract_main(
			    programs[i].contract, argc - 1, argv + 1);
	return run_suites(suites, 1, argc, argv);
}
