/*
 * stay/contract.h - an adapter, held to what the library promises.
 *
 * NOT YET STABLE: names and structs of this header may change with any version.
 *
 * You give a protocol (<stay/protocol.h>), some requests, and a peer: a function
 * that answers as a server would. You get a program that runs all of it in a world
 * without a network and without waiting. There the peer's bytes come in every
 * piece, its answers come late, twice or never, connections break, frames are
 * garbage, memory runs out:
 *
 *	static size_t
 *	peer(struct stay_contract_peer *peer, struct stay_bytes in)
 *	{
 *		size_t seen = 0, len = stay_bytes_line(in, &seen);
 *
 *		if (len > 0)
 *			(void)stay_buf_append(peer->out, in.data, len);
 *		return len;
 *	}
 *
 *	static void
 *	show(const void *reply, struct stay_buf *out)
 *	{
 *		const struct stay_bytes *line = reply;
 *
 *		(void)stay_buf_append(out, line->data, line->len);
 *	}
 *
 *	static const struct stay_contract_sample samples[] = {
 *		{ .name = "a word", .request = "hello", .reply = "hello" },
 *		{ .name = "nothing", .request = "", .reply = "" },
 *	};
 *
 *	static const struct stay_contract contract = {
 *		STAY_CONTRACT, .protocol = &line_protocol, .peer = peer,
 *		.samples = samples, .sample_count = 2, .show = show,
 *	};
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		return stay_contract_main(&contract, argc, argv);
 *	}
 *
 * Link it with what `pkg-config --cflags --libs stay-contract` says: the static
 * libraries, and options of the linker that let the kit see allocations, and the
 * input that `decode` is given. docs/write-an-adapter.md goes through it all.
 *
 * All functions are for one thread. The kit runs every chapter in a forked child,
 * so that an adapter may crash and be named; see `--here` for a debugger.
 */
#ifndef STAY_CONTRACT_H
#define STAY_CONTRACT_H

#include <stdbool.h>
#include <stdio.h>

#include <stay/body.h>
#include <stay/client.h>

STAY_BEGIN

/* ---- the peer -------------------------------------------------------- */

/* One connection, as the server sees it. Lives until the peer function returns. */
struct stay_contract_peer {
	struct stay_buf *out; /* append the answer */
	void *state;          /* the connection's; zeroed when it is accepted */
	void *arg;            /* the contract's */
	/*
	 * Set it: the connection ends behind the answer, by the server's own will, as
	 * behind "Connection: close" of HTTP. Nothing that comes behind that request is
	 * read. So the kit takes the end of this session for rightful: this call, and
	 * those asked before it, get their replies, unless the client is still writing;
	 * those behind it are sent again, or fail as maybe executed, not sent or refused.
	 * They never get another's reply. With STAY_LAST_FRAMES or at_end they do not fail
	 * as maybe executed either, unless the client is still writing.
	 * Without an answer, and with none before it: it was no session, but a word
	 * beside one, as to cancel a request.
	 */
	bool closes;
	/* set it: the answer names its call, and so may come in another order than
	 * it was asked for. The kit then lets it, and repeats it some calls later: an
	 * adapter that gives the name of a call to the next one takes that for its
	 * answer. So let it have some hundred names, or don't set this. */
	bool overtakes;
	uintptr_t reserved[4];
};

/*
 * Cut one request off the front of `in`, and append its whole answer, which may be
 * nothing. Runs also when a connection has just been accepted, with no bytes: for a
 * server that speaks first. What it appends in one go is one answer, which the kit
 * then delays, repeats (the last one to a call) or loses. The same request must get the
 * same answer.
 * Returns how many bytes the request took; 0: it is not whole.
 */
typedef size_t stay_contract_peer_fn(
    struct stay_contract_peer *peer, struct stay_bytes in);

/*
 * For the peer function, and only in it. The request that it reads has an effect that
 * lasts as long as the connection, and that the adapter has to bring back in the next
 * one, as a subscription: `what` names it. stay_contract_lapses says that it is over.
 * `what` is copied.
 */
STAY_API void stay_contract_lasts(
    struct stay_contract_peer *peer, struct stay_bytes what);
STAY_API void stay_contract_lapses(
    struct stay_contract_peer *peer, struct stay_bytes what);

/* ---- the requests ---------------------------------------------------- */

/* A request, and what becomes of it when nothing is wrong. Samples must not depend
 * on each other. */
