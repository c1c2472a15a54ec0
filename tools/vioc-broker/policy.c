// SPDX-License-Identifier: MIT
/* Who may have what: a file of lines "allow user=NAME device=ADDRESS...". */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"

struct reading {
	const char *path;
	unsigned int line;
	unsigned int n_errors;
	const struct vioc_enumerator *all;
	struct rule *rule; /* of the line */
};

__attribute__((format(printf, 2, 3))) static void complain(struct reading *reading,
							   const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_event("policy-error", "file=%s line=%u reason=%s", reading->path, reading->line,
		  log_quote(text));
	reading->n_errors++;
}

static bool parse_number(const char *text, uint32_t *ret_number)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	*ret_number = (uint32_t)number;
	return *text >= '0' && *text <= '9' && !*end && !errno && number < UINT32_MAX;
}

static void take_user(struct reading *reading, const char *name)
{
	uint32_t number;
	const struct passwd *user = parse_number(name, &number) ? NULL : getpwnam(name);
	if (!user && !parse_number(name, &number)) {
		complain(reading, "there is no user \"%s\"", name);
		return;
	}
	reading->rule->has_uid = true;
	reading->rule->uid = user ? user->pw_uid : number;
}

static void take_group(struct reading *reading, const char *name)
{
	uint32_t number;
	const struct group *group = parse_number(name, &number) ? NULL : getgrnam(name);
	if (!group && !parse_number(name, &number)) {
		complain(reading, "there is no group \"%s\"", name);
		return;
	}
	reading->rule->has_gid = true;
	reading->rule->gid = group ? group->gr_gid : number;
}

static void take_backend(struct reading *reading, const char *name)
{
	uint32_t backend;
	if (vioc_backend_from_name(name, &backend) < 0 || backend == VIOC_BACKEND_AUTO)
		complain(reading, "backend \"%s\" is neither legacy, iommufd nor compat", name);
	else
		reading->rule->backends |= 1u << backend;
}

static void take_device(struct reading *reading, const char *name)
{
	struct rule *rule = reading->rule;
	if (rule->n_devices == HANDOUT_DEVICES)
		complain(reading, "more than %d devices", HANDOUT_DEVICES);
	else if (handout_full_name(name, rule->devices[rule->n_devices]))
		rule->n_devices++;
	else
		complain(reading, "\"%s\" is no PCI address like 0000:01:00.0", name);
}

static void take_word(struct reading *reading, char *word)
{
	static const struct {
		const char *name;
		void (*take)(struct reading *reading, const char *value);
	} keys[] = {
		{ "user", take_user },
		{ "group", take_group },
		{ "device", take_device },
		{ "backend", take_backend },
	};
	char *value = strchr(word, '=');
	if (!value) {
		complain(reading, "\"%s\" is not of the form key=value", word);
		return;
	}
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].name, word) == 0) {
			keys[i].take(reading, value);
			return;
		}
	}
	complain(reading, "unknown key \"%s\"; there are user, group, device and backend", word);
}

bool policy_lacks_sibling(const struct vioc_enumerator *all, const struct rule *rule,
			  const char *device, char ret_other[64], uint32_t *ret_group)
{
	struct vioc_found_device sibling = VIOC_SIZED(vioc_found_device);
	struct vioc_found_device found = VIOC_SIZED(vioc_found_device);
	size_t i = 0;
	while (vioc_enumerator_get_device(all, i, &found) > 0 && strcmp(found.name, device) != 0)
		i++;
	if (vioc_enumerator_get_device(all, i, &found) <= 0 || !(found.flags & VIOC_FOUND_GROUP))
		return false;
	*ret_group = found.group;
	for (i = 0; vioc_enumerator_get_device(all, i, &sibling) > 0; i++) {
		size_t k = 0;
		if (!(sibling.flags & VIOC_FOUND_GROUP) || sibling.group != found.group)
			continue;
		while (k < rule->n_devices && strcmp(rule->devices[k], sibling.name) != 0)
			k++;
		if (k == rule->n_devices) {
			snprintf(ret_other, 64, "%s", sibling.name);
			return true;
		}
	}
	return false;
}

