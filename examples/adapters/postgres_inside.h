/*
 * postgres_inside.h - what the files of the PostgreSQL adapter know of each other.
 *
 *	postgres.c           the adapter: encode, decode, hello, and the vtable
 *	postgres_message.c   messages: how they are written, and the fields in them
 *	postgres_front.c     what a program calls: queries, transactions, channels
 *	postgres_password.c  the part of the greeting that proves the password
 *	postgres_scram.c     SCRAM-SHA-256, which knows nothing of the others
 *	postgres_copy.c      the data of COPY ... FROM STDIN
 *	postgres_cancel.c    cancels what the server is busy with
 */
#ifndef POSTGRES_INSIDE_H
#define POSTGRES_INSIDE_H

#include "postgres.h"
#include "postgres_scram.h"

/* What a call's tag says of it; its number stands above. */
#define PG_EXTENDED 1u
#define PG_COMMIT   2u
#define PG_BODY     4u
#define PG_ID_SHIFT 3

struct pg_keep {
	uint64_t ids;
	uint64_t sessions;
	struct stay_buf listens; /* "LISTEN "a";LISTEN "b";" */
};

struct pg_session {
	struct pg_reply reply;
	/* The greeting. */
	struct pg_scram scram;
	struct stay_later *later; /* the password is worked on in a thread */
	bool asks_tls;
	uint32_t wants; /* how the server wants us to log in */
	bool proves;    /* it must prove that it knows the password */
	bool is_in;
	uint32_t pid; /* of the server's process, and what cancels it */
	uint32_t secret;
	/* The answer, as far as it has come. decode may be given a message once more:
	 * so this is only added to, and forgotten at the first one of the next
	 * answer. */
	bool is_over;
	bool is_bound;  /* the extended query was accepted, and is executed */
	bool has_asked; /* for the data of a COPY */
	bool has_failed;
	char sqlstate[6];
	char tag[64];
	char error[512];
};

/* One that has come whole. */
struct pg_message {
	struct stay_session *session;
	struct pg_session *pg;
	char type;
	struct stay_reader body;
	size_t len; /* with type and length */
};

/* ---- postgres_message.c ---- */

/* Room for so many bytes: then appending them cannot fail. */
enum stay_status pg_make_room(struct stay_buf *out, size_t len);

/* A message in room that was made: its type (0: it has none), its length, its body. The
 * length is filled in at the end; `at` is what pg_start has returned. */
size_t pg_start(struct stay_buf *out, char type);
void pg_finish(struct stay_buf *out, size_t at);
void pg_put(struct stay_buf *out, char type, const void *body, size_t len);

/* Parse, Bind, Describe, Execute, Sync: nothing has a name, all is text. */
void pg_put_extended(struct stay_buf *out, const struct pg_request *pg);

/* On the control lane; so many messages that are replies answer it. */
struct stay_hello pg_say(struct stay_session *session, char type,
    const void *body, size_t len, unsigned replies);

/* What stands in an error or a notice, as C strings; empty: it is not there. */
struct pg_words {
	struct pg_reply reply; /* its text and sqlstate */
	bool is_fatal;         /* the session ends */
};

struct pg_words pg_read_words(struct stay_reader body, enum pg_kind kind);
struct pg_reply pg_read_notify(struct stay_reader *body);

/* Whether a PG_ROW or PG_COLUMNS has as many fields as it says, and nothing else. */
bool pg_fields_fit(const struct pg_reply *reply);

/* The slot: the texts of a reply move in behind its copy. */
size_t pg_retain(struct stay_session *session, struct stay_retain *keep);

/* ---- postgres_front.c ---- */

/* The slots that keep the channels. */
enum stay_status pg_init(
    void *block, const void *config, const struct stay_url *url);
void pg_fini(void *block);
struct stay_hello pg_on_up(
    struct stay_session *session, const struct stay_frame *frame);

/* The slot: to the program's config. */
void pg_on_push(struct stay_session *session, const struct stay_frame *frame);

/* ---- the others ---- */

/* In hello, when the server has asked for a login; with NULL, when the thread is done. */
struct stay_hello pg_log_in(
    struct stay_session *session, const struct stay_frame *frame);

/* CopyInResponse. */
struct stay_frame pg_take_copy_in(struct pg_message *in);

/* Of options that have a body. */
enum stay_status pg_call_with_body(struct stay_client *client,
    const struct pg_request *request, const struct stay_call_options *options,
    stay_done_fn *done, void *arg);

/* The slot. */
void pg_on_given_up(struct stay_session *session, uint64_t tag);

#endif
