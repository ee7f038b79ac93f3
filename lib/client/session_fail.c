/*
 * A session that has failed. It is marked with the reason, and from then on no
 * call is sent. The behaviour ends it with its next verdict; how a session ends
 * is session.c's.
 */
#include <stdio.h>

#include "base/redact.h"
#include "base/text.h"
#include "client/client.h"

void
stay__session_acquit(struct stay_session *session)
{
	session->condemned = STAY_OK;
	session->cut_off = false;
	session->unacted = false;
	session->is_content = false;
	memset(session->secrets, 0, sizeof(session->secrets));
}

/* Everybody is called "default": that is no secret. */
static const char *
secret_user(const char *user)
{
	return strcmp(user, "default") == 0 ? NULL : user;
}

void
stay__session_show(
    const struct stay_session *session, const char *text, char *to, size_t size)
{
	const struct stay_url *url = stay__endpoints_now(session->client)->url;
	const char *words[2 + STAY__SECRETS_MAX] = { NULL };

	if (url != NULL) {
		words[0] = secret_user(url->user);
		words[1] = url->password;
	}
	memcpy(words + 2, session->secrets, sizeof(session->secrets));
	stay__redact(to, size, text, words, sizeof(words) / sizeof(words[0]));
}

/* Words of any length and of any bytes, as a string. True: they are cut. */
static bool
spell(struct stay_bytes words, char said[STAY__WORDS_MAX])
{
	bool cut = words.len >= STAY__WORDS_MAX;
	size_t len = cut ? STAY__WORDS_MAX - 1 : words.len;

	for (size_t i = 0; i < len; i++)
		said[i] = words.data[i] == '\0' ? ' ' : words.data[i];
	said[len] = '\0';
	return cut;
}

/* "the server replied with an error: ERR no such key" */
void
stay__session_quote(const struct stay_session *session, struct stay__text *text,
    struct stay_bytes words)
{
	char said[STAY__WORDS_MAX], shown[STAY__WORDS_MAX];
	bool cut;

	stay__text_put(text, stay_strerror(STAY_E_SERVER));
	if (words.data == NULL)
		return;
	cut = spell(words, said);
	stay__session_show(session, said, shown, sizeof(shown));
	stay__text_put(text, ": ");
	stay__text_put(text, shown);
	stay__text_put(text, cut ? "..." : "");
}

static enum stay__phase
phase_of(const struct stay_session *session)
{
	if (stay__session_state(session) == STAY__SESSION_GREETING)
		return STAY__PHASE_HELLO;
	return stay__session_state(session) == STAY__SESSION_RESTORING
		   ? STAY__PHASE_RESTORE
		   : STAY__PHASE_SESSION;
}

static void
say_why(struct stay_session *session, enum stay_status why, const char *text)
{
	char shown[STAY__WORDS_MAX];

	if (text != NULL)
		stay__session_show(session, text, shown, sizeof(shown));
	else
		snprintf(shown, sizeof(shown), "%s", stay_strerror(why));
	stay__conn_fail(session->client->conn, why, phase_of(session), shown);
}

/* Behind the farewell nothing is a failure: whatever the peer does, it ends. */
enum stay__flow
stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text)
{
	session->condemned = why;
	if (session->farewell.stage != STAY__FAREWELL_HEARD)
		say_why(session, why, text);
	return STAY__END;
}

void
stay__session_is_unacted(struct stay_session *session, bool is_content)
{
	session->unacted = true;
	session->cut_off = true;
	session->is_content = is_content;
	if (is_content)
		session->condemned = STAY_E_RECONNECT;
}

/*
 * behaviour.c returns the verdict that ends the session, when its next callback
 * runs. Until then no call is sent.
 */
void
stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text)
{
	if (session->condemned != STAY_OK ||
	    stay__session_state(session) == STAY__SESSION_DOWN)
		return;
	stay__session_break(session, why, text);
	stay__conn_interrupt(session->client->conn);
}

void
stay__session_cut_off(
    struct stay_session *session, enum stay_status why, struct stay_bytes words)
{
	char said[STAY__WORDS_MAX];

	if (words.data != NULL)
		(void)spell(words, said);
	stay__session_condemn(session, why, words.data == NULL ? NULL : said);
	session->cut_off = true;
}

struct stay_verdict
stay__session_verdict(const struct stay_session *session, enum stay__flow flow)
{
	if (flow == STAY__END)
		return stay_verdict_disconnect(
		    stay_info_status(session->condemned));
	return flow == STAY__COME_UP ? stay_verdict_ok()
				     : stay_verdict_noreply();
}
