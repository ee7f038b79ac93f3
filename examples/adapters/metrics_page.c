/*
 * A page for Prometheus, on the core: an accepted descriptor becomes the stream of a
 * connection (stay_stream_adopt), whose behaviour reads one request and answers it.
 * All is bounded: how many are served at once, how long a request may be, and how long
 * it may take.
 */
#include "metrics_page.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include <stay/conn.h>
#include <stay/stream.h>

#define SERVED_MAX  8
#define REQUEST_MAX 4096
#define TIMEOUT_MS  5000
#define PAGE_MAX    (1u << 19)

struct metrics_page {
	struct ev_loop *ev;
	struct stay_loop *loop;
	struct stay_metrics *metrics;
	ev_io listening;
	int fd; /* -1: no more */
	int port;
	unsigned served; /* now */
	ev_prepare end;  /* once it is closed: when nothing is left */
};

/* One who asks. */
struct visit {
	struct metrics_page *page;
	int fd; /* -1: it is the stream's */
};

/* ---- what is answered ---- */

static void
add_head(struct stay_buf *out, const char *status, const char *type, size_t len)
{
	(void)stay_buf_printf(out,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, len);
}

static void
add_words(struct stay_buf *out, const char *status)
{
	add_head(out, status, "text/plain", strlen(status) + 1);
	(void)stay_buf_printf(out, "%s\n", status);
}

static void
add_metrics(struct stay_buf *out, struct stay_metrics *metrics)
{
	struct stay_buf text;

	stay_buf_init(&text, PAGE_MAX);
	if (stay_metrics_prometheus(metrics, &text) != STAY_OK) {
		add_words(out, "500 Internal Server Error");
	} else {
		add_head(out, "200 OK",
		    "text/plain; version=0.0.4; charset=utf-8",
		    stay_buf_len(&text));
		(void)stay_buf_append(
		    out, stay_buf_bytes(&text).data, stay_buf_len(&text));
	}
	stay_buf_fini(&text);
}

static bool
begins_with(struct stay_bytes bytes, const char *text)
{
	size_t len = strlen(text);

	return bytes.len >= len && memcmp(bytes.data, text, len) == 0;
}

static enum stay_status
answer(struct stay_conn *conn, struct stay_metrics *metrics,
    struct stay_bytes request)
{
	struct stay_buf out;
	enum stay_status status;

	stay_buf_init(&out, 0);
	if (!begins_with(request, "GET "))
		add_words(&out, "405 Method Not Allowed");
	else if (!begins_with(request, "GET /metrics ") &&
		 !begins_with(request, "GET /metrics?"))
		add_words(&out, "404 Not Found");
	else
		add_metrics(&out, metrics);
	status = stay_stream_send(
	    conn, stay_buf_bytes(&out).data, stay_buf_len(&out));
	stay_buf_fini(&out);
	return status;
}

/* ---- the behaviour ---- */

static struct stay_verdict
visit_init(struct stay_conn *conn, void *state, void *arg)
{
	const struct stay_message no_message = { 0 };
	struct visit *visit = state;

	*visit = *(struct visit *)arg;
	if (stay_conn_set_state_timeout(conn, TIMEOUT_MS, no_message) !=
	    STAY_OK)
		return stay_verdict_stop(STAY_E_NOMEM);
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
visit_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct visit *visit = state;

	(void)info;
	if (stay_stream_adopt(conn, visit->fd, visit->fd) != STAY_OK)
		return stay_verdict_stop(STAY_E_IO);
	visit->fd = -1;
	return stay_verdict_pending(TIMEOUT_MS);
}

/* It is served once. */
static struct stay_verdict
visit_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_stop(STAY_OK);
}

