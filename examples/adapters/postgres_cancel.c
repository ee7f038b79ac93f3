/*
 * To cancel a query is to say so on a second connection, which has no greeting: the
 * number of the server's process and a secret, and then the server closes it. So it is
 * a protocol of its own, with one request and no answer.
 */
#include "postgres_inside.h"

#include <string.h>

#define CANCEL_CODE 80877102
#define BUDGET_MS   5000

struct cancel {
	uint32_t pid;
	uint32_t secret;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct cancel *cancel = request->data;
	enum stay_status status = pg_make_room(out, 16);

	if (status != STAY_OK)
		return status;
	stay_buf_u32(out, 16);
	stay_buf_u32(out, CANCEL_CODE);
	stay_buf_u32(out, cancel->pid);
	stay_buf_u32(out, cancel->secret);
	request->replies = 0;
	return STAY_OK;
}

/* The server says why it can't; the query goes on. */
static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	(void)session;
	return stay_frame_skip(in.len);
}

static const struct stay_protocol cancel_protocol = {
	STAY_PROTOCOL,
	.name = "postgres",
	.alias = "postgresql",
	.port = "5432",
	.encode = encode,
	.decode = decode,
};

/* At the same server, and only once. If it can't be done, the query just goes on. */
static void
cancel_now(struct stay_session *session, const char *url)
{
	const struct pg_session *pg = stay_session_data(session);
	const struct cancel cancel = { pg->pid, pg->secret };
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.label = "cancel", .backoff = { .attempts_max = 1 } };
	struct stay_loop *loop =
	    stay_conn_loop(stay_client_conn(stay_session_client(session)));
	struct stay_client *second;

	if (stay_client_start(&second, loop, &cancel_protocol, url, &options) !=
	    STAY_OK)
		return;
	if (stay_client_call(second, &cancel, NULL, NULL) == STAY_OK)
		stay_client_drain(second, BUDGET_MS);
	else
		stay_client_stop(second, STAY_OK);
}

/* What stands behind others will be answered before the server sees a cancel, which
 * would hit what it is busy with. */
void
pg_on_given_up(struct stay_session *session, uint64_t tag)
{
	const uint64_t *oldest = stay_session_oldest(session);
	char url[512];
	int len = stay_session_peer(session, url, sizeof(url));

	if (oldest != NULL && *oldest == tag && len > 0 &&
	    (size_t)len < sizeof(url))
		cancel_now(session, url);
}
