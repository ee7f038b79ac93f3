/* The adapters that the kit is run over, each with samples and a peer. */
#ifndef STAY_TESTS_CONTRACTS_H
#define STAY_TESTS_CONTRACTS_H

#include <check.h>

#include <stay/contract.h>

extern const struct stay_contract echo_contract;
extern const struct stay_contract memcached_contract;
extern const struct stay_contract nats_contract, nats_verbose_contract;
extern const struct stay_contract postgres_contract;
extern const struct stay_contract redis_contract;

Suite *suite_contract(void);

#endif