static void check_rule(struct reading *reading)
{
	const struct rule *rule = reading->rule;
	char other[64];
	uint32_t group;
	if (rule->has_uid == rule->has_gid)
		complain(reading, "it takes either user= or group=");
	if (!rule->n_devices)
		complain(reading, "it takes device=");
	for (size_t i = 0; i < rule->n_devices; i++)
		if (policy_lacks_sibling(reading->all, rule, rule->devices[i], other, &group))
			complain(reading,
				 "%s is in IOMMU group %u with %s, which must be in the same line: "
				 "who has one can reach the other",
				 rule->devices[i], group, other);
}

/* A rule, or NULL: an empty line, or one with errors. */
static struct rule *read_line(struct reading *reading, char *text)
{
	static const char space[] = " \t\r\n";
	char *rest = NULL, *word = strtok_r(text, space, &rest);
	unsigned int n_errors = reading->n_errors;
	if (!word || *word == '#')
		return NULL;
	if (strcmp(word, "allow") != 0) {
		complain(reading, "\"%s\" is not \"allow\"", word);
		return NULL;
	}
	reading->rule = calloc(1, sizeof(*reading->rule));
	if (!reading->rule) {
		complain(reading, "out of memory");
		return NULL;
	}
	reading->rule->line = reading->line;
	while ((word = strtok_r(NULL, space, &rest)) && *word != '#')
		take_word(reading, word);
	if (n_errors == reading->n_errors)
		check_rule(reading);
	if (n_errors == reading->n_errors)
		return reading->rule;
	free(reading->rule);
	return NULL;
}

static int read_rules(struct reading *reading, FILE *file, struct rule **ret_rules)
{
	struct rule *rules = NULL, **end = &rules;
	char *text = NULL;
	size_t size = 0;
	ssize_t length;
	while ((length = getline(&text, &size, file)) >= 0) {
		reading->line++;
		if (strlen(text) != (size_t)length) {
			complain(reading, "there is a NUL in it");
			continue;
		}
		*end = read_line(reading, text);
		if (*end)
			end = &(*end)->next;
	}
	if (ferror(file))
		complain(reading, "%s", strerror(errno));
	free(text);
	if (reading->n_errors) {
		policy_free(rules);
		return -EINVAL;
	}
	*ret_rules = rules;
	return 0;
}

int policy_load(struct vioc_ctx *ctx, const char *path, struct rule **rules)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *all = NULL;
	struct reading reading = { .path = path };
	struct rule *read = NULL;
	FILE *file = fopen(path, "re");
	int error = file ? vioc_enumerator_new(ctx, &opts, &all) : -errno;
	if (error == 0) {
		reading.all = all;
		error = read_rules(&reading, file, &read);
	} else {
		log_event("policy-error", "file=%s reason=%s", path, log_quote(strerror(-error)));
	}
	vioc_enumerator_unref(all);
	if (file)
		fclose(file);
	if (error < 0)
		return error;
	policy_free(*rules);
	*rules = read;
	return 0;
}

void policy_free(struct rule *rules)
{
	while (rules) {
		struct rule *next = rules->next;
		free(rules);
		rules = next;
	}
}

static bool is_for(const struct rule *rule, const struct client *client)
{
	if (rule->has_uid)
		return rule->uid == client->uid;
	for (size_t i = 0; i < client->n_groups; i++)
		if (client->groups[i] == rule->gid)
			return true;
	return false;
}

static bool has_devices(const struct rule *rule, const struct handout_request *request)
{
	for (size_t i = 0; i < request->n_devices; i++) {
		size_t k = 0;
		while (k < rule->n_devices && strcmp(rule->devices[k], request->devices[i]) != 0)
			k++;
		if (k == rule->n_devices)
			return false;
	}
	return true;
}

const struct rule *policy_find(const struct broker *broker, const struct client *client,
			       const struct handout_request *request, FILE *complaints)
{
	bool had_devices = false;
	for (const struct rule *rule = broker->rules; rule; rule = rule->next) {
		if (!is_for(rule, client) || !has_devices(rule, request))
			continue;
		had_devices = true;
		if (!rule->backends || request->backend == VIOC_BACKEND_AUTO ||
		    rule->backends >> request->backend & 1)
			return rule;
	}
	fprintf(complaints,
		had_devices ? "the policy does not let uid %u have this by %s\n"
			    : "the policy does not let uid %u have this\n",
		client->uid, vioc_backend_name(request->backend));
	return NULL;
}
