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
	if (client->wake == NULL) {
		client->wake = stay__zalloc(sizeof(*client->wake));
		if (client->wake == NULL)
			return STAY_E_NOMEM;
		stay__task_init(&client->wake->task, wake);
		client->wake->client = client;
	}
	stay__loop_run_soon(client->loop, &client->wake->task);
	return STAY_OK;
}

bool
stay__wake_is_due(const struct stay_client *client)
{
	return client->wake != NULL &&
	       !stay__list_is_empty(&client->wake->task.node);
}

void
stay__wake_fini(struct stay_client *client)
{
	if (client->wake == NULL)
		return;
	stay__task_cancel(&client->wake->task);
	stay__free(client->wake);
	client->wake = NULL;
}
