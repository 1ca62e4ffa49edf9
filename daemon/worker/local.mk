# SPDX-License-Identifier: Apache-2.0
# awsfed-worker: everything that speaks to AD FS and AWS.  The objects are in a
# library of their own so that the tests link the real ones.
noinst_LIBRARIES += daemon/worker/libworker.a
daemon_worker_libworker_a_SOURCES = \
	daemon/worker/adapter-approve.c \
	daemon/worker/adapter-azure.c \
	daemon/worker/adapter-browser.c \
	daemon/worker/adapter-code.c \
	daemon/worker/adapter-privacyidea.c \
	daemon/worker/adapter-securid.c \
	daemon/worker/adapters.c daemon/worker/adapters.h \
	daemon/worker/assume.c daemon/worker/assume.h \
	daemon/worker/aliases.c daemon/worker/aliases.h \
	daemon/worker/authorities.c daemon/worker/authorities.h \
	daemon/worker/certificate.c daemon/worker/certificate.h \
	daemon/worker/certificate-token.c \
	daemon/worker/choice.c daemon/worker/choice.h \
	daemon/worker/classify.c daemon/worker/classify.h \
	daemon/worker/conduit.c daemon/worker/conduit.h \
	daemon/worker/console.c daemon/worker/console.h \
	daemon/worker/entry.c \
	daemon/worker/error.c \
	daemon/worker/fields.c daemon/worker/fields.h \
	daemon/worker/consent.c \
	daemon/worker/generic.c \
	daemon/worker/http.c daemon/worker/http.h \
	daemon/worker/http-fault.c daemon/worker/http-fault.h \
	daemon/worker/job.c daemon/worker/job.h \
	daemon/worker/libraries.c daemon/worker/libraries.h \
	daemon/worker/login.c \
	daemon/worker/method.c \
	daemon/worker/network.c daemon/worker/network.h \
	daemon/worker/origin.c daemon/worker/origin.h \
	daemon/worker/rest.c daemon/worker/rest.h \
	daemon/worker/page.c daemon/worker/page.h \
	daemon/worker/page-fault.c \
	daemon/worker/page-text.c \
	daemon/worker/realm.c \
	daemon/worker/redeem.c daemon/worker/redeem.h \
	daemon/worker/request.c daemon/worker/request.h \
	daemon/worker/saml.c daemon/worker/saml.h \
	daemon/worker/saml-base64.c daemon/worker/saml-base64.h \
	daemon/worker/sandbox.c daemon/worker/sandbox.h \
	daemon/worker/sandbox-calls.c \
	daemon/worker/sandbox-files.c \
	daemon/worker/sandbox-names.c \
	daemon/worker/sandbox-needs.c \
	daemon/worker/second.c daemon/worker/second.h \
	daemon/worker/second-code.c daemon/worker/second-end.c \
	daemon/worker/signin.c daemon/worker/signin.h \
	daemon/worker/sites.c \
	daemon/worker/skeleton.c daemon/worker/skeleton.h \
	daemon/worker/sts.c daemon/worker/sts.h \
	daemon/worker/sts-fault.c \
	daemon/worker/tag.c daemon/worker/tag.h \
	daemon/worker/travel.c \
	daemon/worker/totp.c daemon/worker/totp.h \
	daemon/worker/trust.c daemon/worker/trust.h \
	daemon/worker/wia.c daemon/worker/wia.h \
	daemon/worker/words.c \
	daemon/worker/xml.c daemon/worker/xml.h \
	daemon/worker/xml-library.c daemon/worker/xml-library.h
WORKER_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS) $(LIBXML2_CFLAGS) \
	$(OPENSSL_CFLAGS) $(GSSAPI_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS) \
	$(SECCOMP_CFLAGS) $(XML_CPPFLAGS)
WORKER_LIBS = daemon/worker/libworker.a $(LIBAWSFED) $(LIBCURL_LIBS) \
	$(XML_LIBS) $(ZLIB_LIBS) $(OPENSSL_LIBS) $(GSSAPI_LIBS) \
	$(SECCOMP_LIBS)
daemon_worker_libworker_a_CPPFLAGS = $(WORKER_CPPFLAGS)

