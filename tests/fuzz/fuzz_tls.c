/*
 * One stream of libstay-tls under libFuzzer, over memory: a server of OpenSSL, and
 * somebody on the way who cuts, changes, repeats and invents bytes, in the handshake
 * and behind it. Whatever he does, what is opened is what the server has said, in
 * order and from its beginning; a failure says why; and OpenSSL's errors are cleared.
 *
 * The first byte says which version the server speaks, and whether the handshake is
 * over before anything else happens. A deed is two bytes: which one, and a number.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "support/tls_bed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(holds)                                                            \
	do {                                                                   \
		if (!(holds))                                                  \
			abort();                                               \
	} while (0)

#define WAY_MAX  65536
#define SAID_MAX 16384

static struct {
	const uint8_t *at;
	size_t left;
	struct tls_pair pair;
	bool secure, over; /* as the stream has told */
	bool ends;         /* the server has said so */
	char way[WAY_MAX]; /* from the server, not yet at the client */
	size_t way_len;
	char last[WAY_MAX]; /* what reached the client last */
	size_t last_len;
	char in[2 * WAY_MAX]; /* what the client has and has not used */
	char said[SAID_MAX];
	size_t said_len;
	size_t opened;
} it;

/* ---- what the stream must hold to ---- */

static void
failed(void)
{
	const struct stay_filter_io *io = &it.pair.io;

	it.over = true;
	MUST(io->status != STAY_OK && io->why[0] != '\0');
	MUST(memchr(io->why, '\0', sizeof(io->why)) != NULL);
}

static void
step_handshake(void)
{
	struct stay_filter_io *io = &it.pair.io;
	int result = it.pair.filter->ops->secure(it.pair.state, io);

	it.secure = result == 1;
	if (result < 0)
		failed();
	else if (result == 0)
		MUST(io->in.len == 0 && !io->in_ended);
}

static void
check_opened(const char *bytes, size_t len)
{
	MUST(it.opened + len <= it.said_len);
	MUST(memcmp(it.said + it.opened, bytes, len) == 0);
	it.opened += len;
}

static void
step_read(void)
{
	struct stay_filter_io *io = &it.pair.io;
	char room[100];
	ssize_t got;

	do {
		got = it.pair.filter->ops->read(
		    it.pair.state, io, room, sizeof(room));
		if (got > 0)
			check_opened(room, (size_t)got);
	} while (got > 0);
	if (got == -EPROTO) {
		failed();
	} else if (got == 0) {
		MUST(it.ends && it.opened == it.said_len);
		it.over = true;
	} else {
		MUST(got == -EAGAIN && io->in.len == 0 && !io->in_ended);
	}
}

static void
step(void)
{
	if (!it.secure && !it.over)
		step_handshake();
	if (it.secure && !it.over)
		step_read();
	MUST(ERR_peek_error() == 0);
	MUST(stay_buf_len(&it.pair.out) < 256 * 1024);
}

/* What the client has not used lies before it. */
static void
reach_client(const char *bytes, size_t len)
{
	struct stay_filter_io *io = &it.pair.io;

	if (it.over || io->in_ended)
		return;
	MUST(io->in.len + len <= sizeof(it.in));
	memmove(it.in, io->in.data, io->in.len);
	memmove(it.in + io->in.len, bytes, len);
	io->in = (struct stay_bytes){ it.in, io->in.len + len };
	step();
}

/* ---- the server ---- */

static void
drain_server(void)
{
	int len = BIO_read(SSL_get_wbio(it.pair.server), it.way + it.way_len,
	    (int)(WAY_MAX - it.way_len));

	it.way_len += len > 0 ? (size_t)len : 0;
	ERR_clear_error();
}

static void
serve(void)
{
	struct stay_bytes out = stay_buf_bytes(&it.pair.out);
	char unheard[256];

	BIO_write(SSL_get_rbio(it.pair.server), out.data, (int)out.len);
	stay_buf_take(&it.pair.out, out.len);
	if (SSL_do_handshake(it.pair.server) == 1)
		while (SSL_read(it.pair.server, unheard, sizeof(unheard)) > 0)
			;
	drain_server();
}

