/* Names: the pod's host name, its /etc/hosts and /etc/resolv.conf.
 *
 * The two files are in a volume of the pod's, mounted in every container. With hostNetwork the host's
 * own /etc/hosts is what the pod's begins with. There is no cluster and so no cluster's name server:
 * what Kubernetes would take from one is taken from the host's /etc/resolv.conf.
 */
#include "manifest.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLUSTER_DOMAIN "svc.cluster.local"
#define MAX_SERVERS    3u
#define MAX_SEARCHES   32u
#define MAX_SEARCH_BYTES 2048u
#define MAX_FILE       (1u << 20)
#define HOST_NAME      64u        /* sethostname(2) */

const char *
cpod_manifest_host_address (struct cpod_manifest *m)
{
	char text[INET_ADDRSTRLEN] = "127.0.0.1";
	struct ifaddrs *list = NULL;

	if (getifaddrs (&list) < 0)
		list = NULL;
	for (struct ifaddrs *one = list; one; one = one->ifa_next) {
		struct sockaddr_in address;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK)
		    || !(one->ifa_flags & IFF_UP))
			continue;
		memcpy (&address, one->ifa_addr, sizeof (address));
		inet_ntop (AF_INET, &address.sin_addr, text, sizeof (text));
		break;
	}
	freeifaddrs (list);
	return cpod_arena_strdup (m->arena, text);
}

/* ---- The host name ------------------------------------------------------------------------- */

/* A name that must be an RFC 1123 label. */
static int
check_label (struct cpod_manifest *m, const char *field, const char *value, struct cpod_error *err)
{
	const char *reason = value && *value ? cpod_manifest_label_error (value) : NULL;

	return reason ? cpod_manifest_bad (m->decoder, m->pod->at, field, err, "%s", reason) : 0;
}

/* The short name and, with a subdomain, the long one. long_name: NULL without. */
static int
find_names (struct cpod_manifest *m, const char **ret_short, const char **ret_long, struct cpod_error *err)
{
	const struct cpod_manifest_pod *pod = m->pod;
	const char *name = pod->hostname && *pod->hostname ? pod->hostname : m->name;
	size_t len = strlen (name) < HOST_NAME ? strlen (name) : HOST_NAME - 1;

	while (len > 0 && strchr ("-.", name[len - 1]))
		len--;
	*ret_short = cpod_arena_strndup (m->arena, name, len);
	*ret_long = NULL;
	if (pod->subdomain && *pod->subdomain) {
		*ret_long = cpod_arena_printf (m->arena, "%s.%s.%s." CLUSTER_DOMAIN, *ret_short, pod->subdomain,
		                               m->name_space);
		if (!*ret_long)
			return cpod_error_oom (err);
	}
	return *ret_short ? 0 : cpod_error_oom (err);
}

/* Which of them the kernel gets. */
static int
choose_hostname (struct cpod_manifest *m, const char *short_name, const char *long_name, const char **ret,
                 struct cpod_error *err)
{
	const struct cpod_manifest_pod *pod = m->pod;

	*ret = short_name;
	if (pod->hostname_override && *pod->hostname_override) {
		if (pod->fqdn.value)
			return cpod_manifest_bad (m->decoder, pod->at, "hostnameOverride", err,
			                          "setHostnameAsFQDN and hostnameOverride cannot both be set");
		if (pod->host_network.value)
			return cpod_manifest_bad (m->decoder, pod->at, "hostnameOverride", err,
			                          "may not be specified when 'hostNetwork' is true");
		if (cpod_manifest_subdomain_error (pod->hostname_override) || strlen (pod->hostname_override) > HOST_NAME)
			return cpod_manifest_bad (m->decoder, pod->at, "hostnameOverride", err,
			                          "must be a lowercase RFC 1123 subdomain of at most 64 bytes");
		*ret = pod->hostname_override;
	} else if (pod->fqdn.value && long_name) {
		if (strlen (long_name) > HOST_NAME)
			return cpod_manifest_bad (m->decoder, pod->at, "setHostnameAsFQDN", err,
			                          "failed to construct FQDN from pod hostname and cluster "
			                          "domain, FQDN %.140s is too long (64 characters is the max, %zu characters requested)",
			                          long_name, strlen (long_name));
		*ret = long_name;
	}
	return 0;
}

