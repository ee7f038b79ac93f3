/*
 * Upgrades: a connection gets another behaviour and state block, and keeps its
 * stream. run.c decides when that may happen.
 */
#include "conn/upgrade.h"

#include <assert.h>

#include "conn/conn.h"
#include "conn/settings.h"

struct upgrade {
	struct stay__mail mail;
	const struct stay_behaviour *next;
	void *arg;
	stay_upgraded_fn *done;
	void *done_arg;
};

bool
stay__behaviour_is_usable(const struct stay_behaviour *behaviour)
{
	const unsigned known =
	    STAY_CALLS_WHILE_PENDING | STAY_CASTS_WHILE_PENDING;

	return behaviour->size == sizeof(*behaviour) &&
	       behaviour->abi == STAY_ABI && (behaviour->flags & ~known) == 0;
}

static bool
may_upgrade(const struct stay_conn *conn)
{
	enum stay_state state = stay__conn_state(conn);

	return state != STAY_STARTING && state < STAY_STOPPING;
}

enum stay_status
stay_conn_upgrade(struct stay_conn *conn, const struct stay_behaviour *next,
    void *arg, stay_upgraded_fn *done, void *done_arg)
{
	struct upgrade *upgrade;
	enum stay_status status;

	assert(conn != NULL);
	if (next == NULL)
		return STAY_E_ARG;
	if (!stay__behaviour_is_usable(next))
		return STAY_E_ABI;
	if (!may_upgrade(conn))
		return STAY_E_STATE;
	upgrade = stay__zalloc(sizeof(*upgrade));
	if (upgrade == NULL)
		return STAY_E_NOMEM;
	*upgrade = (struct upgrade){ .mail.kind = STAY__MAIL_UPGRADE,
		.next = next,
		.arg = arg,
		.done = done,
		.done_arg = done_arg };
	status = stay__mailbox_add_upgrade(
	    &conn->mail, conn->settings->mailbox_max, &upgrade->mail);
	if (status != STAY_OK)
		stay__free(upgrade);
	return status;
}

/* While a connect or a disconnect is pending: what waits because the old behaviour did
 * not take it, and the new one does. */
static void
let_in(struct stay_conn *conn, unsigned gained)
{
	enum stay_state state = stay__conn_state(conn);
	unsigned kinds = 0;

	if (state != STAY_CONNECTING && state != STAY_DISCONNECTING)
		return;
	if ((gained & STAY_CALLS_WHILE_PENDING) != 0)
		kinds |= STAY__KIND(STAY__MAIL_CALL);
	if ((gained & STAY_CASTS_WHILE_PENDING) != 0)
		kinds |= STAY__KIND(STAY__MAIL_CAST);
	stay__mailbox_recall_kinds(&conn->mail, kinds);
}

static enum stay_status
change_code(struct stay_conn *conn, const struct upgrade *upgrade)
{
	const struct stay_behaviour *next = upgrade->next;
	enum stay_status status;
	void *state;

	if (next->code_change == NULL || stay__conn_client(conn) != NULL)
		return STAY_E_UNSUPPORTED;
	state = stay__conn_new_state(next);
	if (state == NULL)
		return STAY_E_NOMEM;
	status = next->code_change(conn, state, conn->state, upgrade->arg);
	if (status != STAY_OK) {
		stay__free(state);
		return status;
	}
	stay__free(conn->state);
	conn->state = state;
	let_in(conn, next->flags & ~conn->behaviour->flags);
	conn->behaviour = next;
	return STAY_OK;
}

void
stay__upgrade_run(struct stay_conn *conn, struct stay__mail *mail)
{
	struct upgrade *upgrade = STAY__CONTAINER(mail, struct upgrade, mail);
	enum stay_status status = STAY_E_STATE;
	stay_upgraded_fn *done = upgrade->done;
	void *arg = upgrade->done_arg;

	if (stay__conn_state(conn) < STAY_STOPPING) {
		status = change_code(conn, upgrade);
		stay__timing_timeout_restart(conn);
	}
	stay__mailbox_end_upgrade(&conn->mail);
	stay__free(upgrade);
	if (done != NULL)
		done(arg, status);
}
