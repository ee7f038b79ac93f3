/*
 * Waking: a turn of its own for an adapter that has something to tell, or much to do
 * in shares, whether there is a session or not. Who never asks pays nothing. What
 * the adapter does then is its own.
 */
#include "client/wake.h"

#include "base/mem.h"
#include "client/client.h"

struct stay__wake {
	struct stay__task task;
	struct stay_client *client;
};

/* The last one to be told may be waited for. */
static void
wake(struct stay__task *task)
{
	struct stay__wake *own = STAY__CONTAINER(task, struct stay__wake, task);
	struct stay_client *client = own->client;
	struct stay_session *session = &client->session;

	stay__output_forget(session);
	if (client->profile->protocol.keep.wake(stay__client_keep(client)))
		stay__loop_run_soon(client->loop, &own->task);
	stay__output_forget(session);
	stay__remark_tell(session);
	stay__renew_ask(session);
	stay__output_ask(client);
	stay__output_trim(session);
	stay__conn_nudge(client->conn);
}

enum stay_status
stay__wake_soon(struct stay_client *client)
{
	struct stay__wake *own = client->rare->wake;

	if (own == NULL) {
		own = stay__rare_begin(client) ? stay__zalloc(sizeof(*own))
					       : NULL;
		if (own == NULL)
			return STAY_E_NOMEM;
		stay__task_init(&own->task, wake);
		own->client = client;
		client->rare->wake = own;
	}
	stay__loop_run_soon(client->loop, &own->task);
	return STAY_OK;
}

bool
stay__wake_is_due(const struct stay_client *client)
{
	return client->rare->wake != NULL &&
	       !stay__list_is_empty(&client->rare->wake->task.node);
}

void
stay__wake_fini(struct stay_client *client)
{
	if (client->rare->wake == NULL)
		return;
	stay__task_cancel(&client->rare->wake->task);
	stay__free(client->rare->wake);
	client->rare->wake = NULL;
}
