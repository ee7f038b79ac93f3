/*
 * The front of libstay-tls: a filter from options, and what a URL makes of it.
 *
 *	context  files become a context of OpenSSL, and changed files another
 *	tickets  the last ticket of each server
 *	stream   one stream: handshake, bytes, end
 *	why      what has failed, in words
 */
#include "tls.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* What options and the query of a URL call the settings; NULL: not in a URL. */
static const struct {
	size_t offset;
	const char *key;
} settings[STAY_TLS__SETTINGS] = {
	[STAY_TLS__CA_FILE] = { offsetof(struct stay_tls_options, ca_file),
	    "cafile" },
	[STAY_TLS__CA_DIR] = { offsetof(struct stay_tls_options, ca_dir),
	    "cadir" },
	[STAY_TLS__CERT_FILE] = { offsetof(struct stay_tls_options, cert_file),
	    "cert" },
	[STAY_TLS__KEY_FILE] = { offsetof(struct stay_tls_options, key_file),
	    "key" },
	[STAY_TLS__SERVER_NAME] = { offsetof(
					struct stay_tls_options, server_name),
	    "servername" },
	[STAY_TLS__ALPN] = { offsetof(struct stay_tls_options, alpn), NULL },
};

static void
destroy(struct stay_tls *tls)
{
	for (int i = 0; i < STAY_TLS__SETTINGS; i++)
		free(tls->settings[i]);
	stay_tls__tickets_free(tls);
	SSL_CTX_free(tls->context);
	BIO_meth_free(tls->method);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

void
stay_tls_free(struct stay_filter *filter)
{
	struct stay_tls *tls = (struct stay_tls *)(void *)filter, *root;

	while (tls != NULL && --tls->refs == 0) {
		root = tls->root != tls ? tls->root : NULL;
		destroy(tls);
		tls = root;
	}
}

/* With its settings copied and nothing read. NULL: no memory. */
static struct stay_tls *
make(const struct stay_tls_options *options, struct stay_tls *root)
{
	struct stay_tls *tls = calloc(1, sizeof(*tls));
	const char *given;
	bool whole;

	if (tls == NULL)
		return NULL;
	tls->filter.ops = &stay_tls__ops;
	tls->refs = 1;
	tls->root = root != NULL ? root : tls;
	if (root != NULL)
		root->refs++;
	tls->verify = options->verify;
	pthread_mutex_init(&tls->lock, NULL);
	tls->method = stay_tls__method();
	whole = tls->method != NULL;
	for (int i = 0; i < STAY_TLS__SETTINGS; i++) {
		memcpy(&given, (const char *)options + settings[i].offset,
		    sizeof(given));
		tls->settings[i] = given == NULL ? NULL : strdup(given);
		whole = whole && (given == NULL) == (tls->settings[i] == NULL);
	}
	if (whole)
		return tls;
	stay_tls_free(&tls->filter);
	return NULL;
}

static enum stay_status
lack_memory(char *why, size_t len)
{
	ERR_clear_error();
	snprintf(why, len, "%s", stay_strerror(STAY_E_NOMEM));
	return STAY_E_NOMEM;
}

static enum stay_status
make_whole(struct stay_filter **filter, const struct stay_tls_options *options,
    struct stay_tls *root, char *why, size_t len)
{
	struct stay_tls *tls = make(options, root);

	*filter = NULL;
	if (tls == NULL)
		return lack_memory(why, len);
	stay_tls__stamp(tls, tls->stamps);
	why[0] = '\0';
	tls->context = stay_tls__context_new(tls, why, len);
	if (tls->context == NULL) {
		if (why[0] == '\0')
			snprintf(why, len, "OpenSSL cannot be used");
		stay_tls_free(&tls->filter);
		return STAY_E_ARG;
	}
	*filter = &tls->filter;
	return STAY_OK;
}

/* The program's struct may be older, and so shorter, than the library's. */
static enum stay_status
take_options(
    struct stay_tls_options *own, const struct stay_tls_options *options)
{
	*own = (struct stay_tls_options){ STAY_TLS_OPTIONS };
	if (options == NULL)
		return STAY_OK;
	if (options->size < sizeof(options->size) ||
	    options->size > sizeof(*own))
		return STAY_E_ABI;
	memcpy(own, options, options->size);
	return own->verify == STAY_TLS_VERIFY ||
		       own->verify == STAY_TLS_VERIFY_NOT
		   ? STAY_OK
		   : STAY_E_ARG;
}

enum stay_status
stay_tls_new(struct stay_filter **filter,
    const struct stay_tls_options *options, char *why, size_t len)
{
	struct stay_tls_options own;
	enum stay_status status;
	char unheard[256];

	if (filter == NULL)
		return STAY_E_ARG;
	*filter = NULL;
	status = take_options(&own, options);
	if (status != STAY_OK) {
		snprintf(why, len, "%s", stay_strerror(status));
		return status;
	}
	return make_whole(filter, &own, NULL, len > 0 ? why : unheard,
	    len > 0 ? len : sizeof(unheard));
}

enum stay_status
stay_tls_add(struct stay_loop *loop, const struct stay_tls_options *options)
{
	struct stay_filter *filter;
	char why[256];
	enum stay_status status =
	    stay_tls_new(&filter, options, why, sizeof(why));

	if (status != STAY_OK) {
		stay_loop_set_rejection(loop, "%s", why);
		return status;
	}
	status = stay_loop_set_filter(loop, filter);
	stay_tls_free(filter);
	return status;
}

/* The settings of `tls`, with those that the query has. How many it has. */
static int
read_query(const struct stay_tls *tls, const struct stay_url *url,
    struct stay_tls_options *options, char *room, size_t size)
{
	const char *value;
	int found = 0;

	*options = (struct stay_tls_options){ STAY_TLS_OPTIONS,
		.verify = tls->verify };
	for (int i = 0; i < STAY_TLS__SETTINGS; i++) {
		value = tls->settings[i];
		if (settings[i].key != NULL &&
		    stay_url_query(url, settings[i].key, room, size) > 0) {
			value = room;
			room += strlen(room) + 1;
			found++;
		}
		memcpy((char *)options + settings[i].offset, &value,
		    sizeof(value));
	}
	return found;
}

enum stay_status
stay_tls__adapt(struct stay_filter *filter, const struct stay_url *url,
    struct stay_filter **adapted, char *why, size_t len)
{
	struct stay_tls *tls = (struct stay_tls *)(void *)filter;
	size_t size = strlen(url->query) + 1;
	char *room = malloc(size * STAY_TLS__SETTINGS);
	struct stay_tls_options options;
	enum stay_status status = STAY_OK;

	if (room == NULL)
		return lack_memory(why, len);
	*adapted = filter;
	if (read_query(tls, url, &options, room, size) == 0)
		tls->refs++;
	else
		status = make_whole(adapted, &options, tls->root, why, len);
	free(room);
	return status == STAY_E_ARG ? STAY_E_URL : status;
}

void
stay_tls_get_counts(
    const struct stay_filter *filter, struct stay_tls_counts *counts)
{
	const struct stay_tls *root =
	    ((const struct stay_tls *)(const void *)filter)->root;
	const struct stay_tls_counts all = { .size = counts->size,
		.handshakes = root->handshakes,
		.resumed = root->resumed,
		.failed = root->failed,
		.reloads = root->reloads,
		.reload_failures = root->reload_failures };
	size_t size = counts->size;

	memcpy(counts, &all, size < sizeof(all) ? size : sizeof(all));
}
