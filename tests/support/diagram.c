/*
 * Copies a Markdown file from standard input to standard output and renews the
 * blocks in it that are made from the library's tables. A block stands between
 *
 *	<!-- begin generated: conn-diagram -->
 *	<!-- end generated: conn-diagram -->
 *
 * It uses public functions and the tables of the options, and knows nothing of
 * the files.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/client.h>
#include <stay/machine.h>
#include <stay/redis.h>

typedef const struct stay_machine *machine_fn(void);
typedef void draw_fn(const struct stay_machine *machine, FILE *out);

static void
draw_mermaid(const struct stay_machine *machine, FILE *out)
{
	fputs("```mermaid\n", out);
	stay_machine_mermaid(machine, out);
	fputs("```\n", out);
}

static void
draw_verdicts(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	stay_machine_verdicts(out);
}

/* Every status: what it means, and what its class lets a caller do. */
static void
draw_statuses(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	fputs("| status | class | text |\n|---|---|---|\n", out);
	for (int i = 0; i < STAY_STATUS_COUNT; i++) {
		enum stay_status status = (enum stay_status)i;

		fprintf(out, "| `%s` | %s | %s |\n", stay_status_name(status),
		    stay_class_name(stay_status_class(status)),
		    stay_strerror(status));
	}
}

/* ---- options ---- */

struct number {
	const char *field;
	const char *unit;
	uint64_t fallback, least, most;
	const char *most_text; /* as it is written in the table */
	unsigned promise;
	const char *text;
};

struct choice {
	const char *field;
	const char *value_text;
	int value;
	const char *text;
};

