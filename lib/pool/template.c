/*
 * What each connection of a pool is started with: copies of all that the program has
 * given, since a connection may begin at any time. What is wrong with it, the client
 * says when the first one is started.
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
	for (size_t i = 0; i < count; i++)
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

/* Of the client's options, what is the pool's to decide. */
static void
take_over(struct stay__template *to, const struct stay_pool_options *options)
{
	struct stay_client_options *ours = &to->options;

	to->release = ours->config_release;
	ours->config_release = NULL;
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

enum stay_status
stay__template_fill(struct stay__template *to,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_pool_options *options)
{
	enum stay_status status = take_options(to, options->client);

	if (status != STAY_OK)
		return status;
	to->protocol = protocol;
	take_over(to, options);
	copy_socket(to);
	if (!copy_text(&to->url, url) ||
	    !copy_text(&to->label, to->options.label) ||
	    !copy_urls(to, to->options.urls) || !copy_config(to))
		return STAY_E_NOMEM;
	to->options.label = to->label;
	return STAY_OK;
}

void
stay__template_free(struct stay__template *template)
{
	if (template->config != NULL)
		stay__wipe(template->config, template->options.config_size);
	stay__free(template->config);
	for (size_t i = 0; template->urls != NULL && template->urls[i] != NULL;
	     i++)
		stay__free(template->urls[i]);
	stay__free(template->urls);
	stay__free(template->label);
	stay__free(template->url);
}

void
stay__template_release(const struct stay__template *template)
{
	if (template->release != NULL)
		template->release(template->options.config);
}
