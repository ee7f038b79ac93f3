/*
 * One run of a scenario: a loop, the connections it starts, the calls it makes,
 * and the books on all of them. Whatever fails, they must balance.
 */
#ifndef STAY_TESTS_TORTURE_RIG_H
#define STAY_TESTS_TORTURE_RIG_H

#include <ev.h>

#include <stay/echo.h>
#include <stay/redis.h>
#include <stay/stream.h>

#include "server.h"

#define RIG_CALLS   SERVER_NUMBERS
#define RIG_MEMBERS 80

struct rig;
struct rig_call;
struct rig_member;
typedef void rig_then_fn(struct rig_call *call);

struct rig_call {
	struct rig *rig;
	struct rig_member *member;
	struct server *server; /* whose log tells whether it was executed */
	unsigned number; /* what it asks for; also its place in the books */
	bool is_accepted;
	bool is_idempotent;
	unsigned told;
	enum stay_status status;
	enum stay_outcome outcome;
	struct stay_call_id id;
	struct stay_from from;
	rig_then_fn *then; /* inside done; NULL: nothing */
};

/* A message or reply with a release. */
struct rig_parcel {
	bool is_accepted;
	unsigned released;
};

/* A connection of any sort; all three are NULL when it could not be started, or
 * has closed. */
struct rig_member {
	struct rig *rig;
	struct stay_redis *redis;
	struct stay_client *client;
	struct stay_conn *conn;
	bool is_begun;
	unsigned started;
	unsigned closed;
	enum stay_status first;  /* what on_started was told */
	enum stay_status reason; /* what on_closed was */
	unsigned seen;           /* for the scenario's behaviour */
};

struct rig {
	struct ev_loop *ev;
	struct stay_loop *loop;
	bool is_inside; /* a public call */
	struct rig_call calls[RIG_CALLS];
	unsigned call_count;
	struct rig_parcel parcels[RIG_CALLS];
	unsigned parcel_count;
	struct rig_member members[RIG_MEMBERS];
	unsigned member_count;
};

/* Short times, for the scenarios. `config` and notices are filled in. */
struct stay_client_options rig_client_options(void);
struct stay_redis_options rig_redis_options(void);
struct stay_conn_options rig_conn_options(void);

/* Options may be NULL. */
struct rig_member *rig_redis(
    struct rig *rig, const char *url, const struct stay_redis_options *options);
struct rig_member *rig_echo(struct rig *rig, const char *url,
    const struct stay_client_options *options);
/* Of the scenario's own protocol, whose config is the member. */
struct rig_member *rig_client(struct rig *rig,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options);
/* `arg` of init is the member. */
struct rig_member *rig_conn(struct rig *rig,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options);

/* A command, printf-like as stay_redis_command; NULL: it was refused. */
struct rig_call *rig_command(struct rig_member *member,
    const struct stay_call_options *options, rig_then_fn *then,
    const char *format, ...) STAY_PRINTF(4, 5);
/* "TAKE n", which is no read: its answer must be n, and `server` logs it. */
struct rig_call *rig_ask(
    struct rig_member *member, struct server *server, rig_then_fn *then);
struct rig_call *rig_ask_with(struct rig_member *member, struct server *server,
    const struct stay_call_options *options, rig_then_fn *then);
void rig_ask_many(
    struct rig_member *member, struct server *server, unsigned count);
/* One call of several: "TAKE n" and this, in a pipeline; or two steps of a
 * transaction, if `server` is NULL. */
struct rig_call *rig_group(
    struct rig_member *member, struct server *server, const char *command);
/* A call of rig_client: encode is given the call. Its reply begins with its number,
 * and `server` logs it. */
struct rig_call *rig_submit(struct rig_member *member, struct server *server,
    const struct stay_call_options *options);
/* The same call twice, as a group; it counts as idempotent. */
struct rig_call *rig_submit_pair(struct rig_member *member,
    struct server *server, const struct stay_call_options *options);
/* So many bytes there and back; at least 1. */
struct rig_call *rig_send(
    struct rig_member *member, size_t len, rig_then_fn *then);
/* handle_call with a message of this tag that has a release. */
struct rig_call *rig_call_conn(
    struct rig_member *member, int tag, uint64_t timeout_ms);
void rig_cast(struct rig_member *member, int tag);
void rig_tell(struct rig_member *member, int tag);
/* One with a release, of which account is kept; then whether it was taken. */
struct stay_message rig_message(struct rig *rig, int tag);
enum stay_status rig_taken(
    struct rig *rig, struct stay_message message, enum stay_status status);
void rig_cancel(struct rig_call *call);
void rig_stop(struct rig_member *member);
void rig_drain(struct rig_member *member, uint64_t budget_ms);
void rig_reconnect(struct rig_member *member);
void rig_explain(struct rig_member *member);

/* Around a public call; in a callback. */
void rig_enter(struct rig *rig);
void rig_leave(struct rig *rig);
void rig_called_back(const struct rig_member *member, const char *what);

/* Let so much virtual time pass, or less if no connection is left. */
void rig_run(struct rig *rig, uint64_t ms);
/* Till every call is told, at most so long. */
void rig_run_told(struct rig *rig, uint64_t ms);
/* Till it is up. */
void rig_run_up(struct rig_member *member);

/* This must be so unless something has really failed. */
void rig_expect(bool holds, const char *what);
/* All calls so far have ended like this; the last `count`. */
void rig_expect_calls(const struct rig *rig, unsigned count,
    enum stay_status status, enum stay_outcome outcome);

/* Stop all that is alive, wait for its end, check the books. */
void rig_finish(struct rig *rig);

#endif