#define NUMBER(field, unit, fallback, least, most, promise, text)              \
	{ #field, unit, fallback, least, most, #most, promise, text },
#define CHOICE(field, value, text) { #field, #value, value, text },

static const struct number client_numbers[] = {
#define CLIENT NUMBER
#include "base/options.def"
	{ 0 }
};

static const struct choice client_choices[] = {
#define CLIENT_CHOICE CHOICE
#include "base/options.def"
	{ 0 }
};

static const struct number conn_numbers[] = {
#define CONN NUMBER
#include "base/options.def"
	{ 0 }
};

static const struct number pool_numbers[] = {
#define POOL NUMBER
#include "base/options.def"
	{ 0 }
};

static const struct number backoff_numbers[] = {
#define BACKOFF NUMBER
#include "base/options.def"
	{ 0 }
};

static const struct choice backoff_choices[] = {
#define BACKOFF_CHOICE CHOICE
#include "base/options.def"
	{ 0 }
};

static const struct number redis_numbers[] = {
#define REDIS NUMBER
#include "../../adapters/redis/options.def"
	{ 0 }
};

static const struct choice redis_choices[] = {
#define REDIS_CHOICE CHOICE
#include "../../adapters/redis/options.def"
	{ 0 }
};

static const struct number settings[] = {
#define SETTING NUMBER
#include "base/options.def"
	{ 0 }
};

/* As the comments of the headers say it too. */
static void
draw_default(const struct number *number, FILE *out)
{
	uint64_t mib = UINT64_C(1) << 20;

	if (number->fallback == 0)
		fputs(
		    strcmp(number->unit, "version") == 0 ? "0" : "never", out);
	else if (number->fallback % mib == 0 &&
		 strcmp(number->unit, "bytes") == 0)
		fprintf(out, "%" PRIu64 " MiB", number->fallback / mib);
	else
		fprintf(out, "%" PRIu64, number->fallback);
}

static void
draw_number(const struct number *number, FILE *out)
{
	const char *bold = number->promise == 7 ? "**" : "";

	fprintf(out, "| %s`%s`%s | ", bold, number->field, bold);
	draw_default(number, out);
	fprintf(out, " | %s | %" PRIu64 " | ", number->unit, number->least);
	if (number->most < UINT32_MAX / 2)
		fprintf(out, "%" PRIu64, number->most);
	else
		fprintf(out, "`%s`", number->most_text);
	if (number->promise == 0)
		fprintf(out, " | | %s |\n", number->text);
	else
		fprintf(out, " | %u | %s |\n", number->promise, number->text);
}

static void
draw_numbers(const struct number *number, FILE *out)
{
	fputs("| option | default | unit | least | most | promise | |\n"
	      "|---|---|---|---|---|---|---|\n",
	    out);
	for (; number->field != NULL; number++)
		draw_number(number, out);
}

/* The field stands beside its first value, which is the default. */
static void
draw_choices(const struct choice *choice, FILE *out)
{
	fputs("\n| option | value | |\n|---|---|---|\n", out);
	for (; choice->field != NULL; choice++) {
		if (choice->value == 0)
			fprintf(out, "| `%s` | `%s`, the default | %s |\n",
			    choice->field, choice->value_text, choice->text);
		else
			fprintf(out, "| | `%s` | %s |\n", choice->value_text,
			    choice->text);
	}
}

static void
draw_client_options(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(client_numbers, out);
	draw_choices(client_choices, out);
}

static void
draw_conn_options(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(conn_numbers, out);
}

static void
draw_pool_options(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(pool_numbers, out);
}

static void
draw_backoff_policy(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(backoff_numbers, out);
	draw_choices(backoff_choices, out);
}

static void
draw_settings(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(settings, out);
}

static void
draw_redis_options(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	draw_numbers(redis_numbers, out);
	fputs("\n", out);
	draw_choices(redis_choices, out);
}

/* ---- words of a Redis server ---- */

static const struct word {
	const char *words;
	const char *meaning;
	const char *renew;
	const char *seen;
} words[] = {
#define WORD(words, meaning, renew, seen) { "-" words, #meaning, #renew, seen },
#include "../../adapters/redis/words.def"
};

/* What a meaning of words.def comes to. */
static const struct meaning {
	const char *name;
	const char *call;
	const char *greeting;
} meanings[] = {
	{ "REFUSED", "refused, but of a script replied", "not now" },
	{ "BLOCKED", "refused, of a command that may block; else replied",
	    "not now" },
	{ "NO_SCRIPT", "replied; of a stay_redis_script the source is sent",
	    "not now" },
	{ "TRANSIENT", "replied", "not now" },
	{ "FINAL", "replied", "fatal" },
	{ "UNSUPPORTED", "replied", "of HELLO: RESP2; else fatal" },
};

/* Every other reason is about the server's role. */
static const char *
left_if(const char *renew)
{
	if (strcmp(renew, "NO") == 0)
		return "";
	if (strcmp(renew, "REPLICA") == 0)
		return "left, unless a replica greeted it";
	return strcmp(renew, "LOGIN") == 0 ? "left"
					   : "left, if a primary greeted it";
}

static void
draw_word(const struct word *word, FILE *out)
{
	const struct meaning *meaning = meanings;

	while (strcmp(meaning->name, word->meaning) != 0)
		meaning++;
	fprintf(out, "| `%s` | %s | %s | %s | %s |\n", word->words,
	    meaning->call, meaning->greeting, left_if(word->renew), word->seen);
}

static void
draw_redis_words(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	fputs("| an error that begins with | outcome of a call | a greeting "
	      "| the session | seen in |\n|---|---|---|---|---|\n",
	    out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		draw_word(&words[i], out);
}

static const struct rejected {
	const char *name;
	const char *why;
	const char *instead;
} rejected[] = {
#define REJECTED(a, b, z, name, why, instead) { #name, why, instead },
#define REJECTED_IF(a, b, z, name, kind, second, why, instead)                 \
	{ #name " " second, why, instead },
#define COMMAND(a, b, z, name, kind, second, value)
#include "../../adapters/redis/commands.def"
};

/* The name of a header is no tag of HTML. */
static void
draw_rejected(const struct rejected *row, FILE *out)
{
	fprintf(out, "| `%s` | %s | ", row->name, row->why);
	for (const char *at = row->instead; *at != '\0'; at++) {
		if (*at == '<')
			fputc('`', out);
		fputc(*at, out);
		if (*at == '>')
			fputc('`', out);
	}
	fputs(" |\n", out);
}

static void
draw_redis_rejected(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	fputs(
	    "| command | why it is rejected | in its place |\n|---|---|---|\n",
	    out);
	for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]); i++)
		draw_rejected(&rejected[i], out);
}

/* ---- metrics and events ---- */

static const struct labels {
	const char *name;
	const char *labels[2];
} label_sets[] = {
#define LABELS(id, series, first, second) { #id, { first, second } },
#include <stay/observe.def>
};

