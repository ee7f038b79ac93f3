/*
 * The functions of a session that a protocol may call from inside its slots.
 * Whether the protocol calls them at the right time is its own responsibility.
 */
#include "client/client.h"
#include "client/over.h"
#include "client/secure.h"
#include "client/tagged.h"

void *
stay_session_data(struct stay_session *session)
{
	assert(session != NULL);
	return stay__client_data(session->client);
}

void *
stay_session_keep(struct stay_session *session)
{
	assert(session != NULL);
	return stay__client_keep(session->client);
}

const void *
stay_session_config(const struct stay_session *session)
{
	assert(session != NULL);
	return session->client->profile->config;
}

uint64_t
stay_session_number(const struct stay_session *session)
{
	assert(session != NULL);
	return session->generation;
}

bool
stay_session_is_secure(const struct stay_session *session)
{
	assert(session != NULL);
	return stay__stream_is_sealed(session->client->conn);
}

struct stay_session *
stay_client_session(struct stay_client *client)
{
	assert(client != NULL);
	return stay__session_is_ready(&client->session) ? &client->session
							: NULL;
}

uint64_t
stay_client_session_number(const struct stay_client *client)
{
	assert(client != NULL);
	return stay__session_is_ready(&client->session)
		   ? client->session.generation
		   : 0;
}

struct stay_client *
stay_session_client(struct stay_session *session)
{
	assert(session != NULL);
	return session->client;
}

const struct stay_url *
stay_session_url(const struct stay_session *session)
{
	assert(session != NULL);
	return stay__endpoints_now(session->client)->url;
}

size_t
stay_session_reply_bytes_max(const struct stay_session *session)
{
	assert(session != NULL);
	return (size_t)session->client->profile->options.reply_bytes_max;
}

char *
stay_session_input(struct stay_session *session)
{
	assert(session != NULL);
	return session->reading->input + session->reading->offset;
}

const uint64_t *
stay_session_oldest(const struct stay_session *session)
{
	const struct stay__call *call;

	assert(session != NULL);
	call = stay__calls_oldest(session->client->calls);
	return call == NULL || call->stage == STAY__CALL_CONTROL ? NULL
								 : &call->tag;
}

static bool
takes_pieces(const struct stay__call *call)
{
	return call != NULL && (call->flags & STAY_IN_PIECES) != 0;
}

bool
stay_session_takes_pieces(const struct stay_session *session)
{
	assert(session != NULL);
	return takes_pieces(stay__calls_oldest(session->client->calls));
}

bool
stay_session_tag_takes_pieces(const struct stay_session *session, uint64_t tag)
{
	assert(session != NULL);
	return takes_pieces(stay__tagged_find(session->client->calls, tag));
}

static enum stay_awaits
awaits_of(const struct stay__call *call)
{
	if (call == NULL)
		return STAY_AWAITS_NOTHING;
	return call->stage == STAY__CALL_CONTROL ? STAY_AWAITS_CONTROL
						 : STAY_AWAITS_CALL;
}

enum stay_awaits
stay_session_awaits(const struct stay_session *session)
{
	assert(session != NULL);
	return awaits_of(stay__calls_oldest(session->client->calls));
}

enum stay_awaits
stay_session_awaits_tag(const struct stay_session *session, uint64_t tag)
{
	assert(session != NULL);
	return awaits_of(stay__tagged_find(session->client->calls, tag));
}

/* ---- tags ---- */

const uint64_t *
stay_session_tagged(const struct stay_session *session, uint64_t tag)
{
	assert(session != NULL);
	return stay__tagged_due(session->client->calls, tag);
}

uint64_t
stay_session_free_tag(struct stay_session *session, uint64_t max)
{
	struct stay__tagged *tagged;
	uint64_t tag;

	assert(session != NULL);
	tagged = session->client->calls->tagged;
	if (tagged == NULL)
		return 0;
	tag = stay__tags_free_one(&tagged->tags, max);
	if (tag == 0 && stay__tagged_run_out(tagged))
		stay__renew_want(session, "no tag is left in this session");
	return tag;
}

enum stay_status
stay_session_let_go(struct stay_session *session, uint64_t tag)
{
	assert(session != NULL);
	return stay__over_let_go(session, tag);
}

/* ---- another session ---- */

void
stay_session_renew(struct stay_session *session, const char *why)
{
	assert(session != NULL && why != NULL);
	stay__renew_want(session, why);
}

void
stay_session_renew_in_doubt(struct stay_session *session, const char *why)
{
	assert(session != NULL && why != NULL);
	if (!stay__session_is_ready(session))
		return;
	stay__renew_want(session, why);
	stay__doubt_raise(session);
}