/* ---- /etc/hosts ---------------------------------------------------------------------------- */

static int
check_alias (struct cpod_manifest *m, const struct cpod_manifest_alias *alias, struct cpod_error *err)
{
	unsigned char address[16];
	const char *reason;

	if (!alias->ip || (inet_pton (AF_INET, alias->ip, address) != 1 && inet_pton (AF_INET6, alias->ip, address) != 1))
		return cpod_manifest_bad (m->decoder, alias->at, "ip", err,
		                          "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	for (size_t i = 0; i < alias->names.n; i++) {
		reason = cpod_manifest_subdomain_error (alias->names.items[i]);
		if (!reason)
			continue;
		cpod_decode_push (m->decoder, "hostnames");
		cpod_decode_push_index (m->decoder, i);
		return cpod_decode_error (m->decoder, alias->at, err, "Invalid value: \"%.100s\": %s", alias->names.items[i],
		                          reason);
	}
	return 0;
}

static int
add_aliases (struct cpod_manifest *m, struct cpod_str *out, struct cpod_error *err)
{
	const struct cpod_manifest_alias *aliases = m->pod->aliases.items;
	size_t base = m->decoder->path_len;
	int ret;

	if (m->pod->aliases.n > 0)
		cpod_str_add (out, "\n# Entries added by hostAliases.\n");
	for (size_t i = 0; i < m->pod->aliases.n; i++) {
		cpod_decode_push (m->decoder, "hostAliases");
		cpod_decode_push_index (m->decoder, i);
		ret = check_alias (m, &aliases[i], err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, base);
		cpod_str_add (out, aliases[i].ip);
		for (size_t j = 0; j < aliases[i].names.n; j++)
			cpod_str_printf (out, "\t%s", aliases[i].names.items[j]);
		cpod_str_add_char (out, '\n');
	}
	return 0;
}

/* A small file of the host's; what cannot be read is empty. The caller frees. */
static char *
read_host_file (const char *path)
{
	char *text = NULL;
	size_t len;

	if (cpod_file_read (path, MAX_FILE, &text, &len, NULL) < 0)
		return strdup ("");
	for (size_t i = 0, n; text[i]; i += n) {   /* no document may have broken UTF-8 */
		n = cpod_utf8_length (text + i, len - i);
		if (n > 0)
			continue;
		text[i] = '?';
		n = 1;
	}
	return text;
}

static int
write_hosts (struct cpod_manifest *m, const char *short_name, const char *long_name, struct cpod_str *out,
             struct cpod_error *err)
{
	char *text;

