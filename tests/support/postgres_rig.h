/*
 * A real PostgreSQL, a loop, and queries to it: what became of each, to be looked at
 * when it is told. Waiting is for the event; one that does not come fails the test.
 */
#ifndef STAY_TESTS_POSTGRES_RIG_H
#define STAY_TESTS_POSTGRES_RIG_H

#include "../../examples/adapters/postgres.h"
#include "postgres_server.h"
#include "redis_rig.h"

/* A test is a process of its own: it may own this. */
extern struct pg_bed {
	struct redis_rig rig; /* of it, what knows no Redis */
	struct postgres_server server;
	struct stay_client *admin; /* over the unix socket */
	uint64_t silence_ms;       /* of clients; 0: the default */
} pg_bed;

/* What became of a query. Zeroed: it is under way. */
struct pg_answer {
	unsigned told;
	enum stay_status status;
	enum stay_outcome outcome;
	uint64_t session;
	char transaction;
	size_t rows;
	size_t bytes; /* of all fields and pieces */
	char parts
	    [512]; /* [columns](row){command tag}<piece>, as far as it fits */
	char text[512];
	char why[512];
};

struct pg_books {
	unsigned told;
	enum stay_status status;
	enum stay_outcome outcome;
	size_t count;
	enum stay_outcome outcomes[16];
};

struct pg_heard {
	char said[512]; /* "channel=payload;", "notice CODE TEXT;", "gap;" */
};

/* Fixtures of check: a server for all tests of a suite, or, if they kill it, only what
 * each of them begins with; then the loop and the admin. */
void pg_server_open(void);
void pg_server_close(void);
void pg_rig_open(void);
void pg_rig_close(void);

struct stay_client *pg_rig_start(
    const char *url, const struct pg_config *config);
struct stay_client *pg_rig_connect(
    const char *url, const struct pg_config *config);
void pg_rig_until_state(struct stay_client *client, enum stay_state state);
/* Session `number` is ready, or a later one. */
void pg_rig_until_session(struct stay_client *client, uint64_t number);

/* Accepted for sure; `answer` lives until it is told. `params` end with NULL; if there
 * are none, the query is a simple one. */
void pg_ask(struct stay_client *client, struct pg_answer *answer,
    const char *sql, const char *const params[3]);
void pg_ask_with(struct stay_client *client, struct pg_answer *answer,
    const struct pg_request *request, const struct stay_call_options *options);
void pg_await(struct pg_answer *answer);
void pg_ask_now(
    struct stay_client *client, struct pg_answer *answer, const char *sql);
/* A server process is busy with a query that has this in it. */
void pg_until_busy(const char *with);

void pg_note_group(void *arg, const struct stay_group_result *result);
void pg_await_group(struct pg_books *books);

void pg_note_push(void *arg, const struct pg_reply *push);
void pg_note_gap(void *arg);
void pg_until_heard(struct pg_heard *heard, const char *said);

#endif
