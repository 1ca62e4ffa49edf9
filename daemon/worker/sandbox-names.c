/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether names of hosts can be looked up without Unix sockets.
 *
 * getaddrinfo(3) asks the services of the line "hosts:" of nsswitch.conf(5),
 * each until one is told to return.  What they do when socket(2) says
 * EAFNOSUPPORT for AF_UNIX:
 *
 * nscd		glibc's own first try (nscd/nscd_helper.c) has no descriptor,
 *		marks the daemon as not usable and goes on with the line.
 * resolve	systemd's module has no link to resolved and answers UNAVAIL
 *		("fail:" in nss-resolve.c); only what resolved itself said is
 *		NOTFOUND.  This is what "[!UNAVAIL=return] dns" is written for.
 * mymachines	the same: every error is UNAVAIL.
 * mdns*	nss-mdns has no stream to avahi and answers UNAVAIL.
 * sss		UNAVAIL, or NOTFOUND by a switch of its build
 *		(NONSTANDARD_SSS_NSS_BEHAVIOUR).
 * dns, files, myhostname, db, compat, hesiod	use no Unix socket.
 *
 * The default for UNAVAIL is to go on, so that with "dns" in the line names are
 * found by "dns", over UDP and TCP.  Unix sockets are needed where it is not
 * reached, and where it would not know the same names: resolved has servers of
 * its own for each link (a VPN's), which "dns" sees only when resolv.conf leads
 * to resolved's stub.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "sandbox.h"

#define TEXT_MAX (256 * 1024)

enum answers { SUCCESS = 1, NOTFOUND = 2, UNAVAIL = 4, TRYAGAIN = 8 };

static const char *const plain[] = { "files", "myhostname", "db", "compat",
	"hesiod" };

static bool
among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* What a service may answer that has no Unix sockets. */
static unsigned
answers_without(const char *service)
{
	if (str_eq(service, "resolve") || str_eq(service, "mymachines") ||
	    str_starts(service, "mdns"))
		return UNAVAIL;
	return NOTFOUND | UNAVAIL | TRYAGAIN;
}

/* "[!UNAVAIL=return]"'s word: which answers end the search; -1: none such. */
static int
ending(const char *word, unsigned *mask)
{
	static const struct {
		const char *name;
		unsigned answer;
	} known[] = { { "SUCCESS=", SUCCESS }, { "NOTFOUND=", NOTFOUND },
		{ "UNAVAIL=", UNAVAIL }, { "TRYAGAIN=", TRYAGAIN } };
	bool not = *word == '!';

	word += not ;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i].name);
		unsigned which = known[i].answer;

		if (strncasecmp(word, known[i].name, len) != 0)
			continue;
		which = not ? ~which : which;
		word += len;
		if (strcasecmp(word, "return") == 0)
			*mask |= which;
		else if (strcasecmp(word, "continue") == 0 ||
		    strcasecmp(word, "merge") == 0)
			*mask &= ~which;
		else
			return -1;
		return 0;
	}
	return -1;
}

/* ---- resolved --------------------------------------------------------------------- */

/* Do the servers of resolv.conf lead to resolved, which knows them all? */
static bool
is_stub(const char *path)
{
	static const char *const stubs[] = { "127.0.0.53", "127.0.0.54" };
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	unsigned servers = 0;
	size_t len;

	if (path_read(path, TEXT_MAX, &text, &len) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *rest = NULL, *word = strtok_r(line, " \t", &rest);

		if (!str_eq(word, "nameserver"))
			continue;
		servers++;
		word = strtok_r(NULL, " \t", &rest);
		if (word == NULL || !among(word, stubs, ARRAY_SIZE(stubs)))
			return false;
	}
	return servers > 0;
}

/* ---- the line ---------------------------------------------------------------------- */

struct search {
	const char *resolv, *resolved;
	const char *service; /* the last one */
	unsigned mask;	     /* answers of it that end the search */
	bool sockets;	     /* there was one that uses them */
	bool links;	     /* resolved, who has servers for each link */
	bool over;
	bool need;
};

static void
end(struct search *s, bool need)
{
	s->over = true;
	s->need = need;
}

/* The last service has been read with its actions. */
static void
weigh(struct search *s)
{
	const char *service = s->service;

	s->service = NULL;
	if (service == NULL || among(service, plain, ARRAY_SIZE(plain)))
		return;
	if (str_eq(service, "dns")) {
		end(s, s->links && !is_stub(s->resolv));
		return;
	}
	s->sockets = true;
	if ((s->mask & answers_without(service)) != 0)
		end(s, true);
	else if (str_eq(service, "resolve"))
		s->links = access(s->resolved, F_OK) == 0;
}

/*
 * line is cut to pieces.  One in a form that is not read here, as "dns[", has
 * its Unix sockets.
 */
static bool
line_needs(char *line, struct search s)
{
	bool actions = false;
	char *save = NULL;

	line[strcspn(line, "#")] = '\0';
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\t')
			*p = ' ';
	for (char *word = strtok_r(line, " ", &save); word != NULL && !s.over;
	     word = strtok_r(NULL, " ", &save)) {
		size_t len;

		if (*word == '[') {
			actions = true;
			word++;
		}
		if (!actions) {
			if (strpbrk(word, "[]") != NULL)
				return true;
			weigh(&s);
			s.service = word;
			s.mask = SUCCESS;
			continue;
		}
		len = strlen(word);
		if (len > 0 && word[len - 1] == ']') {
			actions = false;
			word[len - 1] = '\0';
		}
		if (*word != '\0' && ending(word, &s.mask) < 0)
			return true;
	}
	if (!s.over)
		weigh(&s);
	return s.over ? s.need : s.sockets;
}

bool
sandbox_names(const char *nsswitch, const char *resolv, const char *resolved)
{
	struct search s = { .resolv = resolv, .resolved = resolved };
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	bool need = false;
	size_t len;

	/* Without the file: "dns [!UNAVAIL=return] files", or "files dns". */
	if (path_read(nsswitch, TEXT_MAX, &text, &len) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (!str_starts(line, "hosts"))
			continue;
		line += strlen("hosts");
		line += strspn(line, " \t");
		/* Of two lines, one libc takes the first, one the last. */
		if (*line == ':')
			need |= line_needs(line + 1, s);
	}
	return need;
}
