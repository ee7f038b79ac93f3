/* memcached: the adapter of examples/custom_protocol.c, as it stands there, beside a
 * peer that says the same whatever has been stored. */
#include "contracts.h"

/* Its program is not ours. */
#define main custom_protocol_main
int custom_protocol_main(int argc, char **argv);
#include "../../examples/custom_protocol.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

static const struct {
	const char *request;
	const char *answer;
} lines[] = {
	{ "get there\r\n", "VALUE there 42 5\r\nhello\r\nEND\r\n" },
	{ "get tricky\r\n", "VALUE tricky 0 5\r\nEND\r\n\r\nEND\r\n" },
	{ "get gone\r\n", "END\r\n" },
	{ "set key 7 0 4\r\n", "STORED\r\n" },
	{ "delete key\r\n", "DELETED\r\n" },
	{ "incr count 2\r\n", "43\r\n" },
	{ "incr text 2\r\n", "CLIENT_ERROR cannot increment\r\n" },
};

/* What is stored is 4 bytes, and a line end. */
static size_t
peer_of_memcached(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t seen = 0, len = stay_bytes_line(in, &seen);
	size_t whole =
	    len > 4 && memcmp(in.data, "set ", 4) == 0 ? len + 6 : len;

	if (len == 0 || in.len < whole)
		return 0;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strlen(lines[i].request) == len &&
		    memcmp(lines[i].request, in.data, len) == 0)
			(void)stay_buf_puts(peer->out, lines[i].answer);
	return whole;
}

static void
show(const void *reply, struct stay_buf *out)
{
	const struct mc_reply *mc = reply;

	(void)stay_buf_printf(
	    out, "%s %" PRIu64 " ", kinds[mc->kind], mc->number);
	(void)stay_buf_append(out, mc->text.data, mc->text.len);
}

static const struct stay_contract_sample samples[] = {
	{ .name = "get there",
	    .request =
		&(const struct mc_request){ MC_GET, "there", NOTHING, 0 },
	    .reply = "value 42 hello" },
	{ .name = "get tricky",
	    .request =
		&(const struct mc_request){ MC_GET, "tricky", NOTHING, 0 },
	    .reply = "value 0 END\r\n" },
	{ .name = "get gone",
	    .request = &(const struct mc_request){ MC_GET, "gone", NOTHING, 0 },
	    .reply = "miss 0 END" },
	{ .name = "set",
	    .request =
		&(const struct mc_request){ MC_SET, "key", TEXT("text"), 7 },
	    .reply = "done 0 STORED" },
	{ .name = "delete",
	    .request =
		&(const struct mc_request){ MC_DELETE, "key", NOTHING, 0 },
	    .reply = "done 0 DELETED" },
	{ .name = "incr",
	    .request =
		&(const struct mc_request){ MC_INCR, "count", NOTHING, 2 },
	    .reply = "number 43 43" },
	{ .name = "incr of a text",
	    .request =
		&(const struct mc_request){ MC_INCR, "text", NOTHING, 2 },
	    .status = STAY_E_SERVER },
};

const struct stay_contract memcached_contract = { STAY_CONTRACT,
	.protocol = &memcached, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]),
	.peer = peer_of_memcached, .show = show };
