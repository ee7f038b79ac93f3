/* Keeping books. Knows the public interface only. */
#include "rig.h"

#include <stdlib.h>

#include "fault.h"

/* No run waits so often, unless it goes round in circles. */
#define WAITS_MAX 20000

/* How long the end may take: far more than every budget in use. */
#define END_MS 8000

void
rig_enter(struct rig *rig)
{
	rig->is_inside = true;
}

void
rig_leave(struct rig *rig)
{
	rig->is_inside = false;
}

void
rig_called_back(const struct rig_member *member, const char *what)
{
	if (member->rig->is_inside)
		fault_violation("%s inside a public call", what);
	if (member->closed > 0)
		fault_violation("%s after closed", what);
}

/* ---- connections ---- */

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct rig_member *member = arg;

	(void)conn;
	rig_called_back(member, "on_started");
	member->first = status;
	member->started++;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct rig_member *member = arg;

	(void)conn;
	rig_called_back(member, "on_closed");
	member->reason = reason;
	member->closed++;
	member->redis = NULL;
	member->client = NULL;
	member->conn = NULL;
}

static struct rig_member *
member_new(struct rig *rig)
{
	struct rig_member *member = &rig->members[rig->member_count];

	if (rig->member_count++ == RIG_MEMBERS)
		abort();
	*member = (struct rig_member){ .rig = rig };
	return member;
}

/* Refused for a reason, and only for one. */
static void
member_begun(struct rig_member *member, enum stay_status status)
{
	rig_leave(member->rig);
	member->is_begun = status == STAY_OK;
	rig_expect(member->is_begun, "it starts");
}

struct stay_client_options
rig_client_options(void)
{
	return (struct stay_client_options){
		STAY_CLIENT_OPTIONS,
		.backoff = stay_backoff_exponential(5, 40),
		.connect_budget_ms = 200,
		.call_timeout_ms = 1000,
		.stop_budget_ms = 100,
		.fatal_backoff_ms = 100,
		.probe_ms = STAY_FOREVER,
		.silence_ms = 400,
	};
}

struct stay_redis_options
rig_redis_options(void)
{
	return (struct stay_redis_options){
		STAY_REDIS_OPTIONS,
		.client = rig_client_options(),
	};
}

struct stay_conn_options
rig_conn_options(void)
{
	return (struct stay_conn_options){
		STAY_CONN_OPTIONS,
		.call_timeout_ms = 1000,
		.stop_budget_ms = 100,
		.backoff = stay_backoff_exponential(5, 40),
	};
}

static void
notices(struct stay_client_options *options, struct rig_member *member)
{
	options->on_started = on_started;
	options->on_closed = on_closed;
	options->arg = member;
}

struct rig_member *
rig_redis(
    struct rig *rig, const char *url, const struct stay_redis_options *options)
{
	struct stay_redis_options ours =
	    options != NULL ? *options : rig_redis_options();
	struct rig_member *member = member_new(rig);
	enum stay_status status;

	notices(&ours.client, member);
	rig_enter(rig);
	status = stay_redis_start(&member->redis, rig->loop, url, &ours);
	if (status == STAY_OK) {
		member->client = stay_redis_client(member->redis);
		member->conn = stay_redis_conn(member->redis);
	}
	member_begun(member, status);
	return member;
}

struct rig_member *
rig_echo(
    struct rig *rig, const char *url, const struct stay_client_options *options)
{
	struct stay_client_options ours =
	    options != NULL ? *options : rig_client_options();
	struct rig_member *member = member_new(rig);
	enum stay_status status;

	notices(&ours, member);
	rig_enter(rig);
	status = stay_echo_start(&member->client, rig->loop, url, &ours);
	if (status == STAY_OK)
		member->conn = stay_client_conn(member->client);
	member_begun(member, status);
	return member;
}

struct rig_member *
rig_client(struct rig *rig, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options)
{
	struct stay_client_options ours =
	    options != NULL ? *options : rig_client_options();
	struct rig_member *member = member_new(rig);
	enum stay_status status;

	notices(&ours, member);
	ours.config = member;
	rig_enter(rig);
	status =
	    stay_client_start(&member->client, rig->loop, protocol, url, &ours);
	if (status == STAY_OK)
		member->conn = stay_client_conn(member->client);
	member_begun(member, status);
	return member;
}

struct rig_member *
rig_conn(struct rig *rig, const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct stay_conn_options ours =
	    options != NULL ? *options : rig_conn_options();
	struct rig_member *member = member_new(rig);

	ours.on_started = on_started;
	ours.on_closed = on_closed;
	ours.arg = member;
	rig_enter(rig);
	member_begun(member, stay_conn_start(&member->conn, rig->loop,
				 behaviour, member, &ours));
	return member;
}

void
rig_stop(struct rig_member *member)
{
	if (member->conn == NULL)
		return;
	rig_enter(member->rig);
	stay_conn_stop(member->conn, STAY_OK);
	rig_leave(member->rig);
}

void
rig_drain(struct rig_member *member, uint64_t budget_ms)
{
	if (member->conn == NULL)
		return;
	rig_enter(member->rig);
	stay_conn_drain(member->conn, budget_ms);
	rig_leave(member->rig);
}