/* Until the empty line that ends a request; what comes behind it is nobody's. */
static struct stay_verdict
visit_read(
    struct stay_conn *conn, const struct visit *visit, struct stay_bytes bytes)
{
	if (memmem(bytes.data, bytes.len, "\r\n\r\n", 4) != NULL)
		return answer(conn, visit->page->metrics, bytes) == STAY_OK
			   ? stay_verdict_noreply()
			   : stay_verdict_stop(STAY_E_FULL);
	if (bytes.len > REQUEST_MAX ||
	    stay_stream_keep(conn, bytes.len, 0) != STAY_OK)
		return stay_verdict_stop(STAY_E_TOO_BIG);
	return stay_verdict_noreply();
}

static struct stay_verdict
visit_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	const struct stay_message no_message = { 0 };

	switch ((int)event->type) {
	case STAY_STREAM_UP:
		(void)stay_conn_set_state_timeout(conn, TIMEOUT_MS, no_message);
		return stay_verdict_ok();
	case STAY_STREAM_DATA:
		return visit_read(conn, state, event->bytes);
	case STAY_STATE_TIMEOUT:
		return stay_verdict_stop(STAY_E_TIMEOUT);
	default: /* it has hung up, as it does when it has the page */
		return stay_verdict_noreply();
	}
}

static void
visit_terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct visit *visit = state;

	(void)conn;
	(void)reason;
	if (visit->fd >= 0)
		close(visit->fd);
	visit->page->served--;
}

static const struct stay_behaviour behaviour = {
	STAY_BEHAVIOUR,
	.name = "metrics_page",
	.state_size = sizeof(struct visit),
	.init = visit_init,
	.connect = visit_connect,
	.disconnect = visit_disconnect,
	.handle_info = visit_info,
	.terminate = visit_terminate,
};

/* ---- who comes ---- */

static void
let_in(struct metrics_page *page, int fd)
{
	struct visit visit = { page, fd };
	struct stay_conn *conn;

	page->served++;
	if (stay_conn_start(&conn, page->loop, &behaviour, &visit, NULL) ==
	    STAY_OK)
		return;
	page->served--;
	close(fd);
}

static void
on_visitor(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct metrics_page *page = watcher->data;
	int fd = accept4(page->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)ev;
	(void)events;
	if (fd < 0)
		return;
	if (page->served < SERVED_MAX)
		let_in(page, fd);
	else
		close(fd);
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, SERVED_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
port_of(int fd)
{
	struct sockaddr_in address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	return ntohs(address.sin_port);
}

/* ---- the page ---- */

static void
free_page(struct metrics_page *page)
{
	if (page->fd >= 0)
		close(page->fd);
	stay_loop_free(page->loop);
	free(page);
}

struct metrics_page *
metrics_page_open(struct ev_loop *ev, struct stay_metrics *metrics, int port)
{
	struct metrics_page *page = calloc(1, sizeof(*page));

	if (page == NULL)
		return NULL;
	page->ev = ev;
	page->metrics = metrics;
	page->fd = listen_on(port);
	page->loop = page->fd < 0 ? NULL : stay_loop_ev(ev);
	if (page->loop == NULL) {
		free_page(page);
		return NULL;
	}
	page->port = port_of(page->fd);
	ev_io_init(&page->listening, on_visitor, page->fd, EV_READ);
	page->listening.data = page;
	ev_io_start(ev, &page->listening);
	ev_unref(ev); /* nobody stays for the page alone */
	return page;
}

int
metrics_page_port(const struct metrics_page *page)
{
	return page->port;
}

static void
end_if_over(struct ev_loop *ev, ev_prepare *watcher, int events)
{
	struct metrics_page *page = watcher->data;

	(void)events;
	if (stay_loop_live(page->loop) > 0)
		return;
	ev_prepare_stop(ev, watcher);
	free_page(page);
}

void
metrics_page_close(struct metrics_page *page)
{
	if (page == NULL)
		return;
	ev_ref(page->ev);
	ev_io_stop(page->ev, &page->listening);
	stay_loop_stop(page->loop, STAY_OK);
	ev_prepare_init(&page->end, end_if_over);
	page->end.data = page;
	ev_prepare_start(page->ev, &page->end);
}