libexec_PROGRAMS += awsfed-worker
awsfed_worker_SOURCES = daemon/worker/main.c
awsfed_worker_CPPFLAGS = $(WORKER_CPPFLAGS)
awsfed_worker_LDADD = $(WORKER_LIBS)

WORKER_TESTS = tests/unit/test-page \
	tests/unit/test-aliases \
	tests/unit/test-classify \
	tests/unit/test-saml \
	tests/unit/test-sts \
	tests/unit/test-assume \
	tests/unit/test-console \
	tests/unit/test-http \
	tests/unit/test-network \
	tests/unit/test-signin \
	tests/unit/test-pages \
	tests/unit/test-conduit \
	tests/unit/test-totp \
	tests/unit/test-sandbox \
	tests/unit/test-second \
	tests/unit/test-token-none
check_PROGRAMS += $(WORKER_TESTS)
TESTS += $(WORKER_TESTS)
WORKER_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) $(WORKER_CPPFLAGS)
WORKER_TEST_LIBS = $(WORKER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_page_SOURCES = tests/unit/test-page.c \
	tests/unit/worker-test.h
tests_unit_test_page_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_page_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_aliases_SOURCES = tests/unit/test-aliases.c \
	tests/unit/worker-test.h
tests_unit_test_aliases_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_aliases_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_classify_SOURCES = tests/unit/test-classify.c \
	tests/unit/worker-test.h
tests_unit_test_classify_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_classify_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_saml_SOURCES = tests/unit/test-saml.c \
	tests/unit/worker-test.h
tests_unit_test_saml_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_saml_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_sts_SOURCES = tests/unit/test-sts.c \
	tests/unit/worker-test.h
tests_unit_test_sts_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_sts_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_assume_SOURCES = tests/unit/test-assume.c \
	tests/unit/worker-test.h
tests_unit_test_assume_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_assume_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_console_SOURCES = tests/unit/test-console.c \
	tests/unit/worker-test.h
tests_unit_test_console_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_console_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_http_SOURCES = tests/unit/test-http.c \
	tests/unit/worker-test.h
tests_unit_test_http_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_http_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_network_SOURCES = tests/unit/test-network.c \
	tests/unit/worker-test.h
tests_unit_test_network_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_network_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_signin_SOURCES = tests/unit/test-signin.c \
	tests/unit/worker-test.h
tests_unit_test_signin_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_signin_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_totp_SOURCES = tests/unit/test-totp.c \
	tests/unit/worker-test.h
tests_unit_test_totp_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_totp_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_sandbox_SOURCES = tests/unit/test-sandbox.c
tests_unit_test_sandbox_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_sandbox_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_second_SOURCES = tests/unit/test-second.c \
	tests/unit/worker-test.h
tests_unit_test_second_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_second_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_token_none_SOURCES = tests/unit/test-token-none.c \
	daemon/worker/certificate-token.c \
	tests/unit/worker-test.h
tests_unit_test_token_none_CPPFLAGS = $(WORKER_TEST_CPPFLAGS) \
	-DOPENSSL_NO_ENGINE=
tests_unit_test_token_none_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_pages_SOURCES = tests/unit/test-pages.c \
	tests/unit/worker-test.h
tests_unit_test_pages_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_pages_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_conduit_SOURCES = tests/unit/test-conduit.c \
	tests/unit/worker-test.h
tests_unit_test_conduit_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_conduit_LDADD = $(WORKER_TEST_LIBS)

EXTRA_DIST += tests/system/worker.py tests/system/worker-sim.py \
	tests/system/worker_agent.py tests/system/pages.py tests/system/hostile.py \
	tests/system/hostile_server.py
TESTS += tests/system/worker.py tests/system/worker-sim.py \
	tests/system/pages.py tests/system/hostile.py
EXTRA_DIST += tests/system/authorities.py
TESTS += tests/system/authorities.py
EXTRA_DIST += tests/system/worker-second.py
TESTS += tests/system/worker-second.py
EXTRA_DIST += tests/system/second-hostile.py
TESTS += tests/system/second-hostile.py
EXTRA_DIST += \
	tests/fixtures/PROVENANCE.md \
	tests/fixtures/aws-adfs-login/LICENSE \
	tests/fixtures/aws-adfs-login/tests/login-page.html \
	tests/fixtures/aws-adfs-login/tests/login-success.html \
	tests/fixtures/aws-adfs-login/tests/saml-response.xml \
	tests/fixtures/adapters/azure-code.html \
	tests/fixtures/adapters/azure-old-name.html \
	tests/fixtures/adapters/azure-primary.html \
	tests/fixtures/adapters/azure-push.html \
	tests/fixtures/adapters/azure-server.html \
	tests/fixtures/adapters/defender.html \
	tests/fixtures/adapters/duo-return.html \
	tests/fixtures/adapters/duo-traditional.html \
	tests/fixtures/adapters/free-otp.html \
	tests/fixtures/adapters/neos.html \
	tests/fixtures/adapters/privacyidea-otp.html \
	tests/fixtures/adapters/privacyidea-push.html \
	tests/fixtures/adapters/safenet.html \
	tests/fixtures/adapters/sample.html \
	tests/fixtures/adapters/securid2-approve.html \
	tests/fixtures/adapters/securid2-passcode.html \
	tests/fixtures/adapters/securid2-start.html \
	tests/fixtures/adapters/silverfort.html \
	tests/fixtures/adapters/surfnet.html \
	tests/fixtures/adapters/unknown-choice.html \
	tests/fixtures/adapters/unknown-wait.html \
	tests/fixtures/adapters/vip-check.html \
	tests/fixtures/adapters/vip-code.html \
	tests/fixtures/adapters/vip-old.html \
	tests/fixtures/pages/browser-form.html \
	tests/fixtures/pages/duo-start.html \
	tests/fixtures/pages/error-2019.html \
	tests/fixtures/pages/hrd.html \
	tests/fixtures/pages/login-2016-refused.html \
	tests/fixtures/pages/login-2022-paginated.html \
	tests/fixtures/pages/login-password-second.html \
	tests/fixtures/pages/method-choice.html \
	tests/fixtures/pages/mfa-adapter-named-login.html \
	tests/fixtures/pages/rp-list.html \
	tests/fixtures/pages/signed-out.html \
	tests/fixtures/pages/captive-portal.html \
	tests/fixtures/pages/consent.html \
	tests/fixtures/pages/error-2.0.html \
	tests/fixtures/pages/login-name-first.html \
	tests/fixtures/pages/error-denied.html \
	tests/fixtures/pages/error-loop.html \
	tests/fixtures/pages/error-not-enrolled.html \
	tests/fixtures/pages/hrd-2.0.html \
	tests/fixtures/pages/login-2016.html \
	tests/fixtures/pages/login-2019-de.html \
	tests/fixtures/pages/login-expired.html \
	tests/fixtures/pages/method-choice-2019.html \
	tests/fixtures/pages/partner-request.html \
	tests/fixtures/pages/partner-response.html \
	tests/fixtures/pages/rp-list-2.0.html \
	tests/fixtures/pages/unknown-terms.html \
	tests/fixtures/pages/update-password.html \
	tests/fixtures/saml2aws/LICENSE.md \
	tests/fixtures/saml2aws/pkg/page/example/multi-form.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/ADFS.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/ADFStrust.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/HiddenForm.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/SAMLRequest.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/SAMLResponse.html \
	tests/fixtures/saml2aws/pkg/provider/aad/testdata/SAMLResponse.xml \
	tests/fixtures/saml2aws/pkg/provider/adfs2/example/loginpage.html \
	tests/fixtures/saml2aws/pkg/provider/adfs2/example/passcode.html \
	tests/fixtures/saml2aws/testdata/assertion.xml \
	tests/fixtures/saml2aws/testdata/assertion_invalid_date.xml \
	tests/fixtures/saml2aws/testdata/assertion_no_destination.xml \
	tests/fixtures/saml2aws/testdata/assertion_pingfed.xml \
	tests/fixtures/saml2aws/testdata/notxml.xml \
	tests/fixtures/saml2aws/testdata/saml.html \
	tests/fixtures/signin/interstitial-no-accounts.html \
	tests/fixtures/signin/invalid-saml-response.html \
	tests/fixtures/signin/revamped-2023.html \
	tests/fixtures/sts/sts-AssumeRoleWithSAML-200.xml \
	tests/fixtures/sts/sts-error-400-validation-maxsession.xml \
	tests/fixtures/sts/sts-error-403-moto-shape.xml