void
rig_reconnect(struct rig_member *member)
{
	if (member->conn == NULL)
		return;
	rig_enter(member->rig);
	stay_conn_reconnect(member->conn, STAY_E_RECONNECT);
	rig_leave(member->rig);
}

void
rig_explain(struct rig_member *member)
{
	char text[1024];

	if (member->conn == NULL)
		return;
	rig_enter(member->rig);
	if (stay_conn_explain(member->conn, text, sizeof(text)) <= 0)
		fault_violation("nothing is explained");
	rig_leave(member->rig);
}

/* ---- time ---- */

/* One wait; false: it is over. */
static bool
run_once(struct rig *rig)
{
	if (stay_loop_live(rig->loop) == 0)
		return false;
	if (fault_waits() > WAITS_MAX) {
		fault_violation("it hangs: %d waits", WAITS_MAX);
		return false;
	}
	ev_run(rig->ev, EVRUN_ONCE);
	return true;
}

void
rig_run(struct rig *rig, uint64_t ms)
{
	uint64_t end = fault_now_ms() + ms;

	fault_stop_at_ms(end);
	while (fault_now_ms() < end && run_once(rig))
		continue;
}

static bool
all_told(const struct rig *rig)
{
	for (unsigned i = 0; i < rig->call_count; i++)
		if (rig->calls[i].is_accepted && rig->calls[i].told == 0)
			return false;
	return true;
}

void
rig_run_told(struct rig *rig, uint64_t ms)
{
	uint64_t end = fault_now_ms() + ms;

	fault_stop_at_ms(end);
	while (!all_told(rig) && fault_now_ms() < end && run_once(rig))
		continue;
}

static bool
is_up(const struct rig_member *member)
{
	return member->conn == NULL ||
	       stay_conn_state(member->conn) == STAY_CONNECTED;
}

void
rig_run_up(struct rig_member *member)
{
	uint64_t end = fault_now_ms() + 500;

	fault_stop_at_ms(end);
	while (!is_up(member) && fault_now_ms() < end && run_once(member->rig))
		continue;
	rig_expect(is_up(member), "it comes up");
}

/* ---- what must be ---- */

void
rig_expect(bool holds, const char *what)
{
	if (!holds && !fault_may_show())
		fault_violation("not so: %s", what);
}

void
rig_expect_calls(const struct rig *rig, unsigned count, enum stay_status status,
    enum stay_outcome outcome)
{
	if (fault_may_show())
		return;
	if (rig->call_count < count)
		fault_violation("%u calls, not %u", rig->call_count, count);
	for (unsigned i = rig->call_count - count; i < rig->call_count; i++)
		if (rig->calls[i].told != 1 || rig->calls[i].status != status ||
		    rig->calls[i].outcome != outcome)
			fault_violation("call %u: told %u times, %s, %s", i,
			    rig->calls[i].told,
			    stay_status_name(rig->calls[i].status),
			    stay_outcome_name(rig->calls[i].outcome));
}

/* Promises 1 and 3. */
static void
call_check(const struct rig_call *call)
{
	unsigned executed =
	    call->server == NULL ? 0 : call->server->executed[call->number];

	if (call->told != (call->is_accepted ? 1u : 0u))
		fault_violation("call %u, %s, was told %u times", call->number,
		    call->is_accepted ? "accepted" : "refused", call->told);
	if (call->server == NULL)
		return;
	if (executed > 1 && !call->is_idempotent)
		fault_violation(
		    "call %u was executed %u times", call->number, executed);
	if (executed > 0 &&
	    (!call->is_accepted || call->outcome == STAY_NOT_SENT))
		fault_violation(
		    "call %u was executed, and is not to be", call->number);
	if (executed == 0 && call->told == 1 && call->status == STAY_OK)
		fault_violation("call %u was never executed", call->number);
}

static void
member_check(const struct rig_member *member)
{
	unsigned times = member->is_begun ? 1 : 0;

	if (member->closed != times)
		fault_violation("it closed %u times", member->closed);
	if (member->started != times)
		fault_violation("on_started came %u times", member->started);
}

static void
parcel_check(const struct rig_parcel *parcel)
{
	if (parcel->released != (parcel->is_accepted ? 1u : 0u))
		fault_violation("a message, %s, was released %u times",
		    parcel->is_accepted ? "accepted" : "refused",
		    parcel->released);
}

void
rig_finish(struct rig *rig)
{
	rig_enter(rig);
	stay_loop_stop(rig->loop, STAY_OK);
	rig_leave(rig);
	rig_run(rig, END_MS);
	if (stay_loop_live(rig->loop) > 0) {
		fault_violation("it does not stop");
		return;
	}
	for (unsigned i = 0; i < rig->call_count; i++)
		call_check(&rig->calls[i]);
	for (unsigned i = 0; i < rig->member_count; i++)
		member_check(&rig->members[i]);
	for (unsigned i = 0; i < rig->parcel_count; i++)
		parcel_check(&rig->parcels[i]);
}
