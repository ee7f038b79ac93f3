/* Child processes that are a PostgreSQL; knows nothing of the library. */
#include "postgres_server.h"
#include "free_port.h"
#include "tls_bed.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY    65534
#define KIDS_MAX  64
#define PORTS_MAX 3

static char template[32];

/* ---- programs ---- */

static bool
find_in(const char *pattern, char path[256])
{
	glob_t found;
	bool well = glob(pattern, 0, NULL, &found) == 0;

	if (well)
		snprintf(path, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return well;
}

/* Debian keeps them where no PATH looks. */
static bool
find_program(const char *name, char path[256])
{
	static const char *const places[] = { "/usr/local/bin", "/usr/bin",
		"/usr/lib/postgresql/*/bin", "/usr/libexec/postgresql*" };
	char pattern[256];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s", places[i], name);
		if (find_in(pattern, path) && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

bool
postgres_is_there(void)
{
	static bool has_said;
	char path[256];

	if (find_program("initdb", path) && find_program("postgres", path))
		return true;
	if (!has_said)
		puts("skipped: there is no postgres or no initdb (install "
		     "postgresql), so its adapter meets no real server");
	has_said = true;
	return false;
}

/* In the child: not as root, nothing of ours but the three descriptors, and gone with
 * its parent. */
static void
run(const char *program, const char *const *args, int out)
{
	char path[256];

	if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
				 setuid(NOBODY) != 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (chdir("/") == 0 && find_program(program, path))
		execv(path, (char *const *)(uintptr_t)args);
	_exit(127);
}

/* Run it to its end; what it says goes nowhere. */
static void
run_now(const char *program, const char *const *args)
{
	int status = -1, out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid == 0)
		run(program, args, out);
	close(out);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s failed: %d\n", program, status);
		abort();
	}
}

/* ---- folders ---- */

/* One that the server owns. */
static void
make_folder(char *dir, size_t len)
{
	snprintf(dir, len, "/tmp/stay-postgres-XXXXXX");
	if (mkdtemp(dir) == NULL ||
	    (getuid() == 0 && chown(dir, NOBODY, NOBODY) != 0))
		abort();
}

static int
remove_entry(
    const char *path, const struct stat *stat, int type, struct FTW *where)
{
	(void)stat;
	(void)type;
	(void)where;
	return remove(path);
}

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* A certificate for its address, whose key nobody else may read. */
static void
make_certificate(void)
{
	const struct tls_terms as = { .name = "ca", .authority = true };
	const struct tls_terms usual = { .san = "IP:127.0.0.1" };
	struct tls_id authority = tls_id_new(&as, NULL);
	struct tls_id us = tls_id_new(&usual, &authority);
	char path[80];

	snprintf(path, sizeof(path), "%s/data/ca", template);
	tls_id_save(&authority, path, NULL);
	snprintf(path, sizeof(path), "%s/data/us", template);
	tls_id_save(&us, path, NULL);
	snprintf(path, sizeof(path), "%s/data/us.key", template);
	if (chmod(path, 0600) != 0 ||
	    (getuid() == 0 && chown(path, NOBODY, NOBODY) != 0))
		abort();
	tls_id_free(&us);
	tls_id_free(&authority);
}

void
postgres_template_make(void)
{
	char data[64], secret[64];
	const char *const args[] = { "initdb", "-D", data, "-U", "stay", "-N",
		"--no-locale", "-E", "UTF8", "--auth-local=trust",
		"--auth-host=scram-sha-256", "--pwfile", secret, NULL };

	if (!postgres_is_there())
		return;
	make_folder(template, sizeof(template));
	snprintf(data, sizeof(data), "%s/data", template);
	snprintf(secret, sizeof(secret), "%s/secret", template);
	write_file(template, "secret", "pencil\n");
	run_now("initdb", args);
	make_certificate();
}

void
postgres_template_remove(void)
{
	if (template[0] != '\0')
		nftw(template, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	template[0] = '\0';
}

/* ---- the server ---- */

static void
run_server(const struct postgres_server *server, int out)
{
	char port[16], data[64];
	const char *const args[] = { "postgres", "-D", data, "-F", "-h",
		"127.0.0.1", "-p", port, "-k", server->dir, "-c",
		"shared_buffers=16MB", "-c", "autovacuum=off", "-c",
		"max_wal_senders=0", "-c", "ssl=on", "-c",
		"ssl_cert_file=us.pem", "-c", "ssl_key_file=us.key", "-c",
		"wal_level=minimal", "-c", "log_min_messages=log", NULL };

	snprintf(port, sizeof(port), "%d", server->port);
	snprintf(data, sizeof(data), "%s/data", server->dir);
	run("postgres", args, out);
}

/* The server says so itself; the end of its output says that it died. Its later words
 * have nowhere to go; it ignores SIGPIPE. */
static bool
wait_until_ready(int said)
{
	char line[512];
	FILE *file = fdopen(said, "r");
	bool ready = false;

	while (!ready && fgets(line, sizeof(line), file) != NULL)
		ready = strstr(line, "ready to accept connections") != NULL;
	fclose(file);
	return ready;
}

/* Its processes become ours when it dies. */
static bool
launch(struct postgres_server *server)
{
	int ends[2];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2(ends, O_CLOEXEC) != 0)
		abort();
	server->pid = fork();
	if (server->pid == 0)
		run_server(server, ends[1]);
	close(ends[1]);
	if (wait_until_ready(ends[0]))
		return true;
	postgres_server_kill(server);
	return false;
}

static void
give_up(void)
{
	fputs("postgres does not start\n", stderr);
	abort();
}

static void
choose_port(struct postgres_server *server)
{
	server->port = free_port();
	snprintf(server->url, sizeof(server->url),
	    "postgres://stay:pencil@127.0.0.1:%d/postgres", server->port);
	snprintf(server->unix_url, sizeof(server->unix_url),
	    "postgres+unix://stay@%s/.s.PGSQL.%d?database=postgres",
	    server->dir, server->port);
}

void
postgres_server_start(struct postgres_server *server)
{
	char from[64];
	const char *const args[] = { "cp", "-a", from, server->dir, NULL };

	memset(server, 0, sizeof(*server));
	make_folder(server->dir, sizeof(server->dir));
	snprintf(from, sizeof(from), "%s/data", template);
	run_now("cp", args);
	/* Somebody may come to listen there before the server does. */
	for (int i = 0; i < PORTS_MAX; i++) {
		choose_port(server);
		if (launch(server))
			return;
	}
	give_up();
}

void
postgres_server_restart(struct postgres_server *server)
{
	if (server->pid == 0 && !launch(server))
		give_up();
}

static int
children_of(pid_t pid, pid_t kids[KIDS_MAX])
{
	char path[64];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
	    (int)pid);
	file = fopen(path, "r");
	while (file != NULL && count < KIDS_MAX &&
	       fscanf(file, "%d", &kids[count]) == 1)
		count++;
	if (file != NULL)
		fclose(file);
	return count;
}

/* Stopped first, so that it has no more children than are seen. Those that live on keep
 * its memory, and another would not start. */
void
postgres_server_kill(struct postgres_server *server)
{
	pid_t kids[KIDS_MAX];
	int count;

	if (server->pid == 0)
		return;
	kill(server->pid, SIGSTOP);
	waitpid(server->pid, NULL, WUNTRACED);
	count = children_of(server->pid, kids);
	kill(server->pid, SIGKILL);
	for (int i = 0; i < count; i++)
		kill(kids[i], SIGKILL);
	waitpid(server->pid, NULL, 0);
	for (int i = 0; i < count; i++)
		waitpid(kids[i], NULL, 0);
	server->pid = 0;
}

void
postgres_server_end(struct postgres_server *server)
{
	postgres_server_kill(server);
	nftw(server->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