	if (m->pod->host_network.value) {
		text = read_host_file ("/etc/hosts");
		if (!text)
			return cpod_error_oom (err);
		cpod_str_add (out, text);
		free (text);
		return add_aliases (m, out, err);
	}
	cpod_str_add (out, "# Written by cpod for the pod.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
	              "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
	cpod_str_printf (out, "127.0.0.1\t%s%s%s\n", long_name ? long_name : "", long_name ? "\t" : "", short_name);
	return add_aliases (m, out, err);
}

/* ---- /etc/resolv.conf ---------------------------------------------------------------------- */

/* What a resolv.conf says, in order. */
struct resolver {
	const char *servers[MAX_SERVERS], *searches[MAX_SEARCHES];
	size_t n_servers, n_searches, search_bytes;
	struct cpod_manifest_dns_option options[64];
	size_t n_options;
};

static void
add_server (struct resolver *resolver, const char *server)
{
	for (size_t i = 0; i < resolver->n_servers; i++)
		if (strcmp (resolver->servers[i], server) == 0)
			return;
	if (resolver->n_servers < MAX_SERVERS)
		resolver->servers[resolver->n_servers++] = server;
}

static void
add_search (struct resolver *resolver, const char *search)
{
	for (size_t i = 0; i < resolver->n_searches; i++)
		if (strcmp (resolver->searches[i], search) == 0)
			return;
	if (resolver->n_searches < MAX_SEARCHES)
		resolver->searches[resolver->n_searches++] = search;
}

/* A later option of a name takes the place of the earlier one. */
static void
add_option (struct resolver *resolver, const char *name, const char *value)
{
	size_t i = 0;

	while (i < resolver->n_options && strcmp (resolver->options[i].name, name) != 0)
		i++;
	if (i == sizeof (resolver->options) / sizeof (resolver->options[0]))
		return;
	resolver->options[i] = (struct cpod_manifest_dns_option) { .name = name, .value = value };
	resolver->n_options += i == resolver->n_options;
}

/* One line of the host's file; text is cut into words. */
static void
read_line (struct resolver *resolver, char *line)
{
	char *save = NULL, *keyword = strtok_r (line, " \t\r", &save), *word, *colon;

	if (!keyword || strchr ("#;", *keyword))
		return;
	if (strcmp (keyword, "search") == 0)
		resolver->n_searches = 0;   /* the last list counts */
	while ((word = strtok_r (NULL, " \t\r", &save))) {
		if (strcmp (keyword, "nameserver") == 0) {
			add_server (resolver, word);
		} else if (strcmp (keyword, "search") == 0) {
			add_search (resolver, word);
		} else if (strcmp (keyword, "options") == 0) {
			colon = strchr (word, ':');
			if (colon)
				*colon = '\0';
			add_option (resolver, word, colon ? colon + 1 : NULL);
		}
	}
}

/* The host's resolver. Its words live in the arena. */
static int
read_host_resolver (struct cpod_manifest *m, struct resolver *resolver, struct cpod_error *err)
{
	char *text = read_host_file ("/etc/resolv.conf"), *copy = text ? cpod_arena_strdup (m->arena, text) : NULL,
		*save = NULL;

	free (text);
	if (!copy)
		return cpod_error_oom (err);
	for (char *line = strtok_r (copy, "\n", &save); line; line = strtok_r (NULL, "\n", &save))
		read_line (resolver, line);
	return 0;
}

/* Kubernetes' limits on dnsConfig. */
static int
check_dns (struct cpod_manifest *m, const struct cpod_manifest_dns *dns, struct cpod_error *err)
{
	unsigned char address[16];
	size_t bytes = 0;

	if (dns->servers.n > MAX_SERVERS)
		return cpod_manifest_bad (m->decoder, dns->at, "nameservers", err, "must not have more than 3 nameservers");
	for (size_t i = 0; i < dns->servers.n; i++)
		if (inet_pton (AF_INET, dns->servers.items[i], address) != 1
		    && inet_pton (AF_INET6, dns->servers.items[i], address) != 1) {
			cpod_decode_push (m->decoder, "nameservers");
			cpod_decode_push_index (m->decoder, i);
			return cpod_decode_error (m->decoder, dns->at, err,
			                          "Invalid value: \"%.100s\": must be a valid IP address, (e.g. 10.9.8.7 "
			                          "or 2001:db8::ffff)", dns->servers.items[i]);
		}
	if (dns->searches.n > MAX_SEARCHES)
		return cpod_manifest_bad (m->decoder, dns->at, "searches", err, "must not have more than 32 search paths");
	for (size_t i = 0; i < dns->searches.n; i++) {
		const char *search = dns->searches.items[i];

		bytes += strlen (search) + 1;
		if (!*search || search[strcspn (search, " \t\n")]) {
			cpod_decode_push (m->decoder, "searches");
			cpod_decode_push_index (m->decoder, i);
			return cpod_decode_error (m->decoder, dns->at, err, "Invalid value: \"%.100s\": is not a domain",
			                          search);
		}
	}
	return bytes > MAX_SEARCH_BYTES + 1
	       ? cpod_manifest_bad (m->decoder, dns->at, "searches", err,
	                            "must not have more than 2048 characters (including spaces) in the search list")
	       : 0;
}

static int
merge_dns (struct cpod_manifest *m, const struct cpod_manifest_dns *dns, struct resolver *resolver, struct cpod_error *err)
{
	const struct cpod_manifest_dns_option *options = dns->options.items;
	int ret = check_dns (m, dns, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < dns->servers.n; i++)
		add_server (resolver, dns->servers.items[i]);
	for (size_t i = 0; i < dns->searches.n; i++)
		add_search (resolver, dns->searches.items[i]);
	for (size_t i = 0; i < dns->options.n; i++) {
		if (!options[i].name || !*options[i].name || options[i].name[strcspn (options[i].name, " \t\n")]
		    || (options[i].value && options[i].value[strcspn (options[i].value, " \t\n")])) {
			cpod_decode_push (m->decoder, "options");
			cpod_decode_push_index (m->decoder, i);
			return cpod_manifest_required (m->decoder, options[i].at, "name", "must not be empty", err);
		}
		add_option (resolver, options[i].name, options[i].value);
	}
	return 0;
}

static void
write_resolver (const struct resolver *resolver, struct cpod_str *out)
{
	for (size_t i = 0; i < resolver->n_searches; i++)
		cpod_str_printf (out, "%s%s", i == 0 ? "search " : " ", resolver->searches[i]);
	if (resolver->n_searches > 0)
		cpod_str_add_char (out, '\n');
	for (size_t i = 0; i < resolver->n_servers; i++)
		cpod_str_printf (out, "nameserver %s\n", resolver->servers[i]);
	for (size_t i = 0; i < resolver->n_options; i++)
		cpod_str_printf (out, "%s%s%s%s", i == 0 ? "options " : " ", resolver->options[i].name,
		                 resolver->options[i].value ? ":" : "",
		                 resolver->options[i].value ? resolver->options[i].value : "");
	if (resolver->n_options > 0)
		cpod_str_add_char (out, '\n');
}

static int
make_resolver (struct cpod_manifest *m, struct cpod_str *out, struct cpod_error *err)
{
	const struct cpod_manifest_dns *dns = m->pod->dns;
	struct resolver resolver = { .n_servers = 0 };
	size_t base = m->decoder->path_len;
	int ret;

	if (m->pod->dns_policy.value != CPOD_MANIFEST_DNS_NONE) {
		ret = read_host_resolver (m, &resolver, err);
		if (ret < 0)
			return ret;
	} else if (!dns || dns->servers.n == 0) {
		return cpod_decode_error (m->decoder, dns ? dns->at : m->pod->at, err,
		                          "Required value: must provide at least one DNS nameserver "
		                          "when `dnsPolicy` is None");
	}
	if (dns) {
		cpod_decode_push (m->decoder, "dnsConfig");
		ret = merge_dns (m, dns, &resolver, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, base);
	}
	write_resolver (&resolver, out);
	return 0;
}

/* ---- The volume ---------------------------------------------------------------------------- */

/* A file of cpod.etc. */
static struct cpod_json *
build_file (struct cpod_manifest *m, const char *path, const struct cpod_str *text)
{
	struct cpod_json *file = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->pod->at);
	const char *copy = cpod_str_failed (text) ? NULL : cpod_arena_strdup (m->arena, text->data ? text->data : "");

