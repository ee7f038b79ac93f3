/*
 * A page for Prometheus: http://127.0.0.1:port/metrics, and nothing else. It listens on
 * the loopback interface alone.
 *
 * Its connections are of stay too, on the same libev loop, but on a stay_loop of their
 * own: so that what is measured is not the page.
 */
#ifndef METRICS_PAGE_H
#define METRICS_PAGE_H

#include <stay/observe.h>

struct ev_loop;
struct metrics_page;

/* Serve `metrics`, of a loop that runs on `ev`. Port 0: any free one. NULL: the port is
 * taken, or there is no memory. */
struct metrics_page *metrics_page_open(
    struct ev_loop *ev, struct stay_metrics *metrics, int port);
int metrics_page_port(const struct metrics_page *page);
/* Listen no more, and end what is being served; it is freed when that is over, in turns
 * of the loop. NULL is fine. */
void metrics_page_close(struct metrics_page *page);

#endif
