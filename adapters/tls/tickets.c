/*
 * The last ticket of each server, by the name that it has proved to have. A
 * ticket resumes a session without another look at the certificate.
 */
#include <stdlib.h>
#include <string.h>

#include "tls.h"

/* So many servers; the one that was heard of least recently is forgotten. */
#define TICKETS_MAX 64

struct stay_tls__ticket {
	struct stay_tls__ticket *next; /* the latest comes first */
	SSL_SESSION *session;
	char name[];
};

static void
ticket_free(struct stay_tls__ticket *ticket)
{
	SSL_SESSION_free(ticket->session);
	free(ticket);
}

/* Take out the one of this name, and those behind so many others. */
static void
drop(struct stay_tls *tls, const char *name, unsigned most)
{
	struct stay_tls__ticket **at = &tls->tickets, *ticket;
	unsigned count = 0;

	while ((ticket = *at) != NULL) {
		if (strcmp(ticket->name, name) == 0 || count++ >= most) {
			*at = ticket->next;
			ticket_free(ticket);
		} else {
			at = &ticket->next;
		}
	}
}

/* 1: the session is ours. */
int
stay_tls__ticket_came(SSL *ssl, SSL_SESSION *session)
{
	struct stay_tls__stream *stream = SSL_get_app_data(ssl);
	size_t size = strlen(stream->name) + 1;
	struct stay_tls__ticket *ticket = malloc(sizeof(*ticket) + size);
	struct stay_tls *tls = stream->tls;

	if (ticket == NULL)
		return 0;
	memcpy(ticket->name, stream->name, size);
	ticket->session = session;
	pthread_mutex_lock(&tls->lock);
	drop(tls, stream->name, TICKETS_MAX - 1);
	ticket->next = tls->tickets;
	/* A stream of an older context vouches for nothing any more. */
	if (SSL_get_SSL_CTX(ssl) == tls->context)
		tls->tickets = ticket;
	else
		ticket_free(ticket);
	pthread_mutex_unlock(&tls->lock);
	return 1;
}

void
stay_tls__ticket_forget(struct stay_tls *tls, const char *name)
{
	pthread_mutex_lock(&tls->lock);
	drop(tls, name, TICKETS_MAX);
	pthread_mutex_unlock(&tls->lock);
}

SSL_SESSION *
stay_tls__ticket_find(struct stay_tls *tls, const char *name)
{
	struct stay_tls__ticket *ticket = tls->tickets;

	while (ticket != NULL && strcmp(ticket->name, name) != 0)
		ticket = ticket->next;
	return ticket == NULL ? NULL : ticket->session;
}

void
stay_tls__tickets_free(struct stay_tls *tls)
{
	struct stay_tls__ticket *ticket;

	while ((ticket = tls->tickets) != NULL) {
		tls->tickets = ticket->next;
		ticket_free(ticket);
	}
}
