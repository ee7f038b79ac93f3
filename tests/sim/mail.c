/*
 * The books of mail: what is sent to a connection, each call, cast and message
 * told or released once and the mailbox counted to the letter; and upgrades.
 */
#include "raw.h"
#include "support/inside.h"

/* As documented, of a connection that asks for nothing else. */
#define MAILBOX_MAX 1024
#define CALLERS_MAX 16384

void
mail_open(struct user *user, uint64_t mailbox_max, uint64_t callers_max)
{
	user->mail = (struct mail){
		.mailbox_max = mailbox_max == 0 ? MAILBOX_MAX : mailbox_max,
		.callers_max = callers_max == 0 ? CALLERS_MAX : callers_max
	};
}

/* Between turns the mailbox holds what was accepted and is not over. */
void
mail_check(const struct user *user)
{
	const struct stay_conn *conn = user_conn(user);
	size_t letters = user->mail.open[DEED_LETTER];

	if (inside_letters(conn) != letters)
		broken(7, "user %u counts %zu letters, and has %zu",
		    user->index, inside_letters(conn), letters);
	if (letters > user->mail.mailbox_max)
		broken(7, "user %u keeps %zu letters", user->index, letters);
}

/* It is closed: nobody is left who waits. */
void
mail_close(const struct user *user)
{
	for (int kind = 0; kind < DEED_SENT_COUNT; kind++)
		if (user->mail.open[kind] > 0)
			broken(1, "user %u is closed and %zu of kind %d left",
			    user->index, user->mail.open[kind], kind);
}

/* ---- sending ---- */

static bool
is_full(const struct user *user, enum deed_kind kind, size_t letters)
{
	const struct mail *mail = &user->mail;

	if (kind == DEED_UPGRADE)
		return mail->open[kind] >= mail->mailbox_max;
	return letters >= mail->mailbox_max ||
	       (kind == DEED_CALL && mail->open[kind] >= mail->callers_max);
}

/* Of state timeouts only those that were replaced have a bound. */
void
books_sent(const struct deed_at *at, const struct deed_entry *entry,
    enum stay_status status)
{
	struct mail *mail = &at->user->mail;
	bool taken = status == STAY_OK;
	size_t letters =
	    inside_letters(at->conn) - (taken && entry->kind != DEED_UPGRADE);
	bool full = is_full(at->user, entry->kind, letters);

	sim_note(the_run->sim, "sent to it", at->user->index, status);
	if (entry->kind != DEED_TIMER &&
	    (taken ? full : status == STAY_E_FULL && !full))
		broken(7,
		    "user %u has %zu letters, %zu calls, %zu upgrades open, "
		    "and is told %s",
		    at->user->index, letters, mail->open[DEED_CALL],
		    mail->open[DEED_UPGRADE], stay_status_name(status));
	mail->open[entry->kind] += taken;
	mail->open[DEED_LETTER] += taken && entry->kind == DEED_CALL;
}

/* ---- told and released ---- */

/* One that comes too late is told so, one that is refused why. */
static void
check_upgraded(
    const struct user *user, unsigned version, enum stay_status status)
{
	enum stay_state state = (enum stay_state)user->state[0];

	if (status == STAY_OK &&
	    (version == 0 || user->raw->version + 1 != version))
		broken(1, "user %u is upgraded, and is not", user->index);
	if (status == STAY_E_STATE && state < STAY_STOPPING)
		broken(1, "user %u cannot be upgraded while %s", user->index,
		    stay_state_name(state));
	if (status != STAY_OK && status != STAY_E_STATE &&
	    status != (version == 0 ? STAY_E_UNSUPPORTED : STAY_E_NOT_READY) &&
	    !(status == STAY_E_NOMEM && memory.failed > 0))
		broken(1, "user %u is not upgraded: %s", user->index,
		    stay_status_name(status));
}

static void
upgraded(const struct deed_entry *entry, enum stay_status status)
{
	struct user *user = entry->user;
	struct raw *raw = user->raw;

	check_upgraded(user, entry->version, status);
	the_run->figures->upgrades += status == STAY_OK;
	if (raw != NULL && raw->times_out && status != STAY_E_STATE)
		raw_time_out(raw, raw->timeout_ms);
}

void
books_told(struct deed_entry *entry, enum stay_status status)
{
	called_back(the_run);
	sim_note(the_run->sim, entry->what, entry->user->index, status);
	if (entry->kind < DEED_SENT_COUNT)
		entry->user->mail.open[entry->kind]--;
	if (entry->kind == DEED_UPGRADE)
		upgraded(entry, status);
	act_inside(the_run, entry->user);
	call_is_back(the_run);
}

/* Its versions count from 1. */
const struct stay_behaviour *
books_next(struct deed_entry *upgrade)
{
	upgrade->version = 1 + draw_below(the_run, RAW_VERSIONS);
	return &raw_behaviours[upgrade->version - 1];
}