	file = cpod_manifest_add (file, "path", cpod_manifest_text (m, path, m->pod->at));
	file = cpod_manifest_add (file, "mode", cpod_manifest_int (m, 0644, m->pod->at));
	return cpod_manifest_add (file, "text", cpod_manifest_text (m, copy, m->pod->at));
}

int
cpod_manifest_network (struct cpod_manifest *m, struct cpod_error *err)
{
	struct cpod_json *files = cpod_manifest_node (m, CPOD_JSON_ARRAY, m->pod->at), *native;
	cpod_autostr hosts = CPOD_STR_INIT, resolver = CPOD_STR_INIT;
	const char *short_name, *long_name, *hostname;
	int ret;

	if ((ret = check_label (m, "hostname", m->pod->hostname, err)) < 0
	    || (ret = check_label (m, "subdomain", m->pod->subdomain, err)) < 0
	    || (ret = find_names (m, &short_name, &long_name, err)) < 0
	    || (ret = choose_hostname (m, short_name, long_name, &hostname, err)) < 0
	    || (ret = write_hosts (m, short_name, long_name, &hosts, err)) < 0
	    || (ret = make_resolver (m, &resolver, err)) < 0)
		return ret;
	files = cpod_manifest_add (files, NULL, build_file (m, "hosts", &hosts));
	files = cpod_manifest_add (files, NULL, build_file (m, "resolv.conf", &resolver));
	native = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->pod->at);
	native = cpod_manifest_add (native, "name", cpod_manifest_text (m, "cpod.etc", m->pod->at));
	native = cpod_manifest_add (native, "files", files);
	m->volumes = cpod_manifest_add (m->volumes, NULL, native);
	m->document = cpod_manifest_add (m->document, "hostname", cpod_manifest_text (m, hostname, m->pod->at));
	m->hosts_file = m->resolv_file = true;
	return m->volumes && m->document ? 0 : cpod_error_oom (err);
}
