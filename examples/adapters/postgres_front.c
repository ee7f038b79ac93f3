/*
 * The front of PostgreSQL: what a program calls. A query, a transaction as a group, and
 * the channels that each session listens to anew.
 */
#include "postgres_inside.h"

#include <stdio.h>
#include <string.h>

#define LISTENS_MAX 65536
#define NAME_MAX    63

/* ---- queries and transactions ---- */

enum stay_status
pg_call(struct stay_client *client, const struct pg_request *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct pg_keep *keep = stay_client_keep(client);
	struct pg_request own = *request;

	own.id = ++keep->ids;
	if (options != NULL && options->body != NULL)
		return pg_call_with_body(client, &own, options, done, arg);
	return stay_client_call_with(client, &own, options, done, arg);
}

struct stay_group *
pg_begin(struct stay_client *client)
{
	struct pg_keep *keep = stay_client_keep(client);
	struct pg_request request = { .sql = "BEGIN", .id = ++keep->ids };
	struct stay_group *group = stay_group_new(client);

	(void)stay_group_add(group, &request);
	return group;
}

enum stay_status
pg_commit(struct stay_group *group, const struct stay_call_options *options,
    stay_group_done_fn *done, void *arg)
{
	struct stay_call_options own = { STAY_CALL_OPTIONS };
	struct pg_request request = { .sql = "COMMIT" };

	if (options != NULL)
		own = *options;
	own.flags |= STAY_GROUP_ATOMIC;
	(void)stay_group_add(group, &request);
	return stay_group_send(group, &own, done, arg);
}

/* ---- channels ---- */

enum stay_status
pg_init(void *block, const void *config, const struct stay_url *url)
{
	struct pg_keep *keep = block;

	(void)config;
	(void)url;
	stay_buf_init(&keep->listens, LISTENS_MAX);
	return STAY_OK;
}

void
pg_fini(void *block)
{
	struct pg_keep *keep = block;

	stay_buf_fini(&keep->listens);
}

/* All LISTENs are one query, before any call; then this is asked once more. There is room
 * for the NUL: see listen. */
struct stay_hello
pg_on_up(struct stay_session *session, const struct stay_frame *frame)
{
	const struct pg_config *config = stay_session_config(session);
	const struct pg_session *pg = stay_session_data(session);
	struct pg_keep *keep = stay_session_keep(session);
	char *nul;

	if (frame != NULL && frame->kind != STAY_FRAME_REPLY)
		return stay_hello_retry(pg->error);
	if (frame == NULL && stay_buf_len(&keep->listens) > 0) {
		nul = stay_buf_reserve(&keep->listens, 1);
		*nul = '\0';
		return pg_say(session, 'Q', stay_buf_bytes(&keep->listens).data,
		    stay_buf_len(&keep->listens) + 1, 1);
	}
	if (keep->sessions++ > 0 && config != NULL && config->on_gap != NULL)
		config->on_gap(config->arg);
	return stay_hello_up();
}

void
pg_on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct pg_config *config = stay_session_config(session);

	if (config != NULL && config->on_push != NULL)
		config->on_push(config->arg, frame->reply);
}

/* A name has no quote in it, so that a statement is found only where it stands. */
static enum stay_status
keep_listen(struct pg_keep *keep, const char *sql)
{
	struct stay_bytes all = stay_buf_bytes(&keep->listens);

	return stay_bytes_behind(all, sql).data == NULL
		   ? stay_buf_puts(&keep->listens, sql)
		   : STAY_OK;
}

static enum stay_status
drop_listen(struct pg_keep *keep, const char *sql)
{
	struct stay_bytes all = stay_buf_bytes(&keep->listens);
	struct stay_bytes behind = stay_bytes_behind(all, sql);
	struct stay_buf rest;

	if (behind.data == NULL)
		return STAY_OK;
	stay_buf_init(&rest, LISTENS_MAX);
	if (pg_make_room(&rest, all.len) != STAY_OK)
		return STAY_E_NOMEM;
	stay_buf_append(&rest, all.data, all.len - behind.len - strlen(sql));
	stay_buf_append(&rest, behind.data, behind.len);
	stay_buf_fini(&keep->listens);
	keep->listens = rest;
	return STAY_OK;
}

/* "UNLISTEN "channel";", of which a part is what a LISTEN looks like. */
static enum stay_status
listen(struct stay_client *client, bool on, const char *channel,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_call_options own = { STAY_CALL_OPTIONS };
	struct pg_keep *keep = stay_client_keep(client);
	char sql[NAME_MAX + sizeof("UNLISTEN \"\";")];
	const char *plain = sql + strlen("UN");
	struct pg_request request = { .sql = on ? plain : sql };
	enum stay_status status = STAY_OK;

	if (channel[0] == '\0' || strlen(channel) > NAME_MAX ||
	    strchr(channel, '"') != NULL)
		return STAY_E_ARG;
	if (options != NULL)
		own = *options;
	own.flags |= STAY_IDEMPOTENT;
	snprintf(sql, sizeof(sql), "UNLISTEN \"%s\";", channel);
	if (on)
		status = pg_make_room(&keep->listens, strlen(plain) + 1);
	if (status == STAY_OK)
		status = pg_call(client, &request, &own, done, arg);
	if (status != STAY_OK)
		return status;
	return on ? keep_listen(keep, plain) : drop_listen(keep, plain);
}

enum stay_status
pg_listen(struct stay_client *client, const char *channel,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	return listen(client, true, channel, options, done, arg);
}

enum stay_status
pg_unlisten(struct stay_client *client, const char *channel,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	return listen(client, false, channel, options, done, arg);
}
