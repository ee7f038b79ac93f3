/* A client of the line protocol, its server, and notes of all they do. */
#include "line_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "support/counts.h"

/* ---- the server ---- */

void
line_say(struct peer_end *end, const struct peer_request *request)
{
	const struct peer_word *word = &request->words[0];
	size_t len = word->len - strlen("say ");
	char out[1024];

	EXPECT(len + 1 < sizeof(out));
	memcpy(out, word->text + strlen("say "), len);
	for (size_t i = 0; i < len; i++)
		if (out[i] == '|')
			out[i] = '\n';
	out[len] = '\n';
	peer_send(end, 0, 0, out, len + 1);
}

static const struct peer_row usual[] = {
	DO("say ", line_say),
	ON("close", PEER_CLOSES),
	ON("reset", PEER_RESETS),
	ON("hold", PEER_DEAFENS),
	NO_MORE,
};

static void
on_accept(struct peer_end *end)
{
	struct line_rig *rig = end->peer->arg;

	rig->peer = end->wire;
	if (rig->server.log != NULL && rig->server.accepted == 1)
		peer_log_clear(&rig->server);
}

/* ---- the client ---- */

static void
on_lost_call(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct line_rig *rig = arg;

	(void)who;
	ck_assert_ptr_nonnull(text);
	line_note(&rig->notes, "lost %s;", stay_status_name(status) + 5);
	snprintf(rig->lost, sizeof(rig->lost), "%s", text);
}

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	(void)conn;
	(void)arg;
	(void)status;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct line_rig *rig = arg;

	ck_assert_ptr_eq(stay_client_of(conn), rig->client);
	ck_assert_str_ne(stay_conn_label(conn), "");
	line_check_counts(rig);
	rig->closed = true;
	line_note(&rig->notes, "closed %s;", stay_status_name(reason) + 5);
}

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct line_rig *rig = arg;

	(void)who;
	EXPECT_OK(status);
	line_note(&rig->notes, "note %s;", text);
}

static void
release_config(const void *config)
{
	struct line_rig *rig =
	    (struct line_rig *)(void *)((char *)(uintptr_t)config -
					offsetof(struct line_rig, config));

	ck_assert(rig->closed && !rig->released);
	rig->released = true;
}

static struct line_rig *begun; /* and not ended; NULL: none */

void
line_prepare(struct line_rig *rig)
{
	begun = rig;
	memset(rig, 0, sizeof(*rig));
	rig->world = sim_world_new(1);
	rig->loop = stay_loop_new(rig->world);
	ck_assert_ptr_nonnull(rig->loop);
	rig->observer = (struct stay_observer){ STAY_OBSERVER, .arg = rig,
		.on_lost_call = on_lost_call, .on_note = on_note };
	stay_loop_set_observer(rig->loop, &rig->observer);
	rig->server = (struct peer){ .usual = usual,
		.reads = peer_reads_lines,
		.log = &rig->log,
		.arg = rig,
		.on_accept = on_accept };
	rig->protocol = &line_protocol;
	rig->url = LINE_URL;
	rig->config.notes = &rig->notes;
	rig->config.finis = &rig->finis;
	rig->config.inits = &rig->inits;
	peer_listen(&rig->server, rig->world, LINE_HOST, LINE_PORT);
}

void
line_start(struct line_rig *rig, const struct stay_client_options *options)
{
	struct stay_client_options ours = { STAY_CLIENT_OPTIONS };

	if (options != NULL)
		ours = *options;
	ours.size = sizeof(ours);
	ours.config = &rig->config;
	ours.config_release = release_config;
	ours.on_started = on_started;
	ours.on_closed = on_closed;
	ours.arg = rig;
	rig->is_ours = true;
	EXPECT_OK(stay_client_start(
	    &rig->client, rig->loop, rig->protocol, rig->url, &ours));
}

void
line_begin(struct line_rig *rig, const struct stay_client_options *options)
{
	line_prepare(rig);
	line_start(rig, options);
	line_run(rig, 10);
	ck_assert_int_eq(line_state(rig), STAY_CONNECTED);
	line_told(rig);
}

void
line_begin_as(struct line_rig *rig, const struct stay_protocol *protocol,
    struct line_tagging *tagging, const struct stay_client_options *options)
{
	line_prepare(rig);
	rig->protocol = protocol;
	rig->config.tagging = tagging;
	line_start(rig, options);
	line_run(rig, 10);
	line_told(rig);
}

static void
end_client(struct line_rig *rig)
{
	if (!rig->closed)
		stay_client_stop(rig->client, STAY_OK);
	ck_assert(sim_run(rig->world, 60000));
	if (rig->is_ours)
		ck_assert(rig->closed && rig->released);
	ck_assert_uint_eq(rig->finis, rig->inits);
	for (size_t i = 0; i < rig->call_count; i++)
		ck_assert_msg(rig->calls[i].told == 1, "%s was told %u times",
		    rig->calls[i].name, rig->calls[i].told);
}

void
line_end(struct line_rig *rig)
{
	begun = NULL;
	if (rig->client != NULL)
		end_client(rig);
	EXPECT_OK(stay_loop_free(rig->loop));
	rig->loop = NULL;
}

