# SPDX-License-Identifier: Apache-2.0
# The simulator: AD FS, AWS sign-in and STS for the tests.
check_PROGRAMS += tests/sim/awsfed-sim
tests_sim_awsfed_sim_SOURCES = \
	tests/sim/adfs.c tests/sim/adfs.h \
	tests/sim/admin.c tests/sim/admin.h \
	tests/sim/federation.c tests/sim/federation.h \
	tests/sim/authn.c tests/sim/authn.h \
	tests/sim/flow.c tests/sim/flow.h \
	tests/sim/form.c tests/sim/form.h \
	tests/sim/greet.c tests/sim/greet.h \
	tests/sim/http.c tests/sim/http.h \
	tests/sim/mfa.c tests/sim/mfa.h tests/sim/mfa-int.h \
	tests/sim/mfa-azure.c tests/sim/mfa-code.c tests/sim/mfa-other.c \
	tests/sim/mfa-otp.c tests/sim/mfa-page.c tests/sim/mfa-push.c \
	tests/sim/mfa-rsa.c tests/sim/mfa-wait.c \
	tests/sim/mishap.c tests/sim/mishap.h \
	tests/sim/pages.c tests/sim/pages.h \
	tests/sim/realm.c tests/sim/realm.h \
	tests/sim/recent.c tests/sim/recent.h \
	tests/sim/saml.c tests/sim/saml.h \
	tests/sim/signin.c tests/sim/signin.h \
	tests/sim/sigv4.c tests/sim/sigv4.h \
	tests/sim/sim.c \
	tests/sim/sites.c tests/sim/sites.h \
	tests/sim/sp.c tests/sim/sp.h \
	tests/sim/state.c tests/sim/state.h \
	tests/sim/sts.c tests/sim/sts.h \
	tests/sim/stsparam.c tests/sim/stsparam.h \
	tests/sim/tls.c tests/sim/tls.h \
	tests/sim/totp.c tests/sim/totp.h \
	tests/sim/visit.c tests/sim/visit.h \
	tests/sim/webforms.c tests/sim/webforms.h \
	tests/sim/wia.c tests/sim/wia.h
tests_sim_awsfed_sim_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS) \
	$(JANSSON_CFLAGS) $(LIBXML2_CFLAGS) $(ZLIB_CFLAGS)
tests_sim_awsfed_sim_CFLAGS = $(AM_CFLAGS) -pthread
tests_sim_awsfed_sim_LDADD = $(LIBAWSFED) $(OPENSSL_LIBS) $(LIBXML2_LIBS) \
	$(ZLIB_LIBS)
EXTRA_DIST += tests/sim/README.md tests/sim/simctl
EXTRA_DIST += tests/sim/selftest.py tests/sim/browser.py \
	tests/sim/selftest_mfa.py tests/sim/selftest_pages.py
TESTS += tests/sim/selftest.py
