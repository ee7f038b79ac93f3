/*
 * Files become a context of OpenSSL, and changed files another one. A stream
 * keeps the context that it began with. This file knows no streams.
 */
#include "tls.h"

#include <openssl/err.h>
#include <string.h>

/* Nobody is asked for a password: there may be no terminal, and no time. */
static int
no_password(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
complain(char *why, size_t len, const char *what, const char *file)
{
	snprintf(why, len, "the %s '%s' cannot be used: %s", what, file,
	    stay_tls__words());
	return false;
}

static bool
trust(SSL_CTX *context, const struct stay_tls *tls, char *why, size_t len)
{
	const char *file = tls->settings[STAY_TLS__CA_FILE];
	const char *dir = tls->settings[STAY_TLS__CA_DIR];

	if (file == NULL && dir == NULL)
		return SSL_CTX_set_default_verify_paths(context) == 1;
	if (file != NULL && SSL_CTX_load_verify_file(context, file) != 1)
		return complain(why, len, "file of authorities", file);
	if (dir != NULL && SSL_CTX_load_verify_dir(context, dir) != 1)
		return complain(why, len, "folder of authorities", dir);
	return true;
}

static bool
introduce(SSL_CTX *context, const struct stay_tls *tls, char *why, size_t len)
{
	const char *cert = tls->settings[STAY_TLS__CERT_FILE];
	const char *key = tls->settings[STAY_TLS__KEY_FILE];

	if (cert == NULL && key == NULL)
		return true;
	if (cert == NULL) {
		snprintf(why, len, "there is a key, and no certificate");
		return false;
	}
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		return complain(why, len, "certificate", cert);
	if (key == NULL)
		key = cert;
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return complain(why, len, "key", key);
	return true;
}

/* "redis,http/1.1" as lengths and names. */
static bool
offer(SSL_CTX *context, const struct stay_tls *tls, char *why, size_t len)
{
	const char *names = tls->settings[STAY_TLS__ALPN];
	unsigned char wire[256];
	size_t at = 0, part;

	if (names == NULL)
		return true;
	for (;; names += part + 1) {
		part = strcspn(names, ",");
		if (part == 0 || at + 1 + part > sizeof(wire)) {
			snprintf(why, len,
			    "alpn has a name that is empty or too long");
			return false;
		}
		wire[at++] = (unsigned char)part;
		memcpy(wire + at, names, part);
		at += part;
		if (names[part] == '\0')
			break;
	}
	return SSL_CTX_set_alpn_protos(context, wire, (unsigned)at) == 0;
}

static void
set_rules(SSL_CTX *context, const struct stay_tls *tls)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(
	    context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(context,
	    tls->verify == STAY_TLS_VERIFY ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
	    NULL);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	SSL_CTX_set_session_cache_mode(
	    context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, stay_tls__ticket_came);
}

SSL_CTX *
stay_tls__context_new(const struct stay_tls *tls, char *why, size_t len)
{
	SSL_CTX *context;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_client_method());
	if (context != NULL)
		set_rules(context, tls);
	if (context != NULL && trust(context, tls, why, len) &&
	    introduce(context, tls, why, len) &&
	    offer(context, tls, why, len)) {
		ERR_clear_error();
		return context;
	}
	SSL_CTX_free(context);
	ERR_clear_error();
	return NULL;
}

void
stay_tls__stamp(
    const struct stay_tls *tls, struct stay_tls__stamp stamps[STAY_TLS__FILES])
{
	struct stat found;

	memset(stamps, 0, STAY_TLS__FILES * sizeof(*stamps));
	for (int i = 0; i < STAY_TLS__FILES; i++) {
		if (tls->settings[i] == NULL ||
		    stat(tls->settings[i], &found) != 0)
			continue;
		stamps[i].changed = found.st_mtim;
		stamps[i].size = found.st_size;
		stamps[i].inode = found.st_ino;
	}
}

/* Files that are not fit for use may be half written: those read before stay, and
 * the next stream looks again. Old tickets would vouch for what the new files may
 * not. */
static void
look_again(struct stay_tls *tls)
{
	struct stay_tls__stamp stamps[STAY_TLS__FILES];
	SSL_CTX *context;
	char why[256];
	bool same;

	stay_tls__stamp(tls, stamps);
	same = memcmp(stamps, tls->stamps, sizeof(stamps)) == 0;
	if (same && !tls->in_doubt)
		return;
	context = stay_tls__context_new(tls, why, sizeof(why));
	if (context == NULL) {
		tls->root->reload_failures += !same;
		return;
	}
	tls->root->reloads += !same;
	tls->in_doubt = false;
	memcpy(tls->stamps, stamps, sizeof(stamps));
	stay_tls__tickets_free(tls);
	SSL_CTX_free(tls->context);
	tls->context = context;
}

/* OpenSSL makes do with less if it has no memory, and says nothing: ciphers and
 * authorities are missing from then on. */
void
stay_tls__doubt(struct stay_tls *tls)
{
	pthread_mutex_lock(&tls->lock);
	tls->in_doubt = true;
	pthread_mutex_unlock(&tls->lock);
}

SSL_CTX *
stay_tls__context(struct stay_tls *tls)
{
	SSL_CTX *context;

	pthread_mutex_lock(&tls->lock);
	look_again(tls);
	context = tls->context;
	SSL_CTX_up_ref(context);
	pthread_mutex_unlock(&tls->lock);
	return context;
}