void
line_after(void)
{
	if (begun != NULL)
		line_end(begun);
}

enum stay_state
line_state(const struct line_rig *rig)
{
	return stay_conn_state(stay_client_conn(rig->client));
}

const char *
line_failure(const struct line_rig *rig)
{
	return stay_conn_failure(stay_client_conn(rig->client));
}

const char *
line_explained(const struct line_rig *rig)
{
	static char text[512];

	stay_conn_explain(stay_client_conn(rig->client), text, sizeof(text));
	return text;
}

uint64_t
line_due_ms(const struct line_rig *rig)
{
	return stay_conn_due_ms(stay_client_conn(rig->client));
}

struct stay_client_counts
line_counts(const struct line_rig *rig)
{
	return counts_of(rig->client);
}

void
line_check_counts(const struct line_rig *rig)
{
	struct stay_client_counts c = line_counts(rig);

	ck_assert_uint_eq(c.submitted, c.replied + c.sent + c.refused +
					   c.not_sent + c.maybe_executed +
					   c.queued + c.in_flight);
}

/* ---- calls ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	struct line_call *call = arg;
	const char *reply = result->reply;

	call->told++;
	call->told_ms = sim_now_ms(call->rig->world);
	call->result = *result;
	call->result.reply = NULL;
	snprintf(
	    call->reply, sizeof(call->reply), "%s", reply != NULL ? reply : "");
	ck_assert_ptr_nonnull(result->why);
	line_check_counts(call->rig);
	line_note(&call->rig->notes, "%s %s/%s%s%s;", call->name,
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome), reply != NULL ? " " : "",
	    reply != NULL ? reply : "");
	if (call->then != NULL)
		call->then(call);
}

static void
on_part(void *arg, const struct stay_result *result)
{
	struct line_call *call = arg;

	ck_assert_uint_eq(call->told, 0);
	ck_assert_int_eq(result->outcome,
	    *(const char *)result->reply == '!' ? STAY_REFUSED : STAY_REPLIED);
	line_note(&call->rig->notes, "%s part %s %s;", call->name,
	    stay_status_name(result->status) + 5, (const char *)result->reply);
}

static void
on_piece(void *arg, struct stay_bytes piece)
{
	struct line_call *call = arg;

	ck_assert_uint_eq(call->told, 0);
	ck_assert_uint_gt(piece.len, 0);
	line_note(&call->rig->notes, "%s piece %.*s;", call->name,
	    piece.len < 32 ? (int)piece.len : 32, piece.data);
	if (call->then_piece != NULL)
		call->then_piece(call);
}

static struct line_call *
new_call(struct line_rig *rig, const char *name)
{
	struct line_call *call = &rig->calls[rig->call_count];

	ck_assert_uint_lt(rig->call_count, LINE_CALLS_MAX);
	*call = (struct line_call){ .rig = rig, .name = name };
	return call;
}

static struct line_call *
call_with(struct line_rig *rig, const char *name,
    const struct line_request *request, struct stay_call_options options)
{
	struct line_call *call = new_call(rig, name);

	options.size = sizeof(options);
	options.id = &call->id;
	EXPECT_OK(stay_client_call_with(
	    rig->client, request, &options, on_done, call));
	rig->call_count++;
	return call;
}

struct line_call *
line_call_with(struct line_rig *rig, const char *name,
    const struct line_request *request, struct stay_call_options options)
{
	options.part = on_part;
	return call_with(rig, name, request, options);
}

struct line_call *
line_call_in_pieces(struct line_rig *rig, const char *name,
    const struct line_request *request, struct stay_call_options options)
{
	options.piece = on_piece;
	return call_with(rig, name, request, options);
}

struct line_call *
line_call(
    struct line_rig *rig, const char *name, const struct line_request *request)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS };

	return line_call_with(rig, name, request, options);
}

enum stay_status
line_try(
    struct line_rig *rig, const char *name, const struct line_request *request)
{
	struct line_call *call = new_call(rig, name);
	enum stay_status status =
	    stay_client_call(rig->client, request, on_done, call);

	if (status == STAY_OK)
		rig->call_count++;
	return status;
}

/* ---- time, and what was told ---- */

void
line_run(struct line_rig *rig, uint64_t ms)
{
	sim_run_ms(rig->world, ms);
	if (!rig->closed)
		line_check_counts(rig);
}

const char *
line_told(struct line_rig *rig)
{
	static char told[LINE_NOTES_MAX];

	snprintf(told, sizeof(told), "%s", rig->notes.text);
	rig->notes.text[0] = '\0';
	rig->notes.len = 0;
	return told;
}

const char *
line_hear(struct line_rig *rig, const char *text)
{
	sim_peer_print(rig->peer, text);
	line_run(rig, 1);
	return line_told(rig);
}

const char *
line_got(struct line_rig *rig)
{
	static char got[PEER_LOG_MAX];

	snprintf(got, sizeof(got), "%s", rig->log.text);
	peer_log_clear(&rig->server);
	return got;
}
