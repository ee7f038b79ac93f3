/*
 * Draws a mutant: mutate SEED NUMBER OUT FILE...
 *
 * Of all bugs that can be planted in the files a seed makes a row, each at most
 * once; this takes the NUMBER-th, from 1, and writes the file as it is then to
 * OUT. It prints, with tabs between them: the file, the line, and how
 * equivalent.txt names the bug. A file is drawn by its lines of code, then an
 * operation as any other, then a site as any other. 1: there is no such number.
 *
 * mutate all FILE... prints every one of them instead, in the order of the text.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutants.h"

#define SOURCES_MAX 1000
#define TRIES_MAX   1000000

struct draw {
	struct source sources[SOURCES_MAX];
	size_t count;
	size_t lines;
	struct sites sites;
	uint64_t seed;
};

/* splitmix64 */
static size_t
random_below(struct draw *draw, size_t bound)
{
	uint64_t z = draw->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (size_t)((z ^ z >> 31) % bound);
}

static void
read_sources(struct draw *draw, char **paths, size_t count)
{
	for (size_t i = 0; i < count && i < SOURCES_MAX; i++) {
		struct source *source = &draw->sources[draw->count++];

		source_read(source, paths[i]);
		sites_find(&draw->sites, source);
		draw->lines += source->lines;
	}
}

static const struct source *
draw_source(struct draw *draw)
{
	size_t line = random_below(draw, draw->lines);
	const struct source *source = draw->sources;

	for (; line >= source->lines; source++)
		line -= source->lines;
	return source;
}

/* One of those that were not drawn yet; NULL: there is none of that kind. */
static struct site *
draw_site(struct draw *draw)
{
	const struct source *source = draw_source(draw);
	size_t operation = random_below(draw, OPERATION_COUNT);
	struct site *fit = NULL;
	size_t fits = 0;

	for (size_t i = 0; i < draw->sites.count; i++) {
		struct site *site = &draw->sites.site[i];

		if (site->source != source || site->operation != operation ||
		    site->drawn)
			continue;
		if (random_below(draw, ++fits) == 0)
			fit = site;
	}
	return fit;
}

static struct site *
draw_number(struct draw *draw, long number)
{
	struct site *site = NULL;

	for (long i = 0; number > 0 && i < TRIES_MAX; i++) {
		site = draw_site(draw);
		if (site == NULL)
			continue;
		site->drawn = true;
		number--;
	}
	return number == 0 ? site : NULL;
}

/* ---- the output ---- */

static int
line_of(const struct site *site)
{
	int line = 1;

	for (size_t i = 0; i < site->begin; i++)
		line += site->source->text[i] == '\n';
	return line;
}

/* Blanks of any kind and number as one, and none in front. */
static void
print_plain(const char *text, size_t len, bool *blank)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\n", text[i]) != NULL) {
			*blank = true;
			continue;
		}
		if (*blank)
			putchar(' ');
		*blank = false;
		putchar(text[i]);
	}
}

/* The lines that the site is in, before, and after. */
static void
print_key(const struct site *site)
{
	const char *text = site->source->text;
	size_t begin = site->begin, end = site->end;
	bool blank = false;

	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	begin += strspn(text + begin, " \t");
	end += strcspn(text + end, "\n");
	print_plain(text + begin, end - begin, &blank);
	printf(" => ");
	print_plain(text + begin, site->begin - begin, &blank);
	print_plain(site->text, strlen(site->text), &blank);
	print_plain(text + site->end, end - site->end, &blank);
}

static void
print_site(const struct site *site)
{
	printf("%s\t%d\t%.*s: %s: ", site->source->path, line_of(site),
	    (int)site->function->len, site->function->at,
	    operation_names[site->operation]);
	print_key(site);
	putchar('\n');
}

static int
write_mutant(const struct site *site, const char *path)
{
	const char *text = site->source->text;
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return 2;
	fprintf(file, "%.*s%s%s", (int)site->begin, text, site->text,
	    text + site->end);
	return fclose(file) == 0 ? 0 : 2;
}

int
main(int argc, char **argv)
{
	static struct draw draw;
	struct site *site;

	if (argc > 2 && strcmp(argv[1], "all") == 0) {
		read_sources(&draw, argv + 2, (size_t)argc - 2);
		for (size_t i = 0; i < draw.sites.count; i++)
			print_site(&draw.sites.site[i]);
		return 0;
	}
	if (argc < 5) {
		fprintf(stderr, "mutate SEED NUMBER OUT FILE...\n");
		return 2;
	}
	draw.seed = strtoull(argv[1], NULL, 10);
	read_sources(&draw, argv + 4, (size_t)argc - 4);
	site = draw_number(&draw, atol(argv[2]));
	if (site == NULL)
		return 1;
	print_site(site);
	return write_mutant(site, argv[3]);
}
