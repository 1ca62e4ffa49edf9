/* SPDX-License-Identifier: Apache-2.0 */
#include "wia.h"

#include <string.h>

#include <openssl/x509.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "authn.h"
#include "form.h"
#include "http.h"
#include "state.h"
#include "visit.h"

void
wia_proxied(const struct sim *s, struct request *q)
{
	if (s->opt.remote_user && !q->tls &&
	    str_eq(request_header(q, "x-forwarded-proto"), "https"))
		q->tls = true;
}

static void
let_in(struct visit *v, struct user *u)
{
	/* Back to where it began: /adfs/ls/wia itself shows nothing. */
	const char *end = strstr(v->page.absolute, "/adfs/ls/?");
	_cleanup_free_ char *begun = NULL;

	if (end != NULL && form_get(&v->query, "SAMLRequest") == NULL)
		begun = xasprintf("%.*s/adfs/ls/IdpInitiatedSignOn.aspx%s",
		    (int)(end - v->page.absolute), v->page.absolute,
		    end + strlen("/adfs/ls/"));
	authn_accept(v, u);
	visit_go_to(v, begun != NULL ? begun : v->page.absolute);
}

void
wia_visit(struct visit *v)
{
	const char *name = request_header(v->q, "x-remote-user");
	const char *agent = request_header(v->q, "user-agent");
	struct user *u = NULL;

	if (v->sim->opt.remote_user && name != NULL)
		u = user_find(v->sim, name);
	if (u != NULL) {
		v->sim->count.tickets++;
		if (agent == NULL || strstr(agent, "awsfed/") == NULL)
			sim_violation(v->sim, "a ticket from an unnamed agent");
		let_in(v, u);
		return;
	}
	response_text(v->r, 401, VISIT_HTML, "Not authorised\n");
	form_add(&v->r->headers, "WWW-Authenticate", "Negotiate");
	form_add(&v->r->headers, "WWW-Authenticate", "NTLM");
}

/* The same address at another port of this host. */
static char *
at_port(const struct visit *v, long port)
{
	const char *path = strstr(v->page.absolute, "://");

	path = strchr(path + 3, '/');
	return xasprintf("https://%s:%ld%s", v->host, port, path);
}

bool
wia_choose_certificate(struct visit *v)
{
	_cleanup_free_ char *url = NULL;

	if (v->sim->cert_port == 0)
		return false;
	if (form_get(&v->fields, "Password") != NULL)
		sim_violation(v->sim, "a password sent with the choice");
	url = at_port(v, v->sim->cert_port);
	visit_go_to(v, url);
	return true;
}

void
wia_certificate(struct visit *v)
{
	struct user *u = user_find(v->sim, v->q->client);
	_cleanup_free_ char *back = at_port(v, v->sim->main_port);

	v->sim->count.certificates++;
	xreplace(&v->page.absolute, xstrdup(back));
	if (!str_eq(v->q->method, "GET"))
		sim_violation(
		    v->sim, "%s to the port for certificates", v->q->method);
	if (u == NULL)
		visit_show_error(
		    v, 200, NULL, "No account belongs to the certificate.");
	else
		let_in(v, u);
}

int
wia_demand(SSL_CTX *ctx, const char *ca_file)
{
	SSL_CTX_set_verify(
	    ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(ca_file));
	return SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1 ? 0 : -1;
}

char *
wia_client(SSL *ssl)
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	char cn[256];

	if (x == NULL ||
	    X509_NAME_get_text_by_NID(
		X509_get_subject_name(x), NID_commonName, cn, sizeof(cn)) < 0)
		return NULL;
	return xstrdup(cn);
}
