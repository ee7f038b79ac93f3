/*
 * The password: both sides prove that they know it. The messages of PostgreSQL that carry
 * SCRAM, whose proof takes thousands of hashes: those are the work of a thread of its own.
 */
#include "postgres_inside.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define FEW_ROUNDS 64 /* take no longer than a thread takes to start */

/* What an authentication message asks for. */
enum { ASKS_SASL = 10, SASL_CONTINUES = 11, SASL_IS_FINAL = 12 };

/* The server's mechanisms are strings, one behind the other. */
static bool
offers(struct stay_bytes mechanisms, const char *wanted)
{
	struct stay_reader rest = stay_reader_of(mechanisms);

	while (rest.rest.len > 0)
		if (stay_bytes_is(stay_reader_string(&rest), wanted))
			return true;
	return false;
}

static struct stay_hello
say_first(struct stay_session *session, struct pg_session *pg)
{
	static const char mechanism[] = "SCRAM-SHA-256";
	char first[PG_SCRAM_TEXT], text[2 * PG_SCRAM_TEXT];
	int len;

	if (!offers(pg->reply.text, mechanism))
		return stay_hello_denied("the server has no SCRAM-SHA-256");
	if (stay_session_url(session)->password[0] == '\0')
		return stay_hello_denied("the URL has no password");
	if (!pg_scram_first(&pg->scram, first))
		return stay_hello_retry("no random numbers");
	pg->proves = true;
	len = snprintf(text, sizeof(text), "%s%c%c%c%c%c%s", mechanism, 0, 0, 0,
	    0, (int)strlen(first), first);
	return pg_say(session, 'p', text, (size_t)len, 1);
}

struct job {
	struct pg_scram scram;
	bool is_well;
	char password[];
};

static void *
derive(void *arg)
{
	struct stay_later *later = arg;
	struct job *job = stay_later_data(later);

	job->is_well = pg_scram_derive(&job->scram, job->password);
	explicit_bzero(job->password, strlen(job->password));
	OPENSSL_thread_stop(); /* nothing of it is left when the loop goes on */
	stay_later_resume(later);
	stay_later_free(later);
	return NULL;
}

static struct stay_hello
derive_in_a_thread(struct stay_session *session, struct pg_session *pg)
{
	const char *password = stay_session_url(session)->password;
	struct job *job;
	pthread_t thread;

	pg->later =
	    stay_session_later(session, sizeof(*job) + strlen(password) + 1);
	if (pg->later == NULL)
		return stay_hello_later(NULL);
	job = stay_later_data(pg->later);
	job->scram = pg->scram;
	memcpy(job->password, password, strlen(password) + 1);
	if (pthread_create(&thread, NULL, derive, pg->later) != 0) {
		stay_later_free(pg->later);
		return stay_hello_retry("no thread for the password");
	}
	pthread_detach(thread);
	return stay_hello_later(pg->later);
}

/* It is answered twice: with the server's own proof, and when it is ready. */
static struct stay_hello
say_proof(struct stay_session *session, struct pg_session *pg, bool is_well)
{
	char text[2 * PG_SCRAM_TEXT];

	if (!is_well || !pg_scram_proof(&pg->scram, text))
		return stay_hello_retry("no memory to prove the password");
	return pg_say(session, 'p', text, strlen(text), 2);
}

static struct stay_hello
answer(struct stay_session *session, struct pg_session *pg)
{
	switch (pg->wants) {
	case ASKS_SASL:
		return say_first(session, pg);
	case SASL_CONTINUES:
		if (!pg->proves ||
		    !pg_scram_challenge(&pg->scram, pg->reply.text))
			return stay_hello_bad(
			    "a challenge that makes no sense");
		if (pg->scram.rounds > FEW_ROUNDS)
			return derive_in_a_thread(session, pg);
		return say_proof(session, pg,
		    pg_scram_derive(
			&pg->scram, stay_session_url(session)->password));
	case SASL_IS_FINAL:
		if (!pg_scram_verify(&pg->scram, pg->reply.text))
			return stay_hello_bad(
			    "the server does not know the password");
		pg->proves = false;
		return stay_hello_wait();
	default:
		return stay_hello_denied("the server wants another login than "
					 "SCRAM-SHA-256");
	}
}

struct stay_hello
pg_log_in(struct stay_session *session, const struct stay_frame *frame)
{
	struct pg_session *pg = stay_session_data(session);
	const struct job *job;

	if (frame != NULL)
		return answer(session, pg);
	job = stay_later_data(pg->later);
	pg->scram = job->scram;
	return say_proof(session, pg, job->is_well);
}
