/*
 * What each connection of a pool is started with: copies of all that the program has
 * given, since a connection may begin at any time. What is wrong with it, the client
 * says when the first one is started. After a change there are several; whoever has one
 * holds it.
 */
#include "base/text.h"
#include "pool/pool.h"

static bool
copy_text(char **to, const char *from)
{
	if (from == NULL)
		return true;
	*to = stay__text_copy(from);
	return *to != NULL;
}

static bool
copy_urls(struct stay__template *to, const char *const *urls)
{
	size_t count = 0;

	if (urls == NULL)
		return true;
	while (urls[count] != NULL)
		count++;
	to->urls = stay__calloc(count + 1, sizeof(*to->urls));
	if (to->urls == NULL)
		return false;
	for (size_t i = 0; urls[i] != NULL; i++)
		if (!copy_text(&to->urls[i], urls[i]))
			return false;
	to->options.urls = (const char *const *)to->urls;
	return true;
}

static bool
copy_config(struct stay__template *to)
{
	size_t size = to->options.config_size;

	if (size == 0 || to->options.config == NULL)
		return true;
	to->config = stay__zalloc(size);
	if (to->config == NULL)
		return false;
	memcpy(to->config, to->options.config, size);
	to->options.config = to->config;
	return true;
}

static void
copy_socket(struct stay__template *to)
{
	if (to->options.socket == NULL)
		return;
	to->socket = *to->options.socket;
	to->options.socket = &to->socket;
}

/* Of the client's options, what is the pool's to decide. A copy is not to be released:
 * the client refuses both. */
static void
take_over(struct stay__template *to, const struct stay_pool_options *options)
{
	struct stay_client_options *ours = &to->options;

	if (ours->config_size == 0) {
		to->release = ours->config_release;
		ours->config_release = NULL;
	}
	to->stops = ours->on_fatal == STAY_FATAL_STOP;
	ours->on_fatal = STAY_FATAL_RETRY;
	ours->on_started = NULL;
	ours->on_high_water = ours->on_low_water = NULL;
	if (options->use == STAY_POOL_SHARED)
		return;
	to->max_age_ms = ours->max_age_ms;
	ours->max_age_ms = 0;
	ours->offline = STAY_OFFLINE_FAIL;
}

static enum stay_status
take_options(struct stay__template *to, const struct stay_client_options *from)
{
	to->options = (struct stay_client_options){ STAY_CLIENT_OPTIONS };
	if (from == NULL)
		return STAY_OK;
	if (from->size < sizeof(from->size) || from->size > sizeof(*from))
		return STAY_E_ABI;
	memcpy(&to->options, from, from->size);
	to->options.size = sizeof(to->options);
	return STAY_OK;
}

/* Copies of all that `to` points to so far. A descriptor, or a place, is none of the
 * pool's. */
static bool
own(struct stay__template *to, const char *url)
{
	copy_socket(to);
	if (!copy_text(&to->url, url) ||
	    !copy_text(&to->label, to->options.label) ||
	    !copy_urls(to, to->options.urls) || !copy_config(to))
		return false;
	to->options.label = to->label;
	return true;
}

static struct stay__template *
new_template(void)
{
	struct stay__template *template = stay__zalloc(sizeof(*template));

	if (template == NULL)
		return NULL;
	template->refs = 1;
	return template;
}

enum stay_status
stay__template_new(struct stay__template **made,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_pool_options *options)
{
	struct stay__template *template = new_template();
	enum stay_status status = STAY_E_NOMEM;

	if (template == NULL)
		return status;
	status = take_options(template, options->client);
	template->protocol = protocol;
	if (status == STAY_OK) {
		take_over(template, options);
		status = own(template, url) ? STAY_OK : STAY_E_NOMEM;
	}
	if (status == STAY_OK)
		*made = template;
	else
		stay__template_free(template);
	return status;
}

/* Its config is released as the heir of the old one. */
struct stay__template *
stay__template_copy(const struct stay__template *old, const char *url)
{
	struct stay__template *template = new_template();

	if (template == NULL)
		return NULL;
	template->protocol = old->protocol;
	template->options = old->options;
	template->stops = old->stops;
	template->max_age_ms = old->max_age_ms;
	if (url != NULL)
		template->options.urls = NULL;
	if (own(template, url != NULL ? url : old->url))
		return template;
	stay__template_free(template);
	return NULL;
}

void
stay__template_learn(
    struct stay__template *template, const struct stay_client_options *filled)
{
	template->leave_budget_ms = filled->leave_budget_ms;
	template->fatal_backoff_ms = filled->fatal_backoff_ms;
	template->backoff = filled->backoff;
	template->backoff.attempts_max = 0;
}

void
stay__template_free(struct stay__template *template)
{
	if (template == NULL)
		return;
	if (template->config != NULL)
		stay__wipe(template->config, template->options.config_size);
	stay__free(template->config);
	for (size_t i = 0; template->urls != NULL && template->urls[i] != NULL;
	     i++)
		stay__free_secret(template->urls[i]);
	stay__free(template->urls);
	stay__free(template->label);
	stay__free_secret(template->url);
	stay__free(template);
}

/* ---- who has it ---- */

void
stay__template_take(struct stay_pool *pool, struct stay__template *template)
{
	struct stay__template *old = pool->template;

	stay__list_push(&pool->templates, &template->node);
	pool->template = template;
	if (old != NULL)
		stay__template_drop(pool, old);
}

struct stay__template *
stay__template_hold(struct stay__template *template)
{
	template->refs++;
	return template;
}

void
stay__template_drop(struct stay_pool *pool, struct stay__template *template)
{
	if (--template->refs > 0)
		return;
	stay__list_remove(&template->node);
	if (template->release == NULL) {
		stay__template_free(template);
		return;
	}
	stay__list_push(&pool->spent, &template->node);
	pool->spent_count++;
}

static struct stay__template *
template_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__template, node);
}

/* One that was given again is released when the last that has it is spent; as was said
 * then, if something was. */
static struct stay__template *
heir_of(struct stay__list *list, const struct stay__template *spent)
{
	struct stay__list *node;

	for (node = list->next; node != list; node = node->next)
		if (template_of(node)->options.config == spent->options.config)
			return template_of(node);
	return NULL;
}

static void
release(struct stay_pool *pool, const struct stay__template *spent)
{
	struct stay__template *heir = heir_of(&pool->templates, spent);

	if (heir == NULL)
		heir = heir_of(&pool->spent, spent);
	if (heir == NULL)
		spent->release(spent->options.config);
	else if (heir->release == NULL)
		heir->release = spent->release;
}

void
stay__templates_sweep(struct stay_pool *pool)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&pool->spent)) != NULL) {
		pool->spent_count--;
		release(pool, template_of(node));
		stay__template_free(template_of(node));
	}
}

void
stay__templates_end(struct stay_pool *pool)
{
	const struct stay__template *last = pool->template;

	stay__templates_sweep(pool);
	if (last->release != NULL)
		last->release(last->options.config);
}
