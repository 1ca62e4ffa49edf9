# SPDX-License-Identifier: Apache-2.0
systemduserunit_DATA = systemd/awsfedd.service systemd/awsfedd.socket
catalog_DATA = systemd/awsfed.catalog
EXTRA_DIST += systemd/awsfedd.service.in systemd/awsfedd.socket.in \
	systemd/awsfed.catalog
CLEANFILES += $(systemduserunit_DATA)

# By sed and not by configure: the directories may be given to make.
UNIT_SED = $(AM_V_GEN)$(MKDIR_P) systemd && $(SED) \
	-e 's,@bindir[@],$(bindir),g' $(UNIT_SED_VERSION)
# Directives that systemd 252 does not know, and would complain of.
if SYSTEMD_254
UNIT_SED_VERSION = -e 's,^@SYSTEMD_254[@],,'
else
UNIT_SED_VERSION = -e '/^@SYSTEMD_254[@]/d'
endif

systemd/awsfedd.service: $(srcdir)/systemd/awsfedd.service.in Makefile
	$(UNIT_SED) $(srcdir)/systemd/awsfedd.service.in >$@.tmp
	$(AM_V_at)mv $@.tmp $@
systemd/awsfedd.socket: $(srcdir)/systemd/awsfedd.socket.in Makefile
	$(UNIT_SED) $(srcdir)/systemd/awsfedd.socket.in >$@.tmp
	$(AM_V_at)mv $@.tmp $@
