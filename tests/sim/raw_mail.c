/*
 * What is sent to a raw behaviour: calls, casts, messages and upgrades, each
 * told or released exactly once.
 */
#include <stdlib.h>

#include "conn/conn.h"
#include "raw.h"

/* What is sent to it, and released once. */
struct token {
	struct stay__list node;
	struct raw *raw;
	bool call;
	bool done;
	bool released;
};

/* ---- tokens ---- */

static struct token *
token_new(struct raw *raw, bool call)
{
	struct token *token = sim_alloc(sizeof(*token));

	token->raw = raw;
	token->call = call;
	stay__list_init(&token->node);
	stay__list_push(&raw->tokens, &token->node);
	return token;
}

static void
token_free(struct token *token)
{
	stay__list_remove(&token->node);
	free(token);
}

static void
token_settle(struct token *token)
{
	if (token->released && (token->done || !token->call))
		token_free(token);
}

static void
on_release(void *data)
{
	struct token *token = data;

	if (token->released)
		broken(10, "a message is released twice");
	token->released = true;
	token->raw->letters--;
	token_settle(token);
}

static void
on_called(void *arg, const struct stay_reply *reply)
{
	struct token *token = arg;
	struct raw *raw = token->raw;

	called_back(the_run);
	sim_note(the_run->sim, "called", raw->user->index, reply->status);
	if (token->done)
		broken(1, "a call is answered twice");
	token->done = true;
	raw->calling--;
	token_settle(token);
	act_inside(the_run, raw->user);
	call_is_back(the_run);
}

/* ---- upgrades ---- */

struct upgrade {
	struct stay__list node;
	struct raw *raw;
	unsigned version;
	bool told;
};

/* One that comes too late is told so, one that is refused why. */
static void
check_upgraded(const struct upgrade *upgrade, enum stay_status status)
{
	const struct raw *raw = upgrade->raw;
	enum stay_state state = (enum stay_state)raw->user->state[0];

	if (status == STAY_OK && raw->version != upgrade->version)
		broken(1, "raw %u is upgraded, and is not", raw->user->index);
	if (status == STAY_E_STATE && state < STAY_STOPPING)
		broken(1, "raw %u cannot be upgraded while %s",
		    raw->user->index, stay_state_name(state));
	if (status != STAY_OK && status != STAY_E_STATE &&
	    status != STAY_E_NOT_READY &&
	    !(status == STAY_E_NOMEM && memory.failed > 0))
		broken(1, "raw %u is not upgraded: %s", raw->user->index,
		    stay_status_name(status));
}

static void
on_upgraded(void *arg, enum stay_status status)
{
	struct upgrade *upgrade = arg;
	struct raw *raw = upgrade->raw;

	called_back(the_run);
	sim_note(the_run->sim, "upgraded", raw->user->index, status);
	if (upgrade->told)
		broken(1, "an upgrade is told twice");
	upgrade->told = true;
	raw->upgrading--;
	check_upgraded(upgrade, status);
	the_run->figures->upgrades += status == STAY_OK;
	if (raw->times_out && status != STAY_E_STATE)
		raw_time_out(raw, raw->timeout_ms);
	act_inside(the_run, raw->user);
	call_is_back(the_run);
}

static void
upgrade(struct raw *raw)
{
	struct run *run = the_run;
	struct upgrade *upgrade = sim_alloc(sizeof(*upgrade));
	unsigned state = raw->user->state[0];
	enum stay_status status;

	upgrade->raw = raw;
	upgrade->version = draw_below(run, RAW_VERSIONS);
	stay__list_init(&upgrade->node);
	calling(run, true);
	status = stay_conn_upgrade(raw->conn, &raw_behaviours[upgrade->version],
	    upgrade, on_upgraded, upgrade);
	calling(run, false);
	sim_note(run->sim, "upgrade", raw->user->index, status);
	if (status == STAY_OK) {
		stay__list_push(&raw->upgrades, &upgrade->node);
		raw->upgrading++;
	}
	if (status == STAY_OK
		? raw->upgrading > raw->mailbox_max
		: status == STAY_E_FULL && raw->upgrading < raw->mailbox_max)
		broken(7, "raw %u has %zu upgrades, and is told %s",
		    raw->user->index, raw->upgrading, stay_status_name(status));
	if (status == STAY_OK)
		return;
	if (status != STAY_E_FULL &&
	    !(status == STAY_E_NOMEM && memory.failed > 0) &&
	    !(status == STAY_E_STATE &&
		(state == STAY_STARTING || state >= STAY_STOPPING)))
		broken(1, "an upgrade is refused with %s",
		    stay_status_name(status));
	free(upgrade);
}

/* ---- sending ---- */

/* To the letter. */
static void
check_mailbox(const struct token *token, size_t before, enum stay_status status)
{
	const struct raw *raw = token->raw;
	bool full = before >= raw->mailbox_max ||
		    (token->call && raw->calling >= raw->callers_max);

	if (status == STAY_OK ? full : status == STAY_E_FULL && !full)
		broken(7,
		    "raw %u has %zu letters and %zu open calls, and is told %s",
		    raw->user->index, before, raw->calling,
		    stay_status_name(status));
}

static void
accept_or_free(struct token *token, size_t before, enum stay_status status)
{
	sim_note(the_run->sim, "mail", token->raw->user->index, status);
	check_mailbox(token, before, status);
	if (status == STAY_OK) {
		token->raw->letters++;
		token->raw->calling += token->call;
		return;
	}
	if (status != STAY_E_FULL && status != STAY_E_DRAINING &&
	    status != STAY_E_NOMEM)
		broken(1, "a message is refused with %s",
		    stay_status_name(status));
	token_free(token);
}

static void
answer(struct raw *raw)
{
	enum stay_status status;

	raw->waits = false;
	status = stay_from_answer(
	    the_run->loop, raw->from, stay_reply_status(STAY_OK));
	sim_note(the_run->sim, "answer", raw->user->index, status);
}

/* 0: a call, 1: a cast, else a message. */
static void
send_letter(struct raw *raw, unsigned which)
{
	struct run *run = the_run;
	struct token *token = token_new(raw, which == 0);
	struct stay_message message = {
		.tag = (int)which, .data = token, .release = on_release
	};
	size_t before = raw->conn->mail.messages;
	enum stay_status status;

	calling(run, true);
	if (which == 0)
		status = stay_conn_call(raw->conn, message,
		    draw_between(run, 1, 1000), on_called, token, NULL);
	else if (which == 1)
		status = stay_conn_cast(raw->conn, message);
	else
		status = stay_conn_send(raw->conn, message);
	calling(run, false);
	accept_or_free(token, before, status);
}

void
raw_act(struct user *user)
{
	struct raw *raw = user->raw;
	unsigned which = draw_below(user->run, 7);

	if (raw == NULL || raw->conn == NULL)
		return;
	if (which == 6)
		upgrade(raw);
	else if (which == 5)
		raw_send_some(raw, SIZE_MAX);
	else if (which == 4 && raw->waits)
		answer(raw);
	else
		send_letter(raw, which);
}

void
raw_mail_close(struct raw *raw)
{
	struct stay__list *node;

	if (!stay__list_is_empty(&raw->tokens))
		broken(1, "raw %u is closed and mail or calls are left",
		    raw->user->index);
	while ((node = stay__list_pop(&raw->upgrades)) != NULL) {
		struct upgrade *upgrade =
		    STAY__CONTAINER(node, struct upgrade, node);

		if (!upgrade->told)
			broken(1, "an upgrade is never told");
		free(upgrade);
	}
}