void
stay_session_trust(struct stay_session *session)
{
	assert(session != NULL);
	stay__doubt_end(session);
}

/* What a greeting may fail with; and a heartbeat of the protocol's own. */
static bool
may_end_with(enum stay_status why)
{
	return why == STAY_E_NOT_READY || why == STAY_E_DENIED ||
	       why == STAY_E_PROTOCOL || why == STAY_E_SILENT;
}

enum stay_status
stay_session_end(struct stay_session *session, enum stay_status why,
    const char *text, size_t len)
{
	assert(session != NULL);
	if (!may_end_with(why))
		return STAY_E_ARG;
	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return STAY_E_STATE;
	stay__session_cut_off(session, why, (struct stay_bytes){ text, len });
	return STAY_OK;
}

void
stay_session_note(struct stay_session *session, const char *text)
{
	assert(session != NULL && text != NULL);
	stay__remark_make(session, text);
}

/* ---- time ---- */

enum stay_status
stay_client_wake(struct stay_client *client)
{
	assert(client != NULL);
	return stay__wake_soon(client);
}

enum stay_status
stay_session_tick_after(struct stay_session *session, uint64_t delay_ms)
{
	assert(session != NULL);
	return stay__tick_after(session, delay_ms);
}

static uint64_t
ms_since(const struct stay_session *session, uint64_t at)
{
	if (at == 0 || stay__session_state(session) == STAY__SESSION_DOWN)
		return STAY_FOREVER;
	return (stay__loop_now(session->client->loop) - at) / STAY__TICK_NS;
}

uint64_t
stay_session_sent_ms(const struct stay_session *session)
{
	assert(session != NULL);
	return ms_since(session, session->output.sent_at);
}

uint64_t
stay_session_heard_ms(const struct stay_session *session)
{
	assert(session != NULL);
	return ms_since(session, session->health.last_heard);
}

/* ---- words ---- */

void
stay_session_set_login(
    struct stay_session *session, const char *user, const char *password)
{
	assert(session != NULL);
	session->secrets[0] = user;
	session->secrets[1] = password;
	if (user != NULL && strcmp(user, "default") == 0)
		session->secrets[0] = NULL;
}

struct stay_buf *
stay_session_control(struct stay_session *session)
{
	assert(session != NULL);
	return stay__output_control(session);
}

/* Nothing may be said in no session, nor behind the farewell, nor between clear and
 * sealed bytes. */
static enum stay_status
may_speak(struct stay_session *session)
{
	if (stay__session_state(session) == STAY__SESSION_DOWN ||
	    session->farewell.stage != STAY__FAREWELL_NONE ||
	    stay__secure_is_on(session))
		return STAY_E_STATE;
	return stay__output_admits(session) ? STAY_OK : STAY_E_FULL;
}

/* Replies to bytes that are not expected would be taken for a call's: then the bytes
 * are not sent. `idle` is of before. */
static enum stay_status
speak(struct stay_session *session, enum stay_status status, bool idle)
{
	stay__output_settle(session, status == STAY_OK);
	stay__health_watch(session, idle);
	stay__output_ask(session->client);
	return status;
}

static enum stay_status
be_silent(struct stay_session *session, enum stay_status why)
{
	stay__output_settle(session, false);
	return why;
}

enum stay_status
stay_session_expect(struct stay_session *session, unsigned replies)
{
	enum stay_status status = STAY_OK;
	bool idle;

	assert(session != NULL);
	status = may_speak(session);
	if (status != STAY_OK)
		return be_silent(session, status);
	idle = stay__health_is_idle(session);
	if (replies > 0 && !stay__calls_wake(session->client))
		return speak(session, STAY_E_NOMEM, idle);
	if (replies > 0)
		status = stay__calls_expect(session->client->calls, replies);
	return speak(session, status, idle);
}

enum stay_status
stay_session_expect_tagged(
    struct stay_session *session, unsigned replies, uint64_t tag)
{
	enum stay_status status;
	struct stay__calls *calls;
	bool idle;

	assert(session != NULL);
	calls = session->client->calls;
	status = may_speak(session);
	if (status != STAY_OK)
		return be_silent(session, status);
	if (calls->tagged == NULL || calls->tagged->prepare == NULL)
		return be_silent(session, STAY_E_UNSUPPORTED);
	if (replies == 0)
		return be_silent(session, STAY_E_ARG);
	idle = stay__health_is_idle(session);
	return speak(
	    session, stay__calls_expect_tagged(calls, replies, tag), idle);
}
