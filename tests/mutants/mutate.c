/*
 * Plants one bug: mutate LIST NUMBER TREE. The list is text:
 *
 *	== what the bug is
 *	@ the file
 *	- lines as they are, which must stand there exactly once
 *	+ lines in their place
 *
 * Prints "file<TAB>what" and ends with 0; 1: there is no such number; 2: the
 * lines are not there, or not once, so the list is stale.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 20)

struct mutant {
	char what[256];
	char file[128];
	char from[8192];
	char to[8192];
};

static void
append(char *text, size_t size, const char *line)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", line);
}

static void
copy_word(char *text, size_t size, const char *line)
{
	snprintf(text, size, "%.*s", (int)strcspn(line, "\n"), line);
}

/* The number-th of the list, from 1. */
static int
find(FILE *list, int number, struct mutant *mutant)
{
	char line[1024];
	int at = 0;

	memset(mutant, 0, sizeof(*mutant));
	while (fgets(line, sizeof(line), list) != NULL) {
		if (strncmp(line, "== ", 3) == 0 && ++at == number)
			copy_word(mutant->what, sizeof(mutant->what), line + 3);
		if (at != number)
			continue;
		if (line[0] == '@')
			copy_word(mutant->file, sizeof(mutant->file), line + 2);
		else if (line[0] == '-')
			append(mutant->from, sizeof(mutant->from), line + 2);
		else if (line[0] == '+')
			append(mutant->to, sizeof(mutant->to), line + 2);
	}
	return mutant->what[0] != '\0';
}

static char *
read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, TEXT_MAX);

	if (file == NULL || text == NULL ||
	    fread(text, 1, TEXT_MAX - 1, file) == 0) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	fclose(file);
	return text;
}

static void
replace(const char *path, const struct mutant *mutant)
{
	char *text = read_all(path);
	char *at = strstr(text, mutant->from);
	FILE *file;

	if (at == NULL || strstr(at + 1, mutant->from) != NULL) {
		fprintf(stderr, "%s: not there, or not once: %s\n",
		    mutant->file, mutant->what);
		exit(2);
	}
	file = fopen(path, "w");
	if (file == NULL)
		exit(2);
	fprintf(file, "%.*s%s%s", (int)(at - text), text, mutant->to,
	    at + strlen(mutant->from));
	fclose(file);
	free(text);
}

int
main(int argc, char **argv)
{
	struct mutant mutant;
	char path[512];
	FILE *list;

	if (argc != 4 || (list = fopen(argv[1], "r")) == NULL)
		return 2;
	if (!find(list, atoi(argv[2]), &mutant))
		return 1;
	fclose(list);
	snprintf(path, sizeof(path), "%s/%s", argv[3], mutant.file);
	replace(path, &mutant);
	printf("%s\t%s\n", mutant.file, mutant.what);
	return 0;
}
