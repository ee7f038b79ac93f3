/* The words of a script: callbacks, verdicts, numbers, statuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

static _Noreturn void
bad_script(const char *why, const char *at)
{
	fprintf(stderr, "probe: %s at \"%.40s\"\n", why, at);
	abort();
}

/* ---- words ---- */

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

static void
split_args(struct probe_word *word)
{
	char *rest = word->split;

	memcpy(word->split, word->args, sizeof(word->split));
	word->count = 0;
	while (rest != NULL && *rest != '\0' && word->count < PROBE_ARGS) {
		char *comma = strchr(rest, ',');

		word->arg[word->count++] = rest;
		if (comma != NULL)
			*comma++ = '\0';
		rest = comma;
	}
}

const char *
probe_word_next(const char *text, struct probe_word *word)
{
	size_t len = 0;

	*word = (struct probe_word){ .count = 0 };
	while (is_word_char(text[len]))
		len++;
	if (len == 0 || len >= sizeof(word->name))
		bad_script("a word expected", text);
	memcpy(word->name, text, len);
	text += len;
	if (*text != '(')
		return text;
	len = strcspn(++text, ")");
	if (text[len] != ')' || len >= sizeof(word->args))
		bad_script("parentheses not closed", text);
	memcpy(word->args, text, len);
	split_args(word);
	return text + len + 1;
}

uint64_t
probe_number(const char *text)
{
	char *end;
	uint64_t number;

	if (text == NULL)
		return 0;
	if (strcmp(text, "inf") == 0)
		return STAY_FOREVER;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || (*end != '\0' && *end != ':'))
		bad_script("a number expected", text);
	return number;
}

enum stay_status
probe_status(const char *name)
{
	for (int i = 0; i < STAY_STATUS_COUNT; i++)
		if (strcmp(probe_status_name((enum stay_status)i), name) == 0)
			return (enum stay_status)i;
	bad_script("a status expected", name);
}

enum probe_callback
probe_callback_named(const char *name)
{
	static const char *const names[] = { "init", "connect", "disconnect",
		"call", "cast", "info", "code_change", "terminate", "entered",
		"done", "started", "closed", "upgraded" };

	for (int i = 0; i < PROBE_CALLBACKS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum probe_callback)i;
	bad_script("a callback expected", name);
}

/* ---- verdicts ---- */

/* "7" or "7:IO"; its data is a mark that must come back. */
static struct stay_info
info_of(const struct probe_word *word)
{
	const char *text = word->count > 0 ? word->arg[0] : "0";
	uint64_t tag = probe_number(text);
	const char *colon = strchr(text, ':');
	struct stay_info info =
	    stay_info_tag((int)tag, &probe_now()->marks[tag % PROBE_TAGS]);

	if (colon != NULL)
		info.status = probe_status(colon + 1);
	return info;
}

static struct stay_verdict
an_empty_reply(void)
{
	return stay_verdict_reply(stay_reply_data(NULL));
}

static const struct {
	const char *name;
	struct stay_verdict (*make)(void);
} plain[] = { { "ok", stay_verdict_ok },
	{ "noconnect", stay_verdict_noconnect },
	{ "ignore", stay_verdict_ignore }, { "noreply", stay_verdict_noreply },
	{ "postpone", stay_verdict_postpone }, { "reply", an_empty_reply } };

static const struct {
	const char *name;
	struct stay_verdict (*make)(struct stay_info info);
} with_info[] = { { "connect", stay_verdict_connect },
	{ "disconnect", stay_verdict_disconnect } };

static const struct {
	const char *name;
	struct stay_verdict (*make)(uint64_t ms);
} with_ms[] = { { "backoff", stay_verdict_backoff },
	{ "pending", stay_verdict_pending } };

static struct stay_verdict
verdict_of(const struct probe_word *word)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(plain[i].name, word->name) == 0)
			return plain[i].make();
	for (size_t i = 0; i < sizeof(with_info) / sizeof(with_info[0]); i++)
		if (strcmp(with_info[i].name, word->name) == 0)
			return with_info[i].make(info_of(word));
	for (size_t i = 0; i < sizeof(with_ms) / sizeof(with_ms[0]); i++)
		if (strcmp(with_ms[i].name, word->name) == 0)
			return with_ms[i].make(probe_number(word->arg[0]));
	if (strcmp(word->name, "stop") == 0)
		return stay_verdict_stop(probe_status(word->arg[0]));
	bad_script("a verdict expected", word->name);
}

/* "/50", "/h", "+reply(5)", "*", in this order. */
static const char *
suffixes(const char *text, struct probe_step *step)
{
	struct probe_word word;
	char *end;

	if (text[0] == '/' && text[1] == 'h') {
		step->verdict = stay_verdict_with_hibernate(step->verdict);
		text += 2;
	} else if (text[0] == '/') {
		step->verdict = stay_verdict_with_timeout(
		    step->verdict, strtoull(text + 1, &end, 10));
		text = end;
	}
	if (text[0] == '+') {
		text = probe_word_next(text + 1, &word);
		step->verdict = stay_verdict_with_reply(
		    step->verdict, stay_reply_data(NULL));
		step->reply = (int)probe_number(word.arg[0]);
	}
	if (text[0] == '*') {
		step->for_ever = true;
		text++;
	}
	return text;
}

/* ---- the script ---- */

static struct probe_step *
step_new(struct probe *probe, enum probe_callback callback)
{
	struct probe_steps *steps = &probe->steps[callback];
	struct probe_step *step;

	if (steps->count == PROBE_STEPS)
		bad_script("too many steps", "");
	step = &steps->step[steps->count++];
	*step = (struct probe_step){ .reply = -1 };
	return step;
}

void
probe_say(struct probe *probe, enum probe_callback callback,
    struct stay_verdict verdict, int reply)
{
	struct probe_step *step = step_new(probe, callback);

	step->verdict = verdict;
	step->reply = reply;
}

static const char *
parse_saying(
    const char *text, enum probe_callback callback, struct probe_step *step)
{
	struct probe_word word;

	text = probe_word_next(text, &word);
	if (callback == ON_CODE_CHANGE) {
		if (strcmp(word.name, "refuse") == 0)
			step->status = probe_status(word.arg[0]);
		return text;
	}
	step->verdict = verdict_of(&word);
	if (strcmp(word.name, "reply") == 0)
		step->reply = (int)probe_number(word.arg[0]);
	return suffixes(text, step);
}

static const char *
parse_step(struct probe *probe, const char *text, enum probe_callback callback)
{
	struct probe_step *step = step_new(probe, callback);

	if (*text == '{') {
		step->actions = ++text;
		step->actions_len = strcspn(text, "}");
		text += step->actions_len;
		if (*text++ != '}')
			bad_script("braces not closed", step->actions);
		text += strspn(text, " ");
	}
	if (callback >= ON_TERMINATE)
		return text;
	return parse_saying(text, callback, step);
}

void
probe_script(struct probe *probe, const char *script)
{
	enum probe_callback callback = PROBE_CALLBACKS;
	struct probe_word word;
	const char *text = script;

	while (*(text += strspn(text, " ")) != '\0') {
		const char *after = text;

		if (*text != '{')
			after = probe_word_next(text, &word);
		if (*after == ':') {
			callback = probe_callback_named(word.name);
			text = after + 1;
		} else if (callback == PROBE_CALLBACKS) {
			bad_script("a callback expected", text);
		} else {
			text = parse_step(probe, text, callback);
		}
	}
}