static void
server_says(size_t len)
{
	if (!SSL_is_init_finished(it.pair.server) || it.ends || len == 0 ||
	    it.said_len + len > SAID_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		it.said[it.said_len + i] = (char)(it.said_len + i);
	if (SSL_write(it.pair.server, it.said + it.said_len, (int)len) > 0)
		it.said_len += len;
	drain_server();
}

static void
server_ends(size_t number)
{
	(void)number;
	if (!SSL_is_init_finished(it.pair.server))
		return;
	it.ends = true;
	SSL_shutdown(it.pair.server);
	drain_server();
}

/* Another key, or a second handshake, which is refused. */
static void
server_renews(size_t number)
{
	if (!SSL_is_init_finished(it.pair.server))
		return;
	if (SSL_version(it.pair.server) == TLS1_3_VERSION)
		SSL_key_update(
		    it.pair.server, number % 2 ? SSL_KEY_UPDATE_REQUESTED
					       : SSL_KEY_UPDATE_NOT_REQUESTED);
	else
		SSL_renegotiate(it.pair.server);
	SSL_do_handshake(it.pair.server);
	drain_server();
}

/* ---- the way ---- */

static void
move(size_t len)
{
	serve();
	if (len > it.way_len || len == 0)
		len = it.way_len;
	memcpy(it.last, it.way, len);
	it.last_len = len;
	it.way_len -= len;
	memmove(it.way, it.way + len, it.way_len);
	reach_client(it.last, len);
	serve();
}

static void
change(size_t at)
{
	if (at < it.way_len && it.left > 0) {
		it.way[at] = (char)(it.way[at] ^ *it.at++);
		it.left--;
	}
}

static void
lose(size_t len)
{
	if (len > it.way_len)
		len = it.way_len;
	it.way_len -= len;
	memmove(it.way, it.way + len, it.way_len);
}

static void
repeat(size_t number)
{
	(void)number;
	reach_client(it.last, it.last_len);
}

static void
invent(size_t len)
{
	if (len > it.left)
		len = it.left;
	it.at += len;
	it.left -= len;
	reach_client((const char *)it.at - len, len);
}

static void
cut(size_t number)
{
	(void)number;
	if (it.over || it.pair.io.in_ended)
		return;
	it.pair.io.in_ended = true;
	step();
}

/* ---- the client ---- */

static void
client_says(size_t len)
{
	char bytes[256] = "";

	if (!it.secure || it.over || len == 0)
		return;
	if (!it.pair.filter->ops->write(it.pair.state, &it.pair.io, bytes, len))
		failed();
	MUST(ERR_peek_error() == 0);
}

static void
client_ends(size_t number)
{
	(void)number;
	if (it.secure && !it.over)
		it.pair.filter->ops->shutdown(it.pair.state, &it.pair.io);
	MUST(ERR_peek_error() == 0);
}

static void
run_deeds(void)
{
	static void (*const deeds[])(size_t number) = { move, change, lose,
		repeat, invent, cut, server_says, server_ends, server_renews,
		client_says, client_ends };
	size_t which, number;

	while (it.left >= 2) {
		which = it.at[0] % (sizeof(deeds) / sizeof(deeds[0]));
		number = it.at[1];
		it.at += 2;
		it.left -= 2;
		deeds[which](number);
	}
}

/* ---- one input ---- */

static struct tls_id id;
static SSL_CTX *contexts[2]; /* of the server, by version */
static struct stay_tls_options options = { STAY_TLS_OPTIONS };

static void
make_once(void)
{
	static char path[256];
	char base[240];

	if (id.cert != NULL)
		return;
	id = tls_id_new(
	    &(struct tls_terms){ .san = "DNS:a", .authority = true }, NULL);
	snprintf(base, sizeof(base), "%s/fuzz", tls_folder());
	tls_id_save(&id, base, NULL);
	snprintf(path, sizeof(path), "%s.pem", base);
	options.ca_file = path;
}

static void
begin(uint8_t kind)
{
	const int version = kind % 2 ? TLS1_2_VERSION : TLS1_3_VERSION;
	const struct tls_server server = {
		.id = &id, .min = version, .max = version
	};
	struct stay_filter *filter;
	char why[256];

	memset(&it, 0, sizeof(it));
	MUST(stay_tls_new(&filter, &options, why, sizeof(why)) == STAY_OK);
	it.pair.context = contexts[kind % 2];
	tls_pair_begin(&it.pair, filter, "a", &server);
	contexts[kind % 2] = it.pair.context;
	MUST(it.pair.state != NULL);
	step();
	if (kind & 2) {
		for (int i = 0; i < 4; i++)
			move(0);
		MUST(it.secure);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 4096)
		return 0;
	make_once();
	begin(data[0]);
	it.at = data + 1;
	it.left = size - 1;
	run_deeds();
	tls_pair_end(&it.pair);
	stay_tls_free(it.pair.filter);
	return 0;
}
