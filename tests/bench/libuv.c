/*
 * libuv: its bare handle of a connection, which is asked once, as a program would use
 * it that has no client library. Where it isn't installed this program measures
 * nothing.
 */
#include "bench.h"

#if __has_include(<uv.h>)

#include <stdlib.h>

#include <uv.h>

struct link {
	uv_tcp_t handle;
	uv_connect_t connect;
	uv_write_t write;
	char reply[16];
};

static unsigned missing;

static struct link *
link_of(uv_handle_t *handle)
{
	return (struct link *)handle;
}

static void
give_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct link *link = link_of(handle);

	(void)size;
	*buf = uv_buf_init(link->reply, sizeof(link->reply));
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	(void)buf;
	bench_need(got > 0, "libuv cannot read");
	if (--missing == 0)
		uv_stop(stream->loop);
}

static void
on_connect(uv_connect_t *connect, int status)
{
	static char ping[] = "*1\r\n$4\r\nPING\r\n";
	uv_buf_t buf = uv_buf_init(ping, sizeof(ping) - 1);
	struct link *link = link_of((uv_handle_t *)connect->handle);

	bench_need(
	    status == 0 &&
		uv_read_start(connect->handle, give_room, on_read) == 0 &&
		uv_write(&link->write, connect->handle, &buf, 1, NULL) == 0,
	    "libuv cannot connect");
}

static void
crowd(int port, unsigned count)
{
	struct sockaddr_in address;
	struct link *link;

	missing = count;
	bench_need(uv_ip4_addr("127.0.0.1", port, &address) == 0, "no address");
	for (unsigned i = 0; i < count; i++) {
		link = calloc(1, sizeof(*link));
		bench_need(
		    link != NULL &&
			uv_tcp_init(uv_default_loop(), &link->handle) == 0 &&
			uv_tcp_connect(&link->connect, &link->handle,
			    (struct sockaddr *)&address, on_connect) == 0,
		    "libuv cannot connect");
	}
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static const struct bench_contender contender = { .name = "libuv",
	.crowd = crowd };
const struct bench_contender *const bench_contender = &contender;

#else
const struct bench_contender *const bench_contender = NULL;
#endif
