/*
 * Copies a Markdown file from standard input to standard output and renews the
 * blocks in it that are made from the library's tables. A block stands between
 *
 *	<!-- begin generated: conn-diagram -->
 *	<!-- end generated: conn-diagram -->
 *
 * It uses public functions alone, and knows nothing of the files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/machine.h>

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
	stay_verdict_matrix(out);
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

static const struct block {
	const char *name;
	machine_fn *machine;
	draw_fn *draw;
} blocks[] = {
	{ "conn-diagram", stay_machine_conn, draw_mermaid },
	{ "conn-matrix", stay_machine_conn, stay_machine_matrix },
	{ "conn-reasons", stay_machine_conn, stay_machine_reasons },
	{ "link-diagram", stay_machine_link, draw_mermaid },
	{ "link-matrix", stay_machine_link, stay_machine_matrix },
	{ "link-reasons", stay_machine_link, stay_machine_reasons },
	{ "session-diagram", stay_machine_session, draw_mermaid },
	{ "session-matrix", stay_machine_session, stay_machine_matrix },
	{ "session-reasons", stay_machine_session, stay_machine_reasons },
	{ "statuses", stay_machine_conn, draw_statuses },
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
