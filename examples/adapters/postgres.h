/*
 * postgres.h - PostgreSQL, as an adapter on the installed headers of stay.
 *
 *	stay_client_start(&client, loop, &pg_protocol,
 *	    "postgres://me:secret@db.example/shop", NULL);
 *
 * With ?sslmode=require it asks the server for TLS (<stay/tls.h>), whose certificate is
 * verified, and sends no word of the login before. ?database=shop names the database
 * where the path is that of a socket.
 *
 *	struct stay_bytes id = { "42", 2 };
 *	struct pg_request request = { "SELECT name FROM item WHERE id = $1",
 *		.params = &id, .param_count = 1 };
 *	struct stay_call_options options = { STAY_CALL_OPTIONS,
 *		.flags = STAY_READ_ONLY, .part = on_part };
 *
 *	pg_call(client, &request, &options, on_done, job);
 *
 * A call is one query, from its first byte to ReadyForQuery. Rows come to `part`, one
 * by one; `done` gets what the whole has become. An error of the server is
 * STAY_E_SERVER with its words and SQLSTATE in `why`, and
 *  - STAY_REFUSED if the server has not begun to execute: the error came before the
 *    parameters were bound, the server only reads (25006), or the transaction had
 *    failed before (25P02);
 *  - STAY_REPLIED otherwise, though most errors have undone all of their query.
 *
 * COPY ... FROM STDIN is a simple query with a body (<stay/body.h>), of a known length
 * or an open one. If the body fails, so does the COPY, and the session goes on. A COPY
 * without a body ends the session: the server would take the next query for data.
 *
 * A call that is cancelled or times out while the server is busy with it is cancelled
 * there, too, over a connection of its own. If it has just ended, its successor may be
 * hit instead, which gets error 57014. The second connection is never TLS: all that it
 * carries is the number of a process, and the secret that cancels its query.
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <stay/client.h>
#include <stay/group.h>

struct pg_request {
	const char *sql;
	/* $1, $2, ... as text; one whose `data` is NULL is an SQL NULL. NULL: a simple
	 * query, which may be several statements; else it is exactly one. */
	const struct stay_bytes *params;
	size_t param_count;
	uint64_t id; /* pg_call sets it */
};

enum pg_kind {
	PG_COLUMNS,  /* part: rows with these columns begin */
	PG_ROW,      /* part */
	PG_COPY,     /* part: a piece of what COPY ... TO STDOUT says */
	PG_COMPLETE, /* part: a statement is done; `text` as below */
	PG_DONE,     /* done: `text` is the last statement's, as "INSERT 0 1" */
	PG_ERROR,    /* done: `text` is the message */
	PG_NOTIFY,   /* push: NOTIFY `name`, `text` */
	PG_NOTICE    /* push: `text` is a message */
};

/* What `done`, `part` and on_push are given. Its bytes live as long as it. */
struct pg_reply {
	enum pg_kind kind;
	char sqlstate[6]; /* PG_ERROR, PG_NOTICE */
	char
	    transaction; /* PG_DONE, PG_ERROR: 'I' in none, 'T' in one, 'E' failed */
	uint16_t count; /* PG_COLUMNS, PG_ROW: see pg_field */
	uint32_t pid;   /* PG_NOTIFY: of the notifying backend */
	struct stay_bytes text;
	struct stay_bytes name;
};

/* The config of a client; it may have none. */
struct pg_config {
	void (*on_push)(void *arg, const struct pg_reply *push);
	/* A new session listens to what the last one did. Notifications that were sent
	 * in between are lost. */
	void (*on_gap)(void *arg);
	void *arg;
};

extern const struct stay_protocol pg_protocol;

/* Submit a query, as stay_client_call_with does. */
enum stay_status pg_call(struct stay_client *client,
    const struct pg_request *request, const struct stay_call_options *options,
    stay_done_fn *done, void *arg);

/* Field `i` of a row, or the name of column `i`: a view. `data` NULL: an SQL NULL. */
struct stay_bytes pg_field(const struct pg_reply *reply, size_t i);

/*
 * A transaction that leaves as one, and is never split over two sessions: BEGIN, what
 * stay_group_add adds (a struct pg_request each), COMMIT. If the session is lost before
 * the COMMIT has left, it is NOT_SENT. If a statement fails, those behind it are refused,
 * and so is the COMMIT: nothing has happened. For one whose next statement depends on the
 * last answer see `session` in struct stay_call_options.
 */
struct stay_group *pg_begin(struct stay_client *client);
enum stay_status pg_commit(struct stay_group *group,
    const struct stay_call_options *options, stay_group_done_fn *done,
    void *arg);

/*
 * Listen to a channel from now on, in every session; or no more. It is also a call,
 * whose `done` tells when this session does. At most 63 bytes without a
 * quote, else STAY_E_ARG; at most 64 KiB in all, else STAY_E_TOO_BIG.
 */
enum stay_status pg_listen(struct stay_client *client, const char *channel,
    const struct stay_call_options *options, stay_done_fn *done, void *arg);
enum stay_status pg_unlisten(struct stay_client *client, const char *channel,
    const struct stay_call_options *options, stay_done_fn *done, void *arg);

#endif
