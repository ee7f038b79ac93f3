/*
 * A scripted peer: a server that does as it is told, by a table that its test
 * shows. The first row that a request begins with says what happens.
 *
 *	static const struct peer_row rows[] = {
 *		ON(PEER_ACCEPTS, "+welcome\r\n"),
 *		ON_FIRST(2, "HELLO", PEER_CLOSES),
 *		ON("GET slow", PEER_LATE("20") "$1\r\nv\r\n"),
 *		ON("GET", "$1\r\nv\r\n"),
 *		ON("QUIT", "+OK\r\n" PEER_SHUTS),
 *		DO("ECHO", echo),
 *		ON(PEER_ANYTHING, "+OK\r\n"),
 *		NO_MORE
 *	};
 *	struct peer peer = { .rows = rows, .reads = peer_reads_commands };
 *
 * It listens in the virtual world (peer_virtual.h) or at a real socket
 * (peer_loopback.h): both carry the same script. What is in no row is not
 * answered. What a peer knows of one connection is in its `peer_end`.
 */
#ifndef STAY_TESTS_PEER_SCRIPT_H
#define STAY_TESTS_PEER_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;
struct peer_end;
struct toy_end;
struct toy_terms;
struct wire_seal;

/* ---- what is asked ---- */

#define PEER_WORDS_MAX 16
#define PEER_ROWS_MAX  16
#define PEER_LOG_MAX   8192

struct peer_word {
	const char *text;
	size_t len;
};

struct peer_request {
	struct peer_word words[PEER_WORDS_MAX]; /* the first of them */
	size_t count;
};

/* The first request in what has come: how many bytes, 0: it is not whole. */
typedef size_t peer_read_fn(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request);

peer_read_fn peer_reads_bytes;    /* whatever there is, as one word */
peer_read_fn peer_reads_lines;    /* a line, as one word */
peer_read_fn peer_reads_commands; /* of Redis, strictly */

/* ---- what happens then ---- */

typedef void peer_act_fn(
    struct peer_end *end, const struct peer_request *request);

struct peer_row {
	const char *request; /* its first bytes, words apart by blanks */
	const char *answer;  /* bytes and what is below, in order */
	peer_act_fn *act;    /* called before; NULL: nothing */
	unsigned times;      /* and then it is no row any more; 0: always */
	bool unlogged;
};

#define ON(asked, said) ON_FIRST(0, asked, said)
#define ON_FIRST(often, asked, said)                                           \
	{                                                                      \
		.request = (asked), .answer = (said), .times = (often)         \
	}
#define DO(asked, acts)                                                        \
	{                                                                      \
		.request = (asked), .answer = "", .act = (acts)                \
	}
#define NO_MORE                                                                \
	{                                                                      \
		.request = NULL                                                \
	}

#define PEER_ANYTHING ""
#define PEER_ACCEPTS  "\x01" /* the request is to be accepted */

/* In answers. */
#define PEER_CLOSES   "\x01"
#define PEER_RESETS   "\x02"
#define PEER_SHUTS    "\x03"        /* says no more, and still listens */
#define PEER_STALLS   "\x04"        /* reads no more */
#define PEER_REPEATS  "\x05"        /* the request, byte by byte */
#define PEER_DEAFENS  "\x07"        /* what comes next is noted, no more */
#define PEER_SECURES  "\x08"        /* from here on it is behind its toy */
#define PEER_LATE(ms) "\x06" ms ";" /* what follows comes so much later */

/* What a carrier does in one piece. */
enum peer_deed {
	PEER_SEND,
	PEER_CLOSE,
	PEER_RESET,
	PEER_SHUT,
	PEER_STALL,
	PEER_SECURE
};

/* ---- the peer ---- */

/* What came: "|HELLO 3;PING;|HELLO 3;", `|` before each connection. */
struct peer_log {
	char text[PEER_LOG_MAX];
	size_t len;
};

/* Zeroed but for what it is told. It stays as long as its connections. */
struct peer {
	const struct peer_row *rows;
	const struct peer_row *usual; /* behind them; NULL: none */
	peer_read_fn *reads;          /* NULL: bytes */
	struct peer_log *log;         /* NULL: none is kept */
	void *arg;                    /* the test's */
	void (*on_accept)(struct peer_end *end);
	void (*on_close)(struct peer_end *end, int error); /* by the client */
	/* The client says no more: in place of on_close, and the end stays open.
	 * In the virtual world. NULL: it is closed. */
	void (*on_end)(struct peer_end *end);
	void (*on_bad)(
	    const char *what); /* it was sent nonsense; NULL: abort */
	bool mute;             /* what it says waits until peer_unmute */
	/* In the virtual world: it is behind the toy (toy_filter.h), at once or when
	 * it secures. */
	struct toy_terms *toy;
	/* At real sockets: its bytes are sealed (peer_loopback.h), at once or when it
	 * secures. */
	const struct wire_seal *seal;
	bool seals_later;

	unsigned accepted;            /* so far */
	struct peer_end *ends;        /* the last one first */
	unsigned used[PEER_ROWS_MAX]; /* how often each of `rows` was */
};

struct peer_piece;

/* One connection of a peer. */
struct peer_end {
	struct peer *peer;
	struct peer_end *next;
	const struct peer_carrier *carrier;
	void *wire; /* the carrier's */
	void *data; /* the test's */
	struct toy_end *toy;
	unsigned
	    phase; /* the test's: as the last answer that left has set it */
	bool deaf; /* what comes is noted, no more */
	bool over; /* nothing more is said */

	char *in;
	size_t in_len;
	size_t in_cap;
	struct peer_piece *first; /* of what is not said yet */
	struct peer_piece *last;
	uint64_t busy_until; /* the last piece's time, ns */
	bool wakes;
};

/* Say it behind all that waits, `ms` after that; `phase` becomes the end's
 * then, if not 0. */
void peer_send(struct peer_end *end, unsigned ms, unsigned phase,
    const void *bytes, size_t len);
void peer_say(struct peer_end *end, const char *text);
/* The same of a deed. */
void peer_do(struct peer_end *end, unsigned ms, enum peer_deed deed);
/* There is something that it has not said yet. */
bool peer_is_busy(const struct peer_end *end);
void peer_unmute(struct peer *peer);
void peer_log_clear(struct peer *peer);

/* ---- for carriers ---- */

struct peer_carrier {
	uint64_t (*now_ns)(void *wire);
	/* peer_awake in so long */
	void (*wake)(struct peer_end *end, uint64_t ns);
	/* How many; peer_pump when there is room for the rest. */
	size_t (*send)(void *wire, const char *bytes, size_t len);
	void (*does)(void *wire, enum peer_deed deed);
	/* Memory that nobody counts or fails. */
	void *(*resize)(void *old, size_t size);
};

struct peer_end *peer_end_new(
    struct peer *peer, const struct peer_carrier *carrier, void *wire);
void peer_accept(struct peer_end *end);
void peer_hear(struct peer_end *end, const char *bytes, size_t len);
void peer_pump(struct peer_end *end);
void peer_awake(struct peer_end *end);
void peer_hung_up(struct peer_end *end, int error);
void peer_end_free(struct peer_end *end);

#endif