struct stay_contract_sample {
	const char *name;        /* in reports */
	const void *request;     /* what `submit` or stay_client_call takes */
	enum stay_status status; /* STAY_OK, or STAY_E_SERVER */
	/* With STAY_E_SERVER: rightly so, since the server did not act. The call completes
	 * as STAY_REFUSED, and else never does; but as STAY_MAYBE_EXECUTED if it was sent
	 * again behind a loss. If options.on_refused of the contract is
	 * STAY_REFUSED_RESEND, only what is refused for good does so. */
	bool is_refused;
	/* With STAY_E_SERVER: the words of the server, with which the sentence of the
	 * result ends; NULL: any. */
	const char *words;
	/* What `show` makes of the right reply; NULL: of the first one. */
	const char *reply;
	/* The bytes of a body that follows the request (options.body of the call, in two
	 * pieces); NULL: none. */
	const struct stay_bytes *body;
	bool body_is_open; /* the body has no length: STAY_BODY_OPEN */
	/* The call takes its reply in pieces (options.piece). `reply` is all of the
	 * pieces, and behind them what `show` makes of the rest. */
	bool in_pieces;
	/* The peer does not answer it until the adapter says so, as in on_leaving. Then
	 * its reply must come before a session is left as planned; the peer says nothing
	 * more when the client has closed its half. It is asked for in no other chapter.
	 * Not the first sample. */
	bool is_long;
	uintptr_t reserved[2];
};

/* Write down all that a reply says; `reply` may be NULL. Two replies that read the
 * same are the same. */
typedef void stay_contract_show_fn(const void *reply, struct stay_buf *out);

/* Start a client of the adapter, as stay_client_start does: for an adapter that has
 * a start function of its own. `options` has no config. */
typedef enum stay_status stay_contract_start_fn(void *arg,
    struct stay_client **client, struct stay_loop *loop, const char *url,
    const struct stay_client_options *options);

/* Submit a request, as stay_client_call_with does: for an adapter that has functions
 * of its own for it. Samples with a body or pieces have these in `options`; a piece is
 * told with `done_arg`. */
typedef enum stay_status stay_contract_submit_fn(void *arg,
    struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done,
    void *done_arg);

/* ---- the contract ---------------------------------------------------- */

/* All of it must live as long as stay_contract_run runs. */
struct stay_contract {
	size_t size;      /* STAY_CONTRACT sets it */
	const char *name; /* in reports; NULL: the protocol's */
	const struct stay_protocol *protocol; /* NULL: there is `start` */
	const void *config;                   /* of the client's options */
	/* Its host must be "peer". NULL: NAME://peer:7777 */
	const char *url;
	const struct stay_client_options *options; /* NULL: the defaults */
	const struct stay_contract_sample *samples;
	size_t sample_count; /* at least 1 */
	stay_contract_peer_fn *peer;
	size_t peer_size; /* of peer->state, in bytes */
	stay_contract_show_fn *show;
	stay_contract_start_fn *start;   /* NULL: stay_client_start */
	stay_contract_submit_fn *submit; /* NULL: stay_client_call_with */
	void *arg;                       /* for start, submit and the peer */
	uintptr_t reserved[8];
};

#define STAY_CONTRACT .size = sizeof(struct stay_contract)

struct stay_contract_options {
	size_t size;   /* STAY_CONTRACT_OPTIONS sets it */
	uint64_t seed; /* 0: 1 */
	/* Go on with ever new runs until so much time has passed. 0: as many runs as
	 * the chapters have, which are the same each time. */
	uint64_t time_ms;
	const char *only; /* a chapter, or one run of it: "late", "late:17" */
	FILE *out;        /* for the report; NULL: stdout */
	bool traces;      /* tell all that happens, to stderr */
	bool is_here;     /* without a child: a crash is the program's */
	uintptr_t reserved[4];
};

#define STAY_CONTRACT_OPTIONS .size = sizeof(struct stay_contract_options)

/*
 * Run the contract, and print what came of it: a line for each chapter; of a broken
 * one the promise, what happened, and how to run that again. `options` may be NULL.
 * Returns how many chapters are broken; -1 if the contract or the options make no
 * sense, which the report says.
 */
STAY_API int stay_contract_run(const struct stay_contract *contract,
    const struct stay_contract_options *options);

/*
 * The same from a command line: --seed N, --seconds N, --only CHAPTER[:RUN],
 * --trace, --here, --help.
 * Returns for main: 0, 1 if a promise is broken, 2 for a mistake in the options.
 */
STAY_API int stay_contract_main(
    const struct stay_contract *contract, int argc, char **argv);

STAY_END

#endif