static const struct metric {
	const char *kind;
	const char *labels;
	const char *name;
	const char *unit;
	const char *help;
} metrics[] = {
#define COUNTER(id, labels, name, unit, help)                                  \
	{ "counter", #labels, name, unit, help },
#define GAUGE(id, labels, name, unit, help)                                    \
	{ "gauge", #labels, name, unit, help },
#define FAST(id, labels, name, unit, help)                                     \
	{ "histogram", #labels, name, unit, help },
#define LONG FAST
#include <stay/observe.def>
};

static const struct event {
	const char *name;
	const char *help;
} events[] = {
#define EVENT(id, name, help) { name, help },
#include <stay/observe.def>
};

static void
draw_labels(const char *name, FILE *out)
{
	const struct labels *set = label_sets;

	while (strcmp(set->name, name) != 0)
		set++;
	for (size_t i = 0; i < 2; i++)
		if (set->labels[i][0] != '\0')
			fprintf(
			    out, "%s`%s`", i == 0 ? "" : ", ", set->labels[i]);
}

static void
draw_metrics(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	fputs("| metric | kind | unit | labels | |\n|---|---|---|---|---|\n",
	    out);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		fprintf(out, "| `%s` | %s | `%s` | ", metrics[i].name,
		    metrics[i].kind, metrics[i].unit);
		draw_labels(metrics[i].labels, out);
		fprintf(out, " | %s |\n", metrics[i].help);
	}
}

static void
draw_events(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	fputs("| event | |\n|---|---|\n", out);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		fprintf(out, "| `%s` | %s |\n", events[i].name, events[i].help);
}

/* ---- blocks ---- */

static const struct block {
	const char *name;
	machine_fn *machine;
	draw_fn *draw;
} blocks[] = {
	{ "conn-diagram", stay_machine_conn, draw_mermaid },
	{ "conn-matrix", stay_machine_conn, stay_machine_matrix },
	{ "conn-reasons", stay_machine_conn, stay_machine_reasons },
	{ "events", stay_machine_conn, draw_events },
	{ "link-diagram", stay_machine_link, draw_mermaid },
	{ "link-matrix", stay_machine_link, stay_machine_matrix },
	{ "link-reasons", stay_machine_link, stay_machine_reasons },
	{ "metrics", stay_machine_conn, draw_metrics },
	{ "redis-words", stay_machine_conn, draw_redis_words },
	{ "redis-rejected", stay_machine_conn, draw_redis_rejected },
	{ "session-diagram", stay_machine_session, draw_mermaid },
	{ "session-matrix", stay_machine_session, stay_machine_matrix },
	{ "session-reasons", stay_machine_session, stay_machine_reasons },
	{ "settings", stay_machine_conn, draw_settings },
	{ "statuses", stay_machine_conn, draw_statuses },
	{ "stay_backoff_policy", stay_machine_conn, draw_backoff_policy },
	{ "stay_client_options", stay_machine_conn, draw_client_options },
	{ "stay_conn_options", stay_machine_conn, draw_conn_options },
	{ "stay_pool_options", stay_machine_conn, draw_pool_options },
	{ "stay_redis_options", stay_machine_conn, draw_redis_options },
	{ "verdicts", stay_machine_conn, draw_verdicts },
};

/* The block whose `edge` ("begin" or "end") this line is; NULL: an own line. */
static const struct block *
marked(const char *line, const char *edge)
{
	char name[64], word[8];

	if (sscanf(line, "<!-- %7s generated: %63s -->", word, name) != 2 ||
	    strcmp(word, edge) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (strcmp(blocks[i].name, name) == 0)
			return &blocks[i];
	fprintf(stderr, "diagram: no block is called %s\n", name);
	exit(EXIT_FAILURE);
}

int
main(void)
{
	const struct block *block = NULL, *found;
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (block != NULL && marked(line, "end") == block)
			block = NULL;
		if (block == NULL)
			fputs(line, stdout);
		if (block == NULL && (found = marked(line, "begin")) != NULL) {
			block = found;
			fputc('\n', stdout);
			block->draw(block->machine(), stdout);
			fputc('\n', stdout);
		}
	}
	if (block != NULL)
		fprintf(stderr, "diagram: %s has no end\n", block->name);
	return block == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
