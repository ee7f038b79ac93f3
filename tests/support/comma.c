/* localedef belongs to the C library; what it reads, a package of its own, need
 * not be there. */
#include "comma.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#define NAME   "comma"
#define SOURCE "source"
#define ASCII  "ascii"

static char *before;

/* In a folder, without a word; how it ends does not matter. */
static void
run(const char *folder, const char *const *words)
{
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (chdir(folder) == 0)
			execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static FILE *
create(const char *folder, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	return file;
}

static void
write_source(const char *folder, const char *point)
{
	FILE *file = create(folder, SOURCE);

	fprintf(file,
	    "LC_NUMERIC\n"
	    "decimal_point \"%s\"\n"
	    "thousands_sep \"\"\n"
	    "grouping -1\n"
	    "END LC_NUMERIC\n",
	    strcmp(point, ",") == 0 ? "," : "<U066B>");
	fclose(file);
}

static void
write_ascii(const char *folder)
{
	FILE *file = create(folder, ASCII);

	fputs("<code_set_name> ANSI_X3.4-1968\n"
	      "<mb_cur_min> 1\n"
	      "<mb_cur_max> 2\n"
	      "<comment_char> %\n"
	      "<escape_char> /\n"
	      "CHARMAP\n",
	    file);
	for (unsigned i = 0; i < 128; i++)
		fprintf(file, "<U%04X> /x%02x\n", i, i);
	fputs("<U066B> /xd9/xab\n"
	      "END CHARMAP\n",
	    file);
	fclose(file);
}

/* The other categories are missing: -c lets them. */
static void
make(const char *folder, const char *point)
{
	static const char *const words[] = { "localedef", "-c", "-i",
		"./" SOURCE, "-f", "./" ASCII, "./" NAME, NULL };

	write_source(folder, point);
	write_ascii(folder);
	run(folder, words);
}

/* What it takes from the folder it has read then. */
static void
enter(const char *folder)
{
	setenv("LOCPATH", folder, 1);
	setlocale(LC_NUMERIC, NAME);
	unsetenv("LOCPATH");
}

bool
comma_begin(const char *point)
{
	char folder[] = "/tmp/stay-comma-XXXXXX";
	const char *const words[] = { "rm", "-rf", folder, NULL };

	before = strdup(setlocale(LC_NUMERIC, NULL));
	ck_assert_ptr_nonnull(before);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make(folder, point);
	enter(folder);
	run("/", words);
	if (strcmp(localeconv()->decimal_point, point) == 0)
		return true;
	printf("skipped: localedef makes no locale with a comma here\n");
	comma_end();
	return false;
}

void
comma_end(void)
{
	setlocale(LC_NUMERIC, before);
	free(before);
	before = NULL;
}
